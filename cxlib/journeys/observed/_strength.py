"""How strong an unmeasured cause must be, held against the measured ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from cxlib.estimate.confounding import (
    as_strong,
    e_value,
    e_value_of_gap,
    robustness_value,
)
from cxlib.estimate.design import Array

COLUMNS = [
    "covariate", "exposure_r2", "outcome_r2", "estimate", "ci_lower", "ci_upper",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Strength:
    """E-values and robustness values of a gap and of its interval's nearer end."""

    e_value: float
    e_value_ci: float
    robustness: float
    robustness_ci: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A gap with its interval, and the level it starts from."""

    estimate: float
    std_error: float
    ci_lower: float
    ci_upper: float
    control: float
    level: float
    dof: float


def strength(gap: Gap, *, share: bool, spread: float) -> Strength:
    """Return how strong a hidden cause must be to undo a gap.

    A share's E-value is that of the risk ratio, the level without being taken as
    known; a mean's that of the gap in standard deviations.
    """
    inside = gap.ci_lower <= 0 <= gap.ci_upper
    near = 0.0 if inside else min(gap.ci_lower, gap.ci_upper, key=abs)
    t = gap.estimate / gap.std_error if gap.std_error > 0 else 0.0
    return Strength(
        e_value=_e_value(gap.estimate, gap.control, spread, share=share),
        e_value_ci=_e_value(near, gap.control, spread, share=share),
        robustness=robustness_value(t, gap.dof),
        robustness_ci=robustness_value(t, gap.dof, confidence_level=gap.level),
    )


def _e_value(gap: float, control: float, spread: float, *, share: bool) -> float:
    if gap == 0:
        return 1.0
    if share and control > 0 and control + gap > 0:
        return e_value((control + gap) / control)
    return e_value_of_gap(gap, spread) if spread > 0 else float("nan")


def benchmarks(
    y: Array, inside: Array, x: Array, columns: Sequence[str],
    covariates: Sequence[str], weights: Array, gap: Gap,
) -> pd.DataFrame:  # fmt: skip
    """What would be left of a gap beside a hidden cause as strong as each covariate.

    The covariate that would leave least stands first.
    """
    spread = x.std(axis=0)
    scaled = (x - x.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    table = np.column_stack([np.ones(len(y)), scaled, inside, y])
    gram = (table.T * weights) @ table
    d, target = gram.shape[0] - 2, gram.shape[0] - 1
    base = list(range(d))
    left_d, left_y = _rss(gram, base, d), _rss(gram, [*base, d], target)
    rows = []
    for name in covariates:
        own = {1 + i for i, c in enumerate(columns) if _owned(c, name)}
        if not own or gap.std_error <= 0:
            continue
        rest = [i for i in base if i not in own]
        exposure = 1 - left_d / max(_rss(gram, rest, d), 1e-300)
        told = 1 - left_y / max(_rss(gram, [*rest, d], target), 1e-300)
        rows.append((name, max(0.0, exposure), min(max(0.0, told), 1 - 1e-9)))
    return _left(rows, gap)


def _left(rows: Sequence[tuple[str, float, float]], gap: Gap) -> pd.DataFrame:
    quantile = float(stats.t.isf((1 - gap.level) / 2, gap.dof))
    found = []
    for name, exposure, outcome in rows:
        estimate, error = as_strong(
            gap.estimate, gap.std_error, dof=gap.dof, exposure_r2=exposure,
            outcome_r2=outcome,
        )  # fmt: skip
        half = quantile * error
        ends = (estimate - half, estimate + half)
        found.append((name, exposure, outcome, estimate, *ends))
    table = pd.DataFrame(found, columns=COLUMNS)
    order = (table["estimate"] * np.sign(gap.estimate)).sort_values(na_position="first")
    return pd.DataFrame(table.loc[order.index].reset_index(drop=True))


def _owned(column: str, covariate: str) -> bool:
    return column == covariate or column.startswith(f"{covariate} = ")


def _rss(gram: Array, columns: Sequence[int], target: int) -> float:
    """Residual sum of squares of a column on others, from their cross products."""
    own = list(columns)
    pull = gram[own, target]
    beta = np.linalg.lstsq(gram[np.ix_(own, own)], pull, rcond=None)[0]
    return float(max(0.0, gram[target, target] - pull @ beta))
