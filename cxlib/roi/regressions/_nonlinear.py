"""Models that are not straight lines, told as average marginal effects."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cxlib.errors import DataError
from cxlib.roi.regressions._curves import (
    Averages,
    Curve,
    average,
    complement,
    exponential,
    indices,
    level,
    log_log,
    logistic,
    raised,
    two_part,
)
from cxlib.roi.regressions._parts import (
    Part,
    chance,
    group_totals,
    log_mean,
    tweedie_power,
    within_counts,
)
from cxlib.roi.regressions._solve import Beyond, Kept, Solved, small_sample

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
POWERS = {"poisson": 1.0, "gamma": 2.0}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Curved:
    """One regression as arrays.

    Attributes
    ----------
    model : str
        A member of `CURVED`.
    y, x, nuisance : ndarray
        Shapes (n,), (n, k), (n, m); nuisance holds the constant and period effects.
    cluster, entity : ndarray of int
        Codes 0.. without holes.
    binary : ndarray of bool, shape (k,)
        Which columns of x are 0/1.
    cov_type : str
    power : float
        Variance power of a Tweedie; 0 to estimate it.
    leaving : float or None
        The value of y that ends a customer's rows.
    horizon : float
        Periods over which customers are kept; NaN for none.
    """

    model: str
    y: Array
    x: Array
    nuisance: Array
    cluster: Ints
    entity: Ints
    binary: npt.NDArray[np.bool_]
    cov_type: str
    power: float
    leaving: float | None
    horizon: float

    @property
    def groups(self) -> int:
        """Number of clusters."""
        return int(self.cluster.max()) + 1

    @property
    def design(self) -> Array:
        """All columns, those of interest first."""
        return np.column_stack([self.x, self.nuisance])


def solve_curved(problem: Curved) -> Solved:
    """Fit the model and average its marginal effects, with clustered errors.

    Notes
    -----
    Errors by the delta method on the stacked influence of all coefficients. But for a
    discrete-time logit, whose rows are held fixed as statsmodels does, they also count
    that the rows averaged over are a sample.
    """
    if problem.model == "poisson_fe":
        return _within(problem)
    parts, curve = _fit(problem)
    params = [part.coef for part in parts]
    pulls = np.column_stack([part.pull for part in parts])
    design = problem.design
    found = average(design, params, curve, binary=problem.binary)
    sampled = problem.model != "discrete_time"
    influence = _influence(problem, found, pulls, sampled=sampled)
    fitted = curve(indices(design, params)).value
    return _scaled(problem, parts, fitted, found.effects, influence,
                   _kept(problem, params, pulls))  # fmt: skip


def _fit(problem: Curved) -> tuple[tuple[Part, ...], Curve]:
    y, design = problem.y, problem.design
    if problem.model == "two_part":
        return _two_parts(problem), two_part
    if problem.model in {"discrete_time", "cloglog"}:
        return _hazard(problem)
    power = POWERS.get(problem.model, problem.power)
    part = log_mean(
        y, design, cluster=problem.cluster, groups=problem.groups,
        power=power or tweedie_power(y, design), name="mean",
    )  # fmt: skip
    return (part,), exponential


def _two_parts(problem: Curved) -> tuple[Part, Part]:
    some, design = problem.y > 0, problem.design
    any_part = chance(
        some.astype(float), design, cluster=problem.cluster, groups=problem.groups,
        link="logit", name="odds of any",
    )  # fmt: skip
    rest = design[some]
    constant = np.ptp(rest, axis=0) == 0
    if constant[: problem.x.shape[1]].any():
        raise DataError(
            "a driver does not vary among the rows with an amount, so the second part "
            "of a two-part model has no coefficient for it; drop it, or use `model` "
            "'tweedie'."
        )
    amount = log_mean(
        problem.y[some], rest, cluster=problem.cluster[some], groups=problem.groups,
        power=2.0, name="amount where any",
    )  # fmt: skip
    return any_part, amount


def _hazard(problem: Curved) -> tuple[tuple[Part, ...], Curve]:
    """Fit leaving, and return the curve of the outcome as the file has it."""
    leaves = (problem.y == problem.leaving).astype(float)
    linked = problem.model == "discrete_time"
    part = chance(
        leaves, problem.design, cluster=problem.cluster, groups=problem.groups,
        link="logit" if linked else "cloglog",
        name="odds of leaving" if linked else "hazard",
    )  # fmt: skip
    curve = logistic if linked else log_log
    return (part,), curve if problem.leaving == 1 else complement(curve)


def _kept(problem: Curved, params: list[Array], pulls: Array) -> Kept | None:
    if problem.leaving is None or not problem.horizon >= 1:
        return None
    hazard = logistic if problem.model == "discrete_time" else log_log
    curve = raised(complement(hazard), problem.horizon)
    found = average(problem.design, params, curve, binary=problem.binary)
    base = level(problem.design, params, curve)
    return Kept(
        horizon=problem.horizon, level=float(base.effects[0]), effects=found.effects,
        influence=_influence(problem, found, pulls, sampled=True),
        level_influence=_influence(problem, base, pulls, sampled=True)[:, 0],
    )  # fmt: skip


def _influence(
    problem: Curved, found: Averages, pulls: Array, *, sampled: bool
) -> Array:
    """Return each cluster's pull on averages, without a small-sample factor."""
    influence = pulls @ found.jacobian.T
    if not sampled:
        return influence
    around = (found.by_row - found.effects) / len(problem.y)
    return influence + group_totals(around, problem.cluster, problem.groups)


