"""Find verbatims that are copies of each other: equal or near-equal texts.

MinHash of character shingles, candidates by banding (Broder 1997; Leskovec, Rajaraman
and Ullman 2020, ch. 3), each candidate checked by its true Jaccard similarity.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Ints = npt.NDArray[np.intp]
Hashes = npt.NDArray[np.uint64]
_SHINGLE = 5
_BANDS, _ROWS = 10, 4
_CHUNK = 2_000_000  # characters hashed at a time, which bounds the memory
_READ = 2_000
_PRIME = np.uint64(0x9E3779B97F4A7C15)


def copy_groups(texts: Sequence[str], *, similarity: float) -> Ints:
    """Return the group of each folded, distinct text; one of its own if none is near.

    >>> copy_groups(["the parcel came late again", "the parcel came late again!",
    ...              "nothing to do with it at all"], similarity=0.8).tolist()
    [0, 0, 1]
    """
    kept = [text[:_READ] for text in texts]
    signatures = np.concatenate(
        [np.empty((0, _BANDS * _ROWS), np.uint64), *map(_signatures, _chunks(kept))]
    )
    left, right = _candidates(signatures)
    alike = (signatures[left] == signatures[right]).mean(axis=1) >= similarity - 0.25
    left, right = left[alike], right[alike]
    near = _jaccard(kept, left, right) >= similarity
    n = len(kept)
    edges = coo_array((np.ones(near.sum()), (left[near], right[near])), shape=(n, n))
    _, groups = connected_components(edges, directed=False)
    return np.asarray(groups, dtype=np.intp)


def _chunks(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield runs of texts of at most so many characters together."""
    start = size = 0
    for i, text in enumerate(texts):
        if size and size + len(text) > _CHUNK:
            yield texts[start:i]
            start, size = i, 0
        size += len(text)
    if start < len(texts):
        yield texts[start:]


def _signatures(texts: Sequence[str]) -> Hashes:
    """Return the MinHash signatures of texts, one row a text."""
    padded = [text.ljust(_SHINGLE) for text in texts]
    signs = np.frombuffer("".join(padded).encode("utf-32-le", "replace"), np.uint32)
    length = np.array([len(text) for text in padded])
    ends = np.cumsum(length)
    shingles = _mixed(_rolled(signs.astype(np.uint64)))
    inside = np.ones(len(shingles), dtype=bool)
    for back in range(1, _SHINGLE):
        cut = ends[:-1] - back
        inside[cut] = False
    starts = np.concatenate([[0], np.cumsum(length - _SHINGLE + 1)[:-1]])
    kept = shingles[inside]
    rng = np.random.default_rng(20260101)
    factors = rng.integers(1, 2**63, _BANDS * _ROWS, dtype=np.uint64) * 2 + 1
    columns = [
        np.minimum.reduceat((kept * factor) >> np.uint64(32), starts)
        for factor in factors
    ]
    return np.column_stack(columns)


def _rolled(signs: Hashes) -> Hashes:
    """Return one number for every run of so many signs."""
    width = len(signs) - _SHINGLE + 1
    found = np.zeros(width, dtype=np.uint64)
    for i in range(_SHINGLE):
        found = found * np.uint64(1_000_003) + signs[i : i + width]
    return found


def _mixed(values: Hashes) -> Hashes:
    """Spread the bits, so that the order of products is as good as random."""
    values = (values ^ (values >> np.uint64(30))) * _PRIME
    return values ^ (values >> np.uint64(27))


def _candidates(signatures: Hashes) -> tuple[Ints, Ints]:
    """Return pairs that share a band: with the bucket's first and the one before."""
    pairs = []
    for band in range(_BANDS):
        key = np.zeros(len(signatures), dtype=np.uint64)
        for column in signatures[:, band * _ROWS : (band + 1) * _ROWS].T:
            key = _mixed(key * np.uint64(31) + column)
        order = np.argsort(key, kind="stable")
        new = np.concatenate([[True], key[order][1:] != key[order][:-1]])[: len(order)]
        first = np.maximum.accumulate(np.where(new, np.arange(len(order)), 0))
        later = np.flatnonzero(~new)
        pairs += [(order[first[later]], order[later]), (order[later - 1], order[later])]
    stacked = np.concatenate([np.stack(pair, axis=1) for pair in pairs])
    ends = np.unique(np.sort(stacked, axis=1), axis=0) if len(stacked) else stacked
    return ends[:, 0], ends[:, 1]


def _jaccard(texts: Sequence[str], left: Ints, right: Ints) -> npt.NDArray[np.float64]:
    """Return the share of shingles that the texts of each pair have in common."""
    found = np.empty(len(left))
    last, own = -1, frozenset[str]()
    for place, (i, j) in enumerate(zip(left, right, strict=True)):
        if i != last:
            last, own = i, _shingles(texts[i])
        other = _shingles(texts[j])
        both = len(own & other)
        found[place] = both / (len(own) + len(other) - both)
    return found


def _shingles(text: str) -> frozenset[str]:
    text = text.ljust(_SHINGLE)
    return frozenset(text[i : i + _SHINGLE] for i in range(len(text) - _SHINGLE + 1))
