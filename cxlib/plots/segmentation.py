"""Charts of many segments: league table, cut points, answers of rated items."""

from __future__ import annotations

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from cxlib import _format
from cxlib.plots import _marks
from cxlib.plots._marks import BLUE, GREY, INK, ORANGE, PALE, UNIT_LABELS

_ROW_HEIGHT, _MARGIN, _MOST = 0.3, 1.1, 20


def league_table(
    table: pd.DataFrame,
    *,
    mean: float | None = None,
    unit: str = "points",
    label: str = "NPS",
    ax: Axes | None = None,
) -> Axes:
    """Draw raw and pooled scores of segments, with the interval of each rank.

    Parameters
    ----------
    table : pandas.DataFrame
        `League.table`. Hidden segments are not drawn; of more than 40 the 20 highest
        and the 20 lowest are.
    mean : float, optional
        `League.mean`, in the score's unit.
    unit, label : str
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Notes
    -----
    Filled marks are surely in the top or bottom quarter, hollow ones are not. Crosses
    are raw scores: the line between shows how far a segment is pulled.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from cxlib import nps
    >>> answers = pd.DataFrame({"score": [10, 3, 8] * 40, "store": list("abcd") * 30})
    >>> ax = league_table(nps.pool(answers, "store").table)
    >>> len(ax.get_yticks())
    4
    >>> plt.close(ax.figure)
    """
    if table.empty or table["estimate"].isna().all():
        return _marks.nothing("no segment to rank", ax)
    rows = table[table["estimate"].notna()].reset_index(drop=True)
    cut = f"; {_MOST} of {len(rows)} segments" if len(rows) > _MOST else ""
    if cut:
        rows = pd.concat([rows.head(_MOST // 2), rows.tail(_MOST // 2)])
    place = np.arange(len(rows), dtype=float)
    ax = _marks.axes(ax, _MARGIN + _ROW_HEIGHT * len(rows))
    sure = rows["place"].isin(["top quarter", "bottom quarter"]).to_numpy(dtype=bool)
    raw = _marks.factor(unit) * rows["raw"].to_numpy(dtype=float)
    pooled = _marks.factor(unit) * rows["estimate"].to_numpy(dtype=float)
    _marks.intervals(ax, rows, place, unit, hollow=~sure, counts=False)
    ax.hlines(place + 0.22, raw, pooled, color=PALE, lw=1)
    ax.scatter(raw, place + 0.22, marker="x", s=26, c=ORANGE, zorder=3)
    _rank_labels(ax, rows, place, unit)
    if mean is not None:
        _mean_line(ax, mean, unit)
    ax.set_yticks(place, rows["segment"].tolist())
    ax.set_ylim(place[-1] + 0.7, -0.7)
    ax.set_xlabel(
        f"{label}, {UNIT_LABELS[unit]}\n"
        f"(circle: pooled, filled if surely in a quarter; cross: raw{cut})"
    )
    return _marks.clean(ax)


def _rank_labels(ax: Axes, rows: pd.DataFrame, place: _marks.Floats, unit: str) -> None:
    """Score, rank interval and n at the right edge, in place of the plain value."""
    for text in list(ax.texts):
        text.remove()
    for at, row in zip(place, rows.to_dict("records"), strict=True):
        ranks = f"{row['rank_lower']:.0f}-{row['rank_upper']:.0f}"
        ax.annotate(
            f"{_format.number(row['estimate'], unit)}  rank {ranks}  "
            f"n = {_format.count(float(row['n']))}",
            (1.01, at), xycoords=("axes fraction", "data"), va="center",
            fontsize="small", color=INK,
        )  # fmt: skip


def _mean_line(ax: Axes, mean: float, unit: str) -> None:
    x = _marks.factor(unit) * mean
    ax.axvline(x, color=GREY, lw=1.2, ls=":", zorder=1)
    ax.annotate(
        f"mean of segments {_format.number(mean, unit)}", (x, 1.0),
        xycoords=("data", "axes fraction"), xytext=(0, 2), ha="center",
        textcoords="offset points", va="bottom", fontsize="small", color=GREY,
    )  # fmt: skip


def cut_points(
    table: pd.DataFrame,
    *,
    unit: str = "points",
    label: str = "NPS",
    ax: Axes | None = None,
) -> Axes:
    """Draw the score of every segment under each choice of cut points.

    Parameters
    ----------
    table : pandas.DataFrame
        `CutPoints.table`.
    unit, label : str
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Notes
    -----
    The reported choice is shaded. Lines that cross change the order of segments.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from cxlib import nps
    >>> answers = pd.DataFrame({"score": [10, 9, 8, 7, 6, 3] * 10})
    >>> ax = cut_points(nps.cut_points(answers).table)
    >>> len(ax.get_xticks())
    9
    >>> plt.close(ax.figure)
    """
    if table.empty:
        return _marks.nothing("no cut points to move", ax)
    ax = _marks.axes(ax, 3.6)
    cuts = list(dict.fromkeys(table["cuts"]))
    names = list(dict.fromkeys(table["segment"]))
    colours = [INK, *sns.color_palette("colorblind", len(names) - 1).as_hex()]
    f = _marks.factor(unit)
    apart = np.linspace(-0.2, 0.2, len(names)) if len(names) > 1 else np.zeros(1)
    last = []
    for name, colour, shift in zip(names, colours, apart, strict=True):
        rows = table[table["segment"] == name].set_index("cuts").loc[cuts]
        x = np.arange(len(cuts)) + shift
        y, low, high = (
            f * rows[c].to_numpy(dtype=float)
            for c in ("estimate", "ci_lower", "ci_upper")
        )
        ax.vlines(x, low, high, color=colour, lw=1.4)
        ax.plot(x, y, color=colour, lw=0.8, marker="o", ms=4)
        last.append((float(y[-1]), name, colour, int(rows["n"].iloc[0])))
    _end_labels(ax, last)
    own = cuts.index(str(table.loc[table["reported"], "cuts"].iloc[0]))
    ax.axvspan(own - 0.5, own + 0.5, color="#eef1f5", zorder=0)
    ax.set_xticks(
        range(len(cuts)), [c.replace(", ", "\n") for c in cuts], fontsize="small"
    )
    ax.set_xlim(-0.5, len(cuts) - 0.5)
    ax.set_ylabel(f"{label}, {UNIT_LABELS[unit]}")
    ax.set_xlabel("cut points: low answers up to, high answers from (shaded: reported)")
    return _marks.clean(ax, "y")


def _end_labels(ax: Axes, last: list[tuple[float, str, str, int]]) -> None:
    """Names at the right end, pushed apart where they would touch."""
    low, high = ax.get_ylim()
    room = (high - low) / 16
    at = -np.inf
    for y, name, colour, n in sorted(last):
        at = max(y, at + room)
        ax.annotate(
            f"{name}  n = {_format.count(n)}", (1.01, at),
            xycoords=("axes fraction", "data"), va="center", fontsize="small",
            color=colour,
        )  # fmt: skip


def likert(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the answers of rated items as bars that part at the middle of the scale.

    Parameters
    ----------
    table : pandas.DataFrame
        `AnswerShares.table`.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Notes
    -----
    A middle answer lies half on each side. The ticks over the bars are the intervals
    of all low and of all high answers, measured from the edge of the middle answer.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from cxlib import nps
    >>> rated = pd.DataFrame({"ease": [1, 2, 3, 4, 5] * 6, "price": [1, 2] * 15})
    >>> ax = likert(nps.answer_shares(rated, ["ease", "price"]).table)
    >>> len(ax.patches)
    10
    >>> plt.close(ax.figure)
    """
    if table.empty:
        return _marks.nothing("no item to draw", ax)
    wide = _wide(table)
    ax = _marks.axes(ax, _MARGIN + 0.5 * len(wide))
    answers, shares = wide.columns.to_numpy(dtype=float), wide.to_numpy(dtype=float)
    middle = (answers[0] + answers[-1]) / 2
    half = shares[:, answers == middle].sum(axis=1) / 2
    place = np.arange(len(wide), dtype=float)
    _bars(ax, shares, answers, -shares[:, answers < middle].sum(axis=1) - half)
    _side_ticks(ax, table, list(wide.index), half, place)
    ax.axvline(0, color=INK, lw=0.8)
    ax.set_yticks(place, [str(name) for name in wide.index])
    ax.set_ylim(place[-1] + 0.6, -0.6)
    ticks = ax.get_xticks()
    ax.set_xticks(ticks, [f"{abs(t):g}" for t in ticks])
    ax.set_xlabel("% of answers, low to the left, high to the right (ticks: intervals)")
    return _marks.clean(ax)


def _wide(table: pd.DataFrame) -> pd.DataFrame:
    """Items x answers in %, the item with the largest high side first."""
    single = table[table["part"] == "answer"]
    wide = 100 * single.pivot_table(
        index="item", columns="answer", values="estimate", sort=False
    )
    highs = table[table["part"] == "high side"].set_index("item")["estimate"]
    order = highs.sort_values(ascending=False, kind="stable").index
    return wide.loc[order]


def _bars(
    ax: Axes, shares: _marks.Floats, answers: _marks.Floats, left: _marks.Floats
) -> None:
    """Stacked bars from the left ends, the answer written where there is room."""
    place = np.arange(len(shares), dtype=float)
    for j, colour in enumerate(_diverging(len(answers))):
        ax.barh(place, shares[:, j], left=left, color=colour, height=0.56)
        dark = abs(j - (len(answers) - 1) / 2) > 0.35 * len(answers)
        for at, start, share in zip(place, left, shares[:, j], strict=True):
            if share >= 6:
                ax.text(
                    start + share / 2, at, f"{answers[j]:g}", ha="center", va="center",
                    fontsize="small", color="white" if dark else INK,
                )  # fmt: skip
        left = left + shares[:, j]


def _side_ticks(
    ax: Axes,
    table: pd.DataFrame,
    items: list[str],
    half: _marks.Floats,
    place: _marks.Floats,
) -> None:
    """Intervals of the two sides at the outer ends, and their shares in %."""
    for part, sign, edge in (("low side", -1, 0.0), ("high side", 1, 1.0)):
        rows = table[table["part"] == part].set_index("item").loc[items]
        ends = 100 * rows[["ci_lower", "ci_upper"]].to_numpy(dtype=float)
        x = sign * (ends + half[:, None])
        for at, pair in zip(place, x, strict=True):
            ax.plot(pair, [at - 0.36, at - 0.36], color=INK, lw=1.2, marker="|", ms=6)
        if not edge:
            continue
        for at, row in zip(place, rows.to_dict("records"), strict=True):
            ax.annotate(
                f"{100 * row['estimate']:.0f} % high  n = {_format.count(row['n'])}",
                (1.01, at), xycoords=("axes fraction", "data"), va="center",
                fontsize="small", color=INK,
            )  # fmt: skip


def _diverging(k: int) -> list[str]:
    """Colours from orange over grey to blue."""
    ramp = sns.blend_palette(["#b45500", "#e8b98a", PALE, "#8ab8d8", BLUE], k)
    return [str(c) for c in ramp.as_hex()]
