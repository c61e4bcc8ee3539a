"""Answers counted where they live, millions of them, in one pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from cxlib import scales
from cxlib.data.frames import Frame, collect, lazy
from cxlib.errors import DataError
from cxlib.estimate.cells import Levels
from cxlib.nps import _display, _words
from cxlib.nps._answers import label
from cxlib.scales import Scale

_SUMS = ["n", "weight", "weight2"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Tally(_display.Told):
    """Valid answers by cell and by what they count.

    Attributes
    ----------
    table : pandas.DataFrame
        One row: asked, blank, invalid, n, cells. Counts of cells are not shown here,
        because small ones may not be; `from_counts` keeps them back.
    cells : pandas.DataFrame
        The labels of each cell, one column a column of `by`.
    levels : Levels
        Counts of each value, a column a cell.
    scale : Scale
    weighted : bool
    """

    cells: pd.DataFrame
    levels: Levels
    scale: Scale
    weighted: bool

    @property
    def text(self) -> str:
        """How many answers, in how many cells, and what was left out."""
        row = self.table.iloc[0]
        by = _words.listing(list(self.cells.columns))
        where = f" in {_words.plural(len(self.cells), 'cell')} of {by}" if by else ""
        return (
            f"{row['n']:,} valid answers{where}; {row['asked']:,} asked, "
            f"{row['blank']:,} blank, {row['invalid']:,} invalid."
        )


def tally(
    responses: Frame,
    by: str | Sequence[str],
    *,
    score: str = "score",
    scale: str | Mapping[str, Any] | Scale = "nps",
    weights: str | None = None,
) -> Tally:
    """Count answers by cell and value with one aggregate, wherever the table lives.

    Use it where the rows are too many to bring to pandas; give the result to
    `from_counts`. For clusters or strata use `nps.by_segment`: which answers belong to
    one customer is gone once they are counted.

    Parameters
    ----------
    responses : any frame that Narwhals takes
        pandas, pyarrow, polars (lazy too), a DuckDB relation, a Spark or Ibis table.
        One row a person asked.
    by : str or sequence of str
        Columns whose combinations are the cells, say segment and wave. Blank names
        are ignored; a blank label is a label of its own.
    score : str
        The answer as given, which takes few values: it is one of the grouping keys.
    scale : str, mapping or Scale
    weights : str, optional
        Positive weights.

    Returns
    -------
    Tally

    Raises
    ------
    DataError
        For a column that is missing, a weight of a valid answer that is not positive,
        or fewer than two valid answers.

    Notes
    -----
    One hash aggregate on (by, score) gives n, sum w and sum w^2 of every value, which
    are all that the score, its linearised variance and Kish's n need. Grouping by the
    answer itself is cheaper than a conditional sum for each class, and leaves the rule
    of the scale, blanks and invalid answers to be worked on a few rows.

    Examples
    --------
    >>> import pandas as pd
    >>> from cxlib import nps
    >>> answers = pd.DataFrame({"score": [10, 9, 3, None], "plan": [*"aabb"]})
    >>> nps.tally(answers, "plan")
    3 valid answers in 2 cells of plan; 4 asked, 1 blank, 0 invalid.
    """
    kept = scales.get(scale)
    columns = list(dict.fromkeys(c for c in ([by] if isinstance(by, str) else by) if c))
    counted = _aggregate(responses, columns, score, weights)
    raw = counted[score]
    values = kept.values(raw)
    valid = np.isfinite(values)
    given = ~(raw.isna() | (raw.astype("str").str.strip() == "")).to_numpy(dtype=bool)
    n = counted["n"].to_numpy(dtype=int)
    head = {
        "asked": int(n.sum()), "blank": int(n[~given].sum()),
        "invalid": int(n[given & ~valid].sum()), "n": int(n[valid].sum()),
    }  # fmt: skip
    if head["n"] < 2:
        raise DataError(
            f"column '{score}' has {head['n']} valid answers on the scale "
            f"{kept.low:g}-{kept.high:g}; an interval needs at least two."
        )
    if weights:
        _positive(counted[valid])
    cells, levels = _levels(counted[valid], columns, values[valid], kept)
    return Tally(
        table=pd.DataFrame([head | {"cells": len(cells)}]), unit=kept.unit, cells=cells,
        levels=levels, scale=kept, weighted=bool(weights),
    )  # fmt: skip


def _aggregate(
    responses: Frame, by: list[str], score: str, weights: str | None
) -> pd.DataFrame:
    """Count rows, and sum their weights, by cell and answer."""
    frame = lazy(responses, [*by, score, weights or ""], "responses")
    sums = [nw.len().alias("n")]
    if weights:
        w = nw.col(weights).cast(nw.Float64())
        frame = frame.with_columns(w.alias("_w"))
        w = nw.col("_w")
        sums += [
            w.sum().alias("weight"), (w * w).sum().alias("weight2"),
            w.min().alias("least"), w.count().alias("n_weight"),
        ]  # fmt: skip
    counted = collect(frame.group_by(*by, score).agg(*sums))
    if weights:
        return counted
    n = counted["n"].astype(float)
    return counted.assign(weight=n, weight2=n)


def _positive(counted: pd.DataFrame) -> None:
    """Raise unless every weight is a positive number."""
    total = counted["weight"].to_numpy(dtype=float, na_value=np.nan)
    least = counted["least"].to_numpy(dtype=float, na_value=np.nan)
    full = counted["n_weight"].to_numpy(dtype=int) == counted["n"].to_numpy(dtype=int)
    bad = ~(full & (least > 0) & np.isfinite(total))
    if bad.any():
        raise DataError(
            f"{int(bad.sum()):,} of {len(bad):,} groups of answers hold weights that "
            "are blank, zero or negative; a weight must be positive: mend the weights, "
            "or drop those rows in the source."
        )


def _levels(
    counted: pd.DataFrame, by: list[str], values: np.ndarray[Any, Any], scale: Scale
) -> tuple[pd.DataFrame, Levels]:
    """Labels of the cells and a (value, cell) array of each sum."""
    named = pd.DataFrame({name: label(counted[name]) for name in by}, counted.index)
    cells = (
        named.drop_duplicates().sort_values(by).reset_index(drop=True)
        if by
        else (pd.DataFrame(index=[0]))
    )
    cell = np.zeros(len(counted), dtype=int)
    if by:
        place = cells.reset_index(names="_cell")
        cell = named.merge(place, on=by, how="left")["_cell"].to_numpy(dtype=int)
    known = {"net": np.array([-1.0, 0.0, 1.0]), "share": np.array([0.0, 1.0])}
    levels = known.get(scale.kind, np.unique(values))
    flat = np.searchsorted(levels, values) * len(cells) + cell
    n, weight, weight2 = (
        np.bincount(flat, counted[name].to_numpy(float), len(levels) * len(cells))
        .astype(float)
        .reshape(len(levels), -1)
        for name in _SUMS
    )
    return cells, Levels(values=levels, n=n, weight=weight, weight2=weight2)
