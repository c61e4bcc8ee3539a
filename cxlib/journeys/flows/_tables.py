"""Sums over users of their moves: integers from DuckDB, expressions elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib.journeys._frames import Frame, Lazy, collect
from cxlib.journeys.flows._depth import (
    ARM,
    UNIT,
    placed,
    population,
    seen_touchpoints,
    sizes,
)
from cxlib.journeys.flows._pairs import END, user_pairs
from cxlib.journeys.flows._sequences import MIXED, Sequences, packing, sequences
from cxlib.journeys.flows._sums import SUMS, sums

KEYS = [ARM, "from", "to"]
MOST = 300
Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of an event log."""

    user: str
    journey: str | None
    touchpoint: str
    time: str
    variant: str


def sum_moves(
    rows: Lazy, users: Frame | None, columns: Columns
) -> tuple[pd.DataFrame, dict[str, int], int]:
    """Return sums over users by arm, from and to; users by arm; users in several.

    The sums are of x, the times a user made the move, and d, the user's departures:
    users, x, xx, xd, always (x = d) and parts (x / d).
    """
    codes = seen_touchpoints(rows, columns.touchpoint)
    pack = packing(rows, columns.time, len(codes)) if len(codes) <= MOST else None
    who, mixed, size = None, 0, {}
    if users is not None or pack is None:
        who, mixed = population(rows, users, columns.variant, columns.user)
        size = sizes(who)
    if pack is None and who is not None:
        return _from_expressions(rows, who, columns), size, mixed
    if pack is None:
        raise RuntimeError
    parts = sequences(
        rows, who, codes, pack, user=columns.user, journey=columns.journey,
        variant=columns.variant if who is None else None,
        touchpoint=columns.touchpoint, time=columns.time, others=False,
    )  # fmt: skip
    total, seen = _add(parts, len(codes))
    mixed += seen.pop(MIXED, 0)
    size = size or {str(name): n for name, n in sorted(seen.items())}
    return _tidy(total, codes), size, mixed


def _add(
    parts: Iterable[Sequences], n_codes: int
) -> tuple[dict[str, Array], Counter[str | int]]:
    """Add up the parts by arm; count their users by arm, and those in several."""
    total: dict[str, Array] = {}
    seen: Counter[str | int] = Counter()
    for part in parts:
        n = len(part.names)
        found = sums(part.ends, part.codes, part.arms, n_codes=n_codes, n_arms=n)
        counted = np.bincount(part.arms[part.arms >= 0], minlength=n)
        seen[MIXED] += int((part.arms == MIXED).sum())
        for i, name in enumerate(part.names):
            seen[name] += int(counted[i])
            total[name] = total.get(name, 0.0) + found[:, i]
    return total, seen


def _tidy(total: dict[str, Array], codes: Sequence[str]) -> pd.DataFrame:
    """Return one row a move that was made."""
    names = np.array([*codes, END], dtype=object)
    tables = []
    for arm in sorted(total):
        start, to = np.nonzero(total[arm][0])
        values = dict(zip(SUMS, total[arm][:, start, to], strict=True))
        keys = {ARM: arm, "from": names[start], "to": names[to]}
        tables.append(pd.DataFrame(keys | values))
    table = pd.concat(tables) if tables else pd.DataFrame(columns=[*KEYS, *SUMS])
    return table.sort_values(KEYS, ignore_index=True)


def _from_expressions(rows: Lazy, who: Lazy, columns: Columns) -> pd.DataFrame:
    """Return the same sums from expressions that every engine runs."""
    made = user_pairs(
        placed(rows, columns.touchpoint, columns.time), who, user=columns.user,
        journey=columns.journey, touchpoint=columns.touchpoint, time=columns.time,
    )  # fmt: skip
    x, d = nw.col("x"), nw.col("d")
    made = made.with_columns(x.sum().over(UNIT, "from").alias("d")).with_columns(
        xx=x * x, xd=x * d, parts=x / d, always=nw.when(x == d).then(1.0).otherwise(0.0)
    )
    summed = [nw.col(name).sum() for name in SUMS[1:]]
    found = collect(made.group_by(*KEYS).agg(nw.len().alias("users"), *summed))
    return found.sort_values(KEYS, ignore_index=True)[[*KEYS, *SUMS]]


def departures(pairs: pd.DataFrame) -> pd.DataFrame:
    """Return users, departures d and their squares dd, by arm and touchpoint.

    A user's moves from a touchpoint add up to the departures: x / d to one, x d to d
    squared.
    """
    keys = [ARM, "from"]
    found = pairs.groupby(keys)[["parts", "x", "xd"]].sum().reset_index()
    found = found.rename(columns={"parts": "users", "x": "d", "xd": "dd"})
    return found.assign(users=found["users"].round())
