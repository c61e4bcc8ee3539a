"""Charts of verbatims: how often a code is said, by whom, and what it weighs."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap

from cxlib import _format
from cxlib.plots import _marks
from cxlib.plots._marks import BLUE, GREY, INK, ORANGE, RED, Floats

_ROW_HEIGHT, _MARGIN = 0.34, 1.0
_MOST_SEGMENTS = 8
_WRAP = 12
_BLUES = LinearSegmentedColormap.from_list("blues", ["#f7fafc", "#9cc8e3", BLUE])
_DARK = 0.62


def code_shares(
    table: pd.DataFrame, *, weak: Collection[str] = (), ax: Axes | None = None
) -> Axes:
    """Draw the share of verbatims that speak of each code, with interval and n.

    Parameters
    ----------
    table : pandas.DataFrame
        `Prevalence.table`; the rows of all verbatims are drawn, wider codes are not.
    weak : collection of str
        `Agreement.weak`: codes drawn grey.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Notes
    -----
    A hollow mark struck through is the machine's plain count where hand codes have
    corrected or replaced it.

    Examples
    --------
    >>> from matplotlib import pyplot as plt
    >>> rows = {"segment": "all", "code": ["a", "b"], "name": ["Apple", "Bean"],
    ...         "parent": "", "n": 90, "estimate": [0.2, 0.4], "basis": "machine only",
    ...         "ci_lower": [0.1, 0.3], "ci_upper": [0.3, 0.5], "share_machine": 0.2}
    >>> ax = code_shares(pd.DataFrame(rows))
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['Bean', 'Apple']
    >>> plt.close(ax.figure)
    """
    rows = table[table["segment"] == "all"] if "segment" in table else table
    rows = _drawn(rows).sort_values("estimate", ascending=False, kind="stable")
    if rows.empty:
        return _marks.nothing("no code to draw", ax)
    ax = _marks.axes(ax, _MARGIN + _ROW_HEIGHT * len(rows))
    place = np.arange(len(rows), dtype=float)
    _marks.intervals(ax, rows, place, "share", colours=_colours(rows, weak))
    amended = (rows["basis"] != "machine only").to_numpy()
    if amended.any():
        raw = 100 * rows["share_machine"].to_numpy(dtype=float)[amended]
        ax.scatter(
            raw, place[amended], s=46, facecolors="none", edgecolors=GREY, zorder=2,
            label="machine's count, not corrected",
        )  # fmt: skip
        ax.scatter(raw, place[amended], s=120, marker="_", color=GREY, lw=1, zorder=2)
    _rows_named(ax, rows, place, weak)
    ax.set_xlabel("% of verbatims that say something")
    ax.set_xlim(left=0)
    _legend(ax)
    return _marks.clean(ax)


def code_heatmap(
    table: pd.DataFrame, *, weak: Collection[str] = (), ax: Axes | None = None
) -> Axes:
    r"""Draw each code's share in each segment, with its interval and the segment's n.

    Parameters
    ----------
    table : pandas.DataFrame
        `Prevalence.table` by segment. The eight largest segments are drawn; without
        segments, all verbatims together.
    weak : collection of str
        `Agreement.weak`: names drawn grey.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Notes
    -----
    An asterisk marks the machine's share where hand codes were too few to correct it.

    Examples
    --------
    >>> from matplotlib import pyplot as plt
    >>> rows = {"segment": ["all", "web"], "code": "a", "name": "Apple", "parent": "",
    ...         "n": [90, 40], "estimate": 0.2, "ci_lower": 0.1, "ci_upper": 0.3,
    ...         "basis": "corrected"}
    >>> ax = code_heatmap(pd.DataFrame(rows))
    >>> [label.get_text() for label in ax.get_xticklabels()]
    ['all\nn = 90', 'web\nn = 40']
    >>> plt.close(ax.figure)
    """
    rows = _drawn(table)
    if rows.empty:
        return _marks.nothing("no code to draw", ax)
    segments = _largest(rows)
    whole = rows[rows["segment"] == "all"].sort_values("estimate", ascending=False)
    names = whole["code"].tolist()
    ax = _marks.axes(ax, 1.0 + 0.42 * len(names))
    shares = rows.pivot_table(index="code", columns="segment", values="estimate")
    grid = 100 * shares.reindex(index=names, columns=segments["segment"].tolist())
    top = float(np.nanmax(grid.to_numpy(dtype=float)))
    ax.imshow(grid, cmap=_BLUES, vmin=0, vmax=max(top, 1e-9), aspect="auto")
    across = segments["segment"].tolist()
    for row in rows.to_dict("records"):
        if row["segment"] in across and row["code"] in names:
            place = across.index(row["segment"]), names.index(row["code"])
            dark = 100 * row["estimate"] > _DARK * top
            _cell(ax, place, row, "white" if dark else INK)
    heads = [
        f"{fill(s, _WRAP)}\nn = {n:,}"
        for s, n in zip(segments["segment"], segments["n"], strict=True)
    ]
    ax.set_xticks(range(len(heads)), heads)
    ax.xaxis.tick_top()
    _rows_named(ax, whole, np.arange(len(names), dtype=float), weak)
    ax.set_xlabel("% of verbatims, with interval" + _starred(rows))
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    return ax


def code_agreement(
    table: pd.DataFrame, *, min_agreement: float = 0.667, ax: Axes | None = None
) -> Axes:
    """Draw Krippendorff's alpha of each code, people's and the machine's.

    Parameters
    ----------
    table : pandas.DataFrame
        `Agreement.table`.
    min_agreement : float
        Line below which a code is weak.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from matplotlib import pyplot as plt
    >>> ax = code_agreement(pd.DataFrame())
    >>> ax.texts[0].get_text()
    'no agreement to draw'
    >>> plt.close(ax.figure)
    """
    rows = _drawn(table)
    rows = rows[rows["code"] != "(exactly the same codes)"].sort_values("estimate")
    if rows.empty:
        return _marks.nothing("no agreement to draw", ax)
    codes = sorted(dict.fromkeys(rows["name"]), key=lambda name: name[0] != "(")
    ax = _marks.axes(ax, _MARGIN + 0.42 * len(codes))
    looks = {
        "people with people": (BLUE, "o", -0.14),
        "machine with people": (ORANGE, "D", 0.16),
    }
    for pair, (colour, marker, shift) in looks.items():
        part = rows[rows["pair"] == pair]
        place = np.array([codes.index(name) + shift for name in part["name"]])
        told = f"{pair} (n = {int(part['n'].max()):,})" if len(part) else ""
        _alphas(ax, part, place, (colour, marker, told))
    ax.axvline(min_agreement, color=RED, lw=1.2, ls="--", zorder=1)
    ax.annotate(
        f"weak below {min_agreement:g}", (min_agreement, 1.0), va="bottom", ha="right",
        xycoords=("data", "axes fraction"), xytext=(0, 2), textcoords="offset points",
        fontsize="small", color=RED,
    )  # fmt: skip
    ax.set_yticks(range(len(codes)), codes)
    ax.set_ylim(len(codes) - 0.4, -0.6)
    ax.set_xlim(right=1.005)
    ax.set_xlabel("Krippendorff's alpha (1 = full agreement, 0 = chance)")
    _legend(ax)
    return _marks.clean(ax)


def _alphas(
    ax: Axes, rows: pd.DataFrame, place: Floats, look: tuple[str, str, str]
) -> None:
    """Marks with intervals in one colour, their values at the right edge."""
    colour, marker, told = look
    if rows.empty:
        return
    alpha = rows["estimate"].to_numpy(dtype=float)
    ax.hlines(place, rows["ci_lower"], rows["ci_upper"], color=colour, lw=2)
    ax.scatter(alpha, place, s=40, color=colour, marker=marker, label=told, zorder=3)
    for at, value in zip(place, alpha, strict=True):
        ax.annotate(
            _format.number(value), (1.01, at), xycoords=("axes fraction", "data"),
            va="center", fontsize="small", color=colour,
        )  # fmt: skip


def _drawn(table: pd.DataFrame) -> pd.DataFrame:
    """Rows with an estimate of codes that are no other code's parent."""
    if table.empty:
        return pd.DataFrame(columns=["code", "estimate"])
    rows = _marks.finest(table)
    return pd.DataFrame(rows[rows["estimate"].notna()])


