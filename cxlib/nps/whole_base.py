"""The score predicted for everybody invited, apart from what was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from cxlib import _checks, _format
from cxlib.estimate import Estimate, design, estimate
from cxlib.estimate.propensity import Base, Propensity, doubly_robust
from cxlib.estimate.weighted import weighted_estimate
from cxlib.nps import _display, _words
from cxlib.nps._invited import NO_FILE, Invited, link
from cxlib.nps.nonresponse import assumptions
from cxlib.result import Finding
from cxlib.scales import Scale

COLUMNS = [
    "base", "kind", "n", "n_answers", "estimate", "std_error", "ci_lower", "ci_upper",
    "unit",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class WholeBase(_display.Told):
    """Measured and predicted scores, each under its name.

    Attributes
    ----------
    table : pandas.DataFrame
        base, kind ('measured' or 'predicted'), n (people the row speaks for),
        n_answers (it rests on), estimate, std_error, ci_lower, ci_upper, unit. Rows:
        those who answered, those who did not, everybody invited.
    measured, predicted, silent : Estimate or None
        Those who answered; everybody invited; those who did not answer.
    label : str
    """

    measured: Estimate | None
    predicted: Estimate | None
    silent: Estimate | None
    label: str

    @property
    def text(self) -> str:
        """Measured and predicted, never under one name."""
        if self.measured is None or self.predicted is None or self.silent is None:
            return self.reason
        n = dict(zip(self.table["base"], self.table["n"], strict=True))
        p, s = self.predicted, self.silent
        own = _words.estimate_text(self.measured, self.unit)
        whole, rest = (
            _words.with_interval(
                e.estimate, e.ci_lower, e.ci_upper, self.unit, e.confidence_level
            )
            for e in (p, s)
        )
        told = self.label
        return (
            f"Measured {told} of those who answered is {own}. Predicted {told} of all "
            f"{_format.count(n[EVERYBODY])} invited is {whole}; of the "
            f"{_format.count(n[SILENT])} who did not answer, {rest}. The predictions "
            "hold where people who did not answer are like those of the same groups "
            "who did."
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The predicted score, named so."""
        e = self.predicted
        if e is None:
            return ()
        name = _words.plain_label(self.label)
        told = _words.with_interval(
            e.estimate, e.ci_lower, e.ci_upper, self.unit, e.confidence_level, e.n
        )
        return (
            Finding(
                id=f"{name} predicted for all invited", estimate=e.estimate,
                unit=self.unit, ci_lower=e.ci_lower, ci_upper=e.ci_upper, n=e.n,
                confidence_level=e.confidence_level,
                statement=f"{self.label} predicted for all invited is {told}.",
            ),
        )  # fmt: skip

    @property
    def shown(self) -> tuple[_display.Columns, ...]:
        """One row a base."""
        if self.table.empty:
            return ()
        t = self.table
        return (
            {
                "": t["base"],
                "kind": t["kind"],
                "people": _display.numbers(t["n"], "count"),
                "rests on answers": _display.numbers(t["n_answers"], "count"),
                f"{self.label}{_display.unit_word(self.unit)}": _display.with_ends(
                    t, "estimate", self.unit
                ),
            },
        )

    @property
    def footnote(self) -> str:
        """What stands in brackets, then the method."""
        level = self.measured.confidence_level if self.measured else 0.95
        return f"{_display.brackets(level)} {self.method}"


ANSWERED, SILENT, EVERYBODY = "who answered", "who did not answer", "all invited"
WHOM: tuple[Base, Base] = ("silent", "everybody")


