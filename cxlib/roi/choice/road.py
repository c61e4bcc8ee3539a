"""When the chosen are begun, quarter by quarter, and why each is there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib.errors import ArgumentError
from cxlib.result import Assumption, Finding
from cxlib.roi import _words
from cxlib.roi._display import Told, column
from cxlib.roi.choice._cash import CASH, cash_of, quarters_in, sentence
from cxlib.roi.choice._columns import read_effort, texts
from cxlib.roi.choice._problem import Problem, quarters_of, read_budget
from cxlib.roi.choice._scenarios import by_name, chance
from cxlib.roi.choice._sequence import by_priority
from cxlib.roi.choice._urgency import QUARTER
from cxlib.roi.choice.portfolio import Choice

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
NOBODY, LATER = "nobody named", "not placed"
COLUMNS = [
    *("quarter", "initiative", "why", "owner", "cost_amount", "committed_amount"),
    *("npv_amount", "p10_amount", "p90_amount", "share_positive", "evidence"),
    *("source", "stop", "starts", "weeks"),
]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Roadmap(Told):
    """The chosen initiatives by quarter, with the log of the decision.

    Attributes
    ----------
    table : pandas.DataFrame
        quarter, initiative, why, owner, cost_amount (mean first cost, due in that
        quarter), committed_amount (first costs up to and with this row), npv_amount
        (mean, done alone, begun then), p10_amount, p90_amount, share_positive,
        evidence, source, stop (what would stop it), starts (quarter from 0; blank where
        not placed), weeks (of work; a quarter where no effort is given).
    quarters : pandas.DataFrame
        quarter, budget_amount (blank without one), spent_amount, n_initiatives.
    cash : pandas.DataFrame
        quarter, cash_amount (mean, all together, overlap taken out, not discounted),
        cumulative_amount (mean, at the end of the quarter), cumulative_p10_amount,
        cumulative_p90_amount; to the end of the horizon, empty in yearly steps.
    currency : str
    reason : str
        Why there is no roadmap, else empty.
    """

    quarters: pd.DataFrame
    cash: pd.DataFrame
    currency: str
    reason: str = ""

    @property
    def text(self) -> str:
        """What begins when, what is committed, and what is not placed."""
        if self.table.empty:
            return f"There is no roadmap: {self.reason}."
        placed = self.table[self.table["starts"].notna()]
        said = []
        for quarter, rows in placed.groupby("quarter", sort=False):
            said.append(f"{quarter} {_words.listed(rows['initiative'].tolist())}")
        begun = f"To begin: {'; '.join(said)}." if said else "Nothing can begin."
        total = _words.money(float(placed["cost_amount"].sum()), self.currency)
        rest = self.table.loc[self.table["starts"].isna(), "initiative"].tolist()
        out = f" Not placed: {_words.listed(rest)}." if rest else ""
        lacks = int((self.table["owner"] == NOBODY).sum())
        nobody = f" {lacks} without an owner." if lacks else ""
        money = sentence(self.cash, self.currency)
        return f"{begun} First costs come to {total}.{money}{out}{nobody}"

    @property
    def display(self) -> pd.DataFrame:
        """One line an initiative, in words."""
        rows = self.table
        if rows.empty:
            return pd.DataFrame()
        return pd.DataFrame(
            {
                "quarter": rows["quarter"],
                "initiative, owner": rows["initiative"] + ", " + rows["owner"],
                "first cost": column(rows["cost_amount"], "amount"),
                "chance": rows["share_positive"].map(chance),
                "why; what would stop it": rows["why"] + "; " + rows["stop"],
            }
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """First costs committed, and the lowest cumulative cash."""
        if self.table.empty:
            return ()
        placed = self.table[self.table["starts"].notna()]
        cost = Finding(
            id="first costs on the roadmap", statement=self.text, unit="amount",
            estimate=float(placed["cost_amount"].sum()),
        )  # fmt: skip
        lowest = self.cash.sort_values("cumulative_amount", kind="stable").head(1)
        return (
            cost,
            *(
                Finding(
                    id="lowest cumulative cash", statement=self.text, unit="amount",
                    estimate=float(row["cumulative_amount"]),
                    ci_lower=float(row["cumulative_p10_amount"]),
                    ci_upper=float(row["cumulative_p90_amount"]),
                    confidence_level=0.8,
                )
                for _, row in lowest.iterrows()
            ),
        )  # fmt: skip


def roadmap(
    choice: Choice,
    initiatives: pd.DataFrame | None = None,
    *,
    budget: float | Sequence[float] | None = None,
    first: str = "",
    quarters: int = 8,
) -> Roadmap:
    """Set the quarter in which each chosen initiative begins.

    Use it to hand a choice over: its table is a decision log that can be saved as CSV.

    Parameters
    ----------
    choice : Choice
        Of `choose`.
    initiatives : pandas.DataFrame, optional
        The table that was simulated, for its columns owner, source, evidence, effect,
        effort (weeks) and stop (what would stop it).
    budget : float or sequence of float, optional
        For first costs, the same in every quarter or one for each; what is left over
        does not carry over. No limit when not given.
    first : str
        The first quarter, as '2026-Q1'; quarters are numbered when not given. Quarters
        are counted from the first start in the file.
    quarters : int
        Quarters to fill; as many as `budget` has, where it is a list.

    Returns
    -------
    Roadmap
        Of nothing, and with the reason, where nothing was chosen.

    Notes
    -----
    In the order of mean NPV added per first cost, each begins in the first quarter that
    is not before its planned start, not before what it needs is done (its weeks of
    work, at least one quarter) and in which its cost fits. What does not fit anywhere
    is listed as not placed. Chance and NPV are those of the initiative alone, begun
    then, up to the same end of the horizon. `cash` is that of what is placed, all
    together; a first cost counts in the quarter that begins with it. Where no `stop` is
    given it is the effect at which mean benefits no longer cover costs.

    Examples
    --------
    >>> from cxlib import roi
    >>> plans = pd.DataFrame({"name": ["A", "B"], "cost": [60.0, 50.0],
    ...     "effect": [1.0, 0.8], "effect_low": [0.9, 0.7], "effect_high": [1.1, 0.9],
    ...     "reach": [50] * 2, "evidence": ["randomised"] * 2, "owner": ["Ada", "Bo"]})
    >>> chosen = roi.choose(roi.simulate(plans, 2.0, n_draws=500), plans, budget=None)
    >>> road = roadmap(chosen, plans, budget=60, first="2026-Q4")
    >>> road.text.split(". ")[0]
    'To begin: 2026-Q4 A; 2027-Q1 B'
    >>> road.cash["cumulative_amount"].round().head(2).tolist()
    [-35.0, -40.0]
    """
    limits = read_budget(budget)
    if len(limits) > 1:
        quarters = len(limits)
    if quarters < 1:
        raise ArgumentError(f"`quarters` is {quarters}; it must be 1 or more.")
    _labels(first, quarters)
    if choice.problem is None or not choice.chosen:
        return _nothing(choice.reason or "nothing was chosen")
    problem = choice.problem
    named = _labels(first, max(quarters, quarters_in(problem.draws)))
    labels = named[:quarters]
    room = np.full(quarters, np.inf)
    if limits:
        room = np.array(limits if len(limits) > 1 else limits * quarters)
    effort = read_effort(initiatives, problem.draws, unit="weeks", rng=0)
    work = effort.draws.mean(axis=0) if effort.given else np.full(
        len(problem.names), QUARTER
    )  # fmt: skip
    places, why = _placed(problem, choice, room.copy(), work)
    table = _table(problem, initiatives, places, why, work, labels)
    return Roadmap(
        table=table, quarters=_by_quarter(table, labels, room), unit="amount",
        cash=cash_of(problem.draws, _starts(problem, places), named),
        currency=choice.currency, assumptions=_owned(table),
        method="By value per cost, each in the first quarter that its start, what it "
        "needs and the budget allow.",
    )  # fmt: skip


def _starts(problem: Problem, places: dict[int, int | None]) -> dict[str, float]:
    """Return the year in which each that is placed begins."""
    draws, planned = problem.draws, quarters_of(problem.draws)
    return {
        problem.names[i]: float(draws.plans.start[i] + max(q - planned[i], 0) / 4)
        for i, q in places.items()
        if q is not None
    }


def _labels(first: str, n: int) -> list[str]:
    if not first:
        return [f"quarter {q + 1}" for q in range(n)]
    found = re.fullmatch(r"(\d{4})[- ]?Q([1-4])", first.strip())
    if found is None:
        raise ArgumentError(f"`first` is '{first}'; write a quarter as '2026-Q1'.")
    at = 4 * int(found[1]) + int(found[2]) - 1
    return [f"{q // 4}-Q{q % 4 + 1}" for q in range(at, at + n)]


def _placed(
    problem: Problem, choice: Choice, room: Array, work: Array
) -> tuple[dict[int, int | None], dict[int, str]]:
    """Return the quarter of each chosen initiative, None for none, and the reason."""
    chosen = [problem.names.index(name) for name in choice.chosen]
    adds = choice.table.set_index("initiative")["adds_amount"]
    value = np.array([float(adds[problem.names[i]]) for i in chosen])
    ratio = value / np.maximum(problem.upfront[chosen], 1e-12)
    needs = [
        (chosen.index(a), chosen.index(b))
        for a, b in problem.ties.needs
        if a in chosen and b in chosen
    ]
    planned = np.maximum(quarters_of(problem.draws), 0)
    places: dict[int, int | None] = {}
    why: dict[int, str] = {}
    for at in by_priority(ratio, needs):
        i = chosen[at]
        before = [chosen[b] for a, b in needs if a == at]
        places[i], why[i] = _place(problem, i, before, (planned, places, room, work))
    return places, why


def _place(
    problem: Problem,
    i: int,
    before: list[int],
    state: tuple[Ints, dict[int, int | None], Array, Array],
) -> tuple[int | None, str]:
    planned, places, room, work = state
    early = int(planned[i])
    reason = "as planned"
    for b in before:
        begun = places[b]
        if begun is None:
            return None, f"needs {problem.names[b]}, which is not placed"
        done = begun + max(1, int(np.ceil(work[b] / QUARTER - 1e-9)))
        if done > early:
            early, reason = done, f"after {problem.names[b]}, which it needs"
    for quarter in range(early, len(room)):
        if problem.upfront[i] <= room[quarter] * (1 + 1e-9):
            room[quarter] -= problem.upfront[i]
            return quarter, reason if quarter == early else "when the budget allows"
    over = early >= len(room)
    return None, "begins after the last quarter" if over else "fits in no quarter"


def _table(
    problem: Problem,
    initiatives: pd.DataFrame | None,
    places: dict[int, int | None],
    why: dict[int, str],
    work: Array,
    labels: list[str],
) -> pd.DataFrame:
    frame = by_name(initiatives, problem.names)
    words = {c: texts(frame, c) for c in ("owner", "evidence", "source")}
    stops, planned = _stops(problem, frame), quarters_of(problem.draws)
    rows = []
    for i, quarter in places.items():
        late = 0 if quarter is None else quarter - int(planned[i])
        npv = problem.draws.alone[:, i]
        if late > 0:
            npv = problem.draws.delayed(late * 365.25 / 28)[:, i]
        low, high = np.quantile(npv, (0.1, 0.9))
        rows.append(
            (
                LATER if quarter is None else labels[quarter], problem.names[i], why[i],
                words["owner"][i] or NOBODY, float(problem.upfront[i]), np.nan,
                float(npv.mean()), float(low), float(high), float((npv > 0).mean()),
                words["evidence"][i], words["source"][i], stops[i],
                np.nan if quarter is None else quarter, float(work[i]),
            )
        )  # fmt: skip
    table = pd.DataFrame(rows, columns=COLUMNS)
    table = table.sort_values("starts", kind="stable", ignore_index=True)
    spent = table["cost_amount"].where(table["starts"].notna(), 0.0).cumsum()
    return table.assign(committed_amount=spent)


def _stops(problem: Problem, frame: pd.DataFrame) -> list[str]:
    """Return what would stop each: as given, else the effect that breaks even."""
    given = texts(frame, "stop")
    effect = pd.to_numeric(
        frame.get("effect", pd.Series(np.nan, frame.index)), errors="coerce"
    ).to_numpy(dtype=float)
    cost = problem.draws.cost.mean(axis=0)
    benefit = problem.draws.alone.mean(axis=0) + cost
    found = []
    for i, word in enumerate(given):
        known = np.isfinite(effect[i]) and benefit[i] > 0 and effect[i] > 0
        even = f"an effect below {effect[i] * cost[i] / benefit[i]:.2g}" if known else (
            "a return below zero"
        )  # fmt: skip
        found.append(word or even)
    return found


def _by_quarter(table: pd.DataFrame, labels: list[str], room: Array) -> pd.DataFrame:
    placed = table.dropna(subset=["starts"])
    at = placed["starts"].to_numpy(dtype=int)
    cost = placed["cost_amount"].to_numpy(dtype=float)
    return pd.DataFrame(
        {
            "quarter": labels,
            "budget_amount": np.where(np.isfinite(room), room, np.nan),
            "spent_amount": np.bincount(at, cost, minlength=len(labels)),
            "n_initiatives": np.bincount(at, minlength=len(labels)),
        }
    )


def _owned(table: pd.DataFrame) -> tuple[Assumption, ...]:
    """Return an assumption where nobody answers for an initiative."""
    names = table.loc[table["owner"] == NOBODY, "initiative"].tolist()
    if not names:
        return ()
    text = f"Nobody is named to own {_words.listed(names)}."
    return (Assumption(text=text, quality="low", impact="high"),)


def _nothing(reason: str) -> Roadmap:
    names = ["quarter", "budget_amount", "spent_amount", "n_initiatives"]
    return Roadmap(
        table=pd.DataFrame(columns=COLUMNS), quarters=pd.DataFrame(columns=names),
        cash=pd.DataFrame(columns=CASH), unit="amount", currency="", reason=reason,
    )  # fmt: skip
