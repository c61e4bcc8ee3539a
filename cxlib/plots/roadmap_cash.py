"""Chart of the cash of a roadmap by quarter."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxlib import _format
from cxlib.plots import _marks
from cxlib.plots._marks import BLUE, INK, PALE
from cxlib.plots.roi import NOTHING


def roadmap_cash(
    cash: pd.DataFrame, *, currency: str = "", ax: Axes | None = None
) -> Axes:
    """Draw cash by quarter as bars and cumulative cash as a line, P10 to P90.

    Parameters
    ----------
    cash : pandas.DataFrame
        `Roadmap.cash`.
    currency : str
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> rows = pd.DataFrame({"quarter": ["2026-Q1", "2026-Q2"],
    ...     "cash_amount": [-9.0, 4.0], "cumulative_amount": [-9.0, -5.0],
    ...     "cumulative_p10_amount": [-9.0, -7.0],
    ...     "cumulative_p90_amount": [-9.0, -2.0]})
    >>> roadmap_cash(rows).texts[0].get_text()
    'lowest −9.00, 2026-Q1'
    >>> plt.close("all")
    """
    if cash.empty:
        return _marks.nothing(NOTHING, ax)
    ax = _marks.axes(ax, 3.6)
    at = np.arange(len(cash), dtype=float)
    names = [f"cumulative_{end}amount" for end in ("p10_", "", "p90_")]
    low, mean, high = (cash[name].to_numpy(dtype=float) for name in names)
    ax.bar(at, cash["cash_amount"], width=0.7, color=PALE, label="in the quarter")
    ax.fill_between(at, low, high, color=BLUE, alpha=0.22, lw=0)
    ax.plot(at, mean, color=BLUE, lw=2, marker="o", ms=4, label="cumulative, mean")
    ax.axhline(0, color=INK, lw=1)
    worst = int(mean.argmin())
    size, when = _format.number(mean[worst], "amount"), cash["quarter"].iloc[worst]
    ax.annotate(
        f"lowest {size}, {when}",
        (at[worst], low[worst]), xytext=(0, -4), textcoords="offset points", va="top",
        ha="left" if worst < len(at) / 2 else "right", fontsize="small", color=INK,
    )  # fmt: skip
    _name_ends(ax, low[-1], mean[-1], high[-1])
    _name_quarters(ax, cash["quarter"].tolist())
    ax.margins(y=0.14)
    ax.yaxis.set_major_formatter(lambda x, _: _format.number(float(x), "count"))
    ax.set_ylabel(f"cash, not discounted, {currency}".rstrip(", "))
    ax.legend(frameon=False, fontsize="small", loc="upper left")
    return _marks.clean(ax, grid="y")


def _name_ends(ax: Axes, low: float, mean: float, high: float) -> None:
    for end, name in ((low, "P10"), (mean, "mean"), (high, "P90")):
        ax.annotate(
            f"{name} {_format.number(float(end), 'amount')}", (1.01, end),
            xycoords=("axes fraction", "data"), va="center", fontsize="small",
            color=INK,
        )  # fmt: skip


def _name_quarters(ax: Axes, quarters: list[str]) -> None:
    step = max(1, -(-len(quarters) // 6))
    ax.set_xticks(range(0, len(quarters), step), quarters[::step])
