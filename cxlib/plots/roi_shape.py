"""Charts of how money bends with the score, and of what a category won is worth."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxlib import _format
from cxlib.plots import _marks
from cxlib.plots._marks import BLUE, GREY, INK, ORANGE, PALE
from cxlib.plots.roi import NOTHING, name_rows

_PANEL = 1.9


def score_shape(
    table: pd.DataFrame, *, currency: str = "", ax: Axes | None = None
) -> Axes:
    """Draw each level of the score against the fitted line, one panel an outcome.

    Parameters
    ----------
    table : pandas.DataFrame
        `Shape.table`.
    currency : str
        Printed on the axis of amounts.
    ax : matplotlib.axes.Axes, optional
        Draw the first outcome only, here.

    Returns
    -------
    matplotlib.axes.Axes
        Of the first panel.

    Notes
    -----
    Dots with intervals: levels free of the line. Orange: the line. Grey steps: the
    nearest means that only rise or only fall, in the band that holds all levels at
    once. Differences from the mean of all, the rest held constant.

    Examples
    --------
    >>> from cxlib import roi, simulate
    >>> panel = simulate.periods(100, rng=1)
    >>> found = roi.shape(panel, roi.fit(panel, "revenue"))
    >>> ax = score_shape(found.table, currency="EUR")
    >>> ax.get_ylabel()
    'revenue, EUR'
    >>> plt.close(ax.figure)
    """
    if table.empty:
        return _marks.nothing(NOTHING, ax)
    parts = [rows for _, rows in table.groupby("outcome", sort=False)]
    if ax is not None:
        panels = [ax]
    else:
        _, grid = plt.subplots(
            len(parts), 1, figsize=(7.2, _PANEL * len(parts) + 0.4),
            layout="constrained", squeeze=False,
        )  # fmt: skip
        panels = grid[:, 0].tolist()
    for panel, rows in zip(panels, parts, strict=False):
        _levels(panel, rows, currency)
    panels[0].legend(
        loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, fontsize="small",
        frameon=False, borderaxespad=0.2,
    )  # fmt: skip
    panels[-1].set_xlabel("score, and below it the rows at each level (n)")
    return panels[0]


def _levels(ax: Axes, rows: pd.DataFrame, currency: str) -> None:
    unit = str(rows["unit"].iloc[0])
    k, at = _marks.factor(unit), rows["at"].to_numpy(dtype=float)
    low, high = k * rows["monotone_lower"], k * rows["monotone_upper"]
    ax.fill_between(at, low, high, color=PALE, alpha=0.45, lw=0)
    ax.plot(
        at, k * rows["monotone"], color=GREY, lw=1.4, ls="--", label="one direction"
    )
    ax.plot(at, k * rows["line"], color=ORANGE, lw=1.8, label="fitted line")
    ax.vlines(at, k * rows["ci_lower"], k * rows["ci_upper"], color=BLUE, lw=2)
    ax.plot(at, k * rows["estimate"], "o", color=BLUE, ms=6, label="each level")
    ax.axhline(0, color=INK, lw=0.8)
    names = [
        f"{score}\n{_format.count(n)}"
        for score, n in zip(rows["score"], rows["n"].tolist(), strict=True)
    ]
    ax.set_xticks(at, names, fontsize="small")
    words = "percentage points" if k > 1 else currency
    name = str(rows["outcome"].iloc[0]).replace("_", " ")
    ax.set_ylabel(f"{name},\n{words}" if k > 1 else f"{name}, {words}".rstrip(", "))
    ax.margins(x=0.04, y=0.1)
    _marks.clean(ax, grid="y")


def transition_value(
    table: pd.DataFrame, *, currency: str = "", ax: Axes | None = None
) -> Axes:
    """Draw what a customer won or lost is worth, beside what a flat rule would say.

    Parameters
    ----------
    table : pandas.DataFrame
        `TransitionValue.table`.
    currency : str
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Notes
    -----
    Filled: may be read as an effect. Hollow: an association. The orange diamond is the
    value with every point worth the same.

    Examples
    --------
    >>> from cxlib import roi, simulate
    >>> panel = simulate.periods(100, rng=1)
    >>> fits = roi.fit_outcomes(panel, ["revenue"])
    >>> found = roi.transition_value(fits, roi.shape(panel, fits), margin=0.4)
    >>> ax = transition_value(found.table, currency="EUR")
    >>> ax.get_xlabel()
    'EUR of margin per customer, held for a year (hollow: association)'
    >>> plt.close(ax.figure)
    """
    if table.empty:
        return _marks.nothing(NOTHING, ax)
    ax = _marks.axes(ax, 0.42 * len(table) + 0.9)
    at = np.arange(len(table), dtype=float)
    _marks.intervals(
        ax, table, at, "amount", hollow=(table["reading"] != "effect").to_numpy()
    )
    under = at + 0.24
    flat = table["flat_rule"].to_numpy(dtype=float)
    ends = (table["flat_rule_ci_lower"], table["flat_rule_ci_upper"])
    ax.hlines(under, *ends, color=ORANGE, lw=1.4)
    ax.scatter(
        flat, under, marker="D", s=26, color=ORANGE, zorder=3,
        label="every point worth the same",
    )  # fmt: skip
    name_rows(ax, at, table["transition"].tolist())
    ax.axvline(0, color=INK, lw=1)
    ax.legend(
        loc="lower left", bbox_to_anchor=(0, 1), fontsize="small", frameon=False,
        borderaxespad=0.2,
    )  # fmt: skip
    ax.set_xlabel(
        f"{currency} of margin per customer, held for a year "
        "(hollow: association)".strip()
    )
    return _marks.clean(ax)
