"""Tables of a choice: each initiative, the sets beside it, other budgets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib import _checks
from cxlib.errors import ArgumentError
from cxlib.roi import _words
from cxlib.roi.choice._problem import Problem
from cxlib.roi.choice._rules import required
from cxlib.roi.choice._scenarios import chance, spans
from cxlib.roi.choice._solve import foreseen

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
CHOSEN, GREEDY, FAVOURED = "chosen", "by return per cost", "favoured"
FACTORS = (0.5, 0.75, 0.9, 1.0, 1.1, 1.25, 1.5)
TABLE = [
    *("initiative", "chosen", "upfront_amount", "npv_amount", "p10_amount"),
    *("p50_amount", "p90_amount", "share_positive", "adds_amount", "share_optimal"),
    "why",
]
SETS = [
    *("set", "initiatives", "n_initiatives", "upfront_amount", "npv_amount"),
    *("p10_amount", "p50_amount", "p90_amount", "share_positive", "allowed"),
    *("share_over", "regret_amount", "regret_p90_amount", "behind_amount"),
    *("behind_p10_amount", "behind_p90_amount"),
]
BUDGETS = ["share_budget", "budget_amount", "initiatives", "npv_amount", "gain_amount"]


def initiatives_table(problem: Problem, chosen: Bools, optimal: Bools) -> pd.DataFrame:
    """Return one row an initiative, chosen first, by what it adds."""
    adds = _adds(problem, chosen)
    often = optimal.mean(axis=0)
    table = pd.DataFrame(
        {"initiative": problem.names, "chosen": chosen}
        | {"upfront_amount": problem.upfront}
        | spans(problem.draws.alone)
        | {"adds_amount": adds, "share_optimal": often}
    )  # fmt: skip
    table["why"] = [
        _why(problem, chosen, i, float(adds[i]), float(often[i]))
        for i in range(len(chosen))
    ]
    return table.sort_values(
        ["chosen", "adds_amount"], ascending=False, kind="stable", ignore_index=True
    )[TABLE]


def _adds(problem: Problem, chosen: Bools) -> Array:
    """Return the mean NPV that each adds to the rest of the chosen set."""
    found = []
    for i in range(len(chosen)):
        with_it, without = chosen.copy(), chosen.copy()
        with_it[i], without[i] = True, False
        found.append(problem.mean(with_it) - problem.mean(without))
    return np.array(found)


def _why(problem: Problem, chosen: Bools, i: int, adds: float, often: float) -> str:
    if not chosen[i]:
        return _why_out(problem, chosen, i, adds)
    names, ties = problem.names, problem.ties
    users = [names[a] for a, b in ties.needs if b == i and chosen[a]]
    if i in ties.must:
        return "must be done"
    if i in required(ties) or (adds <= 0 and users):
        return f"needed by {_words.listed(users)}"
    return f"in the best set in {chance(often)} of draws"


def _why_out(problem: Problem, chosen: Bools, i: int, adds: float) -> str:
    names, ties = problem.names, problem.ties
    others = [a + b - i for a, b in ties.excludes if i in (a, b)]
    rivals = [names[other] for other in others if chosen[other]]
    lacks = [names[b] for a, b in ties.needs if a == i and not chosen[b]]
    more = chosen.copy()
    more[i] = True
    reasons = (
        (i in ties.never, "marked never"),
        (bool(rivals), f"excluded by {', '.join(rivals)}"),
        (bool(lacks), f"needs {', '.join(lacks)}"),
        (adds <= 0 and problem.draws.alone[:, i].mean() <= 0,
         "costs more than it returns"),
        (adds <= 0, "adds nothing to the chosen"),
        (not problem.allowed(more), "does not fit in the budget beside the chosen"),
    )  # fmt: skip
    return next((said for so, said in reasons if so), "adds more risk than return")


def compare(
    problem: Problem, chosen: Bools, favoured: Sequence[str], best: Array
) -> pd.DataFrame:
    """Return one row a set: the chosen, the greedy, the favoured, nothing.

    `best` is the NPV of perfect foresight in the first draws.
    """
    sets = {CHOSEN: chosen, GREEDY: greedy(problem)}
    if favoured:
        sets[FAVOURED] = named(problem, favoured)
    sets["nothing"] = np.zeros(len(chosen), dtype=bool)
    own = problem.npv(chosen)
    rows = [_set_row(problem, label, one, own, best) for label, one in sets.items()]
    return pd.DataFrame(rows, columns=SETS)


def _set_row(
    problem: Problem, label: str, one: Bools, own: Array, best: Array
) -> dict[str, object]:
    npv = problem.npv(one)
    allowed = problem.allowed(one)
    seen = problem.values.amounts[: len(best)] @ problem.values.active(one[None, :])[0]
    regret = np.maximum(best - seen, 0.0) if allowed else np.full(1, np.nan)
    behind = own - npv
    low, high = np.quantile(behind, (0.1, 0.9))
    figures = {key: float(value[0]) for key, value in spans(npv[:, None]).items()}
    return {
        "set": label, "initiatives": "; ".join(problem.listed(one)),
        "n_initiatives": int(one.sum()),
        "upfront_amount": float(problem.upfront[one].sum()), **figures,
        "allowed": allowed, "share_over": problem.over(one),
        "regret_amount": float(regret.mean()),
        "regret_p90_amount": float(np.quantile(regret, 0.9)),
        "behind_amount": float(behind.mean()), "behind_p10_amount": float(low),
        "behind_p90_amount": float(high),
    }  # fmt: skip


def named(problem: Problem, favoured: Sequence[str]) -> Bools:
    """Return the favoured initiatives as a set."""
    if isinstance(favoured, str):
        raise ArgumentError(f"`favoured` is '{favoured}'; give a list of names.")
    for name in favoured:
        if name not in problem.names:
            raise ArgumentError(
                f"`favoured` has '{name}'; {_checks.did_you_mean(name, problem.names)}"
            )
    return np.isin(np.array(problem.names, dtype=object), list(favoured))


def greedy(problem: Problem) -> Bools:
    """Return the set that a list by mean NPV per first cost fills, best first.

    With each comes what it needs; one that does not fit, or returns less than it
    costs, is passed over.
    """
    n, ties = len(problem.names), problem.ties
    now = np.isin(np.arange(n), sorted(required(ties)))
    mean = problem.draws.alone.mean(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.nan_to_num(mean / problem.upfront, nan=0.0)
    for i in np.argsort(-ratio, kind="stable"):
        if mean[i] <= 0 or now[i]:
            continue
        more, size = now.copy(), 0
        more[i] = True
        while more.sum() != size:
            size = more.sum()
            for a, b in ties.needs:
                more[b] |= more[a]
        if problem.allowed(more):
            now = more
    return now


def by_budget(problem: Problem, chosen: Bools) -> pd.DataFrame:
    """Return the best set and its mean NPV under other budgets."""
    rows = []
    base, inside = problem.mean(chosen), required(problem.ties)
    least = np.isin(np.arange(len(chosen)), sorted(inside))
    total = float(problem.rules.most[: problem.rules.n_budgets].sum())
    for factor in FACTORS if problem.rules.n_budgets else ():
        rules = problem.rules.scaled(factor)
        if not rules.allow(least[None, :])[0]:
            rows.append((factor, factor * total, "none is allowed", np.nan, np.nan))
            continue
        one = chosen if factor == 1 else problem.best(rules)[0]
        npv = problem.mean(one)
        said = "; ".join(problem.listed(one))
        rows.append((factor, factor * total, said, npv, npv - base))
    return pd.DataFrame(rows, columns=BUDGETS)


def foresight(problem: Problem) -> tuple[Array, Bools]:
    """Return NPV and set of perfect foresight, draw by draw."""
    return foreseen(problem.values, problem.rules)
