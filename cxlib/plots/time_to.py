"""Chart of the share of users still without an event over time."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator

from cxlib import _format
from cxlib.plots import _marks
from cxlib.plots._marks import Floats
from cxlib.plots.journeys import VARIANT_COLOURS

_ROW = 0.075


def survival_curves(
    table: pd.DataFrame, *, unit: str = "", ax: Axes | None = None
) -> Axes:
    """Draw each variant's share still without the event, and the users still watched.

    Parameters
    ----------
    table : pandas.DataFrame
        `TimeToEvent.table`.
    unit : str
        Of the times ('minutes', 'days'), for the axis.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Notes
    -----
    Bands are pointwise intervals; the numbers below are the users still watched at the
    first step at or after each tick, on whom the curve to the right of it rests.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from cxlib import journeys
    >>> users = pd.DataFrame(
    ...     {"variant": ["control"] * 5 + ["b"] * 5, "event": [1, 1, 1, 1, 0] * 2,
    ...      "duration": [4, 5, 6, 7, 9, 1, 2, 3, 4, 9]}
    ... )
    >>> ax = survival_curves(journeys.time_to(users, horizon=8).table, unit="days")
    >>> ax.get_xlabel()
    'days since the start'
    >>> plt.close(ax.figure)
    """
    if table.empty:
        return _marks.nothing("no time to draw", ax)
    ax = _marks.axes(ax, 4.2)
    groups = list(table.groupby("variant", sort=False))
    end = float(table["time"].max())
    ax.set_xlim(0, end)
    ticks = np.array([t for t in ax.get_xticks() if 0 <= t <= end])
    ax.xaxis.set_major_locator(FixedLocator(ticks.tolist()))
    labels: list[tuple[float, str, str]] = []
    for i, (name, rows) in enumerate(groups):
        colour = VARIANT_COLOURS[i % len(VARIANT_COLOURS)]
        time, share, low, high = (
            rows[c].to_numpy(dtype=float) * (1 if c == "time" else 100)
            for c in ("time", "estimate", "ci_lower", "ci_upper")
        )
        ax.fill_between(time, low, high, step="post", color=colour, alpha=0.18, lw=0)
        ax.step(time, share, where="post", color=colour, lw=2.2, label=str(name))
        labels.append((float(share[-1]), str(name), colour))
        _still(ax, rows, ticks, -0.2 - _ROW * (i + 1), colour)
    _name_ends(ax, labels)
    ax.set_ylim(0, 102)
    ax.set_ylabel("% still without the event")
    ax.set_xlabel(f"{unit or 'time'} since the start")
    ax.annotate(
        "still watched", (0, -0.2), xycoords="axes fraction", xytext=(-44, 0),
        textcoords="offset points", fontsize="small", color=_marks.INK, va="center",
    )  # fmt: skip
    return _marks.clean(ax, "y")


def _still(
    ax: Axes, rows: pd.DataFrame, ticks: Floats, height: float, colour: str
) -> None:
    """Write the number of users still watched under each tick."""
    time, n = rows["time"].to_numpy(dtype=float), rows["n"].to_numpy(dtype=float)
    for tick in ticks:
        place = min(int(np.searchsorted(time, tick, side="left")), len(n) - 1)
        ax.annotate(
            _format.count(n[place]), (tick, height),
            xycoords=("data", "axes fraction"), ha="center", va="center",
            fontsize="small", color=colour, annotation_clip=False,
        )  # fmt: skip


def _name_ends(ax: Axes, labels: list[tuple[float, str, str]]) -> None:
    """Name the curves at their right ends, apart from each other."""
    last = -np.inf
    for share, name, colour in sorted(labels):
        at = max(share, last + 6)
        last = at
        ax.annotate(
            f"{name}  {_format.number(share / 100, 'share')} %", (1.01, at),
            xycoords=("axes fraction", "data"), va="center", color=colour,
            annotation_clip=False,
        )  # fmt: skip
