"""Charts of a test's plan: power by users, what peeking costs, false alarms."""

from __future__ import annotations

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from cxlib import _format
from cxlib.plots import _marks
from cxlib.plots._marks import BLUE, GREY, INK, ORANGE, RED

_LOOKS = {"once": ("one planned look", BLUE, -6), "any": ("any look", ORANGE, 6)}
_STATUS = {"holds": BLUE, "too many": RED, "too few": ORANGE, "untested": GREY}
_UNITS = {"share": "percentage points", "points": "points"}


def planned_power(
    curve: pd.DataFrame,
    *,
    looks: str = "once",
    power: float = 0.8,
    n: float = 0,
    daily_users: float = 0,
    ax: Axes | None = None,
) -> Axes:
    """Draw each metric's chance of finding its effect against the users of a test.

    Parameters
    ----------
    curve : pandas.DataFrame
        `Plan.curve`.
    looks : {"once", "any"}
        Which curves to draw.
    power : float
        The chance wanted, a dashed line.
    n : float
        Users planned, a dotted line; 0 for none.
    daily_users : float
        Adds an axis in weeks; 0 for none.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from cxlib import journeys
    >>> metric = journeys.Proportion(name="paid", column="paid")
    >>> plan = journeys.power(
    ...     None, [metric], effects={"paid": 0.02}, baselines={"paid": {"mean": 0.1}}
    ... )
    >>> ax = planned_power(plan.curve)
    >>> ax.get_ylabel()
    'chance of finding it, %'
    >>> plt.close(ax.figure)
    """
    shown = curve[(curve["looks"] == looks) & (curve["question"] != "none")]
    if shown.empty:
        return _marks.nothing("no effect and no margin to plan for", ax)
    ax = _marks.axes(ax, 4.0)
    inks = sns.color_palette("colorblind").as_hex()
    ends = []
    for i, (name, line) in enumerate(shown.groupby("metric", sort=False)):
        colour = inks[i % len(inks)]
        ax.plot(line["n"], 100 * line["share_power"], color=colour, lw=2)
        goal = _goal(line.iloc[0])
        ends.append(
            (float(100 * line["share_power"].iloc[-1]), f"{name}\n{goal}", colour)
        )
    at = np.inf
    for y, text, colour in sorted(ends, reverse=True):
        at = min(y, at - 13)
        ax.annotate(
            text, (1.01, at), va="center", color=colour, fontsize="small",
            xycoords=("axes fraction", "data"), linespacing=1.15,
        )  # fmt: skip
    ax.axhline(100 * power, color=GREY, lw=1.2, ls="--", zorder=1)
    _planned(ax, n)
    ax.set(ylim=(0, 102), ylabel="chance of finding it, %")
    return _users(ax, shown["n"], daily_users)


def _goal(row: pd.Series) -> str:
    """Return '+2.0 percentage points' or 'not worse by 2.0 points'."""
    unit = _format.difference_unit(str(row["unit"]))
    size = float(row["effect_size"])
    if row["question"] == "detect":
        return _format.quantity(size, unit, signed=True)
    return f"loss under {_format.quantity(size, unit)}"


def _planned(ax: Axes, n: float) -> None:
    """Mark the users planned."""
    if n:
        ax.axvline(n, color=GREY, lw=1.2, ls=":", zorder=1)
        ax.annotate(
            f"planned: {_format.count(n)}", (n, 0.02), xytext=(4, 0),
            xycoords=("data", "axes fraction"), textcoords="offset points",
            color=GREY, fontsize="small",
        )  # fmt: skip


def _users(ax: Axes, n: pd.Series, daily_users: float) -> Axes:
    """Name users on a logarithmic axis, with weeks above where they are known."""
    ax.set_xscale("log")
    ax.set_xlim(float(n.min()), float(n.max()))
    ticks = FuncFormatter(lambda x, _: _format.count(x))
    ax.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    ax.xaxis.set_major_formatter(ticks)
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_xlabel("users in the test, all variants")
    if daily_users:
        week = 7 * daily_users
        both = (lambda x: np.divide(x, week), lambda x: np.multiply(x, week))
        top = ax.secondary_xaxis("top", functions=both)
        top.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        top.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
        top.xaxis.set_minor_formatter(NullFormatter())
        top.set_xlabel("weeks")
        top.spines["top"].set_visible(False)
    return _marks.clean(ax, "y")


