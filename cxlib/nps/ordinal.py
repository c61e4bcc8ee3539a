"""All answers at once: odds of a higher answer, whatever the cut points."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from cxlib import _format
from cxlib.errors import ArgumentError, DataError
from cxlib.estimate.design import Array
from cxlib.estimate.multinomial import multinomial_loglik
from cxlib.estimate.ordinal import Link, OrdinalFit, fit_ordinal
from cxlib.nps import _design_words, _display, _free, _words
from cxlib.nps._answers import Answers, collect, label
from cxlib.result import Assumption, Finding
from cxlib.scales import Scale

MOST_LEVELS, MOST_TERMS = 21, 60
NAN = float("nan")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class OrdinalShift(_display.Told):
    """Odds of a higher answer by group.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a term: column, group, against (the reference), n, estimate (log odds
        of a higher answer), std_error, interval, statistic, df, pvalue, odds_ratio
        with odds_ratio_ci_lower and _upper.
    thresholds : pandas.DataFrame
        cut ('6|7'), estimate, std_error.
    loglik : float
    same_shift : tuple of float
        Likelihood-ratio test that the shift is the same at every cut point:
        statistic, df, pvalue; NaN with weights or clusters.
    free : pd.DataFrame
        The multinomial model, which moves every answer freely: answer, against (the
        lowest answer), column, group, estimate (log odds), std_error. Empty where it
        has no finite maximum, and with a probit link.
    link : str
    n : int
    confidence_level : float
    """

    thresholds: pd.DataFrame
    loglik: float
    same_shift: tuple[float, float, float]
    free: pd.DataFrame
    link: str
    n: int
    confidence_level: float
    models: _free.Models | None

    def shares(self, cell: Mapping[str, object]) -> pd.DataFrame:
        """Return the share of every answer in one cell, as each model has it.

        Parameters
        ----------
        cell : mapping of column to group or number
            Columns left out keep their reference group, or their mean.

        Returns
        -------
        pandas.DataFrame
            answer; ordered, by this model; free, by the multinomial one.
        """
        if self.models is None:
            raise DataError(f"no model was fitted: {self.reason}")
        return self.models.shares(cell)

    def implied(self, cell: Mapping[str, object]) -> tuple[float, float]:
        """Return the score of one cell in the scale's unit: ordered, free."""
        if self.models is None:
            raise DataError(f"no model was fitted: {self.reason}")
        return self.models.score(cell)

    @property
    def text(self) -> str:
        """The largest shift, and whether one number can stand for it."""
        if self.reason:
            return self.reason
        told = self.table.reindex(
            self.table["estimate"].abs().sort_values(ascending=False).index
        )
        lines = [self._statement(row) for row in told.head(2).to_dict("records")]
        return " ".join([*lines, self._same()]).strip()

    def _statement(self, row: Mapping[Any, Any]) -> str:
        ends = _format.interval(
            row["odds_ratio_ci_lower"], row["odds_ratio_ci_upper"],
            confidence_level=self.confidence_level,
        )  # fmt: skip
        who = f"{row['column']} {row['group']}" if row["group"] else row["column"]
        against = f" against {row['against']}" if row["against"] else " per unit"
        if self.link == "probit":
            return (
                f"{who}{against}: answers shift by {row['estimate']:.2f} standard "
                f"deviations (n = {self.n:,})."
            )
        return (
            f"{who}{against}: {_format.number(row['odds_ratio'])} times the odds of a "
            f"higher answer ({ends}, n = {self.n:,})."
        )

    def _same(self) -> str:
        statistic, df, p = self.same_shift
        if not np.isfinite(p):
            return ""
        test = f"LR = {_format.number(statistic)}, df {df:g}, p {_words.p_text(p)}"
        if p < 1 - self.confidence_level:
            return (
                f"The shift is not the same at every cut point ({test}): one number "
                "averages it."
            )
        return f"Nothing speaks against the same shift at every cut point ({test})."

    @property
    def findings(self) -> tuple[Finding, ...]:
        """One odds ratio a term."""
        if self.reason or self.link == "probit":
            return ()
        return tuple(
            Finding(
                id=f"odds of a higher answer {row['column']} {row['group']}".strip(),
                statement=self._statement(row), estimate=float(row["odds_ratio"]),
                unit="score", ci_lower=float(row["odds_ratio_ci_lower"]),
                ci_upper=float(row["odds_ratio_ci_upper"]), n=self.n,
                confidence_level=self.confidence_level,
            )
            for row in self.table.to_dict("records")
        )  # fmt: skip

    @property
    def shown(self) -> Sequence[_display.Columns]:
        """One row a term."""
        if self.reason:
            return ()
        t = self.table
        return (
            {
                "column": t["column"],
                "group": t["group"],
                "against": t["against"],
                "n": _display.numbers(t["n"], "count"),
                "odds ratio": _display.with_ends(
                    t, "odds_ratio", "score", prefix="odds_ratio_"
                ),
                "log odds": _display.numbers(t["estimate"], "score", signed=True),
                "p": _display.pvalues(t["pvalue"]),
            },
        )

    @property
    def footnote(self) -> str:
        """What the brackets hold, then the method."""
        return f"{_display.brackets(self.confidence_level)} {self.method}"


