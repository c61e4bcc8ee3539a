"""One code's share in one segment, on the best basis there is."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib import _checks
from cxlib.estimate import Design, Estimate, estimate
from cxlib.estimate.covariance import domain_influence
from cxlib.estimate.ppi import corrected_influence
from cxlib.result import Assumption
from cxlib.voc._frames import Bools, code_places
from cxlib.voc.audit import audit
from cxlib.voc.codebook import Codebook

Array = npt.NDArray[np.float64]
CORRECTED, HAND, MACHINE, FEW = "corrected", "hand only", "machine only", "too few"
MIN_POSITIVES = 5
_MIN_HAND = 20
_VALUES = ("estimate", "std_error", "ci_lower", "ci_upper")
_RAW = ("share_machine", "share_machine_ci_lower", "share_machine_ci_upper")
TRUTH = Assumption(
    text="What people code is what is true; where two differ, their mean counts.",
    quality="medium", impact="medium",
)  # fmt: skip
SHARE_COLUMNS = ("n", "n_hand", "n_positive", *_VALUES, "basis", *_RAW)


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """What the machine and people read of one code, row by row.

    Attributes
    ----------
    machine : ndarray of bool, shape (n,)
    hand : ndarray of float, shape (n,)
        Share of coders who gave the code, NaN where nobody looked.
    plan : Design
    level : float
        Confidence level.
    inclusion : ndarray of float, shape (n,), or None
        Probability that a row was drawn for reading, where that differs.
    """

    machine: Bools
    hand: Array
    plan: Design
    level: float
    inclusion: Array | None = None

    @property
    def hand_plan(self) -> Design:
        """The design of the hand readings: weights over inclusion probabilities."""
        if self.inclusion is None:
            return self.plan
        drawn = np.where(np.isfinite(self.hand), self.inclusion, 1.0)
        return replace(self.plan, weights=self.plan.weights / drawn, weighted=True)


@dataclass(frozen=True, slots=True, eq=False)
class Share:
    """One code's share in some rows.

    Attributes
    ----------
    row : dict
        The columns of a result table.
    best : Estimate or None
        None where the rows are too few.
    influence : ndarray, shape (n,)
        Of every row on the estimate; zero where there is none.
    """

    row: dict[str, object]
    best: Estimate | None
    influence: Array


def hand_codes(
    ids: pd.Index,
    codings: pd.DataFrame | None,
    codes: tuple[str, ...],
    codebook: Codebook | None = None,
    *,
    chosen: bool = False,
) -> Array:
    """Return the share of coders who gave each code, NaN where nobody looked.

    Verbatims picked for the machine count only if `chosen`: they teach, and nothing is
    measured on them.
    """
    found = np.full((len(ids), len(codes)), np.nan)
    if codings is None or codings.empty:
        return found
    _checks.columns(codings, ["verbatim_id", "coder", "code"], "codings")
    codings = codings if chosen else audit(codings)
    if codebook is not None:
        codings = codebook.roll_up(codings[["verbatim_id", "coder", "code"]])
    given = codings.astype({"verbatim_id": str}).drop_duplicates(
        ["verbatim_id", "coder", "code"]
    )
    row = ids.get_indexer(pd.Index(given["verbatim_id"].tolist()))
    given, row = given[row >= 0], row[row >= 0]
    looks = given.assign(row=row).drop_duplicates(["row", "coder"])
    coders = np.bincount(looks["row"].to_numpy(dtype=int), minlength=len(ids))
    number = code_places(codes, given["code"])
    times = np.zeros(found.shape)
    np.add.at(times, (row[number >= 0], number[number >= 0]), 1.0)
    found[coders > 0] = times[coders > 0] / coders[coders > 0, None]
    return found


def inclusion_of(
    ids: pd.Index, codings: pd.DataFrame | None, hand: Array
) -> Array | None:
    """Return each hand-read row's probability of being drawn; None if all are alike.

    Rows without one were drawn at random: theirs is the share of rows so read.
    """
    if codings is None or "inclusion" not in codings.columns:
        return None
    chance = pd.to_numeric(codings["inclusion"], errors="coerce").set_axis(
        pd.Index(codings["verbatim_id"].astype(str))
    )
    read = np.isfinite(hand).any(axis=1)
    given = chance.groupby(level=0).first().reindex(ids).to_numpy(dtype=float)
    blank = read & ~np.isfinite(given)
    found = np.where(blank, blank.mean() if blank.any() else 1.0, given)
    return found if len(np.unique(found[read])) > 1 else None


def share_of(read: Readings, inside: Bools, min_n: int) -> Share:
    """Estimate the share inside some rows; NaN where they are too few."""
    seen = np.isfinite(read.hand) & inside
    positive = float(read.hand[seen].sum())
    counts = {"n": int(inside.sum()), "n_hand": int(seen.sum())}
    row: dict[str, object] = {**counts, "n_positive": round(positive)}
    if inside.sum() < max(min_n, 2):
        row |= dict.fromkeys((*_VALUES, *_RAW), float("nan")) | {"basis": FEW}
        return Share(row, None, np.zeros(len(inside)))
    plain = estimate(
        read.machine, "share", plan=read.plan, domain=inside,
        confidence_level=read.level,
    )  # fmt: skip
    basis, best = MACHINE, plain
    influence = domain_influence(read.machine, inside, read.plan)
    if seen.sum() >= _MIN_HAND:
        fewest = min(positive, seen.sum() - positive)
        basis = CORRECTED if fewest >= MIN_POSITIVES else HAND
        best, influence = _by_hand(read, inside, basis)
    raw = (plain.estimate, plain.ci_lower, plain.ci_upper)
    row |= {name: getattr(best, name) for name in _VALUES}
    row |= {"basis": basis} | dict(zip(_RAW, raw, strict=True))
    return Share(row, best, influence)


def _by_hand(read: Readings, inside: Bools, basis: str) -> tuple[Estimate, Array]:
    """Correct the machine by hand codes, or take those alone (coders averaged)."""
    seen = np.isfinite(read.hand)
    if basis == HAND and np.isin(read.hand[seen], (0, 1)).all():
        alone = estimate(
            read.hand, "share", plan=read.hand_plan, domain=inside,
            confidence_level=read.level,
        )  # fmt: skip
        values = np.where(seen, read.hand, 0.0)
        return alone, domain_influence(values, seen & inside, read.hand_plan)
    found = corrected_influence(
        read.machine if basis == CORRECTED else np.zeros(len(read.machine)),
        read.hand, plan=read.plan, domain=inside, inclusion=read.inclusion,
    )  # fmt: skip
    n = int(inside.sum())
    best = found.with_interval(read.plan, n=n, confidence_level=read.level)
    return best, found.influence
