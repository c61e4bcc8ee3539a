"""For which weights of its stakeholders the first item of a list changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import linprog

from cxlib import _checks, _format
from cxlib.errors import ArgumentError, DataError
from cxlib.result import Finding
from cxlib.roi import _words
from cxlib.roi._display import Told, column
from cxlib.roi.choice._scenarios import chance

Array = npt.NDArray[np.float64]
COLUMNS = ["initiative", "score", "share_first", "rel_moved", "change"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Weights(Told):
    """How far weights may move before another initiative is first.

    Attributes
    ----------
    table : pandas.DataFrame
        initiative, score (0 to 1, at the weights given), share_first (share of all
        weightings in which it is first), rel_moved (the least weight that must move
        from some criteria to others to make it first, as a share of all; 0 for the
        first, blank where no weighting does), change (that move in words); by score.
    weights : dict
        Criterion to weight, summing to 1.
    scores : pandas.DataFrame
        initiative, and each criterion from 0 (worst) to 1 (best).
    n_samples : int
        Weightings behind `share_first`.
    reason : str
        Why there is nothing to weigh, else empty.
    """

    weights: dict[str, float]
    scores: pd.DataFrame
    n_samples: int
    reason: str = ""

    @property
    def text(self) -> str:
        """Who is first, how stable that is, and the nearest change."""
        if self.table.empty:
            return f"There is nothing to weigh: {self.reason}."
        first = self.table.iloc[0]
        said = (
            f"At the weights given, {first['initiative']} is first; it is first in "
            f"{chance(first['share_first'])} of all weightings."
        )
        rest = self.table.iloc[1:].dropna(subset=["rel_moved"])
        if rest.empty:
            return f"{said} No weighting puts another first."
        near = rest.iloc[int(rest["rel_moved"].to_numpy(dtype=float).argmin())]
        moved = _format.number(near["rel_moved"], "share", decimals=0)
        if near["rel_moved"] < 1e-9:
            return f"{said} {near['initiative']} is level with it."
        return (
            f"{said} The least change that puts another first moves {moved} % of the "
            f"weight ({near['change']}): then {near['initiative']} is first."
        )

    @property
    def display(self) -> pd.DataFrame:
        """One line an initiative, in words."""
        rows = self.table
        if rows.empty:
            return pd.DataFrame()
        moved = column(rows["rel_moved"], "share", decimals=0)
        return pd.DataFrame(
            {
                "initiative": rows["initiative"],
                "score": column(rows["score"], "score"),
                "first in": rows["share_first"].map(chance),
                "weight to move": moved.where(moved == _format.MISSING, moved + " %"),
                "from, to": rows["change"],
            }
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The share of weightings that keep the first."""
        if self.table.empty:
            return ()
        return (
            Finding(
                id="weightings that keep the first", statement=self.text, unit="share",
                estimate=float(self.table["share_first"].iloc[0]),
            ),
        )  # fmt: skip


def weights(
    table: pd.DataFrame,
    weights: Mapping[str, float],
    *,
    lower: Sequence[str] = (),
    name: str = "initiative",
    n_samples: int = 20_000,
    rng: int | np.random.Generator = 0,
) -> Weights:
    """Find how far stakeholders' weights may move before the first item changes.

    Use it where a list is scored on several criteria and the weights are in dispute.
    What can be put in money belongs in the NPV instead.

    Parameters
    ----------
    table : pandas.DataFrame
        One row an initiative with a number for each criterion; `Frontier.table`, with
        further columns (customer harm, speed) joined to it.
    weights : mapping
        Column to weight, not negative; scaled to sum to 1.
    lower : sequence of str
        Criteria where less is better (effort, risk).
    name : str
        Column of the initiative's name.
    n_samples : int
        Weightings drawn, at least 100.
    rng : int or numpy.random.Generator

    Returns
    -------
    Weights
        Of nothing, and with the reason, for a table without rows.

    Raises
    ------
    DataError
        For a criterion with blanks.

    Notes
    -----
    Each criterion is scaled from 0 for the worst initiative to 1 for the best, so
    scores are relative to the initiatives in the table; one that is the same for all
    counts nothing. The least move is exact: a linear program over all weightings.
    `share_first` is taken over weightings drawn uniformly from the simplex, ties
    split.

    References
    ----------
    Lahdelma, R. and Salminen, P. (2001). SMAA-2: Stochastic multicriteria
    acceptability analysis for group decision making. Operations Research 49, 444-454.
    doi:10.1287/opre.49.3.444.11220

    Examples
    --------
    >>> rows = pd.DataFrame({"initiative": ["A", "B"], "value": [10.0, 4.0],
    ...     "effort": [8.0, 2.0]})
    >>> found = weights(rows, {"value": 3, "effort": 1}, lower=["effort"])
    >>> found.table[["initiative", "score", "rel_moved"]].values.tolist()
    [['A', 0.75, 0.0], ['B', 0.25, 0.25]]
    """
    _checks.in_range(n_samples, "n_samples", 100, float("inf"))
    given = _weights(weights, lower)
    if table.empty:
        return Weights(
            table=pd.DataFrame(columns=COLUMNS), weights=given, n_samples=0,
            scores=pd.DataFrame(), reason="no initiatives were given",
        )  # fmt: skip
    scores = _scores(table, given, lower, name)
    base = np.array(list(given.values()))
    drawn = _checks.generator(rng).dirichlet(np.ones(len(base)), size=n_samples)
    total = np.round(drawn @ scores.T, 12)
    top = total == total.max(axis=1, keepdims=True)
    moves = [_least_move(scores, base, i) for i in range(len(scores))]
    found = pd.DataFrame(
        {
            "initiative": table[name].astype(str).to_numpy(), "score": scores @ base,
            "share_first": (top / top.sum(axis=1, keepdims=True)).mean(axis=0),
            "rel_moved": [np.nan if m is None else np.abs(m).sum() / 2 for m in moves],
            "change": [_said(move, list(given)) for move in moves],
        }
    )  # fmt: skip
    kept = pd.DataFrame(scores, columns=list(given))
    kept.insert(0, "initiative", found["initiative"])
    return Weights(
        table=found.sort_values("score", ascending=False, kind="stable",
                                ignore_index=True),
        weights=given, scores=kept, n_samples=n_samples,
        method=f"Criteria from 0 to 1; least move by linear program, shares of "
        f"{n_samples:,} weightings.",
    )  # fmt: skip


