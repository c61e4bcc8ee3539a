"""What the codebook does not cover, and who the verbatims come from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from cxlib import _checks, _format, scales
from cxlib.errors import DataError
from cxlib.estimate import Design, design_se, estimate
from cxlib.estimate import score as score_estimate
from cxlib.result import Assumption, Finding
from cxlib.voc._frames import levels, plan_of, said
from cxlib.voc._score import ScaleLike
from cxlib.voc._words import Row, Told, column, finding, measured, records, spans
from cxlib.voc.text import answers

_SCORED = ("estimate", "std_error", "ci_lower", "ci_upper")
_EVERYBODY = Assumption(
    text="Those who comment stand for those who do not, code by code.",
    quality="low", impact="medium",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Coverage(Told):
    """Share of verbatims that no code takes in.

    `table`: one row a segment, 'all' first: segment, n (verbatims that say
    something), n_uncoded, estimate (uncoded share), std_error, ci_lower, ci_upper.
    """

    confidence_level: float

    @property
    def text(self) -> str:
        """The uncoded share with its interval."""
        return self._statement(records(self.table)[0])

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The uncoded share."""
        row = records(self.table)[0]
        return (
            finding(
                "share_uncoded",
                self._statement(row),
                row,
                "share",
                level=self.confidence_level,
            ),
        )

    def _display(self) -> pd.DataFrame:
        rows = self.table
        return pd.DataFrame(
            {
                "verbatims": rows["segment"],
                "n": column(rows, "n", "count"),
                "without a code, %": column(rows, "estimate", "share"),
                f"{100 * self.confidence_level:g} % CI": spans(rows, "share"),
            }
        )

    def _statement(self, row: Row) -> str:
        share = _format.quantity(row["estimate"], "share")
        found = measured(row, "share", self.confidence_level)
        return f"No code of the codebook fits {share} of verbatims ({found})."


