"""What ties a score to codes, as the machine reads them and as people do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from cxlib.estimate import Design
from cxlib.voc._frames import Bools
from cxlib.voc._score import Array
from cxlib.voc._shares import hand_codes, inclusion_of
from cxlib.voc.audit import audit
from cxlib.voc.codebook import Codebook

MIN_READ = 10
UNSEEN_ERRORS = 1.5
_FULL = 0.99


@dataclass(frozen=True, slots=True, eq=False)
class Quantity:
    """Numbers with the influence of each row on them.

    Attributes
    ----------
    value : ndarray, shape (k,)
    influence : ndarray, shape (n, k)
        See `estimate.design_se`.
    spread : ndarray, shape (k,)
        Of slopes: |slope| / spread is the root of partial R2 / (1 - partial R2).
    trust : ndarray, shape (k,)
        How far the machine was trusted: 1 fully, 0 not at all.
    """

    value: Array
    influence: Array
    spread: Array
    trust: Array


Measure = Callable[[Array, Array, Array], Quantity]


def slopes(y: Array, codes: Array, w: Array) -> Quantity:
    """Regress y on all codes, by weights; residuals widened by leverage (HC2)."""
    columns = np.column_stack([np.ones(len(y)), codes])
    weighted = columns * w[:, None]
    bread = np.linalg.pinv(weighted.T @ columns, hermitian=True)
    slope = bread @ weighted.T @ y
    residual = y - columns @ slope
    half = weighted @ bread
    leverage = np.minimum((half * columns).sum(axis=1), _FULL)
    influence = half * (residual / np.sqrt(1 - leverage))[:, None]
    spread = np.sqrt(np.diag(bread) * float(w @ residual**2))
    return Quantity(slope[1:], influence[:, 1:], spread[1:], np.ones(codes.shape[1]))


def shares(y: Array, codes: Array, w: Array) -> Quantity:  # noqa: ARG001
    """Return the share of rows that mention each code, whatever their score."""
    share = w @ codes / w.sum()
    influence = (w / w.sum())[:, None] * (codes - share)
    return Quantity(share, influence, np.ones(len(share)), np.ones(len(share)))


def means(y: Array, codes: Array, w: Array) -> Quantity:
    """Return the mean of y over the rows that mention each code, 0 where none does."""
    weight = w[:, None] * codes
    total = np.maximum(weight.sum(axis=0), np.finfo(float).tiny)
    mean = (weight * y[:, None]).sum(axis=0) / total
    squares = np.maximum(np.square(weight).sum(axis=0), np.finfo(float).tiny)
    rows = np.maximum(np.square(total) / squares, 2.0)
    widen = np.sqrt(rows / (rows - 1))
    influence = widen * weight * (y[:, None] - mean) / total
    return Quantity(mean, influence, np.ones(len(mean)), np.ones(len(mean)))


def losses(y: Array, codes: Array, w: Array) -> Quantity:
    """Return, for each code, the mean of y less that of rows that do not mention it."""
    weight = w[:, None] * (1 - codes)
    total = np.maximum(weight.sum(axis=0), np.finfo(float).tiny)
    rest = (weight * y[:, None]).sum(axis=0) / total
    mean = float(w @ y / w.sum())
    whole = (w * (y - mean) / w.sum())[:, None]
    influence = whole - weight * (y[:, None] - rest) / total
    return Quantity(mean - rest, influence, np.ones(len(rest)), np.ones(len(rest)))


def corrected(read: Quantity, whole: Quantity, again: Quantity) -> Quantity:
    """Correct the machine's numbers by how far they are off where people read too.

    The hand-coded estimate plus trust x (machine on all rows - machine on the
    hand-coded rows): right for any trust, which is set to make it precise.
    """
    gap = whole.influence - again.influence
    spread = np.square(gap).sum(axis=0)
    along = -(read.influence * gap).sum(axis=0)
    trust = np.where(spread > 0, along / np.where(spread > 0, spread, 1.0), 0.0)
    trust = np.clip(trust, 0.0, 1.0)
    value = read.value + trust * (whole.value - again.value)
    return Quantity(value, read.influence + trust * gap, read.spread, trust)


@dataclass(frozen=True, slots=True, eq=False)
class Linked:
    """Scores, the machine's codes and people's, row by row.

    Attributes
    ----------
    y : ndarray, shape (n,)
        In the unit of the score.
    machine : ndarray, shape (n, k)
        0 or 1.
    hand : ndarray, shape (n, k)
        Share of coders who gave the code, NaN in rows nobody read.
    w : ndarray, shape (n,)
        Weights; 0 outside the rows that are meant.
    draw : ndarray, shape (n,)
        Weight of a row read by hand over that of others (1 / chance to be drawn).
    """

    y: Array
    machine: Array
    hand: Array
    w: Array
    draw: Array
    _counted: list[Array] = field(default_factory=list)
    _known: dict[tuple[str, tuple[int, ...]], tuple[Quantity, Quantity]] = field(
        default_factory=dict
    )

    def inside(self, rows: Bools) -> Linked:
        """Return the same rows with those outside weighing nothing."""
        w = np.where(rows, self.w, 0.0)
        return Linked(self.y, self.machine, self.hand, w, self.draw)

    @property
    def read(self) -> Bools:
        """Rows that somebody read."""
        return np.isfinite(self.hand).any(axis=1) & (self.w > 0)

    @property
    def n_positive(self) -> Array:
        """How often people gave each code."""
        if not self._counted:
            self._counted.append(self.hand[self.read].sum(axis=0))
        return self._counted[0]

    @property
    def checked(self) -> Bools:
        """Codes with enough verbatims read by hand, with and without them."""
        fewest = np.minimum(self.n_positive, self.read.sum() - self.n_positive)
        return np.asarray(fewest >= MIN_READ)

    def slopes(self, columns: tuple[int, ...]) -> tuple[Quantity, Quantity]:
        """Return the slopes of codes in one model: the machine's, and corrected."""
        return self._both("slopes", slopes, columns)

    def losses(self) -> tuple[Quantity, Quantity]:
        """Return what each code's verbatims cost: the machine's, and corrected."""
        return self._both("losses", losses, tuple(range(self.machine.shape[1])))

    def shares(self) -> tuple[Quantity, Quantity]:
        """Return the share of each code: the machine's, and corrected."""
        return self._both("shares", shares, tuple(range(self.machine.shape[1])))

    def means(self) -> tuple[Quantity, Quantity]:
        """Return the score where each code is said: as the machine says, corrected."""
        return self._both("means", means, tuple(range(self.machine.shape[1])))

    def shared_out(self, known: Bools) -> Linked:
        """Return these codes only, a verbatim with several shared out equally."""
        return Linked(
            self.y, _shared_out(self.machine[:, known]),
            _shared_out(self.hand[:, known]), self.w, self.draw,
        )  # fmt: skip

    def _both(
        self, name: str, measure: Measure, columns: tuple[int, ...]
    ) -> tuple[Quantity, Quantity]:
        if (name, columns) not in self._known:
            self._known[name, columns] = self._measured(measure, list(columns))
        return self._known[name, columns]

    def _measured(
        self, measure: Measure, columns: list[int]
    ) -> tuple[Quantity, Quantity]:
        machine = self.machine[:, columns]
        whole = measure(self.y, machine, self.w)
        if not self.checked[columns].any():
            return whole, whole
        rows = self.read
        y, drawn = self.y[rows], (self.w * self.draw)[rows]
        found = measure(y, self.hand[rows][:, columns], drawn)
        again = measure(y, machine[rows], drawn)
        return whole, corrected(_placed(found, rows), whole, _placed(again, rows))


def _placed(part: Quantity, rows: Bools) -> Quantity:
    """Give the rows that were left out an influence of nothing."""
    influence = np.zeros((len(rows), part.influence.shape[1]))
    influence[rows] = part.influence
    return Quantity(part.value, influence, part.spread, part.trust)


def _shared_out(codes: Array) -> Array:
    """Divide each row by its number of codes, where it has more than one."""
    return np.asarray(codes / np.maximum(codes.sum(axis=1, keepdims=True), 1.0))


def linked(
    ids: pd.Index, y: Array, machine: Bools, plan: Design,
    codings: pd.DataFrame | None, codes: tuple[str, ...], codebook: Codebook | None,
) -> Linked:  # fmt: skip
    """Bring scores, the machine's codes and the randomly drawn hand codes together."""
    people = None if codings is None else audit(codings)
    hand = hand_codes(ids, people, codes, codebook)
    chance = inclusion_of(ids, people, hand)
    draw = np.ones(len(ids)) if chance is None else 1 / np.where(chance > 0, chance, 1)
    return Linked(y, machine.astype(float), hand, plan.weights, draw)
