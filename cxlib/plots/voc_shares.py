"""Charts of codes together, and of codes had everybody commented."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxlib import _format
from cxlib.plots import _marks
from cxlib.plots._marks import GREY, INK
from cxlib.plots.voc import _colours, _drawn, _legend, _rows_named

_CLEAR = 0.05
_FAR = 2.0  # doublings at which the colour is full


def cooccurrence(
    table: pd.DataFrame, *, weak: Collection[str] = (), ax: Axes | None = None
) -> Axes:
    """Draw how much more often than by chance two codes come together.

    Parameters
    ----------
    table : pandas.DataFrame
        `Cooccurrence.table`. Codes without a pair that is common enough are left out.
    weak : collection of str
        `Agreement.weak`: names drawn grey.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Notes
    -----
    Numbers are times chance, with their interval. Coloured: beyond noise after
    correction (blue together, orange apart). A dot: too few verbatims to tell.

    Examples
    --------
    >>> from matplotlib import pyplot as plt
    >>> row = {"code": "a", "name": "Apple", "other": "b", "other_name": "Bean",
    ...        "estimate": 2.0, "ci_lower": 1.5, "ci_upper": 2.7, "pvalue_adj": 0.001}
    >>> ax = cooccurrence(pd.DataFrame([row]))
    >>> [label.get_text() for label in ax.get_yticklabels()], ax.texts[0].get_text()
    (['Bean'], '2.0')
    >>> plt.close(ax.figure)
    """
    known = table[table["estimate"].notna()] if len(table) else table
    if known.empty:
        return _marks.nothing("no pair of codes to draw", ax)
    names = dict(zip(table["code"], table["name"], strict=True))
    names |= dict(zip(table["other"], table["other_name"], strict=True))
    used = set(known["code"]) | set(known["other"])
    codes = [code for code in names if code in used]
    ax = _marks.axes(ax, 1.2 + 0.42 * len(codes))
    place = {code: i for i, code in enumerate(codes)}
    grid = np.full((len(codes) - 1, len(codes) - 1), np.nan)
    for row in known.to_dict("records"):
        x, y = sorted((place[row["code"]], place[row["other"]]))
        clear = row["pvalue_adj"] < _CLEAR
        shade = np.clip(np.log2(row["estimate"]) / _FAR, -1, 1) if clear else 0.0
        grid[y - 1, x] = shade
        colour = "white" if abs(shade) > 0.6 else INK if clear else GREY
        _pair(ax, (x, y - 1), row, colour)
    ax.imshow(grid, cmap="PuOr", vmin=-1.2, vmax=1.2, aspect="auto")
    for y, x in np.argwhere(np.isnan(grid)).tolist():
        if x <= y:
            ax.text(x, y, "·", ha="center", va="center", color=GREY)
    _names(ax, [(c, names[c]) for c in codes], weak)
    ax.set_xlabel(
        "times as often together as by chance, with interval\n"
        "(coloured: beyond noise after correction; · too few)"
    )
    return ax


def code_reweighted(
    table: pd.DataFrame, *, weak: Collection[str] = (), ax: Axes | None = None
) -> Axes:
    """Draw each code's share had everybody commented, beside that of who did.

    Parameters
    ----------
    table : pandas.DataFrame
        `Reweighted.table`; wider codes are not drawn.
    weak : collection of str
        `Agreement.weak`: codes drawn grey.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from matplotlib import pyplot as plt
    >>> ax = code_reweighted(pd.DataFrame())
    >>> ax.texts[0].get_text()
    'no code to draw'
    >>> plt.close(ax.figure)
    """
    rows = _drawn(table).sort_values("estimate", ascending=False, kind="stable")
    if rows.empty:
        return _marks.nothing("no code to draw", ax)
    ax = _marks.axes(ax, 1.0 + 0.34 * len(rows))
    place = np.arange(len(rows), dtype=float)
    _marks.intervals(ax, rows, place, "share", colours=_colours(rows, weak))
    theirs = 100 * rows["share_commenters"].to_numpy(dtype=float)
    ax.scatter(
        theirs, place, s=70, facecolors="none", edgecolors=GREY, zorder=4,
        label="among those who comment",
    )  # fmt: skip
    _rows_named(ax, rows, place, weak)
    ax.set_xlabel("% of verbatims, had all respondents commented")
    ax.set_xlim(left=0)
    _legend(ax)
    return _marks.clean(ax)


def _pair(
    ax: Axes, place: tuple[int, int], row: Mapping[Hashable, Any], colour: str
) -> None:
    """The lift and, smaller, its interval."""
    lift, low, high = (
        _format.number(row[c], decimals=1) for c in ("estimate", "ci_lower", "ci_upper")
    )
    x, y = place
    ax.text(x, y - 0.12, lift, ha="center", va="center", color=colour)
    ax.text(
        x, y + 0.25, f"{low}–{high}", ha="center", va="center", color=colour,
        fontsize="x-small",
    )  # fmt: skip


def _names(ax: Axes, named: list[tuple[str, str]], weak: Collection[str]) -> None:
    """Name the rows from the second code on, the columns up to the last but one."""
    across, down = named[:-1], named[1:]
    ax.set_xticks(
        range(len(across)), [name for _, name in across], rotation=35, ha="right"
    )
    ax.set_yticks(range(len(down)), [name for _, name in down])
    for labels, codes in ((ax.get_xticklabels(), across), (ax.get_yticklabels(), down)):
        for label, (code, _) in zip(labels, codes, strict=True):
            label.set_color(GREY if code in weak else INK)
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
