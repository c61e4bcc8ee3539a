"""Effects by day or week of assignment: whether a gain wears off."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd

from cxlib import _checks, _format
from cxlib.errors import DataError
from cxlib.estimate import Correction, adjust
from cxlib.estimate.interaction import equal_effects, trend
from cxlib.journeys import _words
from cxlib.journeys._arms import treatments as choose
from cxlib.journeys._frames import Frame, lazy
from cxlib.journeys.experiments import _parts
from cxlib.journeys.experiments._cells import Floats
from cxlib.journeys.experiments._parts import BLANK, Pair
from cxlib.journeys.experiments.declared import metrics as build
from cxlib.journeys.experiments.specs import Metric
from cxlib.result import Assumption, Finding, Result

Every = Literal["day", "week"]
_DAYS = {"day": 1, "week": 7}
_UNTESTED = (
    "slope", "slope_ci_lower", "slope_ci_upper", "statistic", "pvalue",
    "pvalue_equal", "centre", "mean_period",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class EffectOverTime(Result):
    """Each metric's effect by the day or week in which users were assigned.

    Attributes
    ----------
    table : pandas.DataFrame
        metric, kind, role, every, period (0 is the first), start (its first day),
        treatment_arm, control_arm, unit, n_control, n_treatment, control, treatment,
        effect_size, std_error, its interval, rel_effect_size and its interval.
    tests : pandas.DataFrame
        One row a metric and treatment: n_periods, the overall effect with its interval,
        slope (change of the effect a period) with its interval, statistic, pvalue,
        pvalue_adj, differs, pvalue_equal (of equal effects in all periods, whatever
        their order), centre and mean_period (a point of the line), left_out,
        n_left_out.
    every : {"day", "week"}
    confidence_level : float
    reason : str
        Why nothing was compared; empty where something was.
    """

    tests: pd.DataFrame = field(default_factory=pd.DataFrame)
    every: Every = "day"
    confidence_level: float = 0.95
    reason: str = ""

    @property
    def text(self) -> str:
        """Whether each effect changed over the test: slope, interval and n."""
        if self.reason:
            return f"No trend is looked for: {self.reason}."
        rows = self.tests.sort_values("pvalue_adj", kind="stable").head(3)
        return " ".join(self.sentence(row) for _, row in rows.iterrows())

    def sentence(self, row: pd.Series) -> str:
        """Return one trend in words."""
        head = f"{self._name(row)}: "
        if pd.isna(row["pvalue"]):
            return f"{head}too few users by {self.every} to see a trend."
        moved = pd.Series(
            {f"effect_size{end}": row[f"slope{end}"]
             for end in ("", "_ci_lower", "_ci_upper")}
        )  # fmt: skip
        n = int(row["n_control"] + row["n_treatment"])
        told = _words.effect(moved, row["unit"], self.confidence_level, f", n = {n:,}")
        if not row["differs"]:
            return (
                f"{head}over {int(row['n_periods'])} {self.every}s of assignment the "
                f"effect shows no trend beyond chance, {told} a {self.every}."
            )
        verb = "fades" if row["slope"] * row["effect_size"] < 0 else "grows"
        return (
            f"{head}the effect {verb} with the {self.every} of assignment by more than "
            f"chance, {told} a {self.every}; the overall effect is no forecast."
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """One finding a test: the slope."""
        if self.reason:
            return ()
        several = _words.several_arms(self.tests)
        return tuple(
            Finding(
                id=_words.slug(
                    row["metric"], row["treatment_arm"] if several else "", "trend"
                ),
                statement=self.sentence(row), estimate=float(row["slope"]),
                unit=_format.difference_unit(row["unit"]),
                ci_lower=float(row["slope_ci_lower"]),
                ci_upper=float(row["slope_ci_upper"]),
                n=int(row["n_control"] + row["n_treatment"]),
                label=f"{self._name(row)}, change of the effect a {self.every}",
                confidence_level=self.confidence_level,
            )
            for _, row in self.tests[self.tests["pvalue"].notna()].iterrows()
        )  # fmt: skip

    def _repr_html_(self) -> str:
        if self.reason:
            return f"<p class='cx-skipped'>{html.escape(self.text)}</p>"
        shown = pd.DataFrame([self._shown(row) for _, row in self.tests.iterrows()])
        note = f"{self.method} Each {self.every} is in the exported table."
        return (
            f"<p class='finding'>{html.escape(self.text)}</p>"
            f"{shown.to_html(index=False, border=0, classes='cx')}"
            f"<p class='method'>{html.escape(note)}</p>"
        )

    def _shown(self, row: pd.Series) -> dict[str, str]:
        low, high = row["slope_ci_lower"], row["slope_ci_upper"]
        moved = _words.change(row["slope"], row["unit"], (high - low) / 2)
        told = f"{moved} ({_words.ends(low, high, row['unit'])})"
        level = _words.percent(self.confidence_level)
        return {
            "metric": self._name(row),
            f"{self.every}s": _format.count(row["n_periods"]),
            f"change of the effect a {self.every} ({level} CI)": told,
            "p (adjusted)": _format.pvalue(row["pvalue_adj"]),
            "n": _words.pair(row),
        }

    def _name(self, row: pd.Series) -> str:
        several = _words.several_arms(self.tests)
        arm = f" ({row['treatment_arm']})" if several else ""
        return f"{row['metric']}{arm}"


def by_day(
    users: Frame,
    metrics: Sequence[Metric | Mapping[str, Any]],
    *,
    assigned_at: str = "assigned_at",
    every: Every = "day",
    variant: str = "variant",
    control: str = "control",
    treatments: Sequence[str] | None = None,
    min_n: int = 30,
    correction: Correction = "holm",
    confidence_level: float = 0.95,
) -> EffectOverTime:
    """Show effects by when users were assigned, and test them for a trend.

    Use it to see whether a gain wears off, or one bad day made a result. Every user
    counts in the period of assignment only, with all that the metric holds for them.
    Not for variants assigned by cluster.

    Parameters
    ----------
    users : frame
        One row a user; any frame of `compare`.
    metrics : sequence of Metric or mapping
        As in `compare`.
    assigned_at : str
        Column of the time of assignment, or of the first exposure.
    every : {"day", "week"}
        Length of a period, counted from the first day.
    variant, control, treatments
        As in `compare`.
    min_n : int
        Periods with fewer users with a value in either arm are left out and named;
        survey scores need 10 answers whatever it is.
    correction : {"holm", "fdr_bh", "fdr_by", "bonferroni", "none"}
        Over metrics times treatments.
    confidence_level : float

    Returns
    -------
    EffectOverTime

    Raises
    ------
    DataError
        For a column that holds no times. Under three periods with enough users is no
        error: the result is empty and says why.

    Notes
    -----
    A straight line through the periods' effects, weighted by their precision; users of
    different periods are different people, so the effects are independent. Early users
    may have been watched for longer: use metrics of a fixed window after assignment
    (the first 14 days), or a novelty effect and a longer window look alike.
    `pvalue_equal` is Cochran's Q with Welch's correction: a single odd day shows there.

    References
    ----------
    Kohavi, R., Tang, D. and Xu, Y. (2020). Trustworthy online controlled experiments,
    chapter 3. Cambridge University Press. doi:10.1017/9781108653985

    Examples
    --------
    >>> import pandas as pd
    >>> users = pd.DataFrame(
    ...     {"variant": ["control", "b"] * 90, "paid": [1, 0, 0, 1, 1] * 36,
    ...      "assigned_at": pd.date_range("2026-01-01", periods=180, freq="h")}
    ... )
    >>> metric = {"name": "paid", "kind": "proportion", "column": "paid"}
    >>> found = by_day(users, [metric], min_n=10)
    >>> found.table["period"].tolist(), found.table["start"].iloc[-1]
    ([0, 1, 2, 3, 4, 5, 6], '2026-01-07')
    """
    specs, note = _parts.comparable(build(metrics))
    _checks.one_of(every, "every", tuple(_DAYS))
    _checks.in_range(min_n, "min_n", 2, np.inf)
    _checks.in_range(confidence_level, "confidence_level", 0, 1, ends="()")
    _check_times(users, assigned_at)
    tests, rows = [], []
    seen = _parts.cells_by(users, specs, variant, assigned_at)
    for metric, cells in zip(specs, seen, strict=True):
        for name in choose(cells.variants, control, treatments):
            pair = Pair.of(metric, cells, (control, name), confidence_level)
            test, each = _compare(pair, every, min_n)
            tests.append(test)
            rows += each
    if not rows:
        why = f"no metric has three {every}s of '{assigned_at}' with {min_n} users with"
        return EffectOverTime(
            table=pd.DataFrame(), reason=f"{why} a value in each arm", every=every
        )
    table = pd.DataFrame(tests)
    adjusted = adjust(table["pvalue"].to_numpy(dtype=float), correction)
    table = table.assign(pvalue_adj=adjusted, differs=adjusted < 1 - confidence_level)
    return EffectOverTime(
        table=pd.DataFrame(rows), tests=table, every=every,
        confidence_level=confidence_level, assumptions=_ASSUMPTIONS,
        method=f"Weighted linear trend over {every}s of assignment, {len(table)} "
        f"tests, correction {correction}.{note}",
    )  # fmt: skip


_ASSUMPTIONS = (
    Assumption(
        text="Users of every period were watched for the same time after assignment.",
        quality="low", impact="high",
    ),
)  # fmt: skip


def _check_times(users: Frame, column: str) -> None:
    """Raise unless the column holds times."""
    kind = lazy(users, [column], "users").collect_schema()[column]
    if not kind.is_temporal():
        raise DataError(
            f"column '{column}' of users holds {str(kind).lower()}, not times; declare "
            "its `date_format` in the source."
        )


def _compare(
    pair: Pair, every: Every, min_n: int
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the test of one metric and treatment, and its periods."""
    days = [name for name in pair.labels if name != BLANK]
    first = np.datetime64(days[0]) if days else np.datetime64("2000-01-01")
    held: dict[int, list[str]] = {}
    for day in days:
        place = int((np.datetime64(day) - first).astype(int)) // _DAYS[every]
        held.setdefault(place, []).append(day)
    floor = max(min_n, _parts.MIN_ANSWERS) if pair.metric.survey else min_n
    kept = {p: parts for p, parts in held.items() if min(pair.n(parts)) >= floor}
    shown = {name for parts in kept.values() for name in parts}
    gone = _parts.left_out(pair, [name for name in pair.labels if name not in shown])
    test = {"every": every, "n_periods": len(kept), **gone}
    if len(kept) < 3:
        named = {"metric": pair.metric.name, "treatment_arm": pair.treatment}
        empty = {"unit": pair.metric.result_unit, "n_control": 0, "n_treatment": 0}
        return {**named, **test, **empty, **dict.fromkeys(_UNTESTED, np.nan)}, []
    groups = {str(p): parts for p, parts in kept.items()}
    whole, *each = pair.effects(groups)
    tested = pair.tested(groups, each)
    rows = [
        {**_parts.row(pair, found, kept[p]), "every": every, "period": p,
         "start": str(first + p * _DAYS[every])}
        for found, p in zip(each, kept, strict=True)
    ]  # fmt: skip
    y, se = _parts.usable(tested, pair.level)
    told = _test(y, se, [found.df for found in tested], list(kept), pair.level)
    return {**_parts.row(pair, whole, sorted(shown)), **test, **told}, rows


def _test(
    y: Floats, se: Floats, dfs: Sequence[float], at: Sequence[int],
    level: float,
) -> dict[str, float]:  # fmt: skip
    """Return the trend's columns; NaN where under three periods vary."""
    kept = np.isfinite(se)
    if kept.sum() < 3:
        return dict.fromkeys(_UNTESTED, float("nan"))
    y, se, times = y[kept], se[kept], np.asarray(at, dtype=float)[kept]
    line = trend(y, se, times, confidence_level=level)
    equal = equal_effects(y, se, np.asarray(dfs)[kept])
    values = (
        line.slope, line.ci_lower, line.ci_upper, line.statistic, line.pvalue,
        equal.pvalue, equal.mean, float(np.average(times, weights=se**-2.0)),
    )  # fmt: skip
    return dict(zip(_UNTESTED, values, strict=True))
