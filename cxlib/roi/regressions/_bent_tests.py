"""The tests of all outcomes in one table, adjusted, with what was not tested."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cxlib.estimate.multiplicity import Correction, adjust
from cxlib.roi.regressions._bent import BOTH_WAYS, EVEN, STRAIGHT, TESTS, Bent

NO, YES, OPEN = "contradicted", "not contradicted", "not tested"


def joined(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """Put tables below each other, the empty left out."""
    filled = [table for table in tables if len(table)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame()


_COLUMNS = ["outcome", "test", "n", "estimate", "std_error", "ci_lower", "ci_upper",
            "statistic", "df", "df_resid", "pvalue", "pvalue_adj", "verdict",
            "detail"]  # fmt: skip


def gathered(bent: tuple[Bent, ...], correction: Correction) -> pd.DataFrame:
    """Gather the tests, adjust them over outcomes, and say what was not tested."""
    table = joined([b.tests for b in bent]).reindex(columns=_COLUMNS)
    level = {b.fit.spec.outcome: b.fit.spec.confidence_level for b in bent}
    for _, rows in table.groupby("test"):
        adjusted = adjust(rows["pvalue"].to_numpy(dtype=float), correction)
        table.loc[rows.index, "pvalue_adj"] = adjusted
    alpha = 1 - table["outcome"].map(level).astype(float)
    verdicts = np.where(table["pvalue_adj"] < alpha, NO, YES)
    blank = "its errors are zero or repeat each other"
    table["detail"] = np.where(table["pvalue"].isna(), blank, "").astype(object)
    table["verdict"] = np.where(table["pvalue"].isna(), OPEN, verdicts).astype(object)
    missing = [
        {"outcome": b.fit.spec.outcome, "test": test, "verdict": OPEN, "detail": reason}
        for b in bent for test, reason in _reasons(b).items()
    ]  # fmt: skip
    whole = [table, pd.DataFrame(missing, columns=_COLUMNS)] if missing else [table]
    found = pd.concat([t for t in whole if len(t)] or [table], ignore_index=True)
    order = found["outcome"].map({name: at for at, name in enumerate(level)}).astype(
        float
    ) * len(TESTS) + found["test"].map(TESTS.index).astype(float)
    return found.loc[order.sort_values(kind="stable").index].reset_index(drop=True)


def _reasons(one: Bent) -> dict[str, str]:
    """Return each test that was not made, and why."""
    made = set(one.tests["test"]) if len(one.tests) else set()
    two = "two levels are always on a line" if len(one.levels) else "no levels"
    steps = one.why.get(EVEN, "")
    told = {STRAIGHT: two, EVEN: steps, BOTH_WAYS: steps} | one.why
    return {test: told[test] for test in TESTS if test not in made and test in told}
