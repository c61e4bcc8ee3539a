"""One outcome by level and by category of the score: numbers, tests and pulls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from cxlib.errors import DataError
from cxlib.estimate.monotone import Monotone, Wald, monotone, wald
from cxlib.roi.regressions._bands import (
    MIN_CUSTOMERS,
    MIN_EVENTS,
    Bands,
    Categories,
    bands,
    categories_of,
    lacking,
    moves,
)
from cxlib.roi.regressions._design import (
    Prepared,
    Rows,
    prepare,
    residual,
    select,
    solve,
)
from cxlib.roi.regressions._groups import Estimated, columns, line, means
from cxlib.roi.regressions._solve import Ints, dummies
from cxlib.roi.regressions._spec import (
    BINARY,
    CURVED,
    LEAVING,
    WITHIN,
    Specification,
)
from cxlib.roi.regressions.regression import Fit, influences, refusal

Array = npt.NDArray[np.float64]
STRAIGHT, ONE_WAY = "straight line", "one direction"
EVEN, BOTH_WAYS = "equal steps a point", "down as up"
TESTS = (STRAIGHT, ONE_WAY, EVEN, BOTH_WAYS)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bent:
    """What one outcome does over the score; `why` says what could not be done.

    Attributes
    ----------
    levels, steps, tests : pandas.DataFrame
        As in `Shape`.
    pulls : pandas.DataFrame
        Of each cluster on both steps, on the slope and on the outcome's mean.
    slope : float
        Per point of the line, of the model the levels are estimated with.
    shares, points : ndarray
        Shares of the rows by category (3,); score points of both steps (2,).
    """

    fit: Fit
    levels: pd.DataFrame
    steps: pd.DataFrame
    tests: pd.DataFrame
    pulls: pd.DataFrame
    slope: float
    shares: Array
    points: Array
    categories: Categories | None
    merged: bool
    why: dict[str, str]


def bend(
    periods: pd.DataFrame,
    fit: Fit,
    scale: str,
    categories: Sequence[float],
    rng: np.random.Generator,
) -> Bent:
    """Re-estimate a fit with its score as levels, then as categories."""
    prepared = prepare(periods, _saturated(fit.spec))
    rows = select(prepared)
    score, why = rows.x[:, 0], dict[str, str]()
    events = rows.y if prepared.spec.model in BINARY else None
    movers = prepared.spec.model in WITHIN
    cut = bands(
        score, rows.entity, movers=movers, events=events,
        most=max(3, (fit.n_clusters - 1) // 3 + 1),
    )  # fmt: skip
    tests: list[dict[str, object]] = []
    levels = pd.DataFrame()
    try:
        levels, tests = _levels(fit, prepared, rows, cut, rng)
    except DataError as error:
        why[STRAIGHT] = why[ONE_WAY] = refusal(error).rstrip(".")
    found = categories_of(score, scale, categories)
    named = None if isinstance(found, str) else found
    if named is None:
        why[EVEN] = str(found)
        told = None
    else:
        codes = named.codes(score)
        told = _steps(fit, prepared, rows, codes, named, why)
        tests += told.tests if told else []
    return _gathered(fit, levels, tests, named, told, merged=cut.merged, why=why)


def _saturated(spec: Specification) -> Specification:
    """Return the specification with a curve in the score put aside.

    Levels need no link: means of amounts are by least squares whatever was fitted.
    """
    if spec.model not in CURVED - LEAVING:
        return spec
    return spec.but(model="two_way" if spec.model in WITHIN else "pooled")


def _gathered(
    fit: Fit, levels: pd.DataFrame, tests: list[dict[str, object]],
    named: Categories | None, told: _Steps | None, *, merged: bool,
    why: dict[str, str],
) -> Bent:  # fmt: skip
    return Bent(
        fit=fit, levels=levels, tests=pd.DataFrame(tests), categories=named,
        merged=merged, why=why,
        steps=told.table if told else pd.DataFrame(),
        pulls=told.pulls if told else pd.DataFrame(),
        slope=told.slope if told else float("nan"),
        shares=told.shares if told else np.full(3, np.nan),
        points=told.points if told else np.full(2, np.nan),
    )  # fmt: skip


def _levels(
    fit: Fit, prepared: Prepared, rows: Rows, cut: Bands, rng: np.random.Generator
) -> tuple[pd.DataFrame, list[dict[str, object]]]:
    """Return one row a level, and the tests of line and direction."""
    if cut.thin:
        raise DataError("too few customers are seen at more than one level")
    found = means(prepared, rows, cut.codes)
    slope, level = fit.row["estimate"], fit.spec.confidence_level
    table = pd.DataFrame(
        {
            "outcome": fit.spec.outcome, "score": cut.names, "at": cut.at, "n": cut.n,
            "n_customers": cut.n_customers, **_intervals(found, level),
            "line": line(prepared, rows, cut.at).values,
        }
    )  # fmt: skip
    one_way = monotone(
        found.values, found.covariance, df=found.df, increasing=slope >= 0,
        confidence_level=level, rng=rng,
    )  # fmt: skip
    table = table.assign(
        monotone=one_way.fit, monotone_lower=one_way.lower,
        monotone_upper=one_way.upper, unit=fit.unit,
    )  # fmt: skip
    tests = [_direction(fit, one_way, found.df)]
    if len(cut.names) > 2:
        bend = columns(
            prepared, rows, np.column_stack([rows.x[:, 0], dummies(cut.codes)[:, :-1]])
        )
        kept = np.eye(len(bend.values))[1:]
        tests.insert(0, _test(fit, STRAIGHT, bend.times(kept)))
    return table, tests


def _intervals(found: Estimated, level: float) -> dict[str, Array]:
    error = np.sqrt(np.diag(found.covariance))
    half = stats.t.isf((1 - level) / 2, found.df) * error
    return {
        "estimate": found.values, "std_error": error,
        "ci_lower": found.values - half, "ci_upper": found.values + half,
    }  # fmt: skip


def _direction(fit: Fit, found: Monotone, df: float) -> dict[str, object]:
    return {
        "outcome": fit.spec.outcome, "test": ONE_WAY, "n": fit.n_customers,
        "statistic": found.statistic, "df": float(found.n_pooled), "df_resid": df,
        "pvalue": found.pvalue,
    }  # fmt: skip


def _test(
    fit: Fit, name: str, found: Estimated, *, interval: bool = False
) -> dict[str, object]:
    """Return a joint test that some numbers are zero, with an interval for one."""
    joint: Wald = wald(found.values, found.covariance, df=found.df)
    row = {
        "outcome": fit.spec.outcome, "test": name, "n": fit.n_customers,
        "statistic": joint.statistic, "df": joint.df, "df_resid": joint.df_resid,
        "pvalue": joint.pvalue,
    }  # fmt: skip
    if interval:
        ends = _intervals(found, fit.spec.confidence_level)
        row |= {key: float(value[0]) for key, value in ends.items()}
    return row


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Steps:
    table: pd.DataFrame
    tests: list[dict[str, object]]
    pulls: pd.DataFrame
    slope: float
    shares: Array
    points: Array


def _steps(
    fit: Fit, prepared: Prepared, rows: Rows, codes: Ints, named: Categories,
    why: dict[str, str],
) -> _Steps | None:  # fmt: skip
    """Return both steps between categories, or None with the reason in `why`."""
    within = prepared.spec.model in WITHIN
    events = rows.y if prepared.spec.model in BINARY else None
    lacks = lacking(codes, rows.entity, movers=within, events=events)
    if lacks == "customers":
        who = f"{MIN_CUSTOMERS} customers{' who move' if within else ''}"
        each = _listed(named.names)
        why[EVEN] = f"{each} do not have {who} each ({named.rule})"
        return None
    try:
        if lacks:
            at = np.bincount(codes, rows.x[:, 0]) / np.bincount(codes)
            found = line(prepared, rows, at)
            why[EVEN] = why[BOTH_WAYS] = (
                f"a category has fewer than {MIN_EVENTS} rows with or without the "
                "outcome, so its steps are taken from the fitted line"
            )
        else:
            found = means(prepared, rows, codes)
    except DataError as error:
        why[EVEN] = why[BOTH_WAYS] = refusal(error).rstrip(".")
        return None
    found = found.times(np.diff(np.eye(3), axis=0))
    return _told(fit, prepared, rows, codes, named, why, found)


def _told(
    fit: Fit, prepared: Prepared, rows: Rows, codes: Ints, named: Categories,
    why: dict[str, str], found: Estimated,
) -> _Steps:  # fmt: skip
    points = _points(prepared, rows, codes)
    pulls, slope = _pulls(prepared, rows, found)
    tests: list[dict[str, object]] = []
    if EVEN not in why:
        per_point = np.array([[-1 / points[0], 1 / points[1]]])
        tests.append(_test(fit, EVEN, found.times(per_point), interval=True))
    table = _step_rows(fit, found, named, points).assign(
        source="line" if EVEN in why else "categories"
    )
    table, more = _both_ways(fit, prepared, rows, codes, table, why)
    return _Steps(
        table=table, tests=tests + more, pulls=pulls, slope=slope,
        shares=np.bincount(codes, minlength=3) / len(codes), points=points,
    )  # fmt: skip


def _listed(names: tuple[str, str, str]) -> str:
    return f"{names[0]}, {names[1]} and {names[2]}"


def _points(prepared: Prepared, rows: Rows, codes: Ints) -> Array:
    """Return the score points of both steps, as the model's comparison sees them."""
    model = "pooled" if prepared.spec.model in BINARY else prepared.spec.model
    x = np.column_stack([(codes >= 1), (codes >= 2), rows.x[:, 1:]]).astype(float)
    left = residual(np.column_stack([rows.x[:, :1], x]), rows.entity, rows.time, model)
    return np.asarray(np.linalg.lstsq(left[:, 1:], left[:, 0], rcond=None)[0][:2])


