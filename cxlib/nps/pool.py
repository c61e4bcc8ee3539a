"""Small segments pooled: steadier scores and how surely they can be ranked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cxlib import _checks, _format
from cxlib.errors import ArgumentError
from cxlib.estimate.mixed import random_intercept
from cxlib.nps import _design_words, _display, _words
from cxlib.nps._answers import Answers, collect
from cxlib.nps._league import BOTTOM, OPEN, TOP, crossed, prior_scale, rows_of
from cxlib.nps._suppress import is_hidden
from cxlib.result import Assumption, Finding
from cxlib.scales import Scale

NAN = float("nan")
ENDS = 10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class League(_display.Told):
    """Segments with pooled scores and the uncertainty of their ranks.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a segment, the highest pooled score first, in the score's unit: raw
        with its interval; estimate, the pooled score, with std_error and interval;
        share_own, what the segment's own answers count for; rank_lower and
        rank_upper, the interval of the rank (1 is best); share_best, share_top and
        share_bottom, probabilities of rank 1 and of the top and bottom quarter;
        place; status. Hidden rows carry no number.
    mean : float
        Mean of the segments' true scores.
    tau, tau_ci : float, tuple of float
        Standard deviation of the segments' true scores, with its interval.
    icc, icc_ci : float, tuple of float
        Share of the variance of single answers that lies between segments (the
        correlation of two answers of one segment), restricted likelihood, equal
        weights; a design effect of m answers a segment is 1 + (m - 1) icc.
    label : str
    confidence_level, sure : float
    """

    mean: float
    tau: float
    tau_ci: tuple[float, float]
    icc: float
    icc_ci: tuple[float, float]
    label: str
    confidence_level: float
    sure: float

    @property
    def text(self) -> str:
        """How much segments truly differ, who leads, and who cannot be ranked."""
        if self.reason:
            return self.reason
        return " ".join(
            part for part in (self._spread(), self._first(), self._open()) if part
        )

    @property
    def ranked(self) -> pd.DataFrame:
        """The rows that are shown."""
        if self.table.empty:
            return self.table
        return self.table[~self.table["status"].map(is_hidden).astype(bool)]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The spread of the segments' true scores."""
        if self.reason:
            return ()
        name = _words.plain_label(self.label)
        return (
            Finding(
                id=f"{name} spread between segments", statement=self._spread(),
                estimate=self.tau, ci_lower=self.tau_ci[0], ci_upper=self.tau_ci[1],
                unit=_format.difference_unit(self.unit), n=len(self.table),
                confidence_level=self.confidence_level,
            ),
        )  # fmt: skip

    def _spread(self) -> str:
        unit = _format.difference_unit(self.unit)
        size = _words.with_interval(self.tau, *self.tau_ci, unit, self.confidence_level)
        many = _words.plural(len(self.table), "segment")
        return (
            f"True {self.label} differs between the {many} by a standard deviation of "
            f"{size}; single answers make the raw scores differ by more."
        )

    def _first(self) -> str:
        shown = self.ranked
        if shown.empty:
            return "No segment has enough answers to be shown."
        top = shown.iloc[0].to_dict()
        score = _words.with_interval(
            top["estimate"], top["ci_lower"], top["ci_upper"], self.unit,
            self.confidence_level, top["n"],
        )  # fmt: skip
        best = _format.number(top["share_best"], "share", decimals=0)
        raw = _format.quantity(top["raw"], self.unit)
        return (
            f"Pooled, {top['segment']} leads with {score}, raw {raw}; the probability "
            f"that it is truly the best is {best} %."
        )

    def _open(self) -> str:
        shown = self.ranked
        if shown.empty:
            return ""
        counts = shown["place"].value_counts()
        unsure, sure = (
            int(counts.get(OPEN, 0)),
            _format.number(self.sure, "share", decimals=0),
        )
        lead = f"{unsure:,} of {_words.plural(len(shown), 'segment')} cannot be ranked"
        surely = [
            f"{int(counts.get(place, 0)):,} in the {place}" for place in (TOP, BOTTOM)
        ]
        hidden = len(self.table) - len(shown)
        kept = (
            f" Not shown, for too few answers or to protect others: {hidden:,}."
            if hidden
            else ""
        )
        return f"{lead}; with {sure} % probability {_words.listing(surely)}.{kept}"

    @property
    def shown(self) -> Sequence[_display.Columns]:
        """The league table; of a long one the highest and the lowest."""
        if self.reason:
            return ()
        t = self._ends()
        low, high = (
            _display.numbers(t[f"rank_{end}"], "count") for end in ("lower", "upper")
        )
        dash = t["rank_lower"].isna()
        unit = _display.unit_word(self.unit)
        return (
            {
                "segment": _display.unbroken(t["segment"].astype("str")),
                "n": _display.numbers(t["n"], "count"),
                f"raw{unit}": _display.numbers(t["raw"], self.unit),
                f"pooled{unit}": _display.with_ends(t, "estimate", self.unit),
                "rank": low.where(dash, low + "-" + high),
                "place": _display.unbroken(t["place"].where(~dash, t["status"])),
            },
        )

    def _ends(self) -> pd.DataFrame:
        """All rows where they are few, else the ends of those that are shown."""
        if len(self.table) <= 2 * ENDS:
            return self.table
        shown = self.ranked
        if len(shown) <= 2 * ENDS:
            return shown
        return pd.concat([shown.head(ENDS), shown.tail(ENDS)])

    @property
    def footnote(self) -> str:
        """What the columns mean, then the method."""
        left_out = len(self.ranked) - len(self._ends())
        cut = (
            f"{left_out:,} segments in the middle are in the exported table. "
            if left_out > 0
            else ""
        )
        return (
            f"{cut}{_display.brackets(self.confidence_level)} Rank: interval, 1 "
            f"is best. {self._alike()}{self.method}"
        )

    def _alike(self) -> str:
        """Say how much of single answers the segment tells."""
        if np.isnan(self.icc):
            return ""
        share = _words.with_interval(
            self.icc, *self.icc_ci, "share", self.confidence_level
        )
        return f"Of the variance of single answers {share} lies between segments. "


