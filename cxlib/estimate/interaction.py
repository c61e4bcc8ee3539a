"""Tests that an effect is the same in every segment, has one sign, or has no trend."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from cxlib.errors import ArgumentError
from cxlib.estimate.design import Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """Test that k independent effects are equal.

    `statistic` is Welch's F with `df` and `df_error` degrees of freedom (a chi-square
    over its df where `df_error` is infinite), `q` Cochran's Q, `mean` the precision-
    weighted effect and `i2` the share of the spread that chance does not explain.
    """

    statistic: float
    df: int
    df_error: float
    pvalue: float
    q: float
    mean: float
    i2: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Slope:
    """Weighted linear trend of effects, per unit of time."""

    slope: float
    std_error: float
    ci_lower: float
    ci_upper: float
    statistic: float
    pvalue: float


def equal_effects(
    effects: npt.ArrayLike, std_errors: npt.ArrayLike, dfs: npt.ArrayLike
) -> Interaction:
    """Test whether effects differ by more than chance explains.

    Parameters
    ----------
    effects, std_errors : array_like, shape (k,)
        Independent effects and their positive standard errors.
    dfs : array_like, shape (k,)
        Degrees of freedom of each standard error; ``inf`` where known.

    Returns
    -------
    Interaction

    Raises
    ------
    ArgumentError
        With fewer than two effects, or a standard error that is not positive.

    Notes
    -----
    Cochran's Q takes the standard errors as known and rejects too often where segments
    are small; Welch's correction of it takes their degrees of freedom into account.

    References
    ----------
    Cochran, W. G. (1954). The combination of estimates from different experiments.
    Biometrics 10, 101-129. doi:10.2307/3001666. Welch, B. L. (1951). On the comparison
    of several mean values: an alternative approach. Biometrika 38, 330-336.
    doi:10.1093/biomet/38.3-4.330

    Examples
    --------
    >>> known = [float("inf")] * 3
    >>> found = equal_effects([0.36, 0.05, 0.39], [0.0735, 0.0825, 0.0781], known)
    >>> round(found.q, 2), found.df, round(found.pvalue, 4)
    (10.94, 2, 0.0042)
    """
    y, se = _both(effects, std_errors)
    k, w = len(y), se**-2.0
    mean = float(w @ y / w.sum())
    q = float(w @ (y - mean) ** 2)
    lost = float(((1 - w / w.sum()) ** 2 / np.asarray(dfs, dtype=float)).sum())
    statistic = q / (k - 1) / (1 + 2 * (k - 2) / (k**2 - 1) * lost)
    df_error = (k**2 - 1) / (3 * lost) if lost > 0 else float("inf")
    return Interaction(
        statistic=statistic, df=k - 1, df_error=df_error, q=q, mean=mean,
        pvalue=_tail(statistic, k - 1, df_error),
        i2=max(0.0, 1 - (k - 1) / q) if q > 0 else 0.0,
    )  # fmt: skip


def one_sign(effects: npt.ArrayLike, std_errors: npt.ArrayLike) -> float:
    """Return the p-value of "no segment gains while another loses".

    Parameters
    ----------
    effects, std_errors : array_like, shape (k,)
        Independent effects and their positive standard errors.

    Returns
    -------
    float
        Small where the sign of the effect differs between segments.

    Notes
    -----
    Likelihood ratio test of Gail and Simon: the smaller of the squared gains and the
    squared losses, in standard errors, against a mixture of chi-squares.

    References
    ----------
    Gail, M. and Simon, R. (1985). Testing for qualitative interactions between
    treatment effects and patient subsets. Biometrics 41, 361-372. doi:10.2307/2530862

    Examples
    --------
    >>> round(one_sign([0.163, -0.114, -0.047, -0.151], [0.0788, 0.0689, 0.0614,
    ...     0.0547]), 3)
    0.088
    """
    y, se = _both(effects, std_errors)
    squares = np.square(y / se)
    least = float(min(squares[y > 0].sum(), squares[y < 0].sum()))
    if least == 0:
        return 1.0
    h = np.arange(1, len(y))
    return float(stats.binom.pmf(h, len(y) - 1, 0.5) @ stats.chi2.sf(least, h))


def trend(
    effects: npt.ArrayLike,
    std_errors: npt.ArrayLike,
    times: npt.ArrayLike,
    *,
    confidence_level: float = 0.95,
) -> Slope:
    """Fit a straight line through effects, each weighted by its precision.

    Parameters
    ----------
    effects, std_errors, times : array_like, shape (k,)
        Independent effects, their positive standard errors and when they were seen.
    confidence_level : float

    Returns
    -------
    Slope

    Raises
    ------
    ArgumentError
        With fewer than two times.

    Examples
    --------
    >>> found = trend([3, 2, 1], [0.5, 0.5, 0.5], [0, 1, 2])
    >>> round(found.slope, 3), round(found.std_error, 3)
    (-1.0, 0.354)
    """
    y, se = _both(effects, std_errors)
    t, w = np.asarray(times, dtype=float), se**-2.0
    apart = t - w @ t / w.sum()
    spread = float(w @ apart**2)
    if not spread > 0:
        raise ArgumentError("`times` are all the same; a trend needs two.")
    slope, error = float(w @ (apart * y)) / spread, spread**-0.5
    half = float(stats.norm.isf((1 - confidence_level) / 2)) * error
    return Slope(
        slope=slope, std_error=error, ci_lower=slope - half, ci_upper=slope + half,
        statistic=slope / error, pvalue=float(2 * stats.norm.sf(abs(slope) / error)),
    )  # fmt: skip


def _tail(f: float, df: int, df_error: float) -> float:
    """Return the p-value of Welch's F, or of the chi-square that it tends to."""
    if np.isinf(df_error):
        return float(stats.chi2.sf(f * df, df))
    return float(stats.f.sf(f, df, df_error))


def _both(effects: npt.ArrayLike, std_errors: npt.ArrayLike) -> tuple[Array, Array]:
    """Return effects and errors as arrays, checked."""
    y, se = np.asarray(effects, dtype=float), np.asarray(std_errors, dtype=float)
    if len(y) < 2 or len(y) != len(se):
        raise ArgumentError(
            f"`effects` has {len(y)} values and `std_errors` {len(se)}; give as many "
            "of both, at least 2."
        )
    if not ((se > 0) & np.isfinite(se) & np.isfinite(y)).all():
        raise ArgumentError("`std_errors` must be positive, and both must be finite.")
    return y, se
