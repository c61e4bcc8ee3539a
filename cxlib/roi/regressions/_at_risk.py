"""Customers as spells at risk: who counts, who is left out, what is refused."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib import _checks
from cxlib.errors import DataError
from cxlib.estimate.cox import Spells, Ties
from cxlib.result import Assumption
from cxlib.roi import _words
from cxlib.roi.regressions._long import is_binary
from cxlib.roi.regressions._spec import numeric
from cxlib.roi.regressions.separation import separation

Array = npt.NDArray[np.float64]
MIN_EVENTS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The columns of a survival regression."""

    event: str
    tenure: str
    entry: str
    score: str
    drivers: tuple[str, ...]
    cluster: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AtRisk:
    """Rows at risk; `blank` and `no_time` count the rows left out, and why."""

    spells: Spells
    names: list[str]
    codes: npt.NDArray[np.int64]
    blank: int
    no_time: int
    tenure: str

    @property
    def left_out(self) -> tuple[Assumption, ...]:
        """Say which rows are not in it."""
        found = []
        if self.no_time:
            text = (
                f"Nothing hangs on {self.no_time:,} rows still there as their "
                f"{_words.plain(self.tenure)} begins: at risk for no time, left out."
            )
            found.append(Assumption(text=text, quality="high", impact="low"))
        if self.blank:
            text = f"Nothing hangs on {self.blank:,} rows with a blank, left out."
            found.append(Assumption(text=text, quality="medium", impact="medium"))
        return tuple(found)


def at_risk(
    customers: pd.DataFrame, asked: Asked, *, horizon: float, ties: Ties
) -> AtRisk:
    """Read the columns, leave out rows that say nothing, refuse what cannot be meant.

    Raises
    ------
    DataError
        See `survival`.
    """
    used = [asked.event, asked.tenure, asked.score, *asked.drivers]
    used += [name for name in (asked.entry, asked.cluster) if name]
    _checks.columns(customers, used, "customers")
    rows = customers[list(dict.fromkeys(used))].dropna().reset_index(drop=True)
    blank = len(customers) - len(rows)
    left, begun, ends = _times(rows, asked)
    seen = ends > begun
    rows, left, begun, ends = rows[seen], left[seen], begun[seen], ends[seen]
    if not is_binary(left):
        raise DataError(
            f"'{asked.event}' does not hold both 0 (still there) and 1 (left) and "
            "nothing else."
        )
    x, names = _columns(rows, (asked.score, *asked.drivers))
    spells = Spells(begun, ends, left == 1, x, ties)
    _check(spells, asked, horizon, left_out=len(customers) - len(rows))
    codes = np.arange(len(rows))
    if asked.cluster:
        codes = pd.factorize(rows[asked.cluster])[0].astype(np.int64)
        if codes.max() < 2:
            raise DataError(
                f"{codes.max() + 1} clusters of '{asked.cluster}': clustered errors "
                "need 3 at the very least, and 20 to be trusted."
            )
    return AtRisk(
        spells=spells, names=names, codes=codes, blank=blank,
        no_time=int((~seen).sum()), tenure=asked.tenure,
    )  # fmt: skip


def _times(rows: pd.DataFrame, asked: Asked) -> tuple[Array, Array, Array]:
    """Return who left, and when each row begins and ends."""
    left = _number(rows, asked.event, "make it 1 where the customer left, else 0")
    ends = _number(rows, asked.tenure, "give a length of time")
    begun = np.zeros(len(rows))
    if asked.entry:
        begun = _number(rows, asked.entry, "give a length of time")
    late = int((ends < begun).sum())
    sudden = int(((ends == begun) & (left == 1)).sum())
    after = f"`{asked.entry}`" if asked.entry else "0"
    if late:
        raise DataError(
            f"{late:,} of {len(rows):,} rows have a `{asked.tenure}` before {after}: "
            "a customer is not seen to the end before they are seen. Mend them."
        )
    if sudden:
        raise DataError(
            f"{sudden:,} of {len(rows):,} rows left at a `{asked.tenure}` that is not "
            f"after {after}: nobody is at risk for no time. Drop them, or count the "
            "period begun."
        )
    return left, begun, ends


def _number(rows: pd.DataFrame, name: str, mend: str) -> Array:
    if not numeric(rows, name):
        seen = sorted(rows[name].astype(str).unique())[:3]
        texts = ", ".join(f"'{one}'" for one in seen)
        raise DataError(
            f"column '{name}' is text and a number is needed ({texts}): {mend}."
        )
    values = rows[name].to_numpy(dtype=float)
    endless = int((~np.isfinite(values)).sum())
    if endless:
        raise DataError(f"{endless:,} rows of '{name}' are not finite: mend them.")
    return values


def _columns(rows: pd.DataFrame, names: tuple[str, ...]) -> tuple[Array, list[str]]:
    """Return numbers as they are, text as one 0/1 column a level but the first."""
    found: dict[str, Array] = {}
    for at, name in enumerate(names):
        if at == 0 or numeric(rows, name):
            found[name] = _number(rows, name, "recode it, or name another column")
            continue
        text = rows[name].astype("string")
        found |= {
            f"{name}: {one}": (text == one).to_numpy(dtype=float)
            for one in sorted(text.unique())[1:]
        }
    flat = [name for name, values in found.items() if np.ptp(values) == 0]
    if flat:
        raise DataError(f"'{flat[0]}' has the same value in every row: leave it out.")
    return np.column_stack(list(found.values())), list(found)


def _check(spells: Spells, asked: Asked, horizon: float, *, left_out: int) -> None:
    events, event, score = int(spells.event.sum()), asked.event, asked.score
    if events < MIN_EVENTS:
        raise DataError(
            f"{events} customers left among {len(spells.exit):,} complete rows "
            f"({left_out:,} were left out); a hazard needs {MIN_EVENTS}."
        )
    found = separation(spells.x[:, 0], spells.event)
    if found.kind != "none":
        raise DataError(
            f"'{score}' separates '{event}' ({found.kind} separation), so a hazard "
            f"ratio would say how the score was made. {event} by score: {found.detail}."
        )
    last = float(spells.exit[spells.event].max())
    if horizon > float(spells.exit.max()):
        raise DataError(
            f"`horizon` is {horizon:g} and no customer is seen beyond a tenure of "
            f"{spells.exit.max():g} (the last left at {last:g}); set it lower."
        )
