"""How sure a ranking of initiatives is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from cxlib import _checks, _format
from cxlib.result import Finding
from cxlib.roi import _words
from cxlib.roi._display import Told, column
from cxlib.roi.choice._scenarios import SURE, Array, chance, drawn, span, spans, why_not
from cxlib.roi.investments.draws import Draws
from cxlib.roi.investments.simulation import Simulation

Measure = Literal["npv", "npv_per_cost"]
COLUMNS = [
    *("initiative", "npv_amount", "p10_amount", "p50_amount", "p90_amount"),
    *("share_positive", "rel_npv_per_cost", "rank", "rank_lower", "rank_upper"),
    *("share_first", "share_top", "share_above_next", "share_first_other", "alike"),
]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Ranks(Told):
    """Initiatives by what they return, with the chance of each rank.

    Attributes
    ----------
    table : pandas.DataFrame
        initiative, npv_amount (mean), p10_amount, p50_amount, p90_amount,
        share_positive, rel_npv_per_cost (mean NPV over mean cost), rank (by the mean
        of the measure), rank_lower and rank_upper (80 % of draws), share_first (P of
        rank 1), share_top (P of a rank up to `top`), share_above_next (P of beating
        the next below), share_first_other (P of rank 1 by the other measure), alike
        (those that it cannot be told apart from).
    chances : pandas.DataFrame
        initiative, rank, share: the chance of every rank; each initiative's sum to 1.
    pairs : pandas.DataFrame
        first, second, share_above (P of the first beating the second; a tie counts
        half), told_apart.
    by : {"npv", "npv_per_cost"}
    top, n_draws, sure, currency
        As asked for.
    reason : str
        Why nothing was ranked, else empty.
    """

    chances: pd.DataFrame
    pairs: pd.DataFrame
    by: Measure
    top: int
    n_draws: int
    sure: float
    currency: str
    reason: str = ""
    lead: Array | None = None

    @property
    def text(self) -> str:
        """Who is first and how surely; which cannot be told apart."""
        if self.table.empty:
            return f"There is nothing to rank: {self.reason}."
        row = self.table.iloc[0]
        if len(self.table) == 1:
            return f"{row['initiative']} is the only initiative."
        what = "net present value" + (" per cost" if self.by != "npv" else "")
        ends = sorted({int(row["rank_lower"]), int(row["rank_upper"])})
        place = " to ".join(map(str, ends))
        return (
            f"By {what}, {row['initiative']} is first in {chance(row['share_first'])} "
            f"of {self.n_draws:,} draws (80 % interval of its rank: {place} of "
            f"{len(self.table)}){self._ahead()}. {self._alike()}{self._other()}"
        )

    def _ahead(self) -> str:
        if self.lead is None or self.by != "npv":
            return ""
        second = self.table["initiative"].iloc[1]
        return f"; it returns {span(self.lead, self.currency)} more than {second}"

    def _alike(self) -> str:
        near = self.table["share_above_next"].to_numpy(dtype=float)[:-1]
        names = self.table["initiative"].tolist()
        close = [
            f"{names[i]} and {names[i + 1]} ({chance(near[i])})"
            for i in range(len(near))
            if near[i] < self.sure
        ]
        limit = chance(self.sure)
        if not close:
            return f"Each beats the next below in at least {limit} of draws."
        left = len(close) - 3
        more = f" and {left} pair{'' if left == 1 else 's'} more" if left > 0 else ""
        shown = close[:3] if more else close
        told = ", ".join(shown) + more if more else _words.listed(shown)
        return f"Neighbours that cannot be told apart at {limit}: {told}."

    def _other(self) -> str:
        share = self.table["share_first_other"].to_numpy(dtype=float)
        best = self.table.iloc[int(share.argmax())]
        what = "Per cost" if self.by == "npv" else "By net present value alone"
        return (
            f" {what}, {best['initiative']} is first in "
            f"{chance(best['share_first_other'])}."
        )

    @property
    def display(self) -> pd.DataFrame:
        """One line an initiative, in words."""
        rows = self.table
        low, high = (rows[f"rank_{end}"].astype("str") for end in ("lower", "upper"))
        size, first, last = (
            column(rows[f"{name}_amount"], "amount") for name in ("npv", "p10", "p90")
        )
        return pd.DataFrame(
            {
                "initiative": rows["initiative"],
                "NPV (P10 to P90)": size + " (" + first + "\u00a0to\u00a0" + last + ")",
                "rank (80 %)": rows["rank"].astype("str")
                + (" (" + low + "\u00a0to\u00a0" + high + ")"),
                "first": rows["share_first"].map(chance),
                f"among the first {self.top}": rows["share_top"].map(chance),
            }
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The chance that the first is first."""
        if self.table.empty:
            return ()
        row = self.table.iloc[0]
        return (
            Finding(
                id="chance of being first", statement=self.text, unit="share",
                estimate=float(row["share_first"]),
                label=f"chance that {row['initiative']} is first",
            ),
        )  # fmt: skip


