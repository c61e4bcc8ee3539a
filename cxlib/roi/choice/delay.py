"""What a week of delay costs, and in what order one team should work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cxlib import _checks
from cxlib.errors import ArgumentError
from cxlib.result import Finding
from cxlib.roi import _words
from cxlib.roi._display import Told, column
from cxlib.roi.choice._columns import Effort, Ties, read_effort, read_ties
from cxlib.roi.choice._scenarios import Array, chance, drawn, eighty, why_not
from cxlib.roi.choice._sequence import Waiting, best_order, by_priority
from cxlib.roi.choice._urgency import QUARTER, Urgency, curves, read_urgency, weekly
from cxlib.roi.choice.ranking import rank_chances
from cxlib.roi.investments.draws import Draws
from cxlib.roi.investments.simulation import Simulation

COLUMNS = [
    *("initiative", "npv_amount", "urgency", "deadline", "cod_amount"),
    *(
        "cod_p10_amount",
        "cod_p90_amount",
        "share_positive",
        "effort",
        "wsjf_amount",
        "wsjf_p10_amount",
    ),
    *("wsjf_p90_amount", "share_first", "wsjf_place", "place", "wait_weeks"),
]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class CostOfDelay(Told):
    """Cost of delay in money a week, and the order in which waiting costs least.

    Attributes
    ----------
    table : pandas.DataFrame
        initiative, npv_amount (mean), urgency, deadline (weeks), cod_amount (mean
        cost of a week of delay), cod_p10_amount, cod_p90_amount, share_positive (P
        that delay costs), effort (mean, weeks), wsjf_amount (cost of delay over
        effort), wsjf_p10_amount, wsjf_p90_amount, share_first (P of the largest),
        wsjf_place, place (in the best order), wait_weeks (before it begins in that
        order); by place, or by cod_amount where no effort is given.
    orders : pandas.DataFrame
        order ('best', 'WSJF', 'as listed'), initiatives, delay_amount (mean cost of all
        waits), loss_amount (beyond the best order).
    proven : bool
        No order costs less.
    reason : str
        Why there is nothing, else empty.
    """

    orders: pd.DataFrame
    proven: bool
    currency: str
    n_draws: int
    reason: str = ""

    @property
    def text(self) -> str:
        """The dearest delay, who goes first, and what another order would lose."""
        if self.table.empty:
            return f"There is no delay to cost: {self.reason}."
        at = int(self.table["cod_amount"].to_numpy(dtype=float).argmax())
        row = self.table.iloc[at]
        many = f", the most of {len(self.table)}" if len(self.table) > 1 else ""
        said = (
            f"A week of delay of {row['initiative']} costs "
            f"{_words.money(row['cod_amount'], self.currency)} "
            f"({eighty(row['cod_p10_amount'], row['cod_p90_amount'])}, "
            f"{self.n_draws:,} draws){many}."
        )
        said += self._idle()
        if self.orders.empty:
            return f"{said} No effort is given, so there is no order of work."
        return f"{said} {self._order()}" if len(self.table) > 1 else said

    def _idle(self) -> str:
        """Name those that had better not be done at all."""
        names = self.table.loc[self.table["npv_amount"] <= 0, "initiative"].tolist()
        if not names:
            return ""
        verb = "costs more than it returns" if len(names) == 1 else (
            "cost more than they return"
        )  # fmt: skip
        return f" {_words.listed(names)} {verb}: better not done than done late."

    def _order(self) -> str:
        first = self.table.iloc[0]
        cost, *losses = (
            _words.money(value, self.currency)
            for value in (
                self.orders["delay_amount"].tolist()[:1]
                + self.orders["loss_amount"].tolist()[1:]
            )
        )  # fmt: skip
        top = self.table.iloc[int(self.table["share_first"].to_numpy().argmax())]
        word = "best" if self.proven else "best found"
        return (
            f"Per week of work it is most often largest for {top['initiative']} "
            f"({chance(top['share_first'])} of draws). One team loses {cost} by "
            f"waiting in the {word} order, which begins with {first['initiative']}; in "
            f"the order of cost of delay per week of work {losses[0]} more, as listed "
            f"{losses[1]} more."
        )

    @property
    def display(self) -> pd.DataFrame:
        """One line an initiative, in words."""
        rows = self.table
        if rows.empty:
            return pd.DataFrame()
        gap = "\u00a0to\u00a0"
        size, low, high, rate = (
            column(rows[f"{name}_amount"], "amount")
            for name in ("cod", "cod_p10", "cod_p90", "wsjf")
        )
        shown = {
            "initiative": rows["initiative"],
            "a week costs (P10 to P90)": size + " (" + low + gap + high + ")",
        }
        if not self.orders.empty:
            shown["weeks of work"] = column(rows["effort"], "score", decimals=1)
            shown["per week of work"] = rate
            shown["order (WSJF)"] = (
                rows["place"].astype("str")
                + " ("
                + rows["wsjf_place"].astype("str")
                + ")"
            )
        return pd.DataFrame(shown)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The dearest week, and what the usual order loses."""
        if self.table.empty:
            return ()
        row = self.table.iloc[int(self.table["cod_amount"].to_numpy(float).argmax())]
        found = Finding(
            id="cost of a week of delay", statement=self.text, unit="amount",
            estimate=float(row["cod_amount"]), ci_lower=float(row["cod_p10_amount"]),
            ci_upper=float(row["cod_p90_amount"]), confidence_level=0.8,
            label=f"cost of a week of delay of {row['initiative']}",
        )  # fmt: skip
        return (found,)


