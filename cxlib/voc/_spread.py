"""Pick verbatims: fairly at random, or those that teach most and differ most."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize

from cxlib.voc.text import fold, words

Array = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]
_RANK = 50
_CANDIDATES = 5
_MOST = 20_000


def systematic(
    strata: npt.NDArray[np.object_], n: int, rng: np.random.Generator
) -> Places:
    """Draw n places, each with probability n / len, spread evenly over the strata.

    Places are shuffled, sorted by stratum and every len/n-th is taken from a random
    start: each stratum gets its share to within one, and none is left out for good.
    """
    shuffled = rng.permutation(len(strata))
    by_stratum = np.argsort(strata[shuffled].astype(str), kind="stable")
    ordered: Places = shuffled[by_stratum]
    if n <= 0 or n >= len(ordered):
        return ordered[: max(n, 0)]
    step = len(ordered) / n
    at = np.floor((rng.random() + np.arange(n)) * step).astype(int)
    drawn: Places = ordered[np.minimum(at, len(ordered) - 1)]
    return drawn


def diverse(
    texts: npt.NDArray[np.object_],
    doubt: Array | None,
    n: int,
    rng: np.random.Generator,
) -> Places:
    """Return n places of texts that differ, the more doubtful first.

    Without `doubt`: k-means, the text nearest each centre. With it: k-means of the most
    doubtful, doubt as weight, and the most doubtful text of each group.

    References
    ----------
    Zhdanov, F. (2019). Diverse mini-batch active learning. arXiv:1901.05954.
    """
    folded = _folded(texts)
    mixed = rng.permutation(len(texts))
    if doubt is None:
        pool = mixed[:_MOST]
    else:
        ranked = mixed[np.argsort(-doubt[mixed], kind="stable")]
        pool = ranked[: _CANDIDATES * n]
    n = min(n, len(pool))
    if n <= 0:
        return pool[:0]
    vectors = _vectors(folded[pool], rng)
    if n < 2 or vectors is None:
        return pool[:n]
    weight = None if doubt is None else np.maximum(doubt[pool], 1e-3)
    seed = int(rng.integers(0, 2**31 - 1))
    model = KMeans(n, n_init=1, random_state=seed)
    group = model.fit_predict(vectors, sample_weight=weight)
    near = -np.linalg.norm(vectors - model.cluster_centers_[group], axis=1)
    rank = near if doubt is None else doubt[pool] + 1e-6 * near
    order = np.argsort(-rank, kind="stable")
    leading = order[np.unique(group[order], return_index=True)[1]]
    rest = order[~np.isin(order, leading)]
    chosen: Places = pool[np.concatenate([leading, rest])[:n]]
    return chosen


def unlike(texts: npt.NDArray[np.object_], read: npt.NDArray[np.bool_]) -> Places:
    """Return one place of each text that is like no text already read."""
    folded = pd.Series(_folded(texts))
    known = folded.isin(set(folded[read]))
    return np.flatnonzero(~(known | folded.duplicated()).to_numpy())


def _folded(texts: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    return np.array([" ".join(words(fold(text))) for text in texts], dtype=object)


def _vectors(texts: npt.NDArray[np.object_], rng: np.random.Generator) -> Array | None:
    """Return texts as points by their letters; None where they have too few."""
    model = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True)
    try:
        matrix = model.fit_transform(texts)
    except ValueError:
        return None
    rank = min(_RANK, *(side - 1 for side in matrix.shape))
    if rank < 2:
        return None
    seed = int(rng.integers(0, 2**31 - 1))
    reduced = TruncatedSVD(rank, random_state=seed).fit_transform(matrix)
    return np.asarray(normalize(reduced))
