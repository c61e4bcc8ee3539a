"""Charts of what to choose: chances of ranks, quadrants, the frontier."""

from __future__ import annotations

import textwrap

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxlib import _format
from cxlib.plots import _labels, _marks
from cxlib.plots._marks import BLUE, GREEN, GREY, INK, ORANGE, PALE
from cxlib.plots.roi import NOTHING, name_rows

_INKS = {"quick win": GREEN, "big bet": BLUE, "fill-in": GREY, "money pit": ORANGE}
_WRAP, _NAMED = 22, 15


def rank_chances(chances: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the chance of each rank, one row an initiative.

    Parameters
    ----------
    chances : pandas.DataFrame
        `Ranks.chances`.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> rows = pd.DataFrame({"initiative": ["a", "a", "b", "b"], "rank": [1, 2, 1, 2],
    ...     "share": [0.7, 0.3, 0.3, 0.7]})
    >>> [text.get_text() for text in rank_chances(rows).texts]
    ['70', '30', '30', '70']
    >>> plt.close("all")
    """
    if chances.empty:
        return _marks.nothing(NOTHING, ax)
    names = list(dict.fromkeys(chances["initiative"]))
    shares = chances["share"].to_numpy(dtype=float).reshape(len(names), -1)
    ax = _marks.axes(ax, 0.42 * len(names) + 0.9)
    ax.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    small = "small" if len(names) <= _NAMED else "x-small"
    for (row, rank), share in np.ndenumerate(shares):
        if share >= 0.005:
            ax.annotate(
                _format.number(share, "share", decimals=0), (rank, row), ha="center",
                va="center", color="white" if share > 0.55 else INK, fontsize=small,
            )  # fmt: skip
    name_rows(ax, np.arange(len(names), dtype=float), names)
    ranks = np.arange(shares.shape[1])
    ax.set_xticks(ranks, [str(rank + 1) for rank in ranks])
    ax.set_xlabel("rank (1 returns most), % of draws")
    ax.grid(visible=False)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return ax


def quadrants(
    table: pd.DataFrame,
    *,
    impact_cut: float,
    effort_cut: float,
    effort_unit: str = "weeks",
    currency: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw impact against effort as crosses from P10 to P90, and the two lines.

    Parameters
    ----------
    table : pandas.DataFrame
        `Quadrants.table`.
    impact_cut, effort_cut : float
        `Quadrants.impact_cut`, `Quadrants.effort_cut`.
    effort_unit, currency : str
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Notes
    -----
    Full marks have a quadrant of their own, hollow ones do not.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> rows = pd.DataFrame({"initiative": ["a"], "impact_amount": [5.0],
    ...     "p10_amount": [1.0], "p90_amount": [9.0], "effort": [2.0],
    ...     "effort_low": [1.0], "effort_high": [4.0], "quadrant": ["quick win"]})
    >>> ax = quadrants(rows, impact_cut=0.0, effort_cut=3.0)
    >>> ax.get_xlabel()
    'effort, weeks: mean and P10 to P90'
    >>> plt.close(ax.figure)
    """
    if table.empty:
        return _marks.nothing(NOTHING, ax)
    ax = _marks.axes(ax, 5.0)
    inks = [_INKS.get(name, INK) for name in table["quadrant"]]
    sure = [name in _INKS for name in table["quadrant"]]
    _crosses(ax, table, "impact_amount", inks, sure)
    ax.axhline(impact_cut, color=INK, lw=1, ls="--")
    ax.axvline(effort_cut, color=INK, lw=1, ls="--")
    for word, x, y in (
        ("quick win", 0.01, 0.99), ("big bet", 0.99, 0.99), ("fill-in", 0.01, 0.01),
        ("money pit", 0.99, 0.01),
    ):  # fmt: skip
        ax.annotate(
            word, (x, y), xycoords="axes fraction", color=_INKS[word], weight="bold",
            ha="left" if x < 0.5 else "right", va="bottom" if y < 0.5 else "top",
        )  # fmt: skip
    _axes_names(ax, effort_unit, currency)
    return _named(ax, table, "impact_amount", inks)


def frontier(
    table: pd.DataFrame,
    *,
    effort_unit: str = "weeks",
    currency: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw value against effort with the chance of a loss, the beaten in grey.

    Parameters
    ----------
    table : pandas.DataFrame
        `Frontier.table`.
    effort_unit, currency : str
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> rows = pd.DataFrame({"initiative": ["a"], "npv_amount": [5.0],
    ...     "p10_amount": [1.0], "p90_amount": [9.0], "effort": [2.0],
    ...     "effort_low": [1.0], "effort_high": [4.0], "efficient": [True],
    ...     "share_loss": [0.04]})
    >>> frontier(rows).texts[-1].get_text().splitlines()
    ['a', 'loss 4 %']
    >>> plt.close("all")
    """
    if table.empty:
        return _marks.nothing(NOTHING, ax)
    ax = _marks.axes(ax, 5.0)
    on = table["efficient"].astype(bool).tolist()
    inks = [BLUE if inside else GREY for inside in on]
    _crosses(ax, table, "npv_amount", inks, on)
    ax.axhline(0, color=INK, lw=1)
    told = [
        f"loss {_format.number(share, 'share', decimals=0)} %"
        for share in table["share_loss"].tolist()
    ]
    _axes_names(ax, effort_unit, currency)
    return _named(ax, table, "npv_amount", inks, told)


def _crosses(
    ax: Axes, table: pd.DataFrame, value: str, inks: list[str], full: list[bool]
) -> None:
    x, y = (table[name].to_numpy(dtype=float) for name in ("effort", value))
    ax.vlines(
        x, table["p10_amount"], table["p90_amount"], color=inks, lw=1.6, alpha=0.7
    )
    ax.hlines(
        y, table["effort_low"], table["effort_high"], color=inks, lw=1.6, alpha=0.7
    )
    faces = [ink if solid else "white" for ink, solid in zip(inks, full, strict=True)]
    ax.scatter(x, y, s=52, c=faces, edgecolors=inks, linewidths=1.6, zorder=3)


def _axes_names(ax: Axes, effort_unit: str, currency: str) -> None:
    number = lambda x, _: _format.number(float(x), "count")  # noqa: E731
    ax.xaxis.set_major_formatter(number)
    ax.yaxis.set_major_formatter(number)
    unit = f", {currency}" if currency else ""
    ax.set_xlabel(f"effort, {effort_unit}: mean and P10 to P90")
    ax.set_ylabel(f"net present value{unit}: mean and P10 to P90")
    ax.margins(x=0.08, y=0.1)
    _marks.clean(ax, grid="y")
    ax.spines["left"].set_color(PALE)


def _named(
    ax: Axes,
    table: pd.DataFrame,
    value: str,
    inks: list[str],
    told: list[str] | None = None,
) -> Axes:
    """Name the marks beside them; only the first where there are many."""
    few = table.head(_NAMED)
    x, y = (few[name].to_numpy(dtype=float) for name in ("effort", value))
    names = [textwrap.fill(str(name), _WRAP) for name in few["initiative"]]
    if told is not None:
        names = [f"{a}\n{b}" for a, b in zip(names, told, strict=False)]
    _labels.beside(ax, names, x, y, inks[: len(few)], [])
    return ax
