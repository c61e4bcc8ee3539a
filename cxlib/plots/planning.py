"""Charts of planning and of accounts: power curves, three weightings."""

from __future__ import annotations

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from cxlib import _format
from cxlib.plots import _marks
from cxlib.plots._marks import BLUE, GREEN, GREY, ORANGE, UNIT_LABELS

_WEIGHTED = {"respondents": BLUE, "accounts": ORANGE, "revenue": GREEN}


def power_curve(
    curve: pd.DataFrame,
    *,
    power: float = 0.8,
    n: float | None = None,
    unit: str = "points",
    ax: Axes | None = None,
) -> Axes:
    """Draw the chance of detecting each difference against the answers a group.

    Parameters
    ----------
    curve : pandas.DataFrame
        `Power.curve`.
    power : float
        The chance wanted, a dashed line.
    n : float, optional
        Answers a group at hand, a dotted line.
    unit : str
        Of the differences.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from cxlib import nps
    >>> ax = power_curve(nps.power(None, [5], shares=[0.25, 0.45]).curve)
    >>> ax.get_ylabel()
    'chance of detecting it, %'
    >>> plt.close(ax.figure)
    """
    if curve.empty:
        return _marks.nothing("no difference to plan for", ax)
    ax = _marks.axes(ax, 3.8)
    sizes = sorted(curve["effect_size"].unique())
    inks = sns.light_palette(BLUE, len(sizes) + 2).as_hex()[2:]
    gap = _format.difference_unit(unit)
    ends = []
    for size, ink in zip(sizes, inks, strict=True):
        line = curve[curve["effect_size"] == size]
        ax.plot(line["n"], 100 * line["share_power"], color=ink, lw=2)
        ends.append((float(100 * line["share_power"].iloc[-1]), size, ink))
    at = np.inf
    for y, size, ink in reversed(ends):
        at = min(y, at - 6)
        ax.annotate(
            _format.number(size, gap, signed=True), (1.01, at), va="center", color=ink,
            xycoords=("axes fraction", "data"), fontsize="small", weight="bold",
        )  # fmt: skip
    ax.axhline(100 * power, color=GREY, lw=1.2, ls="--", zorder=1)
    if n:
        ax.axvline(n, color=GREY, lw=1.2, ls=":", zorder=1)
        ax.annotate(
            f"at hand: {_format.count(n)}", (n, 2), color=GREY, fontsize="small"
        )
    ax.set(ylim=(0, 102), xlim=(0, float(curve["n"].max())))
    ax.xaxis.set_major_formatter(lambda x, _: _format.count(x))
    ax.set(xlabel="answers a group", ylabel="chance of detecting it, %")
    return _marks.clean(ax, "y")


def account_scores(
    table: pd.DataFrame,
    *,
    unit: str = "points",
    label: str = "NPS",
    ax: Axes | None = None,
) -> Axes:
    """Draw the score by respondent, by account and by revenue with intervals.

    Parameters
    ----------
    table : pandas.DataFrame
        `AccountScores.table`.
    unit, label : str
        Of the score.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from cxlib import nps
    >>> answers = pd.DataFrame({"score": [10, 3, 9, 8] * 9, "firm": [*"abc"] * 12})
    >>> ax = account_scores(nps.b2b(answers, "firm").table)
    >>> [tick.get_text() for tick in ax.get_yticklabels()]
    ['respondents', 'accounts (3)']
    >>> plt.close(ax.figure)
    """
    if table.empty:
        return _marks.nothing("no account to draw", ax)
    place = np.arange(len(table), dtype=float)
    ax = _marks.axes(ax, 1.1 + 0.4 * len(table))
    inks = [_WEIGHTED[name] for name in table["weighting"]]
    _marks.intervals(ax, table, place, unit, colours=inks)
    names = [
        name if name == "respondents" else f"{name} ({_format.count(n)})"
        for name, n in zip(table["weighting"], table["n_accounts"], strict=True)
    ]
    ax.set_yticks(place, names)
    ax.set_ylim(len(table) - 0.4, -0.6)
    ax.set_xlabel(f"{label}, {UNIT_LABELS[unit]} (in brackets: accounts)")
    return _marks.clean(ax)
