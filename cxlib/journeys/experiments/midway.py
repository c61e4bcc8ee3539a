"""During a test: how many more users the declared targets need."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cxlib import _checks, _format
from cxlib.estimate import Correction, Moments
from cxlib.estimate.multiplicity import CORRECTIONS
from cxlib.estimate.power import PowerRule
from cxlib.estimate.sequential import TUNING_N
from cxlib.journeys import _words
from cxlib.journeys._arms import treatments as choose
from cxlib.journeys._frames import Frame, label, lazy
from cxlib.journeys.experiments._baseline import linearised, unit_variance
from cxlib.journeys.experiments._cells import Arm
from cxlib.journeys.experiments._looks import Looks
from cxlib.journeys.experiments._moments import by_variant, prepare
from cxlib.journeys.experiments._targets import Target, rule, targets
from cxlib.journeys.experiments.declared import metrics as build
from cxlib.journeys.experiments.specs import Metric, Ratio
from cxlib.result import Assumption, Finding, Result

MAX_SENTENCES = 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Midway(Result):
    """Users still needed.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a metric and treatment with a target: metric, role, treatment_arm,
        control_arm, unit, question, effect_size (target or margin, in the unit),
        rel_effect_size (where the target is relative), std_error, n (users of both
        arms so far), alpha, factor (by how much they have to grow; 1 or less where
        they suffice), n_needed (users of both arms), n_missing, share_power (with the
        users so far), weeks (at the pace given).
    power : float
    """

    power: float = 0.8

    @property
    def text(self) -> str:
        """How many more users each target needs."""
        if self.table.empty:
            return "No metric has a target effect or a margin: nothing to wait for."
        worst = self.table.sort_values("n_missing", ascending=False, kind="stable")
        said = [self._sentence(row) for _, row in worst.head(MAX_SENTENCES).iterrows()]
        return " ".join(said)

    def _sentence(self, row: pd.Series) -> str:
        size, unit = float(row["effect_size"]), row["unit"]
        goal = _words.change(size, unit, size / 2)
        if row["question"] != "detect":
            goal = f"exclude a loss of {goal.removeprefix('+')}"
        elif np.isfinite(row["rel_effect_size"]):
            change = _format.number(row["rel_effect_size"], "share", signed=True)
            goal = f"detect {change} %"
        else:
            goal = f"detect {goal}"
        of, n = f"{row['metric']} ({row['treatment_arm']})", f"{row['n']:,}"
        if not row["n_missing"] > 0:
            return f"{of}: the {n} users so far are enough to {goal}."
        now = _format.quantity(row["share_power"], "share")
        weeks = ""
        if np.isfinite(row["weeks"]):
            weeks = f", {int(row['weeks']):,} more weeks at this pace"
        return (
            f"{of}: {_format.count(row['n_missing'])} more users are needed to {goal} "
            f"with {100 * self.power:g} % power ({now} with the {n} so far){weeks}."
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Users missing, one a row; planned, so without an interval."""
        return tuple(
            Finding(
                id=_words.slug(row["metric"], row["treatment_arm"], "users missing"),
                statement=self._sentence(row), estimate=float(row["n_missing"]),
                unit="count", n=int(row["n"]),
            )
            for _, row in self.table.iterrows()
        )  # fmt: skip

    def _repr_html_(self) -> str:
        shown = pd.DataFrame(
            {
                "metric": row["metric"], "variant": row["treatment_arm"],
                "to": row["question"], "users so far": _format.count(row["n"]),
                "users needed": _format.count(row["n_needed"]),
                "still missing": _format.count(row["n_missing"]),
                "power now": _format.quantity(row["share_power"], "share"),
            }
            for _, row in self.table.iterrows()
        )  # fmt: skip
        cells = shown.to_html(index=False, border=0, classes="cx") if len(shown) else ""
        return (
            f"<p class='finding'>{html.escape(self.text)}</p>{cells}"
            f"<p class='method'>{html.escape(self.method)}</p>"
        )


