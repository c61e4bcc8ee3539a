"""Sums over users of their moves: integers from DuckDB, expressions elsewhere."""

from __future__ import annotations

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
    seen,
    sizes,
)
from cxlib.journeys.flows._pairs import END, user_pairs
from cxlib.journeys.flows._sequences import MIXED, Packing, packing, sequences
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
    codes = seen(rows, columns.touchpoint)
    pack = packing(rows, columns.time, len(codes)) if len(codes) <= MOST else None
    if users is None and pack is not None:
        arms = seen(rows, columns.variant)
        total, counted, mixed = _from_arrays(rows, None, codes, arms, pack, columns)
        n = {arm: int(k) for arm, k in zip(arms, counted, strict=True) if k}
        return _tidy(total, codes, arms), n, mixed
    who, mixed = population(rows, users, columns.variant, columns.user)
    size = sizes(who)
    if pack is None:
        return _from_expressions(rows, who, columns), size, mixed
    arms = list(size)
    total, _, _ = _from_arrays(rows, who, codes, arms, pack, columns)
    return _tidy(total, codes, arms), size, mixed


def _from_arrays(
    rows: Lazy, who: Lazy | None, codes: list[str], arms: list[str], pack: Packing,
    columns: Columns,
) -> tuple[Array, Array, int]:  # fmt: skip
    """Return the sums by arm, users by arm, and users in several."""
    total = np.zeros((len(SUMS), len(arms), len(codes), len(codes) + 1))
    counted, mixed = np.zeros(len(arms)), 0
    for part in sequences(
        rows, who, codes, arms, pack, user=columns.user, journey=columns.journey,
        variant=columns.variant if who is None else None,
        touchpoint=columns.touchpoint, time=columns.time, others=False,
    ):  # fmt: skip
        total += sums(
            part.ends, part.codes, part.arms, n_codes=len(codes), n_arms=len(arms)
        )
        counted += np.bincount(part.arms[part.arms >= 0], minlength=len(arms))
        mixed += int((part.arms == MIXED).sum())
    return total, counted, mixed


def _tidy(total: Array, codes: list[str], arms: list[str]) -> pd.DataFrame:
    """Return one row a move that was made."""
    arm, start, to = np.nonzero(total[0])
    names = np.array([*codes, END], dtype=object)
    keys = {ARM: np.array(arms, dtype=object)[arm], "from": names[start]}
    values = dict(zip(SUMS, total[:, arm, start, to], strict=True))
    table = pd.DataFrame(keys | {"to": names[to]} | values)
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


def leaving(pairs: pd.DataFrame) -> pd.DataFrame:
    """Return users, departures d and their squares dd, by arm and touchpoint.

    A user's moves from a touchpoint add up to the departures: x / d to one, x d to d
    squared.
    """
    keys = [ARM, "from"]
    found = pairs.groupby(keys)[["parts", "x", "xd"]].sum().reset_index()
    found = found.rename(columns={"parts": "users", "x": "d", "xd": "dd"})
    return found.assign(users=found["users"].round())
