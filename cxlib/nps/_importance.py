"""The arithmetic of drivers: shares of R-squared, slopes, exact collinearity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from cxlib.errors import DataError
from cxlib.estimate import Design, estimate
from cxlib.estimate.design import Array
from cxlib.estimate.shapley import shapley_r2
from cxlib.nps import _words

_COLLINEAR = 1e-8
LOOK, KEEP = "worth a look", "keep up"
WAIT, SPARE = "can wait", "well rated, less at stake"
UNSURE = "cannot be placed"


def covariance(z: Array, weights: Array) -> Array:
    """Weighted covariance of the columns (scale of the weights does not matter)."""
    w = weights / weights.sum()
    centred = z - w @ z
    return np.asarray((centred * w[:, None]).T @ centred)


def importance(cov: Array, draws: Array, level: float) -> dict[str, Any]:
    """Shares, slopes and R-squared with percentile intervals."""
    tails = [(1 - level) / 2, (1 + level) / 2]
    parts, again = shapley_r2(cov)[0], shapley_r2(draws)
    total = again.sum(axis=1)
    shares = np.divide(
        again, total[:, None], out=np.zeros_like(again), where=total[:, None] > 0
    )
    low, high = np.quantile(shares, tails, axis=0)
    slope, slopes = _slopes(cov)[0], _slopes(draws)
    slope_low, slope_high = np.quantile(slopes, tails, axis=0)
    first = np.bincount(shares.argmax(axis=1), minlength=len(parts)) / len(shares)
    return {
        "r2": float(parts.sum()),
        "r2_ci": tuple(map(float, np.quantile(total, tails))),
        "columns": {
            "estimate": parts / parts.sum(), "ci_lower": low, "ci_upper": high,
            "r2_part": parts, "share_first": first, "coefficient": slope,
            "coefficient_ci_lower": slope_low, "coefficient_ci_upper": slope_high,
        },
    }  # fmt: skip


def _slopes(cov: Array) -> Array:
    inverse = np.linalg.pinv(cov[:, :-1, :-1], hermitian=True)
    return np.asarray(np.einsum("bij,bj->bi", inverse, cov[:, :-1, -1]))


def on_scale(x: Array, names: list[str], ends: Sequence[float]) -> None:
    """Raise for a driver with values off the scale that all share."""
    for name, column in zip(names, x.T, strict=True) if ends else ():
        off = np.isfinite(column) & ((column < ends[0]) | (column > ends[-1]))
        if off.any():
            seen = ", ".join(f"{v:g}" for v in np.unique(column[off])[:3])
            raise DataError(
                f"driver '{name}': {int(off.sum()):,} values lie off the declared "
                f"`item_scale` {ends[0]:g}-{ends[1]:g} (seen: {seen}); declare them "
                "under `missing`, or set `item_scale` to [] where drivers are not "
                "rated on one scale."
            )


def determined(cov: Array, names: list[str]) -> None:
    """Raise if a driver is an exact sum of others."""
    sd = np.sqrt(np.diag(cov))
    corr = cov / np.outer(sd, sd)
    values, vectors = np.linalg.eigh(corr)
    if values[0] > _COLLINEAR:
        return
    involved = [n for n, v in zip(names, vectors[:, 0], strict=True) if abs(v) > 1e-6]
    raise DataError(
        f"drivers {_words.listing(involved)} determine each other exactly, so their "
        "shares cannot be told apart; leave one out."
    )


def parts(cov: Array) -> dict[str, Array]:
    """Other splits of R-squared from one covariance: alone, last, Johnson's weights."""
    sd = np.sqrt(np.diag(cov))
    corr = cov / np.outer(sd, sd)
    x, xy = corr[:-1, :-1], corr[:-1, -1]
    inverse = np.linalg.inv(x)
    beta, vif = inverse @ xy, np.diag(inverse)
    values, vectors = np.linalg.eigh(x)
    root = (vectors * np.sqrt(values)) @ vectors.T
    return {
        "r2_first": xy**2, "r2_last": beta**2 / vif,
        "relative_weight": root**2 @ np.linalg.solve(root, xy) ** 2,
        "std_beta": beta, "correlation": xy, "vif": vif, "std_dev": sd[:-1],
    }  # fmt: skip


def performance(x: Array, plan: Design, level: float) -> dict[str, list[float]]:
    """Mean of each driver with the design's interval."""
    found = [estimate(c, "mean", plan=plan, confidence_level=level) for c in x.T]
    return {
        "mean": [one.estimate for one in found],
        "mean_ci_lower": [one.ci_lower for one in found],
        "mean_ci_upper": [one.ci_upper for one in found],
    }


def places(table: pd.DataFrame) -> list[str]:
    """Quadrant of each driver; none where an interval reaches the average."""
    if len(table) < 2:
        return [UNSURE] * len(table)
    share, mean = 1 / len(table), float(table["mean"].mean())
    named = {(1, -1): LOOK, (1, 1): KEEP, (-1, -1): WAIT, (-1, 1): SPARE}
    return [
        named.get(
            (
                _side(row["ci_lower"], row["ci_upper"], share),
                _side(row["mean_ci_lower"], row["mean_ci_upper"], mean),
            ),
            UNSURE,
        )
        for row in table.to_dict("records")
    ]


def _side(low: float, high: float, line: float) -> int:
    """1 above the line, -1 below, 0 where the interval touches it."""
    return int(low > line) - int(high < line)


def place_text(table: pd.DataFrame) -> str:
    """Drivers by quadrant in words."""
    if not table["place"].any():
        return (
            "The drivers are not rated on one scale, so their means are not compared."
        )
    meant = {
        LOOK: "Above-average share, rated below average",
        KEEP: "Above-average share, rated above average",
        WAIT: "Below-average share, rated below average",
        SPARE: "Below-average share, rated above average",
        UNSURE: "Cannot be placed, because an interval reaches an average",
    }
    told = [
        f"{words}: {_words.listing(names, most=len(table))}."
        for place, words in meant.items()
        if (names := table["driver"][table["place"] == place].tolist())
    ]
    return " ".join(told)
