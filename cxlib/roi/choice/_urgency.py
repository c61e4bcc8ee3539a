"""How the value of an initiative goes while it waits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib.errors import DataError, Problem
from cxlib.roi.choice._columns import texts
from cxlib.roi.choice._scenarios import by_name
from cxlib.roi.investments.draws import Draws

Array = npt.NDArray[np.float64]
URGENCIES = ("linear", "deadline", "decay")
QUARTER, KNOTS = 13.0, 6


@dataclass(frozen=True, slots=True, eq=False)
class Urgency:
    """Kind of each initiative, and its deadline or half-life in weeks."""

    kind: tuple[str, ...]
    deadline: Array


def read_urgency(initiatives: pd.DataFrame | None, names: tuple[str, ...]) -> Urgency:
    """Read urgency and deadline; raise DataError with every problem."""
    frame = by_name(initiatives, names)
    kind = [word.lower() or "linear" for word in texts(frame, "urgency")]
    given = frame.get("deadline", pd.Series(np.nan, frame.index))
    deadline = pd.to_numeric(given, errors="coerce").to_numpy(dtype=float)
    odd = np.array([word not in URGENCIES for word in kind])
    timed = np.array([word in {"deadline", "decay"} for word in kind])
    rules = (
        ("urgency", odd, f"is none of {', '.join(URGENCIES)}", "Mend it, or leave it "
         "blank for linear.", [kind[i] for i in np.flatnonzero(odd)]),
        ("deadline", timed & ~(deadline > 0), "is blank or not above zero weeks",
         "Give the weeks until the deadline, or in which half the value is gone.",
         [names[i] for i in np.flatnonzero(timed & ~(deadline > 0))]),
    )  # fmt: skip
    problems = [
        Problem(rule=rule, column=column, rows=int(bad.sum()), fix=fix,
                examples=tuple(seen[:3]))
        for column, bad, rule, fix, seen in rules if bad.any()
    ]  # fmt: skip
    if problems:
        raise DataError("the urgencies cannot be meant.", problems=problems)
    return Urgency(tuple(kind), deadline)


def weekly(draws: Draws, urgency: Urgency, weeks: float) -> Array:
    """Return draws of what a week of delay costs, shape (draws, initiatives).

    Linear: what a delay of `weeks` costs, a week. Deadline: the NPV over the weeks left
    for it. Decay: the first week's loss at the half-life, of the benefits.
    """
    found = np.empty_like(draws.alone)
    kind = np.array(urgency.kind)
    if (kind == "linear").any():
        lost = (draws.alone - draws.delayed(weeks)) / weeks
        found[:, kind == "linear"] = lost[:, kind == "linear"]
    timed = kind == "deadline"
    found[:, timed] = draws.alone[:, timed] / urgency.deadline[timed]
    fades = kind == "decay"
    benefit = (draws.alone + draws.cost)[:, fades]
    found[:, fades] = benefit * np.log(2) / urgency.deadline[fades]
    return found


def curves(draws: Draws, urgency: Urgency, longest: float) -> tuple[Array, Array]:
    """Return weeks, and the mean cost of waiting them, shape (initiatives, weeks).

    Linear follows the simulation itself. A deadline that is missed costs the mean NPV
    where that is above zero, since the initiative is then not done.
    """
    kind = np.array(urgency.kind)
    knots = np.linspace(0.0, max(longest, QUARTER), KNOTS)
    ends = urgency.deadline[kind == "deadline"]
    weeks = np.unique(np.concatenate([knots, ends, ends * (1 + 1e-9) + 1e-9]))
    found = np.zeros((len(kind), len(weeks)))
    if (kind == "linear").any():
        mean = draws.alone.mean(axis=0)
        lost = np.stack([mean - draws.delayed(w).mean(axis=0) for w in knots], axis=1)
        for i in np.flatnonzero(kind == "linear"):
            found[i] = np.interp(weeks, knots, lost[i])
    value = draws.alone.mean(axis=0)
    benefit = value + draws.cost.mean(axis=0)
    for i in np.flatnonzero(kind == "deadline"):
        found[i] = np.where(weeks > urgency.deadline[i], max(value[i], 0.0), 0.0)
    for i in np.flatnonzero(kind == "decay"):
        found[i] = benefit[i] * (1 - 0.5 ** (weeks / urgency.deadline[i]))
    return weeks, found
