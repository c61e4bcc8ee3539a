"""A lazy frame as the kind of frame it came from."""

from __future__ import annotations

import narwhals as nw

from cxlib.journeys._frames import Frame, Lazy


def like(rows: Lazy, original: Frame) -> Frame:
    """Return a lazy frame as the kind of frame it came from."""
    opened = (
        original if isinstance(original, nw.LazyFrame) else nw.from_native(original)
    )
    if isinstance(opened, nw.DataFrame):
        return rows.collect(opened.implementation).to_native()
    return rows if isinstance(original, nw.LazyFrame) else rows.to_native()
