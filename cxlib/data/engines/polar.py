"""polars: lazy scans of files, on all cores of one machine."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from narwhals.exceptions import ComputeError

from cxlib.data.engines.files import Scanned
from cxlib.data.engines.iso import ISO8601, translated
from cxlib.data.source import Source
from cxlib.errors import DataError

if TYPE_CHECKING:
    import polars as pl

FORMATS = ("csv", "parquet")
ENCODINGS = ("utf-8",)
GROUP = "${{{}}}"
_SPELLED = "%Y-%m-%d %H:%M:%S%.f%#z"


def _polars() -> Any:
    try:
        import polars
    except ImportError:
        raise DataError(
            "engine is 'polars', which is not installed; run pip install polars."
        ) from None
    return polars


def errors() -> tuple[type[Exception], ...]:
    """Return what polars raises."""
    return (_polars().exceptions.PolarsError, ComputeError, OSError)


def open_text(
    files: list[Scanned], names: list[str], sep: str, encoding: str
) -> pl.LazyFrame:
    """Return delimited files as text cells under the given names."""
    polars, _ = _polars(), encoding
    rows: pl.LazyFrame = polars.scan_csv(
        [file.path for file in files], separator=sep, has_header=False, skip_rows=1,
        schema=dict.fromkeys(names, polars.String), glob=False,
    )  # fmt: skip
    return rows


def open_parquet(files: list[Scanned]) -> pl.LazyFrame:
    """Return Parquet files with their own types."""
    rows: pl.LazyFrame = _polars().scan_parquet([f.path for f in files], glob=False)
    return rows


def open_query(source: Source, root: Path | None) -> pl.LazyFrame:
    """Polars has no queries: `FORMATS` keeps callers away."""
    raise NotImplementedError(source.format, root)


def with_dates(
    rows: pl.LazyFrame, dates: Mapping[str, tuple[str, str]]
) -> pl.LazyFrame:
    """Add parsed columns: name -> the column to parse, its format ('' is typed)."""
    added = {new: _date(column, kind) for new, (column, kind) in dates.items()}
    return rows.with_columns(**added)


def numbered(rows: pl.LazyFrame, name: str) -> pl.LazyFrame:
    """Add a text column: 'row 1', 'row 2' and so on."""
    polars = _polars()
    position = polars.int_range(1, polars.len() + 1).cast(polars.String)
    return rows.with_columns((polars.lit("row ") + position).alias(name))


def reason(error: Exception) -> str:
    """Say what went wrong, without the cells that a message may quote."""
    said = (str(error).strip() or type(error).__name__).splitlines()[0]
    if "more fields" in said:
        return "a row has more cells than the header"
    return re.sub(r"'.*'|\".*\"|`.*`", "'…'", said)


def _date(column: str, date_format: str) -> pl.Expr:
    polars = _polars()
    text: pl.Expr = polars.col(column)
    if not date_format:
        return text.cast(polars.Datetime("us"))
    if date_format == "UTC":
        return text.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    if date_format == ISO8601:
        return text.str.to_datetime(
            _SPELLED, strict=False, time_unit="us", time_zone="UTC"
        ).dt.replace_time_zone(None)
    spelled = translated(date_format, {}, engine="polars").replace(".%f", "%.f")
    return text.str.to_datetime(spelled, strict=False, time_unit="us")
