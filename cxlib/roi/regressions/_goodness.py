"""Whether the form of a curved model fits: mean, spread, and means by tenth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from cxlib import _format
from cxlib.errors import DataError
from cxlib.roi.regressions._nonlinear import Curved, solve_curved
from cxlib.roi.regressions._parts import (
    Part,
    chance,
    group_totals,
    log_mean,
    within_counts,
)

Array = npt.NDArray[np.float64]
Row = tuple[str, str, str]
MAX_OFF, MAX_POWER_OFF, LEVEL, CALIBRATION_LEVEL = 0.10, 0.5, 0.05, 0.01
FORM, SPREAD, TENTHS = "form of the mean", "spread", "calibration"


@dataclass(frozen=True, slots=True, eq=False)
class _Index:
    """One part to be refitted with another column: its rows and how it is fitted."""

    part: Part
    rows: npt.NDArray[np.bool_]
    y: Array
    again: Callable[[Array], Part]


def goodness(problem: Curved) -> list[Row]:
    """Return check, status and detail of a curved model; nothing else is changed."""
    parts = _parts(problem)
    found = [_link(problem, parts)]
    means = [one for one in parts if np.isfinite(one.part.power)]
    if means and problem.model != "poisson_fe":
        found.append(_park(problem, means[-1]))
    return [*found, _calibrated(problem)]


def fitted_means(problem: Curved) -> Array:
    """Return the fitted mean of each row, in the outcome's own direction."""
    if problem.model == "logit":
        return _parts(problem)[0].part.fitted
    beyond = solve_curved(problem).beyond
    return beyond.fitted if beyond else np.full(len(problem.y), np.nan)


def _parts(problem: Curved) -> list[_Index]:
    """Return each index with a way to refit it on one column more."""
    every = np.ones(len(problem.y), dtype=bool)
    if problem.model == "logit":
        return [_chance(problem, every, problem.y, "logit")]
    if problem.model in {"discrete_time", "cloglog"}:
        link = "logit" if problem.model == "discrete_time" else "cloglog"
        leaves = (problem.y == problem.leaving).astype(float)
        return [_chance(problem, every, leaves, link)]
    if problem.model == "two_part":
        some = problem.y > 0
        first = _chance(problem, every, some.astype(float), "logit")
        return [first, _mean(problem, some, 2.0)]
    if problem.model == "poisson_fe":
        return [_counts(problem, every)]
    beyond = solve_curved(problem).beyond
    return [_mean(problem, every, beyond.parts[0].power)] if beyond else []


def _chance(
    problem: Curved, rows: npt.NDArray[np.bool_], y: Array, link: str
) -> _Index:
    def again(design: Array) -> Part:
        return chance(
            y, design, cluster=problem.cluster, groups=problem.groups, link=link,
            name="",
        )  # fmt: skip

    return _Index(again(problem.design), rows, y, again)


def _mean(problem: Curved, rows: npt.NDArray[np.bool_], power: float) -> _Index:
    y = problem.y[rows]

    def again(design: Array) -> Part:
        return log_mean(
            y, design, cluster=problem.cluster[rows], groups=problem.groups,
            power=power, name="",
        )  # fmt: skip

    return _Index(again(problem.design[rows]), rows, y, again)


def _counts(problem: Curved, rows: npt.NDArray[np.bool_]) -> _Index:
    def again(design: Array) -> Part:
        return within_counts(
            problem.y, design, np.empty((len(design), 0)), entity=problem.entity,
            cluster=problem.cluster, groups=problem.groups,
        )  # fmt: skip

    columns = np.column_stack([problem.x, problem.nuisance[:, 1:]])
    return _Index(again(columns), rows, problem.y, again)


def _design(problem: Curved, one: _Index) -> Array:
    if problem.model == "poisson_fe":
        return np.column_stack([problem.x, problem.nuisance[:, 1:]])
    return problem.design[one.rows]


