"""Draws made by hand: NPVs alone, overlaps of pairs, costs, delays in a line."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np


@dataclass(frozen=True, slots=True)
class Made:
    """What `simulate` gives, without a simulation: each pair's overlap is given."""

    names: tuple[str, ...]
    alone: np.ndarray
    cost: np.ndarray
    upfront: np.ndarray
    overlap: dict = field(default_factory=dict)
    weekly: np.ndarray | None = None
    inputs: dict = field(default_factory=dict)
    currency: str = "EUR"
    horizon: float = 3.0
    plans: object = None

    def together(self, names):
        at = sorted(self.names.index(name) for name in names)
        twice = [v for (i, j), v in self.overlap.items() if i in at and j in at]
        return self.alone[:, at].sum(axis=1) - np.sum(twice, axis=0)

    def by_quarter(self, names, starts):
        """First costs in the quarter of the start, benefits in the last quarter."""
        cash = np.zeros((len(self.alone), 12))
        for name in names:
            at = self.names.index(name)
            cash[:, int(4 * starts[name])] -= self.upfront[:, at]
            cash[:, -1] += self.alone[:, at] + self.cost[:, at]
        return cash

    def delayed(self, weeks):
        return self.alone - weeks * (0 if self.weekly is None else self.weekly)


def made(alone, cost, *, overlap=None, weekly=None, start=None, currency="EUR"):
    """Draws with costs that are certain; `alone` has shape (draws, n) or (n,)."""
    alone = np.atleast_2d(np.asarray(alone, dtype=float))
    cost = np.broadcast_to(np.asarray(cost, dtype=float), alone.shape)
    n = alone.shape[1]
    pairs = {
        key: np.broadcast_to(np.asarray(v, dtype=float), len(alone)).copy()
        for key, v in (overlap or {}).items()
    }
    years = np.zeros(n) if start is None else np.asarray(start, dtype=float)
    return Made(
        names=tuple("ABCDEFGHIJKLMNOP"[:n]), alone=alone, cost=cost, upfront=cost,
        overlap=pairs, plans=SimpleNamespace(start=years), currency=currency,
        weekly=None if weekly is None else np.asarray(weekly, dtype=float),
    )  # fmt: skip
