"""Charts of a choice made: the sets, the cost of delay, the roadmap."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxlib import _format
from cxlib.plots import _marks
from cxlib.plots._marks import BLUE, GREEN, GREY, INK, ORANGE, PALE
from cxlib.plots.roi import NOTHING, name_rows

_WEEKS = 365.25 / 28


def chosen_sets(
    sets: pd.DataFrame, *, currency: str = "", ax: Axes | None = None
) -> Axes:
    """Draw what each set returns, P10 to P90, with its cost and its regret.

    Parameters
    ----------
    sets : pandas.DataFrame
        `Choice.sets`.
    currency : str
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> rows = pd.DataFrame({"set": ["chosen"], "n_initiatives": [2],
    ...     "upfront_amount": [100.0], "npv_amount": [50.0], "p10_amount": [10.0],
    ...     "p90_amount": [90.0], "regret_amount": [20.0]})
    >>> chosen_sets(rows).texts[-1].get_text()
    'cost 100  regret 20.00'
    >>> plt.close("all")
    """
    if sets.empty:
        return _marks.nothing(NOTHING, ax)
    ax = _marks.axes(ax, 0.5 * len(sets) + 1.0)
    at = np.arange(len(sets), dtype=float)
    inks = [BLUE, *[GREY] * (len(sets) - 1)]
    names = [
        f"{name} (n = {n})"
        for name, n in zip(sets["set"], sets["n_initiatives"].tolist(), strict=True)
    ]
    _intervals(ax, sets, "npv_amount", ("p10_amount", "p90_amount"), inks)
    for y, cost, regret in zip(
        at, sets["upfront_amount"].tolist(), sets["regret_amount"].tolist(), strict=True
    ):
        text = f"cost {_format.number(cost, 'amount')}"
        known = f"  regret {_format.number(regret, 'amount')}"
        _at_right(ax, y, text + (known if np.isfinite(regret) else "  not allowed"))
    name_rows(ax, at, names)
    return _money(ax, f"net present value{_unit(currency)}: mean and P10 to P90")


def cost_of_delay(
    table: pd.DataFrame, *, currency: str = "", ax: Axes | None = None
) -> Axes:
    """Draw what a week of delay costs, P10 to P90, in the order of work.

    Parameters
    ----------
    table : pandas.DataFrame
        `CostOfDelay.table`.
    currency : str
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> rows = pd.DataFrame({"initiative": ["a"], "cod_amount": [5.0], "effort": [4.0],
    ...     "cod_p10_amount": [1.0], "cod_p90_amount": [9.0], "urgency": ["linear"]})
    >>> cost_of_delay(rows).texts[-1].get_text()
    '5.00  4 weeks'
    >>> plt.close("all")
    """
    if table.empty:
        return _marks.nothing(NOTHING, ax)
    ax = _marks.axes(ax, 0.42 * len(table) + 1.0)
    at = np.arange(len(table), dtype=float)
    low = table["cod_p10_amount"].to_numpy(dtype=float)
    inks = [ORANGE if above else GREY for above in low > 0]
    _intervals(ax, table, "cod_amount", ("cod_p10_amount", "cod_p90_amount"), inks)
    for y, cost, weeks, urgency in zip(
        at, table["cod_amount"].tolist(), table["effort"].tolist(), table["urgency"],
        strict=True,
    ):  # fmt: skip
        work = (
            f"  {_format.number(weeks, decimals=0)} weeks" if np.isfinite(weeks) else ""
        )
        kind = "" if urgency == "linear" else f"  {urgency}"
        _at_right(ax, y, _format.number(cost, "amount") + work + kind)
    name_rows(ax, at, table["initiative"].tolist())
    return _money(ax, f"cost of a week of delay{_unit(currency)}: mean and P10 to P90")


def roadmap(table: pd.DataFrame, *, currency: str = "", ax: Axes | None = None) -> Axes:
    """Draw when each chosen initiative is worked on, with its cost and its chance.

    Parameters
    ----------
    table : pandas.DataFrame
        `Roadmap.table`.
    currency : str
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Notes
    -----
    Green: P10 of the return above zero; blue: not. What is not placed is left out.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> rows = pd.DataFrame({"quarter": ["2026-Q1"], "initiative": ["a"],
    ...     "cost_amount": [100.0], "p10_amount": [-1.0], "starts": [0.0],
    ...     "share_positive": [0.9], "weeks": [26.0]})
    >>> ax = roadmap(rows)
    >>> ax.texts[0].get_text(), [t.get_text() for t in ax.get_xticklabels()]
    ('100  90 %', ['2026-Q1', '2026-Q2', '2026-Q3'])
    >>> plt.close("all")
    """
    rows = table[table["starts"].notna()] if len(table) else table
    if rows.empty:
        return _marks.nothing(NOTHING, ax)
    ax = _marks.axes(ax, 0.42 * len(rows) + 1.1)
    at = np.arange(len(rows), dtype=float)
    start = rows["starts"].to_numpy(dtype=float)
    length = rows["weeks"].to_numpy(dtype=float) / _WEEKS
    low = rows["p10_amount"].to_numpy(dtype=float)
    inks = [GREEN if above else BLUE for above in low > 0]
    ax.barh(at, length, left=start, height=0.6, color=inks)
    for y, cost, share in zip(
        at, rows["cost_amount"].tolist(), rows["share_positive"].tolist(), strict=True
    ):
        chance = _format.number(share, "share", decimals=0)
        _at_right(ax, y, f"{_format.number(cost, 'amount')}  {chance} %")
    ax.annotate(
        f"first cost{_unit(currency)}, P(ROI > 0)", (1.01, 1.0), color=GREY,
        xycoords="axes fraction", va="bottom", ha="left", fontsize="small",
    )  # fmt: skip
    name_rows(ax, at, rows["initiative"].tolist())
    ends = int(np.ceil((start + length).max() - 0.05)) + 1
    named = _quarters(str(rows["quarter"].iloc[0]), int(start[0]), ends)
    ax.set_xticks(range(ends), named, ha="left")
    ax.set_xlim(0, ends - 1)
    ax.set_xlabel("weeks of work, from the start of the quarter")
    return _marks.clean(ax)


def _quarters(label: str, at: int, n: int) -> list[str]:
    """Name n quarters, of which the one at a place has a label."""
    found = re.fullmatch(r"(\d{4})-Q([1-4])", label)
    if found is None:
        return [f"quarter {q + 1}" for q in range(n)]
    first = 4 * int(found[1]) + int(found[2]) - 1 - at
    return [f"{q // 4}-Q{q % 4 + 1}" for q in range(first, first + n)]


def _intervals(
    ax: Axes, rows: pd.DataFrame, value: str, ends: tuple[str, str], inks: list[str]
) -> None:
    at = np.arange(len(rows), dtype=float)
    ax.hlines(at, rows[ends[0]], rows[ends[1]], color=inks, lw=3)
    ax.scatter(rows[value], at, c=inks, s=52, zorder=3)
    ax.axvline(0, color=INK, lw=1)


def _at_right(ax: Axes, y: float, text: str) -> None:
    ax.annotate(
        text, (1.01, y), xycoords=("axes fraction", "data"), va="center",
        fontsize="small", color=INK,
    )  # fmt: skip


def _money(ax: Axes, label: str) -> Axes:
    ax.locator_params(axis="x", nbins=5)
    ax.xaxis.set_major_formatter(lambda x, _: _format.number(float(x), "count"))
    ax.set_xlabel(label)
    ax.axhline(len(ax.get_yticks()) - 0.5, color=PALE, lw=0)
    return _marks.clean(ax)


def _unit(currency: str) -> str:
    return f", {currency}" if currency else ""
