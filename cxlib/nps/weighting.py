"""Weights that make the answers look like the customers, and what they do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib import _checks, _format
from cxlib.errors import ArgumentError, DataError
from cxlib.estimate import Estimate, design, design_se, estimate
from cxlib.estimate.design import Array
from cxlib.estimate.raking import Margin, Trimmed, calibrated_influence
from cxlib.estimate.raking import rake as _rake
from cxlib.estimate.raking import trim as _trim
from cxlib.estimate.weighted import weighted_estimate
from cxlib.nps import _balance, _moved, _words
from cxlib.nps._answers import Answers, collect, label
from cxlib.result import Assumption
from cxlib.scales import Scale

CROSS = " x "
Index = npt.NDArray[np.intp]
Margins = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Raking(_moved.Weighted):
    """A score weighted to known margins, and the weights.

    Attributes
    ----------
    table, weights, balance, overall, before, kish, label
        As in `Weighted`: rows before, after and moved; one weight a response.
    margins : tuple of str
        What the weights were made to meet.
    trimmed : Trimmed or None
        The cap, where there was one.
    """

    margins: tuple[str, ...] = ()
    trimmed: Trimmed | None = None

    @property
    def text(self) -> str:
        """What the weights moved, what they cost, and how they were trimmed."""
        if self.reason:
            return self.reason
        parts = (
            self.moved_text, self.precision_text, self._cap(),
            _balance.text(self.balance),
        )  # fmt: skip
        return " ".join(part for part in parts if part)

    def _cap(self) -> str:
        if self.trimmed is None:
            return ""
        t = self.trimmed
        if not t.n_trimmed:
            return "No weight lay above the cap."
        many = _words.plural(t.n_trimmed, "weight")
        if t.met:
            return f"{many} above the cap were cut to it and the margins met again."
        top = _format.number(float(t.weights.max() / t.cap))
        return (
            f"{many} above the cap were cut, but the margins cannot be met under it: "
            f"the largest is {top} times the cap."
        )


def rake(
    responses: pd.DataFrame,
    margins: Margins,
    *,
    score: str = "score",
    scale: str | Mapping[str, Any] | Scale = "nps",
    weights: str | None = None,
    strata: str | None = None,
    cluster: str | None = None,
    fpc: str | None = None,
    trim: float | None = None,
    method: Literal["raking", "poststratify"] = "raking",
    min_n: int = 10,
    confidence_level: float = 0.95,
) -> Raking:
    """Weight the answers to known shares of the customers.

    Use it when it is known how many customers each plan, region or channel has. It
    corrects for who answered between those groups, not inside them. `nonresponse`
    does the same from a list of invitations.

    Parameters
    ----------
    responses : pandas.DataFrame
        One row a person asked; rows without a valid answer get no weight.
    margins : mapping of str to mapping
        Column -> {level: share or count}. A key of columns joined by ' x ' is their
        crossing, with levels joined alike ('plan x region': {'plus x North': .2, …}).
        Shares (or per cents) sum to 1 (100); counts of all margins to one total, which
        is then that of the weights. None: a result that says so.
    score, scale, strata, cluster, fpc
        As in `nps.score`.
    weights : str, optional
        Column of weights to start from (of the sampling design).
    trim : float, optional
        Cap on the weights, as a multiple of their median, above 1.
    method : {"raking", "poststratify"}
        "poststratify" takes exactly one margin, crossed as wanted.
    min_n : int
        Levels with fewer answers keep their numbers to themselves in the balance.
    confidence_level : float

    Returns
    -------
    Raking
        `.weights` can be assigned to the responses and named as `weights=` elsewhere;
        there the weights count as fixed.

    Raises
    ------
    DataError
        For a level without answers, answers in a level without a margin, or margins
        that contradict each other; the level is named.
    ArgumentError
        For margins that do not sum to the same total.

    Notes
    -----
    Standard error: linearised from the residuals of the answers on all margins at
    once, within the design; the one with weights taken as fixed stands beside it.
    Interval: as in `nps.score`, on Kish's effective n capped by the design's own.
    Under 40 % efficiency (Kish's n over n) the text says so. Where a margin is itself
    an estimate, its error is not in the interval.

    References
    ----------
    Deville, J.-C., Särndal, C.-E. and Sautory, O. (1993). Generalized raking
    procedures in survey sampling. JASA 88, 1013-1020.
    doi:10.1080/01621459.1993.10476369. Kish, L. (1992). Weighting for unequal Pi.
    Journal of Official Statistics 8, 183-200.

    Examples
    --------
    >>> import pandas as pd
    >>> from cxlib import nps
    >>> answers = pd.DataFrame({
    ...     "score": [10] * 40 + [3] * 20 + [10] * 10 + [3] * 30,
    ...     "plan": ["plus"] * 60 + ["basic"] * 40,
    ... })
    >>> found = nps.rake(answers, {"plan": {"plus": 0.3, "basic": 0.7}})
    >>> print(found.moved_text)
    Weights moved NPS by −25.0 points (95 % CI −38.7 to −11.3), from 0.0 points to \
−25.0 points (95 % CI −45.6 to −2.4, n = 100).
    """
    _checks.one_of(method, "method", ("raking", "poststratify"))
    known = {str(k): dict(v) for k, v in (margins or {}).items() if k and v}
    columns = tuple(dict.fromkeys(c for key in known for c in key.split(CROSS)))
    answers = collect(
        responses, score=score, scale=scale, weights=weights, strata=strata,
        cluster=cluster, fpc=fpc, confidence_level=confidence_level, needs=columns,
    )  # fmt: skip
    index = _places(responses, score, answers)
    if not known:
        return _none(answers, responses, index)
    if method == "poststratify" and len(known) > 1:
        raise ArgumentError(
            f"`margins` has {len(known)} entries; post-stratification takes one: cross "
            f"the columns ('{CROSS.join(columns)}'), or use method 'raking'."
        )
    targets = _targets(answers, known)
    made, cut = _weights(answers, targets, trim)
    return _result(responses, index, answers, targets, made, cut, method, min_n)


def _places(responses: pd.DataFrame, score: str, answers: Answers) -> Index:
    """Positions of the valid answers among the responses."""
    valid = answers.scale.valid(responses[score]).to_numpy(dtype=bool)
    return np.flatnonzero(valid)


def _targets(answers: Answers, known: Margins) -> list[Margin]:
    """Check each margin against the answers, on one total."""
    sums = {name: float(sum(of.values())) for name, of in known.items()}
    total = next(iter(sums.values()))
    if max(abs(one / total - 1) for one in sums.values()) > 0.005:
        listed = ", ".join(f"{name}: {one:,.6g}" for name, one in sums.items())
        raise ArgumentError(
            f"`margins` sum to different totals ({listed}); give all as shares that "
            "sum to 1, or all as counts of the same customers."
        )
    goal = total if total > 100.5 else float(answers.n)
    return [_margin(answers, name, of, goal) for name, of in known.items()]


def _margin(
    answers: Answers, name: str, of: Mapping[str, float], goal: float
) -> Margin:
    labels = crossed(answers.rows, name)
    names = label(pd.Series(list(of), dtype="object")).tolist()
    totals = np.array(list(of.values()), dtype=float)
    if not (totals > 0).all():
        first = names[int(np.argmin(totals))]
        raise ArgumentError(
            f"`margins` gives '{first}' of {name} {totals.min():g}; every level needs "
            "a positive share or count. Leave a level out with its rows."
        )
    unknown = labels[~labels.isin(names)]
    if len(unknown):
        level = unknown.iloc[0]
        many = _words.plural(int((unknown == level).sum()), "answer")
        raise DataError(
            f"{name} has {many} in '{level}', which the margin does not have; "
            f"{_checks.did_you_mean(level, names)} Add it, or leave those rows out."
        )
    return Margin(
        name=name, levels=tuple(names), totals=goal * totals / totals.sum(),
        codes=np.asarray(pd.Categorical(labels, categories=names).codes, np.intp),
    )  # fmt: skip


def crossed(rows: pd.DataFrame, name: str) -> pd.Series:
    """Labels of a column, or of columns joined by ' x '."""
    parts = [label(rows[column]) for column in name.split(CROSS)]
    joined = parts[0]
    for part in parts[1:]:
        joined = joined + CROSS + part
    return joined


def _weights(
    answers: Answers, targets: list[Margin], cap: float | None
) -> tuple[Array, Trimmed | None]:
    made = _rake(answers.plan.weights, targets)
    if cap is None:
        return made, None
    _checks.in_range(cap, "trim", 1, np.inf, ends="()")
    cut = _trim(made, targets, times_median=cap)
    return cut.weights, cut


def _result(
    responses: pd.DataFrame, index: Index, answers: Answers, targets: list[Margin],
    made: Array, cut: Trimmed | None, method: str, min_n: int,
) -> Raking:  # fmt: skip
    plan, factor, unit = answers.plan, answers.scale.factor, answers.scale.unit
    fixed = design(
        answers.n, weights=made, strata=plan.strata if plan.stratified else None,
        cluster=plan.cluster if plan.clustered else None, fpc=plan.fpc,
    )  # fmt: skip
    kept = estimate(answers.values, answers.scale.kind, plan=fixed)
    own = calibrated_influence(answers.values, made, targets, base=plan.weights)
    after = weighted_estimate(
        answers.values, answers.scale.kind, weights=made, influence=own, plan=plan,
        confidence_level=answers.level,
    ).scaled(factor)  # fmt: skip
    before = answers.estimate()
    w = plan.weights
    plain = w * (answers.values - before.estimate / factor) / w.sum()
    se, df = design_se(own - plain, plan)
    name = "with the weights given" if plan.weighted else "as answered"
    done = "raked" if method == "raking" else "post-stratified"
    found = {
        name: (before, before.std_error), done: (after, factor * kept.std_error)
    }  # fmt: skip
    return Raking(
        table=_moved.rows(found, (factor * se, df), unit), unit=unit, overall=after,
        before=before, label=answers.scale.label, kish=fixed.kish, trimmed=cut,
        weights=spread(responses, index, made), margins=tuple(m.name for m in targets),
        balance=_balances(answers, targets, made, min_n),
        assumptions=_assumptions(targets), method=_method(targets, method, cut),
    )  # fmt: skip


def spread(responses: pd.DataFrame, index: Index, weights: Array) -> pd.Series:
    """One weight a response, NaN where there is none."""
    column = np.full(len(responses), np.nan)
    column[index] = weights
    return pd.Series(column, index=responses.index, name="weight")


def _balances(
    answers: Answers, targets: list[Margin], made: Array, min_n: int
) -> pd.DataFrame:
    parts = [
        _balance.levels(
            m.name, pd.Series(np.array(m.levels, dtype=object)[m.codes]),
            (answers.plan.weights, made),
            dict(zip(m.levels, m.totals / m.totals.sum(), strict=True)), min_n,
        )
        for m in targets
    ]  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def _method(targets: list[Margin], method: str, cut: Trimmed | None) -> str:
    names = _words.listing([m.name for m in targets])
    how = (
        f"Raked (iterative proportional fitting) to {names}"
        if method == "raking"
        else f"Post-stratified to {names}"
    )
    capped = "" if cut is None else f", weights capped at {cut.cap:.3g}"
    return (
        f"{how}{capped}. Standard error linearised from the residuals on all margins "
        "at once (calibration); interval on Kish's effective n, capped by the design's."
    )


def _assumptions(targets: list[Margin]) -> tuple[Assumption, ...]:
    names = _words.listing([m.name for m in targets])
    inside = Assumption(
        text="People who answered would score like those who did not, within the "
        f"groups of {names}.",
        quality="medium", impact="high",
    )  # fmt: skip
    right = Assumption(
        text="The margins are those of the customers the score is to speak for, "
        "counted in the same way and without error.",
        quality="medium", impact="medium",
    )  # fmt: skip
    return inside, right


def _none(answers: Answers, responses: pd.DataFrame, index: Index) -> Raking:
    """No margins: the weights stay as they were."""
    before: Estimate = answers.estimate()
    return Raking(
        table=pd.DataFrame(), balance=pd.DataFrame(), overall=None, before=before,
        weights=spread(responses, index, answers.plan.weights),
        kish=answers.plan.kish, label=answers.scale.label, unit=answers.scale.unit,
        reason="No margins of the customers were given, so the answers are not "
        "weighted to them.",
    )  # fmt: skip
