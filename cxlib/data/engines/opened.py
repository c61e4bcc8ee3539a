"""Open one source in an engine: its rows under their own names, nothing read yet."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import narwhals as nw

from cxlib.data.cells import clean, unique
from cxlib.data.checks import Check
from cxlib.data.delimited import read_header, stop_at_binary
from cxlib.data.engines.files import Scanned, find_files, scan, together
from cxlib.data.engines.worker import Worker, reading
from cxlib.data.source import Source
from cxlib.errors import ArgumentError, DataError

_ALIKE = {"utf8": "utf-8", "utf_8": "utf-8", "utf-8-sig": "utf-8"} | dict.fromkeys(
    ["latin1", "latin_1", "iso-8859-1", "iso8859-1", "l1"], "latin-1"
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Opened:
    """Lazy as the engine names their columns; cells of delimited text are all text.

    `names` leads from the file's names to the engine's: SQL does not tell case apart.
    Where the engine lets rows with too many cells pass, `torn` names the column that
    keeps them whole and `long_rows` counts them.
    """

    rows: nw.LazyFrame[Any]
    names: dict[str, str]
    checks: list[Check]
    sha256: str = ""
    n_bytes: int = 0
    torn: str = ""
    long_rows: nw.Expr | None = None


def open_lazily(
    source: Source, engine: Worker, *, called: str, root: Path | None
) -> Opened:
    """Open a source; raise for what the engine cannot read."""
    if source.format not in engine.FORMATS:
        raise ArgumentError(
            f"`format` is '{source.format}'; engine '{called}' reads "
            f"{', '.join(engine.FORMATS)}. Use `engine: pandas` for it."
        )
    if source.format in {"duckdb", "table"}:
        return _queried(source, engine, root)
    if "://" in source.path:
        raise ArgumentError(
            f"`path` is {source.path!r}; read it with `format: table` and a `query`, "
            "such as 'select * from parquet.`s3a://…`', under `engine: spark`."
        )
    if source.format == "csv":
        return _text(source, engine, called=called, root=root)
    files = [scan(path, source) for path in find_files(source, root)]
    with reading(source, engine):
        rows = nw.from_native(engine.open_parquet(files)).lazy()
        return Opened(rows=rows, names=_names(rows), checks=[], **_facts(files))


def _queried(source: Source, engine: Worker, root: Path | None) -> Opened:
    files = []
    if source.path:
        files = [scan(path, source) for path in find_files(source, root)]
    with reading(source, engine):
        rows = nw.from_native(engine.open_query(source, root)).lazy()
        return Opened(rows=rows, names=_names(rows), checks=[], **_facts(files))


def _text(source: Source, engine: Worker, *, called: str, root: Path | None) -> Opened:
    declared = source.encoding.lower() or "utf-8"
    encoding = _ALIKE.get(declared, declared)
    if encoding not in engine.ENCODINGS:
        raise ArgumentError(
            f"`encoding` is '{source.encoding}'; engine '{called}' reads "
            f"{', '.join(engine.ENCODINGS)}. Save the file as UTF-8, or use "
            "`engine: pandas` for it."
        )
    files = [scan(path, source) for path in find_files(source, root)]
    sep, names, checks = _header(files, source, encoding)
    plain = [f"c{position}" for position in range(len(names))]
    with reading(source, engine):
        rows = nw.from_native(engine.open_text(files, plain, sep, encoding)).lazy()
        torn = [c for c in rows.collect_schema().names() if c not in plain]
    named = dict(zip(names, plain, strict=True))
    whole = Opened(rows=rows, names=named, checks=checks, **_facts(files))
    if not torn:
        return whole
    return replace(whole, torn=torn[0], long_rows=_long(torn[0], sep, len(names)))


def _header(
    files: list[Scanned], source: Source, encoding: str
) -> tuple[str, list[str], list[Check]]:
    """Return separator and column names; raise unless all files have the same."""
    found = []
    for file in files:
        stop_at_binary(file.head, source)
        cut = file.head[: file.head.rfind(b"\n") + 1] or file.head
        text = cut.decode("utf-8-sig" if encoding == "utf-8" else encoding)
        if text.startswith(("\n", "\r")):
            raise DataError(f"{file.path.name} begins with a blank line; remove it.")
        sep, head, checks = read_header(text, source)
        found.append((sep, unique([clean(cell) for cell in head[0]]), checks))
        if found[-1][:2] != found[0][:2]:
            raise DataError(
                f"{file.path.name} has not the header of {files[0].path.name}; files "
                "read together have the same columns in the same order. List others "
                "under `parts`."
            )
    return found[0]


def _long(torn: str, sep: str, width: int) -> nw.Expr:
    """Count rows that hold more cells than the header, in a column of torn rows."""
    bare = nw.col(torn).str.replace_all(r'"([^"]|"")*"', "")
    fewer = bare.str.replace_all(sep, "", literal=True)
    cells = bare.str.len_chars() - fewer.str.len_chars() + 1
    return nw.when(cells > width).then(nw.lit(1)).count()


def _names(rows: nw.LazyFrame[Any]) -> dict[str, str]:
    """Headers on one line, none blank."""
    own = rows.collect_schema().names()
    return dict(zip(unique([clean(name) for name in own]), own, strict=True))


def _facts(files: list[Scanned]) -> dict[str, Any]:
    if not files:
        return {}
    sha256, n_bytes = together(files)
    return {"sha256": sha256, "n_bytes": n_bytes}
