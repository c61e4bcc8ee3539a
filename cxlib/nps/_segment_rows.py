"""The rows of a segment table: each score, its gap to the rest, and whether shown."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cxlib.estimate import Correction, adjust
from cxlib.nps import _words
from cxlib.nps._answers import Answers, Rows
from cxlib.nps._suppress import is_hidden, statuses

COLUMNS = [
    "by", "segment", "n", "share_of_answers", "estimate", "std_error", "ci_lower",
    "ci_upper", "n_eff", "rest", "effect_size", "effect_size_ci_lower",
    "effect_size_ci_upper", "statistic", "df", "pvalue", "pvalue_adj", "verdict",
    "status",
]  # fmt: skip


def rows_of(
    answers: Answers, column: str, min_n: int, target: float | None
) -> tuple[pd.DataFrame, dict[str, object]]:
    """All segments of one column: their rows, and the test that any differ."""
    labels = answers.labels(column)
    names = sorted(labels.unique())
    domains = [np.asarray(labels == name) for name in names]
    found = dict(zip(names, statuses([d.sum() for d in domains], min_n), strict=True))
    rows = [
        _row(answers, column, name, rows, found[name], target)
        for name, rows in zip(names, domains, strict=True)
    ]
    table = pd.DataFrame(
        rows, columns=[*COLUMNS[:-4], "pvalue", "verdict", "status", "_family"]
    )
    order = table.sort_values(
        "estimate", ascending=False, na_position="last", kind="stable"
    )
    return order.reset_index(drop=True), _differ(answers, column, domains)


def _row(
    answers: Answers,
    column: str,
    name: str,
    rows: Rows,
    status: str,
    target: float | None,
) -> dict[str, object]:
    """One segment: its score, its gap to the rest; only the test if it is hidden."""
    inside, outside = int(rows.sum()), int((~rows).sum())
    head = {"by": column, "segment": name, "status": status, "verdict": ""}
    gap = answers.contrast(~rows, rows) if min(inside, outside) >= 2 else None
    family = gap.pvalue if gap else np.nan
    if is_hidden(status):
        return head | {"_family": family}
    own = answers.estimate(rows)
    row: dict[str, object] = head | {"share_of_answers": answers.share_of(rows)}
    row |= {k: v for k, v in own.as_row().items() if k not in {"df", "deff"}}
    if target is not None:
        row["verdict"] = _words.verdict(own, target)[1]
    if gap is None:
        return row
    return row | {
        "rest": answers.estimate(~rows).estimate, "effect_size": gap.estimate,
        "effect_size_ci_lower": gap.ci_lower, "effect_size_ci_upper": gap.ci_upper,
        "statistic": gap.statistic, "df": gap.df, "pvalue": gap.pvalue,
        "_family": family,
    }  # fmt: skip


def _differ(answers: Answers, column: str, domains: list[Rows]) -> dict[str, object]:
    """Cochran's Q over the segments with at least two answers."""
    head: dict[str, object] = {"by": column, "segments": len(domains)}
    test = answers.together(domains)
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
