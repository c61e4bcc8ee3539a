"""Charts of comparisons that nobody randomised: overlap, groups, neighbours."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxlib import _format
from cxlib.plots import _changes, _marks
from cxlib.plots._marks import BLUE, GREY, INK, ORANGE, PALE

_UNITS = {"points": ", points", "share": ", %"}


def overlap(table: pd.DataFrame, *, bound: float = 0.0, ax: Axes | None = None) -> Axes:
    """Draw how users with and without an exposure share the chances of having it.

    Parameters
    ----------
    table : pandas.DataFrame
        `Association.overlap`: low, high, n_with, n_without.
    bound : float
        Chances below it, and above 1 less it, are trimmed: drawn pale.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Notes
    -----
    Shares of each group, those with it upwards, those without downwards: where only one
    side has bars there is nobody to compare with.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> bins = pd.DataFrame({"low": [0.0, 0.5], "high": [0.5, 1.0],
    ...     "n_with": [10, 30], "n_without": [40, 20]})
    >>> ax = overlap(bins)
    >>> ax.get_legend_handles_labels()[1]
    ['with (n = 40)', 'without (n = 60)']
    >>> plt.close(ax.figure)
    """
    if table.empty or not (table["n_with"].sum() and table["n_without"].sum()):
        return _marks.nothing("no chances to draw", ax)
    ax = _marks.axes(ax, 2.9)
    low, high = (table[c].to_numpy(dtype=float) for c in ("low", "high"))
    for name, sign, colour in (("with", 1, BLUE), ("without", -1, ORANGE)):
        n = table[f"n_{name}"].to_numpy(dtype=float)
        ax.bar(
            100 * low, sign * 100 * n / n.sum(), 100 * (high - low), align="edge",
            color=colour, edgecolor="white", label=f"{name} (n = {n.sum():,.0f})",
        )  # fmt: skip
    for start, end in ((0, bound), (1 - bound, 1)) if bound > 0 else ():
        ax.axvspan(100 * start, 100 * end, color=PALE, alpha=0.5, lw=0, zorder=3)
    used = (table["n_with"] + table["n_without"]).to_numpy(dtype=float) > 0
    margin = 2 * (high[0] - low[0])
    ax.set_xlim(
        100 * max(0, low[used].min() - margin), 100 * min(1, high[used].max() + margin)
    )
    ax.axhline(0, color=INK, lw=1)
    ax.yaxis.set_major_formatter(lambda value, _: f"{abs(value):g}")
    ax.set_xlabel("chance of having it, by the covariates, %")
    ax.set_ylabel("% of the group")
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, frameon=False)
    return _marks.clean(ax, grid="y")


def parallel_change(
    table: pd.DataFrame, *, unit: str = "score", label: str = "", ax: Axes | None = None
) -> Axes:
    """Draw the changed group and the others by period.

    Parameters
    ----------
    table : pandas.DataFrame
        `DoubleChange.series`: period, group (the changed one first), n, after,
        estimate, ci_lower, ci_upper.
    unit, label : str
        Unit and name of the outcome.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Notes
    -----
    Bars are intervals; a period with few answers has no mark. The dashed line is where
    the changed group would have gone had it moved as the others did.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> rows = pd.DataFrame({"period": [1, 1, 2, 2], "group": ["app", "the others"] * 2,
    ...     "n": [50] * 4, "after": [False, False, True, True],
    ...     "estimate": [5.0, 4, 3, 4], "ci_lower": [4.0, 3, 2, 3],
    ...     "ci_upper": [6.0, 5, 4, 5]})
    >>> ax = parallel_change(rows, label="stars")
    >>> ax.get_ylabel()
    'stars'
    >>> plt.close(ax.figure)
    """
    if table.empty:
        return _marks.nothing("no groups to draw", ax)
    ax = _marks.axes(ax, 3.4)
    names = list(dict.fromkeys(table["group"]))
    periods = list(dict.fromkeys(table["period"]))
    scale = _marks.factor(unit)
    for shift, name, colour in zip((-0.08, 0.08), names, (BLUE, GREY), strict=False):
        rows = table[table["group"] == name].set_index("period").reindex(periods)
        y, low, high = (
            scale * rows[c].to_numpy(dtype=float)
            for c in ("estimate", "ci_lower", "ci_upper")
        )
        x = np.arange(len(periods)) + shift
        ax.vlines(x, low, high, color=colour, lw=1.6, alpha=0.7)
        n = _format.count(float(table.loc[table["group"] == name, "n"].sum()))
        ax.plot(x, y, color=colour, lw=2, marker="o", ms=5, label=f"{name} (n = {n})")
    _parallel(ax, table, names, periods, scale)
    first = next((i for i, p in enumerate(periods) if _after(table, p)), len(periods))
    _changes.change_line(ax, first - 0.5)
    _changes.ticks(ax, _changes.periods(periods))
    ax.set_ylabel(f"{label}{_UNITS.get(unit, '')}")
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, frameon=False)
    return _marks.clean(ax, grid="y")


def leads(table: pd.DataFrame, *, unit: str = "score", ax: Axes | None = None) -> Axes:
    r"""Draw the gap between two groups in each period, against the last one before.

    Parameters
    ----------
    table : pandas.DataFrame
        `DoubleChange.leads`: period, after, n, estimate, ci_lower, ci_upper.
    unit : str
        Unit of the outcome.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Notes
    -----
    Marks before the change are placebos: they ought to lie about zero.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> rows = pd.DataFrame({"period": [1, 3], "after": [False, True], "n": [90, 80],
    ...     "estimate": [0.1, -2.0], "ci_lower": [-1.0, -3.0], "ci_upper": [1.2, -1.0]})
    >>> ax = leads(rows)
    >>> [text.get_text() for text in ax.get_xticklabels()]
    ['1\nn = 90', '3\nn = 80']
    >>> plt.close(ax.figure)
    """
    if table.empty:
        return _marks.nothing("no periods to draw", ax)
    ax = _marks.axes(ax, 3.1)
    scale = _marks.factor(unit)
    x = np.arange(len(table), dtype=float)
    colours = [BLUE if late else GREY for late in table["after"]]
    low, high, y = (
        scale * table[c].to_numpy(dtype=float)
        for c in ("ci_lower", "ci_upper", "estimate")
    )
    ax.axhline(0, color=INK, lw=1, zorder=1)
    ax.vlines(x, low, high, color=colours, lw=2)
    ax.scatter(x, y, c=colours, s=46, zorder=3)
    early = int((~table["after"].astype(bool)).sum())
    _changes.change_line(ax, early - 0.5)
    texts = [
        f"{period}\nn = {n:,}"
        for period, n in zip(
            _changes.periods(table["period"]), table["n"].tolist(), strict=True
        )
    ]
    _changes.ticks(ax, texts)
    gap = {"points": ", points", "share": ", percentage points"}.get(unit, "")
    ax.set_ylabel(f"gap against the last\nperiod before{gap}")
    return _marks.clean(ax, grid="y")


def neighbours(
    table: pd.DataFrame, *, unit: str = "share", ax: Axes | None = None
) -> Axes:
    """Draw a period's difference to each period beside it, and the placebo.

    Parameters
    ----------
    table : pandas.DataFrame
        `BeforeAfter.table`.
    unit : str
        Unit of the outcome.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> rows = pd.DataFrame({"comparison": ["the period before"], "n": [100],
    ...     "effect_size": [-0.1], "effect_size_ci_lower": [-0.2],
    ...     "effect_size_ci_upper": [0.0]})
    >>> ax = neighbours(rows)
    >>> ax.get_xlabel()
    'difference, percentage points'
    >>> plt.close(ax.figure)
    """
    if table.empty:
        return _marks.nothing("nothing was compared", ax)
    rows = pd.DataFrame(
        {
            "estimate": table["effect_size"], "ci_lower": table["effect_size_ci_lower"],
            "ci_upper": table["effect_size_ci_upper"], "n": table["n"],
        }
    )  # fmt: skip
    place = np.arange(len(rows), dtype=float)
    ax = _marks.axes(ax, 1.1 + 0.4 * len(rows))
    placebo = table["comparison"].str.startswith("placebo").to_numpy(dtype=bool)
    colours = np.where(placebo, GREY, BLUE).tolist()
    ax.axvline(0, color=INK, lw=1, zorder=1)
    _marks.intervals(ax, rows, place, unit, colours=colours)
    names = table["comparison"].str.replace(": ", ":\n").tolist()
    ax.set_yticks(place, names)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    words = {"share": ", percentage points", "points": ", points"}.get(unit, "")
    ax.set_xlabel(f"difference{words}")
    return _marks.clean(ax)


def _parallel(
    ax: Axes, table: pd.DataFrame, names: list[str], periods: list[Any],
    scale: float,
) -> None:  # fmt: skip
    """Where the first group would have gone with the others."""
    if len(names) < 2:
        return
    own, others = (
        table[table["group"] == name].set_index("period").reindex(periods)
        for name in names[:2]
    )
    late = own["after"].fillna(value=False).to_numpy(dtype=bool)
    y, base = (scale * part["estimate"].to_numpy(dtype=float) for part in (own, others))
    n = own["n"].to_numpy(dtype=float)
    early = ~late & np.isfinite(y) & np.isfinite(base)
    if not (early.any() and late.any()):
        return
    gap = float(np.average((y - base)[early], weights=n[early]))
    x = np.arange(len(periods))
    ax.plot(
        x[late] - 0.08, base[late] + gap, color=BLUE, lw=1.6, ls="--",
        label="had it moved as the others",
    )  # fmt: skip


def _after(table: pd.DataFrame, period: object) -> bool:
    return bool(table.loc[table["period"] == period, "after"].all())
