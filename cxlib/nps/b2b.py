"""Business customers: the score by respondent, by account and by revenue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from cxlib import _format
from cxlib.errors import DataError
from cxlib.estimate import design_se
from cxlib.estimate.covariance import domain_influence
from cxlib.estimate.design import Array
from cxlib.nps import _display, _words
from cxlib.nps._answers import Answers, collect
from cxlib.result import Assumption, Finding
from cxlib.scales import Scale

LARGE = 0.2
FEW = 30


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class AccountScores(_display.Bracketed):
    """The score under three weightings.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a weighting ('respondents', 'accounts', 'revenue'), in the score's
        unit: weighting, n, n_accounts, n_eff, estimate, std_error, ci_lower, ci_upper;
        effect_size, less the respondents' score, with its interval; share_largest, the
        largest account's part of the weight.
    label : str
    confidence_level : float
    n_unpriced : int
        Answers left out of the revenue row: no positive revenue.
    """

    label: str
    n_unpriced: int

    @property
    def text(self) -> str:
        """The three scores side by side, and whether one account decides them."""
        if self.reason:
            return self.reason
        rows = self.table.to_dict("records")
        told = [f"weighted by {row['weighting']} {self._value(row)}" for row in rows]
        accounts = _words.plural(int(rows[0]["n_accounts"]), "account")
        few = (
            " Few accounts: an indication only." if rows[0]["n_accounts"] < FEW else ""
        )
        return (
            f"{self.label} of {accounts} is {_words.listing(told)}.{self._largest()}"
            f"{few}{self._unpriced()}"
        )

    def _value(self, row: Mapping[Any, Any]) -> str:
        return _words.with_interval(
            row["estimate"], row["ci_lower"], row["ci_upper"], self.unit,
            self.confidence_level, row["n"],
        )  # fmt: skip

    def _largest(self) -> str:
        last = self.table.iloc[-1]
        if last["weighting"] != "revenue":
            return ""
        share = _format.quantity(last["share_largest"], "share")
        if last["share_largest"] < LARGE:
            return f" The largest account holds {share} of the revenue."
        return (
            f" One account holds {share} of the revenue and weighs as much in the "
            "revenue-weighted score: read that one beside the other two."
        )

    def _unpriced(self) -> str:
        if not self.n_unpriced:
            return ""
        many = _words.plural(self.n_unpriced, "answer")
        return f" {many} without revenue left out of the revenue-weighted score."

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The account- and revenue-weighted scores."""
        name = _words.plain_label(self.label)
        return tuple(
            Finding(
                id=f"{name} weighted by {row['weighting']}",
                statement=f"{self.label} weighted by {row['weighting']} is "
                f"{self._value(row)}.",
                estimate=row["estimate"], ci_lower=row["ci_lower"],
                ci_upper=row["ci_upper"], unit=self.unit, n=int(row["n"]),
                confidence_level=self.confidence_level,
            )
            for row in self.table.to_dict("records")
            if row["weighting"] != "respondents"
        )  # fmt: skip

    @property
    def shown(self) -> Sequence[_display.Columns]:
        """One row a weighting."""
        t, gap = self.table, _format.difference_unit(self.unit)
        if self.reason:
            return ()
        return (
            {
                "weighted by": t["weighting"],
                "n": _display.numbers(t["n"], "count"),
                "accounts": _display.numbers(t["n_accounts"], "count"),
                "effective n": _display.numbers(t["n_eff"], "count"),
                f"{self.label}{_display.unit_word(self.unit)}": (
                    _display.with_ends(t, "estimate", self.unit)
                ),
                "less respondents'": _display.with_ends(
                    t, "effect_size", gap, prefix="effect_size_", signed=True
                ),
                "largest account, %": _display.numbers(t["share_largest"], "share"),
            },
        )


