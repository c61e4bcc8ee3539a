"""Charts of scores: level, segments, waves, the split of a change, drivers."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxlib import _format
from cxlib.plots import _marks
from cxlib.plots._marks import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PALE,
    RED,
    UNIT_LABELS,
)

BOXES = {"detractors": RED, "passives": PALE, "promoters": BLUE}
_ROW_HEIGHT, _MARGIN = 0.34, 1.1


def score_shares(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the shares of detractors, passives and promoters as one bar.

    Parameters
    ----------
    table : pandas.DataFrame
        `Score.table`. A score without these classes is drawn as a point instead.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Notes
    -----
    The whiskers at the inner ends are the intervals of the outer shares.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from cxlib import nps
    >>> answers = pd.DataFrame({"score": [10] * 20 + [8] * 11 + [3] * 9})
    >>> ax = score_shares(nps.score(answers).table)
    >>> ax.get_xlabel()
    '% of answers (n = 40; brackets: intervals)'
    >>> plt.close(ax.figure)
    """
    rows = table.set_index("measure")
    if not set(BOXES) <= set(rows.index):
        return _point(rows, ax)
    ax = _marks.axes(ax, 1.9)
    left = 0.0
    for name, colour in BOXES.items():
        share = 100 * float(rows["estimate"][name])
        ax.barh([0], [share], left=left, color=colour, height=0.6)
        ink = INK if name == "passives" else "white"
        text = f"{name}\n{share:.1f} %"
        if share >= _narrowest(text):
            ax.text(left + share / 2, 0, text, ha="center", va="center", color=ink)
        else:
            ax.text(left + share / 2, 0.36, text, ha="center", va="bottom")
        left += share
    for name, mirrored in (("detractors", False), ("promoters", True)):
        ends = 100 * rows.loc[name, ["ci_lower", "ci_upper"]].to_numpy(dtype=float)
        ends = 100 - ends if mirrored else ends
        ax.plot(ends, [0.22, 0.22], color=INK, lw=1.6, marker="|", ms=8)
    n = _format.count(float(rows["n"]["promoters"]))
    ax.set(
        xlim=(0, 100),
        ylim=(-0.4, 0.6),
        yticks=[],
        xlabel=f"% of answers (n = {n}; brackets: intervals)",
    )
    return _marks.clean(ax)


def segment_scores(
    table: pd.DataFrame,
    *,
    overall: float | None = None,
    target: float | None = None,
    unit: str = "points",
    label: str = "NPS",
    confidence_level: float = 0.95,
    ax: Axes | None = None,
) -> Axes:
    """Draw each segment's score with its interval and n.

    Parameters
    ----------
    table : pandas.DataFrame
        `SegmentScores.table`. Hidden segments are not drawn.
    overall, target : float, optional
        Lines to compare with, in the score's unit.
    unit, label : str
        Of the score.
    confidence_level : float
        What counts as beyond noise.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Notes
    -----
    Filled marks differ from the rest of the answers beyond noise after correction,
    hollow ones do not. Segments are sorted by score within their column.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from cxlib import nps
    >>> answers = pd.DataFrame({"score": [10, 3] * 40, "plan": ["a", "b"] * 40})
    >>> ax = segment_scores(nps.by_segment(answers, "plan").table)
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['a', 'b']
    >>> plt.close(ax.figure)
    """
    if table.empty or table["estimate"].isna().all():
        return _marks.nothing("no segment to draw", ax)
    rows = table[table["estimate"].notna()].sort_values(
        ["by", "estimate"], ascending=[True, False], kind="stable"
    )
    grouped = len(set(rows["by"])) > 1
    place = np.arange(len(rows), dtype=float)
    if grouped:
        place += 0.9 * pd.factorize(rows["by"])[0]
    ax = _marks.axes(ax, _MARGIN + _ROW_HEIGHT * (place[-1] + 1))
    real = rows["pvalue_adj"] < 1 - confidence_level
    _marks.intervals(ax, rows, place, unit, hollow=~real.to_numpy(dtype=bool))
    _marks.lines(ax, overall, target, unit)
    ax.set_yticks(place, rows["segment"].tolist())
    ax.set_ylim(place[-1] + 0.6, -0.9 if grouped else -0.7)
    for by in rows["by"].unique() if grouped else ():
        top = place[(rows["by"] == by).to_numpy()][0]
        ax.annotate(
            str(by), (0, top - 0.62), xycoords=("axes fraction", "data"),
            xytext=(-6, 0), textcoords="offset points", ha="right", va="center",
            weight="bold", fontsize="small",
        )  # fmt: skip
    note = "filled: differs from the rest beyond noise"
    ax.set_xlabel(f"{label}, {UNIT_LABELS[unit]} ({note})")
    return _marks.clean(ax)


