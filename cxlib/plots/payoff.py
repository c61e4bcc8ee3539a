"""Charts of investments: the fan of cash, the ranking, the tornado."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxlib import _format
from cxlib.plots import _marks
from cxlib.plots._marks import BLUE, GREEN, GREY, INK, ORANGE, PALE
from cxlib.plots.roi import NOTHING, name_rows


def payoff_fan(
    fan: pd.DataFrame, *, currency: str = "", ax: Axes | None = None
) -> Axes:
    """Draw cumulative discounted cash over time, P10 to P90.

    Parameters
    ----------
    fan : pandas.DataFrame
        `Simulation.fan`.
    currency : str
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> rows = pd.DataFrame({"years": [0, 1], "p10_amount": [-9, -2],
    ...     "p50_amount": [-9, 1], "p90_amount": [-9, 4]})
    >>> ax = payoff_fan(rows, currency="EUR")
    >>> ax.get_ylabel()
    'cumulative discounted cash, EUR'
    >>> plt.close(ax.figure)
    """
    if fan.empty:
        return _marks.nothing(NOTHING, ax)
    ax = _marks.axes(ax, 3.6)
    years = fan["years"].to_numpy(dtype=float)
    low, mid, high = (fan[f"p{p}_amount"].to_numpy(dtype=float) for p in (10, 50, 90))
    ax.fill_between(years, low, high, color=BLUE, alpha=0.22, lw=0)
    ax.plot(years, mid, color=BLUE, lw=2)
    ax.axhline(0, color=INK, lw=1)
    for end, name in ((low[-1], "P10"), (mid[-1], "median"), (high[-1], "P90")):
        ax.annotate(
            f"{name} {_format.number(float(end), 'amount')}", (1.01, end),
            xycoords=("axes fraction", "data"), va="center",
            fontsize="small", color=INK,
        )  # fmt: skip
    ax.yaxis.set_major_formatter(lambda x, _: _format.number(float(x), "count"))
    ax.set(xlabel="years from the first start", xlim=(years[0], years[-1]))
    ax.set_ylabel(f"cumulative discounted cash, {currency}".rstrip(", "))
    return _marks.clean(ax, grid="y")


def payoffs(table: pd.DataFrame, *, currency: str = "", ax: Axes | None = None) -> Axes:
    """Rank investments by net present value, with P10-P90 and chance of paying.

    Parameters
    ----------
    table : pandas.DataFrame
        `Simulation.table`.
    currency : str
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Notes
    -----
    Green: P10 above zero; grey: the interval holds zero; orange: P90 below zero.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> rows = pd.DataFrame({"initiative": ["a"], "n": [10], "npv_amount": [5.0],
    ...     "p10_amount": [1.0], "p90_amount": [9.0], "share_positive": [0.95]})
    >>> ax = payoffs(rows)
    >>> ax.texts[-1].get_text()
    '95 %  n = 10'
    >>> plt.close(ax.figure)
    """
    if table.empty:
        return _marks.nothing(NOTHING, ax)
    ax = _marks.axes(ax, 0.42 * len(table) + 1.0)
    at = np.arange(len(table), dtype=float)
    low, high = (table[f"p{p}_amount"].to_numpy(dtype=float) for p in (10, 90))
    inks = np.where(low > 0, GREEN, np.where(high < 0, ORANGE, GREY))
    ax.hlines(at, low, high, color=inks, lw=3)
    ax.scatter(table["npv_amount"], at, c=inks, s=52, zorder=3)
    ax.annotate(
        "P(ROI > 0), reach", (1.01, 1.0), xycoords="axes fraction", va="bottom",
        fontsize="small", color=GREY,
    )  # fmt: skip
    for y, chance, n in zip(at, table["share_positive"], table["n"], strict=True):
        ax.annotate(
            f"{_format.number(float(chance), 'share', decimals=0)} %  "
            f"n = {_format.count(n)}",
            (1.01, y), xycoords=("axes fraction", "data"), va="center",
            fontsize="small", color=INK,
        )  # fmt: skip
    name_rows(ax, at, table["initiative"].tolist())
    ax.get_yticklabels()[-1].set_fontweight("bold")
    ax.axhline(len(at) - 1.5, color=PALE, lw=1)
    ax.axvline(0, color=INK, lw=1)
    ax.locator_params(axis="x", nbins=5)
    ax.xaxis.set_major_formatter(lambda x, _: _format.number(float(x), "count"))
    unit = f", {currency}" if currency else ""
    ax.set_xlabel(f"net present value{unit}: mean and P10 to P90")
    return _marks.clean(ax)


def tornado(
    table: pd.DataFrame,
    *,
    base: float,
    currency: str = "",
    n: int = 8,
    ax: Axes | None = None,
) -> Axes:
    """Draw what each input alone does to the net present value, widest on top.

    Parameters
    ----------
    table : pandas.DataFrame
        `Tornado.table`.
    base : float
        `Tornado.base_amount`: where the bars start.
    currency : str
    n : int
        Inputs shown.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from cxlib import roi
    >>> found = roi.tornado(lambda x: x["a"] - x["b"], {"a": 10.0, "b": 4.0})
    >>> ax = tornado(found.table, base=found.base_amount)
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['a', 'b']
    >>> plt.close(ax.figure)
    """
    if table.empty:
        return _marks.nothing(NOTHING, ax)
    rows = table.head(n)
    ax = _marks.axes(ax, 0.42 * len(rows) + 1.0)
    at = np.arange(len(rows), dtype=float)
    for side, colour in (("low", ORANGE), ("high", BLUE)):
        ends = rows[f"{side}_amount"].to_numpy(dtype=float)
        ax.barh(at, ends - base, left=base, color=colour, height=0.62)
        for y, end, given in zip(at, ends, rows[side].tolist(), strict=True):
            ax.annotate(
                _short(float(given)), (end, y), xytext=(4 if end > base else -4, 0),
                textcoords="offset points", va="center", fontsize="small",
                ha="left" if end > base else "right", color=INK,
            )  # fmt: skip
    name_rows(ax, at, rows["input"].tolist())
    ax.axvline(base, color=INK, lw=1.2)
    ax.axvline(0, color=GREY, lw=1, ls=":")
    ax.margins(x=0.12)
    ax.locator_params(axis="x", nbins=6)
    ax.xaxis.set_major_formatter(lambda x, _: _format.number(float(x), "count"))
    unit = f", {currency}" if currency else ""
    ax.set_xlabel(f"net present value{unit} (orange: input low, blue: input high)")
    return _marks.clean(ax)


def _short(value: float) -> str:
    """Print an input in three figures."""
    if abs(value) >= 100:
        return _format.number(value, "count")
    return f"{value:.3g}".replace("-", "−")
