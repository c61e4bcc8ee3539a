"""Charts of effects in parts of the users: by segment, and over time."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxlib import _format
from cxlib.plots import _marks
from cxlib.plots._marks import BLUE, GREY, INK, PALE, RED

_UNITS = {"share": ", percentage points", "points": ", points"}
_MANY = 14


def segment_effects(
    table: pd.DataFrame,
    *,
    tests: pd.DataFrame | None = None,
    metric: str | None = None,
    by: str | None = None,
    treatment: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw one metric's effect in each segment: raw in grey, shrunken in colour.

    Parameters
    ----------
    table, tests : pandas.DataFrame
        `SegmentEffects.table` and `SegmentEffects.tests`; with tests, the overall
        effect is a line and the answer to "does it differ" stands below.
    metric, by, treatment : str, optional
        Which to draw; the first of the table when not given.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Notes
    -----
    Segments stand in the order of their shrunken effect, with n at the right.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from cxlib import journeys
    >>> users = pd.DataFrame(
    ...     {"variant": ["control", "b"] * 90, "device": ["app", "app", "web"] * 60,
    ...      "paid": [1, 0, 0, 1, 1] * 36}
    ... )
    >>> metric = journeys.Proportion(name="paid", column="paid")
    >>> found = journeys.by_segment(users, [metric], by="device")
    >>> ax = segment_effects(found.table, tests=found.tests)
    >>> ax.get_xlabel().splitlines()[0]
    'paid: difference to control, percentage points'
    >>> plt.close(ax.figure)
    """
    rows = _chosen(
        table, {"metric": metric, "by": by, "treatment_arm": treatment}
    )  # fmt: skip
    if rows.empty:
        return _marks.nothing("no segment to draw", ax)
    rows = rows.sort_values("shrunk_effect_size", kind="stable", na_position="first")
    first = rows.iloc[0]
    unit = str(first["unit"])
    ax = _marks.axes(ax, 1.3 + 0.46 * len(rows))
    place = np.arange(len(rows), dtype=float)
    _bar(ax, rows, "effect_size", place + 0.16, PALE, "as measured", unit)
    _bar(ax, rows, "shrunk_effect_size", place - 0.12, BLUE, "shrunken", unit)
    ax.axvline(0, color=INK, lw=1, zorder=1)
    _sizes(ax, rows, place, unit)
    ax.set_yticks(place, [_plain(name) for name in rows["segment"]])
    ax.set_ylim(-0.6, len(rows) - 0.4)
    told = _overall(ax, tests, first, unit)
    arm = _arm(table, first)
    ax.set_xlabel(
        f"{first['metric']}{arm}: difference to {first['control_arm']}"
        f"{_UNITS.get(unit, '')}{told}"
    )
    ax.set_ylabel(_plain(first["by"]))
    ax.legend(
        loc="lower right", bbox_to_anchor=(1, 1.02), ncols=2, frameon=False,
        fontsize="small", borderaxespad=0.2,
    )  # fmt: skip
    return _marks.clean(ax)


