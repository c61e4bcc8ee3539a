"""Numbers of a distributed-lag regression: lags and leads together, their sum."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import stats

from cxlib.errors import DataError
from cxlib.estimate.joint import sup_t
from cxlib.roi import _words
from cxlib.roi.regressions._design import Prepared, prepare, select, solve
from cxlib.roi.regressions._long import Long
from cxlib.roi.regressions._solve import Solved
from cxlib.roi.regressions._spec import Specification
from cxlib.roi.regressions.lead import check_possible, joint_test, lag_name
from cxlib.roi.regressions.regression import Fit, coefficients, refusal
from cxlib.roi.regressions.separation import refuse_separated

_COLUMNS = [
    *("outcome", "kind", "term", "lag", "declared", "n", "estimate", "std_error"),
    *("ci_lower", "ci_upper", "band_lower", "band_upper", "statistic", "df"),
    *("pvalue", "unit"),
]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Profile:
    """One outcome at every lag; see `LagProfile`."""

    outcome: str
    table: pd.DataFrame
    largest: tuple[int, ...]
    lead_pvalue: float | None
    no_leads: str
    n_customers: int
    rows_before: int


def profile(
    periods: pd.DataFrame | Long,
    fit: Fit,
    wanted: tuple[int, ...],
    leads: int,
    rng: int | np.random.Generator,
) -> Profile:
    """Estimate lags and leads together; raise DataError where the panel cannot."""
    spec = fit.spec
    prepared = prepare(periods, spec)
    if prepared.long.single_period:
        raise DataError("every customer is seen in one period only")
    no_leads = _no_leads(prepared) if leads else ""
    ahead = tuple(-at for at in range(1, 0 if no_leads else leads + 1))
    lags = tuple(sorted({*wanted, spec.lag}))
    _check_length(prepared, lags[-1], len(ahead))
    called = {lag: lag_name(spec.score, lag) for lag in (*ahead[::-1], *lags)}
    extra = tuple((called[at], at) for at in called if at != spec.lag)
    rows = select(prepared, extra=extra)
    refuse_separated(prepared, rows)
    solved = solve(prepared, rows)
    keys = {at: spec.score if at == spec.lag else name for at, name in called.items()}
    lost = [name for name in keys.values() if name not in rows.names]
    if lost:
        raise DataError(f"the effects or other lags leave nothing of '{lost[0]}'")
    place = [rows.names.index(name) for name in keys.values()]
    table = coefficients(rows, solved, spec.confidence_level).iloc[place]
    table = table.assign(term=list(called.values()), lag=[float(at) for at in called])
    own = [rows.names.index(keys[at]) for at in lags]
    table = _banded(table, solved, own, spec, prepared.unit, rng)
    return Profile(
        outcome=spec.outcome, table=table, rows_before=fit.n,
        largest=_largest(solved, own, lags, spec.confidence_level),
        lead_pvalue=joint_test(rows, solved, [called[at] for at in ahead]).pvalue
        if ahead else None,
        no_leads=no_leads, n_customers=solved.n_entities,
    )  # fmt: skip


def _check_length(prepared: Prepared, lag: int, leads: int) -> None:
    """Raise where fewer than two periods would be left."""
    calendar = prepared.long.calendar
    seen, needed = max(calendar.labels) + 1, lag + leads + 2
    if seen < needed:
        raise DataError(
            f"lag {lag} and leads of {leads} need {needed} {calendar.name}s and there "
            f"are {seen}"
        )


def _no_leads(prepared: Prepared) -> str:
    try:
        check_possible(prepared)
    except DataError as error:
        return refusal(error)
    return ""


def _banded(
    table: pd.DataFrame,
    solved: Solved,
    own: list[int],
    spec: Specification,
    unit: str,
    rng: int | np.random.Generator,
) -> pd.DataFrame:
    """Add the bands of the lags and the row of their sum."""
    level, pull = spec.confidence_level, solved.influence[:, own]
    width = sup_t(pull.T @ pull, df=solved.df, confidence_level=level, rng=rng)
    lag = table["lag"] >= 0
    half = (width * table["std_error"]).where(lag)
    table = table.assign(
        kind=np.where(lag, "lag", "lead"), declared=table["lag"] == spec.lag,
        band_lower=table["estimate"] - half, band_upper=table["estimate"] + half,
    )  # fmt: skip
    total = replace(
        solved, coef=np.array([solved.coef[own].sum()]),
        influence=pull.sum(axis=1, keepdims=True),
    )  # fmt: skip
    error = float(total.std_error[0])
    estimate, t = float(total.coef[0]), float(stats.t.isf((1 - level) / 2, solved.df))
    found = {
        "kind": "sum", "lag": np.nan, "declared": False, "n": solved.n,
        "term": f"{spec.score}, sum of lags {listed(table.loc[lag, 'lag'])}",
        "estimate": estimate, "std_error": error, "ci_lower": estimate - t * error,
        "ci_upper": estimate + t * error, "statistic": estimate / error,
        "df": solved.df, "band_lower": np.nan, "band_upper": np.nan,
        "pvalue": 2 * float(stats.t.sf(abs(estimate / error), solved.df)),
    }  # fmt: skip
    table = pd.concat([table, pd.DataFrame([found])], ignore_index=True)
    return table.assign(outcome=spec.outcome, unit=unit)[_COLUMNS]


def _largest(
    solved: Solved, own: list[int], lags: tuple[int, ...], level: float
) -> tuple[int, ...]:
    """Return the lags that no other exceeds beyond the band of all differences."""
    coef, pull = solved.coef[own], solved.influence[:, own]
    coef = coef * np.sign(coef[np.abs(coef).argmax()])
    order = np.argsort(-coef)
    if len(own) < 2:
        return lags
    first, second = np.triu_indices(len(own), 1)
    apart = pull[:, first] - pull[:, second]
    cross = apart.T @ apart
    width = sup_t(cross, df=solved.df, confidence_level=level)
    room = np.zeros((len(own), len(own)))
    room[first, second] = room[second, first] = width * np.sqrt(np.diag(cross))
    beaten = (coef[:, None] - coef - room > 0).any(axis=0)
    return tuple(lags[at] for at in order if not beaten[at])


def listed(lags: Iterable[float]) -> str:
    """Return '0 to 3' for a run of lags, else '0, 1 and 3'."""
    whole = sorted(int(lag) for lag in lags)
    if len(whole) > 2 and whole[-1] - whole[0] == len(whole) - 1:
        return f"{whole[0]} to {whole[-1]}"
    return _words.listed([str(lag) for lag in whole])
