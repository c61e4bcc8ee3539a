"""How far two readings agree in their order: AUC and Spearman, under the design."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import stats
from scipy.special import expit, logit

from cxlib.estimate import Design, bootstrap, design_se

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Found = dict[str, float]


def auc(value: Array, top: Bools, bottom: Bools, plan: Design, level: float) -> Found:
    """Chance that a top row's value is above a bottom row's; interval on the logit.

    The influence of a row is how far its own chance lies from the mean, by its weight
    (DeLong et al. 1988, linearised so that weights and clusters count).
    """
    w1, w0 = np.where(top, plan.weights, 0.0), np.where(bottom, plan.weights, 0.0)
    w1, w0 = w1 / w1.sum(), w0 / w0.sum()
    above = _share_below(value, value, w0)
    below = 1 - _share_below(value, value, w1)
    area = float(w1 @ above)
    influence = w1 * (above - area) + w0 * (below - area)
    std_error, df = design_se(influence, plan)
    safe = float(np.clip(area, 1e-6, 1 - 1e-6))
    half = float(stats.t.isf((1 - level) / 2, df)) * std_error / (safe * (1 - safe))
    return {
        "estimate": area, "std_error": std_error,
        "ci_lower": float(expit(logit(safe) - half)),
        "ci_upper": float(expit(logit(safe) + half)),
    }  # fmt: skip


def spearman(
    x: Array, y: Array, plan: Design, level: float, *, n_resamples: int,
    rng: np.random.Generator,
) -> Found:  # fmt: skip
    """Weighted rank correlation; percentile interval, whole clusters resampled."""

    def of(counts: Array) -> float:
        weight = counts * plan.weights
        first, second = _share_below(x, x, weight), _share_below(y, y, weight)
        spread = np.cov(first, second, aweights=weight, ddof=0)
        scale = float(np.sqrt(spread[0, 0] * spread[1, 1]))
        return float(spread[0, 1] / scale) if scale > 0 else float("nan")

    draws = bootstrap(
        of, len(x), cluster=plan.units if plan.clustered else None,
        n_resamples=n_resamples, rng=rng,
    )  # fmt: skip
    tail = (1 - level) / 2
    lower, upper = np.nanquantile(draws, [tail, 1 - tail])
    return {
        "estimate": of(np.ones(len(x))), "std_error": float(np.nanstd(draws)),
        "ci_lower": float(lower), "ci_upper": float(upper),
    }  # fmt: skip


def _share_below(at: Array, values: Array, weight: Array) -> Array:
    """Weighted share of values below each point, ties counted half."""
    order = np.argsort(values, kind="stable")
    known = values[order]
    mass = np.concatenate([[0.0], np.cumsum(weight[order])])
    left = mass[np.searchsorted(known, at, side="left")]
    right = mass[np.searchsorted(known, at, side="right")]
    return np.asarray((left + right) / (2 * mass[-1]))
