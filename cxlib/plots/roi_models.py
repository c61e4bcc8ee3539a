"""Charts of models of money, counts and leaving."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxlib import _format
from cxlib.plots import _marks
from cxlib.plots._marks import BLUE, INK, PALE

_HEIGHT, _WIDTH = 2.9, 7.2
NOTHING = "nothing to draw: see the sentence"


def calibration(
    table: pd.DataFrame, *, currency: str = "", ax: Axes | None = None
) -> Axes:
    """Draw mean observed against mean fitted, one panel an outcome.

    Parameters
    ----------
    table : pandas.DataFrame
        `Calibration.table`.
    currency : str
        Printed on the axes of amounts.
    ax : matplotlib.axes.Axes, optional
        Draw the first outcome only, here.

    Returns
    -------
    matplotlib.axes.Axes
        Of the first panel.

    Notes
    -----
    On the line observed and fitted agree. Groups of under 10 rows are not drawn.

    Examples
    --------
    >>> from cxlib import roi, simulate
    >>> panel = simulate.periods(200, rng=1)
    >>> found = roi.calibration(panel, roi.fit(panel, "retained"))
    >>> ax = calibration(found.table)
    >>> ax.get_xlabel()
    'retained, mean fitted, %'
    >>> plt.close(ax.figure)
    """
    if table.empty or table["estimate"].isna().all():
        return _marks.nothing(NOTHING, ax)
    outcomes = list(dict.fromkeys(table["outcome"]))
    if ax is not None:
        panels = [ax]
    else:
        size = (_WIDTH, _HEIGHT * -(-len(outcomes) // 2))
        grid = plt.subplots(
            -(-len(outcomes) // 2), min(2, len(outcomes)), figsize=size,
            layout="constrained", squeeze=False,
        )[1]  # fmt: skip
        panels = list(grid.ravel())
    for panel, outcome in zip(panels, outcomes, strict=False):
        _panel(panel, table[table["outcome"] == outcome], str(outcome), currency)
    for panel in panels[len(outcomes) :]:
        panel.remove()
    return panels[0]


def _panel(ax: Axes, rows: pd.DataFrame, outcome: str, currency: str) -> None:
    rows = rows[rows["estimate"].notna()]
    unit = str(rows["unit"].iloc[0])
    k = _marks.factor(unit)
    fitted = k * rows["fitted"].to_numpy(dtype=float)
    low, high = (k * rows[c].to_numpy(dtype=float) for c in ("ci_lower", "ci_upper"))
    ends = np.array([min(fitted.min(), low.min()), max(fitted.max(), high.max())])
    ax.plot(ends, ends, color=PALE, lw=1.4, zorder=1)
    ax.vlines(fitted, low, high, color=BLUE, lw=2)
    ax.plot(fitted, k * rows["estimate"], "o", color=BLUE, ms=5)
    least, most = (_format.count(float(n)) for n in (rows["n"].min(), rows["n"].max()))
    count = least if least == most else f"{least} to {most}"
    ax.annotate(
        f"n = {count} a group", (0.03, 0.97), xycoords="axes fraction", va="top",
        fontsize="small", color=INK,
    )  # fmt: skip
    suffix = {"share": "%", "amount": currency}.get(unit, "")
    name = outcome.replace("_", " ")
    ax.set_xlabel(f"{name}, mean fitted, {suffix}".rstrip(", "))
    ax.set_ylabel(f"mean observed, {suffix}".rstrip(", "))
    ax.margins(0.08)
    _marks.clean(ax, grid="y")