def whole_base(
    responses: pd.DataFrame,
    invitations: pd.DataFrame | None,
    *,
    covariates: Sequence[str],
    respondent: str = "respondent_id",
    score: str = "score",
    scale: str | Mapping[str, Any] | Scale = "nps",
    cluster: str | None = None,
    confidence_level: float = 0.95,
) -> WholeBase:
    """Predict the score of everybody invited, and of those who did not answer.

    Use it to say what the whole base would score; never report it as measured.
    `nonresponse` weights the same answers with the propensities alone.

    Parameters
    ----------
    responses, invitations, covariates, respondent, score, scale, cluster
        As in `nps.nonresponse`.
    confidence_level : float

    Returns
    -------
    WholeBase

    Notes
    -----
    Estimand: the mean score of all invited, had all answered. Augmented
    inverse-propensity (AIPW) estimator: a straight-line regression of the answers on
    the covariates, weighted by the odds of not answering, predicts those who did not;
    everybody is these and the answers as they came. Consistent where either the
    propensities or the regression is right. The standard error stacks both models.
    Net scores: adjusted Wald with the predicted shares, on the effective n.

    References
    ----------
    Robins, J. M., Rotnitzky, A. and Zhao, L. P. (1994). Estimation of regression
    coefficients when some regressors are not always observed. JASA 89, 846-866.
    doi:10.1080/01621459.1994.10476818

    Examples
    --------
    >>> from cxlib import nps, simulate
    >>> answers = simulate.responses(2000, rng=1)
    >>> invited = simulate.invitations(answers, rng=1)
    >>> found = nps.whole_base(answers, invited, covariates=["channel", "plan"])
    >>> found.table["kind"].tolist()
    ['measured', 'predicted', 'predicted']
    """
    _checks.in_range(confidence_level, "confidence_level", 0, 1, ends="()")
    names = list(dict.fromkeys(name for name in covariates if name))
    if invitations is None:
        return _none(f"{NO_FILE}nothing is predicted for those who did not answer.")
    if not names:
        return _none(
            "No covariates of non-response were given, so nothing is predicted for "
            "those who did not answer."
        )
    invited = link(
        invitations, responses, respondent=respondent, score=score, scale=scale,
        cluster=cluster, needs=names,
    )  # fmt: skip
    model, kept = invited.model(names), invited.scale
    plan = invited.plan.at(invited.answered)
    own = design(len(invited.values), cluster=plan.cluster if plan.clustered else None)
    measured = estimate(
        invited.values, kept.kind, plan=own, confidence_level=confidence_level
    ).scaled(kept.factor)
    silent, everybody = (
        _predicted(invited, model, of, confidence_level) for of in WHOM
    )
    return WholeBase(
        table=_table(invited, measured, silent, everybody), unit=kept.unit,
        measured=measured, predicted=everybody, silent=silent, label=kept.label,
        method=_method(names), assumptions=assumptions(names),
    )  # fmt: skip


def _predicted(invited: Invited, model: Propensity, of: Base, level: float) -> Estimate:
    weights, influence = doubly_robust(invited.values, model, of=of)
    return weighted_estimate(
        invited.values, invited.scale.kind, weights=weights, influence=influence,
        plan=invited.plan, confidence_level=level,
    ).scaled(invited.scale.factor)  # fmt: skip


def _table(
    invited: Invited, measured: Estimate, silent: Estimate, everybody: Estimate
) -> pd.DataFrame:
    answers = len(invited.values)
    parts = (
        (ANSWERED, "measured", answers, measured),
        (SILENT, "predicted", invited.n - answers, silent),
        (EVERYBODY, "predicted", invited.n, everybody),
    )
    rows = [
        {
            **found.as_row(), "base": base, "kind": kind, "n": n, "n_answers": answers,
            "unit": invited.scale.unit,
        }
        for base, kind, n, found in parts
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=COLUMNS)


def _method(names: Sequence[str]) -> str:
    return (
        "Predicted: augmented inverse-propensity estimate (logit of answering and "
        "straight-line regression of the answers, both on "
        f"{_words.listing(list(names))}); standard error linearised for both models. "
        "Measured: as answered, unweighted."
    )


def _none(reason: str) -> WholeBase:
    return WholeBase(
        table=pd.DataFrame(), measured=None, predicted=None, silent=None, label="NPS",
        unit="points", reason=reason,
    )  # fmt: skip
