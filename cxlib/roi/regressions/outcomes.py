"""Several outcomes on one score, with the covariance that their values need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import get_args

import numpy as np
import pandas as pd

from cxlib import _checks
from cxlib.errors import ArgumentError, DataError
from cxlib.result import Assumption, Finding
from cxlib.roi import _words
from cxlib.roi._display import Told
from cxlib.roi.regressions._design import keyed, prepare
from cxlib.roi.regressions._long import Long
from cxlib.roi.regressions._spec import CovType, Model, Specification, as_names
from cxlib.roi.regressions.regression import (
    Fit,
    coefficients_display,
    fit_specification,
    refusal,
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Base:
    """The customers that a value is computed for.

    Attributes
    ----------
    means : dict
        Outcome to its mean over the rows at risk, per period.
    n_customers, n_last : int
        Customers in all, and in the last period.
    per_year : float
        Periods in a year; NaN where the labels do not say.
    headroom : float
        Highest score seen less the mean score.
    """

    means: dict[str, float]
    n_customers: int
    n_last: int
    per_year: float
    headroom: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Fits(Told):
    """Regressions of several outcomes on one score.

    Attributes
    ----------
    table : pandas.DataFrame
        As of `Fit`, with the model; one row an outcome and term.
    fits : tuple of Fit
        Those that could be estimated.
    refused : tuple of (outcome, reason)
        Those that could not, in words.
    covariance : pandas.DataFrame
        Of 'coef:<outcome>' and 'mean:<outcome>', clustered, across outcomes.
    base : Base
        Means and counts that turn coefficients into money.
    """

    fits: tuple[Fit, ...]
    refused: tuple[tuple[str, str], ...]
    covariance: pd.DataFrame
    base: Base

    @property
    def text(self) -> str:
        """The score's coefficient on each outcome; what was refused, and why."""
        refused = [
            f"Not estimated: {reason.partition('. ')[0].rstrip('.')}."
            for _, reason in self.refused
        ]
        if len(self.fits) < 2:
            return " ".join([*(fit.text for fit in self.fits), *refused])
        first = self.fits[0]
        per = "" if first.cross_section else f", a {first.period}"
        sizes = _words.listed([_sized(fit) for fit in self.fits])
        when = _words.later(first.spec.lag, first.period)
        told = (
            f"One point more on {_words.plain(first.spec.score)} goes, {when}, with "
            f"{sizes}{per}."
        )
        return " ".join([told, *refused])

    @property
    def display(self) -> pd.DataFrame:
        """Coefficients in words, or what was refused."""
        if not self.fits:
            return self.table
        return coefficients_display(self.table, self.fits[0].spec.currency)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The score's coefficient for each outcome, and each refusal."""
        refused = tuple(
            Finding(
                id=f"{outcome} refused", statement=reason, estimate=None, unit="score"
            )
            for outcome, reason in self.refused
        )
        return tuple(f for fit in self.fits for f in fit.findings) + refused

    def of(self, outcome: str) -> Fit | None:
        """Return an outcome's fit, None where there is none."""
        return next((fit for fit in self.fits if fit.spec.outcome == outcome), None)


def fit_outcomes(
    periods: pd.DataFrame,
    outcomes: Sequence[str],
    *,
    score: str = "score",
    drivers: Sequence[str] = (),
    lag: int = 1,
    entity: str = "customer_id",
    time: str = "period",
    cluster: str = "",
    models: Mapping[str, Model] | None = None,
    cov_type: CovType = "auto",
    confidence_level: float = 0.95,
    currency: str = "",
    power: float = 0,
    tenure: str = "",
) -> Fits:
    """Regress each outcome on the score; keep going where one cannot be answered.

    Parameters
    ----------
    periods : pandas.DataFrame
        One row a customer and period.
    outcomes : sequence of str
        Numeric or 0/1 columns; the model of each is chosen as `fit` does.
    models : mapping of str to str, optional
        Outcome to the model it is to have, {"revenue": "two_part"}; the others are
        chosen.
    score, drivers, lag, entity, time, cluster, cov_type, confidence_level, currency
        As in `fit`.
    power, tenure
        As in `fit`; they serve the outcomes whose model takes them.

    Returns
    -------
    Fits
        With the joint covariance of the coefficients and of the outcomes' means: the
        same customers stand behind all of them, so their errors are related.

    Raises
    ------
    DataError
        Where the panel itself is broken, or no outcome can be estimated for another
        reason than separation.

    Notes
    -----
    An outcome that the score separates is refused with its table and not estimated;
    the others go on. The joint covariance sums the products of the clusters'
    influence values (a stacked estimating equation).

    Examples
    --------
    >>> from cxlib import simulate
    >>> fits = fit_outcomes(simulate.periods(300, rng=1), ["revenue", "retained"])
    >>> [fit.spec.model for fit in fits.fits]
    ['two_way', 'discrete_time']
    """
    names = as_names(outcomes, "outcomes")
    spec = Specification(
        outcome=names[0] if names else "", score=score,
        drivers=as_names(drivers, "drivers"), lag=lag, entity=entity, time=time,
        cluster=cluster, cov_type=cov_type, confidence_level=confidence_level,
        currency=currency, power=power, tenure=tenure,
    )  # fmt: skip
    named = _models(models or {}, names)
    done: list[tuple[Fit, pd.DataFrame]] = []
    refused: list[tuple[str, str]] = []
    errors: list[DataError] = []
    shared = keyed(periods, spec) if names else periods
    for name in dict.fromkeys(names):
        try:
            own = replace(spec, outcome=name, model=named.get(name, "auto"))
            done.append(fit_specification(shared, own))
        except DataError as error:
            refused.append((name, refusal(error)))
            errors.append(error)
    if not done and not any("separat" in reason for _, reason in refused):
        raise (
            errors[0]
            if errors
            else DataError("`outcomes` is empty: name at least one.")
        )
    return _gather(
        shared, spec, [fit for fit, _ in done], [i for _, i in done], refused
    )


