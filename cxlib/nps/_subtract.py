"""Small cells that a reader could work out from tables that share their rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib.estimate.design import Array
from cxlib.nps._suppress import COMPLEMENT, is_hidden, statuses

Codes = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]
_ZERO = 1e-7
_MOST, _CELLS = 1_000, 5_000_000


def jointly(
    columns: Sequence[Codes],
    min_n: int,
    *,
    given: Sequence[Sequence[str]] = (),
    groups: Sequence[int] = (),
) -> list[list[str]]:
    """Return the statuses of the groups of several columns shown beside one another.

    Each column hides as `statuses` says. Where a sum of groups shown in any column and
    of all answers still gives a part of fewer than `min_n` hidden answers (a shop is
    what its region has beside the other shops), further groups are hidden, the
    smallest that help.

    Parameters
    ----------
    columns : sequence of ndarray of int
        Group 0.. of every answer.
    min_n : int
    given : sequence
        Statuses of the first columns, where these are settled.
    groups : sequence of int
        Number of groups of each column, where some may have no answer.

    Notes
    -----
    What is shown is linear in the answers, so a part can be worked out exactly where
    its rows lie in the span of the rows shown. With more than 1,000 groups (or 5
    million pairs of group and combination) each column is protected on its own only.

    Examples
    --------
    >>> shop, region = np.repeat([0, 1, 2, 3], [4, 50, 60, 70]), np.repeat([0, 1], 92)
    >>> [[word[:6] for word in words] for words in jointly([shop, region], 10)]
    [['hidden', 'hidden', 'shown', 'shown'], ['shown', 'shown']]
    """
    words = [list(one) for one in given]
    least = groups or [0] * len(columns)
    words += [
        statuses(np.bincount(one, minlength=k), min_n)
        for one, k in list(zip(columns, least, strict=True))[len(words) :]
    ]
    hidden = [np.array([is_hidden(word) for word in one]) for one in words]
    if len(columns) < 2 or not any(one.any() for one in hidden):
        return words
    combined, n = _combinations(columns)
    many = sum(len(one) for one in words)
    if many > _MOST or many * len(n) > _CELLS:
        return words
    table = _Shown(combined, n, hidden)
    fixed = sum(len(one) for one in given)
    while (found := table.next_to_hide(min_n, fixed)) is not None:
        table.hidden[found] = True
    ends = np.cumsum([len(one) for one in words])
    for one, now in zip(words, np.split(table.hidden, ends[:-1]), strict=True):
        one[:] = [
            COMPLEMENT if new and not is_hidden(word) else word
            for word, new in zip(one, now, strict=True)
        ]
    return words


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """Labels of one column: a code an answer, and name and status of each code."""

    codes: Codes
    names: list[str]
    status: list[str]


def coded(labels: Mapping[str, pd.Series], min_n: int) -> dict[str, Coded]:
    """Return the columns coded, in whatever order given with the same statuses."""
    parts = {name: pd.factorize(labels[name], sort=True) for name in sorted(labels)}
    words = jointly([codes for codes, _ in parts.values()], min_n)
    return {
        name: Coded(codes, [str(one) for one in names], status)
        for (name, (codes, names)), status in zip(parts.items(), words, strict=True)
    }


def kept_back(labels: Mapping[str, pd.Series], by: str, min_n: int) -> set[str]:
    """Return the labels of one column that tables of all the columns hide."""
    one = coded(labels, min_n)[by]
    return {
        name
        for name, word in zip(one.names, one.status, strict=True)
        if is_hidden(word)
    }


def _combinations(columns: Sequence[Codes]) -> tuple[Codes, npt.NDArray[np.intp]]:
    """The distinct rows of labels, shape (combinations, columns), and their answers."""
    key = np.asarray(columns[0], dtype=np.int64)
    for codes in columns[1:]:
        key = np.unique(key * (int(codes.max()) + 1) + codes, return_inverse=True)[1]
    _, first, n = np.unique(key, return_index=True, return_counts=True)
    return np.column_stack([codes[first] for codes in columns]), n


class _Shown:
    """Groups of all columns over the distinct combinations of labels.

    `member` has shape (groups, combinations), `n` counts the combinations' answers.
    """

    def __init__(
        self, combined: Codes, n: npt.NDArray[np.intp], hidden: Sequence[Mask]
    ) -> None:
        starts = np.cumsum([0, *(len(one) for one in hidden)])
        self.member = np.zeros((starts[-1], len(combined)))
        self.column = np.repeat(np.arange(len(hidden)), np.diff(starts))
        for start, codes in zip(starts[:-1], combined.T, strict=True):
            self.member[start + codes, np.arange(len(combined))] = 1.0
        self.n = n.astype(float)
        self.size = self.member @ self.n
        self.hidden = np.concatenate(list(hidden))

    def small_parts(self, min_n: int) -> Array:
        """What any group has in the hidden groups of a column, where that is small."""
        everybody = np.ones((1, self.member.shape[1]))
        lines = np.vstack([everybody, self.member])
        parts = [self.member[self.size < min_n]]
        for column in np.unique(self.column[self.hidden]):
            behind = self.member[self.hidden & (self.column == column)].sum(axis=0)
            part = lines * behind
            size = part @ self.n
            parts.append(part[(size > 0) & (size < min_n)])
        return np.unique(np.vstack(parts), axis=0)

    def next_to_hide(self, min_n: int, fixed: int) -> int | None:
        """The smallest group without which one more part is safe; None if all are."""
        shown = np.flatnonzero(~self.hidden)
        rows = np.vstack([np.ones(self.member.shape[1]), self.member[shown]])
        values, vectors = np.linalg.eigh(rows @ rows.T)
        kept = values > _ZERO * values.max()
        for part in self.small_parts(min_n):
            seen = rows @ part
            share = vectors[:, kept] @ ((vectors[:, kept].T @ seen) / values[kept])
            if part.sum() - seen @ share > _ZERO * part.sum():
                continue
            used = np.abs(share[1:]) > _ZERO
            used &= shown >= fixed
            needed = used & (np.abs(vectors[1:, ~kept]) < _ZERO).all(axis=1)
            choice = shown[needed if needed.any() else used]
            if len(choice):
                return int(choice[np.argmin(self.size[choice])])
        return None
