"""The rows of a segment table: each score, its gap to the rest, and whether shown."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from cxlib.estimate import Correction, adjust
from cxlib.estimate.partition import Partition
from cxlib.nps import _words
from cxlib.nps._answers import Answers
from cxlib.nps._subtract import Coded, coded
from cxlib.nps._suppress import is_hidden

COLUMNS = [
    "by", "segment", "n", "share_of_answers", "estimate", "std_error", "ci_lower",
    "ci_upper", "n_eff", "rest", "effect_size", "effect_size_ci_lower",
    "effect_size_ci_upper", "statistic", "df", "pvalue", "pvalue_adj", "verdict",
    "status",
]  # fmt: skip
HEAD = ("by", "segment", "status", "verdict")
GAP = {
    "effect_size": "estimate", "effect_size_ci_lower": "ci_lower",
    "effect_size_ci_upper": "ci_upper", "statistic": "statistic", "df": "df",
    "pvalue": "pvalue",
}  # fmt: skip
SCALED = ("estimate", "std_error", "ci_lower", "ci_upper")


def every(
    answers: Answers, columns: Sequence[str], min_n: int, target: float | None
) -> list[tuple[pd.DataFrame, dict[str, object]]]:
    """For each column the rows of its segments, and the test that any differ."""
    found = coded({name: answers.labels(name) for name in columns}, min_n)
    return [_rows(answers, name, found[name], target) for name in columns]


def _rows(
    answers: Answers, column: str, labels: Coded, target: float | None
) -> tuple[pd.DataFrame, dict[str, object]]:
    names = labels.names
    parts = answers.parted(labels.codes, len(names))
    parts.check(range(len(names)))
    table = _table(answers, parts, names, target).assign(by=column)
    table["status"] = labels.status
    hidden = table["status"].map(is_hidden).to_numpy(dtype=bool)
    if hidden.any():
        table.loc[hidden, [c for c in COLUMNS if c in table and c not in HEAD]] = np.nan
        table.loc[hidden, "verdict"] = ""
    else:
        table["n"] = table["n"].astype(int)
    order = table.sort_values(
        "estimate", ascending=False, na_position="last", kind="stable"
    )
    columns = [*COLUMNS[:-4], "pvalue", "verdict", "status", "_family"]
    return order[columns].reset_index(drop=True), _differ(answers, column, parts)


def _table(
    answers: Answers, parts: Partition, names: list[str], target: float | None
) -> pd.DataFrame:
    """Every segment's score and its gap to the rest, where two answers are on each."""
    factor = answers.scale.factor
    cells, rest = parts.cells.scaled(factor), parts.rest.scaled(factor)
    own = cells.columns()
    gap = {
        k: v * (factor if k in SCALED else 1) for k, v in parts.against_rest().items()
    }
    two = (cells.n >= 2) & (rest.n >= 2)
    table = pd.DataFrame({"segment": names, **own}).drop(columns="df")
    table["share_of_answers"] = parts.weight / answers.plan.weights.sum()
    table["rest"] = np.where(two, rest.estimate, np.nan)
    for ours, theirs in GAP.items():
        table[ours] = np.where(two, gap[theirs], np.nan)
    table["_family"] = table["pvalue"]
    table["verdict"] = ""
    if target is not None:
        table["verdict"] = [
            _words.verdict(cells.one(i), target)[1] if n >= 2 else ""
            for i, n in enumerate(cells.n)
        ]
    return table


def _differ(answers: Answers, column: str, parts: Partition) -> dict[str, object]:
    """Cochran's Q over the segments with at least two answers."""
    k = len(parts.weight)
    head: dict[str, object] = {"by": column, "segments": k}
    test = answers.alike(parts, list(range(k)))
    if test is None:
        return head | dict.fromkeys(("statistic", "df", "pvalue", "rel_excess"), np.nan)
    return head | {
        "statistic": test.statistic, "df": test.df, "pvalue": test.pvalue,
        "rel_excess": test.i2,
    }  # fmt: skip


def corrected(parts: list[pd.DataFrame], correction: Correction) -> pd.DataFrame:
    """One table with all tests corrected as one family; hidden ones count in it."""
    table = pd.concat(parts, ignore_index=True)
    table["pvalue_adj"] = adjust(table["_family"].to_numpy(dtype=float), correction)
    hidden = table["status"].map(is_hidden).astype(bool)
    table.loc[hidden, "pvalue_adj"] = np.nan
    return table[COLUMNS]


def why_not(table: pd.DataFrame) -> str:
    """Why segments cannot be compared; empty where they can."""
    if table["pvalue"].notna().any():
        return ""
    by = _words.listing(list(table["by"].unique()))
    if len(table) == 1:
        only = table["segment"].iloc[0]
        return f"{by} has one value only ('{only}'): there is nothing to compare."
    return f"No two segments of {by} have enough answers to be shown and compared."
