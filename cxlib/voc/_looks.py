"""Looks at two waves: which themes hold more of the later one than chance gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from cxlib.estimate import adjust

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Looks:
    """Verbatims (rows) by theme (columns) and which of them are of the later wave.

    `kinds` says of each theme which family of looks it belongs to. The number of
    verbatims of each wave and of each theme is taken as given, so that under no change
    every theme's count in the later wave is hypergeometric.
    """

    held: Bools
    later: Bools
    kinds: npt.NDArray[np.str_]

    @classmethod
    def of(cls, themes: Sequence[tuple[str, str, Bools]], later: Bools) -> Looks:
        """Look at themes, each of a kind, a name and the verbatims that hold it."""
        kinds = np.array([kind for kind, *_ in themes])
        return cls(np.column_stack([held for *_, held in themes]), later, kinds)

    @property
    def counts(self) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """Verbatims of each theme, in the earlier and in the later wave."""
        after = self.held[self.later].sum(axis=0)
        return self.held.sum(axis=0) - after, after

    def pvalues(self) -> Array:
        """One-sided exact p-value of each theme's count in the later wave."""
        return np.asarray(self._tails()[np.arange(len(self.kinds)), self.counts[1]])

    def adjusted(self, pvalues: Array) -> Array:
        """Benjamini-Hochberg in each family, Bonferroni over the families."""
        families = np.unique(self.kinds)
        found = np.ones(len(pvalues))
        for family in families:
            inside = self.kinds == family
            found[inside] = len(families) * adjust(pvalues[inside], "fdr_bh")
        return np.minimum(found, 1.0)

    def false_alarms(
        self, alpha: float, *, n_resamples: int, rng: np.random.Generator
    ) -> tuple[float, float]:
        """Mean number of alarms, and share of runs with any, when nothing changed.

        The same looks at waves whose verbatims were dealt at random: the false-alarm
        rate of this very table, whatever its themes have in common.
        """
        tail, columns = self._tails(), np.arange(len(self.kinds))
        label = self.later.astype(np.float32)
        dealt = np.stack([rng.permutation(label) for _ in range(n_resamples)])
        after = (dealt @ self.held.astype(np.float32)).round().astype(np.intp)
        raised = np.array(
            [int((self.adjusted(tail[columns, row]) <= alpha).sum()) for row in after]
        )
        return float(raised.mean()), float((raised > 0).mean())

    def leaders(self, order: npt.NDArray[np.intp]) -> dict[int, int]:
        """Return the theme that each theme, first ones first, tells of again.

        A theme tells again of an earlier one that shares a third of the smaller's
        verbatims in the later wave; a leader tells of itself.
        """
        late = self.held[self.later]
        found: dict[int, int] = {}
        for theme in order.tolist():
            first = [leader for leader in found if found[leader] == leader]
            both = [(late[:, theme] & late[:, other]).sum() for other in first]
            least = [min(late[:, theme].sum(), late[:, o].sum()) for o in first]
            again = (
                o for o, x, n in zip(first, both, least, strict=True) if 3 * x >= n
            )
            found[theme] = next(again, theme)
        return found

    def _tails(self) -> Array:
        """p-value of every count that a theme could have in the later wave."""
        sizes = self.held.sum(axis=0)
        every = np.arange(int(sizes.max(initial=0)) + 1)
        found = stats.hypergeom.sf(
            every[None] - 1, len(self.later), sizes[:, None], int(self.later.sum())
        )
        return np.asarray(found, dtype=float)


def one_each(units: npt.NDArray[np.intp], *, rng: np.random.Generator) -> Bools:
    """Return one row of each unit, drawn at random."""
    order = rng.permutation(len(units))
    _, first = np.unique(units[order], return_index=True)
    kept = np.zeros(len(units), dtype=bool)
    kept[order[first]] = True
    return kept