def ranks(
    simulation: Simulation | Draws,
    *,
    by: Measure = "npv",
    top: int = 3,
    sure: float = SURE,
) -> Ranks:
    """Rank initiatives and say how sure each rank is.

    Use it before a list ordered by a mean is read as an order. It ranks each done
    alone; what to do within a budget is `choose`.

    Parameters
    ----------
    simulation : Simulation or Draws
        Of `simulate`.
    by : {"npv", "npv_per_cost"}
        Net present value, or that over the discounted cost.
    top : int
        Ranks counted in `share_top`, at least 1.
    sure : float
        Chance from which two are told apart, 0.5 to 1.

    Returns
    -------
    Ranks
        Of nothing, and with the reason, where nothing was simulated.

    Notes
    -----
    Ranks are taken draw by draw from the same draws, so what initiatives share (the
    value of a point) does not blur their order. Initiatives with the same value in a
    draw share the ranks that they occupy; a cost of zero makes the ratio infinite, and
    the initiative first. A chance from N draws has a Monte Carlo error of at most
    0.5 / sqrt(N). Interval ends are the outermost ranks that leave out at most 10 % of
    draws on either side.

    References
    ----------
    Goldstein, H. and Spiegelhalter, D. (1996). League tables and their limitations.
    JRSS A 159, 385-409. doi:10.2307/2983325

    Examples
    --------
    >>> import pandas as pd
    >>> from cxlib import roi
    >>> plans = pd.DataFrame({"name": ["A", "B"], "cost": [10.0, 10.0],
    ...     "effect": [1.0, 0.2], "effect_low": [0.8, 0.1], "effect_high": [1.2, 0.3],
    ...     "reach": [90, 90], "evidence": ["randomised"] * 2})
    >>> found = ranks(roi.simulate(plans, 2.0, n_draws=500, rng=1))
    >>> found.table[["initiative", "rank", "share_first"]].values.tolist()
    [['A', 1, 1.0], ['B', 2, 0.0]]
    """
    _checks.one_of(by, "by", get_args(Measure))
    _checks.in_range(top, "top", 1, float("inf"))
    _checks.in_range(sure, "sure", 0.5, 1)
    draws = drawn(simulation)
    if draws is None:
        return _nothing(why_not(simulation), by, top, sure)
    measures = {"npv": draws.alone, "npv_per_cost": per_cost(draws)}
    values = measures.pop(by)
    centre = _centre(draws, by)
    order = np.argsort(-centre, kind="stable")
    names = np.array(draws.names, dtype=object)[order]
    chances, above = rank_chances(values[:, order])
    other, _ = rank_chances(next(iter(measures.values()))[:, order])
    table = _table(draws, order, chances, above, other[:, 0], top, sure)
    lead = (
        draws.alone[:, order[0]] - draws.alone[:, order[1]] if len(order) > 1 else None
    )
    return Ranks(
        table=table, unit="amount", by=by, top=top, sure=sure, lead=lead,
        chances=_long(names, chances), pairs=_pairs(names, above, sure),
        n_draws=len(values), currency=draws.currency,
        method=f"Ranks in each of {len(values):,} common draws; Monte Carlo error of a "
        f"chance at most {_format.number(0.5 / len(values) ** 0.5, 'share')} "
        "percentage points.",
    )  # fmt: skip


