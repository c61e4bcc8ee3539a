"""Chart of the score's coefficient before and after the outcome."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxlib import _format
from cxlib.plots import _marks
from cxlib.plots._marks import BLUE, GREY, INK, ORANGE, PALE

_HEIGHT = 2.1
_NOTHING = "nothing to draw: see the sentence"
_LABEL = (
    "periods from the score to the money; left of zero (orange) the score comes after"
)


def lag_profile(
    table: pd.DataFrame, *, currency: str = "", ax: Axes | None = None
) -> Axes:
    """Draw the coefficient of the score at every lag and lead, one panel an outcome.

    Parameters
    ----------
    table : pandas.DataFrame
        `LagProfile.table`.
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
    Blue circles are lags (filled: the one declared beforehand), orange squares leads,
    which must lie at zero. Thick lines are intervals of single coefficients, thin ones
    hold for all lags at once. The diamond at the right is the sum over the lags.

    Examples
    --------
    >>> from cxlib import roi, simulate
    >>> panel = simulate.periods(100, rng=1)
    >>> found = roi.lag_profile(panel, roi.fit(panel, "revenue"), lags=2)
    >>> ax = lag_profile(found.table, currency="EUR")
    >>> [label.get_text() for label in ax.get_xticklabels()]
    ['-1', '0', '1', '2', 'sum']
    >>> plt.close(ax.figure)
    """
    if table.empty:
        return _marks.nothing(_NOTHING, ax)
    names = list(table["outcome"].unique())
    if ax is not None:
        panels = [ax]
    else:
        _, grid = plt.subplots(
            len(names), 1, figsize=(7.2, _HEIGHT * len(names) + 0.3),
            layout="constrained", squeeze=False,
        )  # fmt: skip
        panels = grid[:, 0].tolist()
    ends = table["lag"].min(), table["lag"].max()
    for panel, name in zip(panels, names, strict=False):
        _panel(panel, table[table["outcome"] == name], currency, ends)
    panels[-1].set_xlabel(_LABEL)
    return panels[0]


def _panel(
    ax: Axes, rows: pd.DataFrame, currency: str, ends: tuple[float, float]
) -> None:
    unit = str(rows["unit"].iloc[0])
    k = _marks.factor(unit)
    place = rows["lag"].fillna(ends[1] + 1.5).to_numpy(dtype=float)
    looks = {"lead": (ORANGE, "s"), "lag": (BLUE, "o"), "sum": (INK, "D")}
    banded = rows["band_lower"].notna().to_numpy()
    band = rows[banded]
    ax.vlines(
        place[banded], k * band["band_lower"], k * band["band_upper"], color=GREY, lw=1
    )
    for kind, (colour, marker) in looks.items():
        mine = (rows["kind"] == kind).to_numpy()
        part, at = rows[mine], place[mine]
        filled = part["declared"] | (kind != "lag")
        ax.vlines(at, k * part["ci_lower"], k * part["ci_upper"], color=colour, lw=3)
        ax.scatter(
            at, k * part["estimate"], s=46, marker=marker, zorder=3, linewidths=1.6,
            c=np.where(filled, colour, "white").tolist(), edgecolors=colour,
        )  # fmt: skip
    words = "percentage points" if unit == "share" else currency
    ax.set_ylabel(f"{rows['outcome'].iloc[0].replace('_', ' ')}, {words}".rstrip(", "))
    ticks = [int(lag) for lag in rows["lag"].dropna()]
    ax.set_xticks(place, [*(str(lag) for lag in ticks), "sum"])
    ax.set_xlim(ends[0] - 0.5, ends[1] + 2)
    ax.axhline(0, color=INK, lw=1)
    ax.axvline(ends[1] + 0.75, color=PALE, lw=1)
    _corner(ax, f"n = {_format.count(float(rows['n'].iloc[0]))}")
    _marks.clean(ax, grid="y")


def _corner(ax: Axes, text: str) -> None:
    ax.annotate(
        text, (1.0, 1.0), xycoords="axes fraction", xytext=(0, 2),
        textcoords="offset points", ha="right", va="bottom", fontsize="small",
    )  # fmt: skip
