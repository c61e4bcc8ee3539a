"""Charts of experiments and journeys: effects, funnels, gaps, transitions."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxlib import _format
from cxlib.plots import _marks
from cxlib.plots._marks import BLUE, GREEN, GREY, INK, ORANGE, RED, Bools, Floats

VERDICT_COLOURS = {
    "better": GREEN, "not worse": BLUE, "cannot tell": GREY, "worse": RED,
}  # fmt: skip
VARIANT_COLOURS = (GREY, BLUE, ORANGE, GREEN, RED)
_UNITS = {"share": "percentage points", "points": "points"}
_ROW, _PANEL = 0.42, 0.85


def metric_forest(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw each metric's difference to control with its interval, by unit.

    Parameters
    ----------
    table : pandas.DataFrame
        `Comparison.table`.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
        Where several units are drawn, one panel a unit is inset into it
        (`ax.child_axes`).

    Notes
    -----
    Colours tell the verdict, which is also written; a dashed line marks the largest
    tolerable loss of a metric that has a margin.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from cxlib import journeys
    >>> users = pd.DataFrame({"variant": ["a", "b"] * 50, "paid": [1, 0, 0, 1, 1] * 20})
    >>> metric = journeys.Proportion(name="paid", column="paid")
    >>> ax = metric_forest(journeys.compare(users, [metric], control="a").table)
    >>> ax.get_xlabel()
    'difference to a, percentage points'
    >>> plt.close(ax.figure)
    """
    groups = _panels(table)
    if not groups:
        return _marks.nothing("no metric to draw", ax)
    heights = [_PANEL + _ROW * len(rows) for _, rows in groups]
    ax = _marks.axes(ax, sum(heights) + 0.3)
    if len(groups) == 1:
        return _forest(ax, *groups[0])
    ax.set_axis_off()
    top, total = 1.0, sum(heights)
    for (unit, rows), height in zip(groups, heights, strict=True):
        share = height / total
        room = 0.8 * _PANEL / total
        panel = ax.inset_axes((0.0, top - share + room, 1.0, share - room))
        _forest(panel, unit, rows)
        top -= share
    return ax


