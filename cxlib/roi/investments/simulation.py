"""The result of a Monte Carlo of investments, and its deterministic twin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib import _checks, _format
from cxlib.errors import ArgumentError
from cxlib.result import Finding
from cxlib.roi import _words
from cxlib.roi._display import Told, column
from cxlib.roi.investments import _flows
from cxlib.roi.investments._flows import Settings
from cxlib.roi.investments.draws import Draws
from cxlib.roi.investments.initiatives import Plans

Array = npt.NDArray[np.float64]
PORTFOLIO = "all together"
VALUE, RATE = "value of a point", "discount rate"
COLUMNS = [
    *("initiative", "evidence", "n", "cost_amount", "npv_amount", "p10_amount"),
    *("p50_amount", "p90_amount", "share_positive", "payback_years", "rel_irr"),
    "removed_amount",
]
FAN = ["years", "mean_amount", "p10_amount", "p50_amount", "p90_amount"]
SURE, EVEN = 0.8, 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Simulation(Told):
    """Returns of each initiative done alone, and of all together.

    Attributes
    ----------
    table : pandas.DataFrame
        initiative, evidence, n (customers reached), cost_amount (discounted),
        npv_amount (mean), p10_amount, p50_amount, p90_amount, share_positive
        (P(ROI > 0)), payback_years (median; blank where half the draws never pay
        back), rel_irr (yearly, of the mean cash flow), removed_amount (counted twice);
        by npv_amount, the portfolio last.
    fan : pandas.DataFrame
        years, mean_amount, p10_amount, p50_amount, p90_amount: cumulative discounted
        cash of the portfolio.
    quantiles : pandas.DataFrame
        initiative, probability, npv_amount.
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
    inputs: dict[str, tuple[float, float, float]]
    n_draws: int
    horizon: float
    currency: str
    reason: str = ""
    plans: Plans | None = field(default=None, repr=False)
    profile: Array | None = field(default=None, repr=False)
    settings: Settings | None = field(default=None, repr=False)
    draws: Draws | None = field(default=None, repr=False)

    @property
    def total(self) -> pd.Series:
        """The portfolio's row."""
        return self.table.iloc[-1]

    def payoff(self, inputs: Mapping[str, float]) -> float:
        """Return the portfolio's NPV at given inputs, no chance involved."""
        if self.plans is None or self.profile is None or self.settings is None:
            return float("nan")
        for name in inputs:
            if name not in self.inputs:
                raise ArgumentError(
                    f"`inputs` has '{name}'; {_checks.did_you_mean(name, self.inputs)}"
                )
        now = {name: span[0] for name, span in self.inputs.items()} | dict(inputs)
        return _npv(self.plans, self.profile, self.settings, self.inputs[VALUE][0], now)

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
            f" {twice} that initiatives on the same driver would claim twice is "
            "taken out."
            if row["removed_amount"] > 0
            else ""
        )
        many = len(self.table) - 1
        who = f"The {many} initiatives together return" if many > 1 else "It returns"
        chance = _format.quantity(row["share_positive"], "share")
        return (
            f"{who} {size} over {self.horizon:g} years, after costs of {cost} (80 % "
            f"interval {low} to {high}, {self.n_draws:,} draws); the chance of a "
            f"return above zero is {chance}, {self._payback(row)}.{removed}"
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
        return f"Going by the chance of a return above zero, {'; '.join(said)}."

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
        known = rows["evidence"].where(rows["evidence"] == "", ", " + rows["evidence"])
        share = column(rows["share_positive"], "share", decimals=0) + "\u00a0%"
        rate = column(rows["rel_irr"], "share", decimals=0)
        return pd.DataFrame(
            {
                "initiative, evidence": rows["initiative"] + known,
                "cost": column(rows["cost_amount"], "amount"),
                "NPV (P10 to P90)": span,
                "chance": share,
                "payback": column(rows["payback_years"], "score", decimals=1),
                "IRR": rate.where(rate == _format.MISSING, rate + "\u00a0%"),
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
        return (rows[-1], chance, *rows[:-1])

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
        )


def _npv(
    plans: Plans,
    profile: Array,
    settings: Settings,
    value: float,
    now: Mapping[str, float],
) -> float:
    """Return the portfolio's NPV with every input as given."""
    changed = replace(
        plans,
        cost=np.array([now[f"cost of {n}"] for n in plans.name]),
        reach=np.minimum([now[f"reach of {n}"] for n in plans.name], plans.customers),
    )
    effects = np.array([[now[f"effect of {n}"] for n in plans.name]])
    scale = now[VALUE] / value if value else 1.0
    flows = _flows.run(changed, effects, profile * scale, settings.at_rate(now[RATE]))
    return float(flows.credited.sum())


def nothing(reason: str, horizon: float, currency: str) -> Simulation:
    """Return a simulation of no initiative, with the reason."""
    return Simulation(
        table=pd.DataFrame(columns=COLUMNS),
        unit="amount",
        fan=pd.DataFrame(columns=FAN),
        quantiles=pd.DataFrame(columns=["initiative", "probability", "npv_amount"]),
        inputs={},
        n_draws=0,
        horizon=horizon,
        currency=currency,
        reason=reason,
    )
