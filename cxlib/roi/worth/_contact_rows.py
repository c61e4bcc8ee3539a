"""Numbers of contacts: cost by theme, what a repeat costs, what brings repeats."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from cxlib import estimate
from cxlib.errors import DataError
from cxlib.estimate import log_mean
from cxlib.roi.worth._contacts import MIN_CUSTOMERS, Contacts

Array = npt.NDArray[np.float64]
NAN = float("nan")
EVERY, SHOWN, HIDDEN = "all themes", "shown", "hidden (n < 10)"
REPEAT, FIRST = "a repeat contact", "a first contact"
MORE = "further contacts where the first did not solve it"
SOLVED = "one first contact that solves it instead"
DEARER = "cost of an unsolved contact against a solved one"
THEMES = [
    *("theme", "n", "n_customers", "minutes", "estimate", "std_error", "ci_lower"),
    *("ci_upper", "unit", "total_amount", "share", "share_repeat", "repeat_amount"),
    *("share_resolved", "status"),
]
QUANTITIES = [
    *("quantity", "n", "n_customers", "estimate", "std_error", "ci_lower", "ci_upper"),
    "unit",
]


def by_theme(found: Contacts, level: float) -> pd.DataFrame:
    """Return one row a theme, the dearest in all first, and one of all."""
    names = pd.Series(found.theme).unique().tolist()
    rows = [_theme(found, name, found.theme == name, level) for name in names]
    rows.sort(key=_dearest, reverse=True)
    if len(names) > 1:
        everywhere = np.ones(len(found.cost), dtype=bool)
        rows.append(_theme(found, EVERY, everywhere, level))
    table = pd.DataFrame(rows)
    few = (table["n_customers"] < MIN_CUSTOMERS).to_numpy()
    table["status"] = np.where(few, HIDDEN, SHOWN)
    table = table.reindex(columns=THEMES)
    numbers = [name for name in THEMES if name not in {"theme", "unit", "status"}]
    table[numbers] = table[numbers].astype(float)
    table.loc[few, numbers] = np.nan
    return table


def _dearest(row: dict[str, Any]) -> float:
    return float(row["total_amount"])


def _theme(
    found: Contacts, name: str, inside: npt.NDArray[np.bool_], level: float
) -> dict[str, object]:
    cost, total = found.cost[inside], float(found.cost.sum())
    people = len(np.unique(found.customer[inside]))
    row: dict[str, object] = {
        "theme": name, "n": len(cost), "n_customers": people, "unit": "amount",
        "minutes": _mean(found.minutes[inside]), "total_amount": float(cost.sum()),
        "share": float(cost.sum()) / total if total else NAN,
        "share_repeat": float(found.repeat[inside].mean()),
        "repeat_amount": float(cost[found.repeat[inside]].sum()),
        "share_resolved": _mean(found.solved[inside]),
    }  # fmt: skip
    if people < 2:
        return row
    return row | _average(found, inside, level)


def _mean(values: Array) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else NAN


def _average(
    found: Contacts, inside: npt.NDArray[np.bool_], level: float
) -> dict[str, float]:
    plan = estimate.design(int(inside.sum()), cluster=found.customer[inside])
    row = estimate.estimate(
        found.cost[inside], "mean", plan=plan, confidence_level=level
    ).as_row()
    return {k: row[k] for k in ("estimate", "std_error", "ci_lower", "ci_upper")}


def quantities(found: Contacts, level: float) -> pd.DataFrame:
    """Return what contacts cost, first and repeated, and what solving saves."""
    rows = []
    for name, inside in ((REPEAT, found.repeat), (FIRST, ~found.repeat)):
        people = len(np.unique(found.customer[inside]))
        if people >= MIN_CUSTOMERS:
            row = {"quantity": name, "n": int(inside.sum()), "n_customers": people}
            rows.append(row | _average(found, inside, level) | {"unit": "amount"})
    if rows and rows[0]["quantity"] == REPEAT:
        rows += _solved(found, level)
    return pd.DataFrame(rows, columns=QUANTITIES)


def _solved(found: Contacts, level: float) -> list[dict[str, object]]:
    """Compare matters whose first contact solved them with those it did not."""
    first = ~found.repeat & found.followed & np.isfinite(found.solved)
    unsolved = 1 - found.solved[first]
    if min(unsolved.sum(), (1 - unsolved).sum()) < MIN_CUSTOMERS:
        return []
    further = np.bincount(found.matter)[found.matter[first]] - 1.0
    design = np.column_stack([unsolved, *_dummies(found.theme[first])])
    codes, people = np.unique(found.customer[first], return_inverse=True)
    try:
        model = log_mean.fit(further, design, cluster=people, family="poisson")
    except DataError:
        return []
    more, pull = log_mean.mean_change(model, design, 0)
    everywhere = np.zeros(found.n_customers)
    everywhere[codes] = pull
    price, price_pull = _repeat_price(found)
    saved = price * everywhere + more * price_pull
    n = {"n": int(first.sum()), "n_customers": len(codes)}
    rows = [
        {"quantity": MORE, **n, **_row(more, everywhere, model.df, level)}
        | {"unit": "score"},
        {"quantity": SOLVED, **n, **_row(more * price, saved, model.df, level)}
        | {"unit": "amount"},
    ]
    return rows + _dearer(found, level)


def _dearer(found: Contacts, level: float) -> list[dict[str, object]]:
    """Ratio of costs of unsolved and solved contacts, theme and repeat the same."""
    known = np.isfinite(found.solved)
    repeat = found.repeat[known].astype(float)
    columns = [1 - found.solved[known], *([repeat] if np.ptp(repeat) else [])]
    design = np.column_stack([*columns, *_dummies(found.theme[known])])
    codes, people = np.unique(found.customer[known], return_inverse=True)
    try:
        model = log_mean.fit(found.cost[known], design, cluster=people, family="gamma")
    except DataError:
        return []
    log, error = float(model.coef[0]), float(model.std_error[0])
    half = float(stats.t.isf((1 - level) / 2, model.df)) * error
    ends = np.exp([log, log - half, log + half]).tolist()
    return [
        {
            "quantity": DEARER, "n": int(known.sum()), "n_customers": len(codes),
            "estimate": ends[0], "std_error": ends[0] * error, "ci_lower": ends[1],
            "ci_upper": ends[2], "unit": "ratio",
        }
    ]  # fmt: skip


def _dummies(theme: npt.NDArray[np.object_]) -> list[Array]:
    """One 0/1 column a theme, which together make the constant."""
    return [(theme == name).astype(float) for name in pd.unique(pd.Series(theme))]


def _repeat_price(found: Contacts) -> tuple[float, Array]:
    """Mean cost of a repeat contact and each customer's pull on it."""
    cost = found.cost[found.repeat]
    price, groups = float(cost.mean()), len(np.unique(found.customer[found.repeat]))
    pull = np.bincount(
        found.customer[found.repeat], (cost - price) / len(cost), found.n_customers
    )
    return price, np.asarray(pull * (groups / (groups - 1)) ** 0.5)


def _row(value: float, pull: Array, df: float, level: float) -> dict[str, float]:
    error = float(np.sqrt(np.square(pull).sum()))
    half = float(stats.t.isf((1 - level) / 2, df)) * error
    return {
        "estimate": value, "std_error": error, "ci_lower": value - half,
        "ci_upper": value + half,
    }  # fmt: skip
