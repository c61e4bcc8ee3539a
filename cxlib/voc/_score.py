"""Scores of those who say something, with the design of their rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib import _checks, scales
from cxlib.estimate import Design

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
ScaleLike = str | Mapping[str, Any] | scales.Scale


def score_values(frame: pd.DataFrame, score: str, scale: scales.Scale) -> Array:
    """Return the answers' values in the scale's unit (points are -100, 0, 100)."""
    return scale.values(frame[score]) * scale.factor


def least_squares(y: Array, columns: Array, plan: Design) -> tuple[Array, Array]:
    """Regress y on columns by weights; return coefficients and their influence values.

    The influence of row i is ``(X'WX)^-1 x_i w_i e_i``: with `design_se` it gives the
    sandwich standard error under the design.
    """
    w = plan.weights
    bread = np.linalg.pinv((columns * w[:, None]).T @ columns)
    slope = bread @ (columns * w[:, None]).T @ y
    residual = y - columns @ slope
    influence = (columns * (w * residual)[:, None]) @ bread
    return slope, influence


def score_bands(
    frame: pd.DataFrame, scale: ScaleLike, score: str
) -> list[tuple[str, Bools]]:
    """Return the score bands: (name, rows); one for all without a score."""
    if not scale:
        return [("all", np.ones(len(frame), dtype=bool))]
    chosen = scales.get(scale)
    _checks.columns(frame, [score], "responses")
    values = chosen.values(frame[score])
    if chosen.kind == "net":
        return [
            ("detractor", values == -1),
            ("passive", values == 0),
            ("promoter", values == 1),
        ]
    if chosen.kind == "share":
        return [("below top box", values == 0), ("top box", values == 1)]
    middle = (chosen.low + chosen.high) / 2
    return [("lower half", values < middle), ("upper half", values >= middle)]
