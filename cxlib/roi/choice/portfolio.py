"""Which initiatives to choose within a budget, and what another choice would cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import get_args

import numpy as np
import pandas as pd

from cxlib import _checks, _format
from cxlib.result import Finding
from cxlib.roi import _words
from cxlib.roi._display import Told, column
from cxlib.roi.choice import _alternatives
from cxlib.roi.choice._alternatives import BUDGETS, CHOSEN, FAVOURED, SETS, TABLE
from cxlib.roi.choice._problem import Budget, Problem, read_problem
from cxlib.roi.choice._scenarios import chance, drawn, eighty, why_not
from cxlib.roi.choice._solve import ALL_UP_TO, Kind, Risk
from cxlib.roi.investments.draws import Draws
from cxlib.roi.investments.simulation import Simulation

BEHIND = ("behind_amount", "behind_p10_amount", "behind_p90_amount")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Choice(Told):
    """The chosen initiatives, and the sets they were chosen over.

    Attributes
    ----------
    table : pandas.DataFrame
        initiative, chosen, upfront_amount (mean first cost), npv_amount (mean, done
        alone), p10_amount, p50_amount, p90_amount, share_positive, adds_amount (mean
        NPV that it adds, or would add, to the others chosen), share_optimal (draws in
        which it is in the set that is best in that draw), why; chosen first.
    sets : pandas.DataFrame
        One row for the chosen, the list by return per cost, the favoured and nothing:
        set, initiatives, n_initiatives, upfront_amount, npv_amount, p10_amount,
        p50_amount, p90_amount, share_positive, allowed, share_over (P that first costs
        exceed the budget), regret_amount and regret_p90_amount (perfect foresight less
        the set; blank for a set that is not allowed), behind_amount,
        behind_p10_amount, behind_p90_amount (the chosen less this set).
    budgets : pandas.DataFrame
        share_budget, budget_amount, initiatives, npv_amount, gain_amount: the best set
        under other budgets, and what it gains on the chosen.
    budget : float or None
        In all.
    optimal : bool
        No allowed set has a better objective; False where that is not proven.
    reason : str
        Why nothing was chosen from, else empty.
    """

    sets: pd.DataFrame
    budgets: pd.DataFrame
    budget: float | None
    risk: Kind
    optimal: bool
    n_draws: int
    currency: str
    horizon: float
    reason: str = ""
    problem: Problem | None = field(default=None, repr=False)

    @property
    def chosen(self) -> tuple[str, ...]:
        """Names of the chosen, most valuable first."""
        rows = self.table[self.table["chosen"].astype(bool)]
        return tuple(rows["initiative"].astype(str))

    @property
    def text(self) -> str:
        """The chosen set, what it returns, and what the favoured pick would lose."""
        if self.table.empty:
            return f"There is nothing to choose from: {self.reason}."
        within = self._within()
        if not self.chosen:
            return f"{within}, choose none: no allowed set returns more than it costs."
        cost, npv, low, high = (
            self.figure(CHOSEN, f"{name}_amount")
            for name in ("upfront", "npv", "p10", "p90")
        )
        many = "together they return" if len(self.chosen) > 1 else "it returns"
        return (
            f"{within}, choose {_words.listed(list(self.chosen))} (first cost "
            f"{self._money(cost)}): {many} {self._money(npv)} over {self.horizon:g} "
            f"years ({eighty(low, high)}, {self.n_draws:,} draws), with a chance of "
            f"{chance(self.figure(CHOSEN, 'share_positive'))} of a return above "
            f"zero.{self._against()}{self._shadow()}"
        )

    def figure(self, which: str, name: str) -> float:
        """Return one number of a set, by the set's label and the column's name."""
        rows = self.sets.loc[self.sets["set"] == which, name]
        return float(rows.to_numpy(dtype=float)[0])

    def _within(self) -> str:
        if self.budget is None:
            return "Without a limit"
        return f"Within {self._money(self.budget)}"

    def _money(self, value: float) -> str:
        return _words.money(float(value), self.currency)

    def _against(self) -> str:
        regret = self._money(self.figure(CHOSEN, "regret_amount"))
        cut = self.problem is not None and not self.problem.values.whole
        most = "at most " if cut else ""
        said = f" Perfect foresight would return {most}{regret} more on average"
        if FAVOURED not in set(self.sets["set"]):
            return f"{said}."
        gap, low, high = (self.figure(FAVOURED, name) for name in BEHIND)
        more = f"{self._money(abs(gap))} {'less' if gap >= 0 else 'more'}"
        note = "" if self.figure(FAVOURED, "allowed") else ", and it breaks the rules"
        return (
            f"{said}; the favoured pick returns {more} than the chosen (80 % interval "
            f"of the loss {' to '.join(_format.ends(low, high, 'amount'))}){note}."
        )

    def _shadow(self) -> str:
        more = self.budgets[np.isclose(self.budgets["share_budget"].astype(float), 1.1)]
        if more.empty:
            return ""
        gain = float(more["gain_amount"].iloc[0])
        if gain <= 0:
            return " A tenth more budget would not change what is returned."
        return f" A tenth more budget is worth {self._money(gain)}."

    @property
    def display(self) -> pd.DataFrame:
        """One line an initiative, in words."""
        rows = self.table
        if rows.empty:
            return pd.DataFrame()
        return pd.DataFrame(
            {
                "initiative": rows["initiative"],
                "chosen": rows["chosen"].map({True: "yes", False: "no"}),
                "first cost": column(rows["upfront_amount"], "amount"),
                "adds": column(rows["adds_amount"], "amount"),
                "why": rows["why"],
            }
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """NPV of the chosen set, its regret, and the loss of the favoured pick."""
        if self.table.empty:
            return ()
        found = [
            self._finding("net present value of the chosen", CHOSEN,
                          ("npv_amount", "p10_amount", "p90_amount"), self.text),
            Finding(
                id="regret of the chosen", unit="amount",
                statement="Perfect foresight less the chosen set, mean over draws.",
                estimate=self.figure(CHOSEN, "regret_amount"),
            ),
        ]  # fmt: skip
        if FAVOURED in set(self.sets["set"]):
            told = "The chosen set less the favoured pick."
            name = "loss of the favoured pick"
            found.append(self._finding(name, FAVOURED, BEHIND, told))
        return tuple(found)

    def _finding(
        self, name: str, which: str, columns: tuple[str, str, str], told: str
    ) -> Finding:
        size, low, high = (self.figure(which, one) for one in columns)
        return Finding(
            id=name, statement=told, estimate=size, unit="amount", ci_lower=low,
            ci_upper=high, confidence_level=0.8,
        )  # fmt: skip


def choose(
    simulation: Simulation | Draws,
    initiatives: pd.DataFrame | None = None,
    *,
    budget: Budget,
    risk: Kind = "mean",
    aversion: float = 0.5,
    favoured: Sequence[str] = (),
) -> Choice:
    """Choose the initiatives that return most within a budget.

    Use it where money does not reach for all. It takes out what initiatives on one
    driver would both claim, which a list by return per cost does not.

    Parameters
    ----------
    simulation : Simulation or Draws
        Of `simulate`.
    initiatives : pandas.DataFrame, optional
        The table that was simulated, for its columns needs and excludes (names
        separated by ';'), must and never (yes or blank).
    budget : float, sequence of float, or None
        For first costs: in all, or for each quarter from the first start, in which an
        initiative pays when it starts; None for no limit.
    risk : {"mean", "cvar", "p10"}
        What is made as large as possible: the mean NPV; the mean less `aversion` times
        the distance from it to the mean of the worst tenth of draws; or the P10.
    aversion : float
        0 to 1, for "cvar".
    favoured : sequence of str
        A set that somebody would pick, to be compared.

    Returns
    -------
    Choice
        Of nothing, and with the reason, where nothing was simulated.

    Raises
    ------
    DataError
        Where no set is allowed, naming what stands in the way, or where the columns
        cannot be meant.

    Notes
    -----
    The NPV of a set is a sum over the groups that overlap, every subset of which is
    valued; a group of more than 8 is cut, so that a set looks better than it is, and
    regret is then a bound from above. Up to 12 initiatives every allowed set is tried;
    above, an integer program (HiGHS) maximises it, and for a risk other than the mean,
    or a group that was cut, single additions, removals and swaps follow, which need not
    end at the best. The
    chosen set is always valued anew, in full. Budgets bind at mean first costs;
    `share_over` says how often they would be exceeded. Perfect foresight chooses anew
    in every draw (above 12 initiatives in the first 200), so regret is never negative
    and no real choice reaches zero. A set that is best in the draws looks a little
    better than it is (the optimiser's curse); it shrinks with more draws.

    References
    ----------
    Rockafellar, R. and Uryasev, S. (2000). Optimization of conditional value-at-risk.
    Journal of Risk 2, 21-41. doi:10.21314/JOR.2000.038

    Smith, J. and Winkler, R. (2006). The optimizer's curse. Management Science 52,
    311-322. doi:10.1287/mnsc.1050.0451

    Examples
    --------
    >>> from cxlib import roi
    >>> plans = pd.DataFrame({"name": ["A", "B", "C"], "cost": [60.0, 50.0, 50.0],
    ...     "effect": [1.0, 0.8, 0.8], "effect_low": [0.9, 0.7, 0.7],
    ...     "effect_high": [1.1, 0.9, 0.9], "reach": [50] * 3,
    ...     "evidence": ["randomised"] * 3})
    >>> found = choose(roi.simulate(plans, 2.0, n_draws=500), budget=100)
    >>> sorted(found.chosen), found.optimal
    (['B', 'C'], True)
    """
    _checks.one_of(risk, "risk", get_args(Kind))
    _checks.in_range(aversion, "aversion", 0, 1)
    draws = drawn(simulation)
    if draws is None:
        return _nothing(why_not(simulation), risk)
    problem = read_problem(draws, initiatives, budget, Risk(risk, aversion))
    chosen, proven = problem.best()
    top, optimal = _alternatives.foresight(problem)
    limits = problem.rules.most[: problem.rules.n_budgets]
    return Choice(
        table=_alternatives.initiatives_table(problem, chosen, optimal), unit="amount",
        sets=_alternatives.compare(problem, chosen, favoured, top),
        budgets=_alternatives.by_budget(problem, chosen),
        budget=float(limits.sum()) if len(limits) else None, risk=risk, optimal=proven,
        n_draws=len(draws.alone), currency=draws.currency, horizon=draws.horizon,
        problem=problem, method=_method(problem, len(top), proven=proven),
    )  # fmt: skip


def _method(problem: Problem, n_foreseen: int, *, proven: bool) -> str:
    how = (
        "every allowed set was tried"
        if len(problem.names) <= ALL_UP_TO
        else "integer program over what each set returns"
    )
    known = "" if proven else "; not proven to be the best"
    what = {"mean": "mean", "cvar": "mean less aversion to the worst tenth of",
            "p10": "P10 of the"}[problem.risk.kind]  # fmt: skip
    return (
        f"Largest {what} NPV of the set, overlaps taken out ({how}{known}); regret "
        f"against the best set of each of {n_foreseen:,} draws."
    )


def _nothing(reason: str, risk: Kind) -> Choice:
    return Choice(
        table=pd.DataFrame(columns=TABLE), sets=pd.DataFrame(columns=SETS),
        budgets=pd.DataFrame(columns=BUDGETS), budget=None, risk=risk, optimal=True,
        n_draws=0, currency="", horizon=0.0, reason=reason, unit="amount",
    )  # fmt: skip
