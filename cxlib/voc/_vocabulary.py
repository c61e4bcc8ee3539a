"""Words of many verbatims, counted once, and which of them mark some of these."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer

from cxlib.voc.text import fold, words

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
# What redaction puts in place of personal data is no word.
_LABELS = frozenset(
    ("email", "url", "phone", "card", "iban", "tax", "vat", "plate", "handle", "name")
)


@dataclass(frozen=True, slots=True, eq=False)
class Vocabulary:
    """Counts of words, sparse, shape (texts, terms), and the terms."""

    counts: Any
    terms: npt.NDArray[np.object_]

    @classmethod
    def of(cls, texts: Iterable[str]) -> Vocabulary:
        """Count the words of texts."""
        every = list(texts)
        model = CountVectorizer(analyzer=_terms)
        try:
            counts = model.fit_transform(every).tocsr()
        except ValueError:
            return cls(sparse.csr_matrix((len(every), 0)), np.array([], dtype=object))
        return cls(counts, np.asarray(model.get_feature_names_out(), dtype=object))

    def ranked(self, inside: Bools, *, prior: float) -> pd.DataFrame:
        """Rank the terms by how much more the texts inside use them than the others."""
        seen = self.counts > 0
        said = np.vstack([_sums(self.counts[inside]), _sums(self.counts[~inside])])
        ratio, z = _log_odds(said, prior)
        table = pd.DataFrame(
            {
                "term": self.terms,
                "n_target": _sums(seen[inside]).astype(int),
                "n_rest": _sums(seen[~inside]).astype(int),
                "log_odds": ratio,
                "z": z,
            }
        )
        return table.sort_values(["z", "term"], ascending=[False, True])

    def holds(self, terms: Sequence[str]) -> Bools:
        """Return which texts hold one of the terms."""
        columns = np.isin(self.terms, list(terms))
        return np.asarray(self.counts[:, columns].sum(axis=1)).ravel() > 0


def _terms(text: str) -> list[str]:
    """Words of three letters or more."""
    return [
        word for word in words(fold(text))
        if len(word) > 2 and not word.isdigit() and word not in _LABELS
    ]  # fmt: skip


def _sums(matrix: Any) -> Array:  # noqa: ANN401
    return np.asarray(matrix.sum(axis=0), dtype=float).ravel()


def _log_odds(counts: Array, prior: float) -> tuple[Array, Array]:
    """Return log-odds of row 0 against row 1 of word counts, and their z."""
    background = counts.sum(axis=0)
    added = prior * background / max(background.sum(), 1)
    odds, variance = [], np.zeros(counts.shape[1])
    for row in counts:
        inside = row + added
        odds.append(np.log(inside) - np.log(row.sum() + prior - inside + 1e-9))
        variance += 1 / inside
    gap = odds[0] - odds[1]
    return gap, gap / np.sqrt(variance)
