"""What it is worth to know an input before money is committed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib import _checks, _format
from cxlib.estimate import information as knowing
from cxlib.estimate._curves import Bases
from cxlib.estimate.information import Knowing, Stakes
from cxlib.result import Finding
from cxlib.roi import _words
from cxlib.roi._display import Told, column
from cxlib.roi.investments._options import Options, options
from cxlib.roi.investments.draws import Draws
from cxlib.roi.investments.simulation import Simulation

Array = npt.NDArray[np.float64]
PLAN, EVERYTHING = "which to fund", "everything"
COLUMNS = [
    *("decision", "input", "kind", "n", "estimate", "std_error", "ci_lower"),
    *("ci_upper", "share_changed", "share_of_everything"),
]
Z = 1.959963984540054


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Information(Told):
    """What knowing inputs before deciding is worth, in money.

    Attributes
    ----------
    table : pandas.DataFrame
        decision ('which to fund', or one initiative's name: fund it or not), input,
        kind (everything, initiative: all its inputs, input), n (draws), estimate,
        std_error, ci_lower, ci_upper (Monte Carlo error only), share_changed (how
        often the choice would be another), share_of_everything. Within a decision:
        everything, then the initiatives, then the inputs, the highest first.
    best : tuple of str
        The set that pays best on average as things are known.
    currency, horizon
        As simulated.
    reason : str
        Why nothing was valued, else empty.
    """

    best: tuple[str, ...]
    currency: str
    horizon: float
    reason: str = ""

    @property
    def text(self) -> str:
        """What to measure next, what that is worth, and the most that can be gained."""
        if self.table.empty:
            return f"There is nothing to learn before deciding: {self.reason}."
        whole, top = self.whole, self.inputs.head(1)
        most = _words.money(whole["estimate"], self.currency)
        if top.empty or not top["estimate"].iloc[0] > 0:
            known = f"; knowing all at once is worth {most}"
            alone = known if whole["estimate"] > 0 else ""
            return (
                "Measure nothing first: no single input, known exactly, would change "
                f"which initiatives to fund ({whole['n']:,} draws){alone}."
            )
        row = top.iloc[0]
        low, high = _format.ends(row["ci_lower"], row["ci_upper"], "amount")
        changed = _format.number(row["share_changed"], "share", decimals=0)
        return (
            f"What to measure next: the {row['input']}, worth up to "
            f"{_words.money(row['estimate'], self.currency)} (95 % CI {low} to {high}, "
            f"{row['n']:,} draws), since knowing it would change which initiatives to "
            f"fund {changed} % of the time. Knowing everything is worth {most}; pay "
            "less than that for any study."
        )

    @property
    def whole(self) -> pd.Series:
        """The row of knowing everything before choosing which to fund."""
        return self.table.iloc[0]

    @property
    def inputs(self) -> pd.DataFrame:
        """Rows of single inputs for the choice which to fund, the highest first."""
        rows = self.table
        return rows[(rows["decision"] == PLAN) & (rows["kind"] == "input")]

    @property
    def display(self) -> pd.DataFrame:
        """The ten highest of the choice which to fund, in words."""
        rows = self.table[self.table["decision"] == PLAN]
        kinds = rows["kind"].eq("input")
        rows = pd.concat([rows[~kinds].head(4), rows[kinds].head(8)])
        ends = column(rows["ci_lower"], "amount") + "\u00a0to\u00a0"
        share = column(rows["share_changed"], "share", decimals=0) + "\u00a0%"
        return pd.DataFrame(
            {
                "known before choosing": rows["input"],
                "worth up to": column(rows["estimate"], "amount"),
                "95 % CI": ends + column(rows["ci_upper"], "amount"),
                "changes the choice": share,
            }
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What knowing everything is worth, then the input worth most."""
        if self.table.empty:
            return ()
        rows = [("value of knowing everything", self.whole)]
        rows += [
            (f"value of knowing the {row['input']}", row)
            for _, row in self.inputs.head(1).iterrows()
        ]
        return tuple(
            Finding(
                id=name,
                statement=self.text,
                unit="amount",
                estimate=float(row["estimate"]),
                ci_lower=float(row["ci_lower"]),
                ci_upper=float(row["ci_upper"]),
                n=int(row["n"]),
                confidence_level=0.95,
            )
            for name, row in rows
        )


def information(
    simulation: Simulation | Draws, *, budget: float | None = None
) -> Information:
    """Value what could be known before choosing which initiatives to fund.

    Use it to see whether anything is worth measuring first, and what; use `next_study`
    for the size of an experiment. An input that moves the return (`tornado`) but not
    the choice is worth nothing here.

    Parameters
    ----------
    simulation : Simulation or Draws
    budget : float, optional
        First costs the chosen set may have together, on average; no limit if not given.

    Returns
    -------
    Information
        Of nothing, and with the reason, where nothing was simulated or is uncertain.

    Notes
    -----
    The choice is by the mean net present value. What is known exactly before choosing
    (EVPPI) gains the mean payoff of the choice then made, less that of the best choice
    now; with everything known, EVPI. Estimated by regression of the payoffs on the
    input with split samples (`cxlib.estimate.information.partial`): an input that
    cannot change the choice shows exactly 0. The interval is the Monte Carlo error.
    All inputs of an initiative are worth at least as much as any of them, and nothing
    more than everything. Up to six initiatives all sets are compared; with more, those
    that differ by one from the best, which is a lower bound.

    References
    ----------
    Strong, M., Oakley, J. & Brennan, A. (2014). Estimating multiparameter partial
    expected value of perfect information from a probabilistic sensitivity analysis
    sample. Medical Decision Making 34, 311-326. doi:10.1177/0272989X13505910

    Examples
    --------
    >>> from cxlib import roi
    >>> one = pd.DataFrame({"name": ["Callback"], "cost": [100.0], "effect": [1.0],
    ...     "effect_low": [0.0], "effect_high": [2.0], "reach": [60],
    ...     "evidence": ["randomised"]})
    >>> returns = roi.simulate(one, 1.0, horizon=2, steps_per_year=1, n_draws=4000)
    >>> roi.information(returns).inputs["input"].tolist()
    ['effect of Callback']
    """
    if budget is not None:
        _checks.in_range(budget, "budget", 0, float("inf"))
    draws = simulation.draws if isinstance(simulation, Simulation) else simulation
    if draws is None or not draws.names or not draws.inputs:
        given = simulation.reason if isinstance(simulation, Simulation) else ""
        return _nothing(given or "no input is uncertain", draws)
    choice = options(draws, budget)
    return Information(
        table=_table(draws, choice), unit="amount", best=choice.best,
        currency=draws.currency, horizon=draws.horizon, method=_method(choice, budget),
    )  # fmt: skip


def _nothing(reason: str, draws: Draws | None) -> Information:
    return Information(
        table=pd.DataFrame(columns=COLUMNS), unit="amount", best=(), reason=reason,
        currency=draws.currency if draws else "",
        horizon=draws.horizon if draws else float("nan"),
    )  # fmt: skip


def _method(choice: Options, budget: float | None) -> str:
    limit = "" if budget is None else f" within {budget:,.0f} of first costs"
    sets = "all" if choice.complete else "nearest"
    return (
        f"Value of information by regression on the draws, {len(choice.sets)} sets"
        f"{limit} compared ({sets}); payoff: mean net present value; interval: Monte "
        "Carlo error."
    )


def _table(draws: Draws, choice: Options) -> pd.DataFrame:
    asked = {PLAN: _Decision(draws.names, knowing.stakes(choice.payoffs))}
    for i, name in enumerate(draws.names):
        either = np.column_stack([np.zeros(len(draws.alone)), draws.alone[:, i]])
        asked.setdefault(name, _Decision((name,), knowing.stakes(either)))
    _answer(draws, list(asked.values()))
    parts = [_ranked(name, list(one.rows())) for name, one in asked.items()]
    table = pd.concat(parts, ignore_index=True)
    table["n"] = len(draws.alone)
    spread = Z * table["std_error"]
    table["ci_lower"] = (table["estimate"] - spread).clip(lower=0)
    table["ci_upper"] = table["estimate"] + spread
    most = table.groupby("decision", sort=False)["estimate"].transform("first")
    table["share_of_everything"] = (table["estimate"] / most).where(most > 0, 0.0)
    return table[COLUMNS]


class _Decision:
    """What a decision is between, and what knowing each input is worth for it."""

    def __init__(self, names: tuple[str, ...], stakes: Stakes) -> None:
        self.names, self.stakes = names, stakes
        self.whole = knowing.perfect(stakes)
        self.inputs: dict[str, Knowing] = {}
        self.joint: dict[str, Knowing] = {}

    def know(self, bases: Bases, own: list[str]) -> Knowing:
        """Return the value of some inputs, at least that of each of its parts."""
        found = knowing.partial(self.stakes, bases)
        return _capped(found, [self.inputs[one] for one in own], self.whole)

    def rows(self) -> Iterator[tuple[str, str, Knowing]]:
        """Yield input, kind and value."""
        yield EVERYTHING, EVERYTHING, self.whole
        yield from ((one, "input", known) for one, known in self.inputs.items())
        for name, known in self.joint.items():
            yield f"all about {name}", "initiative", known


def _answer(draws: Draws, asked: list[_Decision]) -> None:
    """Value each input for each decision it bears on, its splines made once."""
    for one, drawn in draws.inputs.items():
        ready, owner = knowing.bases(drawn), _owner(draws, one)
        for decision in asked:
            if owner in {*decision.names, ""}:
                decision.inputs[one] = decision.know(ready, [])
    for name in draws.names:
        own = owned(draws, (name,), shared=False)
        if len(own) < 2:
            continue
        ready = knowing.bases(np.column_stack([draws.inputs[one] for one in own]))
        for decision in asked:
            if name in decision.names:
                decision.joint[name] = decision.know(ready, own)


def _capped(found: Knowing, parts: list[Knowing], whole: Knowing) -> Knowing:
    """Keep what is known in order: a part, all of one initiative, everything."""
    return min(max([found, *parts], key=_value), whole, key=_value)


def _value(known: Knowing) -> float:
    return known.value


def owned(draws: Draws, names: tuple[str, ...], *, shared: bool) -> list[str]:
    """Return the uncertain inputs of some initiatives, and those of none."""
    wanted = {*names, ""} if shared else set(names)
    return [one for one in draws.inputs if _owner(draws, one) in wanted]


def _owner(draws: Draws, one: str) -> str:
    """Return the initiative that an input belongs to; nothing where all share it."""
    fits = [name for name in draws.names if one.endswith(f" of {name}")]
    return max(fits, key=len, default="")


def _ranked(decision: str, rows: list[tuple[str, str, Knowing]]) -> pd.DataFrame:
    table = pd.DataFrame(
        [(n, k, v.value, v.std_error, v.changes) for n, k, v in rows],
        columns=["input", "kind", "estimate", "std_error", "share_changed"],
    )
    order = {EVERYTHING: 0, "initiative": 1, "input": 2}
    table["decision"], table["at"] = decision, table["kind"].map(order)
    return table.sort_values(
        ["at", "estimate"], ascending=[True, False], kind="stable", ignore_index=True
    )
