"""From a panel and a specification to the arrays that are solved."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib import _checks
from cxlib.errors import DataError, Problem
from cxlib.roi.regressions._auto import informative, settle, tenure_bands
from cxlib.roi.regressions._long import (
    Array,
    Long,
    is_binary,
    leaving_value,
    to_long,
    until_left,
)
from cxlib.roi.regressions._nonlinear import Curved, solve_curved
from cxlib.roi.regressions._solve import Ints, Solved, dummies, least_squares, logit
from cxlib.roi.regressions._spec import (
    CURVED,
    FEW_CLUSTERS,
    LEAVING,
    PERIOD_EFFECTS,
    WITHIN,
    Specification,
    check,
    columns_of,
    numeric,
)
from cxlib.roi.regressions._within import Effects, compact, effects

NEGLIGIBLE = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """One outcome's panel: rows at risk only, the specification settled."""

    long: Long
    spec: Specification
    outcome: Array
    binary: bool
    leaving: float | None
    why: str = ""

    @property
    def unit(self) -> str:
        """Unit of the outcome: share for 0/1, score for counts, else amount."""
        if self.binary:
            return "share"
        counted = self.spec.model in {"poisson", "poisson_fe"}
        y = self.outcome[np.isfinite(self.outcome)]
        return "score" if counted and (y == np.round(y)).all() else "amount"


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """The rows that carry a value everywhere, and the terms of interest.

    `effects` is what the model takes out of them, `singletons` the rows left out
    since customer effects would leave nothing of them.
    """

    keep: npt.NDArray[np.bool_]
    y: Array
    x: Array
    names: tuple[str, ...]
    entity: Ints
    time: Ints
    cluster: Ints
    cluster_labels: npt.NDArray[np.object_]
    dropped: tuple[str, ...]
    effects: Effects
    singletons: int


def keyed(periods: pd.DataFrame, spec: Specification) -> Long:
    """Read the keys of a panel once, for several specifications of it."""
    return to_long(periods, spec.entity, spec.time)


def prepare(periods: pd.DataFrame | Long, spec: Specification) -> Prepared:
    """Check the columns and keys, cut rows after a customer left, settle "auto".

    `periods` may have its keys read already, by `keyed`.
    """
    check(spec)
    frame = periods.frame if isinstance(periods, Long) else periods
    _checks.columns(frame, columns_of(spec), "periods")
    long = (
        periods if isinstance(periods, Long) else keyed(periods[columns_of(spec)], spec)
    )
    outcome = long.values(spec.outcome)
    long.values(spec.score)
    leaving = leaving_value(long, outcome)
    if leaving is not None:
        at_risk = until_left(long, outcome, leaving)
        long, outcome = long.rows(at_risk), outcome[at_risk]
    binary = is_binary(outcome)
    model, why = settle(spec, long, outcome, leaving=leaving, binary=binary)
    settled = replace(spec, model=model)
    _check_periods(settled, long)
    return Prepared(long, settled, outcome, binary, leaving, why)


def _check_periods(spec: Specification, long: Long) -> None:
    if not long.single_period:
        return
    if spec.model in WITHIN:
        raise DataError(
            "customer fixed effects need at least two periods per customer and there "
            "is one; use `model` 'auto' for a cross-section, which is an association."
        )
    if spec.lag:
        raise DataError(
            f"a lag of {spec.lag} needs at least two periods per customer and there "
            "is one; set `lag` to 0 for a cross-section."
        )


def select(prepared: Prepared, *, extra: tuple[tuple[str, int], ...] = ()) -> Rows:
    """Lag the score and drivers, keep complete rows, and drop what is absorbed.

    `extra` adds the score at other lags ((name, lag), negative for a lead) after
    the score itself.
    """
    long, spec = prepared.long, prepared.spec
    score = long.values(spec.score)
    terms = [(spec.score, score, spec.lag), *((n, score, lag) for n, lag in extra)]
    for name in spec.drivers:
        terms += [(term, v, spec.lag) for term, v in _driver(long, name)]
    if spec.tenure and spec.model in LEAVING:
        bands = tenure_bands(spec.tenure, long.values(spec.tenure))
        terms += [(term, v, 0) for term, v in bands.items()]
    at, x = _complete(long, prepared.outcome, terms)
    keep = np.ones(len(at), dtype=bool)
    if spec.model in WITHIN:
        keep = np.bincount(long.entity[at])[long.entity[at]] > 1
    singletons = len(at) - int(keep.sum())
    keep &= informative(spec.model, prepared.outcome[at], long.time[at], keep)
    if not keep.all():
        at, x = at[keep], x[:, keep]
    _check_enough(prepared, at)
    return _drop_absorbed(prepared, at, x, [t[0] for t in terms], singletons)


