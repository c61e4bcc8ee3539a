"""What a cell of the initiatives may hold, and what is wrong where it does not."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib.errors import Problem
from cxlib.roi.investments.distributions import SHAPES

Array = npt.NDArray[np.float64]
Rule = tuple[str, npt.ArrayLike, str, str]
SCORE, REVENUE, RETAINED, SERVING = "score", "revenue", "retained", "cost_to_serve"
ACTS_ON = (SCORE, REVENUE, RETAINED, SERVING)
INPUTS = {
    "effect": 1.0, "reach": 1.0, "cost": 1.0, "running_cost": 1.0, "ramp": 1 / 12,
    "decay": 1.0, "duration": 1 / 12, "slip": 1 / 12,
}  # fmt: skip
DEFAULT: dict[str, float | str] = {
    "reach": 1.0, "start": np.nan, "slip": 0.0, "duration": np.nan, "ramp": 0.0,
    "decay": 0.0, "running_cost": 0.0, "evidence": "expert", "driver": "",
    "effect_on": SCORE, "segment": "", "group": "", "rho": 1.0, "source": "",
    "owner": "", "distribution": "normal2",
}  # fmt: skip
SHARES = ("effect", "reach", "decay")
_TOP = {"decay": 1.0}
LARGEST = 1e15


def floats(frame: pd.DataFrame, name: str) -> Array:
    """Return a column as numbers, NaN where it holds none."""
    return pd.to_numeric(frame[name], errors="coerce").to_numpy(dtype=float)


def words(frame: pd.DataFrame, name: str) -> tuple[str, ...]:
    """Return a column as text."""
    return tuple(frame[name].astype(str))


def named(frame: pd.DataFrame) -> pd.Series:
    """Return the names as text, empty where blank."""
    given = frame["name"].astype(object)
    return given.where(given.notna(), "").astype(str)


def problems(
    frame: pd.DataFrame,
    customers: float | None,
    size: Array,
    grades: list[str],
    segments: Mapping[str, float] | None,
) -> list[Problem]:
    """Collect every cell that cannot be meant."""
    rules = [
        *_of_names(frame),
        *_of_values(frame, grades),
        *_of_sizes(frame),
        *_of_ranges(frame),
        *_of_shapes(frame),
        *_of_segments(frame, segments),
        *_of_reach(frame, customers, size),
    ]
    names = named(frame)
    return [
        Problem(
            rule=rule, column=column, rows=int(np.sum(bad)), fix=fix,
            examples=tuple(names[np.asarray(bad, dtype=bool)][:3]),
        )
        for column, bad, rule, fix in rules
        if np.any(bad)
    ]  # fmt: skip


def _of_values(frame: pd.DataFrame, grades: list[str]) -> list[Rule]:
    names = ("effect", "effect_low", "effect_high", "decay", "duration")
    effect, low, high, decay, duration = (floats(frame, name) for name in names)
    return [
        ("evidence", ~frame["evidence"].isin(grades),
         f"is none of {', '.join(grades)}", "Grade how the effect is known."),
        ("effect_low", ~(low <= effect), "is blank, or above the effect",
         "Give the P10: the value exceeded nine times in ten."),
        ("effect_high", ~(high >= effect), "is blank, or below the effect",
         "Give the P90: the value exceeded one time in ten."),
        ("effect_on", ~frame["effect_on"].isin(ACTS_ON),
         f"is none of {', '.join(ACTS_ON)}", "Say what the effect is on."),
        ("effect", (frame["effect_on"] == RETAINED) & (np.abs(effect) > 1),
         "is no share of customers", "0.02 keeps two in a hundred more a year."),
        ("reach", ~(floats(frame, "reach") > 0), "is not above zero",
         "Give the share of customers (up to 1) or their number."),
        ("decay", ~((decay >= 0) & (decay < 1)), "is no share between 0 and 1",
         "0.15 loses 15 % of the effect each year."),
        ("duration", duration <= 0, "is not above zero months",
         "Leave it blank for no end."),
        ("rho", ~((floats(frame, "rho") >= 0) & (floats(frame, "rho") <= 1)),
         "is not between 0 and 1", "Give the correlation within the group."),
        *((column, ~(floats(frame, column) >= 0), "is blank or negative", "Mend it.")
          for column in ("cost", "running_cost", "ramp", "slip")),
    ]  # fmt: skip


def _of_names(frame: pd.DataFrame) -> list[Rule]:
    names = named(frame).str.strip()
    twice = names.duplicated() & (names != "")
    return [
        ("name", names == "", "is blank", "Name the initiative."),
        ("name", twice, "is not unique", "Rename one."),
    ]


def _of_sizes(frame: pd.DataFrame) -> list[Rule]:
    columns = [f"{one}{end}" for one in INPUTS for end in ("", "_low", "_high")]
    told = ("is beyond any amount", "Mend it.")
    return [(name, np.abs(floats(frame, name)) > LARGEST, *told) for name in columns]


def _of_ranges(frame: pd.DataFrame) -> list[Rule]:
    """Check the P10 and P90 of every input but the effect, which must have them."""
    rules: list[Rule] = []
    for name in INPUTS:
        if name == "effect":
            continue
        centre, low, high = (floats(frame, f"{name}{e}") for e in ("", "_low", "_high"))
        given = frame[f"{name}_low"].notna() | frame[f"{name}_high"].notna()
        wrong = given.to_numpy() & ~((low <= centre) & (centre <= high))
        outside = (low < 0) | (high >= _TOP.get(name, np.inf))
        rules += [
            (f"{name}_low", wrong, f"and {name}_high do not lie around {name}",
             "Give both: the P10 and the P90."),
            (f"{name}_low", ~wrong & outside, f"to {name}_high has impossible values",
             "Mend the range."),
        ]  # fmt: skip
    return rules


def _of_shapes(frame: pd.DataFrame) -> list[Rule]:
    rules: list[Rule] = []
    for name in INPUTS:
        shape = frame[f"{name}_distribution"]
        low, high = (floats(frame, f"{name}{end}") for end in ("_low", "_high"))
        column = "distribution" if name == "effect" else f"{name}_distribution"
        rules += [
            (column, ~shape.isin(SHAPES), f"is none of {', '.join(SHAPES)}",
             "Name the shape of the input, or leave it blank."),
            (column, (shape == "lognormal") & (low <= 0),
             "is lognormal, and the P10 is not above zero", "Use normal2."),
            (column,
             (shape == "beta") & ((name not in SHARES) | (low <= 0) | (high >= 1)),
             "is beta, and the range is not within 0 to 1", "Use normal2."),
        ]  # fmt: skip
    return rules


def _of_segments(
    frame: pd.DataFrame, segments: Mapping[str, float] | None
) -> list[Rule]:
    if segments is None:
        return []
    aimed = frame["segment"].astype(str)
    return [
        ("segment", (aimed != "") & ~aimed.isin(segments),
         f"is none of {', '.join(segments)}", "Mend it, or value the segment."),
    ]  # fmt: skip


def _of_reach(frame: pd.DataFrame, customers: float | None, size: Array) -> list[Rule]:
    reach = floats(frame, "reach")
    shared = reach <= 1
    most = np.where(shared, 1.0, size)
    rules: list[Rule] = []
    if not customers:
        rules.append(
            ("reach", shared, "is a share, and the number of customers is not known",
             "Set `customers`, or give reach as a number of customers.")
        )  # fmt: skip
        return rules
    for base in np.unique(size):
        over = ((reach > most) | (floats(frame, "reach_high") > most)) & (size == base)
        rules.append(
            ("reach", over, f"is more than the {base:,.0f} customers there are",
             "Mend reach, or set `customers`.")
        )  # fmt: skip
    return rules
