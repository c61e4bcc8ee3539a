"""Chance-corrected agreement of several coders, from counts, with missing ratings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cxlib.errors import DataError

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """Agreement of coders on one nominal variable.

    Attributes
    ----------
    n : int
        Units that two coders or more rated.
    share_agree : float
        Share of pairs of ratings that agree, mean over units.
    alpha, alpha_std_error : float
        Krippendorff's alpha for nominal data.
    fleiss, fleiss_std_error : float
        Fleiss' kappa.
    ac1, ac1_std_error : float
        Gwet's AC1.
    """

    n: int
    share_agree: float
    alpha: float
    alpha_std_error: float
    fleiss: float
    fleiss_std_error: float
    ac1: float
    ac1_std_error: float


def reliability(counts: npt.ArrayLike) -> Reliability:
    """Return alpha, Fleiss' kappa and AC1 with their linearised standard errors.

    Parameters
    ----------
    counts : array_like, shape (n_units, n_categories)
        How many coders put each unit in each category. Coders who did not rate a
        unit are not counted; units need not have the same number of ratings.

    Returns
    -------
    Reliability
        NaN where undefined: every rating in one category leaves no chance
        agreement to correct for (alpha, kappa).

    Raises
    ------
    DataError
        If no unit has two ratings.

    Notes
    -----
    Units with one rating count for the categories' shares in kappa and AC1 and are
    left out of alpha. Standard errors are over units, for coders taken as fixed.

    References
    ----------
    Krippendorff, K. (2004). Content Analysis, 2nd ed., ch. 11. Gwet, K. L. (2008).
    Computing inter-rater reliability and its variance in the presence of high
    agreement. British Journal of Mathematical and Statistical Psychology 61, 29-48.
    doi:10.1348/000711006X126600. Fleiss, J. L. (1971). Psychological Bulletin 76,
    378-382. doi:10.1037/h0031619

    Examples
    --------
    >>> r = reliability([[2, 0], [2, 0], [0, 2], [1, 1], [2, 0], [0, 2]])
    >>> round(r.alpha, 3), round(r.fleiss, 3), round(r.ac1, 3)
    (0.686, 0.657, 0.676)
    """
    c = np.asarray(counts, dtype=float)
    c = c[c.sum(axis=1) > 0]
    if not (c.sum(axis=1) >= 2).any():
        raise DataError(
            "no unit has two ratings: agreement needs two coders on one unit."
        )
    sums = unit_sums(c).sum(axis=0, keepdims=True)
    found = {
        name: float(value[0]) for name, value in coefficients(sums, c.shape[1]).items()
    }
    errors = _kappa_errors(c, found), _alpha_error(c)
    return Reliability(
        n=int(sums[0, 1]), share_agree=found["share_agree"], alpha=found["alpha"],
        alpha_std_error=errors[1], fleiss=found["fleiss"],
        fleiss_std_error=errors[0][0], ac1=found["ac1"], ac1_std_error=errors[0][1],
    )  # fmt: skip


def unit_sums(counts: Array) -> Array:
    """Return each unit's terms of the coefficients' sums, shape (n, 5 + 2 q).

    Columns: 1, has two ratings, share of agreeing pairs, ratings, agreeing ratings
    (each zero without two ratings), then category shares, then category counts.
    Sums of these rows, over any units with any weights, give every coefficient.
    """
    rated = counts.sum(axis=1)
    two = (rated >= 2).astype(float)
    agreeing = (counts * (counts - 1)).sum(axis=1)
    pairs = two * agreeing / np.maximum(rated * (rated - 1), 1)
    alike = two * agreeing / np.maximum(rated - 1, 1)
    head = np.column_stack([rated > 0, two, pairs, two * rated, alike])
    share = counts / np.maximum(rated, 1)[:, None]
    return np.hstack([head, share, two[:, None] * counts])


def coefficients(sums: Array, q: int) -> dict[str, Array]:
    """Return the coefficients from sums of `unit_sums`, one a row."""
    with np.errstate(divide="ignore", invalid="ignore"):
        agree = sums[:, 2] / sums[:, 1]
        share = sums[:, 5 : 5 + q] / sums[:, :1]
        chance = (share**2).sum(axis=1)
        chance_ac1 = (share * (1 - share)).sum(axis=1) / max(q - 1, 1)
        ratings = sums[:, 3]
        observed = (1 - 1 / ratings) * sums[:, 4] / ratings + 1 / ratings
        expected = ((sums[:, 5 + q : 5 + 2 * q] / ratings[:, None]) ** 2).sum(axis=1)
        return {
            "share_agree": agree,
            "alpha": _corrected(observed, expected),
            "fleiss": _corrected(agree, chance),
            "ac1": _corrected(agree, chance_ac1),
        }


def cohen(sums: Array, q: int) -> Array:
    """Return Cohen's kappa from sums of `pair_sums`, one a row."""
    with np.errstate(divide="ignore", invalid="ignore"):
        n = sums[:, 0]
        first, second = sums[:, 2 : 2 + q], sums[:, 2 + q : 2 + 2 * q]
        return _corrected(sums[:, 1] / n, (first * second).sum(axis=1) / n**2)


