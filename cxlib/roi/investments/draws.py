"""The draws of a simulation, for what is decided from them: one world a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from cxlib import _checks
from cxlib.errors import ArgumentError
from cxlib.roi.investments import _flows
from cxlib.roi.investments._flows import Settings
from cxlib.roi.investments.initiatives import Plans

Array = npt.NDArray[np.float64]
_NUMBERS = ("cost", "running_cost", "effect", "low", "high", "reach", "start", "ramp",
            "duration", "decay")  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Draws:
    """What every initiative returns in every draw; row i is the same world throughout.

    Attributes
    ----------
    names : tuple of str
        Initiatives, in the order of the file.
    alone : ndarray, shape (draws, initiatives)
        NPV of each done alone.
    cost : ndarray, shape (draws, initiatives)
        Its discounted cost, first and running.
    upfront : ndarray, shape (draws, initiatives)
        Its first cost, not discounted.
    inputs : dict of str to ndarray, shape (draws,)
        Every uncertain input ("effect of X", "value of a point"); fixed ones are not
        in it.
    currency : str
    horizon : float
        Years.
    """

    names: tuple[str, ...]
    alone: Array
    cost: Array
    upfront: Array
    inputs: dict[str, Array]
    currency: str
    horizon: float
    plans: Plans = field(repr=False)
    effects: Array = field(repr=False)
    profile: Array = field(repr=False)
    settings: Settings = field(repr=False)

    def together(self, names: Sequence[str]) -> Array:
        """Return the NPV of a set done together, overlap taken out, shape (draws,).

        Of no initiative it is zero; the order of the names does not matter.
        """
        chosen = self._places(names)
        if not chosen:
            return np.zeros(len(self.alone))
        some = _only(self.plans, chosen)
        found = _flows.run(some, self.effects[:, chosen], self.profile, self.settings)
        return np.asarray(found.credited.sum(axis=1))

    def delayed(self, weeks: float) -> Array:
        """Return the NPV of each alone if it started `weeks` later.

        Shape (draws, initiatives). The horizon ends when it ended before; a delay
        below the length of a step is interpolated.
        """
        _checks.in_range(weeks, "weeks", 0, float("inf"), ends="[)")
        steps = weeks * 7 / 365.25 * self.settings.steps_per_year
        low = int(np.floor(steps))
        share = steps - low
        found = self._later(low) * (1 - share)
        return found + share * self._later(low + 1) if share else found

    def _later(self, steps: int) -> Array:
        if not steps:
            return self.alone
        years = self.plans.start + steps / self.settings.steps_per_year
        late = replace(self.plans, start=years)
        return _flows.run(late, self.effects, self.profile, self.settings).alone

    def _places(self, names: Sequence[str]) -> list[int]:
        if isinstance(names, str):
            raise ArgumentError(f"`names` is '{names}'; give a sequence of names.")
        known = {name: at for at, name in enumerate(self.names)}
        for name in names:
            if name not in known:
                raise ArgumentError(
                    f"`names` has '{name}'; {_checks.did_you_mean(name, self.names)}"
                )
        return sorted({known[name] for name in names})


def _only(plans: Plans, chosen: list[int]) -> Plans:
    """Return the plans of some initiatives."""
    words = {
        name: tuple(getattr(plans, name)[at] for at in chosen)
        for name in ("name", "driver", "evidence")
    }
    numbers = {name: getattr(plans, name)[chosen] for name in _NUMBERS}
    return Plans(
        name=words["name"], driver=words["driver"], evidence=words["evidence"],
        customers=plans.customers, **numbers,
    )  # fmt: skip
