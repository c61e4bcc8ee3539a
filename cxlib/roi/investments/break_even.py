"""Which single assumption would have to be what for the decision to flip."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import brentq

from cxlib import _format
from cxlib.estimate._curves import Bases, curve
from cxlib.result import Finding
from cxlib.roi import _words
from cxlib.roi._display import Told, column
from cxlib.roi.investments._scene import market_of
from cxlib.roi.investments._spans import spans
from cxlib.roi.investments._tables import PORTFOLIO
from cxlib.roi.investments.case import Case
from cxlib.roi.investments.draws import Draws
from cxlib.roi.investments.simulation import VALUE, Simulation

Array = npt.NDArray[np.float64]
COLUMNS = [
    *("decision", "input", "base", "break_even", "rel_change", "even_chance"),
    *("share_beyond", "npv_amount"),
]
_REACH = np.array([0.01, 0.1, 0.3, 0.5, 0.7, 0.85, 1, 1.2, 1.5, 2, 3, 5, 9, 20])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class BreakEven(Told):
    """Where each input alone turns the net present value.

    Attributes
    ----------
    table : pandas.DataFrame
        decision ('all together' or an initiative done alone), input, base (as
        planned), break_even (at which the net present value is zero, the others as
        planned; blank where none is within twenty times), rel_change (from base),
        even_chance (at which the chance of a return above zero is 50 %, the others
        uncertain; blank outside what was drawn), share_beyond (chance that the input
        is beyond its break-even; blank where it is fixed), npv_amount (as planned);
        within a decision the smallest change first.
    currency : str
    reason : str
        Why nothing was solved, else empty.
    """

    currency: str
    reason: str = ""

    @property
    def text(self) -> str:
        """The assumption whose smallest change flips the decision on all together."""
        if self.table.empty:
            return f"There is no break-even to find: {self.reason}."
        whole = self.table[self.table["decision"] == self.table["decision"].iloc[0]]
        npv, name = float(whole["npv_amount"].iloc[0]), str(whole["decision"].iloc[0])
        size = _words.money(abs(npv), self.currency)
        verb = "returns" if npv >= 0 else "loses"
        verb = verb.removesuffix("s") if name == PORTFOLIO and verb else verb
        found = whole[whole["break_even"].notna()]
        what = f"With every input as planned, {name} {verb} {size}"
        if found.empty:
            return f"{what}; no input alone changes that sign."
        row = found.iloc[0]
        beyond = (
            f"; the chance that it is, is "
            f"{_format.number(row['share_beyond'], 'share', decimals=0)} %"
            if pd.notna(row["share_beyond"])
            else ""
        )
        side = "above" if row["break_even"] > row["base"] else "below"
        return (
            f"{what}. The decision flips soonest on the {row['input']}: {side} "
            f"{_input(row['break_even'])} in place of {_input(row['base'])} "
            f"({_format.number(row['rel_change'], 'share', signed=True, decimals=0)} "
            f"%){beyond}."
        )

    @property
    def display(self) -> pd.DataFrame:
        """The soonest of each decision, in words."""
        known = self.table[self.table["break_even"].notna()]
        rows = known.groupby("decision", sort=False).head(1)
        change = column(rows["rel_change"], "share", decimals=0)
        beyond = column(rows["share_beyond"], "share", decimals=0)
        blank = _format.MISSING
        return pd.DataFrame(
            {
                "decision, NPV as planned": rows["decision"] + ": "
                + column(rows["npv_amount"], "amount"),
                "flips on the": rows["input"],
                "at (planned)": [
                    f"{_input(at)} ({_input(base)})"
                    for at, base in zip(rows["break_even"], rows["base"], strict=True)
                ],
                "change": change.where(change == blank, change + "\u00a0%"),
                "chance beyond": beyond.where(beyond == blank, beyond + "\u00a0%"),
            }
        )  # fmt: skip

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The soonest break-even of the first decision."""
        found = self.table[self.table["break_even"].notna()].head(1)
        return tuple(
            Finding(
                id=f"break-even of the {row['input']}", statement=self.text,
                estimate=float(row["break_even"]), unit="score",
            )
            for _, row in found.iterrows()
        )  # fmt: skip


