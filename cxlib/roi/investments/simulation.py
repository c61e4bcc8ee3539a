"""The result of a Monte Carlo of investments, and its deterministic twin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib import _checks, _format
from cxlib.errors import ArgumentError
from cxlib.result import Finding
from cxlib.roi import _words
from cxlib.roi._display import Told, column
from cxlib.roi.investments import _scene, _world
from cxlib.roi.investments._flows import Settings
from cxlib.roi.investments._market import Market
from cxlib.roi.investments._tables import COLUMNS, FAN, OVERLAPS, PORTFOLIO
from cxlib.roi.investments.draws import Draws
from cxlib.roi.investments.initiatives import Plans
from cxlib.roi.investments.ledger import Ledger

Array = npt.NDArray[np.float64]
VALUE, RATE = "value of a point", "discount rate"
SURE, EVEN, HIGH = 0.8, 0.5, 10.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Simulation(Told):
    """Returns of each initiative done alone, and of all together.

    Attributes
    ----------
    table : pandas.DataFrame
        initiative, evidence, n (customers reached), cost_amount (discounted),
        npv_amount (mean), p10_amount, p50_amount, p90_amount, share_positive
        (P(ROI > 0)), payback_years (median; blank where half the draws never pay
        back), rel_irr (yearly, of the mean cash flow), removed_amount (counted twice),
        rel_roi (mean return over mean cost; blank without cost), rel_roi_p10,
        rel_roi_p90; Monte Carlo errors npv_error_amount, p10_error_amount,
        p90_error_amount, share_positive_error; by npv_amount, the portfolio last.
    fan : pandas.DataFrame
        years, mean_amount, p10_amount, p50_amount, p90_amount: cumulative discounted
        cash of the portfolio.
    quantiles : pandas.DataFrame
        initiative, probability, npv_amount.
    overlaps : pandas.DataFrame
        initiative, credited_to (the initiative or the cap that it loses to), driver,
        removed_amount (mean; adds up to the portfolio's), share_removed.
    inputs : dict
        Name to (base, low, high), for `tornado`.
    n_draws, horizon, currency
        As simulated.
    draws : Draws or None
        NPV, costs and uncertain inputs of every draw; None where nothing was simulated.
    reason : str
        Why nothing was simulated, else empty.
    """

    fan: pd.DataFrame
    quantiles: pd.DataFrame
    overlaps: pd.DataFrame
    inputs: dict[str, tuple[float, float, float]]
    n_draws: int
    horizon: float
    currency: str
    reason: str = ""
    plans: Plans | None = field(default=None, repr=False)
    markets: Mapping[str, Market] = field(default_factory=dict, repr=False)
    settings: Settings | None = field(default=None, repr=False)
    draws: Draws | None = field(default=None, repr=False)

    @property
    def total(self) -> pd.Series:
        """The portfolio's row."""
        return self.table.iloc[-1]

    def payoff(self, inputs: Mapping[str, float]) -> float:
        """Return the portfolio's NPV at given inputs, no chance involved."""
        for name in inputs:
            if name not in self.inputs:
                raise ArgumentError(
                    f"`inputs` has '{name}'; {_checks.did_you_mean(name, self.inputs)}"
                )
        return float(self._npv(inputs)[0])

    def payoffs(self, name: str, values: npt.ArrayLike) -> Array:
        """Return `payoff` at each of some values of one input, the others as planned.

        Examples
        --------
        >>> from cxlib import roi
        >>> one = pd.DataFrame({"name": ["Callback"], "cost": [100.0], "effect": [1.0],
        ...     "effect_low": [0.5], "effect_high": [1.5], "reach": [50]})
        >>> found = roi.simulate(one, 2.0, horizon=1, steps_per_year=1, discount_rate=0)
        >>> found.payoffs("cost of Callback", [100, 120]).tolist()
        [0.0, -20.0]
        """
        given = np.atleast_1d(np.asarray(values, dtype=float))
        if name == RATE or name not in self.inputs:
            return np.array([self.payoff({name: each}) for each in given.tolist()])
        return self._npv({name: given})

    def _npv(self, inputs: Mapping[str, float | Array]) -> Array:
        """Return the portfolio's NPV in each of the worlds that inputs make."""
        if self.plans is None or self.settings is None:
            return np.full(1, np.nan)
        now: dict[str, Any] = {name: span[0] for name, span in self.inputs.items()}
        now |= inputs
        base = self.inputs[VALUE][0] if VALUE in self.inputs else 0.0
        scale = now[VALUE] / base if base else 1.0
        priced = {name: market.central(scale) for name, market in self.markets.items()}
        world = _world.central(self.plans, now)
        settings = self.settings.at_rate(now[RATE])
        scene = _scene.scene(self.plans, world, priced, settings)
        held = _scene.together(scene, range(self.plans.n))
        gains = [scene.gain(at, units) - scene.paid(at) for at, units in held.items()]
        return np.asarray(np.broadcast_to(sum(gains), (world.n,)))

    @property
    def text(self) -> str:
        """The portfolio's NPV with its 80 % interval, chance of paying and payback."""
        if self.table.empty:
            return f"No initiative was simulated: {self.reason}."
        row = self.total
        low, high = (_format.number(row[f"p{p}_amount"], "amount") for p in (10, 90))
        size, cost, twice = (
            _words.money(row[f"{name}_amount"], self.currency)
            for name in ("npv", "cost", "removed")
        )
        removed = (
            f" {twice} that {self._counted_twice()} is taken out."
            if row["removed_amount"] > 0
            else ""
        )
        many = len(self.table) - 1
        who = f"The {many} initiatives together return" if many > 1 else "It returns"
        chance = _format.quantity(row["share_positive"], "share")
        return (
            f"{who} {size} over {_words.years(self.horizon)}, after costs of {cost} "
            f"(80 % interval {low} to {high}, {self.n_draws:,} draws); the chance of a "
            f"return above zero is {chance}, {self._payback(row)}.{removed}"
        )

    def _counted_twice(self) -> str:
        drivers = self.overlaps["driver"] != ""
        if drivers.all():
            return "initiatives on the same driver would claim twice"
        if not drivers.any():
            return "is more than there is to gain"
        return "would be claimed twice, or is more than there is to gain,"

    @property
    def ledger(self) -> Ledger:
        """What is taken out as counted twice, and who is credited instead."""
        alone = self.table.iloc[:-1]
        rule = self.settings.overlap if self.settings is not None else "none"
        return Ledger(
            table=self.overlaps, unit="amount", overlap=rule, currency=self.currency,
            gross_amount=float((alone["npv_amount"] + alone["cost_amount"]).sum()),
            method="A customer reached twice on one driver is credited to the "
            f"strongest initiative; overlap: {rule}. The amounts add up to all that is "
            "taken out.",
        )  # fmt: skip

    @property
    def precision(self) -> str:
        """Whether the draws are enough: the Monte Carlo error of each headline."""
        if self.table.empty:
            return f"Nothing was drawn: {self.reason}."
        row = self.total
        size, low, high = (
            _words.money(row[f"{name}_error_amount"], self.currency)
            for name in ("npv", "p10", "p90")
        )
        chance = _format.number(row["share_positive_error"], "share")
        alone = self.table.iloc[:-1]
        near = [
            np.abs(alone["share_positive"] - line) < 2 * alone["share_positive_error"]
            for line in (SURE, EVEN)
        ]
        close = alone["initiative"][near[0] | near[1]].tolist()
        told = (
            f"draw more before {_words.listed(close)} is decided on"
            if close
            else "enough: no verdict would change with other draws"
        )
        return (
            f"Monte Carlo error of {self.n_draws:,} draws: NPV {size}, P10 {low}, P90 "
            f"{high}, chance {chance} percentage points; {told}."
        )

    def _payback(self, row: pd.Series) -> str:
        if np.isnan(row["payback_years"]):
            return "and at least half of the draws never pay back"
        return f"the median payback {row['payback_years']:.1f} years"

    @property
    def decision(self) -> str:
        """What the chances of paying back speak for, in one sentence."""
        if self.table.empty:
            return f"There is no initiative to choose: {self.reason}."
        alone = self.table.iloc[:-1]
        chance = alone["share_positive"]
        groups = (
            ("fund", chance >= SURE),
            ("measure first, since it could go either way:",
             (chance >= EVEN) & (chance < SURE)),
            ("do not fund as it stands:", chance < EVEN),
        )  # fmt: skip
        said = [
            f"{verb} {self._named(alone[rows])}" for verb, rows in groups if any(rows)
        ]
        told = f"Going by the chance of a return above zero, {'; '.join(said)}."
        return told + self._too_much(alone.loc[groups[0][1], "initiative"].tolist())

    def _too_much(self, funded: list[str]) -> str:
        """Name the one to be funded that costs more than it adds beside the others."""
        if self.draws is None or len(funded) < 2:
            return ""
        whole = float(self.draws.together(funded).mean())
        added = {
            name: whole
            - float(self.draws.together([n for n in funded if n != name]).mean())
            for name in funded
        }
        worst = min(added, key=added.__getitem__)
        if added[worst] >= 0:
            return ""
        lost = _words.money(-added[worst], self.currency)
        return (
            f" Not all of them together: {worst} costs {lost} more than it adds beside "
            "the others."
        )

    def _named(self, rows: pd.DataFrame) -> str:
        return _words.listed(
            [
                f"{name} ({_format.number(chance, 'share', decimals=0)} %)"
                for name, chance in zip(
                    rows["initiative"], rows["share_positive"].tolist(), strict=True
                )
            ]
        )

    @property
    def display(self) -> pd.DataFrame:
        """One line an initiative, in words."""
        rows = self.table
        size, low, high = (
            column(rows[f"{name}_amount"], "amount") for name in ("npv", "p10", "p90")
        )
        span = size + " (" + low + "\u00a0to\u00a0" + high + ")"
        grade = rows["evidence"].where(rows["evidence"] == "", rows["evidence"] + ": ")
        known = grade + rows["initiative"]
        share = column(rows["share_positive"], "share", decimals=0) + "\u00a0%"
        each = _joined_rates(rows)
        return pd.DataFrame(
            {
                "evidence: initiative": known,
                "cost": column(rows["cost_amount"], "amount"),
                "NPV (P10 to P90)": span,
                "chance": share,
                "payback, years; IRR; ROI": each,
            }
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """NPV and chance of the portfolio, then the NPV of each initiative."""
        if self.table.empty:
            return ()
        chance = Finding(
            id="chance of a return above zero",
            statement=f"Share of {self.n_draws:,} draws with a return above zero.",
            estimate=float(self.total["share_positive"]),
            unit="share",
        )
        rows = [self._finding(row) for _, row in self.table.iterrows()]
        return (rows[-1], chance, *self._ratio(), *rows[:-1])

    def _ratio(self) -> tuple[Finding, ...]:
        """Return the portfolio's return on its cost, where it has one."""
        row = self.total
        if np.isnan(row["rel_roi"]):
            return ()
        size, low, high = (
            _format.number(row[f"rel_roi{end}"], "share", decimals=0)
            for end in ("", "_p10", "_p90")
        )
        return (
            Finding(
                id="return on cost",
                statement=f"A return of {size} % on the cost, discounted (80 % "
                f"interval {low} to {high} %).",
                estimate=float(row["rel_roi"]), unit="share",
                ci_lower=float(row["rel_roi_p10"]), ci_upper=float(row["rel_roi_p90"]),
                confidence_level=0.8,
            ),
        )  # fmt: skip

    def _finding(self, row: pd.Series) -> Finding:
        name, whole = str(row["initiative"]), row["initiative"] == PORTFOLIO
        size = _words.money(row["npv_amount"], self.currency)
        low, high = (_format.number(row[f"p{p}_amount"], "amount") for p in (10, 90))
        alone = f"{name} alone returns {size} (80 % interval {low} to {high})."
        return Finding(
            id="net present value" if whole else f"net present value of {name}",
            statement=self.text if whole else alone,
            estimate=float(row["npv_amount"]),
            unit="amount",
            ci_lower=float(row["p10_amount"]),
            ci_upper=float(row["p90_amount"]),
            n=int(row["n"]),
            confidence_level=0.8,
        )


def _joined_rates(rows: pd.DataFrame) -> pd.Series:
    """Return '1.4; 62 %; 85 %' a row: payback, internal rate, return on cost.

    Beyond ten times the cost a rate says no more than that hardly any is paid first.
    """
    parts = [column(rows["payback_years"], "score", decimals=1)]
    for name in ("rel_irr", "rel_roi"):
        rate = column(rows[name].clip(upper=HIGH), "share", decimals=0)
        more = pd.Series(np.where(rows[name] > HIGH, ">\u00a0", ""), index=rows.index)
        parts.append(rate.where(rate == _format.MISSING, more + rate + "\u00a0%"))
    return parts[0] + ";\u00a0" + parts[1] + ";\u00a0" + parts[2]


def nothing(reason: str, horizon: float, currency: str) -> Simulation:
    """Return a simulation of no initiative, with the reason."""
    return Simulation(
        table=pd.DataFrame(columns=COLUMNS),
        unit="amount",
        fan=pd.DataFrame(columns=FAN),
        quantiles=pd.DataFrame(columns=["initiative", "probability", "npv_amount"]),
        overlaps=pd.DataFrame(columns=OVERLAPS),
        inputs={},
        n_draws=0,
        horizon=horizon,
        currency=currency,
        reason=reason,
    )
