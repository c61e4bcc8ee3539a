"""Columns of the initiatives that say how they may be combined and what they take."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib import _checks
from cxlib.errors import DataError, Problem
from cxlib.roi.choice._scenarios import by_name
from cxlib.roi.investments.draws import Draws
from cxlib.roi.investments.initiatives import P90

Array = npt.NDArray[np.float64]
Pair = tuple[int, int]
_TRUE, _FALSE = {"true", "yes", "1", "1.0", "x"}, {"false", "no", "0", "0.0", "", "nan"}


@dataclass(frozen=True, slots=True)
class Ties:
    """How initiatives hang together: (i, j) of `needs` says that i needs j."""

    needs: tuple[Pair, ...] = ()
    excludes: tuple[Pair, ...] = ()
    must: tuple[int, ...] = ()
    never: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Effort:
    """Draws of the effort of each initiative, and what it is counted in."""

    draws: Array
    unit: str
    given: bool


def read_ties(initiatives: pd.DataFrame | None, names: tuple[str, ...]) -> Ties:
    """Read needs, excludes, must and never; raise DataError with every problem."""
    frame = by_name(initiatives, names)
    problems: list[Problem] = []
    needs = _pairs(frame, "needs", names, problems)
    excludes = _pairs(frame, "excludes", names, problems)
    must, never = (_flags(frame, column, problems) for column in ("must", "never"))
    both = sorted(set(must) & set(never))
    if both:
        problems.append(
            Problem(rule="is also marked never", column="must", rows=len(both),
                    fix="Keep one.", examples=tuple(names[i] for i in both[:3]))
        )  # fmt: skip
    circle = in_circle(needs, len(names))
    if circle:
        problems.append(
            Problem(rule="goes round in a circle", column="needs", rows=len(circle),
                    fix="Break the circle.",
                    examples=tuple(names[i] for i in circle[:3]))
        )  # fmt: skip
    if problems:
        raise DataError("the initiatives cannot be combined.", problems=problems)
    once = dict.fromkeys((min(p), max(p)) for p in excludes)
    return Ties(tuple(needs), tuple(once), must, never)


def _pairs(
    frame: pd.DataFrame, column: str, names: tuple[str, ...], problems: list[Problem]
) -> list[Pair]:
    """Read names separated by ';'; a name that was not simulated is a problem."""
    if column not in frame.columns:
        return []
    found, unknown, own = [], [], []
    for i, cell in enumerate(frame[column].tolist()):
        for word in [] if pd.isna(cell) else str(cell).split(";"):
            other = word.strip()
            if other and other not in names:
                unknown.append(other)
            elif other == names[i]:
                own.append(other)
            elif other:
                found.append((i, names.index(other)))
    if unknown:
        hint = _checks.did_you_mean(unknown[0], names)
        problems.append(
            Problem(rule="names no initiative", column=column, rows=len(unknown),
                    fix=hint[:1].upper() + hint[1:],
                    examples=tuple(unknown[:3]))
        )  # fmt: skip
    if own:
        problems.append(
            Problem(rule="names the initiative itself", column=column, rows=len(own),
                    fix="Leave it out.", examples=tuple(own[:3]))
        )  # fmt: skip
    return list(dict.fromkeys(found))


def _flags(
    frame: pd.DataFrame, column: str, problems: list[Problem]
) -> tuple[int, ...]:
    if column not in frame.columns:
        return ()
    words = ["" if pd.isna(c) else str(c).strip().lower() for c in frame[column]]
    odd = [w for w in words if w not in _TRUE | _FALSE]
    if odd:
        problems.append(
            Problem(rule="is neither yes nor no", column=column, rows=len(odd),
                    fix="Write yes, or leave it blank.", examples=tuple(odd[:3]))
        )  # fmt: skip
    return tuple(i for i, word in enumerate(words) if word in _TRUE)


def in_circle(needs: list[Pair], n: int) -> list[int]:
    """Return the initiatives that need themselves in the end."""
    reach = np.zeros((n, n), dtype=bool)
    for i, j in needs:
        reach[i, j] = True
    for k in range(n):
        reach |= reach[:, [k]] & reach[[k], :]
    return np.flatnonzero(np.diag(reach)).tolist()


def read_effort(
    initiatives: pd.DataFrame | None,
    draws: Draws,
    *,
    unit: str,
    rng: int | np.random.Generator,
) -> Effort:
    """Draw efforts through P10, estimate and P90; the cost where no effort is given.

    A two-piece lognormal: never below zero, its quantiles exactly those given.
    """
    names = draws.names
    frame = by_name(initiatives, names)
    if "effort" not in frame.columns or frame["effort"].isna().all():
        return Effort(draws.cost, f"{draws.currency} of cost".strip(), given=False)
    mid = pd.to_numeric(frame["effort"], errors="coerce").to_numpy(dtype=float)
    ends = []
    for side in ("low", "high"):
        column = f"effort_{side}"
        own = frame.get(column, pd.Series(np.nan, frame.index))
        value = pd.to_numeric(own, errors="coerce").to_numpy(dtype=float)
        ends.append(np.where(np.isnan(value), mid, value))
    _check_effort(mid, ends[0], ends[1], names)
    generator = _checks.generator(rng)
    z = generator.normal(size=(len(names), len(draws.alone))).T
    with np.errstate(divide="ignore"):
        below, above = np.log(mid / ends[0]) / P90, np.log(ends[1] / mid) / P90
    return Effort(mid * np.exp(np.where(z < 0, below, above) * z), unit, given=True)


def _check_effort(mid: Array, low: Array, high: Array, names: tuple[str, ...]) -> None:
    rules = (
        ("effort", ~(mid > 0), "is blank or not above zero",
         "Give it for every initiative, or for none."),
        ("effort_low", ~((low > 0) & ~(low > mid)), "is not between zero and effort",
         "Give the P10."),
        ("effort_high", high < mid, "is below effort", "Give the P90."),
    )  # fmt: skip
    problems = [
        Problem(rule=rule, column=column, rows=int(bad.sum()), fix=fix,
                examples=tuple(n for n, b in zip(names, bad, strict=True) if b)[:3])
        for column, bad, rule, fix in rules
        if bad.any() and (column == "effort" or not (~(mid > 0)).any())
    ]  # fmt: skip
    if problems:
        raise DataError("the efforts cannot be drawn.", problems=problems)


def texts(frame: pd.DataFrame, column: str) -> list[str]:
    """Return a column as words, '' where it is absent or blank."""
    if column not in frame.columns:
        return [""] * len(frame)
    return ["" if pd.isna(cell) else str(cell).strip() for cell in frame[column]]
