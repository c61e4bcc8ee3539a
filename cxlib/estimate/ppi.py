"""A share from many machine readings, corrected by a few hand readings."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cxlib import _checks
from cxlib.errors import DataError
from cxlib.estimate.design import Array, Design, design, design_se
from cxlib.estimate.point import Estimate, wilson

_MIN_HAND = 3
_UNSEEN_ERRORS = 1.5


def corrected_share(
    machine: npt.ArrayLike,
    hand: npt.ArrayLike,
    *,
    plan: Design | None = None,
    domain: npt.ArrayLike | None = None,
    confidence_level: float = 0.95,
) -> Estimate:
    """Estimate a share from machine readings of all rows and hand readings of some.

    The machine's share is corrected by what it gets wrong, on average, in the rows
    that people read too. Use it whenever a classifier's labels are counted: the plain
    count is biased by its errors, and its interval is blind to them.

    Parameters
    ----------
    machine : array_like, shape (n,)
        The machine's reading of every row, 0 or 1 (or a probability).
    hand : array_like, shape (n,)
        The true reading, 0 to 1 (the mean of several coders), NaN where nobody read.
        The rows that were read must be a random sample of all rows.
    plan : Design, optional
        Weights, strata and clusters of the n rows.
    domain : array_like of bool, optional
        Estimate inside these rows; the machine's weight still comes from all.
    confidence_level : float

    Returns
    -------
    Estimate
        `n` counts the domain's rows; `n_eff` is the size of the hand-read sample that
        would be as precise.

    Raises
    ------
    DataError
        With fewer than three hand readings in the domain.

    Notes
    -----
    Power-tuned prediction-powered inference, ``t mean(f) + mean_hand(y - t f)`` with
    ``t = cov(y, f) / var(f)`` in the hand-read rows, held in [0, 1]: t = 1 trusts the
    machine, t = 0 is the hand-only estimate, so a bad machine costs nothing.
    The standard error is that of the influence values under the design, the hand part
    widened by n/(n-2) for t and the mean, plus the variance of 1.5 errors not seen (the
    adjusted Wald of a -1/0/1 variable, as for a net score): few or no errors among the
    hand-read rows do not make the machine infallible. Interval: Wilson on the effective
    n. With a handful of positives use the hand-only Wilson interval instead.

    References
    ----------
    Angelopoulos, A. N., Duchi, J. C. and Zrnic, T. (2023). PPI++: efficient
    prediction-powered inference. arXiv:2311.01453. doi:10.48550/arXiv.2311.01453

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> truth = rng.random(4000) < 0.3
    >>> machine = np.where(rng.random(4000) < 0.9, truth, ~truth)
    >>> hand = np.where(np.arange(4000) < 300, truth, np.nan)
    >>> e = corrected_share(machine, hand)
    >>> round(float(machine.mean()), 3), round(e.estimate, 3), round(e.ci_lower, 3)
    (0.354, 0.313, 0.279)
    """
    _checks.in_range(confidence_level, "confidence_level", 0, 1, ends="()")
    f, y = np.asarray(machine, dtype=float), np.asarray(hand, dtype=float)
    plan = plan or design(len(f))
    inside = np.ones(len(f), bool) if domain is None else np.asarray(domain, dtype=bool)
    read = np.isfinite(y)
    n_hand = int((read & inside).sum())
    if n_hand < _MIN_HAND:
        raise DataError(
            f"{n_hand} rows were read by hand here; at least {_MIN_HAND} are needed."
        )
    tuning = _tuning(y[read], f[read], plan.weights[read])
    sample = plan.at(read & inside)
    kish = min(sample.kish, float(sample.n_clusters))
    y = np.where(read, y, 0.0)
    point, influence = _influence(tuning * f, y, read, inside, plan, kish)
    plain, df = design_se(influence, plan)
    std_error = float(np.hypot(plain, tuning * _UNSEEN_ERRORS**0.5 / kish))
    point = min(1.0, max(0.0, point))
    spread = point * (1 - point)
    n_eff = spread / std_error**2 if spread > 0 and std_error > 0 else kish
    n_eff = min(n_eff, kish) if tuning == 0 else n_eff
    ends = wilson(point, n_eff, confidence_level=confidence_level)
    n = int(inside.sum())
    return Estimate(
        kind="share", n=n, estimate=point, std_error=std_error, ci_lower=ends[0],
        ci_upper=ends[1], df=df, n_eff=n_eff, deff=n / n_eff, centre=point,
        centre_se=std_error, confidence_level=confidence_level,
    )  # fmt: skip


def _tuning(y: Array, f: Array, w: Array) -> float:
    """How far to trust the machine: the slope of y on f, held in [0, 1]."""
    deviation = f - np.average(f, weights=w)
    spread = float((w * deviation**2).sum())
    slope = float((w * deviation * y).sum()) / spread if spread > 0 else 0.0
    return min(1.0, max(0.0, slope))


def _influence(
    f: Array, y: Array, read: npt.NDArray[np.bool_], inside: npt.NDArray[np.bool_],
    plan: Design, n_hand: float,
) -> tuple[float, Array]:  # fmt: skip
    """Return the corrected mean and each row's influence on it."""
    w_all = np.where(inside, plan.weights, 0.0)
    w_hand = np.where(read, w_all, 0.0)
    machine = float((w_all * f).sum() / w_all.sum())
    error = float((w_hand * (y - f)).sum() / w_hand.sum())
    widen = (n_hand / max(n_hand - 2, 1.0)) ** 0.5
    u_machine = w_all * (f - machine) / w_all.sum()
    u_hand = w_hand * (y - f - error) / w_hand.sum() * widen
    return machine + error, u_machine + u_hand
