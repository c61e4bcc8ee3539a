"""What a test is to find: an effect, or the exclusion of a loss, metric by metric."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from cxlib import _checks
from cxlib.errors import ArgumentError
from cxlib.estimate import Correction
from cxlib.estimate.power import PowerRule
from cxlib.journeys.experiments.specs import GeometricMean, Metric, Score, TimeTo

Question = Literal["detect", "exclude the margin", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is asked of one metric.

    Attributes
    ----------
    question : {"detect", "exclude the margin", "none"}
    absolute : float
        Effect or margin in the metric's unit; NaN where it is relative.
    relative : float
        Effect as a fraction of control; NaN where it is absolute.
    """

    question: Question = "none"
    absolute: float = float("nan")
    relative: float = float("nan")

    def effect(self, mean: float) -> float:
        """Return the effect in the metric's unit, given control's mean."""
        if math.isnan(self.relative):
            return self.absolute
        return self.relative * mean


def targets(
    metrics: Sequence[Metric],
    effects: Mapping[str, float],
    relative: Mapping[str, float],
) -> list[Target]:
    """Return what is asked of each metric, its margin where no effect is given."""
    names = [metric.name for metric in metrics]
    for metric in metrics:
        if isinstance(metric, GeometricMean | TimeTo):
            raise ArgumentError(
                f"metric '{metric.name}': no plan is made for a {metric.kind}; plan "
                "the mean of its values, or the share of users under a limit."
            )
    for called, given in (("effects", effects), ("relative_effects", relative)):
        for name, value in given.items():
            if name not in names:
                hint = _checks.did_you_mean(name, names)
                raise ArgumentError(f"`{called}` names the metric '{name}'; {hint}")
            _checks.in_range(value, f"{called} of '{name}'", -math.inf, math.inf)
            if value == 0 or not math.isfinite(value):
                raise ArgumentError(
                    f"`{called}` of '{name}' is {value:g}; give the smallest effect "
                    "that would matter."
                )
    return [_target(metric, effects, relative) for metric in metrics]


def _target(
    metric: Metric, effects: Mapping[str, float], relative: Mapping[str, float]
) -> Target:
    name = metric.name
    if name in effects and name in relative:
        raise ArgumentError(
            f"'{name}' is in `effects` and in `relative_effects`; keep one."
        )
    if name in effects:
        return Target(question="detect", absolute=float(effects[name]))
    if name in relative and isinstance(metric, Score):
        raise ArgumentError(
            f"`relative_effects` names '{name}', a score: a percentage of a score that "
            "may be zero or negative means nothing; give `effects` in its unit."
        )
    if name in relative:
        return Target(question="detect", relative=float(relative[name]))
    if metric.margin is not None:
        return Target(question="exclude the margin", absolute=float(metric.margin))
    return Target()


def rule(
    metric: Metric, target: Target, tests: int, correction: Correction, how: PowerRule
) -> PowerRule:
    """Return how one metric will be judged; the family is split over its tests."""
    split = metric.role == "decision" and correction != "none"
    detects = target.question != "exclude the margin"
    share = tests if split and detects else 1
    return replace(
        how, confidence_level=1 - (1 - how.confidence_level) / share,
        tails=2 if detects else 1,
    )  # fmt: skip
