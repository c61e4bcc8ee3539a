"""The score of all answers, its shares and its denominator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cxlib import _format
from cxlib.errors import ArgumentError
from cxlib.estimate import Estimate, estimate
from cxlib.estimate.contrast import Method
from cxlib.nps import _design_words, _display, _words
from cxlib.nps._answers import Answers, collect
from cxlib.result import Finding
from cxlib.scales import Scale

COUNTS = ("asked", "answered", "blank", "invalid")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Score(_display.Told):
    """The score with its interval.

    Attributes
    ----------
    table : pandas.DataFrame
        measure, n, estimate, std_error, ci_lower, ci_upper, n_eff, deff,
        design_effect (see `Estimate`), unit. First row the score, then the shares
        behind it, then asked, answered, blank and invalid with their share of asked.
    overall : Estimate
        The score in its unit.
    label : str
        What the score is called.
    counts : dict
        asked, answered, blank, invalid.
    target, probability_above, verdict
        The value to compare with, the probability that the truth lies above it and
        'above', 'below' or 'cannot tell'; None and '' without a target.
    weighted : bool
        Whether the design is more than independent, equally weighted answers.
    """

    overall: Estimate
    label: str
    counts: dict[str, int]
    target: float | None = None
    probability_above: float | None = None
    verdict: str = ""
    weighted: bool = False

    @property
    def text(self) -> str:
        """Score, shares and how it stands to the target."""
        score = _words.estimate_text(self.overall, self.unit)
        few = self.overall.n < _words.SMALL_BASE
        parts = [
            f"{self.label} is {score}{self._shares()}.",
            "With so few answers this is an indication only." if few else "",
            self.target_text,
        ]
        return " ".join(part for part in parts if part)

    @property
    def target_text(self) -> str:
        """How the score stands to the target; empty without one."""
        if self.target is None or self.probability_above is None:
            return ""
        aim = _format.quantity(self.target, self.unit)
        sure = _format.number(self.probability_above, "share", decimals=0)
        sure = {"0": "under 1", "100": "over 99"}.get(sure, sure)
        if self.verdict == "cannot tell":
            return (
                f"Whether it is above or below the target of {aim} cannot be told "
                f"(probability above: {sure} %)."
            )
        return (
            f"It is {self.verdict} the target of {aim} (probability above: {sure} %)."
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The score itself."""
        e = self.overall
        told = f"{self.label} is {_words.estimate_text(e, self.unit)}."
        return (
            Finding(
                id=_words.plain_label(self.label), estimate=e.estimate,
                unit=self.unit, ci_lower=e.ci_lower,
                ci_upper=e.ci_upper, n=e.n, statement=told,
                confidence_level=e.confidence_level,
            ),
        )  # fmt: skip

    def _shares(self) -> str:
        shares = self.table.set_index("measure")["estimate"].to_dict()
        if "promoters" not in shares:
            return ""
        promoters, passives, detractors = (
            _format.quantity(shares[name], "share")
            for name in ("promoters", "passives", "detractors")
        )
        return f": {promoters} promoters, {passives} passives, {detractors} detractors"

    def _base(self) -> str:
        c = self.counts
        if c["asked"] == c["answered"]:
            return f"All {c['asked']:,} asked gave a valid answer."
        return (
            f"Of {c['asked']:,} asked, {c['blank']:,} left it blank and "
            f"{c['invalid']:,} gave an answer off the scale."
        )

    def _design(self) -> str:
        if not self.weighted:
            return ""
        n_eff, deff = self.overall.n_eff, _format.number(self.overall.deff)
        own = _format.number(self.overall.design_effect)
        cost = f"; n / effective n {deff}" * (own != deff)
        return (
            f"The design leaves the information of {_format.count(n_eff)} independent "
            f"answers (design effect {own}{cost})."
        )

    @property
    def shown(self) -> Sequence[_display.Columns]:
        """The score, its shares and the denominators."""
        t = self.table
        words = t["unit"].map({"points": " points", "share": " %"}).fillna("")
        return (
            {
                "": t["measure"],
                "n": _display.numbers(t["n"], "count"),
                "value": _display.with_ends(t, "estimate", t["unit"]) + words,
                "std. error": _display.numbers(t["std_error"], t["unit"]),
            },
        )

    @property
    def footnote(self) -> str:
        """The denominator, what the design costs, and the method."""
        parts = (
            _display.brackets(self.overall.confidence_level), self._base(),
            self._design(), self.method,
        )  # fmt: skip
        return " ".join(part for part in parts if part)


