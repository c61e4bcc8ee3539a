"""Open any frame as a lazy Narwhals frame; collect aggregates only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

import narwhals as nw
import pandas as pd

from cxlib import _checks
from cxlib.errors import DataError

Frame: TypeAlias = Any
"""A pandas, polars or pyarrow table, a DuckDB relation, any frame of Narwhals."""
Lazy: TypeAlias = "nw.LazyFrame[Any]"


def lazy(frame: Frame, names: Iterable[str], table: str) -> Lazy:
    """Return the named columns of a frame as a lazy frame.

    An eager table becomes a DuckDB relation, so every input meets one engine or its
    own; a lazy one stays where it lives. The way leads through Arrow, because DuckDB
    2.0 fails on a pandas frame whose arrays run backwards (`frame.iloc[::-1]`).
    """
    opened = frame if isinstance(frame, nw.LazyFrame) else nw.from_native(frame)
    wanted = list(dict.fromkeys(name for name in names if name))
    present = opened.collect_schema().names()
    for name in wanted:
        if name not in present:
            hint = _checks.did_you_mean(name, present)
            raise DataError(f"column '{name}' is not in {table}; {hint}")
    opened = opened.select(*wanted)
    if isinstance(opened, nw.LazyFrame):
        return opened
    arrow: nw.DataFrame[Any] = nw.from_native(opened.to_arrow(), eager_only=True)
    return arrow.lazy("duckdb")


def collect(frame: Lazy) -> pd.DataFrame:
    """Bring an aggregate to pandas; Spark's way leads through Arrow.

    Spark's own way to pandas warns of pandas 3 (pyspark 4.3).
    """
    by_arrow = frame.implementation.is_pyspark()
    return frame.collect("pyarrow" if by_arrow else "pandas").to_pandas()