def ordinal(
    responses: pd.DataFrame,
    predictors: Sequence[str],
    *,
    score: str = "score",
    scale: str | Mapping[str, Any] | Scale = "nps",
    weights: str | None = None,
    strata: str | None = None,
    cluster: str | None = None,
    link: Link = "logit",
    confidence_level: float = 0.95,
) -> OrdinalShift:
    """Say how far answers shift between groups, without any cut point.

    Use it beside a net score, which sees only moves across 6/7 and 8/9.

    Parameters
    ----------
    responses : pandas.DataFrame
        One row a person asked.
    predictors : sequence of str
        Text and categorical columns count as groups against their first (in category
        order where they have one), numbers as they are; none gives a result that says
        so.
    score, scale, weights, strata, cluster
        As in `nps.score`. Any design gives sandwich standard errors.
    link : {"logit", "probit"}
        "logit" gives odds ratios.
    confidence_level : float

    Returns
    -------
    OrdinalShift

    Raises
    ------
    DataError
        Where a group gave only the highest or only the lowest answers, or for more
        than 21 distinct answers or 60 groups.

    Notes
    -----
    ``P(answer <= j) = F(threshold_j - x b)``: a positive coefficient means higher
    answers. The test of one shift for all cut points compares with the multinomial
    model; it needs equally weighted independent rows. Rows with a blank predictor are
    left out where it is a number, and a group of their own where it is text.

    References
    ----------
    McCullagh, P. (1980). Regression models for ordinal data. JRSS B 42, 109-142.
    doi:10.1111/j.2517-6161.1980.tb01109.x

    Examples
    --------
    >>> import pandas as pd
    >>> from cxlib import nps
    >>> answers = pd.DataFrame({
    ...     "score": [10] * 40 + [8] * 20 + [3] * 40 + [10] * 60 + [8] * 20 + [3] * 20,
    ...     "plan": ["basic"] * 100 + ["plus"] * 100,
    ... })
    >>> found = nps.ordinal(answers, ["plan"])
    >>> float(found.table["odds_ratio"].iloc[0].round(2))
    2.39
    """
    names = list(dict.fromkeys(name for name in predictors if name))
    if score in names:
        raise ArgumentError(f"`predictors` holds '{score}', the score; leave it out.")
    answers = collect(
        responses, score=score, scale=scale, weights=weights, strata=strata,
        cluster=cluster, confidence_level=confidence_level, needs=tuple(names),
    )  # fmt: skip
    if not names:
        return _none(answers, "No predictor was given, so shifts are not compared.")
    answers = _complete(answers, names)
    x, terms = _design(answers.rows, names)
    y = pd.to_numeric(answers.rows[score]).to_numpy(dtype=float)
    found, level = np.unique(y, return_inverse=True)
    if not terms or len(found) < 2:
        what = "No predictor varies" if not terms else "All answers are equal"
        return _none(answers, f"{what}: there is no shift to measure.")
    _sizes(len(found), len(terms))
    fit = fit_ordinal(x, level, plan=answers.plan, link=link)
    models = _free.models(
        answers, x, terms, ordered=fit, link=link, answer=found, level=level
    )
    return OrdinalShift(
        table=_table(fit, terms, answers.level, link), free=models.table(),
        models=models, thresholds=_thresholds(fit, found, len(terms)),
        loglik=fit.loglik, same_shift=_same(answers, fit, x, level, models), link=link,
        n=answers.n, confidence_level=answers.level, method=_method(answers, link),
        assumptions=_assumptions(answers),
    )  # fmt: skip


def _thresholds(fit: OrdinalFit, found: Array, terms: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "cut": [f"{a:g}|{b:g}" for a, b in itertools.pairwise(found)],
            "estimate": fit.thresholds, "std_error": fit.std_errors[terms:],
        }
    )  # fmt: skip


