"""The money arithmetic of one score point: margins, survival, time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Terms:
    """The six numbers that make the value, and the settings that turn them to money.

    Attributes
    ----------
    theta : ndarray, shape (6,)
        Per period: change of revenue, of cost and of retention per point; mean
        revenue, mean cost and retention.
    covariance : ndarray, shape (6, 6)
        Clustered, across outcomes; zero where an outcome is not modelled.
    margin, horizon, discount_rate, per_year
        Contribution margin, years, yearly rate, periods in a year.
    df : float
        Smallest degrees of freedom of the fits used.
    lag_years : float
        How long after the score the money comes.
    """

    theta: Array
    covariance: Array
    margin: float
    horizon: int
    discount_rate: float
    per_year: float
    df: float
    lag_years: float

    def draw(self, n: int, rng: np.random.Generator) -> Array:
        """Draw the six numbers from their joint (t) distribution, shape (n, 6)."""
        values, vectors = np.linalg.eigh(self.covariance)
        root = vectors * np.sqrt(np.clip(values, 0, None))
        spread = np.sqrt(self.df / rng.chisquare(self.df, size=(n, 1)))
        return np.asarray(self.theta + spread * (rng.normal(size=(n, 6)) @ root.T))


def components(terms: Terms, theta: Array) -> Array:
    """Return the four components of the value at given parameters, shape (4,).

    Of a point, or of any other change held for a year: three more parameters say by how
    much revenue, cost and retention of the customers changed differ from the means
    during that year (a detractor leaves sooner than the average customer).
    """
    rev, cost, kept, mean_rev, mean_cost, r, *apart = theta
    apart_rev, apart_cost, apart_r = apart or (0.0, 0.0, 0.0)
    steps, held = int(terms.per_year * terms.horizon), int(terms.per_year)
    during = np.arange(steps) < held
    stays = np.where(during, r + apart_r, r)
    lifted = np.clip(np.where(during, stays + kept, stays), 0, 1)
    alive = np.r_[1.0, np.cumprod(lifted)[:-1]]
    base = np.r_[1.0, np.cumprod(np.clip(stays, 0, 1))[:-1]]
    factor = (1 + terms.discount_rate) ** (-np.arange(1, steps + 1) / terms.per_year)
    earned = alive * during * factor
    usual = terms.margin * (mean_rev + apart_rev * during) - (
        mean_cost + apart_cost * during
    )
    extra = (alive - base) * usual * factor
    return np.array(
        [terms.margin * rev * earned.sum(), -cost * earned.sum(),
         extra[during].sum(), extra[~during].sum()]
    )  # fmt: skip


def profiles(terms: Terms, theta: Array, steps_per_year: int, steps: int) -> Array:
    """Return the cash that one point held for one step brings, step by step.

    Shape (draws, steps): the step it is held in (after the lag) first, margins of the
    customers kept by it afterwards; not discounted.
    """
    rev, cost, kept, mean_rev, mean_cost, r = theta.T[:, :, None]
    ratio = terms.per_year / steps_per_year
    stay = np.clip(r, 0, 1) ** ratio
    gained = np.clip(r + kept, 0, 1) ** ratio - stay
    after = np.arange(steps)[None, :]
    margin = (terms.margin * mean_rev - mean_cost) * ratio
    later = gained * stay ** np.maximum(after - 1, 0) * margin * (after > 0)
    now = (terms.margin * rev - cost) * ratio * (after == 0)
    wait = min(round(terms.lag_years * steps_per_year), steps)
    return np.asarray(np.pad(now + later, ((0, 0), (wait, 0)))[:, :steps])
