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
    "columns_of",
    "has",
    "key",
    "label",
    "lazy",
    "like",
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


def key(frame: Lazy, name: str) -> nw.Expr:
    """Return an id as text; whole numbers without the `.0` that blanks give them."""
    if frame.collect_schema()[name].is_float():
        return number(name).cast(nw.Int64()).cast(nw.String())
    return nw.col(name).cast(nw.String())


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


def columns_of(frame: Frame) -> list[str]:
    """Return the names of a frame's columns."""
    opened = frame if isinstance(frame, nw.LazyFrame) else nw.from_native(frame)
    return list(opened.collect_schema().names())


def like(rows: Lazy, original: Frame) -> Frame:
    """Return a lazy frame as the kind of frame it came from."""
    opened = (
        original if isinstance(original, nw.LazyFrame) else nw.from_native(original)
    )
    if isinstance(opened, nw.DataFrame):
        return rows.collect(opened.implementation).to_native()
    return rows if isinstance(original, nw.LazyFrame) else rows.to_native()
