"""Each customer's moves as patterns of counts: how the two arms can be permuted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from cxlib.errors import DataError
from cxlib.estimate import Moments
from cxlib.estimate.permutation import Patterns, collapse
from cxlib.journeys._frames import Lazy, collect
from cxlib.journeys.flows._depth import ARM, UNIT
from cxlib.journeys.flows._pairs import END, user_pairs
from cxlib.journeys.flows._walk import AT, PLACE, RANK, START, TRIP, Walk, ranked

OTHER, ROW = "(other)", "row"


@dataclass(frozen=True, slots=True, eq=False)
class Moves:
    """One row a customer and move, and what the codes mean.

    Attributes
    ----------
    entries : pandas.DataFrame
        row (customer), column (move), x (times).
    arm : pandas.Series
        Variant of each customer, by row.
    kinds : pandas.DataFrame
        from, to; one row a column.
    """

    entries: pd.DataFrame
    arm: pd.Series
    kinds: pd.DataFrame


def moves(walked: Walk) -> Moves:
    """Count every customer's moves, the start and customers without events included."""
    who = walked.who.with_row_index(ROW, order_by=UNIT)
    made = user_pairs(
        walked.rows.drop(ARM), who, user=UNIT, journey=TRIP, touchpoint=PLACE,
        time=AT,
    )  # fmt: skip
    first = ranked(walked.rows).filter(nw.col(RANK) == 1)
    starts = first.group_by(UNIT, PLACE).agg(nw.len().cast(nw.Float64()).alias("x"))
    begun = starts.join(who, on=UNIT, how="inner").select(
        ROW, nw.lit(START).alias("from"), nw.col(PLACE).alias("to"), "x"
    )
    both = [_coded(part.select(ROW, "from", "to", "x")) for part in (begun, made)]
    arm = collect(who.select(ROW, ARM).sort(ROW))[ARM]
    seen = np.zeros(len(arm), dtype=bool)
    seen[both[0][ROW]] = True
    idle = pd.DataFrame(
        {ROW: np.flatnonzero(~seen), "from": START, "to": END, "x": 1.0}
    )
    found = pd.concat([*both, idle.astype({"from": "category", "to": "category"})])
    start, to = (pd.Categorical(found[name]) for name in ("from", "to"))
    wide = len(to.categories)
    cell = start.codes.astype(np.int64) * wide + to.codes
    codes, column = np.unique(cell, return_inverse=True)
    kinds = pd.DataFrame(
        {"from": start.categories[codes // wide], "to": to.categories[codes % wide]}
    )
    entries = pd.DataFrame({ROW: found[ROW].to_numpy(), "column": column})
    return Moves(entries.assign(x=found["x"].to_numpy()), arm, kinds)


def _coded(rows: Lazy) -> pd.DataFrame:
    """Collect with the touchpoints as categories."""
    table = rows.collect("pyarrow").to_native()
    coded = {
        name: pc.dictionary_encode(table[name].cast(pa.string()))
        for name in ("from", "to")
    }
    frame: pd.DataFrame = pa.table(
        {ROW: table[ROW], **coded, "x": table["x"]}
    ).to_pandas()
    return frame


def between(
    found: Moves, control: str, treatment: str, *, min_n: int, rare: int
) -> tuple[Patterns, pd.DataFrame]:
    """Return the patterns of two arms, and from and to of their columns.

    The last columns, with a blank "to", tell whether a customer came to a touchpoint.

    Moves made by fewer than `rare` customers of both arms together become one move to
    "(other)"; touchpoints left by fewer than twice `min_n` customers are not looked
    at. Both rules ignore the arm, as a permutation must.
    """
    arm = found.arm.to_numpy()
    inside = np.flatnonzero((arm == control) | (arm == treatment))
    place = np.full(len(arm), -1)
    place[inside] = np.arange(len(inside))
    entries = found.entries[place[found.entries["row"]] >= 0]
    users = np.bincount(entries["column"], minlength=len(found.kinds))
    few = users < rare
    kinds = found.kinds.assign(to=found.kinds["to"].where(~few, OTHER))
    start = pd.Index(sorted(set(kinds["from"])))
    group = start.get_indexer(kinds["from"])
    leaving = entries.assign(group=group[entries["column"]])
    reached = leaving.drop_duplicates(["row", "group"])["group"]
    left = np.bincount(reached, minlength=len(start))
    kept = kinds[left[group] >= 2 * min_n].drop_duplicates(ignore_index=True)
    _enough(kept, f"{2 * min_n:,} users of {control} and {treatment}")
    code = pd.MultiIndex.from_frame(kept).get_indexer(pd.MultiIndex.from_frame(kinds))
    entries = entries.assign(column=code[entries["column"]])
    entries = entries[entries["column"] >= 0]
    summed = entries.groupby(["row", "column"], sort=False)["x"].sum().reset_index()
    came, touched = _reached(leaving, start, rare, len(kept))
    both = pd.concat([summed, came])
    columns = pd.concat([kept, touched], ignore_index=True)
    group = np.append(pd.factorize(kept["from"])[0], np.full(len(touched), -1))
    patterns = collapse(
        place[both["row"]], both["column"], both["x"],
        treated=arm[inside] == treatment, group=group,
    )  # fmt: skip
    return patterns, columns


def _enough(kept: pd.DataFrame, who: str) -> None:
    """Raise where no touchpoint is left by enough customers."""
    if kept.empty:
        raise DataError(
            f"no touchpoint is left by {who} together; lower `min_n`, or wait for more "
            "users."
        )


def _reached(
    leaving: pd.DataFrame, start: pd.Index, rare: int, after: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return who came to each touchpoint of which `rare` customers or more know."""
    came = leaving[["row", "group"]].drop_duplicates()
    many = np.bincount(came["group"], minlength=len(start)) >= rare
    chosen = np.flatnonzero(many & (start != START))
    code = np.full(len(start), -1)
    code[chosen] = after + np.arange(len(chosen))
    came = came.assign(column=code[came["group"]], x=1.0)
    touched = pd.DataFrame({"from": start[chosen], "to": ""})
    return came.loc[came["column"] >= 0, ["row", "column", "x"]], touched


def places(walked: Walk, steps: Sequence[str]) -> dict[str, float]:
    """Return where touchpoints stand on the way: declared order, else mean rank.

    The rank is that of a customer's first event there among all his events, averaged
    over both arms; declared steps come first.
    """
    events = ranked(walked.rows, by=(UNIT,))
    first = events.group_by(UNIT, PLACE).agg(nw.col(RANK).min())
    mean = collect(first.group_by(PLACE).agg(nw.col(RANK).mean()).sort(RANK, PLACE))
    order = [*steps, *(name for name in mean[PLACE] if name not in set(steps))]
    return {START: 0.0} | {name: float(i) for i, name in enumerate(order, start=1)}


def sums(patterns: Patterns, weight: npt.NDArray[np.int64]) -> list[Moments]:
    """Return the moments of (times, departures) of each column over one arm's users."""
    counts, w, own = patterns.counts, weight.astype(float), patterns.base
    x, d, xx, xd, dd = (
        np.asarray(part.T @ w, dtype=float)
        for part in (
            counts, own, counts.multiply(counts), counts.multiply(own),
            own.multiply(own),
        )
    )  # fmt: skip
    n = int(weight.sum())
    return [
        Moments.from_sums(n, [x[k], d[k]], [[xx[k], xd[k]], [xd[k], dd[k]]])
        for k in range(len(x))
    ]
