"""Ratios and customers kept, as tables and sentences beside a marginal effect."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from cxlib import _format
from cxlib.roi import _words
from cxlib.roi.regressions._solve import Solved

ONE_MEAN = {"mean"}


def ratios(
    solved: Solved, names: tuple[str, ...], confidence_level: float
) -> pd.DataFrame | None:
    """Return exp of each index's coefficients; None for a straight line."""
    if solved.beyond is None:
        return None
    wide = float(stats.t.isf((1 - confidence_level) / 2, solved.df))
    k, tables = len(names), []
    for part in solved.beyond.parts:
        error = np.sqrt(np.square(part.pull[:, :k]).sum(axis=0))
        log = part.coef[:k]
        tables.append(
            pd.DataFrame(
                {
                    "part": part.name, "term": names, "n": len(part.fitted),
                    "estimate": np.exp(log), "ci_lower": np.exp(log - wide * error),
                    "ci_upper": np.exp(log + wide * error), "log_estimate": log,
                    "log_std_error": error,
                    "pvalue": 2 * stats.t.sf(np.abs(log / error), solved.df),
                }
            )
        )  # fmt: skip
    return pd.concat(tables, ignore_index=True)


def kept(
    solved: Solved, names: tuple[str, ...], confidence_level: float
) -> pd.DataFrame | None:
    """Return the change per point of the share kept for a year; None without one."""
    found = solved.beyond.kept if solved.beyond else None
    if found is None:
        return None
    wide = float(stats.t.isf((1 - confidence_level) / 2, solved.df))
    error = np.sqrt(np.square(found.influence).sum(axis=0))
    return pd.DataFrame(
        {
            "term": names, "n": solved.n, "horizon": found.horizon,
            "level": found.level, "estimate": found.effects, "std_error": error,
            "ci_lower": found.effects - wide * error,
            "ci_upper": found.effects + wide * error, "unit": "share",
        }
    )  # fmt: skip


def power_told(solved: Solved, given: float) -> str:
    """Say the variance power of a Tweedie and where it comes from."""
    power = solved.beyond.parts[-1].power if solved.beyond else float("nan")
    source = "given" if given else "estimated from the squared residuals"
    return f", variance power {power:.2f} ({source})"


def ratio_sentence(table: pd.DataFrame | None, level: float) -> str:
    """Say what a mean is multiplied by; empty where that is not the whole story."""
    if table is None or set(table["part"]) != ONE_MEAN:
        return ""
    row = table.iloc[0]
    size, low, high = (
        _format.number(x - 1, "share", signed=True)
        for x in (row["estimate"], row["ci_lower"], row["ci_upper"])
    )
    return f" In proportion: {size} % a point ({100 * level:g} % CI {low} to {high})."


def kept_sentence(table: pd.DataFrame | None, period: str, level: float) -> str:
    """Say what a point held for a year goes with in customers kept."""
    if table is None:
        return ""
    row = table.iloc[0]
    span = f"{row['horizon']:.0f} {period}s" if row["horizon"] > 1 else f"a {period}"
    ends = _words.interval(
        row["ci_lower"], row["ci_upper"], "share", confidence_level=level
    )
    return (
        f" Held for {span}, it goes with "
        f"{_words.change(row['estimate'], 'share')} of customers kept ({ends}), where "
        f"{_format.quantity(row['level'], 'share')} are kept."
    )


def with_ratios(shown: pd.DataFrame, table: pd.DataFrame | None) -> pd.DataFrame:
    """Put ratios into the table a reader sees, in place of the outcome's name."""
    if table is None:
        return shown
    found = shown.drop(columns="outcome")
    for at, (part, rows) in enumerate(table.groupby("part", sort=False)):
        texts = [
            f"{r.estimate:.3f} ({r.ci_lower:.3f} to {r.ci_upper:.3f})".replace(
                " ", "\u00a0"
            )
            for r in rows.itertuples()
        ]
        found.insert(2 + at, f"ratio, {part}", texts)
    return found if len(found.columns) <= 5 else found.drop(columns="p")