def _complete(
    long: Long, outcome: Array, terms: list[tuple[str, Array, int]]
) -> tuple[Ints, Array]:
    """Return the rows in which outcome and terms have a value, and the terms there."""
    before = {lag: long.before(lag) for lag in {t[2] for t in terms}}
    found = np.isfinite(outcome)
    for rows in before.values():
        found &= rows >= 0
    at = np.flatnonzero(found)
    x = np.empty((len(terms), len(at)))
    for row, (_, values, lag) in zip(x, terms, strict=True):
        np.take(values, before[lag][at], out=row, mode="clip")
    finite = np.isfinite(x).all(axis=0)
    return (at, x) if finite.all() else (at[finite], x[:, finite])


def _driver(long: Long, name: str) -> list[tuple[str, Array]]:
    """Return a number as it is, text as one 0/1 column a level but the first."""
    if numeric(long.frame, name):
        return [(name, long.values(name))]
    text = long.frame[name].astype("string")
    levels = sorted(text.dropna().unique())
    if len(levels) > 20:
        raise DataError(
            f"driver '{name}' has {len(levels)} different texts; group them into 20 "
            "or fewer."
        )
    blank = text.isna().to_numpy()
    return [
        (f"{name}: {level}", np.where(blank, np.nan, flags.to_numpy(float, na_value=0)))
        for level in levels[1:]
        for flags in [text == level]
    ]


def _check_enough(prepared: Prepared, at: Ints) -> None:
    """Raise where too little is left after lagging, saying what went missing."""
    long, spec = prepared.long, prepared.spec
    customers = np.count_nonzero(np.diff(long.entity[at])) + 1 if len(at) else 0
    if customers >= 3 and len(at) >= 5:
        return
    score = long.values(spec.score)
    raise DataError(
        f"'{spec.outcome}' cannot be regressed on '{spec.score}': "
        f"{len(at):,} usable rows of {customers:,} customers are left.",
        problems=[
            Problem(
                rule=f"rows with '{spec.outcome}', and '{spec.score}' {spec.lag} "
                f"{long.calendar.name}s before, are too few",
                rows=len(at),
                fix=f"{int(np.isfinite(score).sum()):,} of {len(score):,} rows have a "
                "score. Lengthen the panel, or set a smaller `lag`.",
            )
        ],
    )


def _drop_absorbed(
    prepared: Prepared, at: Ints, x: Array, names: list[str], singletons: int
) -> Rows:
    """Drop drivers that effects or other drivers leave nothing of."""
    long, spec = prepared.long, prepared.spec
    entity, time = compact(long.entity[at]), long.time[at]
    taken = effects_of(entity, time, spec.model)
    left = taken.out(x)
    spread = np.square(x - x.mean(axis=1, keepdims=True)).sum(axis=1)
    absorbed = np.square(left).sum(axis=1) <= NEGLIGIBLE * np.maximum(spread, 1e-300)
    if absorbed[0]:
        raise DataError(_flat_score(spec, varies=bool(spread[0] > 0)))
    _check_outcome(spec, prepared.outcome[at], taken)
    kept = tuple(n for n, a in zip(names, absorbed, strict=True) if not a)
    _check_rank(left[~absorbed], kept)
    cluster, labels = _clusters(prepared, at, entity)
    keep = np.zeros(len(long.entity), dtype=bool)
    keep[at] = True
    return Rows(
        keep=keep, y=prepared.outcome[at], x=(x[~absorbed] if absorbed.any() else x).T,
        names=kept, entity=entity, time=time, cluster=cluster, cluster_labels=labels,
        dropped=tuple(n for n, a in zip(names, absorbed, strict=True) if a),
        effects=taken, singletons=singletons,
    )  # fmt: skip


def effects_of(entity: Ints, time: Ints, model: str) -> Effects:
    """Return the effects that a model takes out of rows sorted by customer."""
    return effects(
        entity, time, customers=model in WITHIN, periods=model in PERIOD_EFFECTS,
    )  # fmt: skip


def _flat_score(spec: Specification, *, varies: bool) -> str:
    if varies:
        return (
            f"'{spec.score}' does not vary within customers beyond what all share, so "
            "fixed effects leave nothing of it; use `model` 'pooled' and read an "
            "association between customers."
        )
    return f"'{spec.score}' has the same value in every usable row: nothing to compare."


