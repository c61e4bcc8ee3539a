"""Answers weighted by how likely each kind of customer was to answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cxlib import _checks, _format
from cxlib.estimate import design, design_se, estimate
from cxlib.estimate.design import Array
from cxlib.estimate.propensity import Propensity, ipw_influence
from cxlib.estimate.weighted import weighted_estimate
from cxlib.nps import _balance, _moved, _words
from cxlib.nps._invited import NO_FILE, Invited, link
from cxlib.result import Assumption
from cxlib.scales import Scale


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Nonresponse(_moved.Weighted):
    """A score weighted by inverse response propensities.

    Attributes
    ----------
    table, weights, balance, overall, before, kish, label
        As in `Weighted`; the balance is against everybody invited.
    model : pandas.DataFrame
        term, estimate, std_error: log odds of answering. Not shown: it tells of small
        levels too.
    n_invited : int
    rate : float
        Share of the invited with a valid answer.
    lowest : float
        Smallest propensity of anybody invited.
    stray : str
        How many answers had no invitation; empty where all had.
    """

    model: pd.DataFrame
    n_invited: int
    rate: float
    lowest: float
    stray: str = ""

    @property
    def text(self) -> str:
        """Response rate, what the weights moved and what they cost."""
        if self.reason:
            return self.reason
        rate = _format.quantity(self.rate, "share")
        lead = f"{rate} of {self.n_invited:,} invited answered."
        parts = (
            lead, self.moved_text, self.precision_text, _balance.text(self.balance),
            self.stray,
        )  # fmt: skip
        return " ".join(part for part in parts if part)

    @property
    def aim(self) -> str:
        """What the weighted answers are held against."""
        return "invited"


def nonresponse(
    responses: pd.DataFrame,
    invitations: pd.DataFrame | None,
    *,
    covariates: Sequence[str],
    respondent: str = "respondent_id",
    score: str = "score",
    scale: str | Mapping[str, Any] | Scale = "nps",
    cluster: str | None = None,
    min_n: int = 10,
    confidence_level: float = 0.95,
) -> Nonresponse:
    """Weight each answer by one over its chance of having been given.

    Use it where the list of invitations is at hand. It corrects for what the covariates
    know; `tipping_point` says how much would have to be left.

    Parameters
    ----------
    responses : pandas.DataFrame
        One row an answer.
    invitations : pandas.DataFrame or None
        One row an invitation, with the covariates. None: a result that says so.
    covariates : sequence of str
        Columns of the invitations: numbers enter as they are, anything else by level,
        where a blank is a level. None: a result that says so.
    respondent : str
        Column of both tables that links an answer to its invitation.
    score, scale
        As in `nps.score`; an answer that is blank or off the scale counts as none.
    cluster : str, optional
        Customer or account, a column of either table. If only the responses have it,
        people who did not answer count one by one.
    min_n : int
        Levels with fewer answers keep their numbers to themselves in the balance.
    confidence_level : float

    Returns
    -------
    Nonresponse
        `.weights` can be assigned to the responses and named as `weights=` elsewhere;
        there the weights count as fixed.

    Raises
    ------
    DataError
        For a level in which nobody or everybody answered, identifiers that repeat, or
        none that match.

    Notes
    -----
    Estimand: the score of everybody invited. Propensity: logit of answering, maximum
    likelihood, all covariates side by side. Estimator: Hajek's ratio
    ``sum(y / p) / sum(1 / p)``. The standard error allows for the propensities being
    estimated (linearised); the one with the weights taken as fixed stands beside it.
    Interval: adjusted Wald on Kish's effective n, capped by the one the standard error
    implies. Balance: difference from the invited in their standard deviations.

    References
    ----------
    Kim, J. K. and Kim, J. J. (2007). Nonresponse weighting adjustment using estimated
    response probability. Canadian Journal of Statistics 35, 501-514.
    doi:10.1002/cjs.5550350403. Little, R. J. A. (1986). Survey nonresponse adjustments
    for estimates of means. International Statistical Review 54, 139-157.
    doi:10.2307/1403140

    Examples
    --------
    >>> from cxlib import nps, simulate
    >>> answers = simulate.responses(2000, rng=1)
    >>> invited = simulate.invitations(answers, rng=1)
    >>> found = nps.nonresponse(answers, invited, covariates=["channel", "plan"])
    >>> bool(found.overall.estimate < found.before.estimate)
    True
    """
    _checks.in_range(confidence_level, "confidence_level", 0, 1, ends="()")
    names = list(dict.fromkeys(name for name in covariates if name))
    if invitations is None:
        return _none(
            responses, f"{NO_FILE}the chance of answering cannot be estimated."
        )
    if not names:
        return _none(
            responses,
            "No covariates of non-response were given, so answers are not weighted for "
            "who answered.",
        )
    invited = link(
        invitations, responses, respondent=respondent, score=score, scale=scale,
        cluster=cluster, needs=names,
    )  # fmt: skip
    return _result(responses, invited, invited.model(names), names, min_n,
                   confidence_level)  # fmt: skip


def _result(
    responses: pd.DataFrame, invited: Invited, model: Propensity, names: list[str],
    min_n: int, level: float,
) -> Nonresponse:  # fmt: skip
    kept, y, w = invited.scale, invited.values, model.weights
    inside = invited.answered
    who = invited.plan.cluster[inside] if invited.plan.clustered else None
    raw = estimate(
        y, kept.kind, plan=design(len(y), cluster=who), confidence_level=level
    )
    fixed = estimate(y, kept.kind, plan=design(len(y), weights=w, cluster=who))
    influence = ipw_influence(y, model)
    found = weighted_estimate(
        y, kept.kind, weights=w, influence=influence, plan=invited.plan,
        confidence_level=level,
    )  # fmt: skip
    influence[inside] -= (y - raw.estimate) / len(y)
    se, df = design_se(influence, invited.plan)
    both = {
        "as answered": (raw.scaled(kept.factor), kept.factor * raw.std_error),
        "inverse propensity": (
            found.scaled(kept.factor), kept.factor * fixed.std_error,
        ),
    }  # fmt: skip
    return Nonresponse(
        table=_moved.rows(both, (kept.factor * se, df), kept.unit), unit=kept.unit,
        overall=both["inverse propensity"][0], before=both["as answered"][0],
        label=kept.label, kish=float(w.sum() ** 2 / np.square(w).sum()),
        weights=_spread(responses, invited, w), rate=invited.rate,
        balance=invited.balance(names, w, min_n), n_invited=invited.n,
        model=_terms(invited, model, names), lowest=float(model.probability.min()),
        stray=invited.stray_text, method=_method(names, model),
        assumptions=assumptions(names),
    )  # fmt: skip


def _spread(responses: pd.DataFrame, invited: Invited, weights: Array) -> pd.Series:
    column = np.full(len(responses), np.nan)
    column[invited.places] = weights
    return pd.Series(column, index=responses.index, name="weight")


def _terms(invited: Invited, model: Propensity, names: list[str]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "term": invited.terms(names), "estimate": model.coef,
            "std_error": model.std_error,
        }
    )  # fmt: skip


def _method(names: list[str], model: Propensity) -> str:
    low = _format.quantity(float(model.probability.min()), "share")
    return (
        f"Response propensity: logit on {_words.listing(names)} (lowest {low}); Hajek "
        "mean with weights one over it. Standard error linearised, allowing for the "
        "estimated propensities; interval on Kish's effective n, capped by the "
        "design's."
    )


def assumptions(names: Sequence[str]) -> tuple[Assumption, ...]:
    """What has to hold for propensities to take out non-response."""
    ignorable = Assumption(
        text="Among customers alike in "
        f"{_words.listing(list(names))}, whether somebody answers has nothing to do "
        "with the answer they would give.",
        quality="low", impact="high",
    )  # fmt: skip
    listed = Assumption(
        text="The invitations are those the survey sent, and the score is meant for "
        "the customers invited.",
        quality="medium", impact="medium",
    )  # fmt: skip
    return ignorable, listed


def _none(responses: pd.DataFrame, reason: str) -> Nonresponse:
    nan = float("nan")
    return Nonresponse(
        table=pd.DataFrame(), balance=pd.DataFrame(), overall=None, before=None,
        weights=pd.Series(1.0, index=responses.index, name="weight"), kish=nan,
        label="NPS", model=pd.DataFrame(), n_invited=0, rate=nan, lowest=nan,
        unit="points", reason=reason,
    )  # fmt: skip