def _weights(given: Mapping[str, float], lower: Sequence[str]) -> dict[str, float]:
    for criterion, weight in given.items():
        _checks.in_range(weight, f"weights['{criterion}']", 0, float("inf"), ends="[)")
    total = sum(given.values())
    if not total > 0:
        raise ArgumentError("`weights` sum to zero; give at least one above zero.")
    for criterion in lower:
        if criterion not in given:
            raise ArgumentError(
                f"`lower` has '{criterion}'; {_checks.did_you_mean(criterion, given)}"
            )
    return {criterion: weight / total for criterion, weight in given.items()}


def _scores(
    table: pd.DataFrame, given: dict[str, float], lower: Sequence[str], name: str
) -> Array:
    """Return criteria from 0 to 1, shape (initiatives, criteria)."""
    _checks.columns(table, [name], "table")
    for criterion in given:
        if criterion not in table.columns:
            hint = _checks.did_you_mean(criterion, [str(c) for c in table.columns])
            raise ArgumentError(f"`weights` has '{criterion}'; {hint}")
    columns = []
    for criterion in given:
        value = pd.to_numeric(table[criterion], errors="coerce").to_numpy(dtype=float)
        if not np.isfinite(value).all():
            who = table[name].astype(str).to_numpy()[~np.isfinite(value)][0]
            raise DataError(
                f"column '{criterion}' has no number for '{who}'; give one for every "
                "initiative, or leave the criterion out."
            )
        width = np.ptp(value)
        scaled = (value - value.min()) / width if width else np.zeros(len(value))
        columns.append(1 - scaled if criterion in lower and width else scaled)
    return np.column_stack(columns)


def _least_move(scores: Array, base: Array, first: int) -> Array | None:
    """Return the least change of weights that makes one first; None if none does.

    Weights are base + up - down; what goes up comes down elsewhere.
    """
    k = len(base)
    behind = np.delete(scores, first, axis=0) - scores[first]
    if not len(behind) or (behind @ base <= 1e-12).all():
        return np.zeros(k)
    eye = np.eye(k)
    found = linprog(
        np.ones(2 * k) / 2,
        A_ub=np.block([[behind, -behind], [-eye, eye]]),
        b_ub=np.concatenate([-behind @ base, base]),
        A_eq=np.concatenate([np.ones(k), -np.ones(k)])[None, :], b_eq=[0.0],
        bounds=(0, None),
    )  # fmt: skip
    return np.asarray(found.x[:k] - found.x[k:]) if found.status == 0 else None


def _said(move: Array | None, criteria: list[str]) -> str:
    if move is None:
        return "no weighting"
    ends = {
        side: [_words.plain(c) for c, m in zip(criteria, sign * move, strict=True)
               if m > 1e-9]
        for side, sign in (("from", -1), ("to", 1))
    }  # fmt: skip
    if not ends["to"]:
        return _format.MISSING
    return f"from {_words.listed(ends['from'])} to {_words.listed(ends['to'])}"
