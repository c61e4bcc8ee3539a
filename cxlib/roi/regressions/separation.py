"""Whether the score decides a yes/no outcome without error: then no logit exists."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib.errors import DataError, Problem
from cxlib.roi.regressions._design import Prepared, Rows
from cxlib.roi.regressions._spec import BINARY

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Separation:
    """How far a score splits a 0/1 outcome.

    Attributes
    ----------
    kind : {"none", "quasi-complete", "complete"}
        Complete: no score has both outcomes and one cut divides them. Quasi-complete:
        both outcomes meet at a single score only.
    score, outcome : ndarray, shape (n,)
        The rows that have both.
    """

    kind: str
    score: Array
    outcome: Array

    @property
    def table(self) -> pd.DataFrame:
        """Columns score, n, n_events, share_events; one row a level (at most 11)."""
        return _by_level(self.score, self.outcome)

    @property
    def detail(self) -> str:
        """The table in words: 'score 1: 922 of 922, score 2: …'."""
        rows = self.table.to_dict("records")
        return ", ".join(
            f"score {r['score']}: {r['n_events']:,} of {r['n']:,}" for r in rows
        )


def separation(score: npt.ArrayLike, outcome: npt.ArrayLike) -> Separation:
    """Detect (quasi-)complete separation of a 0/1 outcome by a score.

    Parameters
    ----------
    score, outcome : array_like, shape (n,)
        Rows where either is NaN are left out.

    Returns
    -------
    Separation

    Notes
    -----
    With one explanatory variable the maximum-likelihood estimate exists if and only
    if the ranges of the score among events and non-events overlap in more than one
    point. Weights play no part. A constant outcome counts as complete separation.

    References
    ----------
    Albert, A. and Anderson, J. A. (1984). On the existence of maximum likelihood
    estimates in logistic regression models. Biometrika 71, 1-10.
    doi:10.1093/biomet/71.1.1

    Examples
    --------
    >>> found = separation([1, 2, 3, 3, 4, 5], [1, 1, 1, 0, 0, 0])
    >>> found.kind
    'quasi-complete'
    >>> separation([1, 2, 3, 4], [0, 1, 0, 1]).kind
    'none'
    """
    x, y = np.asarray(score, dtype=float), np.asarray(outcome, dtype=float)
    seen = np.isfinite(x) & np.isfinite(y)
    x, y = x[seen], y[seen]
    return Separation(kind=_kind(x[y == 1], x[y == 0]), score=x, outcome=y)


def _kind(events: Array, others: Array) -> str:
    if not len(events) or not len(others):
        return "complete"
    gap = max(events.min() - others.max(), others.min() - events.max())
    return "complete" if gap > 0 else "quasi-complete" if gap == 0 else "none"


def _by_level(x: Array, y: Array) -> pd.DataFrame:
    frame = pd.DataFrame({"score": level_names(x), "y": y, "at": x})
    table = frame.groupby("score", sort=False).agg(
        at=("at", "min"), n=("y", "size"), n_events=("y", "sum")
    )
    table = table.sort_values("at").drop(columns="at").reset_index()
    table["n_events"] = table["n_events"].astype(int)
    return table.assign(share_events=table["n_events"] / table["n"])


def level_names(x: Array) -> npt.NDArray[np.object_]:
    """Return the level of each score: itself, or a fifth where there are over 11."""
    levels, at = np.unique(x, return_inverse=True)
    if np.isfinite(levels).sum() <= 11:
        return np.array([f"{v:g}" for v in levels], dtype=object)[at]
    edges = np.unique(np.nanquantile(x, [0.2, 0.4, 0.6, 0.8]))
    band = np.searchsorted(edges, x, side="left")
    parts = [x[band == b] for b in range(len(edges) + 1)]
    names = [f"{p.min():g} to {p.max():g}" if len(p) else "" for p in parts]
    return np.array(names, dtype=object)[band]


def refuse_separated(prepared: Prepared, rows: Rows) -> None:
    """Raise DataError with the table where the score separates the outcome."""
    spec = prepared.spec
    if spec.model not in {*BINARY, "two_part"}:
        return
    parts = spec.model == "two_part"
    found = separation(rows.x[:, 0], rows.y > 0 if parts else rows.y)
    if found.kind == "none":
        return
    what = f"{spec.outcome} above zero" if parts else spec.outcome
    raise DataError(
        f"'{spec.score}' separates '{what}' ({found.kind} separation): a "
        f"{'two-part model' if parts else 'logit'} "
        f"has no finite coefficient. {what} by score: {found.detail}.",
        problems=[
            Problem(
                rule=f"score and outcome do not overlap in more than one value of "
                f"'{spec.score}'", column=spec.outcome, rows=len(rows.y),
                fix="Report the shares by score instead, and ask whether the score was "
                "asked after the outcome or made from it.",
            )
        ],
    )  # fmt: skip
