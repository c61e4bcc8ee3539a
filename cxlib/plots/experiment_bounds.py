"""Chart of survey effects when the variants differ in who answers."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from cxlib import _format
from cxlib.plots import _marks
from cxlib.plots._marks import BLUE, GREY, INK, ORANGE, RED, Floats

_LOOKS = {
    "those who answered": INK,
    "would answer in either variant": BLUE,
    "all exposed users": ORANGE,
}
_UNITS = {"share": "percentage points", "points": "points"}
_NAMES = {
    "those who answered": "those who answered",
    "would answer in either variant": "would answer either way",
    "all exposed users": "all users, worst case",
}
MAX_STRETCH = 2.5


def response_bounds(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw each survey effect, its bounds and their intervals.

    Parameters
    ----------
    table : pandas.DataFrame
        `ResponseBounds.table`.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
        Where several units are drawn, one panel a unit is inset into it
        (`ax.child_axes`).

    Notes
    -----
    Thick bars are the bounds, thin lines their intervals, the dot the difference among
    those who answered; a dashed line marks the largest tolerable loss. A worst case
    that is much wider than the rest runs off the axis, with arrows; its ends are
    written beside it.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from cxlib import journeys
    >>> users = pd.DataFrame(
    ...     {"variant": ["a", "b"] * 50, "score": [9, 3, None, 10, 8] * 20}
    ... )
    >>> metric = journeys.Score(name="NPS", column="score")
    >>> ax = response_bounds(journeys.bounds(users, [metric], control="a").table)
    >>> ax.get_xlabel()
    'difference to a, points'
    >>> plt.close(ax.figure)
    """
    if table.empty:
        return _marks.nothing("no survey score to draw", ax)
    units = [
        _UNITS.get(str(unit), str(metric))
        for unit, metric in zip(table["unit"], table["metric"], strict=True)
    ]
    groups = list(table.groupby(units, sort=False))
    ax = _marks.axes(ax, 0.4 + sum(0.8 + 0.38 * len(rows) for _, rows in groups))
    if len(groups) == 1:
        return _panel(ax, str(groups[0][0]), groups[0][1])
    ax.set_axis_off()
    total = sum(2.1 + len(rows) for _, rows in groups)
    top = 1.0
    for unit, rows in groups:
        height, room = (2.1 + len(rows)) / total, 1.9 / total
        box = (0.0, top - height + room, 1.0, height - room)
        _panel(ax.inset_axes(box), str(unit), rows)
        top -= height
    return ax


def _panel(ax: Axes, unit: str, rows: pd.DataFrame) -> Axes:
    """Draw one unit's effects, three rows a metric and treatment."""
    scale = 100.0 if rows["unit"].iloc[0] == "share" else 1.0
    ends = ["effect_size_lower", "effect_size_upper"]
    low, high, ci_low, ci_high, margin = (
        scale * rows[name].to_numpy(dtype=float)
        for name in (*ends, "effect_size_ci_lower", "effect_size_ci_upper", "margin")
    )
    place = np.arange(len(rows), dtype=float) + 0.5 * (np.arange(len(rows)) // 3)
    inks = [_LOOKS[population] for population in rows["population"]]
    ax.axvline(0, color=INK, lw=1, zorder=1)
    ax.hlines(place, ci_low, ci_high, color=inks, lw=1.6)
    ax.hlines(place, low, high, color=inks, lw=8, alpha=0.55)
    plain = (rows["population"] == "those who answered").to_numpy(dtype=bool)
    ax.scatter(low[plain], place[plain], s=46, color=INK, zorder=3)
    sign = np.where(rows["direction"] == "increase", -1.0, 1.0)
    ax.vlines(sign * margin, place - 0.4, place + 0.4, color=RED, lw=1.4, ls="--")
    for at, row in zip(place, rows.to_dict("records"), strict=True):
        ax.annotate(
            _told(row, scale), (1.01, at), xycoords=("axes fraction", "data"),
            va="center", fontsize="small", color=_LOOKS[row["population"]],
        )  # fmt: skip
    ax.set_yticks(place, _names(rows))
    ax.set_ylim(place[-1] + 0.6, -0.6)
    ax.set_xlabel(f"difference to {rows['control_arm'].iloc[0]}, {unit}")
    worst = (rows["population"] == "all exposed users").to_numpy(dtype=bool)
    near = np.concatenate([ci_low[~worst], ci_high[~worst], sign * margin, [0.0]])
    _focus(ax, near, ci_low, ci_high, place)
    _legend(ax, with_margin=bool(np.isfinite(margin).any()))
    return _marks.clean(ax)


def _focus(ax: Axes, near: Floats, low: Floats, high: Floats, place: Floats) -> None:
    """Show what can be read; a far wider row runs off the axis with arrows."""
    near = near[np.isfinite(near)]
    pad = 0.08 * float(np.ptp(near)) or 1.0
    left, right = float(near.min()) - pad, float(near.max()) + pad
    if not np.nanmax(high - low) > MAX_STRETCH * (right - left):
        return
    ax.set_xlim(left, right)
    for edge, ends, mark in ((0.015, low < left, "<"), (0.985, high > right, ">")):
        at = place[ends]
        ax.scatter(
            np.full(len(at), edge), at, marker=mark, s=60, color=ORANGE, zorder=4,
            transform=ax.get_yaxis_transform(), clip_on=False,
        )  # fmt: skip


def _told(row: dict[Hashable, Any], scale: float) -> str:
    """Write the bounds, the verdict and n beside a row."""
    low, high = (
        _format.number(scale * row[name], "score", signed=True, decimals=1)
        for name in ("effect_size_lower", "effect_size_upper")
    )
    exposed = row["population"] == "all exposed users"
    names = [f"n_{'exposed_' if exposed else ''}{a}" for a in ("control", "treatment")]
    n = _format.count(sum(float(row[name]) for name in names))
    if low == high:
        return f"{low}  n = {n}" if low != _format.MISSING else "too few answers"
    said = f"  {row['verdict']}" if row["verdict"] else ""
    return f"{low} to {high}{said}\nn = {n}"


def _names(rows: pd.DataFrame) -> list[str]:
    """Population; the metric (and variant, and direction) above its first row."""
    several = len(rows["treatment_arm"].unique()) > 1
    found = []
    for i, row in enumerate(rows.to_dict("records")):
        name = _NAMES[row["population"]]
        metric = row["metric"] + (f", {row['treatment_arm']}" if several else "")
        metric += "" if row["direction"] == "increase" else " (less is better)"
        found.append(f"{metric}: {name}" if i % 3 == 0 else name)
    return found


def _legend(ax: Axes, *, with_margin: bool) -> None:
    """Name the bar, the line and the margin."""
    marks = [
        Line2D([], [], color=GREY, lw=8, alpha=0.55, label="bounds"),
        Line2D([], [], color=GREY, lw=1.6, label="interval"),
    ]
    if with_margin:
        marks.append(Line2D([], [], color=RED, lw=1.4, ls="--", label="margin"))
    ax.legend(
        handles=marks, loc="lower right", bbox_to_anchor=(1, 1), ncols=3,
        fontsize="small", frameon=False, borderaxespad=0.2,
    )  # fmt: skip
