"""Which experiment pays before money is committed, and how large it should be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib import _checks, _format
from cxlib.errors import ArgumentError
from cxlib.estimate import information as knowing
from cxlib.estimate.information import Knowing
from cxlib.estimate.power import PowerRule
from cxlib.result import Assumption, Finding
from cxlib.roi import _words
from cxlib.roi._display import Told, column
from cxlib.roi.investments._cells import ACTS_ON, SCORE
from cxlib.roi.investments._options import Options, options
from cxlib.roi.investments.draws import Draws
from cxlib.roi.investments.simulation import Simulation

Array = npt.NDArray[np.float64]
LEAST, MOST, SIZES = 50, 100_000, 16
COLUMNS = [
    *("initiative", "n", "effect_error", "detectable_effect", "power", "evppi_amount"),
    *("estimate", "std_error", "ci_lower", "ci_upper", "cost_amount", "wait_amount"),
    "net_amount",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Terms:
    """What a study costs and how it measures."""

    sd: Mapping[str, float]
    per_customer: float
    fixed: float
    weeks: float

    def cost(self, n: Array) -> Array:
        return self.fixed + 2 * n * self.per_customer


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Study(Told):
    """The experiment that gains most for each initiative's effect.

    Attributes
    ----------
    table : pandas.DataFrame
        initiative, n (customers an arm), effect_error (standard error of the measured
        effect), detectable_effect (found with the power asked for), power (to find the
        effect planned with), evppi_amount (knowing the effect exactly), estimate (what
        the study is worth), std_error, ci_lower, ci_upper (Monte Carlo error),
        cost_amount, wait_amount (lost while it runs), net_amount; the highest first.
    sizes : pandas.DataFrame
        The same columns at every size tried.
    currency : str
    weeks : float
    reason : str
        Why no study was valued, else empty.
    """

    sizes: pd.DataFrame
    currency: str
    weeks: float
    reason: str = ""

    @property
    def pays(self) -> bool:
        """Whether the best study is worth more than it costs."""
        return bool(len(self.table)) and float(self.table["net_amount"].iloc[0]) > 0

    @property
    def text(self) -> str:
        """What to measure next with how many customers, and whether that pays."""
        if self.table.empty:
            return f"There is no study to plan: {self.reason}."
        row = self.table.iloc[0]
        if not row["evppi_amount"] > 0:
            return (
                "No experiment pays: knowing the effect of any one initiative exactly "
                "would not change which to fund."
            )
        worth, cost, net, most = (
            _words.money(row[name], self.currency)
            for name in ("estimate", "cost_amount", "net_amount", "evppi_amount")
        )
        low, high = _format.ends(row["ci_lower"], row["ci_upper"], "amount")
        delay = self._delay(row)
        costs = f"{worth} (95 % CI {low} to {high}) against a cost of {cost}{delay}"
        what = f"n = {row['n']:,} customers an arm on {row['initiative']} is worth"
        if not self.pays:
            return (
                f"No experiment pays: even the best, {what} {costs}. Knowing its "
                f"effect exactly would be worth {most}."
            )
        return (
            f"What to measure next: the effect of {row['initiative']}, worth up to "
            f"{most}. An experiment of {what} {costs}: it pays, by {net}. It finds "
            f"effects from {_format.number(row['detectable_effect'], 'score')} on."
            f"{self._most(row)}"
        )

    def _most(self, row: pd.Series) -> str:
        """Say so where the largest study tried is the best."""
        tried = self.sizes.loc[self.sizes["initiative"] == row["initiative"], "n"]
        return " No larger one was tried." if row["n"] == tried.max() else ""

    def _delay(self, row: pd.Series) -> str:
        if not row["wait_amount"] > 0:
            return ""
        lost = _words.money(row["wait_amount"], self.currency)
        return f" and {lost} of waiting {self.weeks:g} weeks"

    @property
    def display(self) -> pd.DataFrame:
        """One line an initiative, in words."""
        rows = self.table
        span = column(rows["ci_lower"], "amount") + "\u00a0to\u00a0"
        size = column(rows["estimate"], "amount") + " (" + span
        costs = rows["cost_amount"] + rows["wait_amount"]
        return pd.DataFrame(
            {
                "experiment on": rows["initiative"],
                "n an arm (finds from)": column(rows["n"], "count")
                + " ("
                + column(rows["detectable_effect"], "score")
                + ")",
                "worth (95 % CI)": size + column(rows["ci_upper"], "amount") + ")",
                "costs, with waiting": column(costs, "amount"),
                "gains": column(rows["net_amount"], "amount"),
            }
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the best study is worth."""
        if self.table.empty:
            return ()
        row = self.table.iloc[0]
        return (
            Finding(
                id=f"value of an experiment on {row['initiative']}", unit="amount",
                statement=self.text, estimate=float(row["estimate"]), n=int(row["n"]),
                ci_lower=float(row["ci_lower"]), ci_upper=float(row["ci_upper"]),
                confidence_level=0.95,
            ),
        )  # fmt: skip


