"""A change of score between two waves, split over codes so that it adds up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from cxlib.estimate import Design, design_se
from cxlib.voc._frames import Bools
from cxlib.voc._impact_rows import interval
from cxlib.voc._linked import UNSEEN_ERRORS, Linked
from cxlib.voc._score import Array
from cxlib.voc._shares import CORRECTED, MACHINE

ELSE = "(none of these)"
MENTIONS, SCORE, BOTH, CHANGE = "mentions", "score", "both", "change"


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A number, its influence values and the standard error of errors not seen."""

    value: float
    influence: Array
    unseen: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Wave:
    """What one wave says of each code.

    Attributes
    ----------
    whole : Part
        The score of all.
    share, score : tuple of Part
        A code's share of what is said; the score where it is said.
    n : ndarray of int, shape (k,)
        Verbatims in which the machine finds the code.
    known : ndarray of bool, shape (k,)
        Said often enough to have a score of its own.
    """

    whole: Part
    share: tuple[Part, ...]
    score: tuple[Part, ...]
    n: Array
    known: Bools


def wave_of(linked: Linked, checked: Bools, min_n: int) -> Wave:
    """Measure shares and scores in the rows that weigh something."""
    w = linked.w / linked.w.sum()
    mean = float(w @ linked.y)
    shares, scores = linked.shares(), linked.means()
    share, score = [], []
    for k, trusted in enumerate(checked.tolist()):
        p, s = shares[int(trusted)], scores[int(trusted)]
        error = UNSEEN_ERRORS**0.5 * trusted
        gap = abs(float(s.value[k]) - mean) / max(float(linked.n_positive[k]), 1.0)
        missed = error * float(p.trust[k]) / max(int(linked.read.sum()), 1)
        share.append(Part(float(p.value[k]), p.influence[:, k], missed))
        told = error * float(s.trust[k]) * gap
        score.append(Part(float(s.value[k]), s.influence[:, k], told))
    n = (linked.machine[linked.w > 0] > 0).sum(axis=0)
    whole = Part(mean, w * (linked.y - mean))
    return Wave(whole, tuple(share), tuple(score), n, (n >= min_n) | checked)


@dataclass(frozen=True, slots=True, eq=False)
class Splitter:
    """Splits the change of the mean score between two sets of rows.

    Attributes
    ----------
    before, after : Linked
        The same rows; those of the other wave weigh nothing.
    plan : Design
    min_n : int
    level : float
        Confidence level.
    """

    before: Linked
    after: Linked
    plan: Design
    min_n: int
    level: float

    def rows(self) -> list[dict[str, Any]]:
        """Return the rows of the change, of each code (its place) and of the rest."""
        known = self._known()
        ends = [one.shared_out(known) for one in (self.before, self.after)]
        checked = ends[0].checked & ends[1].checked
        first, last = (wave_of(end, checked, self.min_n) for end in ends)
        total = _minus(last.whole, first.whole)
        rest, parts = total, []
        for k, place in enumerate(np.flatnonzero(known).tolist()):
            code = _Code(first, last, k)
            both = code.both
            rest = _minus(rest, both)
            df = np.inf
            if checked[k]:
                df = 2 * (min(end.n_positive[k] for end in ends) - 1)
            common = code.common() | {"code": place}
            common["basis"] = CORRECTED if checked[k] else MACHINE
            told = [{"component": BOTH, **self._told(both, df)}]
            told += [{"component": n, **self._told(p, df)} for n, p in code.parts]
            parts.append((both.value, [row | common for row in told]))
        parts.sort(key=lambda pair: pair[0])
        whole = {"code": "all", "component": CHANGE, **self._told(total)}
        last_row = {"code": ELSE, "component": BOTH, **self._told(rest)}
        last_row["n"] = sum(_silent(end) for end in ends)
        return [whole, *(row for _, told in parts for row in told), last_row]

    def _known(self) -> Bools:
        """Codes said often enough in one of the waves, by the machine or people."""
        known = np.zeros(self.before.machine.shape[1], dtype=bool)
        for one in (self.before, self.after):
            known |= (one.machine[one.w > 0].sum(axis=0) >= self.min_n) | one.checked
        return known

    def _told(self, part: Part, df: float = np.inf) -> dict[str, float]:
        std_error, own = design_se(part.influence, self.plan)
        spread = float(np.hypot(std_error, part.unseen))
        return interval(part.value, spread, min(own, df), self.level)


@dataclass(frozen=True, slots=True, eq=False)
class _Code:
    """One code's parts: the place of another wave's score is taken where one is few."""

    before: Wave
    after: Wave
    k: int

    @property
    def parts(self) -> list[tuple[str, Part]]:
        """The mentions part and, where both waves have a score, the score part."""
        told = [(MENTIONS, self._mentions())]
        if self.before.known[self.k] and self.after.known[self.k]:
            told.append((SCORE, self._score()))
        return told

    @property
    def both(self) -> Part:
        """Both parts together."""
        one, other = self._mentions(), self._score()
        return Part(
            one.value + other.value, one.influence + other.influence,
            float(np.hypot(one.unseen, other.unseen)),
        )  # fmt: skip

    def common(self) -> dict[str, Any]:
        """What the rows of a code share."""
        row: dict[str, Any] = {}
        for name, wave in (("before", self.before), ("after", self.after)):
            known, score = wave.known[self.k], wave.score[self.k].value
            row[f"share_{name}"] = wave.share[self.k].value
            row[f"score_{name}"] = score if known else np.nan
            row[f"n_{name}"] = int(wave.n[self.k])
        return row | {"n": row["n_before"] + row["n_after"]}

    def _scores(self) -> tuple[Part, Part]:
        first, last = self.before.score[self.k], self.after.score[self.k]
        if not self.before.known[self.k]:
            return last, last
        return (first, last) if self.after.known[self.k] else (first, first)

    def _mentions(self) -> Part:
        """Change of the share times how far the score lies from that of all."""
        step = _minus(self.after.share[self.k], self.before.share[self.k])
        score, whole = _mid(*self._scores()), _mid(self.before.whole, self.after.whole)
        gap = _minus(score, whole)
        influence = step.influence * gap.value + step.value * gap.influence
        unseen = np.hypot(step.unseen * gap.value, step.value * gap.unseen)
        return Part(step.value * gap.value, influence, float(unseen))

    def _score(self) -> Part:
        """Change of the score where it is said times its mean share."""
        first, last = self._scores()
        share = _mid(self.before.share[self.k], self.after.share[self.k])
        rise = _minus(last, first)
        influence = rise.influence * share.value + rise.value * share.influence
        unseen = np.hypot(rise.unseen * share.value, rise.value * share.unseen)
        return Part(rise.value * share.value, influence, float(unseen))


def _silent(linked: Linked) -> int:
    """Return how many rows have none of the codes, as the machine reads them."""
    return int((linked.machine[linked.w > 0].sum(axis=1) == 0).sum())


def _minus(one: Part, other: Part) -> Part:
    unseen = float(np.hypot(one.unseen, other.unseen))
    return Part(one.value - other.value, one.influence - other.influence, unseen)


def _mid(one: Part, other: Part) -> Part:
    unseen = float(np.hypot(one.unseen, other.unseen)) / 2
    value = (one.value + other.value) / 2
    return Part(value, (one.influence + other.influence) / 2, unseen)
