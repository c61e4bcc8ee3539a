"""The numbers of a funnel from users by furthest step."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from scipy import stats

from cxlib.errors import DataError
from cxlib.estimate import Correction, adjust, wilson
from cxlib.estimate.counts import compare_shares
from cxlib.journeys.flows._depth import ARM
from cxlib.journeys.flows._gap import split


def reached_steps(counts: pd.DataFrame, k: int) -> dict[str, list[int]]:
    """Return users exposed and users at or beyond each step, by variant."""
    found = {}
    for name, rows in counts.groupby(ARM, sort=True):
        at_least = [int(rows.loc[rows["depth"] >= i, "n"].sum()) for i in range(k + 1)]
        found[str(name)] = at_least
    if not found:
        raise DataError("no user is in exactly one variant; there is nothing to count.")
    return found


def shares(
    reached: dict[str, list[int]], steps: Sequence[str], level: float
) -> pd.DataFrame:
    """Return both shares of each step with Wilson's intervals."""
    rows = []
    for name, n in reached.items():
        for i, step in enumerate(steps, start=1):
            row = {"variant": name, "position": i, "step": step, "n": n[i]}
            for base, size in (("exposed", n[0]), ("previous", n[i - 1])):
                share = n[i] / size if size else float("nan")
                ends = (
                    wilson(share, size, confidence_level=level)
                    if size
                    else (share,) * 2
                )
                row |= {
                    f"n_{base}": size, f"share_{base}": share,
                    f"share_{base}_ci_lower": ends[0],
                    f"share_{base}_ci_upper": ends[1],
                }  # fmt: skip
            rows.append(row)
    return pd.DataFrame(rows)


def differences(
    reached: dict[str, list[int]], steps: Sequence[str], control: str,
    treatments: Sequence[str], correction: Correction, level: float,
) -> pd.DataFrame:  # fmt: skip
    """Return each step's difference on both denominators."""
    rows = []
    for name in treatments:
        a, b = reached[control], reached[name]
        for i, step in enumerate(steps, start=1):
            for base, at in (("exposed", 0), ("previous", i - 1)):
                if min(a[at], b[at]) < 2:
                    continue
                gap = compare_shares(a[i], a[at], b[i], b[at], confidence_level=level)
                kept = gap.as_row()
                kept["pvalue"] = kept["pvalue"] if base == "exposed" else float("nan")
                rows.append(
                    {
                        "treatment_arm": name, "control_arm": control, "position": i,
                        "step": step, "denominator": base, **kept,
                    }
                )  # fmt: skip
    table = pd.DataFrame(rows)
    if not table.empty:
        table["pvalue_adj"] = adjust(table["pvalue"], correction)
    return table


def gap(
    reached: dict[str, list[int]], steps: Sequence[str], control: str,
    treatments: Sequence[str], correction: Correction, level: float,
) -> pd.DataFrame:  # fmt: skip
    """Return each step's contribution to the end-to-end difference."""
    z = float(stats.norm.isf((1 - level) / 2))
    rows = []
    for name in treatments:
        parts, errors = split(reached[control], reached[name])
        for i, (step, part, error) in enumerate(zip(steps, parts, errors, strict=True)):
            rows.append(
                {
                    "treatment_arm": name, "control_arm": control, "position": i + 1,
                    "step": step, "effect_size": float(part), "std_error": float(error),
                    "effect_size_ci_lower": float(part - z * error),
                    "effect_size_ci_upper": float(part + z * error),
                    "pvalue": float(2 * stats.norm.sf(abs(part / error)))
                    if error > 0 else float("nan"),
                }
            )  # fmt: skip
    table = pd.DataFrame(rows)
    return (
        table.assign(pvalue_adj=adjust(table["pvalue"], correction)) if rows else table
    )
