"""Random numbers by name, and effects that move together: a Gaussian copula."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib import _checks
from cxlib.errors import ArgumentError

Array = npt.NDArray[np.float64]
Correlation = float | pd.DataFrame


def root(rng: int | np.random.Generator) -> int:
    """Return the number that all streams of a run start from."""
    if isinstance(rng, np.random.Generator):
        return int(rng.integers(2**63))
    return int(rng)


def stream(start: int, label: str) -> np.random.Generator:
    """Return the generator of one input, the same whatever else is drawn."""
    words = np.frombuffer(hashlib.sha256(label.encode()).digest(), dtype=np.uint32)
    return np.random.default_rng([start, *words.tolist()])


def check_correlation(correlation: Correlation) -> None:
    """Raise unless it is a number from 0 to 1 or a correlation matrix."""
    if not isinstance(correlation, pd.DataFrame):
        _checks.in_range(correlation, "correlation", 0, 1)
        return
    given = correlation.to_numpy(dtype=float)
    names = list(correlation.columns)
    if sorted(map(str, names)) != sorted(map(str, correlation.index)):
        raise ArgumentError("`correlation` must name the same rows and columns.")
    given = correlation.loc[names].to_numpy(dtype=float)
    if not np.allclose(given, given.T) or not np.allclose(np.diag(given), 1):
        raise ArgumentError(
            "`correlation` must be symmetric with ones down the middle."
        )
    least = float(np.linalg.eigvalsh(given).min())
    if not least >= -1e-9:
        raise ArgumentError(
            "`correlation` cannot be: no numbers move together like that (smallest "
            f"eigenvalue {least:.3g}); bring the largest ones closer to 0."
        )


def scores(
    names: tuple[str, ...],
    groups: tuple[str, ...],
    rho: Array,
    *,
    n: int,
    start: int,
    correlation: Correlation,
) -> Array:
    """Draw the normal scores of the effects, shape (n, initiatives).

    Initiatives of one group correlate by their `rho`, others by `correlation`; a matrix
    holds for the initiatives it names, in the order of its columns.
    """
    own = np.column_stack(
        [stream(start, f"effect of {name}").standard_normal(n) for name in names]
    )
    if isinstance(correlation, pd.DataFrame):
        return _by_matrix(names, own, correlation)
    if correlation:
        common = stream(start, "effects of all").standard_normal(n)
    else:
        common = np.zeros(n)
    found = np.empty_like(own)
    for at, group in enumerate(groups):
        within = max(float(rho[at]), correlation) if group else correlation
        found[:, at] = common * correlation**0.5 + own[:, at] * (1 - within) ** 0.5
        if within > correlation:
            shared = stream(start, f"effects of group {group}").standard_normal(n)
            found[:, at] += shared * (within - correlation) ** 0.5
    return found


def _by_matrix(names: tuple[str, ...], own: Array, correlation: pd.DataFrame) -> Array:
    for name in correlation.columns:
        if name not in names:
            raise ArgumentError(
                f"`correlation` names '{name}'; {_checks.did_you_mean(name, names)}"
            )
    at = [names.index(name) for name in correlation.columns]
    root_of = _lower(correlation.loc[list(correlation.columns)].to_numpy(dtype=float))
    found = own.copy()
    found[:, at] = own[:, at] @ root_of.T
    return found


def _lower(matrix: Array) -> Array:
    """Return the Cholesky root, also of a matrix that is singular."""
    found = np.zeros_like(matrix)
    for j in range(len(matrix)):
        left = matrix[j:, j] - found[j:, :j] @ found[j, :j]
        if left[0] > 1e-12:
            found[j:, j] = left / left[0] ** 0.5
    return found