def score(
    responses: pd.DataFrame,
    *,
    score: str = "score",
    scale: str | Mapping[str, Any] | Scale = "nps",
    weights: str | None = None,
    strata: str | None = None,
    cluster: str | None = None,
    fpc: str | None = None,
    target: float | None = None,
    counts: Mapping[str, int] | None = None,
    method: Method = "adjusted",
    confidence_level: float = 0.95,
) -> Score:
    """Estimate the score of all answers, with an interval that holds at small n.

    Use it for the headline. Compare groups with `by_segment` and waves with `trend`
    or `change`: whether two intervals overlap is no test.

    Parameters
    ----------
    responses : pandas.DataFrame
        One row a person asked. Tables of other engines: `nps.tally`, which counts
        without a design.
    score : str
        Column of the answers.
    scale : str, mapping or Scale
        'nps', 'nps_1_10', 'csat', 'csat_mean', 'ces', 'ces_mean' or a declared one.
    weights, strata, cluster, fpc : str, optional
        Columns of the design: positive weights; strata; clusters such as the account
        or customer of several answers; population size of the stratum. Blank: none.
    target : float, optional
        In the score's unit (points; 0.8 for a CSAT of 80 %).
    counts : mapping, optional
        `Table.counts` of `data.read`, where off-scale answers are already blank.
    method : {"adjusted", "t", "wald"}
        "adjusted" covers as it says at small n; the others are for comparison.
    confidence_level : float
        Strictly between 0 and 1.

    Returns
    -------
    Score

    Raises
    ------
    DataError
        Under 2 valid answers, or a weight that is blank, zero or negative.

    Notes
    -----
    Estimand: the (weighted) score of the people who answered. Blank answers and
    answers off the scale leave the denominator and are counted. Net scores: adjusted
    Wald, shares: Wilson, both on the effective n; means: Student t. Standard errors
    are linearised for weights, strata and clusters. With all answers alike the
    interval still has a width.

    References
    ----------
    Rocks, B. (2016). Interval estimation for the Net Promoter Score. The American
    Statistician 70, 365-372. doi:10.1080/00031305.2016.1198124. Wilson, E. B. (1927).
    Probable inference, the law of succession, and statistical inference. JASA 22,
    209-212. doi:10.1080/01621459.1927.10502953

    Examples
    --------
    >>> import pandas as pd
    >>> from cxlib import nps
    >>> answers = pd.DataFrame({"score": [10] * 20 + [8] * 11 + [3] * 9 + [None] * 2})
    >>> print(nps.score(answers).text)
    NPS is 27.5 points (95 % CI 1.6 to 49.6, n = 40): 50.0 % promoters, 27.5 % \
passives, 22.5 % detractors.
    """
    answers = collect(
        responses, score=score, scale=scale, weights=weights, strata=strata,
        cluster=cluster, fpc=fpc, method=method, confidence_level=confidence_level,
    )  # fmt: skip
    overall = answers.estimate()
    base = _counts(answers, counts)
    above, verdict = (
        _words.verdict(overall, target) if target is not None else (None, "")
    )
    kept = answers.scale
    return Score(
        table=_table(answers, overall, base), unit=kept.unit, overall=overall,
        label=kept.label, counts=base, target=target, probability_above=above,
        verdict=verdict, weighted=not answers.plan.simple,
        assumptions=_design_words.sampling(answers.plan),
        method=f"{kept.label}: {kept.rule}. "
        f"{_design_words.interval_name(kept, answers.plan, method)}, "
        f"{_design_words.design_name(answers.plan)}.",
    )  # fmt: skip


def _counts(answers: Answers, counts: Mapping[str, int] | None) -> dict[str, int]:
    """Denominators of the table, or those found when the file was read."""
    own = {
        "asked": answers.asked, "answered": answers.n, "blank": answers.blank,
        "invalid": answers.invalid,
    }  # fmt: skip
    if counts is None:
        return own
    given = {name: int(counts.get(name, -1)) for name in COUNTS}
    if given["answered"] != answers.n or min(given.values()) < 0:
        raise ArgumentError(
            f"`counts` has {given['answered']} answered, the table {answers.n}; "
            "give the counts of the same table."
        )
    return given


def _table(answers: Answers, overall: Estimate, counts: dict[str, int]) -> pd.DataFrame:
    """The score, the shares behind it, then the denominators."""
    rows = [
        {"measure": answers.scale.label, **_row(overall), "unit": answers.scale.unit}
    ]
    rows += [
        {"measure": name, **_row(_share(answers, of)), "unit": "share"}
        for name, of in _boxes(answers.scale).items()
    ]
    for name in COUNTS:
        share = counts[name] / counts["asked"]
        rows.append(
            {"measure": name, "n": counts[name], "estimate": share, "unit": "share"}
        )
    return pd.DataFrame(rows)


def _row(found: Estimate) -> dict[str, float]:
    return found.as_row() | {"design_effect": found.design_effect}


def _boxes(scale: Scale) -> dict[str, float]:
    return (
        {"promoters": 1.0, "passives": 0.0, "detractors": -1.0}
        if scale.kind == "net"
        else {}
    )


def _share(answers: Answers, of: float) -> Estimate:
    hit = (answers.values == of).astype(float)
    return estimate(
        np.asarray(hit), "share", plan=answers.plan, confidence_level=answers.level
    )