def _link(problem: Curved, parts: list[_Index]) -> Row:
    """Refit with the squared index: it should add nothing (Pregibon)."""
    smallest = 1.0
    for one in parts:
        design = _design(problem, one)
        index = design @ one.part.coef
        spread = float(index.std())
        if spread == 0:
            continue
        squared = np.square((index - index.mean()) / spread)
        if len(np.unique(np.round(index, 9))) < 3 or _explained(design, squared):
            continue
        try:
            part = one.again(np.column_stack([design, squared]))
        except DataError:
            continue
        error = float(np.sqrt(np.square(part.pull[:, -1]).sum()))
        t = float(part.coef[-1]) / error if error else 0.0
        smallest = min(smallest, float(2 * stats.t.sf(abs(t), problem.groups - 1)))
    level = LEVEL / len(parts)
    told = f"a squared index adds {'little' if smallest >= level else 'to the fit'}"
    status = "pass" if smallest >= level else "caution"
    return FORM, status, f"{told} (link test, p {_format.pvalue(smallest)})"


def _explained(design: Array, column: Array) -> bool:
    left = column - design @ np.linalg.lstsq(design, column, rcond=None)[0]
    total = float(np.square(column - column.mean()).sum())
    return float(np.square(left).sum()) <= 1e-9 * max(total, 1e-300)


def _park(problem: Curved, one: _Index) -> Row:
    """Regress squared residuals on the mean: the slope is the variance power."""
    fitted, power = one.part.fitted, one.part.power
    squares = np.square(one.y - fitted)
    design = np.column_stack([np.log(fitted), np.ones(len(fitted))])
    if np.ptp(design[:, 0]) < 1e-6:
        return SPREAD, "pass", "one mean only: its spread cannot be told"
    try:
        part = log_mean(
            np.maximum(squares, 1e-9 * squares.mean()), design,
            cluster=problem.cluster[one.rows], groups=problem.groups, power=2.0,
            name="",
        )  # fmt: skip
    except DataError:
        return SPREAD, "pass", "squared residuals do not follow the mean"
    error = float(np.sqrt(np.square(part.pull[:, 0]).sum()))
    slope = float(part.coef[0])
    half = float(stats.t.isf(LEVEL / 2, problem.groups - 1)) * error
    outside = abs(slope - power) > half
    off = outside and abs(slope - power) > MAX_POWER_OFF
    detail = (
        f"variance grows with the mean to the power {slope:.1f} "
        f"({slope - half:.1f} to {slope + half:.1f}, Park test), {power:.1f} is used"
    )
    cost = "; the estimate holds, another family would be more precise" if off else ""
    return SPREAD, "caution" if off else "pass", detail + cost


def _calibrated(problem: Curved) -> Row:
    table = by_tenth(problem, confidence_level=0.95)
    t = np.abs((table["estimate"] - table["fitted"]) / table["std_error"])
    far = t > stats.t.isf(CALIBRATION_LEVEL / 2 / len(table), table["df"])
    off = np.abs(table["estimate"] - table["fitted"]) > MAX_OFF * np.abs(
        table["fitted"]
    )
    ratio = table["estimate"] / table["fitted"]
    detail = (
        f"mean observed over mean fitted, by {'tenth' if len(table) == 10 else 'group'}"
        f" of the fitted: {ratio.min():.2f} to {ratio.max():.2f}"
    )
    return TENTHS, "caution" if bool((far & off).any()) else "pass", detail


def by_tenth(problem: Curved, *, confidence_level: float) -> pd.DataFrame:
    """Return observed and fitted means by tenth of the fitted, errors clustered."""
    fitted = fitted_means(problem)
    edges = np.unique(np.quantile(fitted, np.linspace(0.1, 0.9, 9)))
    band = np.unique(np.searchsorted(edges, fitted), return_inverse=True)[1]
    rows = []
    for at in range(int(band.max()) + 1):
        inside = band == at
        observed, mean = float(problem.y[inside].mean()), float(fitted[inside].mean())
        around = np.where(inside, problem.y - fitted - (observed - mean), 0.0)
        sums = group_totals(around[:, None], problem.cluster, problem.groups)
        error = float(np.sqrt(np.square(sums).sum())) / int(inside.sum())
        clusters = len(np.unique(problem.cluster[inside]))
        error *= (clusters / max(clusters - 1, 1)) ** 0.5
        half = error * float(stats.t.isf((1 - confidence_level) / 2, clusters - 1))
        rows.append(
            (at + 1, int(inside.sum()), mean, observed, error, observed - half,
             observed + half, clusters - 1.0)
        )  # fmt: skip
    names = ["tenth", "n", "fitted", "estimate", "std_error", "ci_lower", "ci_upper"]
    names.append("df")
    return pd.DataFrame(rows, columns=names)
