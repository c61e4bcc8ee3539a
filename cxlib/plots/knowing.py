"""Charts of what is worth knowing, and of two readers' assumptions side by side."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxlib import _format
from cxlib.plots import _marks
from cxlib.plots._marks import BLUE, GREY, INK, ORANGE, PALE
from cxlib.plots.roi import name_rows

LONG, NOTHING = 14, "nothing to draw: see the sentence"


def information(
    table: pd.DataFrame,
    *,
    studies: pd.DataFrame | None = None,
    currency: str = "",
    n: int = 8,
    ax: Axes | None = None,
) -> Axes:
    """Rank inputs by what knowing them before choosing is worth.

    Parameters
    ----------
    table : pandas.DataFrame
        `Information.table`; its choice which to fund is drawn.
    studies : pandas.DataFrame, optional
        `Study.table`: what the best study of an effect costs, as a tick.
    currency : str
    n : int
        Inputs shown.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Notes
    -----
    Grey: knowing everything. Whiskers: 95 % Monte Carlo interval. A study whose tick
    stands right of its bar cannot pay.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> rows = pd.DataFrame({"decision": ["which to fund"] * 2, "n": [500, 500],
    ...     "input": ["everything", "effect of a"], "kind": ["everything", "input"],
    ...     "estimate": [9.0, 5.0], "ci_lower": [8.0, 4.0], "ci_upper": [10.0, 6.0]})
    >>> ax = information(rows)
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['everything', 'effect of a']
    >>> plt.close(ax.figure)
    """
    if table.empty:
        return _marks.nothing(NOTHING, ax)
    plan = table[table["decision"] == table["decision"].iloc[0]]
    rows = plan[plan["kind"] != "initiative"].head(n + 1)
    ax = _marks.axes(ax, 0.42 * len(rows) + 1.0)
    at = np.arange(len(rows), dtype=float)
    size = rows["estimate"].to_numpy(dtype=float)
    whole = rows["kind"].eq("everything").to_numpy()
    ax.barh(at, size, color=np.where(whole, PALE, BLUE), height=0.62)
    ax.hlines(at, rows["ci_lower"], rows["ci_upper"], color=INK, lw=1.6)
    _ticks(ax, rows["input"].tolist(), studies)
    _count(ax, int(rows["n"].iloc[0]))
    for y, value in zip(at, size.tolist(), strict=True):
        ax.annotate(
            _format.number(value, "amount"), (1.01, y),
            xycoords=("axes fraction", "data"), va="center",
            fontsize="small", color=INK,
        )  # fmt: skip
    name_rows(ax, at, rows["input"].tolist())
    ax.set_xlim(left=0)
    _money(ax, f"worth of knowing before choosing{_unit(currency)}")
    return _marks.clean(ax)


def _ticks(ax: Axes, inputs: list[str], studies: pd.DataFrame | None) -> None:
    """Mark what the best study of each effect costs."""
    if studies is None or studies.empty:
        return
    costs = studies["cost_amount"] + studies["wait_amount"]
    known = dict(zip("effect of " + studies["initiative"], costs.tolist(), strict=True))
    places = [(i, known[name]) for i, name in enumerate(inputs) if name in known]
    for i, cost in places:
        ax.vlines(cost, i - 0.36, i + 0.36, color=ORANGE, lw=3, zorder=4)
    if places:
        ax.annotate(
            "orange: what the study costs", (0.0, 1.0), xycoords="axes fraction",
            va="bottom", fontsize="small", color=ORANGE,
        )  # fmt: skip


def side_by_side(
    table: pd.DataFrame,
    *,
    who: str = "the sceptic",
    currency: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw each return under our assumptions and under another reader's.

    Parameters
    ----------
    table : pandas.DataFrame
        `SideBySide.table`.
    who : str
        The other reader.
    currency : str
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Notes
    -----
    Marks are means, lines P10 to P90, and a thin line joins the two means of an
    initiative. An initiative that the other reader drops has our mark alone. At the
    right the decisions where they differ.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> rows = pd.DataFrame({"initiative": ["a"], "n": [500], "ours_amount": [5.0],
    ...     "ours_p10_amount": [1.0], "ours_p90_amount": [9.0], "theirs_amount": [-1.0],
    ...     "theirs_p10_amount": [-4.0], "theirs_p90_amount": [2.0],
    ...     "decision_ours": ["fund"], "decision_theirs": ["do not fund"],
    ...     "verdict": ["differ"]})
    >>> ax = side_by_side(rows, who="the CFO")
    >>> ax.texts[-1].get_text()
    'fund → do not fund'
    >>> plt.close(ax.figure)
    """
    if table.empty:
        return _marks.nothing(NOTHING, ax)
    ax = _marks.axes(ax, 0.55 * len(table) + 1.0)
    at = np.arange(len(table), dtype=float)
    _dumbbells(ax, table, at)
    _named(ax, who)
    _count(ax, int(table["n"].iloc[0]))
    decisions = table[["decision_ours", "decision_theirs", "verdict"]]
    for place, (ours, theirs, verdict) in zip(at, decisions.to_numpy(), strict=True):
        ax.annotate(
            ours if verdict == "agree" else f"{ours} → {theirs}", (1.01, place),
            xycoords=("axes fraction", "data"), va="center", fontsize="small",
            color=GREY if verdict == "agree" else INK,
        )  # fmt: skip
    name_rows(ax, at, table["initiative"].tolist())
    ax.axvline(0, color=INK, lw=1)
    _money(ax, f"net present value{_unit(currency)}: mean and P10 to P90")
    return _marks.clean(ax)


