"""How often a test is looked at, and what that does to its intervals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from cxlib import _checks
from cxlib.estimate import ArmDifference
from cxlib.estimate.sequential import TUNING_N, anytime
from cxlib.result import Assumption

Looks = Literal["once", "any"]
LOOKS = ("once", "any")
TUNING_CLUSTERS = 100
FIXED = Assumption(
    text="The length of the test was fixed beforehand: looking again and again "
    "and stopping at a good result makes false alarms far more frequent than "
    "the confidence level says.",
    quality="low", impact="high",
)  # fmt: skip
SETTLED = Assumption(
    text="The sequence was tuned once, before the first look; its intervals hold at "
    "any number of looks once the first of them has enough users for averages to be "
    "close to normal.",
    quality="medium", impact="medium",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Looking:
    """Once at a planned moment, or at any time."""

    looks: Looks
    tuning_n: int
    level: float
    unit: str = "users"

    @classmethod
    def of(
        cls, looks: Looks, tuning_n: int | None, level: float, *, clustered: bool
    ) -> Looking:
        """Check what was asked for and fill in what was left out."""
        _checks.one_of(looks, "looks", LOOKS)
        chosen = TUNING_CLUSTERS if clustered else TUNING_N
        if tuning_n is not None:
            _checks.in_range(tuning_n, "tuning_n", 1, np.inf, ends="[)")
            chosen = int(tuning_n)
        return cls(looks, chosen, level, "clusters" if clustered else "users")

    def at(
        self, estimator: Callable[[float], ArmDifference], n: float
    ) -> ArmDifference:
        """Return the comparison for this way of looking, with n units so far."""
        if self.looks == "once":
            return estimator(self.level)
        return anytime(
            estimator, n, tuning_n=self.tuning_n, confidence_level=self.level
        )

    @property
    def method(self) -> str:
        """A sentence for the method line, or nothing."""
        if self.looks == "once":
            return ""
        return (
            " Intervals and p-values hold at any look (asymptotic confidence sequence, "
            f"tightest at {self.tuning_n:,} {self.unit})."
        )

    @property
    def assumption(self) -> Assumption:
        """What must hold of the moment of looking."""
        return FIXED if self.looks == "once" else SETTLED
