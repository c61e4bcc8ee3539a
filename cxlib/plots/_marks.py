"""Marks that charts of estimates share: intervals, reference lines, a clean frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke

from cxlib import _format

BLUE, ORANGE, GREEN, RED, *_ = sns.color_palette("colorblind").as_hex()
GREY, PALE, INK = "#7a8390", "#c9ced6", "#20262e"
Floats = npt.NDArray[np.float64]
Side = Literal["left", "center", "right"]
Bools = npt.NDArray[np.bool_]
UNIT_LABELS = {
    "points": "points, −100 to 100", "share": "% of answers", "score": "answer scale",
}  # fmt: skip


def axes(ax: Axes | None, height: float) -> Axes:
    """The axes given, or new ones of a height, in inches, that fits the rows."""
    if ax is not None:
        return ax
    size = (7.2, min(9.0, max(1.7, height)))
    return plt.subplots(figsize=size, layout="constrained")[1]


def factor(unit: str) -> float:
    """From the table's numbers to the axis: shares are drawn as %."""
    return 100.0 if unit == "share" else 1.0


def intervals(
    ax: Axes,
    rows: pd.DataFrame,
    place: Floats,
    unit: str,
    *,
    colours: Sequence[str] = (),
    hollow: Bools | None = None,
    marker: str = "o",
    told: str = "",
    counts: bool = True,
) -> None:
    """Draw marks with intervals; the value (and n) stand at the right edge.

    `told` names the marks in the legend, colours their values and signs them.
    """
    value, low, high = (
        factor(unit) * rows[c].to_numpy(dtype=float)
        for c in ("estimate", "ci_lower", "ci_upper")
    )
    inks = list(colours) or [BLUE] * len(rows)
    empty = np.zeros(len(rows), dtype=bool) if hollow is None else hollow
    faces = ["white" if h else c for c, h in zip(inks, empty, strict=True)]
    ax.hlines(place, low, high, color=inks, lw=2)
    ax.scatter(
        value, place, s=46, c=faces, edgecolors=inks, linewidths=1.6, zorder=3,
        marker=marker, label=told or None,
    )  # fmt: skip
    n = rows["n"].to_numpy(dtype=float) if counts else value
    for at, estimate, base in zip(place, rows["estimate"].tolist(), n, strict=True):
        text = _format.number(estimate, unit, signed=bool(told))
        text += f"  n = {_format.count(float(base))}" if counts else ""
        ax.annotate(
            text, (1.01, at), xycoords=("axes fraction", "data"), va="center",
            fontsize="small", color=inks[0] if told else INK,
        )  # fmt: skip


def lines(ax: Axes, overall: float | None, target: float | None, unit: str) -> None:
    """Vertical lines of the whole and of the target, named at the top."""
    looks = (("all", overall, GREY, ":"), ("target", target, RED, "--"))
    for name, value, colour, style in looks:
        if value is None:
            continue
        other = overall if name == "target" else target
        apart = 0.0 if other is None else value - other
        side: Side = "left" if apart > 0 else "right" if apart < 0 else "center"
        x = factor(unit) * value
        ax.axvline(x, color=colour, lw=1.2, ls=style, zorder=1)
        ax.annotate(
            f"{name} {_format.number(value, unit)}", (x, 1.0),
            xycoords=("data", "axes fraction"), xytext=(0, 2),
            textcoords="offset points", ha=side, va="bottom", fontsize="small",
            color=colour,
        )  # fmt: skip


def finest(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of codes that are no other code's parent."""
    return pd.DataFrame(table[~table["code"].isin(set(table["parent"]) - {""})])


def name_point(
    ax: Axes, x: npt.NDArray[Any], y: Floats, i: int, text: str, *, loud: bool = False
) -> None:  # fmt: skip
    """Write beside a point of a line, on the side that the line leaves free."""
    if not np.isfinite(y[i]):
        return
    rising = i + 1 < len(y) and y[i + 1] > y[i]
    ax.annotate(
        text, (x[i], y[i]), xytext=(7, -4 if rising else 4), ha="left",
        textcoords="offset points", va="top" if rising else "bottom", zorder=5,
        path_effects=[withStroke(linewidth=2.5, foreground="white")],
        color=RED if loud else INK, weight="bold" if loud else "normal",
    )  # fmt: skip


def across(ax: Axes, value: float) -> None:
    """A horizontal line for the target."""
    ax.axhline(value, color=RED, lw=1.2, ls="--", zorder=1)
    ax.annotate(
        f"target {value:g}", (1.0, value), xycoords=("axes fraction", "data"),
        ha="right", va="bottom", fontsize="small", color=RED,
    )  # fmt: skip


def nothing(why: str, ax: Axes | None) -> Axes:
    """An empty chart that says so."""
    if ax is None:
        ax = plt.subplots(figsize=(7.2, 0.5), layout="constrained")[1]
    ax.text(0.5, 0.5, why, ha="center", va="center", color=GREY, transform=ax.transAxes)
    ax.set_axis_off()
    return ax


def clean(ax: Axes, grid: str = "x") -> Axes:
    """No frame, a light grid along the value axis only."""
    ax.grid(visible=False)
    ax.grid(visible=True, axis="x" if grid == "x" else "y", color="#e6e9ed", lw=0.8)
    ax.set_axisbelow(True)
    sides = ("top", "right", "left") if grid == "x" else ("top", "right")
    ax.spines[list(sides)].set_visible(False)
    ax.tick_params(axis="y" if grid == "x" else "x", length=0)
    return ax


def name_waves(ax: Axes, table: pd.DataFrame) -> None:
    """Wave and n under each mark, slanted where there are many."""
    names = [
        f"{wave}\nn = {_format.count(n)}" if np.isfinite(n) else f"{wave}\nhidden"
        for wave, n in zip(table["wave"], table["n"].astype(float), strict=True)
    ]
    if len(names) > 8:
        ax.set_xticks(range(len(names)), names, rotation=45, ha="right")
    else:
        ax.set_xticks(range(len(names)), names)
    ax.set_xlim(-0.4, len(names) - 0.4)


def step(
    ax: Axes,
    y: Floats,
    i: int,
    change: float,
    unit: str,
) -> None:
    """Write a change beyond noise beside its step."""
    gap = _format.difference_unit(unit)
    colour = RED if change < 0 else GREEN
    ax.annotate(
        _format.number(change, gap, signed=True), (i - 0.5, (y[i - 1] + y[i]) / 2),
        ha="center", va="center", color="white", fontsize="small", weight="bold",
        bbox={"boxstyle": "round,pad=0.25", "fc": colour, "ec": "none"},
    )  # fmt: skip
