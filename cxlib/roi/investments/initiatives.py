"""Investments as arrays: every cell checked, every problem named at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib import _checks
from cxlib.errors import DataError, Problem
from cxlib.roi._calendar import read_calendar

Array = npt.NDArray[np.float64]
WIDTH = {"randomised": 1.0, "quasi": 1.25, "regression": 1.5, "expert": 2.0}
P90 = 1.2815515655446004
_DEFAULT: dict[str, float | str] = {
    "reach": 1.0, "start": 0.0, "duration": np.nan, "ramp": 0.0, "decay": 0.0,
    "running_cost": 0.0, "evidence": "expert", "driver": "",
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Plans:
    """Checked initiatives, one entry each.

    `low` and `high` are the P10 and P90 after widening by the evidence grade;
    `start`, `ramp` and `duration` are in years, `reach` in customers.
    """

    name: tuple[str, ...]
    driver: tuple[str, ...]
    evidence: tuple[str, ...]
    cost: Array
    running_cost: Array
    effect: Array
    low: Array
    high: Array
    reach: Array
    start: Array
    ramp: Array
    duration: Array
    decay: Array
    customers: float

    @property
    def n(self) -> int:
        """Number of initiatives."""
        return len(self.name)

    def draw(self, n: int, rng: np.random.Generator, correlation: float) -> Array:
        """Draw effects from two-piece normals through P10, estimate and P90."""
        shared = rng.normal(size=(n, 1)) * correlation**0.5
        z = shared + rng.normal(size=(n, self.n)) * (1 - correlation) ** 0.5
        below, above = (self.effect - self.low) / P90, (self.high - self.effect) / P90
        return np.asarray(self.effect + np.where(z < 0, below, above) * z)


def read_plans(initiatives: pd.DataFrame, customers: float | None) -> Plans:
    """Check the table of initiatives; raise DataError with every problem found."""
    _checks.columns(
        initiatives,
        ["name", "cost", "effect", "effect_low", "effect_high"],
        "initiatives",
    )
    frame = _filled(initiatives)
    problems = _problems(frame)
    base, shared = _base(frame, customers, problems)
    if problems:
        raise DataError(
            "the initiatives cannot be simulated as they are.", problems=problems
        )
    width = frame["evidence"].map(WIDTH).to_numpy(dtype=float)
    effect = _floats(frame, "effect")
    return Plans(
        name=tuple(frame["name"].astype(str)),
        driver=tuple(frame["driver"].astype(str)),
        evidence=tuple(frame["evidence"].astype(str)), cost=_floats(frame, "cost"),
        running_cost=_floats(frame, "running_cost"), effect=effect,
        low=effect - width * (effect - _floats(frame, "effect_low")),
        high=effect + width * (_floats(frame, "effect_high") - effect),
        reach=np.where(shared, _floats(frame, "reach") * base, _floats(frame, "reach")),
        start=_start_years(frame["start"]), ramp=_floats(frame, "ramp") / 12,
        duration=_floats(frame, "duration") / 12, decay=_floats(frame, "decay"),
        customers=base,
    )  # fmt: skip


def _filled(initiatives: pd.DataFrame) -> pd.DataFrame:
    """Return the table with defaults where an optional cell is blank."""
    frame = initiatives.reset_index(drop=True).copy()
    for column, value in _DEFAULT.items():
        if column not in frame.columns:
            frame[column] = value
        elif column not in {"duration", "start"}:
            frame[column] = frame[column].where(frame[column].notna(), value)
    return frame


def _floats(frame: pd.DataFrame, name: str) -> Array:
    return pd.to_numeric(frame[name], errors="coerce").to_numpy(dtype=float)


def _start_years(start: pd.Series) -> Array:
    """Return years after the first start, 0 where blank.

    Plain numbers are months from today.
    """
    found, given = np.zeros(len(start)), start.notna().to_numpy()
    if not given.any():
        return found
    months = pd.to_numeric(start[given], errors="coerce")
    if months.notna().all() and months.max() < 1900:
        found[given] = months / 12
    elif len(start[given].unique()) > 1:
        found[given] = _calendar_years(start[given])
    return found


def _calendar_years(start: pd.Series) -> Array:
    calendar = read_calendar(start)
    if not np.isfinite(calendar.per_year):
        raise DataError(
            "`start` of the initiatives is neither months from today nor a period; "
            "write '2026-02', '2026-Q1' or a number of months."
        )
    return np.asarray(calendar.index / calendar.per_year)


def _rules(frame: pd.DataFrame) -> list[tuple[str, npt.ArrayLike, str, str]]:
    """Return column, rows at fault, rule and repair of everything checked."""
    names = ("effect", "effect_low", "effect_high", "decay", "duration")
    effect, low, high, decay, duration = (_floats(frame, name) for name in names)
    return [
        ("name", frame["name"].duplicated(), "is not unique", "Rename one."),
        ("evidence", ~frame["evidence"].isin(WIDTH),
         f"is none of {', '.join(WIDTH)}", "Grade how the effect is known."),
        ("effect_low", ~(low <= effect), "is blank, or above the effect",
         "Give the P10: the value exceeded nine times in ten."),
        ("effect_high", ~(high >= effect), "is blank, or below the effect",
         "Give the P90: the value exceeded one time in ten."),
        ("reach", ~(_floats(frame, "reach") > 0), "is not above zero",
         "Give the share of customers (up to 1) or their number."),
        ("decay", ~((decay >= 0) & (decay < 1)), "is no share between 0 and 1",
         "0.15 loses 15 % of the effect each year."),
        ("duration", duration <= 0, "is not above zero months",
         "Leave it blank for no end."),
        *((column, ~(_floats(frame, column) >= 0), "is blank or negative", "Mend it.")
          for column in ("cost", "running_cost", "ramp")),
    ]  # fmt: skip


def _problems(frame: pd.DataFrame) -> list[Problem]:
    """Collect every cell that cannot be meant."""
    names = frame["name"].astype(str)
    return [
        Problem(
            rule=rule,
            column=column,
            rows=int(np.sum(bad)),
            fix=fix,
            examples=tuple(names[np.asarray(bad, dtype=bool)][:3]),
        )
        for column, bad, rule, fix in _rules(frame)
        if np.any(bad)
    ]


def _base(
    frame: pd.DataFrame, customers: float | None, problems: list[Problem]
) -> tuple[float, npt.NDArray[np.bool_]]:
    """Return the number of customers, and where reach is a share of them."""
    reach = _floats(frame, "reach")
    shared = reach <= 1
    if shared.any() and not customers:
        problems.append(
            Problem(
                rule="is a share, and the number of customers is not known",
                column="reach", rows=int(shared.sum()),
                fix="Set `customers`, or give reach as a number of customers.",
            )
        )  # fmt: skip
    base = float(customers) if customers else float(np.nansum(reach))
    over = reach > base
    if customers and over.any():
        problems.append(
            Problem(
                rule=f"is more than the {base:,.0f} customers there are",
                column="reach",
                rows=int(over.sum()), fix="Mend reach, or set `customers`.",
                examples=tuple(frame["name"].astype(str)[over][:3]),
            )
        )  # fmt: skip
    return base, shared
