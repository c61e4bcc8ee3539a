"""The cells of a transition table: one person a row, their states in two waves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cxlib.estimate import Design, bootstrap, design, estimate, wilson
from cxlib.estimate.design import Array
from cxlib.nps._answers import Answers, Rows
from cxlib.nps._suppress import COMPLEMENT, is_hidden, statuses

GONE, NEW = "did not answer again", "did not answer before"
NAMES = {
    "net": {-1.0: "detractor", 0.0: "passive", 1.0: "promoter"},
    "share": {0.0: "not top box", 1.0: "top box"},
}
REVENUE = ["share_revenue", "mean_amount", "mean_amount_ci_lower",
           "mean_amount_ci_upper", "total_amount"]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class People:
    """One row a person who answered in either wave.

    `first` and `last` are the values in the two waves, NaN without an answer; the
    plan and the revenue are those of the first answer. `twice` counts answers beyond
    one a wave, which are left out.
    """

    first: Array
    last: Array
    plan: Design
    revenue: Array | None
    twice: int

    @property
    def both(self) -> Rows:
        """Who answered in both waves."""
        return np.asarray(np.isfinite(self.first) & np.isfinite(self.last))


def people(
    answers: Answers, a: Rows, b: Rows, respondent: str, revenue: str | None
) -> People:
    """Put the two waves side by side; the last row of a person in a wave counts."""
    plan, who = answers.plan, answers.rows[respondent]
    table = pd.DataFrame(
        {"who": who, "value": answers.values, "weight": plan.weights,
         "cluster": plan.cluster, "stratum": plan.strata}
    )  # fmt: skip
    if revenue:
        table["revenue"] = pd.to_numeric(answers.rows[revenue], errors="coerce")
    waves = [table[rows & who.notna().to_numpy(dtype=bool)] for rows in (a, b)]
    single = [w.drop_duplicates("who", keep="last").set_index("who") for w in waves]
    ids = single[0].index.union(single[1].index, sort=False)
    own = single[0].reindex(ids).fillna(single[1].reindex(ids))
    return People(
        first=single[0]["value"].reindex(ids).to_numpy(dtype=float),
        last=single[1]["value"].reindex(ids).to_numpy(dtype=float),
        plan=design(
            len(ids), weights=own["weight"] if plan.weighted else None,
            strata=own["stratum"] if plan.stratified else None,
            cluster=own["cluster"] if plan.clustered else None,
        ),
        revenue=own["revenue"].to_numpy(dtype=float) if revenue else None,
        twice=sum(map(len, waves)) - sum(map(len, single)),
    )  # fmt: skip


def cells(found: People, kind: str, level: float, min_n: int) -> pd.DataFrame:
    """One row a transition: n, share of its first state with interval, revenue."""
    names = NAMES[kind]
    begin = pd.Series(found.first).map(names).fillna(NEW).to_numpy()
    end = pd.Series(found.last).map(names).fillna(GONE).to_numpy()
    states = list(names.values())
    rows = []
    for one in (*states, NEW):
        ends = [*states, GONE] if one != NEW and (end == GONE).any() else states
        domain = begin == one
        for other in ends if domain.any() else ():
            part = _share(found, domain, domain & (end == other), level, len(ends))
            rows.append({"before": one, "after": other} | part)
    table = pd.DataFrame(rows)
    table["status"] = _grid(table, min_n)
    hidden = table["status"].map(is_hidden).to_numpy(dtype=bool)
    shown = [c for c in table.columns if c not in {"before", "after", "status"}]
    table[shown] = table[shown].astype(float)
    table.loc[hidden, shown] = np.nan
    return table


def _share(
    found: People, domain: Rows, cell: Rows, level: float, states: int
) -> dict[str, float]:
    """Share of a state's people with Goodman's simultaneous interval; revenue."""
    w = found.plan.weights
    total = float(w[domain].sum())
    row: dict[str, float] = {"n": float(cell.sum()), "n_before": float(domain.sum())}
    if total > 0:
        share = float(w[cell].sum()) / total
        kish = total**2 / float(np.square(w[domain]).sum())
        ends = wilson(share, kish, confidence_level=1 - (1 - level) / states)
        row |= {"estimate": share, "ci_lower": ends[0], "ci_upper": ends[1]}
    if found.revenue is not None:
        row |= _revenue(found, cell, level)
    return row


def _revenue(found: People, cell: Rows, level: float) -> dict[str, float]:
    """Mean with interval, total and share of all revenue of those in a cell."""
    money = np.asarray(found.revenue)
    known, nan = np.isfinite(money), float("nan")
    inside = cell & known
    row = {
        "total_amount": float(money[inside].sum()),
        "share_revenue": float(money[inside].sum() / money[known].sum()),
    }
    if len(np.unique(found.plan.units[inside])) < 2:
        return row | dict.fromkeys(REVENUE[1:4], nan)
    mean = estimate(
        money, "mean", plan=found.plan, domain=inside, confidence_level=level
    )
    ends = mean.estimate, mean.ci_lower, mean.ci_upper
    return row | dict(zip(REVENUE[1:4], ends, strict=True))


def _grid(table: pd.DataFrame, min_n: int) -> list[str]:
    """Hide small cells, and others, until no row or column gives one away."""
    status = pd.Series("shown", index=table.index, dtype="object")
    for _, group in table.groupby("before", sort=False):
        for place, word in zip(group.index, statuses(group["n"], min_n), strict=True):
            status[place] = word
    for _ in range(len(table)):
        before = status.copy()
        for side in ("after", "before"):
            for _, group in table.groupby(side, sort=False):
                _protect(status, group["n"], min_n)
        if before.equals(status):
            break
    return [str(word) for word in status]


def _protect(status: pd.Series, n: pd.Series, min_n: int) -> None:
    """Hide the next smallest cells of a line whose hidden cells can be worked out."""
    own = status[n.index]
    hidden = own.map(is_hidden).astype(bool)
    for place in n.sort_values(kind="stable").index:
        if not hidden.any() or (hidden.sum() >= 2 and n[hidden].sum() >= min_n):
            return
        if not hidden[place]:
            hidden[place] = True
            status[place] = COMPLEMENT


def regression(
    found: People, kind: str, level: float, min_n: int, reliability: float | None,
    n_resamples: int, rng: int | np.random.Generator,
) -> pd.DataFrame:  # fmt: skip
    """Move of each first state, what no change would give, and the rest.

    One row a state among those who answered twice. No change: the symmetric table
    (as many go from i to j as from j to i), or the test-retest reliability.
    """
    names, both = NAMES[kind], found.both
    values = np.array(list(names))
    one, other = (np.searchsorted(values, v[both]) for v in (found.first, found.last))
    plan = found.plan.at(both)
    k = len(values)

    def moves(count: Array) -> Array:
        weights = count * plan.weights
        flat = np.bincount(one * k + other, weights=weights, minlength=k**2)
        joint = flat.astype(np.float64).reshape(k, k)
        return _moves(np.asarray(joint), values, reliability)

    n = np.bincount(one, minlength=k)
    table = pd.DataFrame({"before": list(names.values()), "n": n.astype(float)})
    table["status"] = statuses(n, min_n)
    cluster = plan.cluster if plan.clustered else None
    draws = bootstrap(
        moves, len(one), cluster=cluster, n_resamples=n_resamples, rng=rng
    )
    _add(table, moves(np.ones(len(one))), draws, (1 - level) / 2)
    hidden = table["status"].map(is_hidden).to_numpy(dtype=bool)
    shown = [c for c in table.columns if c not in {"before", "status"}]
    table.loc[hidden, shown] = np.nan
    return table


def _add(table: pd.DataFrame, point: Array, draws: Array, tail: float) -> None:
    """Write the moves with percentile intervals into the table."""
    for i, name in enumerate(("estimate", "expected", "excess")):
        prefix = "" if name == "estimate" else f"{name}_"
        usable = np.where(np.isfinite(draws[:, i]).any(axis=0), draws[:, i], 0.0)
        low, high = np.nanquantile(usable, [tail, 1 - tail], axis=0)
        table[name] = point[i]
        table[f"{prefix}ci_lower"], table[f"{prefix}ci_upper"] = low, high


def _moves(joint: Array, values: Array, reliability: float | None) -> Array:
    """Observed, expected and excess mean move of each row of a table of two waves."""

    def move(table: Array) -> Array:
        base = table.sum(axis=1)
        safe = np.where(base > 0, base, np.nan)
        return np.asarray(table @ values / safe - values)

    seen = move(joint)
    if reliability is None:
        usual = move(joint + joint.T)
    else:
        mean = float(joint.sum(axis=1) @ values / joint.sum())
        usual = (1 - reliability) * (mean - values)
    return np.stack([seen, usual, seen - usual])