def _complete(answers: Answers, names: list[str]) -> Answers:
    """Drop rows with a blank number among the predictors."""
    keep = np.ones(answers.n, dtype=bool)
    for name in names:
        if pd.api.types.is_numeric_dtype(answers.rows[name]):
            keep &= answers.rows[name].notna().to_numpy(dtype=bool)
    return answers if keep.all() else answers.at(keep)


def _design(
    rows: pd.DataFrame, names: list[str]
) -> tuple[Array, list[dict[str, object]]]:
    """Indicator and number columns, and what each is called."""
    columns: list[Array] = []
    terms: list[dict[str, object]] = []
    for name in names:
        column = rows[name]
        if pd.api.types.is_numeric_dtype(column) and column.dtype != bool:
            columns.append(column.to_numpy(dtype=float))
            terms.append({"column": name, "group": "", "against": "", "n": len(rows)})
            continue
        labels = label(column)
        order = sorted(labels.unique())
        if isinstance(column.dtype, pd.CategoricalDtype):
            known = list(dict.fromkeys(label(column.cat.categories.to_series())))
            order = [
                *(k for k in known if k in order),
                *(o for o in order if o not in known),
            ]
        for group in order[1:]:
            inside = (labels == group).to_numpy(dtype=float)
            columns.append(inside)
            terms.append(
                {
                    "column": name, "group": group, "against": order[0],
                    "n": int(inside.sum()),
                }
            )  # fmt: skip
    moving = [i for i, c in enumerate(columns) if np.ptp(c) > 0]
    x = np.column_stack([columns[i] for i in moving]) if moving else np.empty((0, 0))
    return x, [terms[i] for i in moving]


def _sizes(levels: int, terms: int) -> None:
    if levels > MOST_LEVELS or terms > MOST_TERMS:
        raise DataError(
            f"{levels} distinct answers and {terms} groups; an ordinal model takes at "
            f"most {MOST_LEVELS} and {MOST_TERMS}: merge groups, or use `by_segment`."
        )


def _table(
    fit: OrdinalFit, terms: list[dict[str, object]], level: float, link: Link
) -> pd.DataFrame:
    table = pd.DataFrame(terms)
    b, se = fit.coefficients, fit.std_errors[: len(terms)]
    half = float(stats.t.isf((1 - level) / 2, fit.df)) * se
    table = table.assign(
        estimate=b, std_error=se, ci_lower=b - half, ci_upper=b + half,
        statistic=b / se, df=fit.df, pvalue=2 * stats.t.sf(np.abs(b / se), fit.df),
    )  # fmt: skip
    known = 1.0 if link == "logit" else NAN
    return table.assign(
        odds_ratio=known * np.exp(b), odds_ratio_ci_lower=known * np.exp(b - half),
        odds_ratio_ci_upper=known * np.exp(b + half),
    )  # fmt: skip


def _same(
    answers: Answers, fit: OrdinalFit, x: Array, level: npt.ArrayLike,
    models: _free.Models,
) -> tuple[float, float, float]:  # fmt: skip
    """Likelihood-ratio test of the same shift at every cut point."""
    cuts = len(fit.thresholds)
    df = float(x.shape[1] * (cuts - 1))
    if not answers.plan.simple or models.link != "logit" or df == 0:
        return NAN, df, NAN
    free = models.free.loglik if models.free else multinomial_loglik(x, level)
    statistic = 2 * (free - fit.loglik)
    return statistic, df, float(stats.chi2.sf(statistic, df))


def _none(answers: Answers, reason: str) -> OrdinalShift:
    return OrdinalShift(
        table=pd.DataFrame(), thresholds=pd.DataFrame(), free=pd.DataFrame(),
        loglik=NAN, link="logit", models=None,
        same_shift=(NAN, NAN, NAN), n=answers.n, confidence_level=answers.level,
        reason=reason,
    )  # fmt: skip


def _method(answers: Answers, link: Link) -> str:
    name = "Proportional-odds" if link == "logit" else "Ordered probit"
    errors = (
        "standard errors from the information"
        if answers.plan.simple
        else f"sandwich standard errors, {_design_words.design_name(answers.plan)}"
    )
    return f"{name} model of the answers as given; {errors}. Association, not cause."


def _assumptions(answers: Answers) -> tuple[Assumption, ...]:
    same = Assumption(
        text="One shift holds at every cut point of the scale.",
        quality="medium", impact="medium",
    )  # fmt: skip
    return (*_design_words.sampling(answers.plan), same)