def score_trend(
    table: pd.DataFrame,
    *,
    target: float | None = None,
    unit: str = "points",
    label: str = "NPS",
    confidence_level: float = 0.95,
    ax: Axes | None = None,
) -> Axes:
    """Draw the score of each wave with its interval and n.

    Parameters
    ----------
    table : pandas.DataFrame
        `Trend.table`. A hidden wave leaves a gap.
    target : float, optional
    unit, label : str
    confidence_level : float
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Notes
    -----
    Changes beyond noise after correction are written beside the step.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from cxlib import nps
    >>> answers = pd.DataFrame({"score": [10, 3] * 40, "wave": [1, 2] * 40})
    >>> ax = score_trend(nps.trend(answers, "wave").table)
    >>> [label.get_text().split()[0] for label in ax.get_xticklabels()]
    ['1', '2']
    >>> plt.close(ax.figure)
    """
    if table.empty or table["estimate"].isna().all():
        return _marks.nothing("no wave to draw", ax)
    ax = _marks.axes(ax, 3.6)
    factor = _marks.factor(unit)
    x = np.arange(len(table))
    y = factor * table["estimate"].to_numpy(dtype=float)
    low, high = (
        factor * table[c].to_numpy(dtype=float) for c in ("ci_lower", "ci_upper")
    )
    ax.vlines(x, low, high, color=BLUE, lw=2)
    ax.plot(x, y, color=BLUE, lw=1.2, marker="o", ms=7)
    for i, text in enumerate(_format.number(v, unit) for v in table["estimate"]):
        _marks.name_point(ax, x, y, i, text)
    real = (table["pvalue_adj"] < 1 - confidence_level).to_numpy(dtype=bool)
    for late in map(int, np.flatnonzero(real)):
        _marks.step(ax, y, late, float(table["effect_size"].iloc[late]), unit)
    if target is not None:
        _marks.across(ax, factor * target)
    _marks.name_waves(ax, table)
    ax.set_ylabel(f"{label}, {UNIT_LABELS[unit].split(',')[0]}")
    return _marks.clean(ax, grid="y")


def change_split(
    table: pd.DataFrame,
    *,
    unit: str = "points",
    label: str = "NPS",
    ax: Axes | None = None,
) -> Axes:
    """Draw what each segment's score (rate) and share (mix) gave to a change.

    Parameters
    ----------
    table : pandas.DataFrame
        `Change.table`.
    unit, label : str
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from cxlib import nps
    >>> answers = pd.DataFrame(
    ...     {"score": [10, 3, 9, 8] * 40, "wave": [1, 2] * 80, "plan": ["a"] * 160}
    ... )
    >>> ax = change_split(nps.change(answers, "wave", by="plan").table)
    >>> [label.get_text().split()[0] for label in ax.get_yticklabels()]
    ['all', 'a']
    >>> plt.close(ax.figure)
    """
    if table.empty:
        return _marks.nothing("no change to draw", ax)
    parts = table[table["component"].isin(["rate", "mix"])]
    if parts.empty:
        return _total_change(table, unit, label, ax)
    names = list(dict.fromkeys(parts["segment"]))
    ax = _marks.axes(ax, _MARGIN + 0.2 + 0.5 * len(names))
    looks = {
        "rate": (BLUE, -0.17, "o", "scores inside segments"),
        "mix": (ORANGE, 0.17, "s", "mix of customers"),
    }
    for component, (colour, shift, marker, told) in looks.items():
        rows = parts[parts["component"] == component].set_index("segment").loc[names]
        place = np.arange(len(names), dtype=float) + shift
        _marks.intervals(
            ax, rows, place, unit, colours=[colour] * len(rows), marker=marker,
            told=told, counts=False,
        )  # fmt: skip
    ax.axvline(0, color=GREY, lw=1)
    ax.axhline(0.5, color=PALE, lw=1)
    base = parts.drop_duplicates("segment")
    before_after = zip(names, base["n_before"], base["n_after"], strict=True)
    ticks = [f"{name}\nn = {b:,} → {a:,}" for name, b, a in before_after]
    ax.set_yticks(np.arange(len(names)), ticks)
    ax.set_ylim(len(names) - 0.4, -0.6)
    gap = "percentage points" if unit == "share" else UNIT_LABELS[unit].split(",")[0]
    ax.set_xlabel(f"part of the change of {label}, {gap}")
    ax.legend(loc="lower center", bbox_to_anchor=(0.45, 1.0), ncols=2, frameon=False)
    return _marks.clean(ax)


