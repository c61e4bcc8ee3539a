"""Charts of drivers: importance against performance, odds of a higher answer."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.text import Annotation
from matplotlib.ticker import NullLocator

from cxlib import _format
from cxlib.plots import _labels as labels
from cxlib.plots import _marks
from cxlib.plots._marks import BLUE, GREY, INK, RED

_LOOK, _UNSURE = "worth a look", "cannot be placed"
_CORNERS = {
    _LOOK: (0.01, 0.985, "left", "top"), "keep up": (0.99, 0.985, "right", "top"),
    "can wait": (0.01, 0.015, "left", "bottom"),
    "well rated, less at stake": (0.99, 0.015, "right", "bottom"),
}  # fmt: skip
_ODDS = (
    (
        0.2,
        0.3,
        0.4,
        0.5,
        0.6,
        0.7,
        0.8,
        0.9,
        1,
        1.1,
        1.2,
        1.4,
        1.6,
        1.8,
        2,
        2.5,
        3,
        4,
        5,
    ),
    (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100),
)


def importance_performance(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    r"""Draw each driver's share against its mean, both with their intervals.

    Parameters
    ----------
    table : pandas.DataFrame
        `Drivers.table` of drivers rated on one scale (`item_scale`).
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Notes
    -----
    The lines are the average share and the average mean of these drivers. A driver is
    filled only where both its intervals lie clear of both lines; the others are open:
    the data do not say in which quadrant they belong.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import numpy as np
    >>> from cxlib import nps
    >>> draw = np.random.default_rng(1)
    >>> ease, price = draw.integers(1, 6, (2, 400))
    >>> rated = pd.DataFrame({"score": ease + 4, "ease": ease, "price": price})
    >>> found = nps.drivers(rated, ["ease", "price"], item_scale=(1, 5))
    >>> ax = importance_performance(found.table)
    >>> ax.get_xlabel().split(":")[0]
    'mean rating (n = 400)\nfilled'
    >>> plt.close(ax.figure)
    """
    if table.empty or not table["place"].any():
        return _marks.nothing("no drivers rated on one scale to place", ax)
    ax = _marks.axes(ax, 4.6 + 0.2 * max(0, len(table) - 8))
    x, y = table["mean"].to_numpy(dtype=float), 100 * table["estimate"].to_numpy(float)
    colours = [_colour(place) for place in table["place"]]
    faces = [
        "white" if place == _UNSURE else colour
        for place, colour in zip(table["place"], colours, strict=True)
    ]
    _crosses(ax, table, x, y, colours)
    ax.scatter(x, y, s=52, c=faces, edgecolors=colours, linewidths=1.6, zorder=4)
    ax.axvline(x.mean(), color=GREY, lw=1, ls=":", zorder=1)
    ax.axhline(y.mean(), color=GREY, lw=1, ls=":", zorder=1)
    _limits(ax, table)
    n = _format.count(float(table["n"].iloc[0]))
    ax.set_xlabel(
        f"mean rating (n = {n})\nfilled: both intervals clear of the averages "
        "(dotted); open: cannot be placed"
    )
    ax.set_ylabel("share of the explained spread, %")
    _marks.clean(ax, "y").grid(visible=False)
    labels.beside(ax, table["driver"].tolist(), x, y, colours, _corners(ax))
    return ax


def driver_odds(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the odds of a higher answer a driver point, with their intervals.

    Parameters
    ----------
    table : pandas.DataFrame
        `Linearity.table`.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Notes
    -----
    Odds are drawn on a log scale; 1 is no association. Marks whose interval holds 1 are
    open.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> table = pd.DataFrame({"driver": ["ease"], "n": [90], "odds_ratio": [1.6],
    ...     "odds_ratio_ci_lower": [1.2], "odds_ratio_ci_upper": [2.1]})
    >>> driver_odds(table).get_xscale()
    'log'
    >>> plt.close("all")
    """
    if table.empty:
        return _marks.nothing("no odds to draw", ax)
    ends = {f"odds_ratio_ci_{e}": f"ci_{e}" for e in ("lower", "upper")}
    rows = table.rename(columns={"odds_ratio": "estimate", **ends})
    rows = rows.sort_values("estimate", ascending=False, kind="stable")
    place = np.arange(len(rows), dtype=float)
    ax = _marks.axes(ax, 1.1 + 0.34 * len(rows))
    open_ = ((rows["ci_lower"] <= 1) & (rows["ci_upper"] >= 1)).to_numpy(dtype=bool)
    _marks.intervals(ax, rows, place, "score", hollow=open_, counts=False)
    ax.axvline(1, color=INK, lw=0.8, zorder=1)
    ax.set_xscale("log")
    low, high = ax.get_xlim()
    ticks = [at for at in _ODDS[int(high / low > 8)] if low <= at <= high]
    ax.set_xticks(ticks, [f"{at:g}" for at in ticks])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_yticks(place, rows["driver"].tolist())
    ax.set_ylim(len(rows) - 0.4, -0.6)
    n = _format.count(float(rows["n"].iloc[0]))
    ax.set_xlabel(f"odds of a higher answer, a driver point (association; n = {n})")
    return _marks.clean(ax)


def _colour(place: str) -> str:
    return str({_LOOK: RED, _UNSURE: GREY}.get(place, BLUE))


def _crosses(
    ax: Axes, table: pd.DataFrame, x: _marks.Floats, y: _marks.Floats,
    colours: list[str],
) -> None:  # fmt: skip
    """Intervals of the mean (level) and of the share (upright)."""
    ends = 100 * table[["ci_lower", "ci_upper"]].to_numpy(dtype=float)
    wide = table[["mean_ci_lower", "mean_ci_upper"]].to_numpy(dtype=float)
    ax.hlines(y, wide[:, 0], wide[:, 1], color=colours, lw=1.4, zorder=3)
    ax.vlines(x, ends[:, 0], ends[:, 1], color=colours, lw=1.4, zorder=3)


def _limits(ax: Axes, table: pd.DataFrame) -> None:
    """Room for the crosses and for the quadrants' names."""
    low, high = float(table["mean_ci_lower"].min()), float(table["mean_ci_upper"].max())
    room = 0.16 * max(high - low, 1e-9)
    ax.set_xlim(low - room, high + room)
    top = 100 * float(table["ci_upper"].max())
    ax.set_ylim(-0.08 * top, 1.12 * top)


def _corners(ax: Axes) -> list[Annotation]:
    """The names of the quadrants."""
    return [
        ax.annotate(
            name, (across, up), xycoords="axes fraction", ha=ha, va=va,
            fontsize="small", color=RED if name == _LOOK else GREY, style="italic",
        )
        for name, (across, up, ha, va) in _CORNERS.items()
    ]  # fmt: skip
