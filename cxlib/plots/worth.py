"""Charts of what customers are worth: segments, lifetimes, repeats, contacts."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from cxlib import _format
from cxlib.plots import _marks
from cxlib.plots._marks import BLUE, GREY, INK, ORANGE, PALE
from cxlib.plots.roi import NOTHING, name_rows

_APART = 0.17


def value_by_segment(
    table: pd.DataFrame,
    *,
    overall: float | None = None,
    currency: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw a point's value in each segment: its own hollow, pooled filled.

    Parameters
    ----------
    table : pandas.DataFrame
        `SegmentValues.table`.
    overall : float, optional
        Value for all customers, drawn as a line.
    currency : str
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from cxlib import roi, simulate
    >>> panel = simulate.periods(300, rng=1)
    >>> fits = roi.fit_outcomes(panel, ["revenue"])
    >>> found = roi.value_by_segment(panel, fits, segment="plan", margin=0.4)
    >>> ax = value_by_segment(found.table, currency="EUR")
    >>> ax.get_xlabel()
    'EUR of margin per customer and point-year (hollow: own, filled: pooled)'
    >>> plt.close(ax.figure)
    """
    rows = table[table["estimate"].notna()] if len(table) else table
    if rows.empty:
        return _marks.nothing(NOTHING, ax)
    ax = _marks.axes(ax, 0.5 * len(rows) + 1.0)
    at = np.arange(len(rows), dtype=float)
    own = rows[["own", "own_ci_lower", "own_ci_upper", "n"]].set_axis(
        ["estimate", "ci_lower", "ci_upper", "n"], axis=1
    )
    known = own["estimate"].notna().to_numpy()
    _bars(ax, own[known], at[known] - _APART, colour=GREY, hollow=True)
    _marks.intervals(ax, rows, at + _APART, "amount", colours=[BLUE] * len(rows))
    if overall is not None:
        _marks.lines(ax, overall, None, "amount")
    name_rows(ax, at, rows["segment"].astype(str).tolist())
    ax.axvline(0, color=INK, lw=1)
    ax.set_xlabel(
        f"{currency} of margin per customer and point-year "
        "(hollow: own, filled: pooled)".strip()
    )
    return _marks.clean(ax)


def _bars(
    ax: Axes,
    rows: pd.DataFrame,
    place: _marks.Floats,
    *,
    colour: str,
    hollow: bool = False,
) -> None:
    """Draw marks with intervals and no numbers."""
    names = ("estimate", "ci_lower", "ci_upper")
    value, low, high = (rows[name].to_numpy(dtype=float) for name in names)
    ax.hlines(place, low, high, color=colour, lw=2)
    ax.scatter(
        value, place, s=46, c="white" if hollow else colour, edgecolors=colour,
        linewidths=1.6, zorder=3,
    )  # fmt: skip


def lifetime_value(
    curve: pd.DataFrame, *, currency: str = "", ax: Axes | None = None
) -> Axes:
    """Draw a customer's discounted margin by how many years are counted.

    Parameters
    ----------
    curve : pandas.DataFrame
        `LifetimeValues.curve`.
    currency : str
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Notes
    -----
    Filled: within what was seen. Hollow: beyond it.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from cxlib import roi, simulate
    >>> found = roi.lifetime_value(simulate.periods(200, rng=1), margin=0.4)
    >>> ax = lifetime_value(found.curve, currency="EUR")
    >>> ax.get_ylabel()
    'discounted margin of a customer, EUR'
    >>> plt.close(ax.figure)
    """
    if curve.empty:
        return _marks.nothing(NOTHING, ax)
    ax = _marks.axes(ax, 3.4)
    years = curve["years"].to_numpy(dtype=float)
    ends = ("estimate", "ci_lower", "ci_upper")
    value, low, high = (curve[name].to_numpy(dtype=float) for name in ends)
    beyond = curve["beyond"].to_numpy(dtype=bool)
    ax.vlines(years, low, high, color=BLUE, lw=2)
    ax.plot(years, value, color=BLUE, lw=1, ls=":", zorder=1)
    ax.scatter(
        years, value, s=52, c=["white" if b else BLUE for b in beyond],
        edgecolors=BLUE, linewidths=1.6, zorder=3,
    )  # fmt: skip
    for x, y in zip(years, value, strict=True):
        ax.annotate(
            _format.number(float(y), "amount"), (x, y), xytext=(9, -3),
            textcoords="offset points", fontsize="small", color=INK, va="top",
        )  # fmt: skip
    n = _format.count(float(curve["n"].iloc[0]))
    ax.set(xlim=(0, years[-1] + 0.6), ylim=(min(0.0, float(low.min())), None))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.yaxis.set_major_formatter(lambda x, _: _format.number(float(x), "count"))
    ax.set_xlabel(f"years counted (n = {n} customers; hollow: beyond the data)")
    ax.set_ylabel(f"discounted margin of a customer, {currency}".rstrip(", "))
    return _marks.clean(ax, grid="y")