def midway(
    users: Frame,
    metrics: Sequence[Metric | Mapping[str, Any]],
    *,
    effects: Mapping[str, float] | None = None,
    relative_effects: Mapping[str, float] | None = None,
    variant: str = "variant",
    control: str = "control",
    treatments: Sequence[str] | None = None,
    daily_users: float = 0,
    correction: Correction = "holm",
    looks: Looks = "any",
    tuning_n: int | None = None,
    power: float = 0.8,
    confidence_level: float = 0.95,
) -> Midway:
    """Say how many more users each declared target needs.

    Use it while a test runs, with targets fixed before it began. It looks at spread and
    numbers, never at the effect so far, so it is no further look at the result.

    Parameters
    ----------
    users : frame
        Users so far, as for `compare`; assigned one by one, not by cluster.
    metrics : sequence of Metric or mapping
        As in `power`.
    effects, relative_effects : mapping, optional
        Targets by metric, as in `power`; a metric with neither is asked to exclude its
        margin, one without a margin is left out.
    variant, control, treatments
        As in `compare`.
    daily_users : float
        New users a day in the two arms of a comparison; 0 leaves the weeks out.
    correction, looks, tuning_n, confidence_level
        As in `compare`. `tuning_n` is 5,000 with looks at any time when not given, as
        there.
    power : float

    Returns
    -------
    Midway

    Raises
    ------
    ArgumentError
        For an unknown metric or variant, or a relative effect on a score.

    Notes
    -----
    The standard error so far shrinks with the root of the factor by which both arms
    grow. A relative target is put into the unit by control's mean so far, because
    verdicts rest on the difference in the unit.

    Examples
    --------
    >>> import pandas as pd
    >>> from cxlib.journeys import Proportion
    >>> flags = [0, 0, 0, 1, 1] * 200
    >>> users = pd.DataFrame({"variant": ["a", "b"] * 500, "paid": flags})
    >>> paid = Proportion(name="paid", column="paid")
    >>> found = midway(users, [paid], effects={"paid": 0.05}, control="a", looks="once")
    >>> found.table[["n", "n_needed"]].astype(int).values.tolist()
    [[1000, 3020]]
    """
    specs = build(metrics)
    _checks.one_of(correction, "correction", CORRECTIONS)
    _checks.in_range(daily_users, "daily_users", 0, math.inf, ends="[)")
    asked = targets(specs, effects or {}, relative_effects or {})
    columns = [name for metric in specs for name in metric.columns]
    rows = lazy(users, dict.fromkeys([variant, *columns]), "users")
    rows = rows.with_columns(label(variant)).filter(~label(variant).is_null())
    arms = by_variant(prepare(rows, specs, [variant]), specs, variant)
    chosen = choose(list(arms[0]), control, treatments)
    tests = sum(metric.role == "decision" for metric in specs) * len(chosen)
    how = PowerRule(
        looks=looks, tuning_n=tuning_n or TUNING_N, power=power,
        confidence_level=confidence_level,
    )  # fmt: skip
    found = [
        _row(metric, target, rule(metric, target, tests, correction, how), arms[i],
             (control, name), daily_users)
        for i, (metric, target) in enumerate(zip(specs, asked, strict=True))
        for name in chosen
        if target.question != "none"
    ]  # fmt: skip
    return Midway(
        table=pd.DataFrame(found), unit="count", power=power,
        assumptions=_ASSUMPTIONS, method=_METHOD[looks],
    )  # fmt: skip


_METHOD = {
    "once": "Normal approximation; an interval for one planned look.",
    "any": "Normal approximation; an interval that holds at any look.",
}
_ASSUMPTIONS = (
    Assumption(
        text="Users to come spread and answer as those so far, in the same ratio of "
        "variants.",
        quality="medium", impact="medium",
    ),
)  # fmt: skip


def _row(
    metric: Metric, target: Target, how: PowerRule, arms: Mapping[str, Arm],
    names: tuple[str, str], daily_users: float,
) -> dict[str, Any]:  # fmt: skip
    """Return one metric and treatment as a row."""
    a, b = (arms[name].moments for name in names)
    (m0, v0), (_, v1) = (_mean(metric, one) for one in (a, b))
    size = abs(target.effect(m0 * metric.factor)) / metric.factor
    error = (v0 + v1) ** 0.5
    units, exposed = a.n + b.n, sum(arms[name].exposed for name in names)
    factor = how.factor(size, error, n=units)
    missing = max(0.0, (factor - 1) * exposed)
    missing = math.ceil(missing) if math.isfinite(missing) else math.nan
    return {
        "metric": metric.name, "role": metric.role, "treatment_arm": names[1],
        "control_arm": names[0], "unit": metric.result_unit,
        "question": target.question,
        "effect_size": size * metric.factor,
        "rel_effect_size": target.relative,
        "std_error": error * metric.factor, "n": exposed,
        "alpha": 1 - how.confidence_level, "factor": factor,
        "n_needed": factor * exposed, "n_missing": missing,
        "share_power": how.chance(size, error, n=units),
        "weeks": math.ceil(missing / daily_users / 7)
        if daily_users and math.isfinite(missing) else math.nan,
    }  # fmt: skip


def _mean(metric: Metric, moments: Moments) -> tuple[float, float]:
    """Return an arm's mean and the variance of that mean, in the values' scale."""
    own = linearised(moments)[0] if isinstance(metric, Ratio) else moments.mean[0]
    return float(own), unit_variance(metric, moments) / moments.n
