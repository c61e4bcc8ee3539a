"""Scores of those who say something, with the design of their rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib import _checks, scales

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
ScaleLike = str | Mapping[str, Any] | scales.Scale


def score_values(frame: pd.DataFrame, score: str, scale: scales.Scale) -> Array:
    """Return the answers' values in the scale's unit (points are -100, 0, 100)."""
    return scale.values(frame[score]) * scale.factor


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
