"""Group texts that look alike: letters, neighbours, spectral clustering."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse.linalg import eigsh
from sklearn.cluster import KMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.neighbors import kneighbors_graph
from sklearn.preprocessing import normalize

from cxlib.voc.text import fold, words

Array = npt.NDArray[np.float64]
_MIN_TEXTS = 20
_NEIGHBOURS = 15


def clusters(
    texts: npt.NDArray[np.object_],
    n_groups: int,
    *,
    rng: np.random.Generator,
    vectors: npt.NDArray[np.floating] | None = None,
) -> list[npt.NDArray[np.intp]]:
    """Cluster texts three times; the first run counts, the others test it.

    `vectors`, one row a text, says what is alike; the texts' letters where not given.
    """
    seeds = rng.integers(0, 2**31 - 1, 3)
    codes, unique = pd.factorize(pd.Series([" ".join(words(fold(t))) for t in texts]))
    if vectors is None:
        matrix = _letters(unique)
    else:
        first = np.unique(codes, return_index=True)[1]
        matrix = np.asarray(vectors[first] - vectors[first].mean(axis=0))
    rank = min(50, *(side - 1 for side in matrix.shape))
    if min(rank, n_groups) < 2 or len(unique) < _MIN_TEXTS:
        return [np.zeros(len(texts), dtype=np.intp)] * 3
    reduced = TruncatedSVD(rank, random_state=int(seeds[0])).fit_transform(matrix)
    rows = _embedded(normalize(reduced), n_groups)
    runs = (
        KMeans(rows.shape[1], n_init=5, random_state=int(seed)).fit_predict(rows)
        for seed in seeds
    )
    return [np.asarray(run, dtype=np.intp)[codes] for run in runs]


def _letters(texts: pd.Index) -> Any:  # noqa: ANN401
    """Return the TF-IDF of the texts' letters; no column where they share none."""
    tfidf = TfidfVectorizer(
        analyzer="char_wb", ngram_range=(3, 5), min_df=2, max_df=0.5, sublinear_tf=True
    )
    try:
        return tfidf.fit_transform(texts)
    except ValueError:
        return np.empty((len(texts), 0))


def _embedded(points: Array, n_groups: int) -> Array:
    """Return the leading eigenvectors of the neighbour graph, rows of length one."""
    k = min(n_groups, len(points) - 2)
    graph = kneighbors_graph(
        points, min(_NEIGHBOURS, len(points) - 1), include_self=True
    )
    graph = 0.5 * (graph + graph.T)
    scale = 1 / np.sqrt(np.asarray(graph.sum(axis=1)).ravel())
    laplacian = graph.multiply(scale[:, None]).multiply(scale[None, :]).tocsr()
    start = np.full(len(points), len(points) ** -0.5)
    vectors = eigsh(laplacian, k=k, v0=start)[1]
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, 1e-12))


def overlap(inside: npt.NDArray[np.bool_], run: npt.NDArray[np.intp]) -> float:
    """Return the overlap of a group with the group of another run it is most like."""
    return max(
        float((inside & (run == group)).sum() / (inside | (run == group)).sum())
        for group in np.unique(run)
    )
