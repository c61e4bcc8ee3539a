"""Waves of a tracker as one series: scores, and their covariance if nothing moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from cxlib.errors import ArgumentError
from cxlib.estimate import Estimate
from cxlib.estimate.design import Array
from cxlib.nps import _waves
from cxlib.nps._answers import Answers
from cxlib.nps._suppress import is_hidden
from cxlib.result import Assumption
from cxlib.scales import Scale

Dispersion = Literal["auto", "moving_range", "none"]
ENOUGH_WAVES = 12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Series:
    """Waves that may be shown, in time order.

    `names` and `status` are of all waves; `shown` the places of those shown, to which
    `found`, `cov` and `weights` belong.
    """

    answers: Answers
    names: list[str]
    counts: list[int]
    status: list[str]
    shown: list[int]
    found: list[Estimate]
    cov: Array
    weights: Array

    @property
    def scores(self) -> Array:
        """Score of each wave shown."""
        return np.array([one.estimate for one in self.found])

    @property
    def df(self) -> float:
        """Degrees of freedom of the covariance; infinite for independent answers."""
        plan = self.answers.plan
        strata = len(np.unique(plan.strata))
        return float(plan.n_clusters - strata) if plan.clustered else np.inf

    def dispersed(self, dispersion: Dispersion) -> bool:
        """Whether spread beyond sampling error is estimated."""
        return dispersion == "moving_range" or (
            dispersion == "auto" and len(self.shown) >= ENOUGH_WAVES
        )

    def spread_words(self, dispersion: Dispersion, spread: float) -> str:
        """Say what the noise allows for."""
        if self.dispersed(dispersion):
            return (
                f"Noise: sampling error times sigma_z {spread:.2f}, from the moving "
                "ranges of the waves (Laney; at least 1)."
            )
        few = f" ({len(self.shown)} waves)" if dispersion == "auto" else ""
        return (
            "Noise: sampling error alone; ordinary wave-to-wave variation is not "
            f"estimated{few}."
        )

    def head(self) -> pd.DataFrame:
        """One row a wave: wave, n and interval, blank where hidden."""
        keys = ("n", "estimate", "std_error", "ci_lower", "ci_upper")
        rows = [
            {"wave": name, "status": word}
            for name, word in zip(self.names, self.status, strict=True)
        ]
        table = pd.DataFrame(rows)
        for key in keys:
            table[key] = np.nan
            table.loc[self.shown, key] = [float(getattr(e, key)) for e in self.found]
        return table


def series(
    responses: pd.DataFrame, wave: str | None, *, score: str,
    scale: str | Mapping[str, Any] | Scale, weights: str | None, strata: str | None,
    cluster: str | None, respondent: str | None, min_n: int, confidence_level: float,
    least: int, what: str,
) -> Series | str:  # fmt: skip
    """Return the series, or the sentence that says why there is none."""
    if min_n < 2:
        raise ArgumentError(f"`min_n` is {min_n}; it must be at least 2.")
    if not wave:
        return f"No wave column was given, so there is no {what}."
    answers, names = _waves.tracked(
        responses, wave, score=score, scale=scale, weights=weights, strata=strata,
        cluster=cluster, respondent=respondent, confidence_level=confidence_level,
    )  # fmt: skip
    labels = answers.labels(wave)
    domains = [np.asarray(labels == name) for name in names]
    status = _waves.shown_or_not(labels, names, min_n)
    shown = [i for i, word in enumerate(status) if not is_hidden(word)]
    if len(shown) < least:
        have = f"{len(shown)} of its {len(names)} waves with enough answers"
        return f"Column '{wave}' has {have}: a {what} needs {least}."
    found = [answers.estimate(domains[i]) for i in shown]
    cov, share = _steady(answers, [domains[i] for i in shown], found)
    if not np.diag(cov).all():
        return f"Everybody gave the same answer: there is no noise to make a {what} of."
    return Series(
        answers=answers, names=names, counts=[int(d.sum()) for d in domains],
        status=status, shown=shown, found=found, cov=cov, weights=share,
    )  # fmt: skip


def _steady(
    answers: Answers, domains: list[Any], found: list[Estimate]
) -> tuple[Array, Array]:
    """Covariance of the scores if one distribution held in all waves; their weights.

    Pooled variance over each wave's effective n; correlations are the design's.
    """
    n_eff = np.array([one.n_eff for one in found])
    share = n_eff / n_eff.sum()
    rows = np.any(domains, axis=0)
    y, w = answers.values[rows], answers.plan.weights[rows]
    mean = float(w @ y / w.sum())
    variance = float(w @ np.square(y - mean) / w.sum()) * answers.scale.factor**2
    spread = np.sqrt(variance / n_eff)
    own = answers.covariance(domains, found)
    sd = np.sqrt(np.diag(own))
    linked = np.divide(own, np.outer(sd, sd), out=np.eye(len(sd)), where=own != 0)
    np.fill_diagonal(linked, 1.0)
    return np.asarray(linked * np.outer(spread, spread)), share


def assumptions(dispersed: bool) -> tuple[Assumption, ...]:  # noqa: FBT001
    """What must hold for noise to be noise."""
    same = Assumption(
        text="Every wave asked the same question in the same way of the same kind of "
        "customers.",
        quality="medium", impact="high",
    )  # fmt: skip
    noise = Assumption(
        text="Waves vary around a steady level as far as they have done so far."
        if dispersed
        else "Nothing but sampling error moves a steady score from wave to wave: no "
        "season, no change of field work.",
        quality="medium", impact="high",
    )  # fmt: skip
    return same, noise