def _within(problem: Curved) -> Solved:
    """Return effects of a Poisson mean with customer levels: exp(b) times the mean."""
    entity, k = problem.entity, problem.x.shape[1]
    some = (np.bincount(entity, problem.y) > 0)[entity]
    effects = problem.nuisance[:, 1:]
    if not some.any():
        raise DataError("no customer has a count other than zero.")
    part = within_counts(
        problem.y, problem.x, effects, entity=entity, cluster=problem.cluster,
        groups=problem.groups,
    )  # fmt: skip
    mean, slopes = float(problem.y.mean()), part.coef[:k]
    factors = np.where(problem.binary, np.expm1(slopes), slopes)
    bends = np.where(problem.binary, np.exp(slopes), 1.0)
    around = group_totals((problem.y - mean)[:, None], problem.cluster, problem.groups)
    influence = part.pull[:, :k] * bends * mean + around / len(problem.y) * factors
    return _scaled(problem, (part,), part.fitted, factors * mean, influence, None)


def _scaled(
    problem: Curved,
    parts: tuple[Part, ...],
    fitted: Array,
    effects: Array,
    influence: Array,
    kept: Kept | None,
) -> Solved:
    """Put the small-sample factor on every influence."""
    cov_type = problem.cov_type
    if cov_type in {"CRV3", "CR1_slopes", "CR1_dummies"}:
        cov_type = "CR1"
    n, columns = len(problem.y), problem.design.shape[1]
    absorbed = int(problem.entity.max()) + 1 if problem.model == "poisson_fe" else 0
    factor = small_sample(cov_type, problem.groups, n, columns) ** 0.5
    if kept is not None:
        kept = replace(
            kept, influence=kept.influence * factor,
            level_influence=kept.level_influence * factor,
        )  # fmt: skip
    parts = tuple(replace(part, pull=part.pull * factor) for part in parts)
    return Solved(
        coef=effects, influence=influence * factor, clusters=np.arange(problem.groups),
        n=n, n_entities=int(problem.entity.max()) + 1,
        df_resid=max(n - len(parts) * columns - absorbed, 1), cov_type=cov_type,
        r2=parts[-1].r2, beyond=Beyond(parts=parts, fitted=fitted, kept=kept),
    )  # fmt: skip
