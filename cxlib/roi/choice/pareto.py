"""Which initiatives no other beats at once in value, effort and risk."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib.result import Finding
from cxlib.roi import _words
from cxlib.roi._display import Told, column
from cxlib.roi.choice._columns import read_effort
from cxlib.roi.choice._scenarios import Array, chance, drawn, spans, why_not
from cxlib.roi.investments.draws import Draws
from cxlib.roi.investments.simulation import Simulation

COLUMNS = [
    *("initiative", "npv_amount", "p10_amount", "p50_amount", "p90_amount"),
    *("effort", "effort_low", "effort_high", "share_loss", "efficient"),
    *("dominated_by", "share_efficient"),
]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Frontier(Told):
    """Initiatives on the frontier of value, effort and risk, and those behind it.

    Attributes
    ----------
    table : pandas.DataFrame
        initiative, npv_amount (mean), p10_amount, p50_amount, p90_amount, effort
        (mean), effort_low and effort_high (P10, P90), share_loss (P of a return below
        zero), efficient, dominated_by (names of those at least as good in all three
        and better in one), share_efficient (draws in which no other has as much value
        for as little effort); the frontier first, by effort.
    effort_unit, currency, n_draws
    reason : str
        Why there is nothing to compare, else empty.
    """

    effort_unit: str
    currency: str
    n_draws: int
    reason: str = ""

    @property
    def text(self) -> str:
        """Who is on the frontier, and who is behind it because of whom."""
        if self.table.empty:
            return f"There is nothing to compare: {self.reason}."
        on = self.table["efficient"].astype(bool)
        names = self.table.loc[on, "initiative"].tolist()
        verb = "is" if len(names) == 1 else "are"
        said = (
            f"{_words.listed(names)} {verb} on the frontier: none other returns as "
            "much for as little effort and risk."
        )
        behind = self.table[~on]
        if behind.empty:
            return said
        told = [
            f"{name} (by {by.replace('; ', ', ')}; on it in {chance(share)} of draws)"
            for name, by, share in zip(
                behind["initiative"], behind["dominated_by"],
                behind["share_efficient"].tolist(), strict=True,
            )
        ]  # fmt: skip
        return f"{said} Beaten in all three: {_words.listed(told)}."

    @property
    def display(self) -> pd.DataFrame:
        """One line an initiative, in words."""
        rows = self.table
        if rows.empty:
            return pd.DataFrame()
        low, high = (column(rows[f"p{p}_amount"], "amount") for p in (10, 90))
        size = column(rows["npv_amount"], "amount")
        return pd.DataFrame(
            {
                "initiative": rows["initiative"],
                "NPV (P10 to P90)": size + " (" + low + "\u00a0to\u00a0" + high + ")",
                self.effort_unit: column(rows["effort"], "amount"),
                "P(loss)": rows["share_loss"].map(chance),
                "beaten by": rows["dominated_by"].replace("", "–"),
            }
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """How many are on the frontier."""
        if self.table.empty:
            return ()
        return (
            Finding(
                id="initiatives on the frontier", statement=self.text, unit="count",
                estimate=float(self.table["efficient"].sum()),
            ),
        )  # fmt: skip


def frontier(
    simulation: Simulation | Draws,
    initiatives: pd.DataFrame | None = None,
    *,
    effort_unit: str = "weeks",
    rng: int | np.random.Generator = 0,
) -> Frontier:
    """List the initiatives that no other beats in value, effort and risk.

    Use it to drop what is beaten in every respect before weights are argued about; it
    looks at each alone, not at what they return together.

    Parameters
    ----------
    simulation : Simulation or Draws
        Of `simulate`.
    initiatives : pandas.DataFrame, optional
        The table that was simulated, for its columns effort, effort_low and
        effort_high (P10, P90); the discounted cost is the effort where there is none.
    effort_unit : str
        What the column effort is in.
    rng : int or numpy.random.Generator
        For the draws of effort.

    Returns
    -------
    Frontier
        Of nothing, and with the reason, where nothing was simulated.

    Raises
    ------
    DataError
        For efforts that cannot be meant.

    Notes
    -----
    Value is the mean NPV, effort its mean, risk the share of draws with an NPV below
    zero. One initiative dominates another if it is at least as good in all three and
    better in one; equals do not dominate each other. `share_efficient` leaves risk out,
    since it has no value in a single draw.

    Examples
    --------
    >>> from cxlib import roi
    >>> plans = pd.DataFrame({"name": ["A", "B"], "cost": [10.0, 30.0],
    ...     "effect": [1.0, 0.2], "effect_low": [0.8, 0.1], "effect_high": [1.2, 0.3],
    ...     "reach": [90, 90], "evidence": ["randomised"] * 2})
    >>> found = frontier(roi.simulate(plans, 2.0, n_draws=500, rng=1))
    >>> found.table["dominated_by"].tolist()
    ['', 'A']
    """
    draws = drawn(simulation)
    if draws is None:
        empty = pd.DataFrame(columns=COLUMNS)
        return Frontier(table=empty, effort_unit="", currency="", n_draws=0,
                        reason=why_not(simulation), unit="amount")  # fmt: skip
    effort = read_effort(initiatives, draws, unit=effort_unit, rng=rng)
    return Frontier(
        table=_table(draws, effort.draws), unit="amount", currency=draws.currency,
        n_draws=len(draws.alone),
        effort_unit=effort.unit,
        method="Dominance in mean NPV, mean effort and chance of a loss.",
    )  # fmt: skip


def _table(draws: Draws, effort: Array) -> pd.DataFrame:
    value, work = draws.alone.mean(axis=0), effort.mean(axis=0)
    loss = (draws.alone < 0).mean(axis=0)
    beats = dominance(np.column_stack([-value, work, loss]))
    low, high = np.quantile(effort, (0.1, 0.9), axis=0)
    names = np.array(draws.names, dtype=object)
    table = pd.DataFrame({"initiative": draws.names} | spans(draws.alone)).assign(
        effort=work, effort_low=low, effort_high=high, share_loss=loss,
        efficient=np.asarray(~beats.any(axis=0)),
        dominated_by=["; ".join(names[row]) for row in beats.T],
        share_efficient=_share_efficient(draws.alone, effort),
    )  # fmt: skip
    return table.sort_values(
        ["efficient", "effort"], ascending=[False, True], kind="stable",
        ignore_index=True,
    )[COLUMNS]  # fmt: skip


def dominance(costs: Array) -> npt.NDArray[np.bool_]:
    """Return whether row i beats row j: nowhere larger, somewhere smaller.

    >>> dominance(np.array([[1.0, 1.0], [2.0, 1.0], [0.0, 3.0]]))[0].tolist()
    [False, True, False]
    """
    left, right = costs[:, None, :], costs[None, :, :]
    return np.asarray((left <= right).all(axis=2) & (left < right).any(axis=2))


def _share_efficient(value: Array, effort: Array) -> Array:
    """Return the share of draws in which none has as much for as little effort."""
    found = []
    for i in range(value.shape[1]):
        more, less = value - value[:, [i]], effort - effort[:, [i]]
        beaten = (more >= 0) & (less <= 0) & ((more > 0) | (less < 0))
        found.append(1 - beaten.any(axis=1).mean())
    return np.array(found)
