"""Charts of a tracker: control limits, movements of people, balance of groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxlib import _format
from cxlib.plots import _marks
from cxlib.plots._marks import BLUE, GREY, INK, ORANGE, PALE, RED, UNIT_LABELS

BALANCED = 0.1


def control_chart(
    table: pd.DataFrame,
    *,
    change: pd.DataFrame | None = None,
    unit: str = "points",
    label: str = "NPS",
    ax: Axes | None = None,
) -> Axes:
    """Draw the waves within the limits of a steady score.

    Parameters
    ----------
    table : pandas.DataFrame
        `ControlChart.table`. A hidden wave leaves a gap.
    change : pandas.DataFrame, optional
        `ChangePoint.table` of a change that was found: its levels are drawn, and the
        span of waves that may have begun the new one.
    unit, label : str
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Notes
    -----
    The band widens where fewer answered. Waves outside it are red and named.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from cxlib import nps
    >>> answers = pd.DataFrame({"score": [10, 3] * 60, "wave": [1, 2, 3] * 40})
    >>> ax = control_chart(nps.control_chart(answers, "wave").table)
    >>> len(ax.get_xticklabels())
    3
    >>> plt.close(ax.figure)
    """
    if table.empty or table["estimate"].isna().all():
        return _marks.nothing("no wave to draw", ax)
    ax = _marks.axes(ax, 3.8)
    factor = _marks.factor(unit)
    x = np.arange(len(table))
    y, low, high, centre = (
        factor * table[c].to_numpy(dtype=float)
        for c in ("estimate", "limit_lower", "limit_upper", "centre")
    )
    ax.fill_between(
        x, low, high, step="mid", color=PALE, alpha=0.45, lw=0, label="noise"
    )
    ax.plot(x, centre, color=GREY, lw=1, ls=":", label="common level")
    if change is not None and not change.empty:
        _levels(ax, table["wave"].tolist(), change, factor)
    ax.plot(x, y, color=BLUE, lw=1.2, zorder=3)
    out = np.array([bool(v) if v is not None else False for v in table["signal"]])
    ax.scatter(x, y, s=52, c=[RED if o else BLUE for o in out], zorder=4)
    for i, text in enumerate(_format.number(v, unit) for v in table["estimate"]):
        _marks.name_point(ax, x, y, i, text, loud=bool(out[i]))
    _marks.name_waves(ax, table)
    ax.set_ylabel(f"{label}, {UNIT_LABELS[unit].split(',')[0]}")
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=4, frameon=False)
    return _marks.clean(ax, grid="y")


def _levels(ax: Axes, waves: list[str], change: pd.DataFrame, factor: float) -> None:
    """The levels before and after, and when the new one may have begun."""
    best = change[change["best"]].iloc[0]
    possible = change[change["in_interval"]]
    place = waves.index(best["wave"]) - 0.5
    first, last = (waves.index(possible["wave"].iloc[i]) - 0.5 for i in (0, -1))
    ax.plot(
        [-0.4, place, place, len(waves) - 0.6],
        factor * best[["before", "before", "after", "after"]].to_numpy(dtype=float),
        color=ORANGE, lw=2, label="change of level",
    )  # fmt: skip
    if last > first:
        ax.axvspan(first, last, color=ORANGE, alpha=0.12, lw=0, label="possible start")


def transition_table(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw where the people of each first state ended, as a table of shares.

    Parameters
    ----------
    table : pandas.DataFrame
        `Transitions.table`. Hidden cells are hatched.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Notes
    -----
    A cell holds the share of its row, its interval and n; darker is more.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from cxlib import nps
    >>> answers = pd.DataFrame({"who": [*range(60)] * 2, "score": [10, 3, 3] * 40,
    ...     "wave": [1] * 60 + [2] * 60})
    >>> ax = transition_table(nps.transitions(answers, "wave", "who").table)
    >>> ax.get_xticklabels()[0].get_text()
    'detractor'
    >>> plt.close(ax.figure)
    """
    if table.empty:
        return _marks.nothing("nobody to follow", ax)
    rows, columns = (list(dict.fromkeys(table[c])) for c in ("before", "after"))
    ax = _marks.axes(ax, 1.0 + 0.75 * len(rows))
    share = np.full((len(rows), len(columns)), np.nan)
    for cell in table.to_dict("records"):
        i, j = rows.index(cell["before"]), columns.index(cell["after"])
        share[i, j] = cell["estimate"]
        _cell(ax, (j, i), cell)
    ax.imshow(share, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    names = [name.replace(" answer", "\nanswer") for name in columns]
    ax.set_xticks(range(len(names)), names)
    ax.set_yticks(range(len(rows)), rows)
    ax.set(
        xlabel="after (% of the row, interval, n; hatched: too few)", ylabel="before"
    )
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    return ax


def _cell(ax: Axes, at: tuple[int, int], cell: Mapping[Any, Any]) -> None:
    """Share, interval and n of one transition; hatched where hidden."""
    x, y = at
    if str(cell["status"]).startswith("hidden"):
        ax.fill_between(
            [x - 0.5, x + 0.5], y - 0.5, y + 0.5, facecolor="white", edgecolor=PALE,
            hatch="///", lw=0,
        )  # fmt: skip
    elif np.isfinite(cell["estimate"]):
        low, high = _format.ends(cell["ci_lower"], cell["ci_upper"], "share")
        text = f"{_format.quantity(cell['estimate'], 'share')}\n{low} to {high}\n"
        text += f"n = {_format.count(cell['n'])}"
        ink = "white" if cell["estimate"] > 0.55 else INK
        ax.text(x, y, text, ha="center", va="center", color=ink, fontsize="small")


def love_plot(
    table: pd.DataFrame, *, threshold: float = BALANCED, ax: Axes | None = None
) -> Axes:
    """Draw how far two groups differ in each covariate, before and after adjustment.

    Parameters
    ----------
    table : pandas.DataFrame
        covariate, before and after: differences in standard deviations.
    threshold : float
        Difference that counts as balanced, drawn as a band.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Notes
    -----
    The covariate that differed most stands on top; signs are dropped.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> table = pd.DataFrame({"covariate": ["age", "plan"], "before": [-0.1, 0.4],
    ...     "after": [0.0, 0.05]})
    >>> ax = love_plot(table)
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['plan', 'age']
    >>> plt.close(ax.figure)
    """
    known = table.dropna(subset=["before"])
    if known.empty:
        return _marks.nothing("no covariate to draw", ax)
    size = known["before"].abs().sort_values(ascending=False, kind="stable")
    rows = known.loc[size.index]
    place = np.arange(len(rows), dtype=float)
    before, after = (rows[c].abs().to_numpy(dtype=float) for c in ("before", "after"))
    ax = _marks.axes(ax, 1.3 + 0.3 * len(rows))
    ax.axvspan(0, threshold, color=PALE, alpha=0.35, lw=0, label="balanced")
    ax.hlines(place, before, after, color=PALE, lw=1.5)
    ax.scatter(
        before, place, s=46, c="white", edgecolors=GREY, linewidths=1.6, zorder=3,
        label="before",
    )  # fmt: skip
    ax.scatter(after, place, s=46, c=BLUE, zorder=4, label="after")
    ax.set_yticks(place, rows["covariate"].tolist())
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.set_xlim(left=0)
    ax.set_xlabel("difference of the groups, standard deviations")
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, frameon=False)
    return _marks.clean(ax)
