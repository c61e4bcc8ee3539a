"""Whether a point is worth the same everywhere: levels, categories and their tests."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cxlib import _checks, _format
from cxlib.estimate.multiplicity import CORRECTED, CORRECTIONS, Correction
from cxlib.result import Assumption, Finding
from cxlib.roi import _words
from cxlib.roi._display import Told, changes, plain
from cxlib.roi.regressions._bent import (
    BOTH_WAYS,
    EVEN,
    ONE_WAY,
    STRAIGHT,
    TESTS,
    Bent,
    bend,
)
from cxlib.roi.regressions._bent_tests import NO, OPEN, YES, gathered, joined
from cxlib.roi.regressions._spec import WITHIN, Specification
from cxlib.roi.regressions.outcomes import Fits, each, refused_of
from cxlib.roi.regressions.regression import Fit


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Shape(Told):
    """Outcomes over the score, free of the line.

    Attributes
    ----------
    table : pandas.DataFrame
        outcome, score (level), at (its mean), n (rows), n_customers, estimate,
        std_error, ci_lower, ci_upper (difference from the mean of all, the rest held
        constant), line (what the fitted line says), monotone, monotone_lower,
        monotone_upper (nearest one-directional means, and the band that holds all
        levels at once), unit.
    steps : pandas.DataFrame
        outcome, step ('detractor made passive', 'passive made promoter'), n
        (customers), estimate, std_error, ci_lower, ci_upper, points (score points of
        the step), estimate_per_point, ci_lower_per_point, ci_upper_per_point, unit,
        n_up, n_down (customers who crossed, blank under 10), up, up_ci_lower,
        up_ci_upper, down, down_ci_lower, down_ci_upper (the step as moves up and as
        moves down tell it), source ('categories', or 'line' where a category is too
        thin to stand alone).
    tests : pandas.DataFrame
        outcome, test, n, estimate, ci_lower, ci_upper (difference of the steps a
        point), statistic, df, df_resid, pvalue, pvalue_adj, verdict, detail.
    bent : tuple of Bent
        The pulls that `transition_value` needs, one an outcome.
    refused : tuple of (outcome, reason)
    currency : str
    """

    steps: pd.DataFrame
    tests: pd.DataFrame
    bent: tuple[Bent, ...]
    refused: tuple[tuple[str, str], ...]
    currency: str

    def verdict(self, outcome: str, test: str) -> str:
        """Return 'contradicted', 'not contradicted' or 'not tested'."""
        rows = self.tests[
            (self.tests["outcome"] == outcome) & (self.tests["test"] == test)
        ]
        return str(rows["verdict"].iloc[0]) if len(rows) else OPEN

    def of(self, outcome: str) -> Bent | None:
        """Return an outcome's numbers, None where there are none."""
        return next((b for b in self.bent if b.fit.spec.outcome == outcome), None)

    @property
    def text(self) -> str:
        """Whether a line will do, both steps with interval and n, and their mirror."""
        refused = [
            f"Not estimated: {reason.partition('. ')[0].rstrip('.')}."
            for _, reason in self.refused
        ]
        if not self.bent:
            return " ".join(["No shape could be estimated.", *refused])
        told = [_lines(self), _stepped(self), _uneven(self), _unstepped(self)]
        return " ".join(sentence for sentence in [*told, *refused] if sentence)

    @property
    def display(self) -> pd.DataFrame:
        """One row an outcome: both steps, and what is contradicted."""
        if not self.bent:
            return self.table
        names = [b.fit.spec.outcome for b in self.bent]
        shown = pd.DataFrame({"outcome": plain(pd.Series(names))})
        for step in dict.fromkeys(self.steps["step"] if len(self.steps) else []):
            rows = self.steps[self.steps["step"] == step]
            texts = changes(rows, self.currency).set_axis(rows["outcome"])
            shown[step] = texts.reindex(names).fillna(_format.MISSING).to_numpy()
        for test in (STRAIGHT, EVEN if len(self.steps) else ONE_WAY):
            shown[f"{test}?"] = [self.verdict(name, test) for name in names]
        return shown

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Both steps of each outcome."""
        text = self.text if len(self.steps) else ""
        return tuple(
            Finding(
                id=f"{row['outcome']}: {row['step']}", statement=text,
                estimate=float(row["estimate"]),
                unit="share_points" if row["unit"] == "share" else "amount",
                ci_lower=float(row["ci_lower"]), ci_upper=float(row["ci_upper"]),
                n=int(row["n"]),
                confidence_level=self.bent[0].fit.spec.confidence_level,
            )
            for _, row in self.steps.iterrows()
        )  # fmt: skip


def shape(
    periods: pd.DataFrame,
    fits: Fit | Fits,
    *,
    scale: str = "auto",
    categories: Sequence[float] = (),
    correction: Correction = "holm",
    rng: int | np.random.Generator = 0,
) -> Shape:
    """Let the outcome bend with the score, and test the straight line.

    Use it before a value per point is multiplied by many points: where the line is
    contradicted, a detractor won over and a promoter won are worth different money.

    Parameters
    ----------
    periods : pandas.DataFrame
        The rows that were fitted.
    fits : Fit or Fits
        Their specification is kept: effects, drivers, lag, clusters, convention.
    scale : str
        Name of a survey scale ('nps', 'csat', 'ces', …), whose boxes make the three
        categories; 'auto' reads whole numbers from 0 to 10, 1 to 5 or 1 to 7 as such,
        and says so.
    categories : sequence of float
        In place of a scale: the last low and the last middle score, [6, 8] for NPS.
    correction : {"holm", "fdr_bh", "fdr_by", "bonferroni", "none"}
        Over the outcomes, within each test.
    rng : int or numpy.random.Generator
        For the weights of the test of direction and the width of its band.

    Returns
    -------
    Shape
        Without levels or steps, and with the reason, where there are none.

    Notes
    -----
    Levels are the scores themselves (tenths where there are over 11), merged with a
    neighbour until each has 30 rows, 10 customers (in a fixed-effects model: who are
    seen at another level too) and, in a logit, 5 rows with and without the outcome.
    Means are least squares with the same effects; a logit's are mean probabilities
    with all rows moved to the level (standardised), by a logit for every model of
    leaving; amounts and counts fitted by a curve (Gamma, Poisson, two parts) have
    their levels by least squares, which need no curve. Only customers who change their
    level say anything in a fixed-effects model.

    Straight line: joint test of the inner levels beside the score; in log odds for a
    logit. One direction: distance from the nearest monotone means, `estimate.monotone`.
    Equal steps a point: difference of both steps, each over its score points, which
    are those the same regression finds with the score as outcome; a logit straight in
    log odds has unequal steps in shares, and this test may find them. Down as up
    (fixed effects only): crossings so far, added to the categories, must have no
    coefficient (Allison). All by the clustered covariance and Hotelling's F, levels
    capped at a third of the clusters; a logit has no jackknife for few. Simulated on a
    line, the test of the line alarms in 6 % of 1,000 panels of 200 customers, in 5 % of
    200 with 12 clusters and in 2 % of 200 with six.

    References
    ----------
    Allison, P. D. (2019). Asymmetric fixed-effects models for panel data. Socius 5.
    doi:10.1177/2378023119826441. Silvapulle, M. J. and Sen, P. K. (2005). Constrained
    Statistical Inference. Wiley. doi:10.1002/9781118165614

    Examples
    --------
    >>> from cxlib import roi, simulate
    >>> panel = simulate.periods(300, rng=1)
    >>> found = shape(panel, roi.fit(panel, "revenue"))
    >>> found.steps["step"].tolist()
    ['detractor made passive', 'passive made promoter']
    >>> found.verdict("revenue", "straight line")
    'not contradicted'
    """
    _checks.one_of(correction, "correction", CORRECTIONS)
    drawn = _checks.generator(rng)
    bent = tuple(bend(periods, one, scale, categories, drawn) for one in each(fits))
    specs = [b.fit.spec for b in bent]
    return Shape(
        table=joined([b.levels for b in bent]), steps=joined([b.steps for b in bent]),
        tests=gathered(bent, correction), bent=bent, refused=refused_of(fits),
        unit="amount", currency=specs[0].currency if specs else "",
        method=_method(bent, correction), assumptions=_assumptions(bent),
    )  # fmt: skip


def linearity_caveat(shape: Shape) -> list[str]:
    """List what a value per point hides, for whoever multiplies it by many points.

    Parameters
    ----------
    shape : Shape

    Returns
    -------
    list of str
        One sentence an outcome whose line, direction, even steps or mirror is
        contradicted; empty where nothing is.

    Examples
    --------
    >>> from cxlib import roi, simulate
    >>> panel = simulate.periods(300, rng=1)
    >>> linearity_caveat(shape(panel, roi.fit(panel, "revenue")))
    []
    """
    said = []
    for one in shape.bent:
        name = one.fit.spec.outcome
        broken = [_BROKEN[t] for t in TESTS if shape.verdict(name, t) == NO]
        if broken:
            said.append(
                f"{_words.started(name)} {_words.listed(broken)}: a value per point is "
                "an average over the scores seen, not to be multiplied by many points "
                "at one end of the scale."
            )
    return said


_BROKEN = {
    STRAIGHT: "does not follow a straight line over the score",
    ONE_WAY: "turns back over the score",
    EVEN: "changes more a point in one step than in the other",
    BOTH_WAYS: "changes otherwise when a customer moves down than up",
}


def _lines(found: Shape) -> str:
    """Say for which outcomes a straight line is contradicted."""
    groups: dict[str, list[str]] = {}
    for one in found.bent:
        name = one.fit.spec.outcome
        verdict = found.verdict(name, STRAIGHT)
        groups.setdefault(verdict, []).append(_words.plain(name))
    parts = [
        f"{verdict} for {_words.listed(groups[verdict])}"
        for verdict in (NO, YES, OPEN)
        if verdict in groups
    ]
    n = max(one.fit.n_customers for one in found.bent)
    score = _words.plain(found.bent[0].fit.spec.score)
    return (
        f"A straight line over {score} is {_words.listed(parts)} (n = {n:,} customers)."
    )


def _stepped(found: Shape) -> str:
    """Say both steps of every outcome, and how many customers took them."""
    if found.steps.empty:
        return ""
    kinds = [
        found.steps[found.steps["step"] == s] for s in found.steps["step"].unique()
    ]
    first = next(b for b in found.bent if len(b.steps)).fit
    when = _words.later(first.spec.lag, first.period)
    sizes = [
        _words.listed([_sized(row, first.spec) for row in rows.to_dict("records")])
        for rows in kinds
    ]
    steps = [str(rows["step"].iloc[0]) for rows in kinds]
    told = f"A {steps[0]} goes, {when}, with {sizes[0]}; a {steps[1]} with {sizes[1]}."
    moved = found.steps[found.steps["up"].notna()]
    if moved.empty:
        return told
    one, two = moved.to_dict("records")[:2]
    return (
        f"{told} {_moved(one['n_up'])} customers took the first step up and "
        f"{_moved(one['n_down'])} down, {_moved(two['n_up'])} and "
        f"{_moved(two['n_down'])} the second."
    )


def _sized(row: dict[Hashable, Any], spec: Specification) -> str:
    unit, outcome = str(row["unit"]), _words.plain(str(row["outcome"]))
    size = _words.change(row["estimate"], unit, spec.currency)
    ends = _words.interval(
        row["ci_lower"], row["ci_upper"], unit, confidence_level=spec.confidence_level
    )
    return f"{outcome} {size} ({ends})"


def _uneven(found: Shape) -> str:
    """Say where a point of the second step is not one of the first."""
    rows = found.tests[found.tests["test"] == EVEN]
    apart, tested = rows[rows["verdict"] == NO], rows[rows["verdict"] != OPEN]
    if tested.empty:
        return ""
    if apart.empty:
        return "A point of the second step cannot be told from one of the first."
    units = {b.fit.spec.outcome: b.fit.unit for b in found.bent}
    spec = found.bent[0].fit.spec
    told = [
        _sized(row | {"unit": units[row["outcome"]]}, spec)
        for row in apart.to_dict("records")
    ]
    return (
        f"A point of the second step against one of the first: {_words.listed(told)}."
    )


def _moved(n: float) -> str:
    return _format.count(n) if np.isfinite(n) else "fewer than 10"


def _unstepped(found: Shape) -> str:
    """Say which mirrors are broken, and why there are no steps."""
    broken = [
        _words.plain(b.fit.spec.outcome)
        for b in found.bent
        if found.verdict(b.fit.spec.outcome, BOTH_WAYS) == NO
    ]
    told = (
        [f"Moves down do not mirror moves up for {_words.listed(broken)}."]
        if broken
        else []
    )
    for test in (STRAIGHT, EVEN):
        rows = found.tests[
            (found.tests["test"] == test) & (found.tests["verdict"] == OPEN)
        ]
        for why, same in rows.groupby("detail", sort=False):
            names = _words.listed([_words.plain(name) for name in same["outcome"]])
            told.append(f"{_UNTESTED[test]} for {names}: {why}.")
    return " ".join(told)


_UNTESTED = {STRAIGHT: "No test of a straight line", EVEN: "No test of equal steps"}


def _method(bent: tuple[Bent, ...], correction: str) -> str:
    if not bent:
        return ""
    named = next((b.categories for b in bent if b.categories), None)
    read = "" if named is None or named.declared else " (read off the scores)"
    cuts = f" Categories: {named.rule}{read}." if named else ""
    merged = " Thin levels merged." if any(b.merged for b in bent) else ""
    return (
        "The score as levels under each outcome's own specification; joint tests by "
        f"the clustered covariance, {CORRECTED[correction]} correction over outcomes."
        f"{merged}{cuts}"
    )


def _assumptions(bent: tuple[Bent, ...]) -> tuple[Assumption, ...]:
    """State what levels leave to belief."""
    within = [b for b in bent if _within(b.fit.spec)]
    found = []
    if within:
        text = "Customers who change their category tell what others would do."
        found.append(Assumption(text=text, quality="medium", impact="high"))
    if len(within) < len(bent):
        text = (
            "Customers at another level of the score would have the same outcome but "
            "for it, where customers are compared with others."
        )
        found.append(Assumption(text=text, quality="low", impact="high"))
    return tuple(found)


def _within(spec: Specification) -> bool:
    return spec.model in WITHIN