def b2b(
    responses: pd.DataFrame,
    account: str | None,
    *,
    revenue: str | None = None,
    score: str = "score",
    scale: str | Mapping[str, Any] | Scale = "nps",
    confidence_level: float = 0.95,
) -> AccountScores:
    """Estimate the score of respondents, of accounts and of revenue side by side.

    Use it where several people answer for one customer. The three answer three
    questions (what people say, what customers say, what the money says); a gap between
    them is a finding, not an error.

    Parameters
    ----------
    responses : pandas.DataFrame
        One row a person asked.
    account : str or None
        Column of the account; without one the result says so. A blank account is one
        of its own.
    revenue : str, optional
        Column of the account's revenue, the same on all its rows.
    score, scale
        As in `nps.score`.
    confidence_level : float

    Returns
    -------
    AccountScores

    Raises
    ------
    DataError
        With fewer than two accounts, or two revenues of one account.

    Notes
    -----
    Accounts are clusters in all three. Account-weighted: each answer counts one over
    the account's answers, so an account counts once with its own share of promoters
    less its share of detractors. Account means are never cut into promoter, passive
    and detractor again: a mean of 8.5 is none of them. Revenue-weighted: the account
    counts with its revenue. Intervals as in `nps.score` on the effective n; the gap to
    the respondents' score is linearised on the same rows, with t on accounts less one.
    A revenue-weighted score stands for the accounts that answered, not for their
    customers' revenue.

    References
    ----------
    Binder, D. A. (1983). On the variances of asymptotically normal estimators from
    complex surveys. International Statistical Review 51, 279-292.
    doi:10.2307/1402588

    Examples
    --------
    >>> import pandas as pd
    >>> from cxlib import nps
    >>> answers = pd.DataFrame({
    ...     "score": [10, 10, 10, 3, 9, 2], "firm": [*"aaabcd"],
    ...     "revenue": [10, 10, 10, 70, 10, 10],
    ... })
    >>> found = nps.b2b(answers, "firm", revenue="revenue").table
    >>> found[["weighting", "n_accounts", "estimate"]].round(1).values.tolist()
    [['respondents', 4, 33.3], ['accounts', 4, 0.0], ['revenue', 4, -60.0]]
    """
    if not account:
        return _none("No account column was given, so accounts are not compared.")
    answers = collect(
        responses, score=score, scale=scale, weights=None, strata=None, cluster=account,
        confidence_level=confidence_level, needs=tuple(c for c in (revenue,) if c),
    )  # fmt: skip
    if answers.plan.n_clusters < 2:
        raise DataError(
            f"column '{account}' has one account only; an interval needs at least two."
        )
    unit = pd.factorize(answers.plan.cluster)[0]
    size = np.bincount(unit)[unit].astype(float)
    weightings = {"respondents": np.ones(len(unit)), "accounts": 1 / size}
    unpriced = 0
    if revenue:
        paid = _revenue(answers, revenue, unit)
        unpriced = int((paid <= 0).sum())
        weightings["revenue"] = paid / size
    rows = [_row(answers, name, weight, unit) for name, weight in weightings.items()]
    return AccountScores(
        table=pd.DataFrame(rows), unit=answers.scale.unit, label=answers.scale.label,
        confidence_level=confidence_level, n_unpriced=unpriced, method=_METHOD,
        assumptions=_assumptions(priced=bool(revenue)),
    )  # fmt: skip


_METHOD = (
    "Answers of one account are one cluster; an account counts with its own shares of "
    "promoters and detractors, its mean answer is not cut into classes again."
)


def _revenue(answers: Answers, column: str, unit: np.ndarray[Any, Any]) -> Array:
    """Revenue of each row's account, zero where there is none."""
    number = pd.to_numeric(answers.rows[column], errors="coerce")
    ends = number.groupby(unit).agg(["min", "max"])
    several = int((ends["min"] < ends["max"]).sum())
    if several:
        raise DataError(
            f"column '{column}' holds more than one revenue for "
            f"{_words.plural(several, 'account')}; give each one, say its total."
        )
    paid = ends["max"].to_numpy(dtype=float)[unit]
    usable = np.isfinite(paid) & (paid > 0)
    if len(np.unique(unit[usable])) < 2:
        raise DataError(
            f"column '{column}' has a positive revenue for fewer than two accounts; "
            "map another column, or leave `revenue` out."
        )
    return np.where(usable, paid, 0.0)


def _row(
    answers: Answers, name: str, weight: Array, unit: np.ndarray[Any, Any]
) -> dict[str, object]:
    """One weighting, and its gap to the respondents' score on the same rows."""
    used = weight > 0
    plan = replace(
        answers.plan,
        weights=np.where(used, weight, 1.0),
        weighted=name != "respondents",
    )
    weighed = replace(answers, plan=plan)
    own = weighed.at(used).estimate()
    total = np.bincount(unit, weights=weight)
    row: dict[str, object] = {
        "weighting": name, "n": own.n, "n_accounts": int((total > 0).sum()),
        "n_eff": own.n_eff, "estimate": own.estimate, "std_error": own.std_error,
        "ci_lower": own.ci_lower, "ci_upper": own.ci_upper,
    }  # fmt: skip
    if name != "respondents":
        row |= _less_respondents(answers, weighed, used)
    return row | {"share_largest": float(total.max() / total.sum())}


def _less_respondents(
    answers: Answers, weighed: Answers, used: np.ndarray[Any, Any]
) -> dict[str, object]:
    """The weighted score less the plain one, on the same people."""
    both, plain = (
        domain_influence(answers.values, rows, plan)
        for rows, plan in ((used, weighed.plan), (np.ones_like(used), answers.plan))
    )
    kept = np.where(used, weighed.plan.weights, 0.0)
    moved = float(np.average(answers.values, weights=kept) - answers.values.mean())
    gap = moved * answers.scale.factor
    std_error, df = design_se((both - plain) * answers.scale.factor, answers.plan)
    half = float(stats.t.isf((1 - answers.level) / 2, df)) * std_error
    return {
        "effect_size": gap, "effect_size_ci_lower": gap - half,
        "effect_size_ci_upper": gap + half,
    }  # fmt: skip


def _assumptions(*, priced: bool) -> tuple[Assumption, ...]:
    speak = Assumption(
        text="Those who answered speak for their account, and the accounts that "
        "answered for those that did not.",
        quality="low", impact="high",
    )  # fmt: skip
    money = Assumption(
        text="Revenue is the account's own, of one period and one currency.",
        quality="medium", impact="medium",
    )  # fmt: skip
    return (speak, money) if priced else (speak,)


def _none(reason: str) -> AccountScores:
    return AccountScores(
        table=pd.DataFrame(columns=["weighting"]), label="", n_unpriced=0,
        confidence_level=float("nan"), reason=reason,
    )  # fmt: skip
