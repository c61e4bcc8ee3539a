"""Each user's events in order, as arrays: one hash aggregate of DuckDB, read in parts.

An event is one integer, `time << bits | code`, so that a plain sort of integers orders
a journey and nothing but integers leaves the engine.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from cxlib.journeys._frames import Lazy, collect
from cxlib.journeys.flows._depth import ARM, UNIT

Ints = npt.NDArray[np.int64]
PART = 100_000
WIDEST = 62
BLANK, MIXED = -1, -2


@dataclass(frozen=True, slots=True, eq=False)
class Sequences:
    """Some users' events, user after user, each in order.

    Attributes
    ----------
    arms : ndarray of int, shape (n_users,)
        Position among the variants; BLANK without one, MIXED with several.
    ends : ndarray of int, shape (n_users + 1,)
        Where each user's events begin, and where the last one's stop.
    codes : ndarray of int, shape (n_events,)
        Position of the touchpoint; their number where none was meant.
    times : ndarray of int, shape (n_events,)
        In units of the time column, from the first event of all.
    """

    arms: Ints
    ends: Ints
    codes: Ints
    times: Ints


@dataclass(frozen=True, slots=True)
class Packing:
    """How a time becomes an integer: `(epoch - start) << bits`."""

    epoch: str
    start: int
    bits: int

    def units(self, length: timedelta | None) -> int | None:
        """Return a duration in the units of the packed times."""
        if length is None:
            return None
        scale = 1000 if self.epoch.startswith("epoch_ns") else 1
        return length // timedelta(microseconds=1) * scale


def packing(rows: Lazy, time: str, n_codes: int) -> Packing | None:
    """Return how to pack the events, or None where the engine or the span forbids."""
    if not rows.implementation.is_duckdb():
        return None
    kind = rows.collect_schema()[time]
    epoch = "epoch_us(CAST(moment AS TIMESTAMP))"
    if isinstance(kind, nw.Datetime) and kind.time_zone:
        epoch = "epoch_us(moment)"
    elif isinstance(kind, nw.Datetime) and kind.time_unit == "ns":
        epoch = "epoch_ns(moment)"
    ends = nw.from_native(
        rows.select(nw.col(time).alias("moment"))
        .to_native()
        .query("e", f"SELECT min({epoch}) AS low, max({epoch}) AS high FROM e")
    )
    low, high = collect(ends)[["low", "high"]].iloc[0]
    if low is None or np.isnan(low):
        return None
    bits = n_codes.bit_length()
    if (int(high) - int(low) + 1).bit_length() + bits > WIDEST:
        return None
    return Packing(epoch, int(low), bits)


def sequences(
    rows: Lazy, who: Lazy | None, codes: Sequence[str], arms: Sequence[str],
    pack: Packing, *, user: str, variant: str | None, journey: str | None,
    touchpoint: str, time: str, others: bool,
) -> Iterator[Sequences]:  # fmt: skip
    """Yield the users' events in parts.

    Variants come from `who` where given, else from the rows. Events of other
    touchpoints have the code `len(codes)` and are left out unless `others`. With a
    journey, each journey's last event is followed by one of code `len(codes)`.
    """
    renamed = rows.select(
        nw.col(user).alias(UNIT), nw.col(touchpoint).alias("place"),
        nw.col(time).alias("moment"),
        nw.col(variant).alias(ARM) if variant else nw.lit(arms[0]).alias(ARM),
        *([nw.col(journey).alias("journey")] if journey else []),
    )  # fmt: skip
    query = _query(codes, arms, pack, journey, others=others)
    made = renamed.to_native().query("e", query)
    if who is not None:
        lists = nw.from_native(made).select(nw.col(UNIT).cast(nw.String()), "events")
        joined = lists.join(who, on=UNIT).to_native()
        arm = f"CAST({sql_position(arms, ARM)} AS INTEGER)"
        made = joined.query("e", f"SELECT {arm} AS {ARM}, {arm} AS high, events FROM e")
    else:
        made = made.query("e", f"SELECT {ARM}, high, events FROM e")
    for batch in made.to_arrow_reader(PART):
        yield _unpack(batch, pack.bits)


def sql_position(names: Sequence[str], column: str) -> str:
    """SQL of a text's position in a list, null where it is not in it."""
    listed = ", ".join("'" + name.replace("'", "''") + "'" for name in names)
    return f"(list_position([{listed}], {column}) - 1)"


def _query(
    codes: Sequence[str], arms: Sequence[str], pack: Packing, journey: str | None, *,
    others: bool,
) -> str:  # fmt: skip
    """SQL of one row a user: lowest and highest variant, sorted packed events."""
    code = sql_position(codes, "place")
    if others:
        code = f"CASE WHEN place <> '' THEN coalesce({code}, {len(codes)}) END"
    by = f"{UNIT}, journey" if journey else UNIT
    made = (
        f"SELECT {by}, min(arm) AS low, max(arm) AS high, "
        f"list(event) FILTER (event IS NOT NULL) AS events FROM (SELECT {by}, "
        f"CAST({sql_position(arms, ARM)} AS INTEGER) AS arm, "
        f"(({pack.epoch} - {pack.start}) << {pack.bits}) + {code} AS event FROM e) "
        f"GROUP BY {by}"
    )
    if journey is None:
        events = "list_sort(events) AS events"
        return f"SELECT {UNIT}, low AS {ARM}, high, {events} FROM ({made})"
    ended = f"list_append(list_sort(events), {len(codes)})"
    return (
        f"SELECT {UNIT}, min(low) AS {ARM}, max(high) AS high, "
        f"flatten(list({ended})) AS events FROM ({made}) GROUP BY {UNIT}"
    )


def _unpack(batch: pa.RecordBatch, bits: int) -> Sequences:
    """Return one part as arrays."""
    low, high, lists = batch.columns
    several = pc.fill_null(pc.not_equal(low, high), fill_value=False)
    arms = pc.fill_null(low, BLANK).to_numpy(zero_copy_only=False)
    sizes = lists.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
    packed = lists.flatten().to_numpy(zero_copy_only=False)
    return Sequences(
        arms=np.where(several.to_numpy(zero_copy_only=False), MIXED, arms),
        ends=np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)]),
        codes=packed & ((1 << bits) - 1), times=packed >> bits,
    )  # fmt: skip