def _check_outcome(spec: Specification, y: Array, taken: Effects) -> None:
    """Raise where effects leave nothing of the outcome: an error of 0 is no proof."""
    if y.min() == y.max():
        raise DataError(
            f"'{spec.outcome}' is {y[0]:g} in every usable row: nothing to explain."
        )
    if spec.model not in {"two_way", "one_way", "pooled", "poisson_fe"}:
        return
    spread = float(np.square(y - y.mean()).sum())
    if float(np.square(taken.out(y[None])).sum()) <= NEGLIGIBLE**2 * spread:
        raise DataError(
            f"'{spec.outcome}' does not vary within customers beyond what all share: "
            "nothing is left to explain."
        )


def residual(x: Array, entity: Ints, time: Ints, model: str) -> Array:
    """Return what is left of the columns after the model's effects."""
    return effects_of(entity, time, model).out(x.T).T


def _check_rank(left: Array, names: tuple[str, ...]) -> None:
    scaled = left / np.sqrt(np.square(left).sum(axis=1, keepdims=True))
    cross = scaled @ scaled.T
    for j in range(1, len(names)):
        own = np.linalg.lstsq(cross[:j, :j], cross[:j, j], rcond=None)[0]
        if 1 - cross[:j, j] @ own < NEGLIGIBLE:
            raise DataError(
                f"driver '{names[j]}' is an exact combination of "
                f"{', '.join(repr(n) for n in names[:j])} (collinear); drop one of "
                "them."
            )


def _clusters(
    prepared: Prepared, at: Ints, entity: Ints
) -> tuple[Ints, npt.NDArray[np.object_]]:
    """Return the cluster of each row, coded without holes, and the labels."""
    spec = prepared.spec
    every, labels = prepared.long.groups(spec.clusters)
    codes = every[at]
    blank = int((codes < 0).sum())
    if blank:
        raise DataError(
            f"{blank:,} rows have no `{spec.clusters}`; the errors are clustered by "
            "it: fill it in."
        )
    within = spec.cluster and spec.model in WITHIN
    same = np.diff(entity) == 0
    if within and (np.diff(codes)[same] != 0).any():
        raise DataError(
            f"some customers change their '{spec.clusters}'; cluster by a column that "
            "stays the same within a customer."
        )
    seen = np.bincount(codes, minlength=len(labels)) > 0
    if seen.sum() < 3:
        raise DataError(
            f"{seen.sum()} clusters of '{spec.clusters}': clustered errors "
            f"need 3 at the very least, and {FEW_CLUSTERS} to be trusted."
        )
    return compact(codes), labels[seen]


def solve(prepared: Prepared, rows: Rows) -> Solved:
    """Solve the regression of the selected rows."""
    spec = prepared.spec
    groups, n_entities = len(rows.cluster_labels), rows.effects.n_customers
    cov_type = spec.cov_type
    if cov_type == "auto":
        cov_type = "CRV3" if groups < FEW_CLUSTERS else "CR1"
    if spec.model == "logit":
        nuisance = np.column_stack([np.ones(len(rows.y)), dummies(rows.time)])
        flags = np.array([set(np.unique(c)) <= {0.0, 1.0} for c in rows.x.T])
        return logit(
            rows.y, rows.x, nuisance, cluster=rows.cluster, n_entities=n_entities,
            cov_type=cov_type, binary=flags,
        )  # fmt: skip
    if spec.model in CURVED:
        return solve_curved(curved(prepared, rows, cov_type))
    return least_squares(
        rows.y, rows.x, cluster=rows.cluster, effects=rows.effects, cov_type=cov_type
    )


def curved(prepared: Prepared, rows: Rows, cov_type: str) -> Curved:
    """Return the arrays of a model that is not a straight line."""
    spec, year = prepared.spec, prepared.long.calendar.per_year
    return Curved(
        model=spec.model, y=rows.y, x=rows.x,
        nuisance=np.column_stack([np.ones(len(rows.y)), dummies(rows.time)]),
        cluster=rows.cluster, entity=rows.entity,
        binary=np.array([set(np.unique(c)) <= {0.0, 1.0} for c in rows.x.T]),
        cov_type=cov_type, power=spec.power, leaving=prepared.leaving,
        horizon=float(round(year)) if year >= 1 else float("nan"),
    )  # fmt: skip
