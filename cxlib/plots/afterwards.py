"""Charts of what investments delivered, and of promises against deliveries."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxlib import _format
from cxlib.plots import _changes, _marks
from cxlib.plots._marks import BLUE, GREEN, GREY, INK, ORANGE, PALE

MOST = 24


def event_study(
    table: pd.DataFrame,
    *,
    label: str = "",
    unit: str = "amount",
    ax: Axes | None = None,
) -> Axes:
    r"""Draw a roll-out's difference by time since its start, the placebo before it.

    Parameters
    ----------
    table : pandas.DataFrame
        `Staggered.table`: rows of part "event" are drawn.
    label : str
        Name of the outcome, with its currency.
    unit : {"amount", "share", "score"}
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Notes
    -----
    Thick lines are intervals of each time alone, thin ones bands of all at once. Grey
    marks come before the start and ought to lie about zero. Treated units stand below.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> rows = pd.DataFrame({"part": "event", "event": [-1.0, 0.0], "n": [9, 9],
    ...     "before": [True, False], "estimate": [0.1, 2.0], "ci_lower": [-1.0, 1.0],
    ...     "ci_upper": [1.2, 3.0], "band_lower": [-2.0, 0.5],
    ...     "band_upper": [2.2, 3.5]})
    >>> ax = event_study(rows, label="revenue, EUR")
    >>> [text.get_text() for text in ax.get_xticklabels()]
    ['−1\nn = 9', '0\nn = 9']
    >>> plt.close(ax.figure)
    """
    rows = table[table["part"] == "event"] if len(table) else table
    if rows.empty:
        return _marks.nothing("no roll-out to draw", ax)
    ax = _marks.axes(ax, 3.4)
    k, x = _marks.factor(unit), rows["event"].to_numpy(dtype=float)
    y, low, high, wide_low, wide_high = (
        k * rows[c].to_numpy(dtype=float)
        for c in ("estimate", "ci_lower", "ci_upper", "band_lower", "band_upper")
    )
    early = rows["before"].to_numpy(dtype=bool)
    ax.axhline(0, color=INK, lw=1, zorder=1)
    for part, colour, name in (
        (early, GREY, "before (placebo)"),
        (~early, BLUE, "after"),
    ):
        ax.vlines(x[part], wide_low[part], wide_high[part], color=colour, lw=1)
        ax.vlines(x[part], low[part], high[part], color=colour, lw=3)
        ax.scatter(x[part], y[part], color=colour, s=36, zorder=3, label=name)
    if early.any() and (~early).any():
        _changes.change_line(ax, (x[early].max() + x[~early].min()) / 2)
    _times(ax, rows)
    ax.yaxis.set_major_formatter(lambda v, _: _format.number(float(v), "count"))
    ax.set_xlabel("periods since the start, and treated units (n)")
    ax.set_ylabel(f"difference in {label}" if label else "difference")
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, frameon=False)
    return _marks.clean(ax, grid="y")


def _times(ax: Axes, rows: pd.DataFrame) -> None:
    """Time since the start and treated units, thinned where there are many."""
    every = -(-len(rows) // 12)
    x = rows["event"].tolist()[::every]
    n = [_format.count(float(v)) for v in rows["n"].tolist()[::every]]
    texts = [f"{v:.0f}".replace("-", "−") for v in x]
    ax.set_xticks(x, [f"{a}\nn = {b}" for a, b in zip(texts, n, strict=True)])


def promises(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw what was delivered against what was promised, one row a promise.

    Parameters
    ----------
    table : pandas.DataFrame
        `Tracked.table`: promised gains that were measured are drawn, latest first.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Notes
    -----
    In % of what was promised, so that all units share an axis. The pale bar is the
    promised interval, the mark the delivery with its own: green where the interval
    held, orange where it did not, hollow where there was none.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> rows = pd.DataFrame({"initiative": ["checkout"], "status": ["measured"],
    ...     "kind": ["benefit"], "promised": [50.0], "low": [30.0], "high": [70.0],
    ...     "delivered": [35.0], "delivered_low": [30.0], "delivered_high": [40.0],
    ...     "covered": [1.0], "due_on": ["2025-01-01"]})
    >>> ax = promises(rows)
    >>> ax.texts[-1].get_text()
    '70 %'
    >>> plt.close(ax.figure)
    """
    rows = table
    if len(table):
        shown = (table["status"] == "measured") & (table["kind"] == "benefit")
        rows = table[shown & (table["promised"] != 0)].sort_values("due_on")[-MOST:]
    if rows.empty:
        return _marks.nothing("no promised gain was measured yet", ax)
    ax = _marks.axes(ax, 0.3 * len(rows) + 1.0)
    at, k = np.arange(len(rows), dtype=float), 100 / rows["promised"].to_numpy(float)
    low, high, y, seen_low, seen_high = (
        k * rows[c].to_numpy(dtype=float)
        for c in ("low", "high", "delivered", "delivered_low", "delivered_high")
    )
    held = rows["covered"].to_numpy(dtype=float)
    inks = np.where(held == 1, GREEN, np.where(held == 0, ORANGE, GREY))
    ax.hlines(at, low, high, color=PALE, lw=9)
    ax.hlines(at, seen_low, seen_high, color=inks, lw=2)
    faces = np.where(np.isfinite(held), inks, "white")
    ax.scatter(y, at, c=faces.tolist(), edgecolors=inks.tolist(), s=46, zorder=3)
    ax.axvline(100, color=INK, lw=1)
    ax.axvline(0, color=GREY, lw=1, ls=":")
    for place, value in zip(at, y, strict=True):
        ax.annotate(
            f"{_format.number(float(value), 'count')} %", (1.01, place), va="center",
            xycoords=("axes fraction", "data"), fontsize="small", color=INK,
        )  # fmt: skip
    ax.set_yticks(at, rows["initiative"].tolist())
    ax.set_ylim(-0.7, len(rows) - 0.3)
    ax.set_xlabel(f"% of what was promised (n = {len(rows)}; pale: promised interval)")
    return _marks.clean(ax)


