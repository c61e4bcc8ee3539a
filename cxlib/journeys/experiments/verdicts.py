"""Better, not worse, worse or cannot tell; and the families of tests behind it."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from cxlib.estimate import Correction, adjust
from cxlib.journeys._words import CORRECTIONS

Verdict = Literal["better", "not worse", "worse", "cannot tell"]


def verdict(row: pd.Series, alpha: float) -> Verdict:
    """Return the verdict on one row of a comparison.

    The rule is in the Notes of `compare`: significant gain, then loss of the margin
    excluded, then significant loss.

    Examples
    --------
    >>> row = pd.Series(
    ...     {"direction": "increase", "effect_size": -0.5, "effect_size_ci_lower": -1.5,
    ...      "effect_size_ci_upper": 0.5, "pvalue_adj": 0.3, "margin": 2.0}
    ... )
    >>> verdict(row, 0.05)
    'not worse'
    """
    sign = 1 if row["direction"] == "increase" else -1
    gain = sign * row["effect_size"]
    worst = min(sign * row["effect_size_ci_lower"], sign * row["effect_size_ci_upper"])
    significant = np.isfinite(row["pvalue_adj"]) and row["pvalue_adj"] < alpha
    if significant and gain > 0:
        return "better"
    if np.isfinite(row["margin"]) and worst > -row["margin"]:
        return "not worse"
    return "worse" if significant and gain < 0 else "cannot tell"


def judge(table: pd.DataFrame, correction: Correction, alpha: float) -> pd.DataFrame:
    """Adjust p-values by family and reach a verdict for each row."""
    adjusted = table["pvalue"].to_numpy(dtype=float).copy()
    for role, how in _families(correction).items():
        rows = (table["role"] == role).to_numpy(dtype=bool)
        adjusted[rows] = adjust(adjusted[rows], how)
    judged = table.assign(pvalue_adj=adjusted)
    return judged.assign(verdict=[verdict(row, alpha) for _, row in judged.iterrows()])


def _families(correction: Correction) -> dict[str, Correction]:
    return {"decision": correction, "exploratory": "fdr_bh"}


def family(table: pd.DataFrame, correction: Correction) -> str:
    """List the families that were corrected, in words."""
    said = []
    for role, how in _families(correction).items():
        rows = table[table["role"] == role]
        if len(rows):
            tests = "1 test" if len(rows) == 1 else f"{len(rows)} tests"
            members = ", ".join(dict.fromkeys(rows["metric"]))
            said.append(f"{role} family ({CORRECTIONS[how]}, {tests}): {members}")
    rows = table[table["role"] == "guardrail"]
    if len(rows):
        members = ", ".join(dict.fromkeys(rows["metric"]))
        said.append(f"guardrails (each on its own): {members}")
    text = "; ".join(said)
    return f"{text[:1].upper()}{text[1:]}." if text else ""
