"""Tables of a staggered roll-out: every average, cell, and the money."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from cxlib.errors import DataError
from cxlib.estimate import staggered as averages
from cxlib.estimate.design import Design
from cxlib.estimate.group_time import GroupTime
from cxlib.estimate.staggered import Averages
from cxlib.estimate.two_way import two_way
from cxlib.roi.afterwards._units import Units
from cxlib.roi.afterwards.rollout import CALENDAR, COHORT, EVENT, OVERALL

Measure = Literal["amount", "share", "score"]


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for."""

    outcome: str
    unit: str
    measure: Measure
    margin: float | None
    currency: str
    level: float


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """Units and their group-time differences."""

    units: Units
    effects: GroupTime
    anticipation: int
    base: str
    told: Asked

    @property
    def after(self) -> npt.NDArray[np.bool_]:
        """Cells from the start on."""
        return np.asarray(self.effects.event >= 0)

    def controls(self, rows: npt.NDArray[np.bool_]) -> int:
        """The most untreated units of some cells."""
        return int(self.effects.n_control[rows].max(initial=0))

    def sizes(self, rows: npt.NDArray[np.bool_]) -> int:
        """Treated units behind some cells."""
        cohorts = np.unique(self.effects.cohort[rows])
        return int(
            sum(self.effects.n_treated[rows & (self.effects.cohort == g)].max()
                for g in cohorts)
        )  # fmt: skip


def _parts(fitted: Fitted) -> list[tuple[str, str, float, npt.NDArray[np.bool_]]]:
    """Which cells every average is over: part, label, event and cells."""
    e, labels = fitted.effects, fitted.units.labels
    parts = [(OVERALL, "all treated", np.nan, fitted.after)]
    parts += [
        (EVENT, f"{k:+d}".replace("-", "−"), float(k), e.event == k)
        for k in np.unique(e.event).tolist()
    ]
    parts += [
        (COHORT, f"started {labels[g]}", np.nan, fitted.after & (e.cohort == g))
        for g in np.unique(e.cohort[fitted.after]).tolist()
    ]
    parts += [
        (CALENDAR, labels[t], np.nan, fitted.after & (e.period == t))
        for t in np.unique(e.period[fitted.after]).tolist()
    ]
    return parts


def averaged(
    fitted: Fitted, plan: Design, draws: tuple[int, Any]
) -> tuple[pd.DataFrame, Averages | None]:
    """Every average as a row, and the averages of the placebo."""
    e, parts = fitted.effects, _parts(fitted)
    found = averages.average(e, np.array([rows for *_, rows in parts]), plan)
    table = _intervals(found, fitted.told.level)
    for name, i in (("event", 2), ("label", 1), ("part", 0)):
        table.insert(0, name, [part[i] for part in parts])
    table.insert(3, "n", [fitted.sizes(rows) for *_, rows in parts])
    table.insert(4, "n_control", [fitted.controls(rows) for *_, rows in parts])
    early = (table["event"] < -fitted.anticipation).to_numpy(dtype=bool)
    table["before"], table["unit"] = early, fitted.told.measure
    events = (table["part"] == EVENT).to_numpy(dtype=bool)
    wide = averages.band(_some(found, events), plan, n_resamples=draws[0],
                         rng=draws[1], confidence_level=fitted.told.level)  # fmt: skip
    half = np.where(events, wide * found.std_error, np.nan)
    table["band_lower"] = found.estimate - half
    table["band_upper"] = found.estimate + half
    return table, _some(found, early) if early.any() else None


def _some(found: Averages, rows: npt.NDArray[np.bool_]) -> Averages:
    return Averages(
        found.estimate[rows], found.std_error[rows], found.df[rows],
        found.influence[:, rows],
    )  # fmt: skip


def _intervals(found: Averages, level: float) -> pd.DataFrame:
    b, error = found.estimate, found.std_error
    half = stats.t.isf((1 - level) / 2, found.df) * error
    t = np.divide(b, error, out=np.full(len(b), np.nan), where=error > 0)
    return pd.DataFrame(
        {
            "estimate": b, "std_error": error, "ci_lower": b - half,
            "ci_upper": b + half, "statistic": t, "df": found.df,
            "pvalue": 2 * stats.t.sf(np.abs(t), found.df),
        }
    )  # fmt: skip


def cells(fitted: Fitted, plan: Design) -> pd.DataFrame:
    """Every cohort and period."""
    e, labels = fitted.effects, fitted.units.labels
    rows = pd.DataFrame(
        {
            "cohort": [labels[g] for g in e.cohort.tolist()],
            "period": [labels[t] for t in e.period.tolist()],
            "event": e.event, "n": e.n_treated, "n_control": e.n_control,
        }
    )  # fmt: skip
    found = averages.average(e, np.eye(len(e.att)), plan)
    return pd.concat([rows, _intervals(found, fitted.told.level)], axis=1)


def drift(fitted: Fitted, plan: Design) -> pd.DataFrame:
    """The mean step before the start, and the average with that drift taken out.

    Empty where steps are not against the period before each.
    """
    e, ahead = fitted.effects, fitted.anticipation
    early = e.event < -ahead
    if fitted.base != "varying" or not early.any():
        return pd.DataFrame()
    both = averages.average(e, np.array([fitted.after, early]), plan)
    weights = np.where(fitted.after, e.n_treated, 0)
    periods = float(np.average(e.event + 1 + ahead, weights=weights))
    mix = np.array([[0.0, 1.0], [1.0, -periods]]).T
    rows = _intervals(
        averages.combined(both, mix, plan), fitted.told.level
    )  # fmt: skip
    rows.insert(0, "label", ["drift a period before", "with that drift taken out"])
    rows.insert(1, "n", fitted.sizes(fitted.after))
    rows.insert(2, "n_control", fitted.controls(fitted.after))
    return rows.assign(unit=fitted.told.measure)


def worth(row: pd.Series, fitted: Fitted) -> pd.DataFrame:
    """Money a treated unit and period, and in all."""
    columns = ["what", "n", "estimate", "ci_lower", "ci_upper", "unit"]
    margin = fitted.told.margin
    if margin is None:
        return pd.DataFrame(columns=columns)
    size = int(fitted.effects.n_treated[fitted.after].sum())
    rows = []
    for what, times in (("a treated unit and period", 1), ("in all, so far", size)):
        ends = sorted(margin * times * row[c] for c in ("ci_lower", "ci_upper"))
        rows.append([what, size, margin * times * row["estimate"], *ends, "amount"])
    return pd.DataFrame(rows, columns=columns)


def usual(fitted: Fitted) -> pd.DataFrame:
    """The static two-way regression, empty where it has no answer."""
    units, level = fitted.units, fitted.told.level
    try:
        found = two_way(units.y, units.treated)
    except DataError:
        return pd.DataFrame()
    g = len(units.y)
    error = found.std_error * (g / (g - 1)) ** 0.5
    half = float(stats.t.isf((1 - level) / 2, g - 1)) * error
    return pd.DataFrame(
        {
            "n": [int(np.isfinite(units.first).sum())],
            "n_control": int(np.isinf(units.first).sum()), "estimate": found.estimate,
            "std_error": error, "ci_lower": found.estimate - half,
            "ci_upper": found.estimate + half, "unit": fitted.told.measure,
            "share_negative_weights": found.share_negative,
        }
    )  # fmt: skip


def left_out(fitted: Fitted) -> pd.DataFrame:
    """Cells without an answer."""
    labels = fitted.units.labels
    rows = [(labels[g], labels[t], why) for g, t, why in fitted.effects.left_out]
    return pd.DataFrame(rows, columns=["cohort", "period", "reason"])
