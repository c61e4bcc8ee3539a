"""Percentile intervals by resampling whole units."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from cxlib import _checks
from cxlib.estimate.design import design

Array = npt.NDArray[np.float64]


def bootstrap(
    statistic: Callable[[Array], npt.ArrayLike],
    n: int,
    *,
    cluster: npt.ArrayLike | None = None,
    n_resamples: int = 500,
    rng: int | np.random.Generator = 0,
) -> Array:
    """Return replicates of a statistic under resampled row weights.

    Parameters
    ----------
    statistic : callable
        Takes counts of shape (n,), how often each row was drawn, and returns a number
        or an array. Resampling counts instead of rows lets weighted sums do the work.
    n : int
        Number of rows.
    cluster : array_like, optional
        Rows of one cluster are drawn together; a blank label is its own cluster.
    n_resamples : int
    rng : int or numpy.random.Generator

    Returns
    -------
    ndarray, shape (n_resamples, ...)
        A replicate whose statistic is undefined should be NaN; take `nanquantile`.

    References
    ----------
    Efron, B. (1979). Bootstrap methods: another look at the jackknife. Annals of
    Statistics 7, 1-26. doi:10.1214/aos/1176344552

    Examples
    --------
    >>> import numpy as np
    >>> y = np.arange(50.0)
    >>> draws = bootstrap(lambda k: (k @ y) / k.sum(), 50, rng=1)
    >>> bool(abs(draws.std() - y.std() / 50**0.5) < 0.3)
    True
    """
    _checks.in_range(n, "n", 1, np.inf, ends="[)")
    _checks.in_range(n_resamples, "n_resamples", 1, np.inf, ends="[)")
    generator = _checks.generator(rng)
    codes = np.unique(design(n, cluster=cluster).cluster, return_inverse=True)[1]
    units = int(codes.max()) + 1
    draws = [
        np.asarray(statistic(_counts(generator, units)[codes]), dtype=float)
        for _ in range(n_resamples)
    ]
    return np.stack(draws)


def _counts(generator: np.random.Generator, units: int) -> Array:
    drawn = generator.integers(0, units, units)
    return np.bincount(drawn, minlength=units).astype(float)
