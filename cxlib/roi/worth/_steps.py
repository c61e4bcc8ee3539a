"""The money arithmetic of a change of category, with its errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from cxlib.estimate.monotone import Wald, wald
from cxlib.roi.regressions._bent import Bent
from cxlib.roi.regressions.outcomes import Fits
from cxlib.roi.regressions.shape import Shape
from cxlib.roi.worth._worth import Terms, components
from cxlib.roi.worth.value import COMPONENTS, COST, RETENTION, REVENUE

Array = npt.NDArray[np.float64]
_PARTS = ("step1", "step2", "coef", "mean")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Steps:
    """Steps, slopes and means of revenue, cost and retention.

    Attributes
    ----------
    terms : Terms
        Its `theta` is (12,): first steps, second steps, slopes and means, each of
        revenue, cost and retention; its `covariance` joint and clustered.
    shares : ndarray, shape (3, 3)
        Of the rows by category, one row an outcome.
    points : ndarray, shape (3, 2)
        Score points of both steps, one row an outcome.
    names : tuple of str
        Of the categories.
    used, on_line : tuple of str
        Outcomes counted; those whose steps are the fitted line's.
    """

    terms: Terms
    shares: Array
    points: Array
    names: tuple[str, str, str]
    used: tuple[str, ...]
    on_line: tuple[str, ...]


def line_up(
    fits: Fits, shape: Shape, *, margin: float, horizon: int, discount_rate: float,
    per_year: float,
) -> Steps:  # fmt: skip
    """Line up what was estimated, zero for what was not."""
    asked = [REVENUE, COST] + ([RETENTION] if _stepped(shape, REVENUE) else [])
    found = {at: b for at, name in enumerate(asked) if (b := _stepped(shape, name))}
    theta, signs = np.zeros((4, 3)), np.ones((4, 3))
    theta[3, 2] = 1.0
    shares, points = np.tile([1.0, 0.0, 0.0], (3, 1)), np.zeros((3, 2))
    labels: dict[str, int] = {}
    for at, one in found.items():
        name, mean = one.fit.spec.outcome, fits.base.means[one.fit.spec.outcome]
        leaves = name == RETENTION and one.fit.leaving == 1
        signs[:, at] = -1 if leaves else 1
        slopes = [*one.steps["estimate"], one.slope]
        theta[:3, at] = signs[0, at] * np.array(slopes)
        theta[3, at] = 1 - mean if leaves else mean
        shares[at], points[at] = one.shares, one.points
        labels |= {f"{part}:{name}": 3 * k + at for k, part in enumerate(_PARTS)}
    kinds = [b.categories for b in found.values() if b.categories]
    fitted = [b.fit for b in found.values()]
    return Steps(
        terms=Terms(
            theta=theta.ravel(), covariance=_covariance(found, labels, signs.ravel()),
            margin=margin, horizon=horizon, discount_rate=discount_rate,
            per_year=per_year, df=min(f.row["df"] for f in fitted),
            lag_years=max(f.spec.lag for f in fitted) / per_year,
        ),
        shares=shares, points=points, names=kinds[0].names,
        used=tuple(f.spec.outcome for f in fitted),
        on_line=tuple(b.fit.spec.outcome for b in found.values()
                      if (b.steps["source"] == "line").any()),
    )  # fmt: skip


def _stepped(shape: Shape, name: str) -> Bent | None:
    found = shape.of(name)
    return found if found is not None and len(found.steps) else None


def _covariance(found: dict[int, Bent], labels: dict[str, int], signs: Array) -> Array:
    """Return the joint covariance of the twelve numbers."""
    pulls = pd.concat([one.pulls for one in found.values()], axis=1).fillna(0.0)
    matrix = np.zeros((len(pulls), 12))
    for label, at in labels.items():
        matrix[:, at] = signs[at] * pulls[label].to_numpy(dtype=float)
    return np.asarray(matrix.T @ matrix)


def worth_of(steps: Steps, theta: Array, *, flat: bool) -> Array:
    """Return the components and the sum of both steps, shape (2, 5).

    With `flat` each step is its points times the slope.
    """
    one, two, slope, mean = theta.reshape(4, 3)
    if flat:
        one, two = slope * steps.points[:, 0], slope * steps.points[:, 1]
    low = -(steps.shares[:, 1:].sum(axis=1) * one + steps.shares[:, 2] * two)
    rows = [
        components(steps.terms, np.concatenate([step, mean, start]))
        for step, start in ((one, low), (two, low + one))
    ]
    return np.array([[*row, row.sum()] for row in rows])


def valued(steps: Steps, level: float) -> tuple[pd.DataFrame, pd.DataFrame, Wald]:
    """Return both wins with the flat rule beside them, their components, its test."""

    def whole(theta: Array) -> Array:
        own, flat = (worth_of(steps, theta, flat=f) for f in (False, True))
        return np.concatenate([own.ravel(), flat[:, 4], own[:, 4] - flat[:, 4]])

    value = whole(steps.terms.theta)
    joint = _carried(whole, steps.terms)
    error = np.sqrt(np.clip(np.diag(joint), 0, None))
    half = stats.t.isf((1 - level) / 2, steps.terms.df) * error
    spans = {
        "estimate": value, "std_error": error, "ci_lower": value - half,
        "ci_upper": value + half,
    }  # fmt: skip
    names = [f"{a} made {b}" for a, b in zip(steps.names, steps.names[1:],
                                             strict=False)]  # fmt: skip
    sums = {k: v[[4, 9]] for k, v in spans.items()}
    for name, at in (("flat_rule", [10, 11]), ("against_flat", [12, 13])):
        sums |= {
            name if k == "estimate" else f"{name}_{k}": v[at] for k, v in spans.items()
        }
    parts = {k: v[:10].reshape(2, 5)[:, :4].ravel() for k, v in spans.items()}
    told = pd.DataFrame(
        {"transition": np.repeat(names, 4), "component": COMPONENTS * 2, **parts}
    )
    test = wald(value[12:], joint[12:, 12:], df=steps.terms.df)
    return (
        pd.DataFrame({"transition": names, **sums}),
        told[told["std_error"] > 0],
        test,
    )


def _carried(function: Callable[[Array], Array], terms: Terms) -> Array:
    """Return the covariance of some numbers by the delta method, done numerically."""
    size = np.sqrt(np.clip(np.diag(terms.covariance), 0, None))
    rows = []
    for at in np.flatnonzero(size):
        step = np.zeros(len(size))
        step[at] = 0.01 * size[at]
        ends = function(terms.theta + step) - function(terms.theta - step)
        rows.append(ends / (2 * step[at]))
    jacobian, moved = np.array(rows), np.flatnonzero(size)
    inner = terms.covariance[np.ix_(moved, moved)]
    return np.asarray(jacobian.T @ inner @ jacobian)
