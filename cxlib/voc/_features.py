"""Features of verbatims: words, parts of words, meaning, and the codebook's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer

from cxlib.voc._embed import Encoder
from cxlib.voc.codebook import Code, Codebook
from cxlib.voc.text import fold

Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]
_MAX_CHARS, _BLOCK = 2_000, 1_000


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """Rows of verbatims.

    Attributes
    ----------
    words : sparse matrix, shape (rows, terms)
    meaning : ndarray, shape (rows, dimensions)
        No columns without an encoder.
    own : ndarray, shape (rows, codes, 2)
        Likeness to the code's texts, and whether one of its phrases stands there.
    """

    words: Any
    meaning: Floats
    own: Floats

    def likeness(self) -> Floats:
        """Return inner products of all rows, made in blocks to keep memory low."""
        other = self.words.T.tocsc()
        gram = np.asarray(self.meaning @ self.meaning.T, dtype=np.float32)
        for start in range(0, len(gram), _BLOCK):
            rows = slice(start, start + _BLOCK)
            gram[rows] += (self.words[rows] @ other).toarray()
        return gram


class Reader:
    """Turns verbatims into features; its words are those of the texts it learnt from.

    Parameters
    ----------
    codebook : Codebook
    encoder : Encoder or None
    texts : sequence of str
        What the model will be trained on: no other word can get a coefficient.
    """

    def __init__(
        self, codebook: Codebook, encoder: Encoder | None, texts: Sequence[str]
    ) -> None:
        self.encoder = encoder
        self.vectorizers = [
            TfidfVectorizer(
                lowercase=False, sublinear_tf=True, dtype=np.float32,
                ngram_range=(1, 2), token_pattern=r"(?u)\b\w+\b",
            ),
            TfidfVectorizer(
                lowercase=False, sublinear_tf=True, dtype=np.float32,
                ngram_range=(3, 5), analyzer="char_wb",
            ),
        ]  # fmt: skip
        learnt = [*map(_short, texts), "codebook"]
        self.place = {text: row for row, text in enumerate(learnt)}
        self.learnt = _joined([one.fit_transform(learnt) for one in self.vectorizers])
        self.meant = _meant(codebook, encoder)
        self.n_codes = len(codebook.ids)

    def read(self, texts: Sequence[str], fired: Bools) -> Features:
        """Return the features of texts; `fired` (texts, codes) is what rules found."""
        own = np.zeros((len(texts), self.n_codes, 2), dtype=np.float32)
        own[..., 1] = fired
        meaning = np.zeros((len(texts), 0), dtype=np.float32)
        if self.encoder is not None and len(texts):
            meaning = self.encoder.encode(list(texts))
            for number, vectors in enumerate(self.meant):
                own[:, number, 0] = (meaning @ vectors.T).max(axis=1)
        return Features(self._words([_short(text) for text in texts]), meaning, own)

    def _words(self, texts: list[str]) -> Any:  # noqa: ANN401
        """Return the rows of texts; those it learnt from were counted then."""
        new = [text for text in dict.fromkeys(texts) if text not in self.place]
        rows = self.learnt
        if new:
            counted = _joined([one.transform(new) for one in self.vectorizers])
            rows = sparse.vstack([rows, counted], format="csr")
        after = {text: row for row, text in enumerate(new, self.learnt.shape[0])}
        place = self.place | after
        return rows[[place[text] for text in texts]]


def _joined(parts: list[Any]) -> Any:  # noqa: ANN401
    """Return sparse columns side by side, in the order sums are made in."""
    rows = sparse.hstack(parts, format="csr")
    rows.sort_indices()
    return rows


def _short(text: str) -> str:
    return fold(text[:_MAX_CHARS])


def _meant(codebook: Codebook, encoder: Encoder | None) -> list[Floats]:
    """Return the vectors of each code's texts; children speak for their parent."""
    if encoder is None:
        return []
    texts = {one.id: _texts(one) for one in codebook.codes}
    for one in codebook.codes:
        for above in codebook.ancestors(one.id):
            texts[above] = texts[above] + _texts(one)
    return [encoder.encode(list(dict.fromkeys(texts[name]))) for name in codebook.ids]


def _texts(code: Code) -> list[str]:
    """Names, definitions and phrases that are words; the id where there are none."""
    phrases = [
        phrase.replace("*", "")
        for given in code.phrases.values()
        for phrase in given
        if not phrase.startswith("re:")
    ]
    said = [*code.name.values(), *code.definition.values(), *phrases]
    return said or [code.id.replace("_", " ")]
