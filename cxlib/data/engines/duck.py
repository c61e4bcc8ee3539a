"""DuckDB: the rows stay in the file and are worked out of memory."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

import duckdb

from cxlib.data.engines.files import Scanned
from cxlib.data.engines.iso import ISO8601, translated
from cxlib.data.source import Source
from cxlib.paths import project_root, resolve

FORMATS = ("csv", "parquet", "duckdb")
ENCODINGS = ("utf-8", "latin-1")
GROUP = "\\{}"


def errors() -> tuple[type[Exception], ...]:
    """Return what DuckDB raises."""
    return (duckdb.Error,)


def open_text(
    files: list[Scanned], names: list[str], sep: str, encoding: str
) -> duckdb.DuckDBPyRelation:
    """Return delimited files as text cells under the given names."""
    columns = ", ".join(f"{_quoted(name)}: 'VARCHAR'" for name in names)
    parallel = not any(file.quoted_lines for file in files)
    return _default().sql(
        f"SELECT * FROM read_csv({_paths(files)}, header = true, delim = "
        f"{_quoted(sep)}, quote = '\"', escape = '\"', auto_detect = false, columns = "
        f"{{{columns}}}, null_padding = true, parallel = {str(parallel).lower()}, "
        f"encoding = {_quoted(encoding)})"
    )


def open_parquet(files: list[Scanned]) -> duckdb.DuckDBPyRelation:
    """Return Parquet files with their own types."""
    return _default().sql(
        f"SELECT * FROM read_parquet({_paths(files)}, union_by_name = true)"
    )


def open_query(source: Source, root: Path | None) -> duckdb.DuckDBPyRelation:
    """Return what a query finds, kept in a temporary table that may spill to disk.

    All tables live on DuckDB's default connection, so that they can be joined; what
    the query needs of it (its database, the folder of its files) is set back.
    """
    connection = _default()
    path = str(resolve(source.path, root=root)) if source.path else ""
    name = "cx_" + hashlib.sha256(f"{path}\n{source.query}".encode()).hexdigest()[:16]
    folder = str(root or project_root())
    connection.execute(f"SET file_search_path = {_quoted(folder)}")
    if path:
        connection.execute(f"ATTACH {_quoted(path)} AS {name}_db (READ_ONLY)")
    try:
        if path:
            connection.execute(f"USE {name}_db")
        query = source.query.strip().rstrip(";")
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {query}")
    finally:
        connection.execute("USE memory")
        connection.execute("RESET file_search_path")
        if path:
            connection.execute(f"DETACH {name}_db")
    return connection.sql(f"SELECT * FROM temp.{name}")


def with_dates(
    rows: duckdb.DuckDBPyRelation, dates: Mapping[str, tuple[str, str]]
) -> duckdb.DuckDBPyRelation:
    """Add parsed columns: name -> the column to parse, its format ('' is typed)."""
    added = [
        f"{_date(_name(column), date_format)} AS {_name(new)}"
        for new, (column, date_format) in dates.items()
    ]
    return rows.project(", ".join(["*", *added]))


def numbered(rows: duckdb.DuckDBPyRelation, name: str) -> duckdb.DuckDBPyRelation:
    """Add a text column: 'row 1', 'row 2' and so on."""
    return rows.project(f"*, 'row ' || row_number() OVER () AS {_name(name)}")


def reason(error: Exception) -> str:
    """Say what went wrong, without the cells that a message may quote."""
    said = str(error)
    place = re.search(r"on Line: (\d+)", said)
    cells = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", said)
    if place and cells:
        return f"line {place[1]} has {cells[2]} cells where the header has {cells[1]}"
    first = (said.strip() or type(error).__name__).splitlines()[0]
    return re.sub(r"'.*'|\".*\"", "'…'", first)


def _date(column: str, date_format: str) -> str:
    if date_format == ISO8601:
        return f"make_timestamp(epoch_us(TRY_CAST({column} AS TIMESTAMPTZ)))"
    if date_format == "UTC":
        return f"make_timestamp(epoch_us({column}))"
    if date_format:
        spelled = translated(date_format, {}, engine="duckdb")
        return f"try_strptime({column}, {_quoted(spelled)})"
    return f"CAST({column} AS TIMESTAMP)"


def _default() -> duckdb.DuckDBPyConnection:
    return duckdb.default_connection()


def _paths(files: list[Scanned]) -> str:
    return "[" + ", ".join(_quoted(str(file.path)) for file in files) + "]"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _name(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
