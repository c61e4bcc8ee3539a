"""Investments as arrays: every cell checked, every problem named at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib import _checks
from cxlib.errors import DataError
from cxlib.roi._calendar import read_calendar
from cxlib.roi.investments._cells import DEFAULT, INPUTS, floats, problems, words
from cxlib.roi.investments.distributions import P90

__all__ = ["NARROW", "P90", "WIDTH", "Plans", "read_plans"]
Array = npt.NDArray[np.float64]
WIDTH = {"randomised": 1.0, "quasi": 1.25, "regression": 1.5, "expert": 2.0}
NARROW = {"randomised": 0.0, "quasi": 0.1, "regression": 0.2, "expert": 0.3}


@dataclass(frozen=True, slots=True, eq=False)
class Plans:
    """Checked initiatives, one entry each.

    `base`, `low` and `high` hold an array an input (effect, reach, cost,
    running_cost, ramp, decay, duration, slip): central value, P10 and P90, the
    effect's after widening by the evidence grade; equal where an input is fixed.
    Times are in years, `reach` in customers; `size` is the number of customers in the
    initiative's segment. `declared` is half the declared range of the effect over
    the effect.
    """

    name: tuple[str, ...]
    driver: tuple[str, ...]
    evidence: tuple[str, ...]
    acts_on: tuple[str, ...]
    segment: tuple[str, ...]
    group: tuple[str, ...]
    source: tuple[str, ...]
    owner: tuple[str, ...]
    shape: Mapping[str, tuple[str, ...]]
    base: Mapping[str, Array]
    low: Mapping[str, Array]
    high: Mapping[str, Array]
    rho: Array
    start: Array
    size: Array
    declared: Array
    customers: float

    @property
    def n(self) -> int:
        """Number of initiatives."""
        return len(self.name)

    def ranged(self, name: str) -> npt.NDArray[np.bool_]:
        """Whether each initiative has a range for an input."""
        return np.asarray(self.low[name] < self.high[name])

    def some(self, chosen: Sequence[int]) -> Plans:
        """Return the plans of some initiatives, the same customers behind them."""
        at = list(chosen)

        def cut(each: Any) -> Any:  # noqa: ANN401
            if isinstance(each, tuple):
                return tuple(each[one] for one in at)
            if isinstance(each, np.ndarray):
                return each[at]
            return {k: cut(v) for k, v in each.items()}

        names = [one.name for one in fields(self) if one.name != "customers"]
        return replace(self, **{name: cut(getattr(self, name)) for name in names})


def read_plans(
    initiatives: pd.DataFrame,
    customers: float | None,
    *,
    segments: Mapping[str, float] | None = None,
) -> Plans:
    """Check the table of initiatives; raise DataError with every problem found."""
    _checks.columns(
        initiatives,
        ["name", "cost", "effect", "effect_low", "effect_high"],
        "initiatives",
    )
    frame = _filled(initiatives)
    reach = floats(frame, "reach")
    most = np.fmax(reach, floats(frame, "reach_high"))
    whole = float(customers) if customers else float(np.nansum(most))
    known = segments or {}
    size = np.array([known.get(name, whole) for name in words(frame, "segment")])
    found = problems(frame, customers, size, list(WIDTH), segments)
    if found:
        raise DataError(
            "the initiatives cannot be simulated as they are.", problems=found
        )
    return _plans(frame, size, whole)


def _plans(frame: pd.DataFrame, size: Array, whole: float) -> Plans:
    scale = {name: np.full(len(frame), factor) for name, factor in INPUTS.items()}
    scale["reach"] = np.where(floats(frame, "reach") <= 1, size, 1.0)
    ends = {
        end: {name: floats(frame, f"{name}{end}") * scale[name] for name in INPUTS}
        for end in ("", "_low", "_high")
    }
    base = ends[""]
    for end in ("_low", "_high"):
        for name in INPUTS:
            given = ends[end][name]
            ends[end][name] = np.where(np.isnan(given), base[name], given)
    shape = {name: words(frame, f"{name}_distribution") for name in INPUTS}
    low, high = ends["_low"]["effect"], ends["_high"]["effect"]
    with np.errstate(divide="ignore", invalid="ignore"):
        declared = (high - low) / (2 * np.abs(base["effect"]))
    width = frame["evidence"].map(WIDTH).to_numpy(dtype=float)
    ends["_low"]["effect"], ends["_high"]["effect"] = _widened(
        base["effect"], low, high, width=np.asarray(width), shape=shape["effect"]
    )
    named = {
        name: words(frame, name)
        for name in ("name", "driver", "evidence", "segment", "group", "source")
    }
    return Plans(
        **named, owner=words(frame, "owner"), acts_on=words(frame, "effect_on"),
        shape=shape, base=base, low=ends["_low"], high=ends["_high"],
        rho=floats(frame, "rho"), start=_start_years(frame["start"]), size=size,
        declared=declared, customers=whole,
    )  # fmt: skip


def _widened(
    centre: Array, low: Array, high: Array, *, width: Array, shape: tuple[str, ...]
) -> tuple[Array, Array]:
    """Stretch P10 and P90 about the centre: by ratio where logs are drawn."""
    ratio = np.array([name == "lognormal" for name in shape])
    beta = np.array([name == "beta" for name in shape])
    found = []
    for end in (low, high):
        plain = centre + width * (end - centre)
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = centre * (end / centre) ** width
        stretched = np.where(ratio, logs, plain)
        inside = centre + np.sign(end - centre) * 0.99 * np.where(
            end < centre, centre, 1 - centre
        )
        over = beta & ((stretched <= 0) | (stretched >= 1))
        found.append(np.where(over, inside, stretched))
    return found[0], found[1]


def _filled(initiatives: pd.DataFrame) -> pd.DataFrame:
    """Return the table with defaults where an optional cell is blank."""
    frame = initiatives.reset_index(drop=True).copy()
    for column, value in DEFAULT.items():
        if column not in frame.columns:
            frame[column] = value
        elif column not in {"duration", "start"}:
            frame[column] = frame[column].where(frame[column].notna(), value)
    for name in INPUTS:
        for end in ("_low", "_high"):
            if f"{name}{end}" not in frame.columns:
                frame[f"{name}{end}"] = np.nan
        column, usual = f"{name}_distribution", frame["distribution"]
        if name != "effect":
            usual = pd.Series("normal2", index=frame.index)
        given = frame.get(column, usual)
        frame[column] = given.where(given.notna() & (given.astype(str) != ""), usual)
    return frame


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
