"""Open one source with its own reader: text, Parquet, Excel or DuckDB."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from zipfile import BadZipFile

import duckdb
import pandas as pd

from cxlib.data.cells import blanked, clean, unique
from cxlib.data.checks import Check
from cxlib.data.coding_sheet import as_codings, read_coding_sheets, workbooks
from cxlib.data.delimited import read_delimited
from cxlib.data.source import Source
from cxlib.errors import ArgumentError, DataError
from cxlib.paths import project_root, resolve

_UNREADABLE = (duckdb.Error, BadZipFile, OSError, ValueError, KeyError, ImportError)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileInfo:
    """Provenance of one file: its path as declared, sha256, size and rows."""

    path: str
    sha256: str
    n_bytes: int
    n_rows: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Opened:
    """A table as its source has it: their columns, before any mapping."""

    frame: pd.DataFrame
    labels: dict[str, str]
    checks: list[Check]
    file: FileInfo


def open_source(source: Source, root: Path | None = None) -> Opened:
    """Read one source with its own column names.

    Raises
    ------
    DataError
        Missing, empty or unreadable file; a query that fails.
    """
    if source.format == "table":
        raise ArgumentError(
            "`format` is 'table', a table of Spark's catalogue; declare "
            "`engine: spark`."
        )
    path = resolve(source.path, root=root) if source.path else None
    folder = source.format == "coding_sheet" and path is not None and path.is_dir()
    if path is not None and not (path.is_file() or folder):
        raise DataError(missing_file(source, path))
    try:
        digest, size = _fingerprint(path)
    except OSError as error:
        raise DataError(f"{source.name} cannot be opened: {error.strerror}.") from None
    frame, labels, checks = _read(path, source, root)
    rows = len(frame)
    frame = frame.dropna(how="all")
    if len(frame) < rows:
        detail = "rows with every cell blank: dropped"
        checks.append(Check.caution(source.name, detail, rows - len(frame)))
    if frame.empty:
        nothing = "returns no rows" if source.query else "has a header but no rows"
        fix = "mend the query" if source.query else "export it again"
        raise DataError(f"{source.name} {nothing}; {fix}.")
    file = FileInfo(
        path=source.path or "query", sha256=digest, n_bytes=size, n_rows=len(frame)
    )
    return Opened(frame=frame, labels=labels, checks=checks, file=file)


def missing_file(source: Source, path: Path) -> str:
    """Say that there is no such file, and what there is in its folder."""
    if path.is_dir():
        return f"{source.path} is a folder; name one file in it."
    near = path.parent if path.parent.is_dir() else None
    names = sorted(p.name for p in near.iterdir() if p.is_file())[:8] if near else []
    there = f" That folder holds {', '.join(names)}." if names else ""
    return (
        f"file {source.path} does not exist.{there} Paths are relative to the "
        "project's root."
    )


def _read(
    path: Path | None, source: Source, root: Path | None
) -> tuple[pd.DataFrame, dict[str, str], list[Check]]:
    if source.format in {"csv", "qualtrics", "surveymonkey"} and path is not None:
        return read_delimited(path, source)
    if source.format == "coding_sheet" and path is not None:
        return _coded(path), {}, []
    try:
        frame = _typed(path, source, root)
    except _UNREADABLE as error:
        raise DataError(
            f"{source.name} cannot be read as {source.format}: {_reason(error)}"
        ) from None
    frame.columns = pd.Index(unique([clean(str(name)) for name in frame.columns]))
    return blanked(frame, source.missing), {}, []


def _coded(path: Path) -> pd.DataFrame:
    """Read what people coded in one sheet or a folder of them."""
    frame = as_codings(read_coding_sheets(path))
    if frame.empty:
        raise DataError(f"{path.name}: nobody has coded anything yet.")
    return frame


def _reason(error: Exception) -> str:
    """First line of a reader's message, without the cells that it may quote."""
    if isinstance(error, ImportError):
        return "this kind of workbook needs another package; save it as .xlsx."
    if isinstance(error, BadZipFile):
        return "it is no .xlsx workbook; declare what it is under `format`."
    first = (str(error).strip() or type(error).__name__).splitlines()[0]
    values = (duckdb.ConversionException, duckdb.InvalidInputException)
    return re.sub(r"'.*'", "'…'", first) if isinstance(error, values) else first


def _typed(path: Path | None, source: Source, root: Path | None) -> pd.DataFrame:
    """Read a format that carries its own types."""
    if source.format == "parquet":
        kept = pd.read_parquet(str(path))
        return kept if isinstance(kept.index, pd.RangeIndex) else kept.reset_index()
    if source.format == "excel":
        plain = source.path.lower().endswith((".xlsx", ".xlsm"))
        engine: Literal["openpyxl"] | None = "openpyxl" if plain else None
        sheet = source.sheet or 0
        return pd.read_excel(str(path), sheet_name=sheet, dtype=object, engine=engine)
    where = str(path) if path is not None else ":memory:"
    found: pd.DataFrame
    with duckdb.connect(where, read_only=path is not None) as connection:
        folder = str(root or project_root()).replace("'", "''")
        connection.execute(f"SET file_search_path = '{folder}'")
        relation = connection.sql(source.query)
        if relation is None:
            raise ValueError("`query` returns no table; end it with a SELECT.")
        found = relation.df()
    return found


def _fingerprint(path: Path | None) -> tuple[str, int]:
    if path is None:
        return "", 0
    if path.is_dir():
        found = [(file.name, *_fingerprint(file)) for file in workbooks(path)]
        digest = hashlib.sha256(repr([one[:2] for one in found]).encode())
        return digest.hexdigest(), sum(size for *_, size in found)
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest(), path.stat().st_size