def _panels(table: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Split metrics into panels: one a unit; a metric on a scale of its own alone."""
    found: dict[str, list[int]] = {}
    for i, row in enumerate(table[["metric", "unit"]].to_dict("records")):
        unit = _UNITS.get(str(row["unit"]), str(row["metric"]))
        found.setdefault(unit, []).append(i)
    return [(unit, table.iloc[rows]) for unit, rows in found.items()]


def _forest(ax: Axes, unit: str, rows: pd.DataFrame) -> Axes:
    """Draw one unit's effects."""
    scale = 100.0 if rows["unit"].iloc[0] == "share" else 1.0
    names = ["effect_size", "effect_size_ci_lower", "effect_size_ci_upper", "margin"]
    value, low, high, margin = (scale * rows[c].to_numpy(dtype=float) for c in names)
    place = np.arange(len(rows), dtype=float)
    colours = [VERDICT_COLOURS[v] for v in rows["verdict"]]
    ax.axvline(0, color=INK, lw=1, zorder=1)
    ax.hlines(place, low, high, color=colours, lw=2.4)
    ax.scatter(value, place, s=48, c=colours, zorder=3)
    sign = np.where(rows["direction"] == "increase", -1.0, 1.0)
    ax.vlines(sign * margin, place - 0.38, place + 0.38, color=RED, lw=1.4, ls="--")
    for at, loss in zip(place, sign * margin, strict=True):
        if np.isfinite(loss):
            side = "right" if loss < 0 else "left"
            ax.annotate(
                "margin", (loss, at - 0.4), ha=side, va="bottom", fontsize="x-small",
                color=RED,
            )  # fmt: skip
    places = _decimals(high - low)
    for at, point, row in zip(place, value, rows.to_dict("records"), strict=True):
        n = _format.count(row["n_control"] + row["n_treatment"])
        text = _format.number(point, "score", signed=True, decimals=places)
        told = f"{text}  {row['verdict']}\nn = {n}"
        _beside(ax, at, told, VERDICT_COLOURS[row["verdict"]])
    ax.set_yticks(place, _names(rows))
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.set_xlabel(f"difference to {rows['control_arm'].iloc[0]}, {unit}")
    return _marks.clean(ax)


def _names(rows: pd.DataFrame) -> list[str]:
    """Metric, with the variant where there are several and which way is better."""
    several = len(rows["treatment_arm"].unique()) > 1
    return [
        row["metric"]
        + ("" if row["direction"] == "increase" else " (less is better)")
        + (f"\n{row['treatment_arm']}" if several else "")
        for row in rows.to_dict("records")
    ]


def _decimals(widths: Floats) -> int:
    """Decimals that the narrowest interval supports."""
    finite = widths[np.isfinite(widths) & (widths > 0)]
    if not finite.size:
        return 2
    return int(np.clip(1 - np.floor(np.log10(finite.min() / 2)), 0, 4))


def _beside(ax: Axes, at: float, text: str, colour: str) -> None:
    """Write a direct label at the right edge."""
    ax.annotate(
        text, (1.01, at), xycoords=("axes fraction", "data"), va="center",
        fontsize="small", color=colour, linespacing=1.15,
    )  # fmt: skip


def funnel_steps(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the share of all exposed users that reached each step, by variant.

    Parameters
    ----------
    table : pandas.DataFrame
        `Funnel.table`.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Notes
    -----
    Steps run from top to bottom; whiskers are the intervals, labels the shares; n in
    the legend is everybody exposed.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from cxlib import journeys
    >>> events = pd.DataFrame(
    ...     {"user_id": ["u", "u", "v"], "touchpoint": ["cart", "paid", "cart"],
    ...      "occurred_at": pd.to_datetime(["2026-01-01", "2026-01-02", "2026-01-01"])}
    ... )
    >>> ax = funnel_steps(journeys.funnel(events, ["cart", "paid"]).table)
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['cart', 'paid']
    >>> plt.close(ax.figure)
    """
    if table.empty:
        return _marks.nothing("no step to draw", ax)
    steps = table.drop_duplicates("position").sort_values("position")["step"].tolist()
    arms = list(dict.fromkeys(table["variant"]))
    band = 0.8 / len(arms)
    ax = _marks.axes(ax, 1.2 + len(steps) * max(0.42, 0.26 * len(arms)))
    for i, arm in enumerate(arms):
        rows = table[table["variant"] == arm].sort_values("position")
        place = np.arange(len(rows), dtype=float) + (i - (len(arms) - 1) / 2) * band
        n = _format.count(float(rows["n_exposed"].iloc[0]))
        _bars(ax, rows, place, band, VARIANT_COLOURS[i % 5], f"{arm} (n = {n})")
    ax.set_yticks(range(len(steps)), steps)
    ax.set_ylim(len(steps) - 0.4, -0.6)
    ax.set_xlim(0, 112)
    ax.set_xticks(range(0, 101, 20))
    ax.set_xlabel("% of all exposed users who reached the step")
    ax.legend(
        loc="lower right", bbox_to_anchor=(1, 1), ncols=min(len(arms), 3),
        fontsize="small", borderaxespad=0.2, frameon=False,
    )  # fmt: skip
    return _marks.clean(ax)


def _bars(
    ax: Axes, rows: pd.DataFrame, place: Floats, band: float, colour: str,
    told: str,
) -> None:  # fmt: skip
    """Draw one variant's bars with whiskers and shares."""
    share, low, high = (
        100 * rows[f"share_exposed{end}"].to_numpy(dtype=float)
        for end in ("", "_ci_lower", "_ci_upper")
    )
    ax.barh(place, share, height=0.88 * band, color=colour, alpha=0.75, label=told)
    ax.hlines(place, low, high, color=INK, lw=1.3)
    for at, value, end in zip(place, share, high, strict=True):
        ax.annotate(
            _format.number(value / 100, "share"), (end, at), xytext=(4, 0),
            textcoords="offset points", va="center", fontsize="small", color=INK,
        )  # fmt: skip


def funnel_gap(
    gap: pd.DataFrame, *, confidence_level: float = 0.95, ax: Axes | None = None
) -> Axes:
    """Draw how much each step adds to the end-to-end difference.

    Parameters
    ----------
    gap : pandas.DataFrame
        `Funnel.gap`.
    confidence_level : float
        Filled marks are beyond chance at this level, after correction.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Notes
    -----
    The marks of one treatment sum to its end-to-end difference, written in the
    legend.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> gap = pd.DataFrame(
    ...     {"treatment_arm": "b", "control_arm": "a", "position": [1, 2],
    ...      "step": ["cart", "paid"], "effect_size": [0.01, 0.04],
    ...      "effect_size_ci_lower": [-0.01, 0.02],
    ...      "effect_size_ci_upper": [0.03, 0.06], "pvalue_adj": [0.3, 0.001]}
    ... )
    >>> funnel_gap(gap).get_legend_handles_labels()[1]
    ['b: +5.0 percentage points in all']
    >>> plt.close("all")
    """
    if gap.empty:
        return _marks.nothing("no two variants to compare step by step", ax)
    steps = gap.drop_duplicates("position").sort_values("position")["step"].tolist()
    arms = list(dict.fromkeys(gap["treatment_arm"]))
    ax = _marks.axes(ax, 1.2 + len(steps) * max(0.36, 0.26 * len(arms)))
    ax.axvline(0, color=INK, lw=1, zorder=1)
    for i, arm in enumerate(arms):
        rows = gap[gap["treatment_arm"] == arm].sort_values("position")
        total = _format.quantity(rows["effect_size"].sum(), "share_points", signed=True)
        place = np.arange(len(rows), dtype=float) + (
            i - (len(arms) - 1) / 2
        ) * 0.7 / len(arms)
        real = (rows["pvalue_adj"] < 1 - confidence_level).to_numpy(dtype=bool)
        colour = VARIANT_COLOURS[1:][i % 4]
        _dots(ax, rows, place, colour, real)
        ax.plot([], [], "o-", color=colour, label=f"{arm}: {total} in all")
    ax.set_yticks(range(len(steps)), steps)
    ax.set_ylim(len(steps) - 0.4, -0.6)
    control = gap["control_arm"].iloc[0]
    ax.set_xlabel(f"part of the difference to {control}, percentage points")
    ax.legend(
        loc="lower right", bbox_to_anchor=(1, 1), ncols=min(len(arms), 2),
        fontsize="small", borderaxespad=0.2, frameon=False,
    )  # fmt: skip
    return _marks.clean(ax)


def _dots(
    ax: Axes, rows: pd.DataFrame, place: Floats, colour: str, real: Bools
) -> None:
    """Draw differences in percentage points; hollow where chance explains them."""
    names = ["effect_size", "effect_size_ci_lower", "effect_size_ci_upper"]
    value, low, high = (100 * rows[c].to_numpy(dtype=float) for c in names)
    ax.hlines(place, low, high, color=colour, lw=2)
    faces = [colour if r else "white" for r in real]
    ax.scatter(value, place, s=46, c=faces, edgecolors=colour, linewidths=1.6, zorder=3)
    for at, point in zip(place, value, strict=True):
        _beside(ax, at, _format.number(point / 100, "share", signed=True), colour)


def transition_differences(
    table: pd.DataFrame, *, top: int = 12, confidence_level: float = 0.95,
    ax: Axes | None = None,
) -> Axes:  # fmt: skip
    """Draw the transitions whose shares differ most clearly from control.

    Parameters
    ----------
    table : pandas.DataFrame
        `Transitions.table`.
    top : int
        How many to draw, the clearest first.
    confidence_level : float
        Filled marks are beyond chance at this level, after correction.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> ax = transition_differences(pd.DataFrame({"pvalue": []}))
    >>> ax.texts[0].get_text()
    'no transition has enough users to compare'
    >>> plt.close(ax.figure)
    """
    tested = table[table["pvalue"].notna()].head(top) if len(table) else table
    if tested.empty:
        return _marks.nothing("no transition has enough users to compare", ax)
    ax = _marks.axes(ax, 1.0 + 0.36 * len(tested))
    names = ["effect_size", "effect_size_ci_lower", "effect_size_ci_upper"]
    value, low, high = (100 * tested[c].to_numpy(dtype=float) for c in names)
    place = np.arange(len(tested), dtype=float)
    real = (tested["pvalue_adj"] < 1 - confidence_level).to_numpy(dtype=bool)
    inks = [BLUE if r else GREY for r in real]
    ax.axvline(0, color=INK, lw=1, zorder=1)
    ax.hlines(place, low, high, color=inks, lw=2)
    faces = [BLUE if r else "white" for r in real]
    ax.scatter(value, place, s=46, c=faces, edgecolors=inks, linewidths=1.6, zorder=3)
    several = len(tested["treatment_arm"].unique()) > 1
    labels = []
    for at, ink, row in zip(place, inks, tested.to_dict("records"), strict=True):
        arm = f"  ({row['treatment_arm']})" if several else ""
        labels.append(f"{row['from']} → {row['to']}{arm}")
        shares = [_format.number(row[c], "share") for c in ("control", "treatment")]
        n = _format.count(row["n_control"] + row["n_treatment"])
        _beside(ax, at, f"{shares[0]} → {shares[1]} %  n = {n}", ink)
    ax.set_yticks(place, labels)
    ax.set_ylim(len(tested) - 0.4, -0.6)
    control = tested["control_arm"].iloc[0]
    ax.set_xlabel(f"difference to {control}, percentage points of departures")
    return _marks.clean(ax)