def promise_calibration(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the share of our intervals that held against the share that should have.

    Parameters
    ----------
    table : pandas.DataFrame
        `Tracked.calibration`: level, n, estimate, ci_lower, ci_upper, worst, best.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Notes
    -----
    On the diagonal intervals are as sure as they say; below it too narrow. Small ticks:
    had all overdue promises missed, or held.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> rows = pd.DataFrame({"level": [0.8], "n": [10], "n_covered": [7],
    ...     "estimate": [0.7], "ci_lower": [0.35], "ci_upper": [0.93], "worst": [0.6],
    ...     "best": [0.75]})
    >>> ax = promise_calibration(rows)
    >>> ax.texts[-1].get_text()
    '7 of 10'
    >>> plt.close(ax.figure)
    """
    rows = table[table["n"] > 0] if len(table) else table
    if rows.empty:
        return _marks.nothing("no interval can be held against a delivery yet", ax)
    ax = _marks.axes(ax, 3.4)
    x, y, low, high = (
        100 * rows[c].to_numpy(dtype=float)
        for c in ("level", "estimate", "ci_lower", "ci_upper")
    )
    ax.plot([0, 100], [0, 100], color=GREY, lw=1, ls="--")
    ax.annotate("as sure as they say", (30, 30), rotation=0, xytext=(6, -12),
                textcoords="offset points", fontsize="small", color=GREY)  # fmt: skip
    ax.vlines(x, low, high, color=BLUE, lw=2)
    ax.scatter(x, y, color=BLUE, s=52, zorder=3)
    for end in ("worst", "best"):
        ax.scatter(x, 100 * rows[end].to_numpy(dtype=float), marker="_", color=ORANGE,
                   s=120, zorder=2)  # fmt: skip
    for level, share, hits, n in zip(x, y, rows["n_covered"], rows["n"], strict=True):
        ax.annotate(
            f"{int(hits)} of {int(n)}", (level, share), xytext=(9, 0), va="center",
            textcoords="offset points", color=INK,
        )  # fmt: skip
    ax.set(xlim=(0, 100), ylim=(0, 100))
    ax.set_xlabel("level of the interval, %")
    ax.set_ylabel("intervals that held, %")
    return _marks.clean(ax, grid="y")