def _models(models: Mapping[str, Model], outcomes: tuple[str, ...]) -> dict[str, Model]:
    """Check that every model is known and belongs to an outcome."""
    for outcome, model in models.items():
        if outcome not in outcomes:
            raise ArgumentError(
                f"`models` names '{outcome}', which is not among the outcomes; "
                f"{_checks.did_you_mean(outcome, outcomes)}"
            )
        if model not in get_args(Model):
            raise ArgumentError(
                f"`models` gives '{outcome}' the model {model!r}; "
                f"{_checks.did_you_mean(model, get_args(Model))}"
            )
    return dict(models)


def _gather(
    periods: pd.DataFrame | Long,
    spec: Specification,
    fits: list[Fit],
    pulls: list[pd.DataFrame],
    refused: list[tuple[str, str]],
) -> Fits:
    joint = pd.concat(pulls, axis=1).fillna(0.0) if pulls else pd.DataFrame()
    matrix = joint.to_numpy(dtype=float)
    tables = [f.table.assign(model=f.spec.model) for f in fits]
    table = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(refused)
    return Fits(
        table=table if tables else table.set_axis(["outcome", "refused"], axis=1),
        unit="amount", method=" ".join(fit.method for fit in fits),
        assumptions=_unique([a for fit in fits for a in fit.assumptions]),
        fits=tuple(fits), refused=tuple(refused),
        covariance=pd.DataFrame(
            matrix.T @ matrix, index=joint.columns, columns=joint.columns
        ),
        base=_base(periods, spec, fits),
    )  # fmt: skip


def _base(periods: pd.DataFrame | Long, spec: Specification, fits: list[Fit]) -> Base:
    prepared = [prepare(periods, fit.spec) for fit in fits] or [
        prepare(periods, replace(spec, lag=0, model="auto"))
    ]
    whole = max((p.long for p in prepared), key=lambda long: len(long.frame))
    score = whole.values(spec.score)
    return Base(
        means={p.spec.outcome: float(np.nanmean(p.outcome)) for p in prepared},
        n_customers=whole.n_entities,
        n_last=int((whole.time == whole.time.max()).sum()),
        per_year=whole.calendar.per_year,
        headroom=float(np.nanmax(score) - np.nanmean(score)),
    )


def _unique(assumptions: list[Assumption]) -> tuple[Assumption, ...]:
    return tuple({one.text: one for one in assumptions}.values())


def _sized(fit: Fit) -> str:
    """Return one outcome's coefficient with interval and n."""
    row, spec = fit.row, fit.spec
    size = _words.change(row["estimate"], fit.unit, spec.currency)
    ends = _words.interval(
        row["ci_lower"], row["ci_upper"], fit.unit,
        confidence_level=spec.confidence_level,
    )  # fmt: skip
    n = f"n = {fit.n_customers:,} customers"
    return f"{_words.plain(spec.outcome)} {size} ({ends}, {n})"


def each(fits: Fit | Fits) -> tuple[Fit, ...]:
    """Return the single fits of either kind of result."""
    return (fits,) if isinstance(fits, Fit) else fits.fits


def refused_of(fits: Fit | Fits) -> tuple[tuple[str, str], ...]:
    """Return the outcomes that were refused, with their reasons."""
    return () if isinstance(fits, Fit) else fits.refused


def refit(periods: pd.DataFrame, fits: Fits) -> Fits:
    """Estimate the same specifications on other rows; what cannot be is refused.

    Parameters
    ----------
    periods : pandas.DataFrame
        Some of the rows that were fitted.
    fits : Fits
        Its models, drivers and errors are kept as they were settled.

    Returns
    -------
    Fits

    Examples
    --------
    >>> from cxlib import simulate
    >>> panel = simulate.periods(300, rng=1)
    >>> fits = fit_outcomes(panel, ["revenue", "retained"])
    >>> again = refit(panel[panel["plan"] == "basic"], fits)
    >>> [fit.spec.model for fit in again.fits]
    ['two_way', 'discrete_time']
    """
    done: list[tuple[Fit, pd.DataFrame]] = []
    refused: list[tuple[str, str]] = []
    for fit in fits.fits:
        try:
            done.append(fit_specification(periods, fit.spec))
        except DataError as error:
            refused.append((fit.spec.outcome, refusal(error)))
    spec = replace(fits.fits[0].spec, drivers=())
    return _gather(periods, spec, [f for f, _ in done], [i for _, i in done], refused)