def coverage(
    responses: pd.DataFrame,
    coded: pd.DataFrame,
    *,
    by: str | None = None,
    weights: str | None = None,
    cluster: str | None = None,
    verbatim: str = "verbatim",
    min_n: int = 10,
    confidence_level: float = 0.95,
) -> Coverage:
    """Estimate the share of verbatims that say something and got no code.

    Parameters
    ----------
    responses, coded : pandas.DataFrame
        As for `voc.prevalence`.
    by : str, optional
        Column of segments, or of the language; blank for none.
    weights, cluster : str, optional
        Columns of the survey design; blank for none.
    verbatim : str
        Column of the texts.
    min_n : int
        Segments with fewer verbatims are not reported.
    confidence_level : float

    Returns
    -------
    Coverage

    Notes
    -----
    Wilson interval on the effective n. It counts the machine's codes: a code given
    wrongly hides a verbatim that is not covered.

    Examples
    --------
    >>> import pandas as pd
    >>> told = pd.DataFrame({"verbatim": ["late"] * 30 + ["noisy"] * 10 + ["."]})
    >>> coded = pd.DataFrame({"verbatim_id": [f"row {i + 1}" for i in range(30)],
    ...                       "code": "delivery"})
    >>> coverage(told, coded).text  # doctest: +ELLIPSIS
    'No code of the codebook fits 25.0 % of verbatims (95 % CI 14.2 to 40.2, ...'
    """
    told = said(responses, verbatim=verbatim)
    _checks.columns(coded, ["verbatim_id", "code"], "the coded verbatims")
    plan = plan_of(told.frame, weights, None, cluster)
    uncoded = ~told.ids.isin(coded["verbatim_id"].astype(str))
    rows = []
    for level, inside in levels(told.frame, by):
        n = int(inside.sum())
        if n < max(2, min_n) and level != "all":
            rows.append({"segment": level, "n": n})
            continue
        found = estimate(
            uncoded,
            "share",
            plan=plan,
            domain=inside,
            confidence_level=confidence_level,
        ).as_row()
        row = {"segment": level, "n": n, "n_uncoded": int((uncoded & inside).sum())}
        names = ("estimate", "std_error", "ci_lower", "ci_upper")
        rows.append(row | {name: found[name] for name in names})
    return Coverage(
        table=pd.DataFrame(rows), unit="share", confidence_level=confidence_level,
        method="Share of verbatims without a code; Wilson interval.",
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Commenters(Told):
    """The score of those who comment beside that of all respondents.

    `table`: group ('all respondents', 'say something', 'say nothing'), n, estimate,
    std_error, ci_lower, ci_upper in the score's unit, share_respondents.
    """

    label: str
    gap: float
    gap_ci_lower: float
    gap_ci_upper: float
    confidence_level: float
    reason: str = ""

    @property
    def text(self) -> str:
        """Who comments and how far their score is from everybody's."""
        if self.table.empty:
            return self.reason
        share = _format.quantity(self._rows[1]["share_respondents"], "share")
        if not np.isfinite(self.gap):
            silent = self._rows[2]["n"]
            few = f"the {silent:,} others are too few to compare"
            why = few if 0 < silent < self._rows[1]["n"] else "no gap to measure"
            return f"{share} of respondents with a score say something: {why}."
        return f"{share} of respondents with a score say something. {self._statement()}"

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The gap between those who comment and all respondents."""
        if not np.isfinite(self.gap):
            return ()
        row = self._gap_row()
        return (
            finding(
                "commenters_gap",
                self._statement(),
                row,
                self.unit,
                level=self.confidence_level,
            ),
        )

    def _display(self) -> pd.DataFrame:
        rows = self.table
        return pd.DataFrame(
            {
                "group": rows["group"],
                "n": column(rows, "n", "count"),
                "of respondents, %": column(rows, "share_respondents", "share"),
                self.label: column(rows, "estimate", self.unit),
                f"{100 * self.confidence_level:g} % CI": spans(rows, self.unit),
            }
        )

    @property
    def _rows(self) -> list[Row]:
        return records(self.table)

    def _gap_row(self) -> Row:
        return {
            "estimate": self.gap, "ci_lower": self.gap_ci_lower,
            "ci_upper": self.gap_ci_upper, "n": self._rows[0]["n"],
        }  # fmt: skip

    def _statement(self) -> str:
        unit = _format.difference_unit(self.unit)
        theirs = _format.quantity(self._rows[1]["estimate"], self.unit)
        side = "above" if self.gap >= 0 else "below"
        return (
            f"Their {self.label} is {theirs}, {_format.quantity(abs(self.gap), unit)} "
            f"{side} that of all respondents "
            f"(gap {_format.quantity(self.gap, unit, signed=True)}, "
            f"{measured(self._gap_row(), self.unit, self.confidence_level)})."
        )


def commenters(
    responses: pd.DataFrame,
    *,
    scale: ScaleLike = "nps",
    score: str = "score",
    weights: str | None = None,
    cluster: str | None = None,
    verbatim: str = "verbatim",
    min_n: int = 10,
    confidence_level: float = 0.95,
) -> Commenters:
    """Compare the score of those who say something with that of all respondents.

    The first thing to know of verbatims: whom they come from.

    Parameters
    ----------
    responses : pandas.DataFrame
    scale : str, mapping or Scale
        Blank where there is no score: the result is then empty.
    score, verbatim : str
        Columns.
    weights, cluster : str, optional
        Columns of the survey design; blank for none.
    min_n : int
        With fewer who say something, or who do not, neither group's score is shown.
    confidence_level : float

    Returns
    -------
    Commenters

    Notes
    -----
    The gap is the commenters' score minus everybody's, who include them: its standard
    error is that of the difference of the two influence values.

    Examples
    --------
    >>> import pandas as pd
    >>> asked = pd.DataFrame({"score": [10] * 50 + [2] * 50,
    ...                       "verbatim": [None] * 40 + ["late"] * 60})
    >>> commenters(asked).gap.__round__(1)
    -66.7
    """
    if not scale:
        return _none(
            "Not computed: no score was given, so commenters cannot be compared."
        )
    chosen = scales.get(scale)
    _checks.columns(responses, [score, verbatim], "responses")
    values = chosen.values(responses[score]) * chosen.factor
    known = np.isfinite(values)
    if known.sum() < 2:
        scored = int(known.sum())
        return _none(f"Not computed: {scored} responses have a valid score.")
    frame = responses[known]
    told = answers(frame[verbatim]) == "said"
    plan = plan_of(frame, weights, None, cluster)
    table = _groups(frame[score], told, chosen, plan, confidence_level)
    gap, lower, upper = _gap(values[known], told, plan, confidence_level)
    if 0 < min(told.sum(), (~told).sum()) < min_n:
        table.loc[1:, list(_SCORED)] = gap = lower = upper = float("nan")
    return Commenters(
        table=table, unit=chosen.unit, label=chosen.label, gap=gap, gap_ci_lower=lower,
        gap_ci_upper=upper, confidence_level=confidence_level,
        assumptions=(_EVERYBODY,),
        method=f"{chosen.label} = {chosen.rule}; gap with linearised SE, t interval.",
    )  # fmt: skip


def _none(reason: str) -> Commenters:
    nan = float("nan")
    return Commenters(
        table=pd.DataFrame(), label="", gap=nan, gap_ci_lower=nan, gap_ci_upper=nan,
        confidence_level=0.95, reason=reason,
    )  # fmt: skip


def _groups(
    scores: pd.Series, told: np.ndarray, scale: scales.Scale, plan: Design, level: float
) -> pd.DataFrame:
    rows = []
    everybody = np.ones(len(told), dtype=bool)
    named = (
        ("all respondents", everybody),
        ("say something", told),
        ("say nothing", ~told),
    )
    for group, inside in named:
        row: dict[str, object] = {"group": group, "n": int(inside.sum())}
        row["share_respondents"] = float(np.average(inside, weights=plan.weights))
        try:
            found = score_estimate(
                scores, scale, plan=plan, domain=inside, confidence_level=level
            ).as_row()
        except DataError:
            found = {}
        rows.append(row | {name: found.get(name, float("nan")) for name in _SCORED})
    return pd.DataFrame(rows)


def _gap(
    y: np.ndarray, told: np.ndarray, plan: Design, level: float
) -> tuple[float, float, float]:
    """Return the commenters' mean minus everybody's, with its interval."""
    w, w_told = plan.weights, np.where(told, plan.weights, 0.0)
    if told.all() or told.sum() < 2:
        return float("nan"), float("nan"), float("nan")
    some, everybody = np.average(y, weights=w_told), np.average(y, weights=w)
    influence = w_told * (y - some) / w_told.sum() - w * (y - everybody) / w.sum()
    std_error, df = design_se(influence, plan)
    half = float(stats.t.isf((1 - level) / 2, df)) * std_error
    gap = float(some - everybody)
    return gap, gap - half, gap + half