def cost_of_delay(
    simulation: Simulation | Draws,
    initiatives: pd.DataFrame | None = None,
    *,
    chosen: Sequence[str] | None = None,
    weeks: float = QUARTER,
    rng: int | np.random.Generator = 0,
) -> CostOfDelay:
    """Cost a week of delay, and find the order in which one team loses least.

    Use it once it is known what will be done (`choose`), for what to do first.

    Parameters
    ----------
    simulation : Simulation or Draws
        Of `simulate`.
    initiatives : pandas.DataFrame, optional
        The table that was simulated, for its columns effort (weeks of the team's work;
        effort_low and effort_high its P10 and P90), urgency (linear, deadline, decay;
        linear where blank), deadline (weeks until it, or in which half the value is
        gone) and needs (names separated by ';').
    chosen : sequence of str, optional
        Only these; `Choice.chosen`.
    weeks : float
        Delay that the linear cost of a week is taken from.
    rng : int or numpy.random.Generator
        For the draws of effort.

    Returns
    -------
    CostOfDelay
        Without orders where no effort is given; of nothing, and with the reason, where
        nothing was simulated or chosen.

    Raises
    ------
    DataError
        For an urgency, deadline or effort that cannot be meant.

    Notes
    -----
    Linear: NPV less the NPV of the same initiative begun `weeks` later, a week; the end
    of the horizon stays. An initiative whose effect lasts as long whenever it begins
    and ends within the horizon loses little by waiting, and one that costs more than it
    returns gains. Deadline: nothing is lost before it, the whole NPV after; the cost of
    a week is the NPV over the weeks left. Decay: benefits halve every `deadline` weeks;
    the cost of a week is the first week's. WSJF (weighted shortest job first) divides
    by effort; its order is the best where costs are linear (Smith 1956). The best order
    is found over all orders up to 14 initiatives, above by moving one at a time, from
    mean costs of waiting until those before are done.

    References
    ----------
    Smith, W. (1956). Various optimizers for single-stage production. Naval Research
    Logistics Quarterly 3, 59-66. doi:10.1002/nav.3800030106

    Reinertsen, D. (2009). The Principles of Product Development Flow.

    Examples
    --------
    >>> from cxlib import roi
    >>> plans = pd.DataFrame({"name": ["A", "B"], "cost": [10.0, 10.0],
    ...     "effect": [1.0, 0.8], "effect_low": [0.8, 0.6], "effect_high": [1.2, 1.0],
    ...     "reach": [90, 90], "evidence": ["randomised"] * 2, "effort": [10.0, 2.0]})
    >>> found = cost_of_delay(roi.simulate(plans, 2.0, n_draws=500, rng=1), plans)
    >>> found.orders[["order", "initiatives"]].values.tolist()[0]
    ['best', 'B; A']
    """
    _checks.in_range(weeks, "weeks", 0, float("inf"), ends="(]")
    draws = drawn(simulation)
    if draws is None:
        return _nothing(why_not(simulation))
    kept = _kept(draws, chosen)
    if not len(kept):
        return _nothing("nothing was chosen")
    urgency = read_urgency(initiatives, draws.names)
    effort = read_effort(initiatives, draws, unit="weeks", rng=rng)
    lost = weekly(draws, urgency, weeks)
    table = _table(draws, urgency, lost, effort, kept)
    orders, proven = _empty_orders(), True
    if effort.given:
        ties = read_ties(initiatives, draws.names)
        orders, proven, places = _ordered(draws, urgency, effort, lost, ties, kept)
        table = table.assign(**places)
    by = ["place"] if effort.given else ["cod_amount"]
    return CostOfDelay(
        table=table.sort_values(by, ascending=effort.given, kind="stable",
                                ignore_index=True)[COLUMNS],
        unit="amount", orders=orders, proven=proven, currency=draws.currency,
        n_draws=len(draws.alone), method="NPV now less NPV later, in common draws; an "
        "order's cost from mean costs of waiting.",
    )  # fmt: skip


