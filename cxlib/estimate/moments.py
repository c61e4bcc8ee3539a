"""Comparisons of two arms from sums alone: Welch, ratio of means, CUPED."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from cxlib import _checks
from cxlib.errors import DataError

Array = npt.NDArray[np.float64]
_LOST = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Count, means and covariance of k columns in one arm.

    Attributes
    ----------
    n : int
        Units.
    mean : ndarray, shape (k,)
    cov : ndarray, shape (k, k)
        With n - 1 in the denominator.
    """

    n: int
    mean: Array
    cov: Array

    def __post_init__(self) -> None:
        _enough(self.n)
        _finite(self.mean, self.cov)

    @classmethod
    def of(cls, columns: npt.ArrayLike) -> Moments:
        """Return the moments of an (n, k) array without missing values."""
        x = np.asarray(columns, dtype=float)
        _enough(len(x))
        _finite(x)
        x = x.reshape(len(x), -1)
        return cls(len(x), x.mean(axis=0), np.atleast_2d(np.cov(x, rowvar=False)))

    @classmethod
    def from_sums(cls, n: int, sums: npt.ArrayLike, products: npt.ArrayLike) -> Moments:
        """Return moments from column sums and raw cross products.

        A variance below a billionth of the mean square is rounding, not spread, and
        becomes zero: take variances from the engine (`var_samp`) in such a case.
        """
        _enough(n)
        mean = np.asarray(sums, dtype=float) / n
        raw = np.asarray(products, dtype=float)
        cov = (raw - n * np.outer(mean, mean)) / (n - 1)
        lost = np.diag(cov) <= _LOST * np.diag(raw) / n
        cov[lost, :] = cov[:, lost] = 0.0
        return cls(n, mean, cov)


def _enough(n: int) -> None:
    """Raise for an arm that has no variance."""
    if n < 2:
        units = "unit" if n == 1 else "units"
        raise DataError(f"{n:.0f} {units} in an arm; at least two are needed.")