def repeat_check(check: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw purchases foretold for the time held back, and those that were made.

    Parameters
    ----------
    check : pandas.DataFrame
        `RepeatValues.check`.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from cxlib import roi, simulate
    >>> found = roi.repeat_value(simulate.purchases(300, rng=1), margin=0.3)
    >>> ax = repeat_check(found.check)
    >>> [label.get_text() for label in ax.get_yticklabels()][0]
    '0 repeats'
    >>> plt.close(ax.figure)
    """
    rows = check[check["repeats"] != "all"] if len(check) else check
    if rows.empty:
        return _marks.nothing(NOTHING, ax)
    ax = _marks.axes(ax, 0.46 * len(rows) + 1.1)
    at = np.arange(len(rows), dtype=float)
    actual = rows["actual"].to_numpy(dtype=float)
    _bars(ax, rows, at, colour=BLUE, hollow=True)
    ax.scatter(actual, at, marker="D", s=34, color=ORANGE, zorder=4)
    for y, made, n in zip(at, actual.tolist(), rows["n"].tolist(), strict=True):
        told = f"{_format.number(made, 'count')}  n = {_format.count(float(n))}"
        ax.annotate(
            told, (1.01, y), xycoords=("axes fraction", "data"), va="center",
            fontsize="small", color=INK,
        )  # fmt: skip
    name_rows(ax, at, [_repeats(name) for name in rows["repeats"].tolist()])
    ax.xaxis.set_major_formatter(lambda x, _: _format.number(float(x), "count"))
    ax.set_xlim(left=0)
    weeks = f"{rows['weeks'].iloc[0]:.0f}"
    ax.set_xlabel(
        f"purchases in the last {weeks} weeks, held back (hollow: foretold, "
        "diamond: made)"
    )
    return _marks.clean(ax)


def _repeats(name: str) -> str:
    return f"{name} repeat" if name == "1" else f"{name} repeats"


def contact_costs(
    table: pd.DataFrame, *, currency: str = "", ax: Axes | None = None
) -> Axes:
    """Draw what a contact costs by theme, with each theme's share of all cost.

    Parameters
    ----------
    table : pandas.DataFrame
        `CostToServe.table`.
    currency : str
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from cxlib import roi, simulate
    >>> ax = contact_costs(roi.cost_to_serve(simulate.contacts(200, rng=1)).table)
    >>> ax.get_yticklabels()[-1].get_text()
    'all themes'
    >>> plt.close(ax.figure)
    """
    rows = table[table["estimate"].notna()] if len(table) else table
    if rows.empty:
        return _marks.nothing(NOTHING, ax)
    ax = _marks.axes(ax, 0.42 * len(rows) + 1.1)
    at = np.arange(len(rows), dtype=float)
    _bars(ax, rows, at, colour=BLUE)
    numbers = (rows[name].tolist() for name in ("estimate", "share", "n"))
    for y, value, share, n in zip(at, *numbers, strict=True):
        ax.annotate(
            f"{_format.number(value, 'amount')}  "
            f"{_format.number(share, 'share', decimals=0)} %  n = {_format.count(n)}",
            (1.01, y), xycoords=("axes fraction", "data"), va="center",
            fontsize="small", color=INK,
        )  # fmt: skip
    ax.annotate(
        "cost, share of all cost, contacts", (1.01, 1.0), xycoords="axes fraction",
        va="bottom", fontsize="small", color=GREY,
    )  # fmt: skip
    name_rows(ax, at, rows["theme"].astype(str).tolist())
    if len(rows) > 1:
        ax.get_yticklabels()[-1].set_fontweight("bold")
        ax.axhline(len(at) - 1.5, color=PALE, lw=1)
    ax.set_xlim(left=0)
    ax.set_xlabel(f"cost of a contact{f', {currency}' if currency else ''}")
    return _marks.clean(ax)
