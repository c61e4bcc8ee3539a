"""Users by furthest step: integers from DuckDB, expressions elsewhere; one answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import narwhals as nw
import numpy as np
import pandas as pd

from cxlib.journeys._frames import Frame, Lazy, collect
from cxlib.journeys.flows._attempts import DEPTH, attempts
from cxlib.journeys.flows._depth import ARM, UNIT, population, seen, sizes
from cxlib.journeys.flows._reach import Order, depths
from cxlib.journeys.flows._sequences import (
    MIXED,
    Ints,
    Packing,
    packing,
    sequences,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """What a funnel follows: the steps, the rule and the columns."""

    steps: tuple[str, ...]
    order: Order
    window: timedelta | None
    user: str
    touchpoint: str
    time: str
    variant: str | None


def count_users(
    rows: Lazy, users: Frame | None, path: Path
) -> tuple[pd.DataFrame, int]:
    """Count users by arm and depth (columns arm, depth, n), and those in several."""
    pack = packing(rows, path.time, len(path.steps))
    if pack is not None:
        return _from_arrays(rows, users, path, pack)
    who, mixed = population(rows, users, path.variant, path.user)
    named = rows.with_columns(nw.col(path.user).cast(nw.String()).alias(UNIT))
    each = attempts(
        named, path.steps, keys=[UNIT], touchpoint=path.touchpoint, time=path.time,
        window=path.window, order=path.order,
    )  # fmt: skip
    joined = who.join(each, on=UNIT, how="left").with_columns(
        nw.col(DEPTH).fill_null(0)
    )
    return collect(joined.group_by(ARM, DEPTH).agg(nw.len().alias("n"))), mixed


def _from_arrays(
    rows: Lazy, users: Frame | None, path: Path, pack: Packing
) -> tuple[pd.DataFrame, int]:
    """Count from the users' events in order."""
    who, mixed, arms, size = _arms(rows, users, path)
    own = path.variant if users is None else None
    width = len(path.steps) + 1
    table = np.zeros((len(arms), width), dtype=np.int64)
    parts = sequences(
        rows, who, path.steps, arms, pack, user=path.user, journey=None, variant=own,
        touchpoint=path.touchpoint, time=path.time, others=path.order == "strict",
    )  # fmt: skip
    for part in parts:
        depth = depths(
            part.ends, part.codes, part.times, n_steps=len(path.steps),
            order=path.order, window=pack.units(path.window),
        )  # fmt: skip
        mixed += int((part.arms == MIXED).sum())
        one = part.arms >= 0
        cell = part.arms[one] * width + depth[one]
        table += np.bincount(cell, minlength=table.size).reshape(table.shape)
    if size is not None:
        table[:, 0] += size - table.sum(axis=1)
    flat = [
        (arm, i, int(table[a, i])) for a, arm in enumerate(arms) for i in range(width)
    ]
    found = pd.DataFrame(flat, columns=[ARM, DEPTH, "n"])
    return found[found.groupby(ARM)["n"].transform("sum") > 0], mixed


def _arms(
    rows: Lazy, users: Frame | None, path: Path
) -> tuple[Lazy | None, int, list[str], Ints | None]:
    """Return the users and how many are mixed where known, arms and their sizes."""
    if users is not None:
        who, mixed = population(rows, users, path.variant, path.user)
        known = sizes(who)
        return who, mixed, list(known), np.array(list(known.values()), dtype=np.int64)
    return None, 0, seen(rows, path.variant) if path.variant else ["all"], None
