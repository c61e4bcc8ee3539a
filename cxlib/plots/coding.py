"""Charts of the people who code."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxlib import _format
from cxlib.plots import _marks
from cxlib.plots._marks import BLUE, GREEN, GREY, INK, ORANGE, PALE, RED

_COLOURS = (BLUE, ORANGE, GREEN, INK, GREY)


def coder_drift(
    table: pd.DataFrame, *, against: str = "", ax: Axes | None = None
) -> Axes:
    r"""Draw each coder's agreement over time within the limits of a steady coder.

    Parameters
    ----------
    table : pandas.DataFrame
        `CoderDrift.table`.
    against : str
        Whom the coders are set against ('people', 'machine', a gold coder's name); the
        table's first where blank.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Notes
    -----
    The pale bar behind a mark is where a steady coder stays; it is longer where fewer
    verbatims were coded. Marks outside are red. The line is the interval.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from cxlib import simulate, voc
    >>> answers = simulate.responses(2000, rng=1, hidden=True)
    >>> book = voc.Codebook.from_dict(simulate.codebook())
    >>> given = simulate.codings(answers, rng=1, n=300, months=3)
    >>> ax = coder_drift(voc.drift(given, book).table)
    >>> ax.get_xticklabels()[0].get_text()
    '2025-01\nn = 100'
    >>> plt.close(ax.figure)
    """
    if table.empty or "estimate" not in table or table["estimate"].isna().all():
        return _marks.nothing("no period to draw", ax)
    whom = against or str(table["against"].iloc[0])
    shown = table[(table["against"] == whom) & table["estimate"].notna()]
    if shown.empty:
        return _marks.nothing("no period to draw", ax)
    ax = _marks.axes(ax, 3.6)
    periods = sorted(table["period"].unique())
    coders = list(dict.fromkeys(shown["coder"]))
    step = min(0.22, 0.7 / len(coders))
    for i, coder in enumerate(coders):
        rows = shown[shown["coder"] == coder]
        shift = step * (i - (len(coders) - 1) / 2)
        x = np.array([periods.index(one) for one in rows["period"]]) + shift
        _one(ax, rows, x, _COLOURS[i % len(_COLOURS)], step, coder)
    sizes = shown.groupby("period")["n"].agg(["min", "max"])
    ax.set_xticks(range(len(periods)), [_named(one, sizes) for one in periods])
    ax.set_xlim(-0.5, len(periods) - 0.5)
    named = {"people": "the other coder", "machine": "the machine"}.get(whom, whom)
    ax.set_ylabel(f"agreement with {named},\nbeyond chance (1 = full)")
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=4, frameon=False)
    return _marks.clean(ax, grid="y")


def _named(period: str, sizes: pd.DataFrame) -> str:
    """Return the period with its n, or their range over the coders."""
    if period not in sizes.index:
        return period
    low, high = (_format.count(sizes[end].to_dict()[period]) for end in ("min", "max"))
    return f"{period}\nn = {low}" + ("" if low == high else f" to {high}")


def _one(
    ax: Axes, rows: pd.DataFrame, x: np.ndarray, colour: str, step: float, name: str
) -> None:
    """Draw one coder: steady range, interval, mark."""
    low, high = rows["limit_lower"].to_numpy(), rows["limit_upper"].to_numpy()
    ax.bar(x, high - low, 0.8 * step, bottom=low, color=PALE, alpha=0.6, zorder=1)
    ax.vlines(x, rows["ci_lower"], rows["ci_upper"], color=colour, lw=1.6, zorder=2)
    ax.plot(x, rows["estimate"], color=colour, lw=0.8, alpha=0.6, zorder=2)
    out = rows["signal"].to_numpy(dtype=bool)
    faces = [RED if one else colour for one in out]
    ax.scatter(x, rows["estimate"], s=40, c=faces, zorder=3)
    ax.scatter([], [], s=40, c=colour, label=name)


def code_disputes(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw how often coders differ on each code.

    Parameters
    ----------
    table : pandas.DataFrame
        `Disagreements.table`; codes without an estimate are left out.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> rows = pd.DataFrame({"name": ["Price", "Staff"], "estimate": [0.4, 0.1],
    ...                      "ci_lower": [0.3, 0.05], "ci_upper": [0.5, 0.2],
    ...                      "n_given": [90, 80]})
    >>> ax = code_disputes(rows)
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['Price', 'Staff']
    >>> plt.close(ax.figure)
    """
    rows = table.dropna(subset="estimate") if len(table) else table
    if rows.empty:
        return _marks.nothing("no code is given often enough to compare", ax)
    ax = _marks.axes(ax, 0.6 + 0.36 * len(rows))
    place = np.arange(len(rows), dtype=float)
    _marks.intervals(ax, rows.assign(n=rows["n_given"]), place, "share")
    ax.set_yticks(place, rows["name"].tolist())
    ax.invert_yaxis()
    ax.set_xlim(left=0)
    ax.set_xlabel("disputed, % of the verbatims that somebody gave the code")
    return _marks.clean(ax)


def coder_quality(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw how well the learnt coder and the phrases agree with people, by code.

    Parameters
    ----------
    table : pandas.DataFrame
        `Learned.table`; codes that could not be scored are left out.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Notes
    -----
    The worst code stands on top: it is where further hand codes help most. n is how
    many hand-coded verbatims have the code.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> rows = pd.DataFrame({"code": ["price", "staff"], "name": ["Price", "Staff"],
    ...     "estimate": [0.8, 0.6], "ci_lower": [0.7, 0.4], "ci_upper": [0.9, 0.8],
    ...     "rule_kappa": [0.7, 0.3], "n_positive": [50, 20]})
    >>> ax = coder_quality(rows)
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['Staff', 'Price']
    >>> plt.close(ax.figure)
    """
    rows = table[~table["code"].str.startswith("(")] if len(table) else table
    rows = rows.dropna(subset="estimate") if len(rows) else rows
    if rows.empty:
        return _marks.nothing("too little was coded by hand to score the coder", ax)
    rows = rows.sort_values("estimate").assign(n=rows["n_positive"])
    ax = _marks.axes(ax, 0.8 + 0.36 * len(rows))
    place = np.arange(len(rows), dtype=float)
    _marks.intervals(ax, rows, place, "score")
    ax.scatter([], [], s=46, c=BLUE, label="learnt coder")
    ax.scatter(
        rows["rule_kappa"], place, s=46, facecolors="white", edgecolors=GREY,
        linewidths=1.6, zorder=2.5, label="phrases alone",
    )  # fmt: skip
    ax.set_yticks(place, rows["name"].tolist())
    ax.invert_yaxis()
    ax.set_xlabel("kappa with people, on verbatims not learnt from (1 = full)")
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2, frameon=False)
    return _marks.clean(ax)
