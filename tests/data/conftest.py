"""Write a small file, read it as a table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cxlib import data
from cxlib.errors import CxError


@pytest.fixture
def put(tmp_path: Path) -> Callable[[str, str | bytes], str]:
    """Write a file and return its name, relative to the root of `load`."""

    def write(name: str, content: str | bytes) -> str:
        raw = content.encode() if isinstance(content, str) else content
        (tmp_path / name).write_bytes(raw)
        return name

    return write


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., data.Table]:
    """Read a table; paths count from the test's own folder."""

    def read(source: object, *, table: str = "responses", **options: object):
        return data.read(table, source, root=tmp_path, **options)

    return read


@pytest.fixture
def fails(load) -> Callable[..., str]:
    """Message of the error that reading raises; never a bare Python error."""

    def message(source: object, **options: object) -> str:
        with pytest.raises(CxError) as caught:
            load(source, **options)
        return str(caught.value)

    return message


@pytest.fixture
def cautions() -> Callable[[data.Table], list[tuple[str, str, int]]]:
    """What the check table warns of: rule, detail, rows."""

    def found(table: data.Table) -> list[tuple[str, str, int]]:
        rows = table.checks[table.checks["status"] == "caution"]
        return list(rows[["rule", "detail", "rows"]].itertuples(index=False, name=None))

    return found