def _kept(draws: Draws, chosen: Sequence[str] | None) -> list[int]:
    if chosen is None:
        return list(range(len(draws.names)))
    if isinstance(chosen, str):
        raise ArgumentError(f"`chosen` is '{chosen}'; give a list of names.")
    for name in chosen:
        if name not in draws.names:
            raise ArgumentError(
                f"`chosen` has '{name}'; {_checks.did_you_mean(name, draws.names)}"
            )
    return [i for i, name in enumerate(draws.names) if name in chosen]


def _table(
    draws: Draws, urgency: Urgency, lost: Array, effort: Effort, kept: list[int]
) -> pd.DataFrame:
    lost = lost[:, kept]
    low, high = np.quantile(lost, (0.1, 0.9), axis=0)
    blank = np.full(len(kept), np.nan)
    table = pd.DataFrame(
        {
            "initiative": [draws.names[i] for i in kept],
            "npv_amount": draws.alone[:, kept].mean(axis=0),
            "urgency": [urgency.kind[i] for i in kept],
            "deadline": urgency.deadline[kept], "cod_amount": lost.mean(axis=0),
            "cod_p10_amount": low, "cod_p90_amount": high,
            "share_positive": (lost > 0).mean(axis=0),
        }
    )  # fmt: skip
    if not effort.given:
        return table.assign(**dict.fromkeys(COLUMNS[8:], blank))
    ratio = lost / effort.draws[:, kept]
    low, high = np.quantile(ratio, (0.1, 0.9), axis=0)
    return table.assign(
        effort=effort.draws[:, kept].mean(axis=0), wsjf_p10_amount=low,
        wsjf_amount=lost.mean(axis=0) / effort.draws[:, kept].mean(axis=0),
        wsjf_p90_amount=high, share_first=rank_chances(ratio)[0][:, 0],
    )  # fmt: skip


def _ordered(
    draws: Draws,
    urgency: Urgency,
    effort: Effort,
    lost: Array,
    ties: Ties,
    kept: list[int],
) -> tuple[pd.DataFrame, bool, dict[str, Array]]:
    """Return the orders, whether the best is proven, and each one's places."""
    work = effort.draws[:, kept].mean(axis=0)
    weeks, cost = curves(draws, urgency, float(work.sum()))
    waiting = Waiting(weeks, cost[kept], work)
    needs = [
        (kept.index(a), kept.index(b)) for a, b in ties.needs if a in kept and b in kept
    ]
    usual = by_priority(lost[:, kept].mean(axis=0) / work, needs)
    listed = by_priority(-np.arange(len(kept), dtype=float), needs)
    best, proven = best_order(waiting, usual, needs)
    if waiting.total(usual) <= waiting.total(best) * (1 + 1e-12):
        best = usual
    rows = [
        (name, "; ".join(draws.names[kept[i]] for i in order), waiting.total(order))
        for name, order in (("best", best), ("WSJF", usual), ("as listed", listed))
    ]
    orders = pd.DataFrame(rows, columns=_empty_orders().columns[:3])
    orders["loss_amount"] = orders["delay_amount"] - orders["delay_amount"].iloc[0]
    place, wsjf = (1 + np.argsort(order) for order in (best, usual))
    waits = np.concatenate([[0.0], np.cumsum(work[best])[:-1]])[place - 1]
    return orders, proven, {"place": place, "wsjf_place": wsjf, "wait_weeks": waits}


def _empty_orders() -> pd.DataFrame:
    return pd.DataFrame(columns=["order", "initiatives", "delay_amount", "loss_amount"])


def _nothing(reason: str) -> CostOfDelay:
    return CostOfDelay(
        table=pd.DataFrame(columns=COLUMNS), unit="amount", orders=_empty_orders(),
        proven=True, currency="", n_draws=0, reason=reason,
    )  # fmt: skip