def next_study(
    simulation: Simulation | Draws,
    *,
    sd: float | Mapping[str, float],
    cost_per_customer: float,
    fixed_cost: float = 0.0,
    weeks: float = 0.0,
    sizes: Sequence[int] | None = None,
    budget: float | None = None,
    confidence_level: float = 0.95,
    power: float = 0.8,
) -> Study:
    """Value a randomised test of each initiative's effect and find the size that pays.

    Use it after `information` has shown an effect worth knowing.

    Parameters
    ----------
    simulation : Simulation or Draws
    sd : float or mapping
        Standard deviation of what is measured between customers: of the score, that
        of the panel (`periods["score"].std()`); by what the initiatives act on
        ("score", "revenue", "retained", "cost_to_serve"; money and retention a year)
        where they act on several. An initiative on another outcome is left out.
    cost_per_customer, fixed_cost : float
        Of the study, in money: per customer in either arm, and once.
    weeks : float
        How long the initiative waits for the study.
    sizes : sequence of int, optional
        Customers an arm to try; by default 16 from 50 to half of those reached.
    budget : float, optional
        As in `information`.
    confidence_level, power : float
        Of the test that `detectable_effect` and `power` speak of; the value of the
        study does not depend on them.

    Returns
    -------
    Study
        Of nothing, and with the reason, where no effect is uncertain.

    Notes
    -----
    The measured effect is normal about the true one with variance ``2 sd^2 / n``; a
    choice is made by the mean net present value given what was measured (EVSI), with
    the draws as the prior. Net is that, less the study's cost, less what the best
    choice loses on average when the studied initiative starts `weeks` later. What the
    arms gain or lose during the study is not counted, nor a test that measures with
    bias: a score asked of few who answer is such a one.

    References
    ----------
    Raiffa, H. & Schlaifer, R. (1961). Applied Statistical Decision Theory. Harvard.
    Heath, A. et al. (2020). Calculating the expected value of sample information in
    practice. Medical Decision Making 40, 314-326. doi:10.1177/0272989X20912402

    Examples
    --------
    >>> from cxlib import roi
    >>> one = pd.DataFrame({"name": ["Callback"], "cost": [9000.0], "effect": [1.0],
    ...     "effect_low": [0.0], "effect_high": [2.0], "reach": [5000],
    ...     "evidence": ["randomised"]})
    >>> returns = roi.simulate(one, 1.0, horizon=2, steps_per_year=1, n_draws=4000)
    >>> study = roi.next_study(returns, sd=2.5, cost_per_customer=0.2)
    >>> study.pays, study.text.split(",")[0]
    (True, 'What to measure next: the effect of Callback')
    """
    _check(sd, cost_per_customer, fixed_cost, weeks, budget, sizes)
    rule = PowerRule(confidence_level=confidence_level, power=power)
    draws = simulation.draws if isinstance(simulation, Simulation) else simulation
    spread = dict(sd) if isinstance(sd, Mapping) else {SCORE: sd}
    tested = _tested(draws, spread) if draws else []
    if draws is None or not tested:
        given = simulation.reason if isinstance(simulation, Simulation) else ""
        return _nothing(given or "no effect of known spread is uncertain", draws, weeks)
    terms = _Terms(
        sd=spread, per_customer=cost_per_customer, fixed=fixed_cost, weeks=weeks
    )
    every = _all_sizes(draws, tested, sizes, terms, options(draws, budget), rule)
    best = every.loc[every.groupby("initiative", sort=False)["net_amount"].idxmax()]
    order = ["net_amount", "estimate"]
    return Study(
        table=best.sort_values(order, ascending=False, ignore_index=True),
        sizes=every, unit="amount", currency=draws.currency, weeks=weeks,
        assumptions=_assumptions(spread),
        method=f"Expected value of sample information of a randomised test, two equal "
        f"arms; finds: with power {power:g} at "
        f"{100 * confidence_level:g} % confidence; interval: Monte Carlo error.",
    )  # fmt: skip


