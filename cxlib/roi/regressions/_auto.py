"""Which model an outcome asks for, why, and whether the one named fits it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cxlib.errors import DataError
from cxlib.roi._calendar import Ints
from cxlib.roi.regressions._long import Array, Long
from cxlib.roi.regressions._spec import BINARY, LEAVING, Model, Specification

SKEWED, COUNT_MEAN = 1.0, 20.0


def settle(
    spec: Specification,
    long: Long,
    outcome: Array,
    *,
    leaving: float | None,
    binary: bool,
) -> tuple[Model, str]:
    """Return the model and why it was chosen, empty where it was named."""
    if spec.model != "auto":
        _check_named(spec, outcome, leaving=leaving, binary=binary)
        return spec.model, ""
    if binary and leaving is not None:
        return "discrete_time", "customers leave for good"
    if binary and long.single_period:
        return "logit", "the outcome is 0 or 1 and each customer is seen once"
    if long.single_period:
        return _cross_section(outcome[np.isfinite(outcome)])
    return "two_way", "customers are seen in several periods"


def _cross_section(y: Array) -> tuple[Model, str]:
    """Choose by the shape of an outcome of which each customer has one value."""
    once = "each customer is seen once"
    if len(y) < 3 or y.min() < 0 or np.ptp(y) == 0:
        return "pooled", once
    skew = float(((y - y.mean()) ** 3).mean() / y.std() ** 3)
    zeros = float((y == 0).mean())
    if zeros and (y == np.round(y)).all() and y.mean() <= COUNT_MEAN and skew > 0.5:
        return "poisson", "the outcome is a count, skewed to the right"
    if zeros and skew > 0.5:
        return "two_part", f"{100 * zeros:.0f} % of the amounts are zero"
    if not zeros and skew > SKEWED:
        return "gamma", f"amounts are positive and skewed ({skew:.1f})"
    return "pooled", f"{once} and the outcome is not skewed to the right"


def _check_named(
    spec: Specification, outcome: Array, *, leaving: float | None, binary: bool
) -> None:
    """Raise DataError where the model named cannot be meant for the outcome."""
    name, model = spec.outcome, spec.model
    y = outcome[np.isfinite(outcome)]
    if model == "logit" and not binary:
        raise DataError(
            f"'{name}' does not hold both 0 and 1 and nothing else; "
            "a logit needs that: use `model` 'two_way'."
        )
    if model in LEAVING and leaving is None:
        raise DataError(
            f"'{name}' does not end a customer's rows, which `model` '{model}' is "
            "about: no customer is seen to leave and stay away; use 'logit' for 0/1."
        )
    if model in {"tweedie", "poisson", "poisson_fe", "two_part"} and (y < 0).any():
        raise DataError(
            f"{int((y < 0).sum()):,} rows of '{name}' are negative; `model` '{model}' "
            "is for amounts from zero up: use 'pooled' or 'two_way'."
        )
    if model == "gamma" and (y <= 0).any():
        raise DataError(
            f"{int((y <= 0).sum()):,} rows of '{name}' are zero or negative; a Gamma "
            "is for positive amounts: use `model` 'two_part' or 'tweedie' where there "
            "are zeros."
        )
    if model == "two_part":
        _check_parts(name, y)


def _check_parts(name: str, y: Array) -> None:
    """Raise DataError where an outcome has no two parts."""
    some = y > 0
    if some.all() or not some.any():
        raise DataError(
            f"'{name}' has no rows {'at' if some.all() else 'above'} zero, so there "
            "are no two parts; use `model` 'gamma' for positive amounts."
        )
    if np.ptp(y[some]) == 0:
        raise DataError(
            f"every '{name}' above zero is {y.max():g}, so there is no second part; "
            "use `model` 'logit' for 0/1."
        )


def informative(
    model: str, y: Array, time: Ints, keep: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """Return rows of periods whose effect is finite.

    Models of yes and no (the first part of two, too) need both in a period; other log
    links a mean above zero.
    """
    curved = {*BINARY, "two_part", "tweedie", "poisson", "poisson_fe"}
    if model not in curved or not len(y):
        return np.ones(len(y), dtype=bool)
    event = y if model in BINARY else (y > 0).astype(float)
    n = np.bincount(time[keep], minlength=int(time.max()) + 1)
    events = np.bincount(time[keep], event[keep], int(time.max()) + 1)
    full = n if model in {*BINARY, "two_part"} else n + 1
    return np.asarray(((events > 0) & (events < full))[time])


def tenure_bands(name: str, values: Array) -> dict[str, Array]:
    """Return 0/1 columns of the fifths of a tenure but the first."""
    seen = values[np.isfinite(values)]
    edges = np.unique(np.quantile(seen, [0.2, 0.4, 0.6, 0.8])) if len(seen) else seen
    band = np.searchsorted(edges, values, side="left").astype(float)
    lows = [f"{name} above {edge:g}" for edge in edges]
    found = {low: (band == at).astype(float) for at, low in enumerate(lows, 1)}
    blank = ~np.isfinite(values)
    kept = {low: flags for low, flags in found.items() if flags.any()}
    return {low: np.where(blank, np.nan, flags) for low, flags in kept.items()}
