"""Charts of what is new, what marks, what praises and what is not seen yet."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from cxlib import _format
from cxlib.plots import _marks
from cxlib.plots._marks import BLUE, GREEN, GREY, INK, ORANGE, PALE, RED

_MOST, _WIDE = 12, 44


def emerging(
    table: pd.DataFrame,
    *,
    before: str = "before",
    after: str = "after",
    ax: Axes | None = None,
) -> Axes:
    """Draw the surest risers between two waves: both shares and the change's interval.

    Parameters
    ----------
    table : pandas.DataFrame
        `Emerging.table`; the twelve surest are drawn. Not drawn: a theme that another
        alarm tells of, a single word within chance.
    before, after : str
        The waves.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Notes
    -----
    The interval of the change stands around the later share. Orange: alarm raised;
    grey: within chance.

    Examples
    --------
    >>> from matplotlib import pyplot as plt
    >>> ax = emerging(pd.DataFrame())
    >>> ax.texts[0].get_text()
    'no theme to draw'
    >>> plt.close(ax.figure)
    """
    if table.empty:
        return _marks.nothing("no theme to draw", ax)
    own = table["emerging"] & (table["told_by"] == table["theme"])
    rows = table[own | (~table["emerging"] & (table["kind"] != "word"))].head(_MOST)
    ax = _marks.axes(ax, 1.1 + 0.36 * len(rows))
    place = np.arange(len(rows), dtype=float)
    loud = rows["emerging"].to_numpy(dtype=bool)
    inks = np.where(loud, ORANGE, GREY).tolist()
    first, last = (
        100 * rows[c].to_numpy(dtype=float) for c in ("share_before", "share_after")
    )
    low, high = (100 * rows[c].to_numpy(dtype=float) for c in ("ci_lower", "ci_upper"))
    ax.hlines(place, first + low, first + high, color=inks, lw=2)
    ax.scatter(
        first, place, s=40, facecolors="white", edgecolors=inks, zorder=3, label=before
    )
    ax.scatter(last, place, s=46, c=inks, zorder=4, label=after)
    for at, gap in zip(place, rows["estimate"], strict=True):
        _at_edge(ax, at, _format.number(gap, "share_points", signed=True), INK)
    names = [
        f"{_short(theme)} ({kind})"
        for theme, kind in zip(rows["theme"], rows["kind"], strict=True)
    ]
    _named(ax, names, inks)
    ax.set_xlabel(
        f"% of verbatims: {before} hollow, {after} with the change's interval\n"
        f"(right: change in points; n = {_format.count(rows['n'].max())})"
    )
    return _marks.clean(ax)


def keyness(
    table: pd.DataFrame,
    *,
    target: str = "these verbatims",
    n_terms: int = 12,
    ax: Axes | None = None,
) -> Axes:
    """Draw the words that mark one set of verbatims, strongest first.

    Parameters
    ----------
    table : pandas.DataFrame
        `Keyness.table`.
    target : str
        What the verbatims are, for the axis.
    n_terms : int
        Words to draw.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Notes
    -----
    A ranking, not a test: no interval is drawn because none is claimed.

    Examples
    --------
    >>> from matplotlib import pyplot as plt
    >>> rows = {"term": ["late"], "n_target": [9], "n_rest": [1], "z": [3.0]}
    >>> ax = keyness(pd.DataFrame(rows))
    >>> ax.get_yticklabels()[0].get_text()
    'late'
    >>> plt.close(ax.figure)
    """
    rows = table[table["z"] > 0].head(n_terms) if len(table) else table
    if rows.empty:
        return _marks.nothing("no word to draw", ax)
    ax = _marks.axes(ax, 1.0 + 0.28 * len(rows))
    place = np.arange(len(rows), dtype=float)
    ax.barh(place, rows["z"].to_numpy(dtype=float), height=0.6, color=BLUE, alpha=0.75)
    for at, here, there in zip(place, rows["n_target"], rows["n_rest"], strict=True):
        told = f"{_format.count(here)} against {_format.count(there)}"
        _at_edge(ax, at, told, INK)
    _named(ax, rows["term"].astype(str).tolist(), [INK] * len(rows))
    ax.set_xlabel(
        f"how strongly the word marks {target}: z of log-odds, a ranking only\n"
        f"(right: verbatims with it, {target} against the others)"
    )
    return _marks.clean(ax)


def code_sentiment(
    table: pd.DataFrame, *, weak: Collection[str] = (), ax: Axes | None = None
) -> Axes:
    """Draw the share of each code's verbatims whose words praise, as the machine reads.

    Parameters
    ----------
    table : pandas.DataFrame
        `Sentiment.codes`; wider codes and those with too few verbatims are not drawn.
    weak : collection of str
        `Agreement.weak`: codes drawn grey.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from matplotlib import pyplot as plt
    >>> ax = code_sentiment(pd.DataFrame())
    >>> ax.texts[0].get_text()
    'no sentiment to draw'
    >>> plt.close(ax.figure)
    """
    if table.empty or table["estimate"].isna().all():
        return _marks.nothing("no sentiment to draw", ax)
    whole = float(table.loc[table["about"] == "all", "estimate"].iloc[0])
    codes = _marks.finest(table)
    rows = codes[(codes["about"] == "code") & codes["estimate"].notna()]
    if rows.empty:
        return _marks.nothing("no sentiment to draw", ax)
    rows = rows.sort_values("estimate", kind="stable")
    ax = _marks.axes(ax, 1.1 + 0.34 * len(rows))
    dull = rows["code"].isin(list(weak)).to_numpy()
    sides = (rows["ci_upper"] < whole, rows["ci_lower"] > whole)
    inks = np.select([dull, *sides], [GREY, RED, GREEN], default=BLUE).tolist()
    place = np.arange(len(rows), dtype=float)
    _marks.intervals(ax, rows, place, "share", colours=inks)
    _marks.lines(ax, whole, None, "share")
    names = [
        f"{name} (weak)" if grey else str(name)
        for name, grey in zip(rows["name"], dull, strict=True)
    ]
    _named(ax, names, [GREY if grey else INK for grey in dull])
    ax.set_xlabel("% of the code's verbatims whose words praise, as the machine reads")
    return _marks.clean(ax)


def themes_seen(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw how much of what is said the codes take in, by verbatims coded.

    Parameters
    ----------
    table : pandas.DataFrame
        `Unseen.table`.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Notes
    -----
    Dashed: foretold, up to twice what was coded.

    Examples
    --------
    >>> from matplotlib import pyplot as plt
    >>> ax = themes_seen(pd.DataFrame())
    >>> ax.texts[0].get_text()
    'no curve to draw'
    >>> plt.close(ax.figure)
    """
    if table.empty or "n_codes" not in table:
        return _marks.nothing("no curve to draw", ax)
    ax = _marks.axes(ax, 3.2)
    known = table["basis"] == "coded"
    now = table[known].iloc[-1]
    ahead = table[~known | (table.index == now.name)]
    for rows, style in ((table[known], "-"), (ahead, "--")):
        ax.plot(rows["n_coded"], rows["estimate"], color=BLUE, ls=style, lw=2)
    ax.fill_between(
        table["n_coded"], table["ci_lower"], table["ci_upper"], color=PALE, alpha=0.6,
        lw=0,
    )  # fmt: skip
    ax.scatter([now["n_coded"]], [now["estimate"]], s=50, color=BLUE, zorder=4)
    share = _format.quantity(now["estimate"], "share")
    told = f"now: {share}, {now['n_codes']:.0f} codes"
    ax.annotate(
        told, (now["n_coded"], now["estimate"]), xytext=(6, -12), va="top",
        textcoords="offset points", color=INK,
    )  # fmt: skip
    ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.set_ylim(top=1.0)
    ax.set_xlim(left=0)
    ax.set_xlabel(f"verbatims coded by hand (dashed: foretold; n = {now['n']:,})")
    ax.set_ylabel("of what is said")
    return _marks.clean(ax, "y")


def _named(ax: Axes, names: list[str], inks: list[str]) -> None:
    """Name the rows, first on top."""
    ax.set_yticks(range(len(names)), [name.replace("$", r"\$") for name in names])
    ax.set_ylim(len(names) - 0.4, -0.6)
    for label, ink in zip(ax.get_yticklabels(), inks, strict=True):
        label.set_color(ink)


def _at_edge(ax: Axes, at: float, text: str, ink: str) -> None:
    ax.annotate(
        text, (1.01, at), xycoords=("axes fraction", "data"), va="center",
        fontsize="small", color=ink,
    )  # fmt: skip


def _short(text: str) -> str:
    return text if len(text) <= _WIDE else text[:_WIDE].rsplit(",", 1)[0] + ", …"
