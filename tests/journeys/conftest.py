"""Rows with known moments, and the same rows on every engine at hand."""

from __future__ import annotations

from collections.abc import Callable

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest


def with_moments(mean, cov, n: int, seed: int = 0) -> np.ndarray:
    """Return n rows whose sample mean and covariance are exactly those given."""
    mean, cov = np.atleast_1d(mean), np.atleast_2d(cov)
    raw = np.random.default_rng(seed).normal(size=(n, len(mean)))
    raw -= raw.mean(axis=0)
    white = raw @ np.linalg.inv(np.linalg.cholesky(np.atleast_2d(np.cov(raw.T)))).T
    return mean + white @ np.linalg.cholesky(cov).T


def from_sums(n: int, sums, products) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and covariance from sums and raw cross products."""
    mean = np.asarray(sums, dtype=float) / n
    return mean, (np.asarray(products) - n * np.outer(mean, mean)) / (n - 1)


ENGINES: dict[str, Callable[[pd.DataFrame], object]] = {
    "pandas": lambda frame: frame,
    "pyarrow": lambda frame: pa.Table.from_pandas(frame, preserve_index=False),
    "duckdb": duckdb.from_df,
}


@pytest.fixture(params=list(ENGINES))
def engine(request):
    """Turn a pandas frame into a frame of one engine."""
    return ENGINES[request.param]


@pytest.fixture
def rng():
    return np.random.default_rng(20260101)
