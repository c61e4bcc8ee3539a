"""Lay codings out as ratings to compare, and sum them up unit by unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib import _checks
from cxlib.estimate import bootstrap
from cxlib.voc._frames import code_places
from cxlib.voc._reliability import pair_sums, unit_sums
from cxlib.voc.codebook import Codebook

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Sums = tuple[Array, Array]


@dataclass(frozen=True, slots=True, eq=False)
class Ratings:
    """Who looked at what, shape (units, coders), and gave which code (..., codes)."""

    units: pd.Index
    looked: Bools
    gave: Bools


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """Ratings to compare.

    Attributes
    ----------
    n_all : int
        Units there are; sums have one row each.
    unit : ndarray of int, shape (rows,)
        The unit of each row.
    looked, gave : ndarray of bool, shape (rows, coders) and (rows, coders, codes)
    two : bool
        The columns are two coders, so that Cohen's kappa is defined.
    """

    n_all: int
    unit: npt.NDArray[np.intp]
    looked: Bools
    gave: Bools
    two: bool

    @property
    def n_units(self) -> int:
        """Units with two ratings or more."""
        return len(np.unique(self.unit[self.looked.sum(axis=1) >= 2]))


def ratings_of(given: pd.DataFrame, codes: Sequence[str]) -> Ratings:
    """Lay a long table (unit, coder, code) out; a row with a blank code is a look."""
    unit, units = pd.factorize(given["unit"].astype(str))
    coder, coders = pd.factorize(given["coder"].astype(str))
    looked = np.zeros((len(units), len(coders)), dtype=bool)
    looked[unit, coder] = True
    gave = np.zeros((len(units), len(coders), len(codes)), dtype=bool)
    number = code_places(codes, given["code"])
    has = number >= 0
    gave[unit[has], coder[has], number[has]] = True
    return Ratings(pd.Index(units), looked, gave)


def pair_people(ratings: Ratings) -> Pair | None:
    """Compare all coders with each other, if any unit has two."""
    if not (ratings.looked.sum(axis=1) >= 2).any():
        return None
    n = len(ratings.units)
    two = ratings.looked.shape[1] == 2
    return Pair(n, np.arange(n), ratings.looked, ratings.gave, two)


def pair_with_machine(
    ratings: Ratings, machine: pd.DataFrame, codes: Sequence[str]
) -> Pair | None:
    """Set the machine against every person's look at a unit."""
    _checks.columns(machine, ["verbatim_id", "code"], "the machine's codes")
    unit, person = np.nonzero(ratings.looked)
    if not len(unit):
        return None
    rows = ratings.units.get_indexer(pd.Index(machine["verbatim_id"].astype(str)))
    number = code_places(codes, machine["code"])
    has = np.zeros((len(ratings.units), len(codes)), dtype=bool)
    inside = (rows >= 0) & (number >= 0)
    has[rows[inside], number[inside]] = True
    gave = np.stack([has[unit], ratings.gave[unit, person]], axis=1)
    looked = np.ones((len(unit), 2), dtype=bool)
    return Pair(len(ratings.units), unit, looked, gave, two=True)


def yes_no_sums(pair: Pair, code: int) -> Sums:
    """Return each unit's terms for "has it this code?" (see `_reliability`)."""
    yes = pair.gave[..., code]
    return _sums(pair, np.where(pair.looked, yes, -1), 2)


def same_set_sums(pair: Pair) -> tuple[Sums, int]:
    """Return each unit's terms for the set of codes as one value, and their number."""
    rows, coders, codes = pair.gave.shape
    packed = np.packbits(pair.gave.reshape(rows * coders, codes), axis=1)
    values = np.unique(packed, axis=0, return_inverse=True)[1].reshape(rows, coders)
    used, dense = np.unique(values[pair.looked], return_inverse=True)
    rated = np.full((rows, coders), -1)
    rated[pair.looked] = dense
    return _sums(pair, rated, len(used)), len(used)


def _sums(pair: Pair, rated: npt.NDArray[np.intp], q: int) -> Sums:
    """Sum the terms of rows by unit; `rated` is a category, -1 where not looked."""
    counts = np.stack([np.sum(rated == k, axis=1) for k in range(q)], axis=1)
    several = unit_sums(counts.astype(float))
    both = np.all(pair.looked, axis=1, keepdims=True)
    one_hot = np.vstack([np.eye(q), np.zeros(q)])
    first, second = one_hot[rated[:, 0]], one_hot[rated[:, -1]]
    paired = pair_sums(first, second) * both
    return _by_unit(pair, several), _by_unit(pair, paired)


def _by_unit(pair: Pair, values: Array) -> Array:
    total = np.zeros((pair.n_all, values.shape[1]))
    np.add.at(total, pair.unit, values)
    return total


def codes_of(column: pd.Series, codebook: Codebook | None) -> tuple[str, ...]:
    """Return the codes to compare: the codebook's, else all that were used."""
    used = column.dropna().astype(str)
    used = used[used.str.strip() != ""]
    return codebook.ids if codebook is not None else tuple(sorted(used.unique()))


def draws_of(
    n: int,
    n_resamples: int,
    rng: int | np.random.Generator,
    groups: npt.NDArray[Any] | None = None,
) -> Array:
    """Return how often each unit is in each sample; the first row is the data."""
    if not n:
        return np.zeros((1, 0))
    drawn = bootstrap(
        lambda times: times, n, cluster=groups, n_resamples=n_resamples, rng=rng
    )
    return np.vstack([np.ones(n), drawn])


def spread(draws: Array, point: float, level: float) -> tuple[float, float, float]:
    """Return standard deviation and percentiles of bootstrap draws."""
    values = draws[np.isfinite(draws)]
    if not np.isfinite(point) or len(values) < 2:
        return float("nan"), float("nan"), float("nan")
    lower, upper = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(values.std(ddof=1)), float(lower), float(upper)
