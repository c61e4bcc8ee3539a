"""Criteria against results: what was required, what was found, is it met."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy import stats

from cxlib import _format
from cxlib.journeys import _words
from cxlib.journeys.experiments._change import POWER, seen
from cxlib.journeys.experiments.balance import SampleRatio
from cxlib.journeys.experiments.criteria import Criteria, required
from cxlib.journeys.experiments.effects import Comparison
from cxlib.journeys.experiments.horizon import Horizon
from cxlib.journeys.experiments.response import ResponseRate
from cxlib.journeys.experiments.specs import Metric

COLUMNS = ["treatment_arm", "criterion", "required", "found", "met"]
_MET = {"better": "yes", "not worse": "yes", "worse": "no", "cannot tell": "open"}


def before(
    criteria: Criteria | None, gate: SampleRatio | None, horizon: Horizon | None
) -> list[dict[str, str]]:
    """Return the rows that hold for every treatment: registered, split, length."""
    rows = []
    if criteria is not None:
        met = {"as registered": "yes", "changed": "no", "not registered": "open"}
        rows.append(
            _row("criteria", "as registered", criteria.status, met[criteria.status])
        )
    if gate is not None:
        p = _format.pvalue(float(gate.tests["pvalue_adj"].min()))
        rows.append(
            _row(
                "sample ratio", f"p at or above {gate.alpha:g}", f"p {p}",
                "yes" if gate.passed else "no",
            )
        )  # fmt: skip
    if horizon is not None:
        asked = "planned end reached, or intervals that hold at any look"
        done = "yes" if horizon.may_ship else "open"
        rows.append(_row("length", asked, horizon.text, done))
    return rows


def respondents(
    response: ResponseRate | None, arm: str, readings: dict[str, str]
) -> Iterator[dict[str, str]]:
    """Yield, for each survey metric, whether the variants drew like respondents."""
    if response is None or response.table.empty:
        return
    rows = response.table[response.table["treatment_arm"] == arm]
    for _, row in rows.iterrows():
        found = f"p {_format.pvalue(row['pvalue_joint'])}"
        failed = row["status"] == "stop"
        if failed and row["metric"] in readings:
            found += f"; over the bounds: {readings[row['metric']]}"
        yield _row(
            f"respondents of {row['metric']} alike",
            f"p at or above {response.alpha:g}", found, "no" if failed else "yes",
        )  # fmt: skip


def outcomes(
    rows: pd.DataFrame, comparison: Comparison, blocked: frozenset[str]
) -> Iterator[dict[str, str]]:
    """Yield each decision metric and guardrail against what was asked of it."""
    specs = {metric.name: metric for metric in comparison.metrics}
    for _, row in rows[rows["role"] != "exploratory"].iterrows():
        spec = specs.get(str(row["metric"]))
        if spec is None or "effect_size_ci_lower" not in rows:
            continue
        yield _row(
            f"{row['metric']} ({row['role']})", required(spec),
            _found(row, spec, comparison.confidence_level, blocked), _met(row, spec),
        )  # fmt: skip


def _found(
    row: pd.Series, spec: Metric, level: float, blocked: frozenset[str]
) -> str:  # fmt: skip
    """Word an effect, its verdict, and what the test could have found."""
    said = f"{_words.effect(row, row['unit'], level, '')}: {row['verdict']}"
    if row["metric"] in blocked:
        return f"{said}, respondents differ"
    asked = spec.margin if spec.role == "guardrail" else spec.min_effect
    if asked is None or row["verdict"] != "cannot tell":
        return said
    it = seen(row, 1 - level)
    least = (it.z + float(stats.norm.ppf(POWER))) * it.std_error
    if not np.isfinite(least):
        return said
    what = "loss" if spec.role == "guardrail" else "gain"
    words = _words.level(least, row["unit"], least).removesuffix(" %")
    words += " percentage points" if row["unit"] == "share" else ""
    return f"{said}; a {what} of {words} can be told from none in four cases of five"


def _met(row: pd.Series, spec: Metric) -> str:
    """Return yes, no or open."""
    if row["verdict"] == "cannot tell" and spec.role == "guardrail":
        return "open" if spec.margin is not None else "yes"
    if spec.role == "decision":
        if row["verdict"] == "not worse":
            return "no"
        if row["verdict"] == "better" and row["worth"]:
            return {"yes": "yes", "open": "open", "small": "no"}[row["worth"]]
    return _MET[row["verdict"]]


def _row(criterion: str, asked: str, found: str, met: str) -> dict[str, str]:
    return {"criterion": criterion, "required": asked, "found": found, "met": met}
