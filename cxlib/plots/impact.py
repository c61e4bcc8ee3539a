"""Charts of themes and the score: what they weigh, and what moved it."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxlib import _format
from cxlib.plots import _labels as labels
from cxlib.plots import _marks
from cxlib.plots._marks import BLUE, GREY, INK, ORANGE, RED, UNIT_LABELS, Floats
from cxlib.plots.voc import _drawn, _legend

_SMALLEST, _LARGEST = 40.0, 420.0
_PARTS = {
    "mentions": ("said more or less often", BLUE, "o", -0.15),
    "score": ("higher or lower score when said", ORANGE, "D", 0.17),
}
_ELSE = "(none of these)"


def code_impact(
    table: pd.DataFrame,
    *,
    unit: str = "points",
    label: str = "NPS",
    weak: Collection[str] = (),
    ax: Axes | None = None,
) -> Axes:
    """Draw what each code's verbatims account for against how often it is said.

    Parameters
    ----------
    table : pandas.DataFrame
        `Impact.table`; wider codes and those with too few mentions are not drawn.
    unit, label : str
        Of the score.
    weak : collection of str
        `Agreement.weak`: codes drawn grey.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Notes
    -----
    Bubbles: leave-one-code-out, their area the number of verbatims; crosses: both
    intervals. Filled where the interval of the impact is clear of zero. Diamonds: the
    other codes held. Association, not effect.

    Examples
    --------
    >>> from matplotlib import pyplot as plt
    >>> ax = code_impact(pd.DataFrame())
    >>> ax.texts[0].get_text()
    'no impact to draw'
    >>> plt.close(ax.figure)
    """
    rows = _drawn(table)
    if rows.empty:
        return _marks.nothing("no impact to draw", ax)
    ax = _marks.axes(ax, 4.8 + 0.12 * max(0, len(rows) - 10))
    x = 100 * rows["share_mentions"].to_numpy(dtype=float)
    y = _marks.factor(unit) * rows["estimate"].to_numpy(dtype=float)
    colours = _inks(rows, weak)
    _crosses(ax, rows, unit, colours)
    _bubbles(ax, rows, (x, y), colours)
    held = _marks.factor(unit) * rows["adjusted"].to_numpy(dtype=float)
    ax.vlines(x, y, held, color=GREY, lw=0.8, ls=":", zorder=2)
    ax.scatter(
        x, held, s=24, marker="D", facecolors="white", edgecolors=GREY, zorder=3,
        label="the other codes held",
    )  # fmt: skip
    ax.axhline(0, color=INK, lw=1, zorder=1)
    ax.set_xlabel(
        "% of verbatims with a score that mention it\n"
        f"{_sizes(rows)}; filled: interval clear of zero"
    )
    words = UNIT_LABELS.get(unit, unit).split(",")[0]
    ax.set_ylabel(f"{words} of {label} it accounts for (association)")
    _marks.clean(ax, "y")
    _legend(ax)
    labels.beside(ax, _named(rows, weak), x, y, colours, [])
    return ax


def code_change(
    table: pd.DataFrame,
    *,
    unit: str = "points",
    label: str = "NPS",
    weak: Collection[str] = (),
    ax: Axes | None = None,
) -> Axes:
    """Draw each code's two parts of a score change, with their intervals.

    Parameters
    ----------
    table : pandas.DataFrame
        `ScoreChange.table`.
    unit, label : str
        Of the score.
    weak : collection of str
        `Agreement.weak`: codes drawn grey.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Notes
    -----
    All marks but the whole change add up to it.

    Examples
    --------
    >>> from matplotlib import pyplot as plt
    >>> ax = code_change(pd.DataFrame())
    >>> ax.texts[0].get_text()
    'no change to draw'
    >>> plt.close(ax.figure)
    """
    if table.empty:
        return _marks.nothing("no change to draw", ax)
    codes = list(dict.fromkeys(table["code"]))
    ax = _marks.axes(ax, 1.2 + 0.42 * len(codes))
    for component, look in _PARTS.items():
        _part(ax, table[table["component"] == component], codes, look, unit, weak)
    apart = table["component"].eq("change") | table["code"].eq(_ELSE)
    _part(ax, table[apart], codes, ("", INK, "s", 0.0), unit, weak)
    ax.axvline(0, color=INK, lw=1, zorder=1)
    ax.set_yticks(range(len(codes)), _ticks(table, label, weak))
    ax.set_ylim(len(codes) - 0.4, -0.6)
    for tick, code in zip(ax.get_yticklabels(), codes, strict=True):
        tick.set_color(GREY if code in weak else INK)
    words = UNIT_LABELS.get(unit, unit).split(",")[0]
    ax.set_xlabel(
        f"{words} of {label}: parts of its change (they add up)\n"
        "filled: interval clear of zero"
    )
    _legend(ax)
    return _marks.clean(ax)


def _ticks(table: pd.DataFrame, label: str, weak: Collection[str]) -> list[str]:
    """Name and n of each row."""
    told = {"all": f"the whole change of {label}", _ELSE: "none of these codes"}
    ticks = []
    for row in table.drop_duplicates("code").to_dict("records"):
        name = told.get(row["code"]) or _name(row["name"], row["code"], weak)
        ticks.append(f"{name}, n = {_format.count(row['n'])}")
    return ticks


def _inks(rows: pd.DataFrame, weak: Collection[str]) -> list[str]:
    return [
        GREY if code in weak else RED if value < 0 else BLUE
        for code, value in zip(rows["code"], rows["estimate"], strict=True)
    ]


def _name(name: str, code: str, weak: Collection[str]) -> str:
    return f"{name} (weak)" if code in weak else str(name)


def _named(rows: pd.DataFrame, weak: Collection[str]) -> list[str]:
    pairs = zip(rows["name"], rows["code"], strict=True)
    return [_name(name, code, weak) for name, code in pairs]


def _crosses(ax: Axes, rows: pd.DataFrame, unit: str, colours: list[str]) -> None:
    """Intervals of the share (level) and of the impact (upright)."""
    wide = 100 * rows[["share_mentions_ci_lower", "share_mentions_ci_upper"]]
    tall = _marks.factor(unit) * rows[["ci_lower", "ci_upper"]]
    x, y = 100 * rows["share_mentions"], _marks.factor(unit) * rows["estimate"]
    ax.hlines(y, *wide.to_numpy(dtype=float).T, color=colours, lw=1.3, zorder=3)
    ax.vlines(x, *tall.to_numpy(dtype=float).T, color=colours, lw=1.3, zorder=3)


def _bubbles(
    ax: Axes, rows: pd.DataFrame, at: tuple[Floats, Floats], colours: list[str]
) -> None:
    """Marks whose area is the number of verbatims, filled where clear of zero."""
    n = rows["n"].to_numpy(dtype=float)
    area = np.maximum(_LARGEST * n / max(n.max(), 1.0), _SMALLEST)
    clear = (rows["ci_lower"] > 0) | (rows["ci_upper"] < 0)
    faces = [
        colour if sure else "white" for colour, sure in zip(colours, clear, strict=True)
    ]
    ax.scatter(
        *at, s=area, c=faces, edgecolors=colours, linewidths=1.5, alpha=0.55, zorder=2
    )


def _sizes(rows: pd.DataFrame) -> str:
    low, high = (_format.count(float(n)) for n in (rows["n"].min(), rows["n"].max()))
    return f"area: verbatims, n = {low} to {high}"


def _part(
    ax: Axes, part: pd.DataFrame, codes: list[str],
    look: tuple[str, str, str, float], unit: str, weak: Collection[str],
) -> None:  # fmt: skip
    """Marks of one component with intervals; those clear of zero say their value."""
    told, colour, marker, shift = look
    if part.empty:
        return
    place = np.array([codes.index(code) + shift for code in part["code"]])
    value, low, high = (
        _marks.factor(unit) * part[c].to_numpy(dtype=float)
        for c in ("estimate", "ci_lower", "ci_upper")
    )
    inks = [GREY if code in weak else colour for code in part["code"]]
    clear = (low > 0) | (high < 0)
    faces = [ink if sure else "white" for ink, sure in zip(inks, clear, strict=True)]
    ax.hlines(place, low, high, color=inks, lw=1.8, zorder=2)
    ax.scatter(
        value, place, s=38, c=faces, edgecolors=inks, linewidths=1.5, marker=marker,
        zorder=3, label=told or None,
    )  # fmt: skip
    for at, number, ink in zip(place, part["estimate"].tolist(), inks, strict=True):
        ax.annotate(
            _format.number(number, unit, signed=True), (1.01, at), va="center",
            xycoords=("axes fraction", "data"), fontsize="x-small", color=ink,
        )  # fmt: skip