def driver_shares(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw each driver's share of what the drivers explain, with its interval.

    Parameters
    ----------
    table : pandas.DataFrame
        `Drivers.table`.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> table = pd.DataFrame({"driver": ["ease"], "n": [90], "estimate": [0.6],
    ...     "ci_lower": [0.5], "ci_upper": [0.7]})
    >>> ax = driver_shares(table)
    >>> float(ax.get_xlim()[0])
    0.0
    >>> plt.close(ax.figure)
    """
    if table.empty:
        return _marks.nothing("no driver to draw", ax)
    rows = table.sort_values("estimate", ascending=False, kind="stable")
    place = np.arange(len(rows), dtype=float)
    ax = _marks.axes(ax, _MARGIN + _ROW_HEIGHT * len(rows))
    _marks.intervals(ax, rows, place, "share", counts=False)
    ax.set_yticks(place, rows["driver"].tolist())
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.set_xlim(left=0)
    n = _format.count(float(rows["n"].iloc[0]))
    ax.set_xlabel(f"% of the explained spread of answers (association; n = {n})")
    return _marks.clean(ax)


def score_sensitivity(
    table: pd.DataFrame,
    *,
    unit: str = "points",
    label: str = "NPS",
    ax: Axes | None = None,
) -> Axes:
    """Draw the score under each other choice, the reported one on top.

    Parameters
    ----------
    table : pandas.DataFrame
        `Sensitivity.table` or `Ways.table`.
    unit, label : str
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from cxlib import nps
    >>> answers = pd.DataFrame({"score": [10] * 20 + [8] * 11 + [3] * 9})
    >>> ax = score_sensitivity(nps.sensitivity(answers).table)
    >>> ax.get_yticklabels()[0].get_text()
    'as reported'
    >>> plt.close(ax.figure)
    """
    place = np.arange(len(table), dtype=float)
    ax = _marks.axes(ax, _MARGIN + 0.3 * len(table))
    colour = {"as reported": BLUE, "cut points": GREY, "another question": GREY}
    colours = [colour.get(group, GREEN) for group in table["group"]]
    _marks.intervals(ax, table, place, unit, colours=colours)
    ax.axvline(
        _marks.factor(unit) * float(table["estimate"].iloc[0]), color=BLUE, lw=1, ls=":"
    )
    ax.set_yticks(place, table["choice"].tolist())
    ax.set_ylim(len(table) - 0.4, -0.7)
    note = " (grey: another cut point)" if "cut points" in set(table["group"]) else ""
    ax.set_xlabel(f"{label}, {UNIT_LABELS[unit]}{note}")
    return _marks.clean(ax)


def _narrowest(text: str) -> float:
    """Least share, in %, in which a label of the bar fits."""
    return 1.6 * max(len(line) for line in text.splitlines())


def _point(rows: pd.DataFrame, ax: Axes | None) -> Axes:
    """One score with its interval."""
    ax = _marks.axes(ax, 1.9)
    first = rows.iloc[[0]]
    unit = str(first["unit"].iloc[0])
    _marks.intervals(ax, first, np.zeros(1), unit)
    ax.set_yticks([0], [str(first.index[0])])
    ax.set_xlabel(UNIT_LABELS[unit])
    return _marks.clean(ax)


def _total_change(table: pd.DataFrame, unit: str, label: str, ax: Axes | None) -> Axes:
    """The change alone, where it was not split."""
    ax = _marks.axes(ax, 1.9)
    first = table.head(1)
    _marks.intervals(ax, first, np.zeros(1), unit, told="change", counts=False)
    row = table.iloc[0]
    ax.axvline(0, color=GREY, lw=1)
    ax.set_yticks([0], [f"all\nn = {row['n_before']:,} → {row['n_after']:,}"])
    ax.set_xlabel(f"change of {label}, {UNIT_LABELS[unit].split(',')[0]}")
    return _marks.clean(ax)