def _check(
    sd: float | Mapping[str, float],
    per_customer: float,
    fixed: float,
    weeks: float,
    budget: float | None,
    sizes: Sequence[int] | None,
) -> None:
    most = float("inf")
    for key, size in (sd if isinstance(sd, Mapping) else {SCORE: sd}).items():
        _checks.one_of(key, "sd", ACTS_ON)
        _checks.in_range(size, "sd", 0, most, ends="()")
    amounts = {"cost_per_customer": per_customer, "fixed_cost": fixed, "weeks": weeks}
    for name, value in amounts.items():
        _checks.in_range(value, name, 0, most, ends="[)")
    if budget is not None:
        _checks.in_range(budget, "budget", 0, most)
    if sizes is not None and (not len(sizes) or min(sizes) < 2):
        raise ArgumentError(
            f"`sizes` is {list(sizes)!r}; give customers an arm, at least 2 each."
        )


def _tested(draws: Draws, spread: Mapping[str, float]) -> list[str]:
    """Return the initiatives whose effect is uncertain and can be measured."""
    pairs = zip(draws.names, draws.plans.acts_on, strict=True)
    return [n for n, on in pairs if on in spread and f"effect of {n}" in draws.inputs]


def _all_sizes(
    draws: Draws,
    tested: list[str],
    sizes: Sequence[int] | None,
    terms: _Terms,
    choice: Options,
    rule: PowerRule,
) -> pd.DataFrame:
    """Value every size of a test of every initiative."""
    late = draws.delayed(terms.weeks) if terms.weeks else draws.alone
    now, parts = float(choice.payoffs.mean(axis=0).max()), []
    for name in tested:
        at = draws.names.index(name)
        n = np.array(sizes or _sizes(float(draws.plans.base["reach"][at])), dtype=float)
        lost = (draws.alone - late)[:, at]
        after = choice.payoffs - lost[:, None] * choice.holding(name)
        effect = draws.inputs[f"effect of {name}"]
        error = terms.sd[draws.plans.acts_on[at]] * (2 / n) ** 0.5
        found = knowing.sampled(after, effect, [0.0, *(error**2)])
        rows = _rows(n, error, found, rule, abs(float(effect.mean())))
        rows["cost_amount"] = terms.cost(n)
        wait = max(0.0, now - float(after.mean(axis=0).max()))
        parts.append(rows.assign(initiative=name, wait_amount=wait))
    table = pd.concat(parts, ignore_index=True)
    spent = table["cost_amount"] + table["wait_amount"]
    return table.assign(net_amount=table["estimate"] - spent)[COLUMNS]


def _sizes(reach: float) -> list[int]:
    most = max(LEAST, min(MOST, reach // 2))
    return [int(n) for n in np.unique(np.geomspace(LEAST, most, SIZES).round())]


def _rows(
    n: Array, error: Array, found: list[Knowing], rule: PowerRule, effect: float
) -> pd.DataFrame:
    value = np.array([one.value for one in found[1:]])
    spread = np.array([one.std_error for one in found[1:]])
    pairs = list(zip(error.tolist(), n.tolist(), strict=True))
    return pd.DataFrame(
        {
            "n": n.astype(int),
            "effect_error": error,
            "detectable_effect": [rule.detectable(e, n=m) for e, m in pairs],
            "power": [rule.chance(effect, e, n=m) for e, m in pairs],
            "evppi_amount": found[0].value,
            "estimate": value,
            "std_error": spread,
            "ci_lower": np.maximum(0, value - 1.959963984540054 * spread),
            "ci_upper": value + 1.959963984540054 * spread,
        }
    )


def _assumptions(spread: Mapping[str, float]) -> tuple[Assumption, ...]:
    known = _words.listed([f"{_words.plain(k)} {sd:.3g}" for k, sd in spread.items()])
    return (
        Assumption(
            text="The study is a randomised test that measures the effect the "
            "initiative would have when rolled out; standard deviation between "
            f"customers: {known}.",
            quality="medium",
            impact="high",
        ),
    )


def _nothing(reason: str, draws: Draws | None, weeks: float) -> Study:
    empty = pd.DataFrame(columns=COLUMNS)
    return Study(
        table=empty, sizes=empty, unit="amount", weeks=weeks, reason=reason,
        currency=draws.currency if draws else "",
    )  # fmt: skip