def break_even(case: Case | Simulation) -> BreakEven:
    """Find the value of each assumption at which the decision flips.

    Parameters
    ----------
    case : Case or Simulation
        A case is solved for all together and for each initiative done alone; a
        simulation for all together.

    Returns
    -------
    BreakEven
        Of nothing, and with the reason, where nothing was simulated.

    Notes
    -----
    One input at a time. `break_even` is the root of the deterministic twin
    (`Simulation.payoff`) nearest to the plan, searched from a hundredth of it to
    twenty times and, for effects, to as much on the other side of zero. `even_chance`
    is where a regression of "the return is above zero" on the input, over the draws,
    crosses one half: the others then stay uncertain, so the two differ where the
    return is skewed.

    Examples
    --------
    >>> from cxlib import roi
    >>> one = pd.DataFrame({"name": ["Callback"], "cost": [100.0], "effect": [1.0],
    ...     "effect_low": [0.5], "effect_high": [1.5], "reach": [75],
    ...     "evidence": ["randomised"]})
    >>> returns = roi.simulate(one, 2.0, steps_per_year=1, horizon=1, discount_rate=0)
    >>> rows = roi.break_even(returns).table.set_index("input")["break_even"]
    >>> rows[["effect of Callback", "cost of Callback"]].round(3).tolist()
    [0.667, 150.0]
    """
    whole = case.simulate() if isinstance(case, Case) else case
    if whole.table.empty:
        reason = whole.reason or "nothing was simulated"
        return BreakEven(
            table=pd.DataFrame(columns=COLUMNS), unit="score", currency=whole.currency,
            reason=reason,
        )  # fmt: skip
    each = isinstance(case, Case) and len(case.names) > 1
    asked = [_together(whole), *(_each(whole, whole.draws) if each else [])]
    _find_turns(whole.draws, asked)
    tables = [_solved(one) for one in asked]
    return BreakEven(
        table=pd.concat(tables, ignore_index=True), unit="score",
        currency=whole.currency,
        method="One input at a time, the others as planned; chance beyond: from the "
        "draws.",
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Decision:
    """A decision by name: its simulation, and in which draws it pays.

    `drawn` names an input of the draws by its name here; `turns` holds, by its name in
    the draws, at which values of it the chance of a return above zero is one half.
    """

    name: str
    simulation: Simulation
    pays: npt.NDArray[np.bool_]
    drawn: dict[str, str]
    turns: dict[str, Array] = field(default_factory=dict)


def _together(whole: Simulation) -> _Decision:
    names, draws = whole.table["initiative"].tolist(), whole.draws
    return _Decision(
        name=PORTFOLIO if len(names) > 2 else str(names[0]), simulation=whole,
        pays=draws.together(draws.names) > 0 if draws else np.zeros(0, dtype=bool),
        drawn={name: name for name in whole.inputs},
    )  # fmt: skip


def _each(whole: Simulation, draws: Draws | None) -> Iterator[_Decision]:
    """Yield each initiative done alone, in the same draws."""
    if draws is None:
        return
    for at, name in enumerate(draws.names):
        plans = draws.plans.some([at])
        inputs = spans(plans, draws.markets, draws.settings)
        home = market_of(plans, draws.markets, 0)
        drawn = {one: one for one in inputs}
        if home and VALUE in drawn:
            drawn[VALUE] = f"{VALUE} in {home}"
        yield _Decision(
            name=name, simulation=replace(whole, plans=plans, inputs=inputs),
            pays=draws.alone[:, at] > 0, drawn=drawn,
        )  # fmt: skip


def _find_turns(draws: Draws | None, asked: list[_Decision]) -> None:
    """Find where chances are even, each input's splines made once for all decisions."""
    for name, known in (draws.inputs if draws else {}).items():
        ready, order = Bases(known[:, None]), np.argsort(known, kind="stable")
        for one in asked:
            if name not in one.drawn.values():
                continue
            found = curve(ready, one.pays.astype(float)[:, None])
            if found is not None:
                over = np.sign(found.fitted[order, 0] - 0.5)
                one.turns[name] = known[order][1:][over[:-1] * over[1:] < 0]


def _solved(one: _Decision) -> pd.DataFrame:
    """Return the rows of one decision, the smallest change first."""
    simulation, rows = one.simulation, []
    base, draws = simulation.payoff({}), simulation.draws
    for name, span in simulation.inputs.items():
        at, drawn = _root(simulation, name, span[0]), one.drawn[name]
        known = draws.inputs.get(drawn) if draws else None
        even = _nearest(one.turns.get(drawn, np.zeros(0)), span[0])
        beyond = _beyond(known, at, span[0])
        change = at / span[0] - 1 if span[0] else float("nan")
        rows.append([one.name, name, span[0], at, change, even, beyond, base])
    table = pd.DataFrame(rows, columns=COLUMNS)
    size = table["rel_change"].abs().round(6)
    order = size.sort_values(kind="stable", na_position="last")
    return table.loc[order.index]


def _root(simulation: Simulation, name: str, base: float) -> float:
    """Return the root nearest to the base; NaN where none is found."""
    if not base:
        return float("nan")
    points = base * _REACH
    if name.startswith("effect of "):
        points = np.r_[-points[::-1], points]
    points = np.sort(points)
    values = simulation.payoffs(name, points)

    def payoff(value: float) -> float:
        return simulation.payoff({name: value})

    turns = np.flatnonzero(np.sign(values[:-1]) * np.sign(values[1:]) < 0)
    roots = [float(brentq(payoff, points[i], points[i + 1])) for i in turns]
    roots += [float(x) for x in points[values == 0]]
    return _nearest(np.array(roots), base)


def _nearest(values: Array, base: float) -> float:
    """Return the value nearest to the base, NaN of none."""
    found = values[np.argsort(np.abs(values - base), kind="stable")]
    return float(found[0]) if len(found) else float("nan")


def _beyond(known: Array | None, at: float, base: float) -> float:
    """Return the chance that an input is beyond its break-even."""
    if known is None or not np.isfinite(at):
        return float("nan")
    return float((known > at).mean() if at > base else (known < at).mean())


def _input(value: float) -> str:
    """Print an input in three figures."""
    text = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return text.replace("-", "−")
