"""A share from many machine readings, corrected by a few hand readings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

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
    inclusion: npt.ArrayLike | None = None,
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
    inclusion : array_like, shape (n,), optional
        Probability that a row was drawn for reading, used where it was read;
        equal for all when not given.
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
    n, with t quantiles of the hand-read clusters in a clustered design. With a handful
    of positives use the hand-only Wilson interval instead.

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
    plan = plan or design(len(np.asarray(machine)))
    found = corrected_influence(
        machine, hand, plan=plan, domain=domain, inclusion=inclusion
    )
    n = len(plan.weights) if domain is None else int(np.sum(np.asarray(domain)))
    return found.with_interval(plan, n=n, confidence_level=confidence_level)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Corrected:
    """A corrected share and what each row moves it by.

    Attributes
    ----------
    estimate : float
        In [0, 1].
    influence : ndarray, shape (n,)
        For `design_se` of the same rows; sums and differences of corrected shares add
        and subtract theirs.
    tuning : float
        How far the machine is trusted, 0 to 1.
    unseen : float
        Standard error of the errors that the hand-read rows may not show; it comes on
        top of the design's.
    n_hand : float
        Hand-read rows, as effective as weights and clusters leave them.
    df : float
        Clusters less strata that the hand-read rows touch.
    """

    estimate: float
    influence: Array
    tuning: float
    unseen: float
    n_hand: float
    df: float

    def with_interval(
        self, plan: Design, *, n: int, confidence_level: float
    ) -> Estimate:
        """Return the estimate of n rows with Wilson's interval on the effective n."""
        plain, df = design_se(self.influence, plan)
        df = min(df, self.df) if plan.clustered else df
        std_error = float(np.hypot(plain, self.unseen))
        spread = self.estimate * (1 - self.estimate)
        known = spread > 0 and std_error > 0
        n_eff = spread / std_error**2 if known else self.n_hand
        n_eff = min(n_eff, self.n_hand) if self.tuning == 0 else n_eff
        tail = (1 - confidence_level) / 2
        normal = float(-special.ndtri(tail))
        quantile = float(-special.stdtrit(df, tail)) if plan.clustered else normal
        widened = n_eff * (normal / quantile) ** 2
        ends = wilson(self.estimate, widened, confidence_level=confidence_level)
        return Estimate(
            kind="share", n=n, estimate=self.estimate, std_error=std_error,
            ci_lower=ends[0], ci_upper=ends[1], df=df, n_eff=n_eff, deff=n / n_eff,
            centre=self.estimate, centre_se=std_error,
            confidence_level=confidence_level,
        )  # fmt: skip


def corrected_influence(
    machine: npt.ArrayLike,
    hand: npt.ArrayLike,
    *,
    plan: Design,
    domain: npt.ArrayLike | None = None,
    inclusion: npt.ArrayLike | None = None,
) -> Corrected:
    """Return a corrected share with the influence of every row on it.

    Parameters
    ----------
    machine, hand, domain, inclusion
        As for `corrected_share`.
    plan : Design
        Weights, strata and clusters of the n rows.

    Returns
    -------
    Corrected

    Examples
    --------
    >>> hand = [1, 0, 0, 1] + [np.nan] * 4
    >>> found = corrected_influence([1, 0, 0, 1] * 2, hand, plan=design(8))
    >>> found.estimate, found.tuning
    (0.5, 1.0)
    """
    f, y = np.asarray(machine, dtype=float), np.asarray(hand, dtype=float)
    inside = np.ones(len(f), bool) if domain is None else np.asarray(domain, dtype=bool)
    read = np.isfinite(y)
    seen = read & inside
    if seen.sum() < _MIN_HAND:
        raise DataError(
            f"{seen.sum()} rows were read by hand here; at least {_MIN_HAND} are "
            "needed."
        )
    w = plan.weights / _drawn(inclusion, read)
    tuning = _tuning(y[read], f[read], w[read])
    kish = float(w[seen].sum() ** 2 / np.square(w[seen]).sum())
    sample = plan.at(seen)
    kish = min(kish, float(sample.n_clusters))
    y = np.where(read, y, 0.0)
    w_hand = np.where(seen, w, 0.0)
    w_all = np.where(inside, plan.weights, 0.0)
    point, influence = _influence(tuning * f, y, w_all, w_hand, kish)
    return Corrected(
        estimate=min(1.0, max(0.0, point)), influence=influence, tuning=tuning,
        unseen=tuning * _UNSEEN_ERRORS**0.5 / kish, n_hand=kish,
        df=float(max(1, sample.n_clusters - len(np.unique(sample.strata)))),
    )  # fmt: skip


def _drawn(inclusion: npt.ArrayLike | None, read: npt.NDArray[np.bool_]) -> Array:
    """Return the probability that each row was read; 1 where none is given."""
    if inclusion is None:
        return np.ones(len(read))
    chance = np.where(read, np.asarray(inclusion, dtype=float), 1.0)
    bad = int((~((chance > 0) & (chance <= 1))).sum())
    if bad:
        raise DataError(
            f"{bad:,} of {int(read.sum()):,} hand readings have no inclusion "
            "probability above 0 and up to 1; give all of them one, or none."
        )
    return chance


def _tuning(y: Array, f: Array, w: Array) -> float:
    """How far to trust the machine: the slope of y on f, held in [0, 1]."""
    deviation = f - np.average(f, weights=w)
    spread = float((w * deviation**2).sum())
    slope = float((w * deviation * y).sum()) / spread if spread > 0 else 0.0
    return min(1.0, max(0.0, slope))


def _influence(
    f: Array, y: Array, w_all: Array, w_hand: Array, n_hand: float
) -> tuple[float, Array]:
    """Return the corrected mean and each row's influence on it."""
    machine = float((w_all * f).sum() / w_all.sum())
    error = float((w_hand * (y - f)).sum() / w_hand.sum())
    widen = (n_hand / max(n_hand - 2, 1.0)) ** 0.5
    u_machine = w_all * (f - machine) / w_all.sum()
    u_hand = w_hand * (y - f - error) / w_hand.sum() * widen
    return machine + error, u_machine + u_hand
