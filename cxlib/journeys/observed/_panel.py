"""The rows of a difference in differences, period by period."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from cxlib.errors import DataError
from cxlib.estimate.design import Array, Design
from cxlib.estimate.did import DoubleDifference, double_difference, jointly_zero
from cxlib.estimate.interrupted import two_sided
from cxlib.estimate.point import estimate
from cxlib.journeys.experiments.specs import Metric, Score
from cxlib.journeys.observed import _rows
from cxlib.journeys.observed._calendar import Rows

MIN_N = 10
LEADS = [
    "period", "after", "n", "estimate", "std_error", "ci_lower", "ci_upper", "pvalue",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Panel:
    """The rows of a comparison and their design; one value a row."""

    metric: Metric
    y: Array
    inside: Rows
    after: Rows
    names: Any
    period: Any
    plan: Design
    level: float

    @property
    def periods(self) -> Any:  # noqa: ANN401
        """Every period, in order."""
        return np.unique(self.period)

    @property
    def before(self) -> Any:  # noqa: ANN401
        """The periods before the change."""
        return np.unique(self.period[~self.after])

    def gap(self, after: Rows, rows: Rows | None = None) -> DoubleDifference:
        """Double difference of some rows."""
        return double_difference(self.y, self.inside, after, plan=self.plan, rows=rows)


def row(panel: Panel, name: str, found: DoubleDifference, part: Rows) -> dict[str, Any]:
    """One double difference as a row of the table."""
    factor = panel.metric.factor
    half = float(stats.t.isf((1 - panel.level) / 2, found.df)) * found.std_error
    t = found.estimate / found.std_error if found.std_error > 0 else float("nan")
    others, own = found.means[:2], found.means[2:]
    return {
        "comparison": name, "n": int(part.sum()),
        "n_control": int((part & ~panel.inside).sum()),
        "n_treatment": int(panel.inside.sum()),
        "control": factor * (others[1] - others[0]),
        "treatment": factor * (own[1] - own[0]),
        "effect_size": factor * found.estimate, "std_error": factor * found.std_error,
        "effect_size_ci_lower": factor * (found.estimate - half),
        "effect_size_ci_upper": factor * (found.estimate + half),
        "statistic": t, "df": found.df, "pvalue": two_sided(t, found.df),
    }  # fmt: skip


def by_period(panel: Panel) -> dict[str, float] | None:
    """The same with each period as one observation of the gap.

    Its spread is that of the periods before: a change that grows is no noise.
    """
    gaps, later = [], []
    for one in panel.periods:
        cells = [(panel.period == one) & (panel.inside == g) for g in (True, False)]
        if all(cell.any() for cell in cells):
            means = [float(np.average(panel.y[c], weights=panel.plan.weights[c]))
                     for c in cells]  # fmt: skip
            gaps.append(means[0] - means[1])
            later.append(bool(panel.after[panel.period == one].all()))
    gap, post = panel.metric.factor * np.array(gaps), np.array(later)
    df = int((~post).sum()) - 1
    if df < 1 or not post.any():
        return None
    found = float(gap[post].mean() - gap[~post].mean())
    error = float(gap[~post].std(ddof=1) * (1 / post.sum() + 1 / (df + 1)) ** 0.5)
    half = float(stats.t.isf((1 - panel.level) / 2, df)) * error
    t = found / error if error > 0 else float("nan")
    return {
        "effect_size": found, "std_error": error, "effect_size_ci_lower": found - half,
        "effect_size_ci_upper": found + half, "statistic": t, "df": float(df),
        "pvalue": two_sided(t, df),
    }  # fmt: skip


def leads(panel: Panel) -> tuple[pd.DataFrame, float]:
    """The gap of each period against the last one before, and the placebo's p-value."""
    base = panel.before[-1]
    rows, influence, hidden = [], [], []
    for one in panel.periods:
        if one == base:
            continue
        part = (panel.period == one) | (panel.period == base)
        try:
            found = panel.gap(panel.period == one, part)
        except DataError:
            continue
        own = row(panel, "", found, part) | {
            "n": int((panel.period == one).sum()), "period": one,
            "after": bool((panel.after & (panel.period == one)).any()),
        }  # fmt: skip
        rows.append(own)
        influence.append(found.influence)
        if _few(panel, part):
            hidden.append(len(rows) - 1)
    table = pd.DataFrame(rows)
    names = {"effect_size": "estimate", "effect_size_ci_lower": "ci_lower"}
    table = table.rename(columns=names | {"effect_size_ci_upper": "ci_upper"})[LEADS]
    table.loc[hidden, LEADS[3:]] = np.nan
    early = [i for i, row in enumerate(rows) if not row["after"]]
    if not early:
        return table, float("nan")
    return table, _placebo(
        panel, [rows[i]["effect_size"] for i in early], [influence[i] for i in early]
    )


def _few(panel: Panel, part: Rows) -> bool:
    """Whether survey answers of under ten people would be shown."""
    cells = [
        int((part & (panel.inside == inside) & (panel.period == one)).sum())
        for inside in (True, False)
        for one in np.unique(panel.period[part])
    ]
    return isinstance(panel.metric, Score) and min(cells) < MIN_N


def _placebo(panel: Panel, gaps: list[float], influence: list[Array]) -> float:
    """Whether the two moved apart before: jointly, and from half to half."""
    joint = jointly_zero(
        np.array(gaps) / panel.metric.factor, np.column_stack(influence), panel.plan
    )
    half = panel.before[len(panel.before) // 2]
    middle = panel.gap(panel.period >= half, ~panel.after)
    drift = two_sided(middle.estimate / (middle.std_error or np.nan), middle.df)
    known = [p for p in (joint, drift) if np.isfinite(p)]
    return min(1.0, len(known) * min(known)) if known else float("nan")


def series(panel: Panel, treated: str) -> pd.DataFrame:
    """Both groups by period; small cells of answers stay blank."""
    rows, kind = [], _rows.kind(panel.metric)
    for one in panel.periods:
        for name, inside in ((treated, True), ("the others", False)):
            cell = (panel.period == one) & (panel.inside == inside)
            n = int(cell.sum())
            few = isinstance(panel.metric, Score) and n < MIN_N
            found = (
                None
                if few or n < 2
                else estimate(
                    panel.y, kind, plan=panel.plan, domain=cell,
                    confidence_level=panel.level,
                ).scaled(panel.metric.factor)
            )  # fmt: skip
            rows.append(
                {
                    "period": one, "group": name, "n": n,
                    "after": bool(panel.after[panel.period == one].all()),
                    "estimate": found.estimate if found else np.nan,
                    "ci_lower": found.ci_lower if found else np.nan,
                    "ci_upper": found.ci_upper if found else np.nan,
                }
            )  # fmt: skip
    return pd.DataFrame(rows)