def pair_sums(first: Array, second: Array) -> Array:
    """Return each pair's terms: 1, agrees, one-hot of either coder."""
    agrees = (first * second).sum(axis=1)
    return np.column_stack([np.ones(len(first)), agrees, first, second])


def _corrected(observed: Array, expected: Array) -> Array:
    spread = 1 - expected
    return np.where(
        spread > 1e-12, (observed - expected) / np.where(spread > 0, spread, 1), np.nan
    )


def _kappa_errors(c: Array, found: dict[str, float]) -> tuple[float, float]:
    """Linearised standard errors of Fleiss' kappa and AC1."""
    n, q = c.shape
    rated = c.sum(axis=1)
    two = rated >= 2
    share = (c / rated[:, None]).mean(axis=0)
    pairs = (c * (c - 1)).sum(axis=1) / np.maximum(rated * (rated - 1), 1)
    each = c / rated[:, None]
    fleiss = (share**2).sum(), each @ share
    ac1 = (
        (share * (1 - share)).sum() / max(q - 1, 1),
        each @ (1 - share) / max(q - 1, 1),
    )
    errors = []
    for (chance, chance_i), value in zip(
        (fleiss, ac1), (found["fleiss"], found["ac1"]), strict=True
    ):
        if not chance < 1 or n < 2:
            errors.append(float("nan"))
            continue
        own = n / two.sum() * (pairs - chance * two) / (1 - chance)
        own -= 2 * (1 - value) * (chance_i - chance) / (1 - chance)
        errors.append(float(np.sqrt(((own - value) ** 2).sum() / (n * (n - 1)))))
    return errors[0], errors[1]


def _alpha_error(c: Array) -> float:
    """Linearised standard error of alpha, without its small-sample correction."""
    rated = c.sum(axis=1)
    c, rated = c[rated >= 2], rated[rated >= 2]
    n, mean = len(c), rated.mean()
    share = (c / mean).mean(axis=0)
    chance = float((share**2).sum())
    if not chance < 1 or n < 2:
        return float("nan")
    alike = (c * (c - 1)).sum(axis=1) / (mean * (rated - 1))
    observed = float(alike.mean())
    plain = (observed - chance) / (1 - chance)
    excess = (rated - mean) / mean
    corrected = observed + (1 - observed) / rated.sum()
    own = (alike - corrected * excess - chance) / (1 - chance)
    chance_i = (c @ share) / mean - chance * excess
    own -= 2 * (1 - plain) * (chance_i - chance) / (1 - chance)
    return float(np.sqrt(((own - plain) ** 2).sum() / (n * (n - 1))))
