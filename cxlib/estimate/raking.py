"""Weights that meet known margins, and the standard error that allows for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cxlib.errors import DataError
from cxlib.estimate.design import Array

TOLERANCE = 1e-10
MAX_ROUNDS = 1000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Margin:
    """What is known of the population in one column, or one crossing of columns.

    Attributes
    ----------
    name : str
    levels : tuple of str, length k
    totals : ndarray, shape (k,)
        Positive; all margins of one raking have the same sum.
    codes : ndarray of int, shape (n,)
        Place of each row's level in `levels`.
    """

    name: str
    levels: tuple[str, ...]
    totals: Array
    codes: npt.NDArray[np.intp]

    def sums(self, weights: Array) -> Array:
        """Return the weight of each level."""
        counted = np.bincount(self.codes, weights, minlength=len(self.levels))
        return np.asarray(counted, dtype=np.float64)


def rake(weights: npt.ArrayLike, margins: Sequence[Margin]) -> Array:
    """Adjust weights until they meet every margin (iterative proportional fitting).

    Parameters
    ----------
    weights : array_like, shape (n,)
        Positive weights to start from.
    margins : sequence of Margin
        One margin is post-stratification and takes one round.

    Returns
    -------
    ndarray, shape (n,)
        Their sum is that of the margins.

    Raises
    ------
    DataError
        For a level that no row has, or margins that contradict each other in these
        rows (two levels that only occur together, with different totals).

    References
    ----------
    Deming, W. E. and Stephan, F. F. (1940). On a least squares adjustment of a sampled
    frequency table. Annals of Mathematical Statistics 11, 427-444.
    doi:10.1214/aoms/1177731829

    Examples
    --------
    >>> codes = np.array([0, 0, 0, 1])
    >>> half = Margin(name="plan", levels=("a", "b"), totals=np.ones(2), codes=codes)
    >>> rake(np.ones(4), [half]).round(3).tolist()
    [0.333, 0.333, 0.333, 1.0]
    """
    for margin in margins:
        _empty(margin)
    w = np.array(weights, dtype=float)
    for _ in range(MAX_ROUNDS):
        for margin in margins:
            w *= (margin.totals / margin.sums(w))[margin.codes]
        if gap(w, margins)[0] < TOLERANCE:
            return w
    worst, where = gap(w, margins)
    raise DataError(
        f"raking did not converge: {where} is still {100 * worst:.2g} % off after "
        f"{MAX_ROUNDS:,} rounds. The margins contradict each other in these answers; "
        "merge levels with few answers, or leave a margin out."
    )


def _empty(margin: Margin) -> None:
    """Raise for a level without rows."""
    missing = np.bincount(margin.codes, minlength=len(margin.levels)) == 0
    names = [name for name, gone in zip(margin.levels, missing, strict=True) if gone]
    if names:
        listed = ", ".join(f"'{name}'" for name in names)
        raise DataError(
            f"nobody answered in {listed} of {margin.name}: no weight can stand for "
            "them. Merge it with another level in the data and in the margin, or take "
            "it out of both and say that the score does not cover it."
        )


def gap(weights: Array, margins: Sequence[Margin]) -> tuple[float, str]:
    """Return the largest relative gap to a margin, and the level that has it."""
    worst, where = 0.0, ""
    for margin in margins:
        off = np.abs(margin.sums(weights) / margin.totals - 1)
        at = int(off.argmax())
        if not off[at] <= worst:
            worst, where = float(off[at]), f"'{margin.levels[at]}' of {margin.name}"
    return worst, where


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trimmed:
    """Raked weights under a cap.

    `cap` is the cap itself, `n_trimmed` how many weights lay above it before, and
    `met` whether all lie within 1 % of it now that the margins are met again.
    """

    weights: Array
    cap: float
    n_trimmed: int
    met: bool


def trim(
    weights: npt.ArrayLike, margins: Sequence[Margin], *, times_median: float
) -> Trimmed:
    """Cap raked weights at a multiple of their median and rake again.

    Parameters
    ----------
    weights : array_like, shape (n,)
        Weights that meet the margins.
    margins : sequence of Margin
    times_median : float
        Above 1.

    Returns
    -------
    Trimmed

    Notes
    -----
    Capping and raking alternate, at most 50 times, until no weight lies more than 1 %
    over the cap. The last step is a raking: the margins always hold, the cap where it
    can. The cap keeps to the median of the weights as they came.

    References
    ----------
    Potter, F. J. (1990). A study of procedures to identify and trim extreme sampling
    weights. Proceedings of the Section on Survey Research Methods, ASA, 225-230.

    Examples
    --------
    >>> plan = Margin(
    ...     name="plan", levels=("a", "b"), totals=np.array([5.0, 5.0]),
    ...     codes=np.array([0] * 8 + [1] * 2),
    ... )
    >>> trim(rake(np.ones(10), [plan]), [plan], times_median=3).met
    False
    """
    w = np.array(weights, dtype=float)
    cap = times_median * float(np.median(w))
    limit = 1.01 * cap
    n_trimmed = int((w > cap * (1 + TOLERANCE)).sum())
    for _ in range(50):
        if w.max() <= limit:
            break
        w = rake(np.minimum(w, cap), margins)
    return Trimmed(weights=w, cap=cap, n_trimmed=n_trimmed, met=bool(w.max() <= limit))


def calibrated_influence(
    values: npt.ArrayLike,
    weights: Array,
    margins: Sequence[Margin],
    *,
    base: npt.ArrayLike | None = None,
) -> Array:
    """Return each row's influence on a mean whose weights meet the margins.

    Parameters
    ----------
    values : array_like, shape (n,)
    weights : ndarray, shape (n,)
        The weights that meet the margins.
    margins : sequence of Margin
    base : array_like, shape (n,), optional
        The weights before; ones when not given.

    Returns
    -------
    ndarray, shape (n,)
        For `design_se`.

    Notes
    -----
    Weights that meet the margins in every sample cannot err where the margins explain
    the answers, so only the residual of the answers on all margins at once (least
    squares with the base weights) varies: ``w (y - x'b) / sum w``. This is the
    standard error of a calibration estimator; raking and linear calibration share it
    in large samples. After trimming it is an approximation.

    References
    ----------
    Deville, J.-C. and Särndal, C.-E. (1992). Calibration estimators in survey
    sampling. JASA 87, 376-382. doi:10.1080/01621459.1992.10475217

    Examples
    --------
    >>> plan = Margin(
    ...     name="plan", levels=("a", "b"), totals=np.ones(2),
    ...     codes=np.array([0, 0, 1, 1]),
    ... )
    >>> calibrated_influence([1, 1, 0, 0], np.ones(4), [plan]).round(6).tolist()
    [0.0, 0.0, 0.0, 0.0]
    """
    y = np.asarray(values, dtype=float)
    q = np.ones(len(y)) if base is None else np.asarray(base, dtype=float)
    x = np.column_stack([np.eye(len(m.levels))[m.codes] for m in margins])
    slopes = np.linalg.pinv((q * x.T) @ x, hermitian=True) @ (x.T @ (q * y))
    return np.asarray(weights * (y - x @ slopes) / weights.sum())
