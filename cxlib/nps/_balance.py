"""How far the answers stand from those they speak for, before and after weighting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from cxlib import _format
from cxlib.estimate.design import Array
from cxlib.nps import _display
from cxlib.nps._suppress import is_hidden, statuses

COLUMNS = [
    "variable", "level", "n", "before", "after", "target", "smd_before", "smd_after",
    "unit", "status",
]  # fmt: skip
WIDE = 0.1


def levels(
    variable: str,
    labels: pd.Series,
    weights: tuple[Array, Array],
    target: Mapping[str, float],
    min_n: int,
) -> pd.DataFrame:
    """Shares of each level among the answers, before and after, against the target.

    `target` holds shares. Levels with few answers keep only what the target says.
    """
    names = list(target)
    found = labels.to_numpy()
    n = np.array([(found == name).sum() for name in names])
    before, after = (
        np.array([w[found == name].sum() for name in names]) / w.sum() for w in weights
    )
    aim = np.array([target[name] for name in names], dtype=float)
    sd = np.sqrt(aim * (1 - aim))
    rows = _rows(variable, names, n, before, after, aim, sd)
    rows["unit"], by_name = "share", np.argsort(np.argsort(names))
    rows["status"] = np.array(statuses(n[np.argsort(names)], min_n))[by_name]
    hidden = rows["status"].map(is_hidden).astype(bool)
    shown = ["n", "before", "after", "smd_before", "smd_after"]
    rows[shown] = rows[shown].where(~hidden)
    return rows[COLUMNS]


def number(
    variable: str, values: Array, weights: tuple[Array, Array], target: Array
) -> pd.DataFrame:
    """Mean of a number among the answers, before and after, against all invited."""
    before, after = (np.array([w @ values / w.sum()]) for w in weights)
    rows = _rows(
        variable, ["mean"], np.array([len(values)]), before, after,
        np.array([target.mean()]), np.array([target.std(ddof=1)]),
    )  # fmt: skip
    return rows.assign(unit="score", status="shown")[COLUMNS]


def _rows(
    variable: str, names: Sequence[str], n: Array, before: Array, after: Array,
    target: Array, sd: Array,
) -> pd.DataFrame:  # fmt: skip
    known = np.where(sd > 0, sd, np.nan)
    return pd.DataFrame(
        {
            "variable": variable, "level": names, "n": n.astype(float),
            "before": before, "after": after, "target": target,
            "smd_before": (before - target) / known,
            "smd_after": (after - target) / known,
        }
    )  # fmt: skip


def text(table: pd.DataFrame) -> str:
    """Say where the answers stood furthest off, and how far they do now."""
    known = table.dropna(subset=["smd_before"])
    if known.empty:
        return ""
    top = known.iloc[int(known["smd_before"].abs().argmax())]
    name = f"{top['level']} ({top['variable']})"
    if top["unit"] == "score":
        name = str(top["variable"])
    worst = _format.number(float(known["smd_after"].abs().max()))
    before = _format.number(top["smd_before"], signed=True)
    return (
        f"Before weighting the answers stood furthest off in {name}: "
        f"{before} standard deviations; after it none is further off than {worst}."
    )


def shown(table: pd.DataFrame, aim: str) -> _display.Columns:
    """The table for a reader; `aim` heads the column of the target."""
    hidden = table["status"].map(is_hidden).astype(bool)

    def said(column: str) -> pd.Series:
        text = _display.numbers(table[column], table["unit"])
        return text + (table["unit"] == "share").map({True: " %", False: ""})

    return {
        "": table["variable"].where(~table["variable"].duplicated(), ""),
        "level": table["level"],
        "n": _display.numbers(table["n"], "count"),
        "answers": said("before").where(~hidden, table["status"]),
        "weighted": said("after").where(~hidden, ""),
        aim: said("target"),
        "apart before": _display.numbers(table["smd_before"], "score", signed=True),
        "after": _display.numbers(table["smd_after"], "score", signed=True),
    }
