"""How much was not seen: coverage and richness from how often each code was seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats
from scipy.special import gammaln

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """How many of `n` verbatims each code was seen in.

    Attributes
    ----------
    n : int
        Verbatims.
    counts : ndarray, shape (codes,)
        Verbatims of each code seen, 1 to n.
    """

    n: int
    counts: npt.NDArray[np.integer]

    @property
    def mentions(self) -> int:
        """Codes given, over all verbatims."""
        return int(self.counts.sum())

    @property
    def once(self) -> int:
        """Codes seen in one verbatim only."""
        return int((self.counts == 1).sum())

    @property
    def twice(self) -> int:
        """Codes seen in two verbatims."""
        return int((self.counts == 2).sum())

    @property
    def unseen_codes(self) -> float:
        """Chao2: the least number of codes that were not seen."""
        shrunk = (self.n - 1) / self.n
        if self.twice:
            return shrunk * self.once**2 / (2 * self.twice)
        return shrunk * self.once * (self.once - 1) / 2

    @property
    def kept(self) -> float:
        """Share of the unseen that one more verbatim leaves unseen."""
        if not self.once:
            return 0.0
        found = self.n * self.unseen_codes
        return found / (found + self.once) if found else 0.0

    def unseen(self, more: float = 0) -> float:
        """Share of mentions that are of codes not seen after so `more` verbatims."""
        if not self.mentions:
            return float("nan")
        return float(self.once / self.mentions * self.kept ** (more + 1))

    def unseen_at(self, n: int) -> float:
        """The same for the first `n` of the verbatims in any order, or more."""
        if n >= self.n:
            return self.unseen(n - self.n)
        x = self.counts
        left = _log_choose(self.n - x, n) - _log_choose(self.n - 1, n)
        return float((x / self.mentions * np.exp(left)).sum())

    def codes_at(self, n: int) -> float:
        """Codes to expect in `n` verbatims, fewer or more than were coded."""
        if n >= self.n:
            hidden = self.unseen_codes
            return len(self.counts) + hidden * (1 - self.kept ** (n - self.n))
        missed = np.exp(_log_choose(self.n - self.counts, n) - _log_choose(self.n, n))
        return float(len(self.counts) - missed.sum())

    def unseen_ci(self, level: float) -> tuple[float, float]:
        """Interval of the unseen share (Esty 1983); never without width.

        Its upper end is at least that of no event in as many mentions, which holds
        where no code was seen once or twice.
        """
        f1, total = self.once, max(self.mentions, 1)
        spread = max(f1 + 2 * self.twice - f1**2 / total, 0.0) ** 0.5 / total
        half = float(stats.norm.isf((1 - level) / 2)) * spread
        none = 1 - (1 - level) ** (1 / total)
        return max(self.unseen() - half, 0.0), min(max(self.unseen() + half, none), 1.0)

    def to_reach(self, coverage: float, unseen: float) -> float:
        """More verbatims to code until so much is covered, from an unseen share."""
        if unseen <= 1 - coverage:
            return 0.0
        if not 0 < self.kept < 1:
            return float("inf")
        return float(np.log((1 - coverage) / unseen) / np.log(self.kept))


def _log_choose(n: npt.ArrayLike, k: int) -> Array:
    """Log of n over k; minus infinity where k is larger."""
    top = np.asarray(n, dtype=float)
    fits = top >= k
    safe = np.where(fits, top, k)
    found = gammaln(safe + 1) - gammaln(k + 1) - gammaln(safe - k + 1)
    return np.asarray(np.where(fits, found, -np.inf))
