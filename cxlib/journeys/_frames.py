"""Columns of any frame as Narwhals expressions."""

from __future__ import annotations

from collections.abc import Iterable

import narwhals as nw

from cxlib.data.frames import Frame, Lazy, collect, lazy
from cxlib.errors import DataError

__all__ = [
    "Frame",
    "Lazy",
    "check_numeric",
    "collect",
    "has",
    "label",
    "lazy",
    "number",
]


def has(frame: Frame, name: str) -> bool:
    """Return whether a frame has a column."""
    opened = frame if isinstance(frame, nw.LazyFrame) else nw.from_native(frame)
    return name in opened.collect_schema().names()


def label(name: str) -> nw.Expr:
    """Return a column as text, null where blank."""
    text = nw.col(name).cast(nw.String())
    return nw.when(text != "").then(text).alias(name)


def number(name: str) -> nw.Expr:
    """Return a column as floats, null where it is not a number."""
    value = nw.col(name).cast(nw.Float64())
    return nw.when(~value.is_nan()).then(value)


def check_numeric(frame: Lazy, names: Iterable[str], table: str) -> None:
    """Raise unless every column holds numbers or flags."""
    schema = frame.collect_schema()
    for name in names:
        kind = schema[name]
        if not (kind.is_numeric() or kind == nw.Boolean()):
            raise DataError(
                f"column '{name}' of {table} holds {str(kind).lower()}, not numbers; "
                "recode it to numbers or 0/1."
            )
