"""Apache Spark: for tables that have outgrown one machine."""

from __future__ import annotations

import os
import re
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cxlib.data.engines.files import Scanned
from cxlib.data.engines.iso import ISO8601, translated
from cxlib.data.source import Source
from cxlib.errors import DataError

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

FORMATS = ("csv", "parquet", "table")
ENCODINGS = ("utf-8", "latin-1")
GROUP = "${}"
TORN = "cx torn row"
_CODES = {
    "%Y": "yyyy", "%m": "M", "%d": "d", "%H": "H", "%I": "h", "%M": "m", "%S": "s",
    "%f": "[SSSSSS][SSSSS][SSSS][SSS][SS][S]", "%p": "a", "%b": "MMM", "%B": "MMMM",
    "text": "'{}'",
}  # fmt: skip
_TWICE = {"%m": "MM", "%d": "dd", "%H": "HH", "%I": "hh", "%M": "mm", "%S": "ss"}
_SHUFFLES = "spark.sql.shuffle.partitions"
_PANDAS = "PySpark does not yet fully support pandas"
_LOCAL = {"spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false"}


def session() -> SparkSession:
    """Return the running session, else start one as SPARK_* and its files configure.

    One that is started here comes without web page and progress bar, on every core of
    this machine unless a master is configured; on one machine, with fewer shuffle
    partitions than a cluster needs.

    Raises
    ------
    DataError
        Without pyspark or Java.
    """
    advice = "install both with `make spark`."
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise DataError(f"engine is 'spark' and pyspark is missing; {advice}") from None
    warnings.filterwarnings("ignore", _PANDAS, FutureWarning)
    running = SparkSession.getActiveSession()
    if running is not None:
        return running
    builder = SparkSession.builder.appName("cx-workbook")
    for key, value in _LOCAL.items():
        builder = builder.config(key, value)
    with _quiet() as said:
        try:
            started: SparkSession = builder.getOrCreate()
        except Exception as error:
            said.seek(0)
            lines = said.read().decode(errors="replace").strip().splitlines()
            why = lines[-1] if lines else str(error)
            raise DataError(
                f"engine is 'spark' and it does not start ({why}); it needs pyspark "
                f"and Java 17 or newer: {advice}"
            ) from None
    started.sparkContext.setLogLevel("ERROR")
    small = str(started.sparkContext.master).startswith("local")
    if small and started.conf.get(_SHUFFLES) == "200":
        started.conf.set(_SHUFFLES, str(2 * started.sparkContext.defaultParallelism))
    return started


def errors() -> tuple[type[Exception], ...]:
    """Return what Spark raises."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    return (PySparkException, Py4JError)


def open_text(
    files: list[Scanned], names: list[str], sep: str, encoding: str
) -> DataFrame:
    """Return delimited files as text cells under the given names.

    Spark drops the cells that a row has too many; the column `TORN` keeps such rows
    whole, so that they can be counted.
    """
    from pyspark.sql.types import StringType, StructField, StructType

    fields = [StructField(name, StringType()) for name in [*names, TORN]]
    return session().read.csv(
        [file.path.as_uri() for file in files], schema=StructType(fields), sep=sep,
        header=True, quote='"', escape='"', encoding=encoding, mode="PERMISSIVE",
        multiLine=any(file.quoted_lines for file in files),
        columnNameOfCorruptRecord=TORN, enforceSchema=True,
    )  # fmt: skip


def open_parquet(files: list[Scanned]) -> DataFrame:
    """Return Parquet files with their own types."""
    reader = session().read.option("mergeSchema", "true")
    return reader.parquet(*[file.path.as_uri() for file in files])


def open_query(source: Source, root: Path | None) -> DataFrame:
    """Return what a query finds in Spark's catalogue."""
    _ = root
    return session().sql(source.query.strip().rstrip(";"))


def with_dates(rows: DataFrame, dates: Mapping[str, tuple[str, str]]) -> DataFrame:
    """Add parsed columns: name -> the column to parse, its format ('' is typed)."""
    added = {new: _date(column, kind) for new, (column, kind) in dates.items()}
    return rows.withColumns(added)


def numbered(rows: DataFrame, name: str) -> DataFrame:
    """Add a text column that differs from row to row ('row 1', 'row 8589934593')."""
    from pyspark.sql.functions import expr

    unique = "'row ' || cast(monotonically_increasing_id() + 1 as string)"
    return rows.withColumn(name, expr(unique))


def reason(error: Exception) -> str:
    """Say what went wrong, without the cells that a message may quote."""
    said = (str(error).strip() or type(error).__name__).splitlines()[0]
    return re.sub(r"'.*'|\".*\"", "'…'", said)


def _date(column: str, date_format: str) -> Column:
    from pyspark.sql import functions as sql

    cells = sql.col("`" + column.replace("`", "``") + "`")
    if not date_format:
        return cells.cast("timestamp_ntz")
    if date_format == "UTC":
        instant = cells
    elif date_format == ISO8601:
        instant = cells.try_cast("timestamp")
    else:
        codes = _CODES | _TWICE if re.search(r"%.%", date_format) else _CODES
        spelled = translated(date_format, codes, engine="spark")
        zoned = sql.concat(cells, sql.lit(" Z"))
        instant = sql.try_to_timestamp(zoned, sql.lit(f"{spelled} X"))
    start = sql.lit("1970-01-01 00:00:00").cast("timestamp_ntz")
    return sql.timestamp_add("MICROSECOND", sql.unix_micros(instant), start)


@contextmanager
def _quiet() -> Iterator[Any]:
    """Keep what Java says while it starts out of the report."""
    with tempfile.TemporaryFile() as said:
        kept = os.dup(2)
        os.dup2(said.fileno(), 2)
        try:
            yield said
        finally:
            os.dup2(kept, 2)
            os.close(kept)