def pool(
    responses: pd.DataFrame,
    by: str | Sequence[str],
    *,
    score: str = "score",
    scale: str | Mapping[str, Any] | Scale = "nps",
    weights: str | None = None,
    strata: str | None = None,
    cluster: str | None = None,
    confidence_level: float = 0.95,
    min_n: int = 10,
    sure: float = 0.9,
    n_draws: int = 2000,
    rng: int | np.random.Generator = 0,
) -> League:
    """Pool small segments towards their mean and say how surely they can be ranked.

    Use it for many segments with few answers each: stores, agents, accounts. Not to
    decide whether one segment named beforehand differs: that is `by_segment`.

    Parameters
    ----------
    responses : pandas.DataFrame
        One row a person asked.
    by : str or sequence of str
        Segment column; several are crossed. None gives a result that says so.
    score, scale, weights, strata, cluster
        As in `nps.score`.
    confidence_level : float
    min_n : int
        Segments with fewer answers are hidden, with as many others as it takes that
        nothing is given away, also not beside `by_segment` of the crossed columns;
        they stay in the model and in the ranks.
    sure : float
        Probability from which a segment is put in the top or bottom quarter, in
        (0.5, 1).
    n_draws : int
        Draws of all segments together, for the ranks. At least 100.
    rng : int or numpy.random.Generator

    Returns
    -------
    League

    Notes
    -----
    Normal model: segment scores with known sampling variances (see
    `estimate.domains`) around a normal distribution of true scores; its mean has a
    flat prior, its standard deviation tau a half-Cauchy prior whose scale is one
    eighth of the score's range (25 points for NPS). tau is integrated on a grid.
    Pooled intervals cover .93 or more of true scores in simulations with 8-30
    segments of 3-100 answers; with tau plugged in .87-.95.
    A segment "cannot be ranked" where the
    interval of its rank holds more than half of all ranks. Segments are taken as
    independent, also where clusters cross them.

    References
    ----------
    Gelman, A. (2006). Prior distributions for variance parameters in hierarchical
    models. Bayesian Analysis 1, 515-534. doi:10.1214/06-BA117A. Goldstein, H. and
    Spiegelhalter, D. J. (1996). League tables and their limitations. JRSS A 159,
    385-443. doi:10.2307/2983325

    Examples
    --------
    >>> import pandas as pd
    >>> from cxlib import nps
    >>> counts = {"a": (2, 3, 25), "b": (30, 40, 50), "c": (60, 30, 9), "d": (0, 0, 12)}
    >>> answers = pd.DataFrame(
    ...     [(s, store) for store, c in counts.items()
    ...      for s, k in zip((3, 8, 10), c) for _ in range(k)],
    ...     columns=["score", "store"],
    ... )
    >>> found = nps.pool(answers, "store").table.set_index("segment")
    >>> float(found.loc["d", "raw"]), bool(found.loc["d", "estimate"] < 90)
    (100.0, True)
    """
    columns = tuple(
        dict.fromkeys(c for c in ([by] if isinstance(by, str) else by) if c)
    )
    _check(min_n, sure)
    answers = collect(
        responses, score=score, scale=scale, weights=weights, strata=strata,
        cluster=cluster, confidence_level=confidence_level, needs=columns,
    )  # fmt: skip
    if not columns:
        return _none(
            answers, "No segment column was given, so segments are not pooled."
        )
    labels = crossed(answers, columns)
    reason = _too_little(answers, labels, columns)
    if reason:
        return _none(answers, reason)
    table, found = rows_of(
        answers, columns, min_n=min_n, sure=sure, n_draws=n_draws, rng=rng
    )
    f, alike = answers.scale.factor, _icc(answers, labels)
    return League(
        table=table, unit=answers.scale.unit, mean=f * found.mean, tau=f * found.tau,
        tau_ci=(f * found.tau_ci_lower, f * found.tau_ci_upper),
        icc=alike[0], icc_ci=alike[1:], label=answers.scale.label,
        confidence_level=confidence_level, sure=sure, method=_method(answers, n_draws),
        assumptions=_assumptions(answers),
    )  # fmt: skip