def per_cost(draws: Draws) -> Array:
    """Return NPV over discounted cost; infinite, with the NPV's sign, at no cost."""
    with np.errstate(divide="ignore", invalid="ignore"):
        found = draws.alone / draws.cost
    return np.asarray(np.where(np.isnan(found), 0.0, found))


def _centre(draws: Draws, by: Measure) -> Array:
    """Return what the list is ordered by: mean NPV, or mean NPV over mean cost."""
    mean = draws.alone.mean(axis=0)
    if by == "npv":
        return np.asarray(mean)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.nan_to_num(mean / draws.cost.mean(axis=0), nan=0.0))


def rank_chances(values: Array) -> tuple[Array, Array]:
    """Return P(rank), shape (items, ranks), and P(row beats column), ties split.

    >>> chances, above = rank_chances(np.array([[2.0, 1.0, 1.0], [0.0, 5.0, 1.0]]))
    >>> chances.tolist()
    [[0.5, 0.0, 0.5], [0.5, 0.25, 0.25], [0.0, 0.75, 0.25]]
    >>> float(above[0, 1])
    0.5
    """
    n_draws, n = values.shape
    above, chances = np.full((n, n), 0.5), np.empty((n, n))
    for i in range(n):
        mine = values[:, [i]]
        better, level = values > mine, values == mine
        above[i] = 1 - (better.mean(axis=0) + level.mean(axis=0) / 2)
        first = better.sum(axis=1)
        last = first + level.sum(axis=1)
        edge = np.zeros(n + 1)
        share = 1.0 / ((last - first) * n_draws)
        np.add.at(edge, first, share)
        np.add.at(edge, last, -share)
        chances[i] = np.cumsum(edge)[:n]
    return np.clip(chances, 0, 1).round(12), above


def _table(
    draws: Draws,
    order: np.ndarray,
    chances: Array,
    above: Array,
    other: Array,
    top: int,
    sure: float,
) -> pd.DataFrame:
    names = [draws.names[i] for i in order]
    n = len(names)
    total = np.cumsum(chances, axis=1)
    ratio = _centre(draws, "npv_per_cost")[order]
    alike = [
        "; ".join(
            names[j] for j in range(n) if j != i and 1 - sure < above[i, j] < sure
        )
        for i in range(n)
    ]
    table = pd.DataFrame({"initiative": names} | spans(draws.alone[:, order]))
    return table.assign(
        rel_npv_per_cost=ratio,
        rank=np.arange(1, n + 1),
        rank_lower=1 + (total > 0.1).argmax(axis=1),
        rank_upper=1 + (total >= 0.9 - 1e-9).argmax(axis=1),
        share_first=chances[:, 0],
        share_top=total[:, min(top, n) - 1],
        share_above_next=[*(above[i, i + 1] for i in range(n - 1)), np.nan],
        share_first_other=other,
        alike=alike,
    )[COLUMNS]


def _long(names: np.ndarray, chances: Array) -> pd.DataFrame:
    n = len(names)
    return pd.DataFrame(
        {
            "initiative": np.repeat(names, n).astype(str),
            "rank": np.tile(np.arange(1, n + 1), n),
            "share": chances.ravel(),
        }
    )


def _pairs(names: np.ndarray, above: Array, sure: float) -> pd.DataFrame:
    first, second = np.triu_indices(len(names), 1)
    share = above[first, second]
    return pd.DataFrame(
        {
            "first": names[first].astype(str), "second": names[second].astype(str),
            "share_above": share, "told_apart": np.maximum(share, 1 - share) >= sure,
        }
    )  # fmt: skip


def _nothing(reason: str, by: Measure, top: int, sure: float) -> Ranks:
    return Ranks(
        table=pd.DataFrame(columns=COLUMNS), unit="amount", by=by, top=top, sure=sure,
        chances=pd.DataFrame(columns=["initiative", "rank", "share"]),
        pairs=pd.DataFrame(columns=["first", "second", "share_above", "told_apart"]),
        n_draws=0, currency="", reason=reason,
    )  # fmt: skip
