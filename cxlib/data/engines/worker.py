"""What an engine must be able to do, and which module does it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, Protocol, cast

from cxlib.data.engines.files import Scanned
from cxlib.data.source import Source
from cxlib.errors import DataError

Engine = Literal["pandas", "duckdb", "polars", "spark"]
ENGINES = ("pandas", "duckdb", "polars", "spark")
_MODULES = {"duckdb": "duck", "polars": "polar", "spark": "spark"}


class Worker(Protocol):
    """The functions of an engine's module; frames are of its own kind."""

    FORMATS: tuple[str, ...]
    ENCODINGS: tuple[str, ...]
    GROUP: str

    def errors(self) -> tuple[type[Exception], ...]:
        """Return what the engine raises."""

    def open_text(
        self, files: list[Scanned], names: list[str], sep: str, encoding: str
    ) -> Any:
        """Return delimited files as text cells under the given names."""

    def open_parquet(self, files: list[Scanned]) -> Any:
        """Return Parquet files with their own types."""

    def open_query(self, source: Source, root: Path | None) -> Any:
        """Return what a query finds."""

    def with_dates(self, rows: Any, dates: Mapping[str, tuple[str, str]]) -> Any:
        """Add parsed columns: name -> the column to parse, its format."""

    def numbered(self, rows: Any, name: str) -> Any:
        """Add a text column that differs from row to row."""

    def reason(self, error: Exception) -> str:
        """Say what went wrong, without the cells that a message may quote."""


def worker(engine: str) -> Worker:
    """Return the module of an engine; import it only when it is used."""
    found = import_module(f"cxlib.data.engines.{_MODULES[engine]}")
    return cast("Worker", found)


@contextmanager
def reading(source: Source, engine: Worker) -> Iterator[None]:
    """Word what an engine raises while it reads a source."""
    try:
        yield
    except engine.errors() as error:
        why = engine.reason(error)
        raise DataError(
            f"{source.name} cannot be read as {source.format}: {why}."
        ) from None
