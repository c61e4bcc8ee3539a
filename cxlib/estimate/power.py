"""What a comparison can find: power, units needed, smallest detectable effect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from cxlib import _checks
from cxlib.estimate.sequential import sequence_quantile

_MOST = 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerRule:
    """How a difference will be judged, and how surely it is to be found.

    Attributes
    ----------
    confidence_level : float
        Of the two-sided interval after any correction, in (0, 1).
    power : float
        Chance wanted of finding the effect, in (0, 1).
    looks : {"once", "any"}
    tuning_n : float, optional
        With "any": units at which the sequence is tightest; where the effect is looked
        for when not given.
    tails : {1, 2}
        2 to detect a difference, 1 to exclude a loss.

    Notes
    -----
    Normal approximation. With "any" the power is that of the one look at n; looking
    earlier too can only add to it, so n is on the safe side.

    Examples
    --------
    >>> rule = PowerRule()
    >>> round(rule.factor(0.2, 1.0, n=1), 1)
    196.2
    >>> round(PowerRule(looks="any").factor(0.2, 1.0, n=1), 1)
    375.7
    """

    confidence_level: float = 0.95
    power: float = 0.8
    looks: Literal["once", "any"] = "once"
    tuning_n: float | None = None
    tails: Literal[1, 2] = 2

    def __post_init__(self) -> None:
        for name in ("confidence_level", "power"):
            _checks.in_range(getattr(self, name), name, 0, 1, ends="()")
        _checks.one_of(self.looks, "looks", ("once", "any"))
        if self.tuning_n is not None:
            _checks.in_range(self.tuning_n, "tuning_n", 1, np.inf, ends="[)")

    def quantile(self, n: float) -> float:
        """Return half the interval's width in standard errors, with n units."""
        if self.looks == "once":
            return float(-ndtri((1 - self.confidence_level) / 2))
        return sequence_quantile(
            n, tuning_n=self.tuning_n or n, confidence_level=self.confidence_level
        )

    def chance(self, effect: float, std_error: float, *, n: float) -> float:
        """Return the power for an effect when n units give this standard error."""
        if not std_error > 0:
            return float("nan")
        away, q = abs(effect) / std_error, self.quantile(n)
        other = ndtr(-away - q) if self.tails == 2 else 0.0
        return float(ndtr(away - q) + other)

    def factor(self, effect: float, std_error: float, *, n: float) -> float:
        """Return by how much the n units have to grow; under 1 if there are enough.

        NaN for no effect or no spread; infinite beyond a factor of a billion.
        """
        if not (abs(effect) > 0 and std_error > 0):
            return float("nan")

        def short(log_factor: float) -> float:
            grown = float(np.exp(log_factor))
            found = self.chance(effect, std_error / grown**0.5, n=n * grown)
            return found - self.power

        low, high = -np.log(_MOST), np.log(_MOST)
        if short(high) < 0:
            return float("inf")
        return float(np.exp(brentq(short, low, high, xtol=1e-12)))

    def detectable(self, std_error: float, *, n: float) -> float:
        """Return the smallest effect that n units find with the power wanted."""
        return float((self.quantile(n) + ndtri(self.power)) * std_error)
