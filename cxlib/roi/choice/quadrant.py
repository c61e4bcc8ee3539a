"""Impact against effort, with the chance of being in each quadrant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from cxlib import _checks, _format
from cxlib.errors import ArgumentError
from cxlib.result import Finding
from cxlib.roi import _words
from cxlib.roi._display import Told, column
from cxlib.roi.choice._columns import read_effort
from cxlib.roi.choice._scenarios import SURE, Array, chance, drawn, spans, why_not
from cxlib.roi.investments.draws import Draws
from cxlib.roi.investments.simulation import Simulation

Impact = Literal["npv", "benefit"]
Cut = float | Literal["median"]
QUADRANTS = ("quick win", "big bet", "fill-in", "money pit")
OPEN = "not sure"
COLUMNS = [
    *("initiative", "impact_amount", "p10_amount", "p50_amount", "p90_amount"),
    *("effort", "effort_low", "effort_high"),
    *(f"share_{name.replace(' ', '_').replace('-', '_')}" for name in QUADRANTS),
    *("quadrant", "share_quadrant"),
]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Quadrants(Told):
    """Where each initiative lies between impact and effort.

    Attributes
    ----------
    table : pandas.DataFrame
        initiative, impact_amount (mean), p10_amount, p50_amount, p90_amount, effort
        (mean), effort_low and effort_high (P10, P90), share_quick_win (much impact for
        little effort), share_big_bet (much for much), share_fill_in (little for
        little), share_money_pit (little for much), quadrant ('not sure' where no share
        exceeds `sure`), share_quadrant (the largest share).
    impact_cut, effort_cut : float
        Where the lines are.
    cut_rule : tuple of str
        'median' or 'given', for impact and effort.
    effort_unit, impact, sure, currency, n_draws
        As asked for.
    reason : str
        Why nothing was placed, else empty.
    """

    impact_cut: float
    effort_cut: float
    cut_rule: tuple[str, str]
    effort_unit: str
    impact: Impact
    sure: float
    currency: str
    n_draws: int
    reason: str = ""

    @property
    def text(self) -> str:
        """Which have a place of their own, and where the lines are."""
        if self.table.empty:
            return f"There is nothing to place: {self.reason}."
        sure = self.table[self.table["quadrant"] != OPEN]
        placed = [
            f"{name} is a {quadrant} ({chance(share)})"
            for name, quadrant, share in zip(
                sure["initiative"], sure["quadrant"], sure["share_quadrant"].tolist(),
                strict=True,
            )
        ]  # fmt: skip
        rest = len(self.table) - len(sure)
        told = (
            f"{_words.listed(placed)}." if placed
            else "No initiative is in one quadrant in more than "
            f"{chance(self.sure)} of draws."
        )  # fmt: skip
        if placed and rest:
            told += (
                f" The other {rest} cannot be placed at {chance(self.sure)}."
                if rest > 1
                else f" One more cannot be placed at {chance(self.sure)}."
            )
        return f"{told} {self._lines()}"

    def _lines(self) -> str:
        what = "net present value" if self.impact == "npv" else "benefit"
        size = _words.money(self.impact_cut, self.currency)
        effort = f"{_format.number(self.effort_cut, 'amount')} {self.effort_unit}"
        impact_rule, effort_rule = self.cut_rule
        return (
            f"Lines: {what} of {size} ({impact_rule}) and effort of {effort} "
            f"({effort_rule})."
        )

    @property
    def display(self) -> pd.DataFrame:
        """One line an initiative, in words."""
        rows = self.table
        if rows.empty:
            return pd.DataFrame()
        gap = "\u00a0to\u00a0"
        size, low, high = (
            column(rows[f"{name}_amount"], "amount")
            for name in ("impact", "p10", "p90")
        )
        effort, least, most = (
            column(rows[name], "amount")
            for name in ("effort", "effort_low", "effort_high")
        )
        what = "NPV" if self.impact == "npv" else "benefit"
        return pd.DataFrame(
            {
                "initiative": rows["initiative"],
                f"{what} (P10 to P90)": size + " (" + low + gap + high + ")",
                self.effort_unit: effort.where(
                    least == most, effort + " (" + least + gap + most + ")"
                ),
                "quadrant": rows["quadrant"],
                "chance": rows["share_quadrant"].map(chance),
            }
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """How many can be placed."""
        if self.table.empty:
            return ()
        placed = int((self.table["quadrant"] != OPEN).sum())
        return (
            Finding(
                id="initiatives with a quadrant of their own", statement=self.text,
                estimate=float(placed), unit="count",
            ),
        )  # fmt: skip


def quadrants(
    simulation: Simulation | Draws,
    initiatives: pd.DataFrame | None = None,
    *,
    impact: Impact = "npv",
    impact_cut: Cut = "median",
    effort_cut: Cut = "median",
    effort_unit: str = "weeks",
    sure: float = SURE,
    rng: int | np.random.Generator = 0,
) -> Quadrants:
    """Place initiatives by impact and effort, and say how sure the place is.

    Use it in place of a matrix of dots. It compares initiatives with each other; what
    to do within a budget is `choose`.

    Parameters
    ----------
    simulation : Simulation or Draws
        Of `simulate`.
    initiatives : pandas.DataFrame, optional
        The table that was simulated, for its columns effort, effort_low and
        effort_high (P10, P90; in `effort_unit`); the discounted cost is the effort
        where there is none.
    impact : {"npv", "benefit"}
        Net present value, or what comes in before costs.
    impact_cut, effort_cut : float or "median"
        Where the lines are; the median over initiatives of their means.
    effort_unit : str
        What the column effort is in.
    sure : float
        A quadrant is named where its share exceeds this, 0.5 to 1.
    rng : int or numpy.random.Generator
        For the draws of effort.

    Returns
    -------
    Quadrants
        Of nothing, and with the reason, where nothing was simulated.

    Raises
    ------
    DataError
        For efforts that cannot be meant.

    Notes
    -----
    Effort is two-piece lognormal through P10, estimate and P90, independent of the
    effects. The lines are fixed over draws; a draw that lies on a line counts half on
    either side. With the median as line half of the initiatives have little impact by
    definition, however good all are.

    Examples
    --------
    >>> from cxlib import roi
    >>> plans = pd.DataFrame({"name": ["A", "B"], "cost": [10.0, 30.0],
    ...     "effect": [1.0, 0.2], "effect_low": [0.8, 0.1], "effect_high": [1.2, 0.3],
    ...     "reach": [90, 90], "evidence": ["randomised"] * 2})
    >>> found = quadrants(roi.simulate(plans, 2.0, n_draws=500, rng=1))
    >>> found.table[["initiative", "quadrant"]].values.tolist()
    [['A', 'quick win'], ['B', 'money pit']]
    """
    _checks.one_of(impact, "impact", get_args(Impact))
    _checks.in_range(sure, "sure", 0.5, 1)
    draws = drawn(simulation)
    if draws is None:
        return _nothing(why_not(simulation), impact, sure)
    effort = read_effort(initiatives, draws, unit=effort_unit, rng=rng)
    value = draws.alone + (draws.cost if impact == "benefit" else 0.0)
    first, how = _line(impact_cut, value, "impact_cut")
    second, how_effort = _line(effort_cut, effort.draws, "effort_cut")
    return Quadrants(
        table=_table(draws.names, value, effort.draws, (first, second), sure),
        unit="amount", impact_cut=first, effort_cut=second, cut_rule=(how, how_effort),
        effort_unit=effort.unit, impact=impact, sure=sure, currency=draws.currency,
        n_draws=len(value), method=f"Shares of {len(value):,} common draws on either "
        "side of two fixed lines.",
    )  # fmt: skip


def _line(cut: Cut, values: Array, name: str) -> tuple[float, str]:
    if isinstance(cut, str):
        if cut != "median":
            raise ArgumentError(f"`{name}` is '{cut}'; use 'median' or a number.")
        return float(np.median(values.mean(axis=0))), "the median"
    _checks.in_range(cut, name, -float("inf"), float("inf"))
    return float(cut), "given"


def _table(
    names: tuple[str, ...],
    value: Array,
    effort: Array,
    lines: tuple[float, float],
    sure: float,
) -> pd.DataFrame:
    much, hard = _above(value, lines[0]), _above(effort, lines[1])
    shares = np.column_stack(
        [
            (a * b).mean(axis=0)
            for a, b in (
                (much, 1 - hard), (much, hard), (1 - much, 1 - hard), (1 - much, hard)
            )
        ]
    )  # fmt: skip
    top, largest = shares.argmax(axis=1), shares.max(axis=1)
    low, high = np.quantile(effort, (0.1, 0.9), axis=0)
    size = spans(value)
    columns = [
        names, size["npv_amount"], size["p10_amount"], size["p50_amount"],
        size["p90_amount"], effort.mean(axis=0), low, high, *shares.T,
        [QUADRANTS[i] if s > sure else OPEN for i, s in zip(top, largest, strict=True)],
        largest,
    ]  # fmt: skip
    table = pd.DataFrame(dict(zip(COLUMNS, columns, strict=True)))
    return table.sort_values(
        "impact_amount", ascending=False, kind="stable", ignore_index=True
    )


def _above(values: Array, line: float) -> Array:
    """Return 1 above the line, 0 below, a half on it."""
    level = np.isclose(values, line, rtol=1e-12, atol=0.0)
    return np.asarray(np.where(level, 0.5, values > line))


def _nothing(reason: str, impact: Impact, sure: float) -> Quadrants:
    return Quadrants(
        table=pd.DataFrame(columns=COLUMNS), unit="amount", impact_cut=float("nan"),
        effort_cut=float("nan"), cut_rule=("", ""), effort_unit="", impact=impact,
        sure=sure, currency="", n_draws=0, reason=reason,
    )  # fmt: skip
