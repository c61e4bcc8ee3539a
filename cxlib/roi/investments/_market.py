"""What a unit of each effect brings in money, over draws."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cxlib.roi.investments._cells import RETAINED, REVENUE, SCORE, SERVING
from cxlib.roi.investments._world import Rows
from cxlib.roi.investments.distributions import P90
from cxlib.roi.worth._worth import Terms, components, profiles

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Price:
    """Money of one unit held for one step, step by step from the one it is held in.

    `profile` is of shape (lags, draws or 1); `limit` the most a customer can gain, of
    shape (draws or 1,).
    """

    profile: Array
    limit: Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Market:
    """Customers of a segment, or all, and what they are worth.

    `theta`, shape (draws or 1, 6), are draws of the numbers of `terms`; `amount`,
    shape (draws or 1,), is the money of a point, customer and year where there are no
    terms. `margin` is a share of revenue; `means` may hold revenue, cost_to_serve
    (money a customer and year) and retained (share a year) and comes before `terms`.
    `centre` is the central `amount`, `spread` its P10 and P90; `scale` multiplies the
    value of a point, in each draw where it is of shape (draws,).
    """

    terms: Terms | None
    theta: Array | None
    amount: Array | None
    headroom: float
    margin: float | None
    means: Mapping[str, float]
    customers: float
    centre: float | None = None
    spread: tuple[float, float] | None = None
    scale: float | Array = 1.0

    def rows(self, rows: Rows) -> Market:
        """Return some draws."""

        def some(values: Array | None) -> Array | None:
            return values if values is None or len(values) == 1 else values[rows]

        return replace(self, theta=some(self.theta), amount=some(self.amount))

    def central(self, scale: float | Array) -> Market:
        """Return the market at its centre, the value of a point scaled."""
        theta = self.terms.theta[None, :] if self.terms is not None else None
        amount = None if self.centre is None else np.array([self.centre])
        return replace(self, theta=theta, amount=amount, scale=scale)

    def means_of(self, name: str) -> Array | None:
        """Return draws of a mean a year; None where it is not known."""
        if name in self.means:
            return np.array([float(self.means[name])])
        if self.terms is None or self.theta is None:
            return None
        revenue, cost, kept = self.theta[:, 3:6].T
        found = {REVENUE: revenue, SERVING: cost, RETAINED: kept}[name]
        if name == RETAINED:
            known = float(np.clip(self.terms.theta[5], 0, 1)) < 1
            kept = np.clip(found, 1e-6, 1) ** self.terms.per_year
            return np.asarray(kept) if known else None
        if not self.terms.theta[{REVENUE: 3, SERVING: 4}[name]]:
            return None
        return np.asarray(found * self.terms.per_year)

    @property
    def share(self) -> float | None:
        """Contribution margin as a share of revenue."""
        if self.margin is not None:
            return self.margin
        return self.terms.margin if self.terms is not None else None

    def lacks(self, kind: str) -> str:
        """Say what is missing to value an effect; empty where nothing is."""
        if kind == SCORE:
            known = self.terms is not None or self.amount is not None
            return "" if known else "the value of a score point"
        if kind == SERVING:
            return ""
        if self.share is None:
            return "`margin`"
        if kind == REVENUE:
            return ""
        return "" if self._knows_stay else "the mean revenue and retention (`means`)"

    @property
    def _knows_stay(self) -> bool:
        names = (REVENUE, RETAINED)
        return all(self.means_of(name) is not None for name in names)

    def price(self, kind: str, steps_per_year: int, steps: int) -> Price:
        """Return what a unit of an effect brings."""
        if kind == SCORE:
            profile = self._score(steps_per_year, steps)
        elif kind == RETAINED:
            profile = self._kept(steps_per_year, steps)
        else:
            each = 1.0 if kind == SERVING else self.share or 0.0
            profile = np.array([[each / steps_per_year]])
        return Price(profile, self.limit(kind, steps_per_year))

    def limit(self, kind: str, steps_per_year: int) -> Array:
        """Return the most of an effect that a customer can gain, (draws or 1,)."""
        if kind == SCORE:
            return np.array([self.headroom])
        if kind == RETAINED:
            return np.asarray(1 - self.stay(steps_per_year))
        most = self.means_of(SERVING) if kind == SERVING else None
        return np.array([np.inf]) if most is None else np.maximum(most, 0)

    def _score(self, steps_per_year: int, steps: int) -> Array:
        if self.amount is not None:
            return np.asarray(self.scale * self.amount[None, :] / steps_per_year)
        if self.terms is None or self.theta is None:
            return np.zeros((1, 1))
        profile = profiles(self.terms, self.theta, steps_per_year, steps)
        return np.asarray(np.ascontiguousarray(profile.T) * self.scale)

    def _kept(self, steps_per_year: int, steps: int) -> Array:
        """Price customers kept: their margin from the next step on, while they stay."""
        stay = self.stay(steps_per_year)
        after = np.arange(steps)[:, None]
        profile = np.where(after > 0, stay ** np.maximum(after - 1, 0), 0.0)
        return np.asarray(profile * self.yearly_margin() / steps_per_year)

    def stay(self, steps_per_year: int) -> Array:
        """Return the share that stays for a step, shape (draws or 1,)."""
        kept = self.means_of(RETAINED)
        if kept is None:
            return np.ones(1)
        return np.asarray(np.clip(kept, 0, 1) ** (1 / steps_per_year))

    def yearly_margin(self) -> Array:
        """Return the margin of a customer and year, cost to serve taken off."""
        revenue, cost = self.means_of(REVENUE), self.means_of(SERVING)
        earned = (self.share or 0.0) * (np.zeros(1) if revenue is None else revenue)
        return np.asarray(earned - (0.0 if cost is None else cost))

    def span(self) -> tuple[float, float, float]:
        """Return the central value of a point held for a year, P10 and P90."""
        if self.centre is not None and self.spread is not None:
            return self.centre, *self.spread
        if self.terms is None:
            return 0.0, 0.0, 0.0
        centre, slope = _linear(self.terms)
        error = P90 * max(float(slope @ self.terms.covariance @ slope), 0.0) ** 0.5
        return centre, centre - error, centre + error

    def drawn(self, kinds: Collection[str]) -> dict[str, Array]:
        """Return draws of what prices some effects, by name."""
        found: dict[str, Array] = {}
        if self.terms is not None and self.theta is not None:
            if SCORE in kinds:
                centre, slope = _linear(self.terms)
                moved = (self.theta - self.terms.theta) @ slope
                found["value of a point"] = np.asarray(centre + moved)
            if RETAINED in kinds:
                found["margin of a customer"] = self.yearly_margin()
                found["retention"] = self.stay(1)
        elif self.amount is not None and SCORE in kinds:
            found["value of a point"] = self.amount
        return {name: drawn for name, drawn in found.items() if len(drawn) > 1}


def _linear(terms: Terms) -> tuple[float, Array]:
    """Return the value of a point held for a year, and its slope in the six numbers."""
    slope = np.zeros(len(terms.theta))
    for at, error in enumerate(np.sqrt(np.diag(terms.covariance))):
        step = np.zeros(len(terms.theta))
        step[at] = 0.01 * error
        if error:
            up, down = (
                components(terms, terms.theta + s * step).sum() for s in (1, -1)
            )
            slope[at] = (up - down) / (2 * step[at])
    return float(components(terms, terms.theta).sum()), slope
