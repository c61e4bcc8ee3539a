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

ELSE = "(everything else)"
MENTIONS, SCORE, BOTH, CHANGE = "mentions", "score", "both", "change"


@dataclass(frozen=True, slots=True, eq=False)
class Wave:
    """What one wave says of each code.

    Attributes
    ----------
    share, gap : ndarray, shape (k,)
        Share of mentions; score of those who mention it less others, all codes held.
    of_share, of_gap : ndarray, shape (n, k)
        Influence values.
    unseen_share, unseen_gap : ndarray, shape (k,)
        Standard errors of what errors not seen may add.
    known : ndarray of bool, shape (k,)
        Mentioned often enough to have a gap of its own.
    """

    share: Array
    gap: Array
    of_share: Array
    of_gap: Array
    unseen_share: Array
    unseen_gap: Array
    known: Bools


def wave_of(linked: Linked, known: Bools, checked: Bools) -> Wave:
    """Measure shares and gaps in the rows that weigh something."""
    columns = tuple(np.flatnonzero(known).tolist())
    share, gap = linked.shares(), linked.slopes(columns)
    rows, codes = linked.machine.shape
    full, trust = np.zeros(codes), np.zeros(codes)
    of_gap = np.zeros((rows, codes))
    for place, k in enumerate(columns):
        chosen = gap[int(checked[k])]
        full[k], of_gap[:, k] = chosen.value[place], chosen.influence[:, place]
        trust[k] = chosen.trust[place] * checked[k]
    error = UNSEEN_ERRORS**0.5 * checked
    positive = np.maximum(linked.n_positive, 1.0)
    return Wave(
        np.where(checked, share[1].value, share[0].value), full,
        np.where(checked, share[1].influence, share[0].influence), of_gap,
        error * share[1].trust / max(int(linked.read.sum()), 1),
        error * trust * np.abs(full) / positive, known,
    )  # fmt: skip


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
        waves, checked = self._waves()
        pairs = {
            k: self._code(waves, k, checked=bool(checked[k]))
            for k in np.flatnonzero(waves[0].known | waves[1].known).tolist()
        }
        total, of_total = self._total()
        value = total - sum(v for _, _, v, _ in pairs.values())
        influence = of_total - sum(u for _, _, _, u in pairs.values())
        told = self._told(value, influence, 0.0, np.inf)
        rest = {"code": ELSE, "component": SCORE, **told}
        change = self._told(total, of_total, 0.0, np.inf)
        whole = {"code": "all", "component": CHANGE, **change}
        ordered = sorted(pairs.values(), key=lambda pair: pair[2])
        parts = [row | common for rows, common, _, _ in ordered for row in rows]
        return [whole, *parts, rest]

    def _waves(self) -> tuple[tuple[Wave, Wave], Bools]:
        """Measure both waves; people's codes count where both have enough of them."""
        checked = self.before.checked & self.after.checked
        found = []
        for linked in (self.before, self.after):
            weighed = linked.w > 0
            n = linked.machine[weighed].sum(axis=0)
            enough = np.minimum(n, weighed.sum() - n) >= self.min_n
            found.append(wave_of(linked, enough | checked, checked))
        return (found[0], found[1]), checked

    def _total(self) -> tuple[float, Array]:
        """The change of the score and its influence values."""
        means, influence = [], []
        for linked in (self.before, self.after):
            w = linked.w / linked.w.sum()
            means.append(float(w @ linked.y))
            influence.append(w * (linked.y - means[-1]))
        return means[1] - means[0], influence[1] - influence[0]

    def _code(
        self, waves: tuple[Wave, Wave], k: int, *, checked: bool
    ) -> tuple[list[dict[str, Any]], dict[str, Any], float, Array]:
        """Return a code's rows, what they share, and the sum of its two parts."""
        first, last = _borrowed(waves, k)
        p, of_p, e_p = _pair(waves, k, "share")
        step, mean = p[1] - p[0], p.mean()
        gap, rise = (first[0] + last[0]) / 2, last[0] - first[0]
        of_gap, of_rise = (first[1] + last[1]) / 2, last[1] - first[1]
        moved = gap * (of_p[1] - of_p[0]) + step * of_gap
        felt = mean * of_rise + rise * (of_p[0] + of_p[1]) / 2
        unseen = np.hypot(*e_p) * abs(gap), np.hypot(first[2], last[2]) * mean
        df = self._df(k) if checked else np.inf
        parts = (
            (BOTH, step * gap + mean * rise, moved + felt, float(np.hypot(*unseen))),
            (MENTIONS, step * gap, moved, unseen[0]),
            (SCORE, mean * rise, felt, unseen[1]),
        )
        both_known = bool(waves[0].known[k] and waves[1].known[k])
        rows = [
            {"component": name, **self._told(value, influence, error, df)}
            for name, value, influence, error in parts
            if both_known or name != SCORE
        ]
        return rows, self._common(waves, k, checked=checked), *parts[0][1:3]

    def _common(
        self, waves: tuple[Wave, Wave], k: int, *, checked: bool
    ) -> dict[str, Any]:
        gaps = [float(w.gap[k]) if w.known[k] else np.nan for w in waves]
        n = [int(x.machine[x.w > 0, k].sum()) for x in (self.before, self.after)]
        return {
            "code": k, "basis": CORRECTED if checked else MACHINE,
            "share_before": float(waves[0].share[k]),
            "share_after": float(waves[1].share[k]),
            "gap_before": gaps[0], "gap_after": gaps[1],
            "n_before": n[0], "n_after": n[1], "n": sum(n),
        }  # fmt: skip

    def _df(self, k: int) -> float:
        fewest = min(self.before.n_positive[k], self.after.n_positive[k])
        return 2 * (float(fewest) - 1)

    def _told(
        self, point: float, influence: Array, unseen: float, df: float
    ) -> dict[str, float]:
        std_error, own = design_se(influence, self.plan)
        spread = float(np.hypot(std_error, unseen))
        return interval(float(point), spread, min(own, df), self.level)


def _pair(waves: tuple[Wave, Wave], k: int, name: str) -> tuple[Array, Array, Array]:
    """Return both waves' value, influence and unseen error of a code."""
    value = np.array([getattr(w, name)[k] for w in waves])
    influence = np.array([getattr(w, f"of_{name}")[:, k] for w in waves])
    return value, influence, np.array([getattr(w, f"unseen_{name}")[k] for w in waves])


def _borrowed(
    waves: tuple[Wave, Wave], k: int
) -> tuple[tuple[float, Array, float], tuple[float, Array, float]]:
    """Return both waves' gap; the other wave's where one has too few mentions."""
    found = [(float(w.gap[k]), w.of_gap[:, k], float(w.unseen_gap[k])) for w in waves]
    first = found[0] if waves[0].known[k] else found[1]
    last = found[1] if waves[1].known[k] else found[0]
    return first, last