def peeking_cost(
    curve: pd.DataFrame,
    *,
    metric: str = "",
    n: float = 0,
    ax: Axes | None = None,
) -> Axes:
    """Draw an interval's half width for one planned look and for any look.

    Parameters
    ----------
    curve : pandas.DataFrame
        `Plan.curve`.
    metric : str
        Which to draw; the first when empty.
    n : float
        Users planned: a dotted line, where the ratio of the widths is written.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from cxlib import journeys
    >>> paid = journeys.Proportion(name="paid", column="paid")
    >>> plan = journeys.power(None, [paid], n=9000, baselines={"paid": {"mean": 0.1}})
    >>> ax = peeking_cost(plan.curve)
    >>> ax.get_xlabel()
    'users in the test, all variants'
    >>> plt.close(ax.figure)
    """
    if curve.empty:
        return _marks.nothing("no metric to draw", ax)
    name = metric or str(curve["metric"].iloc[0])
    lines = curve[curve["metric"] == name]
    unit = str(lines["unit"].iloc[0])
    ax = _marks.axes(ax, 3.6)
    for looks, (told, colour, shift) in _LOOKS.items():
        line = lines[lines["looks"] == looks]
        width = _marks.factor(unit) * line["half_width"].to_numpy(dtype=float)
        ax.plot(line["n"], width, color=colour, lw=2)
        ax.annotate(
            told, (1.01, width[-1]), xytext=(0, shift), textcoords="offset points",
            va="center", color=colour, fontsize="small",
            xycoords=("axes fraction", "data"),
        )  # fmt: skip
    ax.set_yscale("log")
    ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}"))
    ax.yaxis.set_minor_formatter(NullFormatter())
    _planned(ax, n)
    if n:
        grid = [lines[lines["looks"] == looks] for looks in ("any", "once")]
        wide, narrow = (np.interp(n, one["n"], one["half_width"]) for one in grid)
        ax.annotate(
            f"{wide / narrow:.2f} times as wide", (n, _marks.factor(unit) * wide),
            xytext=(6, 6), textcoords="offset points", color=INK, fontsize="small",
        )  # fmt: skip
    scale = _UNITS.get(unit, "in the metric's unit")
    ax.set_ylabel(f"{name}: half width of the interval,\n{scale}")
    return _users(ax, lines["n"], 0)


def false_alarm_rates(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw each metric's rate of false alarms with its interval and the rate promised.

    Parameters
    ----------
    table : pandas.DataFrame
        `journeys.false_alarms(...).table`.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from cxlib import journeys
    >>> users = pd.DataFrame({"spend": np.arange(200.0)})
    >>> metric = journeys.Mean(name="spend", column="spend")
    >>> ax = false_alarm_rates(journeys.false_alarms(users, [metric]).table)
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['spend']
    >>> plt.close(ax.figure)
    """
    rows = table[table["n_resamples"] > 0] if len(table) else table
    if rows.empty:
        return _marks.nothing("no metric could be tested", ax)
    ax = _marks.axes(ax, 1.2 + 0.5 * len(rows))
    names = ["share_false", "share_false_ci_lower", "share_false_ci_upper"]
    value, low, high = (100 * rows[c].to_numpy(dtype=float) for c in names)
    place = np.arange(len(rows), dtype=float)
    colours = [_STATUS[status] for status in rows["status"]]
    promised = 100 * float(rows["share_declared"].iloc[0])
    ax.axvline(promised, color=INK, lw=1.2, ls="--", zorder=1)
    ax.annotate(
        f"promised {promised:g} %", (promised, 1.0), xytext=(0, 3), ha="center",
        xycoords=("data", "axes fraction"), textcoords="offset points",
        fontsize="small", color=INK,
    )  # fmt: skip
    ax.hlines(place, low, high, color=colours, lw=2.4)
    ax.scatter(value, place, s=48, c=colours, zorder=3)
    for at, row, colour in zip(place, rows.to_dict("records"), colours, strict=True):
        share = _format.quantity(row["share_false"], "share")
        ax.annotate(
            f"{share}  {row['status']}\nn = {_format.count(row['n'])}", (1.01, at),
            xycoords=("axes fraction", "data"), va="center", fontsize="small",
            color=colour, linespacing=1.15,
        )  # fmt: skip
    ax.set_yticks(place, rows["metric"].tolist())
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.set_xlim(0, max(2 * promised, 1.08 * float(high.max())))
    runs = _format.count(rows["n_resamples"].max())
    ax.set_xlabel(f"% of {runs} splits without a difference that alarmed")
    return _marks.clean(ax)
