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
from cxlib.roi.regressions._solve import (
    Ints,
    Solved,
    demean,
    dummies,
    least_squares,
    logit,
)
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
    """The rows that carry a value everywhere, and the terms of interest."""

    keep: npt.NDArray[np.bool_]
    y: Array
    x: Array
    names: tuple[str, ...]
    entity: Ints
    time: Ints
    cluster: Ints
    cluster_labels: npt.NDArray[np.object_]
    dropped: tuple[str, ...]


def prepare(periods: pd.DataFrame, spec: Specification) -> Prepared:
    """Check the columns and keys, cut rows after a customer left, settle "auto"."""
    check(spec)
    _checks.columns(periods, columns_of(spec), "periods")
    long = to_long(periods, spec.entity, spec.time)
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
    columns = {spec.score: long.shifted(long.values(spec.score), spec.lag)}
    for name, lag in extra:
        columns[name] = long.shifted(long.values(spec.score), lag)
    for name in spec.drivers:
        columns |= {term: long.shifted(v, spec.lag) for term, v in _driver(long, name)}
    if spec.tenure and spec.model in LEAVING:
        columns |= tenure_bands(spec.tenure, long.values(spec.tenure))
    x = np.column_stack(list(columns.values()))
    keep = np.isfinite(prepared.outcome) & np.isfinite(x).all(axis=1)
    if spec.model in WITHIN:
        keep &= np.bincount(long.entity, keep, long.n_entities)[long.entity] > 1
    keep &= informative(spec.model, prepared.outcome, long.time, keep)
    _check_enough(prepared, keep)
    return _drop_absorbed(prepared, keep, x[keep], list(columns))


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


def _check_enough(prepared: Prepared, keep: npt.NDArray[np.bool_]) -> None:
    """Raise where too little is left after lagging, saying what went missing."""
    long, spec = prepared.long, prepared.spec
    customers = len(np.unique(long.entity[keep]))
    if customers >= 3 and keep.sum() >= 5:
        return
    score = long.values(spec.score)
    raise DataError(
        f"'{spec.outcome}' cannot be regressed on '{spec.score}': "
        f"{int(keep.sum()):,} usable rows of {customers:,} customers are left.",
        problems=[
            Problem(
                rule=f"rows with '{spec.outcome}', and '{spec.score}' {spec.lag} "
                f"{long.calendar.name}s before, are too few",
                rows=int(keep.sum()),
                fix=f"{int(np.isfinite(score).sum()):,} of {len(score):,} rows have a "
                "score. Lengthen the panel, or set a smaller `lag`.",
            )
        ],
    )


def _drop_absorbed(
    prepared: Prepared, keep: npt.NDArray[np.bool_], x: Array, names: list[str]
) -> Rows:
    """Drop drivers that effects or other drivers leave nothing of."""
    long, spec = prepared.long, prepared.spec
    entity = np.unique(long.entity[keep], return_inverse=True)[1]
    time = long.time[keep]
    left = residual(x, entity, time, spec.model)
    spread = np.square(x - x.mean(axis=0)).sum(axis=0)
    absorbed = np.square(left).sum(axis=0) <= NEGLIGIBLE * np.maximum(spread, 1e-300)
    if absorbed[0]:
        raise DataError(_flat_score(spec, varies=bool(spread[0] > 0)))
    _check_rank(
        left[:, ~absorbed], [n for n, a in zip(names, absorbed, strict=True) if not a]
    )
    labels = long.frame[spec.clusters][keep]
    codes, levels = pd.factorize(labels)
    _check_clusters(spec, codes, entity)
    return Rows(
        keep=keep, y=prepared.outcome[keep], x=x[:, ~absorbed],
        names=tuple(n for n, a in zip(names, absorbed, strict=True) if not a),
        entity=entity.astype(np.int64), time=time, cluster=codes.astype(np.int64),
        cluster_labels=np.asarray(levels, dtype=object),
        dropped=tuple(n for n, a in zip(names, absorbed, strict=True) if a),
    )  # fmt: skip


def _flat_score(spec: Specification, *, varies: bool) -> str:
    if varies:
        return (
            f"'{spec.score}' does not vary within customers beyond what all share, so "
            "fixed effects leave nothing of it; use `model` 'pooled' and read an "
            "association between customers."
        )
    return f"'{spec.score}' has the same value in every usable row: nothing to compare."


def residual(x: Array, entity: Ints, time: Ints, model: str) -> Array:
    """Return what is left of the columns after the model's effects."""
    within = demean(x, entity) if model in WITHIN else x - x.mean(axis=0)
    if model not in PERIOD_EFFECTS or len(np.unique(time)) < 2:
        return within
    effects = dummies(time)
    effects = (
        demean(effects, entity) if model in WITHIN else effects - effects.mean(axis=0)
    )
    return np.asarray(
        within - effects @ np.linalg.lstsq(effects, within, rcond=None)[0]
    )


def _check_rank(left: Array, names: list[str]) -> None:
    scaled = left / np.sqrt(np.square(left).sum(axis=0))
    for j in range(1, len(names)):
        others = scaled[:, :j]
        fit = others @ np.linalg.lstsq(others, scaled[:, j], rcond=None)[0]
        if np.square(scaled[:, j] - fit).sum() < NEGLIGIBLE:
            raise DataError(
                f"driver '{names[j]}' is an exact combination of "
                f"{', '.join(repr(n) for n in names[:j])} (collinear); drop one of "
                "them."
            )


def _check_clusters(spec: Specification, codes: Ints, entity: Ints) -> None:
    if (codes < 0).any():
        raise DataError(
            f"{int((codes < 0).sum()):,} rows have no `{spec.clusters}`; the errors "
            "are clustered by it: fill it in."
        )
    within = spec.cluster and spec.model in WITHIN
    pairs = pd.DataFrame({"entity": entity, "cluster": codes}).drop_duplicates()
    if within and len(pairs) > int(entity.max()) + 1:
        raise DataError(
            f"some customers change their '{spec.clusters}'; cluster by a column that "
            "stays the same within a customer."
        )
    if len(np.unique(codes)) < 3:
        raise DataError(
            f"{len(np.unique(codes))} clusters of '{spec.clusters}': clustered errors "
            f"need 3 at the very least, and {FEW_CLUSTERS} to be trusted."
        )


def solve(prepared: Prepared, rows: Rows) -> Solved:
    """Solve the regression of the selected rows."""
    spec = prepared.spec
    groups, n_entities = int(rows.cluster.max()) + 1, int(rows.entity.max()) + 1
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
    y, x, nuisance = rows.y[:, None], rows.x, np.ones((len(rows.y), 1))
    within = spec.model in {"two_way", "one_way"}
    if within:
        y, x = demean(y, rows.entity), demean(x, rows.entity)
        effects = (
            dummies(rows.time) if spec.model == "two_way" else np.empty((len(y), 0))
        )
        nuisance = demean(effects, rows.entity) if effects.shape[1] else effects
    return least_squares(
        y[:, 0], x, nuisance, cluster=rows.cluster,
        absorbed=n_entities if within else 0, n_entities=n_entities,
        constant=not within, cov_type=cov_type,
    )  # fmt: skip


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
