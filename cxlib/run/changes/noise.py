"""How far a number may move by chance alone between two runs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

from cxlib.run.changes.overlap import APART, Overlap

DEFAULT_LEVEL = 0.95
_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """How far one number moved and how far chance alone would have moved it.

    `noise` is None where either run gives no interval.
    """

    difference: float
    noise: float | None
    level: float

    @property
    def pvalue(self) -> float:
        """Chance of a move this large when nothing but the sample changed."""
        if self.noise is None:
            return math.nan
        if self.difference == 0:
            return 1.0
        if self.noise == 0:
            return 0.0
        reached = _NORMAL.inv_cdf((1 + self.level) / 2)
        return 2 * _NORMAL.cdf(-abs(self.difference) / self.noise * reached)


def move(
    was: Mapping[str, Any],
    now: Mapping[str, Any],
    *,
    overlap: Overlap = APART,
    levels: tuple[float, float] = (DEFAULT_LEVEL, DEFAULT_LEVEL),
) -> Move:
    """Compare a finding of two runs whose samples may share rows.

    Parameters
    ----------
    was, now : mapping
        The finding as results.json has it: estimate, ci_lower, ci_upper, n.
    overlap : Overlap
        Shares of the old and of the new rows that are in both samples.
    levels : tuple of float
        Confidence levels of the two intervals; the noise is at the second.

    Returns
    -------
    Move

    Notes
    -----
    The two intervals are combined by the method of variance estimates recovery:
    with d = now - was > 0 the noise is

        sqrt((now - lower_now)^2 + (upper_was - was)^2 - 2 r (...)(...))

    and with the other two ends where d < 0, so that skewed intervals keep their
    skew. r is the correlation of the two estimates. For means of samples of n_was
    and n_now units that share m, r = m / sqrt(n_was n_now): zero for independent
    samples, and where the new sample holds all of the old one, the variance of the
    difference becomes var(was) - var(now). m is taken from the side that kept
    more of its rows; r is never above what the files as a whole give.

    References
    ----------
    Zou, G. Y. (2007). Toward using confidence intervals to compare correlations.
    Psychological Methods 12, 399-413. doi:10.1037/1082-989X.12.4.399

    Examples
    --------
    >>> old = {"estimate": 20.0, "ci_lower": 17.0, "ci_upper": 23.0, "n": 1000}
    >>> new = {"estimate": 22.0, "ci_lower": 18.0, "ci_upper": 26.0, "n": 600}
    >>> move(old, new).noise
    5.0
    """
    difference = float(now["estimate"]) - float(was["estimate"])
    rescale = _quantile(levels[1]) / _quantile(levels[0])
    below, above = _arms(now, 1.0), _arms(was, rescale)
    if below is None or above is None:
        return Move(difference=difference, noise=None, level=levels[1])
    r = correlation(was.get("n"), now.get("n"), overlap)
    sides = [
        math.sqrt(max(0.0, a * a + b * b - 2 * r * a * b))
        for a, b in ((below[0], above[1]), (below[1], above[0]))
    ]
    noise = max(sides) if difference == 0 else sides[difference < 0]
    return Move(difference=difference, noise=noise, level=levels[1])


def correlation(n_was: object, n_now: object, overlap: Overlap) -> float:
    """Return the correlation of two means whose samples share rows.

    Examples
    --------
    >>> correlation(400, 1600, Overlap(was=1.0, now=0.25))
    0.5
    """
    whole = math.sqrt(overlap.was * overlap.now)
    if not (isinstance(n_was, int) and isinstance(n_now, int) and n_was and n_now):
        return whole
    kept = overlap.was * n_was if overlap.was >= overlap.now else overlap.now * n_now
    return min(whole, min(kept, n_was, n_now) / math.sqrt(n_was * n_now))


def verdicts(moves: Sequence[Move]) -> list[str]:
    """Judge all moves of a report together.

    Returns
    -------
    list of str
        'within noise'; 'beyond noise' where the move is too large even for the
        largest of so many (Holm); 'unclear' between the two; 'no interval'.
    """
    from cxlib.estimate.multiplicity import adjust

    raw = [one.pvalue for one in moves]
    together = adjust(raw, "holm").tolist()
    return [
        _verdict(one, alone, all_of_them)
        for one, alone, all_of_them in zip(moves, raw, together, strict=True)
    ]


def _verdict(one: Move, alone: float, together: float) -> str:
    if one.noise is None:
        return "no interval"
    allowed = 1 - one.level
    if together < allowed:
        return "beyond noise"
    return "unclear" if alone < allowed else "within noise"


def _arms(finding: Mapping[str, Any], scale: float) -> tuple[float, float] | None:
    """Return the distances from the estimate to its two ends."""
    ends = (finding.get("ci_lower"), finding.get("ci_upper"))
    if any(end is None or not math.isfinite(end) for end in ends):
        return None
    middle = float(finding["estimate"])
    lower, upper = (float(end) for end in ends if end is not None)
    return max(0.0, middle - lower) * scale, max(0.0, upper - middle) * scale


def _quantile(level: float) -> float:
    return _NORMAL.inv_cdf((1 + level) / 2)