def effect_by_time(
    table: pd.DataFrame,
    *,
    tests: pd.DataFrame | None = None,
    metric: str | None = None,
    treatment: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw one metric's effect by the day or week in which users were assigned.

    Parameters
    ----------
    table, tests : pandas.DataFrame
        `EffectOverTime.table` and `EffectOverTime.tests`; with tests, the overall
        effect and the fitted trend are lines.
    metric, treatment : str, optional
        Which to draw; the first of the table when not given.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from cxlib import journeys
    >>> users = pd.DataFrame(
    ...     {"variant": ["control", "b"] * 90, "paid": [1, 0, 0, 1, 1] * 36,
    ...      "assigned_at": pd.date_range("2026-01-01", periods=180, freq="h")}
    ... )
    >>> metric = journeys.Proportion(name="paid", column="paid")
    >>> found = journeys.by_day(users, [metric], min_n=10)
    >>> ax = effect_by_time(found.table, tests=found.tests)
    >>> ax.get_xlabel()
    'day of assignment, from 0 (n below)'
    >>> plt.close(ax.figure)
    """
    rows = _chosen(table, {"metric": metric, "treatment_arm": treatment})
    if rows.empty:
        return _marks.nothing("no period to draw", ax)
    rows = rows.sort_values("period")
    first = rows.iloc[0]
    unit = str(first["unit"])
    ax = _marks.axes(ax, 3.4)
    x = rows["period"].to_numpy(dtype=float)
    value, low, high = _scaled(rows, "effect_size", unit)
    ax.vlines(x, low, high, color=BLUE, lw=2)
    ax.scatter(x, value, s=40, c=BLUE, zorder=3)
    ax.axhline(0, color=INK, lw=1, zorder=1)
    _trend(ax, tests, first, x, unit)
    step = max(1, int(np.ceil(len(x) / _MANY)))
    n = (rows["n_control"] + rows["n_treatment"]).to_numpy()
    shown = range(0, len(x), step)
    names = [f"{x[i]:g}\n{_format.count(n[i])}" for i in shown]
    ax.set_xticks([x[i] for i in shown], names)
    ax.set_xlabel(f"{first['every']} of assignment, from 0 (n below)")
    arm = _arm(table, first)
    ax.set_ylabel(
        f"{first['metric']}{arm}\ndifference to {first['control_arm']}"
        f"{_UNITS.get(unit, '').replace(', ', chr(10))}"
    )
    return _marks.clean(ax, grid="y")


def _arm(table: pd.DataFrame, first: pd.Series) -> str:
    """Return ' (variant)' where there is more than one treatment."""
    several = len(table["treatment_arm"].unique()) > 1
    return f" ({first['treatment_arm']})" if several else ""


def _plain(name: object) -> str:
    """Return a name in which a dollar sign starts no formula."""
    return str(name).replace("$", r"\$")


def _chosen(table: pd.DataFrame, wanted: dict[str, str | None]) -> pd.DataFrame:
    """Return the rows of one metric (segment column and treatment)."""
    rows = table
    for column, value in wanted.items():
        if rows.empty:
            return rows
        rows = rows[rows[column] == (rows[column].iloc[0] if value is None else value)]
    return rows


def _scaled(
    rows: pd.DataFrame, name: str, unit: str
) -> tuple[_marks.Floats, _marks.Floats, _marks.Floats]:
    """Return an effect and the ends of its interval on the axis."""
    scale = _marks.factor(unit)
    value, low, high = (
        scale * rows[f"{name}{end}"].to_numpy(dtype=float)
        for end in ("", "_ci_lower", "_ci_upper")
    )
    return value, low, high


def _bar(
    ax: Axes, rows: pd.DataFrame, name: str, place: _marks.Floats, colour: str,
    told: str, unit: str,
) -> None:  # fmt: skip
    """Draw one kind of effect with its interval."""
    value, low, high = _scaled(rows, name, unit)
    ax.hlines(place, low, high, color=colour, lw=2.4)
    edge = GREY if colour == PALE else colour
    ax.scatter(value, place, s=40, c=colour, edgecolors=edge, zorder=3, label=told)


def _sizes(ax: Axes, rows: pd.DataFrame, place: _marks.Floats, unit: str) -> None:
    """Write the shrunken effect and n beside each segment."""
    diff = _format.difference_unit(unit)
    for at, row in zip(place, rows.to_dict("records"), strict=True):
        effect = _format.number(row["shrunk_effect_size"], diff, signed=True)
        n = _format.count(row["n_control"] + row["n_treatment"])
        ax.annotate(
            f"{effect}  n = {n}", (1.01, at), xycoords=("axes fraction", "data"),
            va="center", fontsize="small", color=INK,
        )  # fmt: skip


def _overall(
    ax: Axes, tests: pd.DataFrame | None, first: pd.Series, unit: str
) -> str:  # fmt: skip
    """Draw the overall effect; return whether effects differ, in words."""
    test = _test_of(tests, first, ("metric", "by", "treatment_arm"))
    if test is None or pd.isna(test["pvalue"]):
        return ""
    value, low, high = _marks.factor(unit) * np.array(
        [test[f"effect_size{end}"] for end in ("", "_ci_lower", "_ci_upper")]
    )
    ax.axvspan(low, high, color=GREY, alpha=0.12, lw=0, zorder=0)
    ax.axvline(value, color=GREY, lw=1.3, ls=":", zorder=1)
    ax.annotate(
        "all", (value, 1.0), xycoords=("data", "axes fraction"), xytext=(0, 2),
        textcoords="offset points", ha="center", va="bottom", fontsize="small",
        color=GREY,
    )  # fmt: skip
    beyond = "differs" if test["differs"] else "does not differ"
    p = _format.pvalue(test["pvalue_adj"])
    return (
        f"\nthe effect {beyond} between segments by more than chance (adjusted p {p})"
    )


def _trend(
    ax: Axes, tests: pd.DataFrame | None, first: pd.Series, x: _marks.Floats, unit: str
) -> None:
    """Draw the overall effect and the fitted line."""
    test = _test_of(tests, first, ("metric", "treatment_arm"))
    if test is None or pd.isna(test["pvalue"]):
        return
    scale = _marks.factor(unit)
    ax.axhline(scale * test["effect_size"], color=GREY, lw=1.3, ls=":", zorder=1)
    line = scale * (test["centre"] + test["slope"] * (x - test["mean_period"]))
    loud = bool(test["differs"])
    ax.plot(x, line, color=RED if loud else GREY, lw=1.5, ls="-" if loud else "--")
    told = "trend beyond chance" if loud else "trend within chance"
    ax.annotate(
        told, (x[-1], line[-1]), xytext=(6, 0), textcoords="offset points",
        va="center", fontsize="small", color=RED if loud else GREY,
        annotation_clip=False,
    )  # fmt: skip


def _test_of(
    tests: pd.DataFrame | None, first: pd.Series, names: tuple[str, ...]
) -> pd.Series | None:
    """Return the test that belongs to the drawn rows."""
    if tests is None:
        return None
    kept = tests
    for name in names:
        kept = kept[kept[name] == first[name]]
    return None if kept.empty else kept.iloc[0]