def _colours(rows: pd.DataFrame, weak: Collection[str]) -> list[str]:
    return [GREY if code in weak else BLUE for code in rows["code"]]


def _rows_named(
    ax: Axes, rows: pd.DataFrame, place: Floats, weak: Collection[str]
) -> None:
    """Name the rows, first on top; weak codes in grey and said to be so."""
    names = [
        f"{name} (weak)" if code in weak else str(name)
        for code, name in zip(rows["code"], rows["name"], strict=True)
    ]
    ax.set_yticks(place, names)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    for label, code in zip(ax.get_yticklabels(), rows["code"], strict=True):
        label.set_color(GREY if code in weak else INK)


def _legend(ax: Axes) -> None:
    """A legend below the axis label, if there is anything to name."""
    if ax.get_legend_handles_labels()[1]:
        ax.figure.legend(
            loc="outside lower right", fontsize="small", frameon=False, ncols=2
        )


def _largest(rows: pd.DataFrame) -> pd.DataFrame:
    """The largest segments with their n, all verbatims first, then in order."""
    sizes = rows.groupby("segment", as_index=False)["n"].max()
    whole = sizes["segment"] == "all"
    kept = sizes[~whole].nlargest(_MOST_SEGMENTS, "n").sort_values("segment")
    return pd.DataFrame(pd.concat([sizes[whole], kept]))


def _cell(
    ax: Axes, place: tuple[int, int], row: Mapping[Hashable, Any], colour: str
) -> None:
    """The share and, smaller, its interval."""
    share, low, high = (
        _format.number(row[c], "share", decimals=0)
        for c in ("estimate", "ci_lower", "ci_upper")
    )
    x, y = place
    star = "*" if row["basis"] == "machine only" else ""
    ax.text(x, y - 0.12, f"{share}{star}", ha="center", va="center", color=colour)
    ax.text(
        x, y + 0.25, f"{low}–{high}", ha="center", va="center", color=colour,
        fontsize="x-small",
    )  # fmt: skip


def _starred(rows: pd.DataFrame) -> str:
    bases = set(rows["basis"])
    if "machine only" not in bases:
        return ""
    return "; * not corrected" if bases - {"machine only"} else "; * machine's count"
