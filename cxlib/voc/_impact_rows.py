"""The rows of impact: each code's loss, its slope, and what they rest on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from cxlib.estimate import Design, design_se
from cxlib.estimate.confounding import robustness_value
from cxlib.voc._frames import Bools
from cxlib.voc._linked import UNSEEN_ERRORS, Linked, Quantity
from cxlib.voc._score import Array
from cxlib.voc._shares import CORRECTED, HAND, MACHINE, Readings, share_of
from cxlib.voc.codebook import Codebook

_RV_DOF = 1000.0


@dataclass(frozen=True, slots=True, eq=False)
class Maker:
    """Makes a row a code.

    Attributes
    ----------
    linked : Linked
    plan : Design
    codes : tuple of str
    codebook : Codebook or None
        A code is not adjusted for its own relatives.
    min_n : int
    level : float
        Confidence level.
    bounds : tuple of float
        The lowest and highest score there can be.
    """

    linked: Linked
    plan: Design
    codes: tuple[str, ...]
    codebook: Codebook | None
    min_n: int
    level: float
    bounds: tuple[float, float]

    def rows(self) -> list[dict[str, Any]]:
        """Return one row a code, without an estimate where mentions are few."""
        known = self._found() | self.linked.checked
        counts = self.linked.machine.sum(axis=0)
        rows = []
        for k in range(len(self.codes)):
            row: dict[str, Any] = {"n": int(counts[k]), **self._counts(k)}
            row |= self._share(k, known=bool(known[k]))
            if known[k]:
                row |= self._lost(k) | self._held(k, known)
                row |= self._scores(row)
            rows.append(row)
        return rows

    def _found(self) -> Bools:
        """Codes that the machine finds often enough, and not in nearly all rows."""
        counts = self.linked.machine.sum(axis=0)
        few = np.minimum(counts, len(self.linked.y) - counts)
        return np.asarray(few >= self.min_n)

    def _counts(self, k: int) -> dict[str, Any]:
        n_positive = round(float(self.linked.n_positive[k]))
        return {"n_hand": int(self.linked.read.sum()), "n_positive": n_positive}

    def _share(self, k: int, *, known: bool) -> dict[str, Any]:
        """The share of mentions; as the machine says where people read too few."""
        hand = self.linked.hand[:, k]
        if not (known and self.linked.checked[k]):
            hand = np.full(len(hand), np.nan)
        read = Readings(self.linked.machine[:, k] > 0, hand, self.plan, self.level)
        row = share_of(read, np.ones(len(hand), dtype=bool), 2).row
        ends = {f"share_mentions_{e}": row[e] for e in ("ci_lower", "ci_upper")}
        return {"share_mentions": row["estimate"], **ends}

    def _lost(self, k: int) -> dict[str, Any]:
        """The score of all less that of verbatims that do not mention the code."""
        machine, best = self.linked.losses()
        chosen = best if self.linked.checked[k] else machine
        point, influence = float(chosen.value[k]), chosen.influence[:, k]
        row = self._told(point, influence, chosen, k)
        raw = self._told(float(machine.value[k]), machine.influence[:, k], None, k)
        names = ("estimate", "ci_lower", "ci_upper")
        told = {f"machine_{name}": raw[name] for name in names}
        return row | {"basis": self._basis(chosen, k, k)} | told

    def _basis(self, chosen: Quantity, place: int, k: int) -> str:
        if not self.linked.checked[k]:
            return MACHINE
        return CORRECTED if chosen.trust[place] > 0 else HAND

    def _held(self, k: int, known: Bools) -> dict[str, Any]:
        """The code's slope with the others held, and its share times it."""
        columns = self._model(k, known)
        place, checked = columns.index(k), bool(self.linked.checked[k])
        slope = self.linked.slopes(columns)[checked]
        share = self.linked.shares()[checked]
        beta, p = float(slope.value[place]), float(share.value[k])
        own = slope.influence[:, place]
        product = p * own + beta * share.influence[:, k]
        row = self._told(p * beta, product, slope, k, place)
        steep = self._told(beta, own, slope, k, place)
        names = ("estimate", "ci_lower", "ci_upper")
        adjusted = {n.replace("estimate", "adjusted"): row[n] for n in names[:1]}
        adjusted |= {f"adjusted_{n}": row[n] for n in names[1:]}
        told = {"slope": beta} | {f"slope_{n}": steep[n] for n in names[1:]}
        raw, share_raw = self.linked.slopes(columns)[0], self.linked.shares()[0]
        told["machine_adjusted"] = float(raw.value[place] * share_raw.value[k])
        return adjusted | told | _robustness(steep, float(slope.spread[place]))

    def _model(self, k: int, known: Bools) -> tuple[int, ...]:
        """Return the codes in k's model: all with an estimate but its relatives."""
        code = self.codes[k]
        kin = self.codebook.relatives(code) if self.codebook else frozenset()
        return tuple(
            j
            for j, other in enumerate(self.codes)
            if j == k or (known[j] and other not in kin)
        )

    def _told(
        self, point: float, influence: Array, chosen: Quantity | None, k: int,
        place: int | None = None,
    ) -> dict[str, float]:  # fmt: skip
        """Return a number with its interval; `chosen` is None for the plain machine."""
        std_error, df = design_se(influence, self.plan)
        if chosen is not None and self.linked.checked[k]:
            positive = float(self.linked.n_positive[k])
            trust = float(chosen.trust[k if place is None else place])
            unseen = trust * abs(point) * UNSEEN_ERRORS**0.5 / positive
            std_error, df = float(np.hypot(std_error, unseen)), min(df, positive - 1)
        return interval(point, std_error, df, self.level)

    def _scores(self, row: dict[str, Any]) -> dict[str, float]:
        """Return the scores with and without the code that the impact implies."""
        whole = float(np.average(self.linked.y, weights=self.plan.weights))
        share = float(row["share_mentions"])
        odds = (1 - share) / share if share > 0 else np.nan
        pair = np.array([whole + row["estimate"] * odds, whole - row["estimate"]])
        low, high = self.bounds
        inside = np.clip(pair, low, high).tolist()
        return {"score_with": inside[0], "score_without": inside[1]}


def interval(
    point: float, std_error: float, df: float, level: float
) -> dict[str, float]:
    """Return a number with its t interval and p-value."""
    half = float(stats.t.isf((1 - level) / 2, df)) * std_error
    test = point / std_error if std_error > 0 else float("nan")
    return {
        "estimate": point, "std_error": std_error, "ci_lower": point - half,
        "ci_upper": point + half, "pvalue": float(2 * stats.t.sf(abs(test), df)),
    }  # fmt: skip


def _robustness(slope: dict[str, float], spread: float) -> dict[str, float]:
    """Return how strong an unmeasured cause must be to end the slope, and its interval.

    |slope| / spread is the root of partial R2 / (1 - partial R2), whatever the design.
    """
    low, high = slope["ci_lower"], slope["ci_upper"]
    nearest = 0.0 if low <= 0 <= high else min(abs(low), abs(high))
    ends = {"share_robustness": abs(slope["estimate"]), "share_robustness_ci": nearest}
    if not spread > 0:
        return dict.fromkeys(ends, float("nan"))
    root = _RV_DOF**0.5
    return {
        name: robustness_value(value / spread * root, _RV_DOF)
        for name, value in ends.items()
    }
