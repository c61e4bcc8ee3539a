"""Charts of regressions on the score and of what a point is worth."""

from __future__ import annotations

import textwrap
from collections.abc import Callable

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxlib import _format
from cxlib.plots import _marks
from cxlib.plots._marks import BLUE, INK, ORANGE, PALE

_ROW, _MARGIN, _WRAP = 0.3, 0.75, 34
NOTHING = "nothing to draw: see the sentence"


def outcome_by_score(
    table: pd.DataFrame, *, currency: str = "", ax: Axes | None = None
) -> Axes:
    """Draw the mean outcome at each score, one panel an outcome.

    Parameters
    ----------
    table : pandas.DataFrame
        `Levels.table`.
    currency : str
        Printed on the axis of amounts.
    ax : matplotlib.axes.Axes, optional
        Draw the first outcome only, here.

    Returns
    -------
    matplotlib.axes.Axes
        Of the first panel.

    Examples
    --------
    >>> from cxlib import roi, simulate
    >>> rows = roi.by_score(simulate.periods(100, rng=1), ["revenue"]).table
    >>> ax = outcome_by_score(rows, currency="EUR")
    >>> ax.get_ylabel()
    'revenue, EUR'
    >>> plt.close(ax.figure)
    """

    def draw(panel: Axes, outcome: str, rows: pd.DataFrame) -> None:
        rows = rows[rows["estimate"].notna()]
        k = _marks.factor(str(rows["unit"].iloc[0])) if len(rows) else 1.0
        at = np.arange(len(rows))
        panel.vlines(at, k * rows["ci_lower"], k * rows["ci_upper"], color=BLUE, lw=2)
        panel.plot(at, k * rows["estimate"], "o", color=BLUE, ms=6)
        names = [
            f"{score}\n{_format.count(n)}"
            for score, n in zip(rows["score"], rows["n"].tolist(), strict=True)
        ]
        panel.set_xticks(at, names)
        panel.tick_params(axis="x", labelsize="small")
        panel.set_ylabel(
            f"{_plain(outcome)}, {'%' if k > 1 else currency}".rstrip(", ")
        )
        panel.margins(y=0.15)
        _marks.clean(panel, grid="y")

    first = _stacked(table, draw, ax, lambda _: 1.7)
    if len(table):
        bottom = first if ax is not None else first.figure.axes[-1]
        bottom.set_xlabel("score, and below it the rows behind the mean (n)")
    return first