def _step_rows(
    fit: Fit, found: Estimated, named: Categories, points: Array
) -> pd.DataFrame:
    ends = _intervals(found, fit.spec.confidence_level)
    per_point = {f"{k}_per_point": v / points for k, v in ends.items()}
    return pd.DataFrame(
        {
            "outcome": fit.spec.outcome,
            "step": [f"{a} made {b}" for a, b in zip(named.names, named.names[1:],
                                                     strict=False)],
            "n": fit.n_customers, **ends, "points": points, **per_point,
            "unit": fit.unit,
        }
    ).drop(columns="std_error_per_point")  # fmt: skip


def _both_ways(
    fit: Fit, prepared: Prepared, rows: Rows, codes: Ints, table: pd.DataFrame,
    why: dict[str, str],
) -> tuple[pd.DataFrame, list[dict[str, object]]]:  # fmt: skip
    """Add what moves up and moves down go with, and test whether they mirror."""
    moved = moves(codes, rows.entity)
    counts = {"n_up": moved.up, "n_down": moved.down}
    table = table.assign(
        **{k: np.where(v >= MIN_CUSTOMERS, v, np.nan) for k, v in counts.items()}
    )
    blank = {f"{way}{end}": np.nan for way in ("up", "down")
             for end in ("", "_ci_lower", "_ci_upper")}  # fmt: skip
    if prepared.spec.model not in WITHIN:
        why.setdefault(BOTH_WAYS, "customers are compared with others")
        return table.assign(**blank), []
    if min(moved.up.min(), moved.down.min()) < MIN_CUSTOMERS:
        why[BOTH_WAYS] = f"fewer than {MIN_CUSTOMERS} customers moved each way"
        return table.assign(**blank), []
    above = np.column_stack([codes >= 1, codes >= 2]).astype(float)
    try:
        found = columns(prepared, rows, np.column_stack([above, moved.total]))
    except DataError as error:
        why[BOTH_WAYS] = refusal(error).rstrip(".")
        return table.assign(**blank), []
    level, ways = fit.spec.confidence_level, dict[str, Array]()
    one = np.eye(2)
    for name, sign in (("up", 1.0), ("down", -1.0)):
        ends = _intervals(found.times(np.hstack([one, sign * one])), level)
        ways |= {
            f"{name}{end.removeprefix('estimate')}": ends[end.lstrip("_")]
            for end in ("estimate", "_ci_lower", "_ci_upper")
        }
    mirror = _test(fit, BOTH_WAYS, found.times(np.hstack([0 * one, one])))
    return table.assign(**ways), [mirror]


def _pulls(
    prepared: Prepared, rows: Rows, found: Estimated
) -> tuple[pd.DataFrame, float]:
    """Return the pull of each cluster on steps, slope and mean; and the slope."""
    label = prepared.spec.outcome
    solved = solve(prepared, rows)
    whole = influences(prepared, rows, solved)
    if solved.cov_type == "CRV3":
        whole[f"coef:{label}"] *= -1
    steps = pd.DataFrame(
        found.influence, index=rows.cluster_labels,
        columns=[f"step1:{label}", f"step2:{label}"],
    )  # fmt: skip
    return steps.join(whole, how="outer").fillna(0.0), float(solved.coef[0])
