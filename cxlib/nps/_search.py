"""Growing a small tree on one half of the answers."""

from __future__ import annotations

import itertools
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib import _checks
from cxlib.estimate.association import association, best_split, sidak
from cxlib.nps import _words
from cxlib.nps._answers import Answers, Rows, label
from cxlib.nps._subtract import kept_back
from cxlib.nps._suppress import MIN_N

BANDS, MOST_LEVELS, MOST_NAMED, RARE = 5, 12, 6, "(other)"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidate:
    """One column as groups: codes of all rows, the groups' names, whether ordered."""

    name: str
    codes: npt.NDArray[np.intp]
    names: tuple[str, ...]
    ordered: bool

    def rule(self, side: npt.NDArray[np.intp]) -> str:
        """'plan: basic or plus'; 'age: up to 34'."""
        names = [self.names[i] for i in side]
        if len(names) > MOST_NAMED:
            names = [*names[: MOST_NAMED - 1], f"{len(names) - MOST_NAMED + 1} more"]
        return f"{self.name}: {' or '.join(names)}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Split:
    """A two-way split of some rows: rows of its sides, their rules, its test."""

    inside: tuple[Rows, Rows]
    rules: tuple[str, str]
    tests: pd.DataFrame


def candidates(answers: Answers, columns: list[str], min_leaf: int) -> list[Candidate]:
    """Columns as groups: numbers with many values in bands, rare labels together."""
    labels = {name: answers.labels(name) for name in columns}
    return [
        _candidate(answers.rows[name], name, min_leaf, kept_back(labels, name, MIN_N))
        for name in columns
    ]


def _candidate(
    column: pd.Series, name: str, min_leaf: int, hidden: Collection[str]
) -> Candidate:
    number = pd.to_numeric(column, errors="coerce")
    if number.notna().equals(column.notna()) and number.nunique() > MOST_LEVELS:
        inner = np.unique(number.quantile(np.arange(1, BANDS) / BANDS))
        codes = np.searchsorted(inner, number.to_numpy(dtype=float), side="left")
        names = _band_names(inner)
        codes, names = _blank_last(codes, names, number.isna().to_numpy(dtype=bool))
        return Candidate(name=name, codes=codes, names=names, ordered=True)
    text = label(column)
    counts = text.value_counts()
    few = counts.index[(counts < max(5, min_leaf // 4)) | counts.index.isin(hidden)]
    text = text.where(~text.isin(few), RARE) if len(few) > 1 else text
    found, labels = pd.factorize(text, sort=True)
    return Candidate(
        name=name, codes=found, names=tuple(map(str, labels)), ordered=False
    )


def _band_names(inner: npt.NDArray[np.float64]) -> tuple[str, ...]:
    ends = [f"{end:g}" for end in inner]
    between = [f"over {a} to {b}" for a, b in itertools.pairwise(ends)]
    return (f"up to {ends[0]}", *between, f"over {ends[-1]}")


def _blank_last(
    codes: npt.NDArray[np.intp], names: tuple[str, ...], blank: Rows
) -> tuple[npt.NDArray[np.intp], tuple[str, ...]]:
    """Blank numbers are a band of their own at the end; empty bands are dropped."""
    codes = np.where(blank, len(names), codes)
    kept, codes = np.unique(codes, return_inverse=True)
    return codes, tuple([*names, "blank"][i] for i in kept)


def halves(answers: Answers, rng: int | np.random.Generator) -> Rows:
    """Where an answer is in the half that is searched; clusters stay whole."""
    units = np.unique(answers.plan.units, return_inverse=True)[1]
    order = _checks.generator(rng).permutation(int(units.max()) + 1)
    return np.asarray((order < len(order) / 2)[units])


def best(
    answers: Answers, searched: Rows, found: list[Candidate], *, min_leaf: int,
    nominal: bool,
) -> Split | None:  # fmt: skip
    """The column with the smallest p-value in the searched rows, split in two."""
    y, w = answers.values[searched], answers.plan.weights[searched]
    w = w * (w.sum() / np.square(w).sum())
    rows = []
    for one in found:
        codes, names = pd.factorize(one.codes[searched], sort=True)
        test = association(codes, y, nominal=nominal, weights=w)
        rows.append(
            {
                "column": one.name, "groups": len(names), "n": len(y),
                "statistic": test.statistic, "df": test.df, "pvalue": test.pvalue,
            }
        )  # fmt: skip
    tests = pd.DataFrame(rows)
    tests["pvalue_adj"] = sidak(tests["pvalue"])
    tests["chosen"] = False
    ranked = tests.sort_values(["pvalue", "statistic"], ascending=[True, False])
    for i in ranked.index:
        one = found[int(i)]
        codes, kept = pd.factorize(one.codes[searched], sort=True)
        side = best_split(
            codes, y, nominal=nominal, ordered=one.ordered, min_leaf=min_leaf, weights=w
        )
        if side is not None:
            tests.loc[i, "chosen"] = True
            return _split(one, kept[side], tests)
    return None


def _split(one: Candidate, side: npt.NDArray[np.intp], tests: pd.DataFrame) -> Split:
    """Sides over all rows; groups unseen in the searched half go to the other side."""
    other = np.setdiff1d(np.arange(len(one.names)), side)
    inside = np.isin(one.codes, side)
    return Split(
        inside=(inside, ~inside), rules=(one.rule(side), one.rule(other)), tests=tests
    )


def described(columns: list[str]) -> str:
    """'1 column (plan)', '3 columns (plan, region and age)'."""
    return f"{_words.plural(len(columns), 'column')} ({_words.listing(columns)})"