def _finite(*arrays: Array) -> None:
    """Raise for blanks, which would turn every number of the arm into NaN."""
    if not all(np.isfinite(array).all() for array in arrays):
        raise DataError(
            "an arm holds blank or infinite values; leave those units out, and count "
            "them, before comparing."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmDifference:
    """Treatment minus control; `rel_*` are fractions of control, NaN if undefined."""

    control: float
    treatment: float
    effect_size: float
    std_error: float
    effect_size_ci_lower: float
    effect_size_ci_upper: float
    rel_effect_size: float
    rel_effect_size_ci_lower: float
    rel_effect_size_ci_upper: float
    statistic: float
    df: float
    pvalue: float

    def as_row(self) -> dict[str, float]:
        """Return the columns of a result table."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two independent estimates, their variances and the df of their difference."""

    control: float
    treatment: float
    control_var: float
    treatment_var: float
    df: float


def welch(
    control: Moments, treatment: Moments, *, confidence_level: float = 0.95
) -> ArmDifference:
    """Compare the means of the first column, unequal variances.

    Parameters
    ----------
    control, treatment : Moments
    confidence_level : float

    Returns
    -------
    ArmDifference
        The relative interval is Fieller's, NaN where control is not clearly positive.

    Notes
    -----
    Interval and test are NaN where neither arm varies: nothing can be told.

    References
    ----------
    Welch, B. L. (1947). The generalization of 'Student's' problem when several
    different population variances are involved. Biometrika 34, 28-35.
    doi:10.2307/2332510. Fieller, E. C. (1954). Some problems in interval estimation.
    JRSS B 16, 175-185. doi:10.1111/j.2517-6161.1954.tb00159.x

    Examples
    --------
    >>> a, b = Moments.of([1, 2, 3, 4]), Moments.of([3, 4, 5, 8])
    >>> round(welch(a, b).pvalue, 4)
    0.1048
    """
    pair = pair_of_means(control, treatment)
    return arm_difference(pair, confidence_level=confidence_level)


def ratio(
    control: Moments, treatment: Moments, *, confidence_level: float = 0.95
) -> ArmDifference:
    """Compare ratios of means, first column over second (orders per session).

    Parameters
    ----------
    control, treatment : Moments
        Of numerator and denominator, per randomised unit.
    confidence_level : float

    Returns
    -------
    ArmDifference

    Notes
    -----
    The variance of each arm's ratio is linearised (delta method): the unit that was
    randomised is the user, not the session.

    References
    ----------
    Deng, A., Knoblich, U. and Lu, J. (2018). Applying the delta method in metric
    analytics. KDD 2018. doi:10.1145/3219819.3219919

    Examples
    --------
    >>> a = Moments.of([[1, 2], [0, 1], [2, 3]])
    >>> b = Moments.of([[2, 2], [1, 1], [2, 3]])
    >>> round(ratio(a, b).effect_size, 4)
    0.3333
    """

    def arm_ratio(arm: Moments) -> tuple[float, float, int]:
        if len(arm.mean) < 2 or arm.mean[1] == 0:
            raise DataError("the denominator of a ratio metric is zero in one arm.")
        value = float(arm.mean[0] / arm.mean[1])
        gradient = np.array([1.0, -value]) / arm.mean[1]
        return value, float(gradient @ arm.cov[:2, :2] @ gradient / arm.n), arm.n

    pair = _pair(arm_ratio(control), arm_ratio(treatment))
    return arm_difference(pair, confidence_level=confidence_level)


def cuped(
    control: Moments, treatment: Moments, *, confidence_level: float = 0.95
) -> ArmDifference:
    """Compare means of the first column adjusted by a pre-period covariate (second).

    Parameters
    ----------
    control, treatment : Moments
        Of outcome and covariate.
    confidence_level : float

    Returns
    -------
    ArmDifference
        With the adjusted means of both arms.

    Notes
    -----
    One slope from all units of both arms together; the adjusted means keep the
    overall level. Less variance, same estimand: the covariate must be measured
    before assignment.

    References
    ----------
    Deng, A., Xu, Y., Kohavi, R. and Walker, T. (2013). Improving the sensitivity of
    online controlled experiments by utilizing pre-experiment data. WSDM 2013.
    doi:10.1145/2433396.2433413

    Examples
    --------
    >>> a = Moments.of([[1, 1], [2, 2], [3, 4]])
    >>> b = Moments.of([[2, 1], [3, 2], [5, 4]])
    >>> round(cuped(a, b).effect_size, 4)
    1.3333
    """
    pair = pair_of_means(*residuals(control, treatment))
    return arm_difference(pair, confidence_level=confidence_level)


def residuals(control: Moments, treatment: Moments) -> tuple[Moments, Moments]:
    """Moments of the first column after its pooled regression on the second."""
    theta, level = slope(control, treatment)

    def adjusted(arm: Moments) -> Moments:
        mean = arm.mean[0] - theta * (arm.mean[1] - level)
        variance = arm.cov[0, 0] + theta**2 * arm.cov[1, 1] - 2 * theta * arm.cov[0, 1]
        return Moments(arm.n, np.array([mean]), np.array([[max(variance, 0.0)]]))

    return adjusted(control), adjusted(treatment)


def slope(control: Moments, treatment: Moments) -> tuple[float, float]:
    """Slope of the first column on the second over all units, and the second's mean."""
    total = control.n + treatment.n
    shift = treatment.mean - control.mean
    between = control.n * treatment.n / total * np.outer(shift, shift)
    pooled = (control.n - 1) * control.cov + (treatment.n - 1) * treatment.cov + between
    theta = float(pooled[0, 1] / pooled[1, 1]) if pooled[1, 1] > 0 else 0.0
    level = (control.n * control.mean[1] + treatment.n * treatment.mean[1]) / total
    return theta, float(level)


def pair_of_means(control: Moments, treatment: Moments) -> Pair:
    """Means of the first column, with Welch's df."""

    def plain(arm: Moments) -> tuple[float, float, int]:
        return float(arm.mean[0]), float(arm.cov[0, 0] / arm.n), arm.n

    return _pair(plain(control), plain(treatment))


def _pair(
    control: tuple[float, float, int], treatment: tuple[float, float, int]
) -> Pair:
    """Two independent (mean, its variance, n) with Welch's df."""
    (m0, v0, n0), (m1, v1, n1) = control, treatment
    v0, v1 = max(v0, 0.0), max(v1, 0.0)
    pooled = v0**2 / (n0 - 1) + v1**2 / (n1 - 1)
    df = (v0 + v1) ** 2 / pooled if pooled else n0 + n1 - 2.0
    return Pair(
        control=m0, treatment=m1, control_var=v0, treatment_var=v1, df=float(df)
    )


def arm_difference(pair: Pair, *, confidence_level: float = 0.95) -> ArmDifference:
    """Return the t interval and test of a pair's difference, relative by Fieller."""
    level, df = confidence_level, pair.df
    _checks.in_range(level, "confidence_level", 0, 1, ends="()")
    m0, m1, v0, v1 = pair.control, pair.treatment, pair.control_var, pair.treatment_var
    gap, std_error = m1 - m0, (v0 + v1) ** 0.5
    quantile = float(stats.t.isf((1 - level) / 2, df))
    half = quantile * (std_error or float("nan"))
    statistic = gap / (std_error or float("nan"))
    rel = _fieller(m0, v0, m1, v1, quantile)
    return ArmDifference(
        control=m0, treatment=m1, effect_size=gap, std_error=std_error,
        effect_size_ci_lower=gap - half, effect_size_ci_upper=gap + half,
        rel_effect_size=rel[0],
        rel_effect_size_ci_lower=rel[1], rel_effect_size_ci_upper=rel[2],
        statistic=statistic, df=float(df),
        pvalue=float(2 * stats.t.sf(abs(statistic), df)),
    )  # fmt: skip


def _fieller(
    m0: float, v0: float, m1: float, v1: float, quantile: float
) -> tuple[float, float, float]:
    """Relative change m1 / m0 - 1 with Fieller's interval, NaN if m0 is near zero."""
    nan = float("nan")
    if v0 + v1 == 0:
        return (m1 / m0 - 1 if m0 > 0 else nan), nan, nan
    if m0 <= 0:
        return nan, nan, nan
    q2 = quantile**2
    a, b, c = m0**2 - q2 * v0, m0 * m1, m1**2 - q2 * v1
    if a <= 0 or b**2 - a * c < 0:
        return m1 / m0 - 1, nan, nan
    root = (b**2 - a * c) ** 0.5
    return m1 / m0 - 1, (b - root) / a - 1, (b + root) / a - 1