def _dumbbells(ax: Axes, table: pd.DataFrame, at: _marks.Floats) -> None:
    """Draw both means with their intervals, joined where there are two."""
    looks = {"ours": (BLUE, "o", -0.16), "theirs": (ORANGE, "D", 0.16)}
    kept = {side: table[f"decision_{side}"].ne("dropped").to_numpy() for side in looks}
    both = kept["ours"] & kept["theirs"]
    ends = [table[f"{side}_amount"].to_numpy(dtype=float)[both] for side in looks]
    ax.plot(ends, [at[both] - 0.16, at[both] + 0.16], color=PALE, lw=1.4, zorder=1)
    for side, (colour, marker, shift) in looks.items():
        own, y = table[kept[side]], at[kept[side]] + shift
        low, high = (own[f"{side}_p{p}_amount"] for p in (10, 90))
        ax.hlines(y, low, high, color=colour, lw=2.4)
        ax.scatter(
            own[f"{side}_amount"], y, s=44, color=colour, marker=marker, zorder=3
        )


def _named(ax: Axes, who: str) -> None:
    """Name both readers above the chart."""
    looks: dict[str, Any] = {
        "va": "bottom", "fontsize": "small", "weight": "bold",
        "textcoords": "offset points",
    }  # fmt: skip
    above = 0 if len(who) < LONG else 13
    ours = ax.annotate(
        "ours", (0, 1), xycoords="axes fraction", xytext=(0, above), color=BLUE, **looks
    )
    ax.annotate(who, (1, 0), xycoords=ours, xytext=(9, 0), color=ORANGE, **looks)


def _count(ax: Axes, draws: int) -> None:
    ax.annotate(
        f"n = {_format.count(draws)} draws", (1.0, 1.0), xycoords="axes fraction",
        ha="right", va="bottom", fontsize="small", color=GREY,
    )  # fmt: skip


def _money(ax: Axes, label: str) -> None:
    ax.locator_params(axis="x", nbins=5)
    ax.xaxis.set_major_formatter(lambda x, _: _format.number(float(x), "count"))
    ax.set_xlabel(label)


def _unit(currency: str) -> str:
    return f", {currency}" if currency else ""
