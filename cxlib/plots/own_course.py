"""Charts of a series against its own course, and of its placebos."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxlib import _format
from cxlib.plots import _changes, _marks
from cxlib.plots._marks import BLUE, GREY, ORANGE, RED

_UNITS = {"points": ", points", "share": ", %"}


def own_course(
    table: pd.DataFrame, *, unit: str = "score", label: str = "", ax: Axes | None = None
) -> Axes:
    """Draw a series and the course that it was on before a date.

    Parameters
    ----------
    table : pandas.DataFrame
        `Course.series`: period, after, n, estimate, fitted, expected, ci_lower,
        ci_upper.
    unit, label : str
        Unit and name of the outcome.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Notes
    -----
    Dots are periods, as large as their rows; the band is the interval of the course
    after the date, had it gone on.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> rows = pd.DataFrame({"period": range(4), "after": [False, False, True, True],
    ...     "n": [9, 9, 9, 9], "estimate": [1.0, 1, 3, 3], "fitted": [1.0, 1, 3, 3],
    ...     "expected": [1.0] * 4, "ci_lower": [0.5] * 4, "ci_upper": [1.5] * 4})
    >>> ax = own_course(rows, label="stars")
    >>> ax.get_ylabel()
    'stars'
    >>> plt.close(ax.figure)
    """
    if table.empty:
        return _marks.nothing("no series to draw", ax)
    ax = _marks.axes(ax, 3.4)
    scale, late = _marks.factor(unit), table["after"].to_numpy(dtype=bool)
    x = _changes.clock(table["period"])
    y, fitted, expected, low, high = (
        scale * table[c].to_numpy(dtype=float)
        for c in ("estimate", "fitted", "expected", "ci_lower", "ci_upper")
    )
    n = table["n"].to_numpy(dtype=float)
    told = _format.count(float(n.sum()))
    ax.scatter(
        x, y, s=10 + 40 * n / n.max(), color=GREY, alpha=0.6, lw=0,
        label=f"{len(table)} periods (n = {told})",
    )  # fmt: skip
    ax.fill_between(x[late], low[late], high[late], color=ORANGE, alpha=0.2, lw=0)
    for rows in (late, ~late):
        ax.plot(x[rows], fitted[rows], color=BLUE, lw=2)
    ax.plot(
        x[late], expected[late], color=ORANGE, lw=2, ls="--", label="its own course"
    )
    ax.plot([], [], color=BLUE, lw=2, label="fitted")
    _changes.change_line(ax, x[late][0])
    ax.set_ylabel(f"{label}{_UNITS.get(unit, '')}")
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, frameon=False)
    return _marks.clean(ax, grid="y")


def placebo_cuts(
    table: pd.DataFrame, *, statistic: float, ax: Axes | None = None
) -> Axes:
    """Draw the real change beside those found where nothing was changed.

    Parameters
    ----------
    table : pandas.DataFrame
        `Course.cuts`: period, estimate, statistic.
    statistic : float
        Of the real change, in standard errors.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> cuts = pd.DataFrame({"period": [1, 2, 3], "statistic": [0.1, -1.0, 2.0]})
    >>> ax = placebo_cuts(cuts, statistic=-4.0)
    >>> ax.get_ylabel()
    'placebo cuts (n = 3)'
    >>> plt.close(ax.figure)
    """
    if table.empty:
        return _marks.nothing("the time before is too short for placebo cuts", ax)
    ax = _marks.axes(ax, 2.4)
    values = table["statistic"].to_numpy(dtype=float)
    ends = np.append(values, statistic)
    edges = np.linspace(np.floor(ends.min()) - 0.5, np.ceil(ends.max()) + 0.5, 31)
    ax.hist(values, edges.tolist(), color=GREY, edgecolor="white")
    ax.axvline(statistic, color=RED, lw=2)
    ax.annotate(
        "the real date", (statistic, 1.0), xycoords=("data", "axes fraction"),
        xytext=(0, 2), textcoords="offset points", ha="center", va="bottom",
        fontsize="small", color=RED,
    )  # fmt: skip
    ax.set_xlabel("change, in standard errors")
    ax.set_ylabel(f"placebo cuts (n = {len(values)})")
    return _marks.clean(ax, grid="y")
