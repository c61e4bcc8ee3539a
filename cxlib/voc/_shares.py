"""One code's share in one segment, on the best basis there is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib import _checks
from cxlib.estimate import Design, Estimate, estimate
from cxlib.estimate.ppi import corrected_share
from cxlib.voc._frames import Bools, code_places
from cxlib.voc.audit import audit
from cxlib.voc.codebook import Codebook

Array = npt.NDArray[np.float64]
CORRECTED, HAND, MACHINE, FEW = "corrected", "hand only", "machine only", "too few"
MIN_POSITIVES = 5
_MIN_HAND = 20
_VALUES = ("estimate", "std_error", "ci_lower", "ci_upper")
_RAW = ("share_machine", "share_machine_ci_lower", "share_machine_ci_upper")
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
    """

    machine: Bools
    hand: Array
    plan: Design
    level: float


def hand_codes(
    ids: pd.Index,
    codings: pd.DataFrame | None,
    codes: tuple[str, ...],
    codebook: Codebook | None = None,
) -> Array:
    """Return the share of coders who gave each code, NaN where nobody looked."""
    found = np.full((len(ids), len(codes)), np.nan)
    if codings is None or codings.empty:
        return found
    _checks.columns(codings, ["verbatim_id", "coder", "code"], "codings")
    codings = audit(codings)
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


def share_row(read: Readings, inside: Bools, min_n: int) -> dict[str, object]:
    """Estimate the share inside some rows; NaN where they are too few."""
    seen = np.isfinite(read.hand) & inside
    positive = float(read.hand[seen].sum())
    counts = {"n": int(inside.sum()), "n_hand": int(seen.sum())}
    row: dict[str, object] = {**counts, "n_positive": round(positive)}
    if inside.sum() < max(min_n, 2):
        return row | dict.fromkeys((*_VALUES, *_RAW), float("nan")) | {"basis": FEW}
    plain = estimate(
        read.machine, "share", plan=read.plan, domain=inside,
        confidence_level=read.level,
    )  # fmt: skip
    basis, best = MACHINE, plain
    if seen.sum() >= _MIN_HAND:
        fewest = min(positive, seen.sum() - positive)
        basis = CORRECTED if fewest >= MIN_POSITIVES else HAND
        best = _by_hand(read, inside, basis)
    raw = (plain.estimate, plain.ci_lower, plain.ci_upper)
    row |= {name: getattr(best, name) for name in _VALUES}
    return row | {"basis": basis} | dict(zip(_RAW, raw, strict=True))


def _by_hand(read: Readings, inside: Bools, basis: str) -> Estimate:
    """Correct the machine by hand codes, or take those alone (coders averaged)."""
    one_voice = np.isin(read.hand[np.isfinite(read.hand)], (0, 1)).all()
    if basis == HAND and one_voice:
        return estimate(
            read.hand, "share", plan=read.plan, domain=inside,
            confidence_level=read.level,
        )  # fmt: skip
    trusted = read.machine if basis == CORRECTED else np.zeros(len(read.machine))
    return corrected_share(
        trusted, read.hand, plan=read.plan, domain=inside, confidence_level=read.level
    )
