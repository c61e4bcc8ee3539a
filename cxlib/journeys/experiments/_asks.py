"""One metric of a plan: its standard error, users, power and curves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from cxlib.errors import ArgumentError
from cxlib.estimate.power import PowerRule
from cxlib.journeys.experiments._baseline import Baseline
from cxlib.journeys.experiments._looks import Looks
from cxlib.journeys.experiments._targets import Target
from cxlib.journeys.experiments.specs import Metric

GRID = 60


@dataclass(frozen=True, slots=True)
class Ask:
    """One metric with everything that its row needs."""

    metric: Metric
    base: Baseline
    target: Target
    rule: PowerRule
    shares: tuple[float, ...]
    clustered: bool

    @property
    def pair(self) -> tuple[float, float]:
        """Shares of control and of the smallest treatment."""
        return self.shares[0], min(self.shares[1:])

    @property
    def units(self) -> float:
        """Units of the pair's comparison for each user of the whole test."""
        each = (
            1 / self.base.cluster_size if self.clustered else self.base.share_answered
        )
        return sum(self.pair) * each

    def std_error(self, effect: float, n: float = 1.0) -> float:
        """Return the standard error of the difference with n users in the test."""
        base, (w0, w1) = self.base, self.pair
        v0 = base.variance(self.metric, base.mean)
        v1 = base.variance(self.metric, base.mean + effect)
        spread = base.deff * (v0 / w0 + v1 / w1) / base.share_answered
        return float((spread / n) ** 0.5)

    @property
    def sign(self) -> int:
        """1 where more is better, else -1."""
        return 1 if self.metric.direction == "increase" else -1

    @property
    def effect(self) -> float:
        """Effect asked for towards better, or the margin, in the metric's unit."""
        size = abs(self.target.effect(self.base.mean))
        return self.sign * size if self.target.question == "detect" else size

    @property
    def moved(self) -> float:
        """True difference that is assumed: none where a margin is to be excluded."""
        return self.effect if self.target.question == "detect" else 0.0

    def needed(self) -> float:
        """Return users in the whole test."""
        if self.target.question == "none":
            return math.nan
        reached = self.base.mean + self.moved
        if self.metric.result_unit == "share" and not 0 < reached < 1:
            raise ArgumentError(
                f"metric '{self.metric.name}': an effect of {self.effect:g} on a "
                f"baseline of {self.base.mean:g} leaves 0 to 1; shares are fractions."
            )
        return self.rule.factor(self.effect, self.std_error(self.moved), n=self.units)

    def detectable(self, n: float) -> float:
        """Return the smallest effect that n users find, in the direction of better."""
        size = 0.0
        for _ in range(60):
            error = self.std_error(self.sign * size, n)
            size = self.rule.detectable(error, n=n * self.units)
        end = self.base.mean + self.sign * size
        if self.metric.result_unit == "share" and not 0 < end < 1:
            return math.nan
        return self.sign * size

    def row(self, n: float, daily_users: float) -> dict[str, Any]:
        """Return the metric's row of the plan."""
        needed, base = self.needed(), self.base
        sizes = [math.ceil(needed * w - 1e-9) if math.isfinite(needed) else math.nan
                 for w in self.shares]  # fmt: skip
        total = float(sum(sizes)) if math.isfinite(needed) else needed
        spread = base.variance(self.metric, base.mean)
        found = self.detectable(n) if n else math.nan
        relative = base.mean > 0 and self.metric.kind != "score"
        return {
            "metric": self.metric.name, "kind": self.metric.kind,
            "role": self.metric.role, "unit": self.metric.result_unit,
            "question": self.target.question, "baseline": base.mean,
            "sd": spread**0.5, "effect_size": self.effect,
            "rel_effect_size": self.effect / base.mean if relative else math.nan,
            "alpha": 1 - self.rule.confidence_level,
            "share_answered": base.share_answered, "deff": base.deff,
            "share_variance_removed": base.correlation**2,
            "n_control": sizes[0], "n_treatment": min(sizes[1:]), "n": total,
            "weeks": math.ceil(total / daily_users / 7 - 1e-9)
            if daily_users and math.isfinite(total) else math.nan,
            "detectable": found,
            "rel_detectable": found / base.mean if relative else math.nan,
            "share_power": self.chance(n, self.rule) if n else math.nan,
        }  # fmt: skip

    def chance(self, n: float, by: PowerRule) -> float:
        """Return the power that n users have for the effect asked for."""
        if self.target.question == "none":
            return math.nan
        error = self.std_error(self.moved, n)
        return by.chance(self.effect, error, n=n * self.units)

    def curve(self, sizes: Sequence[float], planned: float) -> list[dict[str, Any]]:
        """Return power, interval and detectable effect over sizes, both looks."""
        rows = []
        choices: tuple[Looks, ...] = ("once", "any")
        for looks in choices:
            at = self.rule.tuning_n or planned * self.units
            by = replace(self.rule, looks=looks, tuning_n=at)
            for n in sizes:
                error, units = self.std_error(self.moved, n), n * self.units
                rows.append(
                    {
                        "metric": self.metric.name, "unit": self.metric.result_unit,
                        "looks": looks, "n": n, "question": self.target.question,
                        "effect_size": self.effect,
                        "share_power": self.chance(n, by),
                        "half_width": by.quantile(units) * error,
                        "detectable": by.detectable(error, n=units),
                    }
                )  # fmt: skip
        return rows


def curves(asks: Sequence[Ask], table: pd.DataFrame, n: float) -> pd.DataFrame:
    """Return every metric's curves on one grid of users."""
    wanted = [float(size) for size in table["n"] if np.isfinite(size)] or [10_000.0]
    planned = float(n or max(wanted))
    low, high = 0.1 * min(*wanted, planned), 2 * max(*wanted, planned)
    sizes = np.unique(np.ceil(np.geomspace(low, high, GRID))).tolist()
    return pd.DataFrame([row for ask in asks for row in ask.curve(sizes, planned)])
