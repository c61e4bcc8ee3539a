"""Everybody invited, with who answered: what non-response is judged on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib import _checks, scales
from cxlib.errors import DataError
from cxlib.estimate import Design, design
from cxlib.estimate.design import Array
from cxlib.estimate.propensity import Propensity, fit_propensity
from cxlib.nps import _balance, _words
from cxlib.nps._answers import label
from cxlib.scales import Scale

Rows = npt.NDArray[np.bool_]
Index = npt.NDArray[np.intp]
NO_FILE = "No invitations were given, so "


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Invited:
    """All N invitations.

    Attributes
    ----------
    rows : pandas.DataFrame
        The invitations, index 0..N-1.
    answered : ndarray of bool, shape (N,)
        Whether a valid answer came.
    values : ndarray, shape (n,)
        What the scale counts, of those who answered, in the order of `rows`.
    places : ndarray of int, shape (n,)
        Position of each of these among the responses.
    plan : Design
        Design of the N rows.
    scale : Scale
    n_stray : int
        Valid answers without an invitation; left out.
    """

    rows: pd.DataFrame
    answered: Rows
    values: Array
    places: Index
    plan: Design
    scale: Scale
    n_stray: int

    @property
    def n(self) -> int:
        """Invitations."""
        return len(self.rows)

    @property
    def rate(self) -> float:
        """Share of the invitations with a valid answer."""
        return float(self.answered.mean())

    @property
    def stray_text(self) -> str:
        """Say how many answers have no invitation; empty where all have one."""
        if not self.n_stray:
            return ""
        many = _words.plural(self.n_stray, "answer")
        return f"{many} without an invitation {_be(self.n_stray)} left out."

    def model(self, covariates: Sequence[str]) -> Propensity:
        """Fit who answered to covariates known of everybody invited."""
        x = [np.ones(self.n)]
        for name in covariates:
            x += _columns(self.rows[name], self.answered, name)
        return fit_propensity(np.column_stack(x), self.answered)

    def terms(self, covariates: Sequence[str]) -> list[str]:
        """Names of the columns of the model."""
        names = ["constant"]
        for name in covariates:
            column = self.rows[name]
            if numeric(column):
                names.append(name)
            else:
                names += [
                    f"{name}: {one}" for one in sorted(label(column).unique())[1:]
                ]
        return names

    def balance(
        self, covariates: Sequence[str], weights: Array, min_n: int
    ) -> pd.DataFrame:
        """Balance of the answers against everybody invited."""
        both = (np.ones(len(weights)), weights)
        parts = []
        for name in covariates:
            column = self.rows[name]
            if numeric(column):
                number = column.to_numpy(dtype=float)
                parts.append(_balance.number(name, number[self.answered], both, number))
            else:
                labels = label(column)
                target = labels.value_counts(normalize=True).sort_index()
                parts.append(
                    _balance.levels(
                        name, labels[self.answered], both,
                        {str(k): float(v) for k, v in target.items()}, min_n,
                    )
                )  # fmt: skip
        return pd.concat(parts, ignore_index=True)


def _be(n: int) -> str:
    return "is" if n == 1 else "are"


def numeric(column: pd.Series) -> bool:
    """Whether a covariate enters as a number; truth values are labels."""
    kind = pd.api.types
    return bool(kind.is_numeric_dtype(column) and not kind.is_bool_dtype(column))


def _columns(column: pd.Series, answered: Rows, name: str) -> list[Array]:
    """Columns of the model for one covariate: itself, or one a level but the first."""
    if numeric(column):
        blank = int(column.isna().sum())
        if blank:
            raise DataError(
                f"covariate '{name}' is blank in {blank:,} invitations; fill it in, or "
                "turn it into classes, where a blank is one of them."
            )
        return [column.to_numpy(dtype=float)]
    labels = label(column)
    rates = pd.Series(answered).groupby(labels.to_numpy()).agg(["mean", "size"])
    for level, rate, n in rates.itertuples():
        if rate in {0, 1}:
            what = "Nobody" if rate == 0 else "Everybody"
            raise DataError(
                f"{what} of the {n:,} invited in '{level}' of {name} answered: a "
                "response propensity cannot be estimated there. Merge the level with "
                "another."
            )
    return [
        (labels == one).to_numpy(dtype=float) for one in sorted(labels.unique())[1:]
    ]


def link(
    invitations: pd.DataFrame,
    responses: pd.DataFrame,
    *,
    respondent: str,
    score: str,
    scale: str | Mapping[str, Any] | Scale,
    cluster: str | None = None,
    needs: Sequence[str] = (),
) -> Invited:
    """Match valid answers to invitations by the respondent's identifier."""
    kept = scales.get(scale)
    _checks.columns(invitations, [respondent, *needs], "invitations")
    _checks.columns(responses, [respondent, score], "responses")
    valid = np.flatnonzero(kept.valid(responses[score]).to_numpy(dtype=bool))
    for table, ids in (
        ("invitations", invitations[respondent]),
        ("valid answers", responses[respondent].iloc[valid]),
    ):
        _unique(ids, table, respondent)
    rows = invitations.reset_index(drop=True)
    found = pd.Series(valid, index=responses[respondent].iloc[valid])
    place = rows[respondent].map(found).to_numpy(dtype=float)
    answered = np.isfinite(place)
    places = place[answered].astype(np.intp)
    if len(places) < 2:
        raise DataError(
            f"{_words.plural(len(places), 'valid answer')} could be matched to "
            f"{len(rows):,} invitations by '{respondent}'; the identifiers of the two "
            "files must be the same."
        )
    values = kept.values(responses[score].iloc[places])
    return Invited(
        rows=rows, answered=answered, values=values, places=places, scale=kept,
        n_stray=len(valid) - len(places),
        plan=_plan(rows, responses, answered, places, cluster),
    )  # fmt: skip


def _unique(ids: pd.Series, table: str, respondent: str) -> None:
    """Raise for an identifier that is blank or comes twice."""
    if ids.isna().any():
        raise DataError(
            f"{int(ids.isna().sum()):,} {table} have no '{respondent}'; give every row "
            "one."
        )
    twice = int(ids.duplicated().sum())
    if twice:
        raise DataError(
            f"'{respondent}' comes more than once in {twice:,} {table}; name a column "
            "that tells every invitation from the others."
        )


def _plan(
    rows: pd.DataFrame, responses: pd.DataFrame, answered: Rows, places: Index,
    cluster: str | None,
) -> Design:  # fmt: skip
    """Clusters from the invitations, or from the answers where only they have them."""
    if not cluster:
        return design(len(rows))
    if cluster in rows.columns:
        return design(len(rows), cluster=rows[cluster])
    _checks.columns(responses, [cluster], "invitations or responses")
    known = np.full(len(rows), None, dtype=object)
    known[answered] = responses[cluster].iloc[places].to_numpy(dtype=object)
    return design(len(rows), cluster=known)
