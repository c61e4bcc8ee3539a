"""Marks that charts of changes in time share: the date and the periods."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from cxlib.plots._marks import RED

MOST = 14


def change_line(ax: Axes, x: float) -> None:
    """A line at the date of the change."""
    ax.axvline(x, color=RED, lw=1.2, ls="--", zorder=1)
    ax.annotate(
        "change", (x, 0.01), xycoords=("data", "axes fraction"), xytext=(3, 0),
        textcoords="offset points", va="bottom", fontsize="small", color=RED,
    )  # fmt: skip


def periods(found: Iterable[Any]) -> list[str]:
    """Periods in words: months where each begins one."""
    times = list(found)
    dated = [one for one in times if isinstance(one, pd.Timestamp)]
    if len(dated) < len(times):
        return [f"{one:g}" for one in times]
    shown = "%Y-%m" if all(one.day == 1 for one in dated) else "%Y-%m-%d"
    return [one.strftime(shown) for one in dated]


def ticks(ax: Axes, texts: Sequence[str]) -> None:
    """One tick a period, thinned and slanted where there are many."""
    every = -(-len(texts) // MOST)
    x = list(range(0, len(texts), every))
    ax.set_xticks(x, [texts[i] for i in x])
    if len(x) > 6:
        ax.tick_params(axis="x", labelrotation=45)


def clock(found: pd.Series) -> Any:  # noqa: ANN401
    """Periods as numbers of the axis."""
    if pd.api.types.is_numeric_dtype(found):
        return found.to_numpy(dtype=float)
    return found.to_numpy(dtype="datetime64[ns]")
