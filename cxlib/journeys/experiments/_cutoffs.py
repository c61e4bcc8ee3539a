"""What a gain had to exceed to be called better, given all other results."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from cxlib.errors import DataError
from cxlib.estimate import Correction, adjust
from cxlib.estimate.multiplicity import CORRECTIONS
from cxlib.journeys.experiments._cells import Floats

_STEPS = 50
_TINY = 1e-300


@dataclass(frozen=True, slots=True)
class Cutoff:
    """A gain, its standard error and what it had to exceed; the best of how many."""

    gain: float
    std_error: float
    least: float
    best_of: int


def correction_of(main: pd.DataFrame) -> Correction:
    """Return the correction that made the adjusted p-values of the decision family."""
    raw, adjusted = (main[c].to_numpy(dtype=float) for c in ("pvalue", "pvalue_adj"))
    for name in CORRECTIONS:
        how: Correction = name  # type: ignore[assignment]
        if np.allclose(adjust(raw, how), adjusted, atol=1e-12, equal_nan=True):
            return how
    raise DataError(
        "the verdicts of this comparison do not follow from its p-values (a sequential "
        "test?), so what a gain had to exceed is not known; give `past` experiments."
    )


def signed_z(main: pd.DataFrame) -> Floats:
    """Return each row's gain in standard errors, as its p-value has it."""
    p = main["pvalue"].to_numpy(dtype=float)
    size = stats.norm.isf(np.maximum(p, _TINY) / 2)
    sign = np.where(main["direction"] == "increase", 1.0, -1.0)
    gain = sign * main["effect_size"].to_numpy(dtype=float)
    z = np.where(p > _TINY, size, np.abs(main["statistic"].to_numpy(dtype=float)))
    return np.asarray(np.sign(gain) * np.nan_to_num(z))


def cutoff(main: pd.DataFrame, i: int, how: Correction, alpha: float) -> Cutoff:
    """Return what row i had to exceed, the others as they are.

    Other treatments of the same metric share its control and move along with it; the
    best treatment of a metric also had to stay ahead of them.
    """
    z = signed_z(main)
    gain = float(np.abs(main["effect_size"].to_numpy(dtype=float)[i]))
    same = (main["metric"] == main["metric"].iloc[i]).to_numpy(dtype=bool)
    shared = np.where(same, _correlation(main, i), 0.0)
    errors = np.abs(main["effect_size"].to_numpy(dtype=float)) / np.maximum(
        np.abs(z), 1e-12
    )
    tested = np.isfinite(main["pvalue"].to_numpy(dtype=float))
    gains = np.where(same, z * errors, -np.inf)
    best = int(same.sum()) if same.sum() > 1 and np.argmax(gains) == i else 1

    def selected(x: float) -> bool:
        moved = z + shared * (x - z[i])
        moved[i] = x
        p = adjust(np.where(tested, 2 * stats.norm.sf(np.abs(moved)), np.nan), how)
        others = np.delete(np.where(same, moved * errors, -np.inf), i)
        ahead = best == 1 or x * errors[i] > others.max()
        return bool(p[i] < alpha and ahead)

    low, high = 0.0, float(z[i])
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if selected(middle) else (middle, high)
    return Cutoff(gain, float(errors[i]), low * float(errors[i]), best)


def _correlation(main: pd.DataFrame, i: int) -> Floats:
    """Correlation with row i of differences to one control, equal variances."""
    n, base = (
        main[c].to_numpy(dtype=float) for c in ("n_treatment", "n_control")
    )  # fmt: skip
    share = n / (n + base)
    return np.asarray(np.sqrt(share * share[i]))
