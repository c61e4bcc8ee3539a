"""The arithmetic of drivers: shares of R-squared, slopes, exact collinearity."""

from __future__ import annotations

from typing import Any

import numpy as np

from cxlib.errors import DataError
from cxlib.estimate.design import Array
from cxlib.estimate.shapley import shapley_r2
from cxlib.nps import _words

_COLLINEAR = 1e-8


def covariance(z: Array, weights: Array) -> Array:
    """Weighted covariance of the columns (scale of the weights does not matter)."""
    w = weights / weights.sum()
    centred = z - w @ z
    return np.asarray((centred * w[:, None]).T @ centred)


def importance(cov: Array, draws: Array, level: float) -> dict[str, Any]:
    """Shares, slopes and R-squared with percentile intervals."""
    tails = [(1 - level) / 2, (1 + level) / 2]
    parts, again = shapley_r2(cov)[0], shapley_r2(draws)
    total = again.sum(axis=1)
    shares = np.divide(
        again, total[:, None], out=np.zeros_like(again), where=total[:, None] > 0
    )
    low, high = np.quantile(shares, tails, axis=0)
    slope, slopes = _slopes(cov)[0], _slopes(draws)
    slope_low, slope_high = np.quantile(slopes, tails, axis=0)
    first = np.bincount(shares.argmax(axis=1), minlength=len(parts)) / len(shares)
    return {
        "r2": float(parts.sum()),
        "r2_ci": tuple(map(float, np.quantile(total, tails))),
        "columns": {
            "estimate": parts / parts.sum(), "ci_lower": low, "ci_upper": high,
            "r2_part": parts, "share_first": first, "coefficient": slope,
            "coefficient_ci_lower": slope_low, "coefficient_ci_upper": slope_high,
        },
    }  # fmt: skip


def _slopes(cov: Array) -> Array:
    inverse = np.linalg.pinv(cov[:, :-1, :-1], hermitian=True)
    return np.asarray(np.einsum("bij,bj->bi", inverse, cov[:, :-1, -1]))


def determined(corr: Array, names: list[str]) -> None:
    """Raise if a driver is an exact sum of others."""
    values, vectors = np.linalg.eigh(corr)
    if values[0] > _COLLINEAR:
        return
    involved = [n for n, v in zip(names, vectors[:, 0], strict=True) if abs(v) > 1e-6]
    raise DataError(
        f"drivers {_words.listing(involved)} determine each other exactly, so their "
        "shares cannot be told apart; leave one out."
    )