def placebo_lead(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the coefficients of the score before, now and one period ahead.

    Parameters
    ----------
    table : pandas.DataFrame
        `Placebo.table`.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Notes
    -----
    In standard deviations within customers, so that all outcomes share an axis. The
    lead, which must lie at zero, is orange.

    Examples
    --------
    >>> from cxlib import roi, simulate
    >>> panel = simulate.periods(100, rng=1)
    >>> found = roi.placebo_lead(panel, roi.fit(panel, "revenue"))
    >>> ax = placebo_lead(found.table)
    >>> [label.get_text() for label in ax.get_yticklabels()][-1]
    'revenue: score, one ahead'
    >>> plt.close(ax.figure)
    """
    if table.empty:
        return _marks.nothing(NOTHING, ax)
    ax = _marks.axes(ax, _ROW * len(table) + _MARGIN)
    at = np.arange(len(table), dtype=float)
    drawn = table.drop(columns=["estimate", "ci_lower", "ci_upper"]).rename(
        columns=lambda name: name.removeprefix("std_") if name != "std_error" else name
    )
    inks = [ORANGE if lag < 0 else BLUE for lag in table["lag"]]
    _marks.intervals(ax, drawn, at, "score", colours=inks)
    labels = [
        f"{_plain(o)}: {t}"
        for o, t in zip(table["outcome"], table["term"], strict=True)
    ]
    name_rows(ax, at, labels)
    ax.axvline(0, color=INK, lw=1)
    ax.set_xlabel("outcome SDs per SD of the score, within customers (orange: placebo)")
    return _marks.clean(ax)


def specifications(
    table: pd.DataFrame, *, currency: str = "", ax: Axes | None = None
) -> Axes:
    """Draw the estimate under each specification, one panel an outcome.

    Parameters
    ----------
    table : pandas.DataFrame
        `Specifications.table`; blank rows are left out.
    currency : str
    ax : matplotlib.axes.Axes, optional
        Draw the first outcome only, here.

    Returns
    -------
    matplotlib.axes.Axes
        Of the first panel.

    Notes
    -----
    Filled: as reported. Hollow: one choice changed. Orange: pooled OLS, which mixes
    customers and is biased.

    Examples
    --------
    >>> from cxlib import roi, simulate
    >>> panel = simulate.periods(100, rng=1)
    >>> found = roi.specifications(panel, roi.fit(panel, "revenue"))
    >>> ax = specifications(found.table, currency="EUR")
    >>> ax.get_title(loc="left")
    'revenue, EUR per score point'
    >>> plt.close(ax.figure)
    """

    def draw(panel: Axes, outcome: str, rows: pd.DataFrame) -> None:
        unit = str(rows["unit"].iloc[0])
        at = np.arange(len(rows), dtype=float)
        biased = rows["specification"].str.startswith("pooled").to_numpy()
        inks = np.where(biased, ORANGE, BLUE).tolist()
        scaled = rows.assign(
            **{c: 100 * rows[c] for c in ("estimate", "ci_lower", "ci_upper")}
        ) if unit == "share" else rows  # fmt: skip
        _marks.intervals(panel, scaled, at, "score", colours=inks, hollow=at > 0)
        name_rows(panel, at, rows["specification"].tolist())
        panel.axvline(0, color=INK, lw=1)
        words = "percentage points" if unit == "share" else currency
        title = f"{_plain(outcome)}, {words} per score point".replace(",  per", " per")
        panel.set_title(title, loc="left", fontsize="medium")
        _marks.clean(panel)

    return _stacked(
        table[table["estimate"].notna()] if len(table) else table, draw, ax,
        lambda rows: 0.27 * len(rows) + 0.55,
    )  # fmt: skip


def point_value(
    table: pd.DataFrame, *, currency: str = "", ax: Axes | None = None
) -> Axes:
    """Draw the parts of a point's value and their sum, with intervals.

    Parameters
    ----------
    table : pandas.DataFrame
        `PointValue.table`.
    currency : str
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Notes
    -----
    Filled: may be read as an effect. Hollow: an association.

    Examples
    --------
    >>> from cxlib import roi, simulate
    >>> fits = roi.fit_outcomes(simulate.periods(100, rng=1), ["revenue"])
    >>> ax = point_value(roi.point_value(fits, margin=0.4).table, currency="EUR")
    >>> ax.get_xlabel()
    'EUR of margin per customer and point-year (hollow: association)'
    >>> plt.close(ax.figure)
    """
    if table.empty:
        return _marks.nothing(NOTHING, ax)
    ax = _marks.axes(ax, 0.36 * len(table) + _MARGIN)
    at = np.arange(len(table), dtype=float)
    whole = at == len(at) - 1
    _marks.intervals(
        ax, table, at, "amount", colours=np.where(whole, INK, BLUE).tolist(),
        hollow=(table["reading"] != "effect").to_numpy(),
    )  # fmt: skip
    name_rows(ax, at, table["component"].tolist())
    ax.get_yticklabels()[-1].set_fontweight("bold")
    ax.axhline(len(at) - 1.5, color=PALE, lw=1)
    ax.axvline(0, color=INK, lw=1)
    ax.set_xlabel(
        f"{currency} of margin per customer and point-year "
        "(hollow: association)".strip()
    )
    return _marks.clean(ax)


def _plain(name: str) -> str:
    return name.replace("_", " ")


def name_rows(ax: Axes, at: _marks.Floats, names: list[str]) -> None:
    """Name the rows from the top."""
    ax.set_yticks(at, [textwrap.fill(name, _WRAP) for name in names])
    ax.set_ylim(len(at) - 0.5, -0.5)


def _stacked(
    table: pd.DataFrame,
    draw: Callable[[Axes, str, pd.DataFrame], None],
    ax: Axes | None,
    height: Callable[[pd.DataFrame], float],
) -> Axes:
    """Draw one panel an outcome, one below the other; the first only on given axes."""
    if table.empty:
        return _marks.nothing(NOTHING, ax)
    parts = {o: table[table["outcome"] == o] for o in table["outcome"].unique()}
    heights = [height(rows) for rows in parts.values()]
    if ax is not None:
        panels = [ax]
    else:
        _, grid = plt.subplots(
            len(parts), 1, figsize=(7.2, sum(heights) + 0.3), layout="constrained",
            gridspec_kw={"height_ratios": heights}, squeeze=False,
        )  # fmt: skip
        panels = grid[:, 0].tolist()
    for panel, (outcome, rows) in zip(panels, parts.items(), strict=False):
        draw(panel, str(outcome), rows)
    return panels[0]
