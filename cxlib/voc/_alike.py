"""Themes that nobody coded: words, and groups of verbatims that say alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib import _checks
from cxlib.voc._clusters import clusters, overlap
from cxlib.voc._embed import encoder
from cxlib.voc._vocabulary import Vocabulary
from cxlib.voc.redact import redact

Bools = npt.NDArray[np.bool_]
Embeddings = Literal["auto", "none"]
Theme = tuple[str, str, Bools]
CODE, GROUP, WORD = "code", "group", "word"
_STABLE = 0.3
_PRIOR, _MARKS, _FEWEST, _TERMS = 50.0, 1.96, 5, 5
_EVERYDAY = 0.05


def frequent(vocabulary: Vocabulary, min_n: int) -> list[Theme]:
    """Return the words of so many customers, with their verbatims."""
    seen = vocabulary.counts > 0
    often = np.flatnonzero(np.asarray(seen.sum(axis=0)).ravel() >= min_n)
    held = seen[:, often].toarray()
    return [
        (WORD, str(vocabulary.terms[place]), held[:, i])
        for i, place in enumerate(often)
    ]


@dataclass(frozen=True, slots=True, eq=False)
class Alike:
    """Verbatims to group by what they say, and the words to name the groups by."""

    texts: pd.Series
    embeddings: Embeddings
    n_groups: int
    min_n: int

    def themes(self, is_coded: Bools, *, rng: np.random.Generator) -> list[Theme]:
        """Return the words, and the groups of all verbatims and of the uncoded."""
        _checks.in_range(self.n_groups, "n_groups", 0, 50)
        vocabulary = Vocabulary.of(redact(self.texts))
        found = frequent(vocabulary, self.min_n)
        return found + (
            self._groups(vocabulary, is_coded, rng) if self.n_groups else []
        )

    def _groups(
        self, vocabulary: Vocabulary, is_coded: Bools, rng: np.random.Generator
    ) -> list[Theme]:
        texts = self.texts.to_numpy(dtype=object)
        known = encoder() if self.embeddings == "auto" else None
        vectors = None if known is None else known.encode(list(texts))
        found: dict[bytes, Theme] = {}
        for rows in (np.ones(len(texts), dtype=bool), ~is_coded):
            if rows.sum() < self.min_n or (found and rows.all()):
                continue
            part = None if vectors is None else vectors[rows]
            runs = clusters(texts[rows], self.n_groups, rng=rng, vectors=part)
            for inside in _stable(runs):
                held = np.zeros(len(texts), dtype=bool)
                held[rows] = inside
                words = _marks(vocabulary, held, self.min_n)
                if words and held.sum() >= self.min_n and not held.all():
                    found.setdefault(held.tobytes(), (GROUP, words, held))
        return list(found.values())


def _stable(runs: list[npt.NDArray[np.intp]]) -> list[Bools]:
    """Return the groups of the first run that the other runs find again."""
    groups = [runs[0] == group for group in np.unique(runs[0])]
    return [
        inside
        for inside in groups
        if np.mean([overlap(inside, run) for run in runs[1:]]) >= _STABLE
    ]


def _marks(vocabulary: Vocabulary, inside: Bools, min_n: int) -> str:
    """Return the words that mark a group; never those of a few people."""
    ranked = vocabulary.ranked(inside, prior=_PRIOR)
    rare = ranked["n_rest"] <= _EVERYDAY * (~inside).sum()
    often = ranked["n_target"] >= _FEWEST
    often &= ranked["n_target"] + ranked["n_rest"] >= min_n
    marks = ranked["z"] > _MARKS
    return ", ".join(ranked.loc[rare & often & marks, "term"].head(_TERMS))
