"""Do the variants answer the survey equally often? The guardrail of survey metrics."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
from scipy.stats import chi2_contingency

from cxlib import _format
from cxlib.estimate import ArmDifference
from cxlib.estimate.counts import compare_shares
from cxlib.journeys import _words
from cxlib.journeys._arms import treatments as choose
from cxlib.journeys._frames import Frame, label, lazy
from cxlib.journeys.experiments._cells import Arm
from cxlib.journeys.experiments._moments import by_variant, prepare
from cxlib.journeys.experiments.declared import metrics as build
from cxlib.journeys.experiments.specs import Metric
from cxlib.result import Assumption, Finding, Result

NONE = "No survey metric is among the metrics, so there is no response rate to compare."


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class ResponseRate(Result):
    """Share of exposed users who answered, by variant.

    Attributes
    ----------
    table : pandas.DataFrame
        metric, treatment_arm, control_arm, n_control and n_treatment (exposed users),
        control, treatment (shares with a valid answer), effect_size and its interval,
        pvalue, pvalue_joint (chi-square of answering over all variants), status.
    alpha : float
        Survey verdicts are withheld where the joint p-value is below it.
    """

    alpha: float = 0.01
    confidence_level: float = 0.95

    @property
    def failed(self) -> frozenset[str]:
        """Survey metrics whose respondents differ by variant."""
        if self.table.empty:
            return frozenset()
        return frozenset(self.table.loc[self.table["status"] == "stop", "metric"])

    @property
    def text(self) -> str:
        """Response rates with their difference, and what follows."""
        if self.table.empty:
            return NONE
        said = [self._sentence(row) for _, row in self.table.iterrows()]
        if self.failed:
            said.append(
                f"Who answers differs between the variants, so a difference in "
                f"{_words.listed(sorted(self.failed))} may come from who answered: no "
                "verdict is drawn from it alone."
            )
        else:
            said.append("No sign that the variants drew different respondents.")
        return " ".join(said)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The difference in response rate, one a survey metric and treatment."""
        return tuple(
            Finding(
                id=_words.slug(row["metric"], row["treatment_arm"], "response rate"),
                statement=self._sentence(row),
                estimate=float(row["effect_size"]),
                unit="share_points",
                ci_lower=float(row["effect_size_ci_lower"]),
                ci_upper=float(row["effect_size_ci_upper"]),
                n=int(row["n_control"] + row["n_treatment"]),
                confidence_level=self.confidence_level,
            )
            for _, row in self.table.iterrows()
        )

    def _repr_html_(self) -> str:
        shown = pd.DataFrame([self._shown(row) for _, row in self.table.iterrows()])
        cells = shown.to_html(index=False, border=0, classes="cx") if len(shown) else ""
        return (
            f"<p class='finding'>{html.escape(self.text)}</p>{cells}"
            f"<p class='method'>{html.escape(self.method)}</p>"
        )

    def _shown(self, row: pd.Series) -> dict[str, str]:
        several = _words.several_arms(self.table)
        return {
            "metric": row["metric"],
            **_words.cells(row, "share", self.confidence_level, several=several),
            "exposed users": _words.pair(row),
            "p (all variants)": _format.pvalue(row["pvalue_joint"]),
            "status": row["status"],
        }

    def _sentence(self, row: pd.Series) -> str:
        treatment, control = _words.arms(row, "share")
        n = row["n_control"] + row["n_treatment"]
        found = _words.effect(
            row, "share", self.confidence_level, f", n = {n:,} exposed users"
        )
        return (
            f"{row['metric']} was answered by {treatment} of {row['treatment_arm']} "
            f"and {control} of {row['control_arm']}, {found}."
        )


def response_rate(
    users: Frame,
    metrics: Sequence[Metric | Mapping[str, Any]],
    *,
    variant: str = "variant",
    control: str = "control",
    treatments: Sequence[str] | None = None,
    alpha: float = 0.01,
    confidence_level: float = 0.95,
) -> ResponseRate:
    """Compare how often each variant's users answered the survey.

    Use it beside every survey metric: a variant that moves who answers moves the score
    without moving anybody's opinion. It cannot find respondents who differ at equal
    rates.

    Parameters
    ----------
    users : frame
        All exposed users, blank where they did not answer.
    metrics : sequence of Metric or mapping
        The comparison's metrics; scores, and means and proportions declared with
        `survey`, are looked at.
    variant, control, treatments : str, str, sequence of str
        As in `compare`.
    alpha : float
        Below it the respondents' split has failed, as in `sample_ratio`.
    confidence_level : float

    Returns
    -------
    ResponseRate
        With an empty table where no metric is of a survey.

    Notes
    -----
    Valid answers on the metric's scale count as answers. The sample ratio check on
    respondents is a joint chi-square of answered / not answered over all variants,
    given how many were exposed. Differences: Newcombe.

    Examples
    --------
    >>> import pandas as pd
    >>> from cxlib.journeys import Score
    >>> users = pd.DataFrame(
    ...     {"variant": ["control"] * 50 + ["b"] * 50,
    ...      "score": [9.0] * 20 + [None] * 30 + [10.0] * 25 + [None] * 25}
    ... )
    >>> found = response_rate(users, [Score(name="NPS", column="score")])
    >>> found.table["effect_size"].round(2).tolist(), sorted(found.failed)
    ([0.1], [])
    """
    scores = tuple(metric for metric in build(metrics) if metric.survey)
    if not scores:
        return ResponseRate(table=pd.DataFrame(), alpha=alpha)
    names = [variant, *(name for metric in scores for name in metric.columns)]
    rows = lazy(users, names, "users").with_columns(label(variant))
    rows = rows.filter(~nw.col(variant).is_null())
    table = []
    prepared = prepare(rows, scores, [variant])
    for metric, arms in zip(scores, by_variant(prepared, scores, variant), strict=True):
        joint = _joint(arms)
        for name in choose(list(arms), control, treatments):
            found = _rates(arms[control], arms[name], confidence_level)
            table.append(
                {
                    "metric": metric.name, "treatment_arm": name,
                    "control_arm": control,
                    "n_control": arms[control].exposed,
                    "n_treatment": arms[name].exposed,
                    **found.as_row(), "pvalue_joint": joint,
                    "status": "stop" if joint < alpha else "pass",
                }
            )  # fmt: skip
    return ResponseRate(
        table=pd.DataFrame(table), unit="share", alpha=alpha,
        confidence_level=confidence_level, assumptions=_assumptions(table),
        method="Newcombe intervals; joint chi-square of answering over all variants.",
    )  # fmt: skip


def _rates(control: Arm, treatment: Arm, level: float) -> ArmDifference:
    """Compare the shares of exposed users with a valid answer."""
    a, b = control.moments.n, treatment.moments.n
    return compare_shares(
        a, control.exposed, b, treatment.exposed, confidence_level=level
    )  # fmt: skip


def _joint(arms: Mapping[str, Arm]) -> float:
    """Return the p-value of equal response rates over all variants."""
    answered = np.array([arm.moments.n for arm in arms.values()])
    silent = np.array([arm.exposed for arm in arms.values()]) - answered
    if not silent.any():
        return 1.0
    return float(chi2_contingency([answered, silent], correction=False).pvalue)


def _assumptions(table: Sequence[Mapping[str, Any]]) -> tuple[Assumption, ...]:
    failed = any(row["status"] == "stop" for row in table)
    return (
        Assumption(
            text="The users who answered the survey are alike in all variants; equal "
            "response rates support this, they cannot prove it.",
            quality="low" if failed else "medium", impact="high",
        ),
    )  # fmt: skip
