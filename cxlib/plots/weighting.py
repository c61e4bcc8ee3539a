"""Charts of who answered: balance before and after weights, the tipping point."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxlib import _format
from cxlib.plots import _marks
from cxlib.plots._marks import BLUE, GREY, INK, ORANGE, PALE, RED

_WIDE = 0.1
_TIP = "tipping point"


def balance(
    table: pd.DataFrame, *, aim: str = "target", ax: Axes | None = None
) -> Axes:
    """Draw how far the answers stand from their target, before and after weighting.

    Parameters
    ----------
    table : pandas.DataFrame
        `Raking.balance` or `Nonresponse.balance`: variable, level, smd_before,
        smd_after. Levels without numbers are left out.
    aim : str
        What the answers are held against ('target', 'invited').
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Notes
    -----
    A love plot. Standardised differences have no sampling error of their own here:
    they describe these answers.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from cxlib import nps
    >>> answers = pd.DataFrame({"score": [9, 3] * 50, "plan": ["a"] * 60 + ["b"] * 40})
    >>> ax = balance(nps.rake(answers, {"plan": {"a": 0.3, "b": 0.7}}).balance)
    >>> [t.get_text() for t in ax.get_yticklabels()]
    ['plan: a', 'plan: b']
    >>> plt.close(ax.figure)
    """
    if table.empty or table["smd_before"].isna().all():
        return _marks.nothing("no weights were made", ax)
    rows = table.dropna(subset=["smd_before"]).reset_index(drop=True)
    place = np.arange(len(rows), dtype=float)
    before, after = (rows[c].to_numpy(float) for c in ("smd_before", "smd_after"))
    ax = _marks.axes(ax, 1.3 + 0.3 * len(rows))
    ax.axvspan(-_WIDE, _WIDE, color="#f1f3f5", zorder=0)
    ax.axvline(0, color=GREY, lw=1, zorder=1)
    ax.hlines(place, before, after, color=PALE, lw=2, zorder=2)
    ax.scatter(
        before, place, s=46, facecolors="white", edgecolors=ORANGE, linewidths=1.6,
        zorder=3, label="before",
    )  # fmt: skip
    ax.scatter(after, place, s=46, color=BLUE, zorder=4, label="after")
    _name(ax, rows, place)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.set_xlabel(
        f"distance of the answers from the {aim}, standard deviations\n"
        f"(shaded: within ±{_WIDE:g})"
    )
    ax.legend(
        loc="lower right", bbox_to_anchor=(1, 1), ncols=2, frameon=False, borderpad=0
    )
    return _marks.clean(ax)


def tipping_point(
    table: pd.DataFrame,
    *,
    threshold: float,
    unit: str = "points",
    label: str = "NPS",
    change: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Draw the score of everybody against a supposed score of the silent ones.

    Parameters
    ----------
    table : pandas.DataFrame
        `TippingPoint.table`.
    threshold : float
        The line that would undo the conclusion.
    unit, label : str
    change : bool
        Whether the height is a change of the score.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from cxlib import nps
    >>> scored = nps.score(pd.DataFrame({"score": [10] * 200 + [3] * 100}))
    >>> found = nps.tipping_point(scored, response_rate=0.5, threshold=10)
    >>> ax = tipping_point(found.table, threshold=10)
    >>> ax.get_ylabel()
    'NPS of everybody, points'
    >>> plt.close(ax.figure)
    """
    if table.empty:
        return _marks.nothing("no tipping point", ax)
    ax = _marks.axes(ax, 3.4)
    scale = _marks.factor(unit)
    x, y, low, high = (
        scale * table[c].to_numpy(float)
        for c in ("silent", "estimate", "ci_lower", "ci_upper")
    )
    ax.fill_between(x, low, high, color=BLUE, alpha=0.18, lw=0)
    ax.plot(x, y, color=BLUE, lw=2)
    line = scale * threshold
    ax.axhline(line, color=RED, lw=1.2, ls="--", zorder=1)
    word = "no change" if change and threshold == 0 else "threshold"
    ax.annotate(
        f"{word} {_format.number(threshold, unit)}", (1.0, line),
        xycoords=("axes fraction", "data"), ha="right", va="bottom", fontsize="small",
        color=RED,
    )  # fmt: skip
    for row in table[table["mark"] != ""].to_dict("records"):
        _mark(ax, scale * row["silent"], scale * row["estimate"], row, unit)
    words = {"points": ", points", "share": ", %"}.get(unit, "")
    ax.set_xlim(x.min(), x.max())
    ax.set_xlabel(f"{label} of those who did not answer (supposed){words}")
    ax.set_ylabel(f"{'change of ' if change else ''}{label} of everybody{words}")
    return _marks.clean(ax, grid="y")


def _name(ax: Axes, rows: pd.DataFrame, place: np.ndarray) -> None:
    """Names of the rows at the left, their answers at the right."""
    names = [
        row["variable"]
        if row["unit"] == "score"
        else f"{row['variable']}: {row['level']}"
        for row in rows.to_dict("records")
    ]
    ax.set_yticks(place, names)
    for at, n in zip(place, rows["n"].tolist(), strict=True):
        ax.annotate(
            f"n = {_format.count(n)}", (1.01, at),
            xycoords=("axes fraction", "data"), va="center", fontsize="small",
            color=INK,
        )  # fmt: skip


def _mark(ax: Axes, x: float, y: float, row: Mapping[Any, Any], unit: str) -> None:
    """Name a point of the line, on the side where there is room."""
    tip = row["mark"] == _TIP
    ax.scatter([x], [y], s=52, color=RED if tip else BLUE, zorder=4)
    text = f"{row['mark']}\n{_format.number(row['silent'], unit)}"
    ax.annotate(
        text, (x, y), xytext=(8, -8) if tip else (-8, 8), textcoords="offset points",
        ha="left" if tip else "right", va="top" if tip else "bottom",
        fontsize="small", color=RED if tip else INK,
        bbox={"boxstyle": "square,pad=0.1", "fc": "white", "ec": "none", "alpha": 0.8},
    )  # fmt: skip