def _icc(answers: Answers, labels: pd.Series) -> tuple[float, float, float]:
    """Share of the variance between segments, with its interval."""
    if labels.nunique() == answers.n:
        return NAN, NAN, NAN
    found = random_intercept(answers.values, labels, confidence_level=answers.level)
    return found.icc, found.icc_ci_lower, found.icc_ci_upper


def _too_little(answers: Answers, labels: pd.Series, columns: Sequence[str]) -> str:
    """Why there is nothing to pool, or nothing."""
    many = labels.nunique()
    if many < 3:
        return (
            f"{_words.listing(columns)} has {_words.plural(many, 'value')}; pooling "
            "needs at least 3 segments."
        )
    if np.ptp(answers.values) == 0:
        return "Everybody gave the same answer: nothing to pool."
    return ""


def _check(min_n: int, sure: float) -> None:
    if min_n < 2:
        raise ArgumentError(f"`min_n` is {min_n}; it must be at least 2.")
    _checks.in_range(sure, "sure", 0.5, 1, ends="()")


def _none(answers: Answers, reason: str) -> League:
    return League(
        table=pd.DataFrame(), unit=answers.scale.unit, mean=NAN, tau=NAN,
        tau_ci=(NAN, NAN), icc=NAN, icc_ci=(NAN, NAN), label=answers.scale.label,
        sure=NAN, confidence_level=answers.level, reason=reason,
    )  # fmt: skip


def _method(answers: Answers, n_draws: int) -> str:
    scale = answers.scale
    prior = _format.quantity(
        scale.factor * prior_scale(scale), _format.difference_unit(scale.unit)
    )
    return (
        "Normal-normal partial pooling; standard deviation between segments integrated "
        f"on a grid, prior half-Cauchy with scale {prior}; ranks from {n_draws:,} "
        f"draws of all segments together; {_design_words.design_name(answers.plan)}."
    )


def _assumptions(answers: Answers) -> tuple[Assumption, ...]:
    alike = Assumption(
        text="Before looking, no segment was known to be special: true scores spread "
        "around one mean like a normal distribution.",
        quality="medium", impact="medium",
    )  # fmt: skip
    return (*_design_words.sampling(answers.plan), alike)
