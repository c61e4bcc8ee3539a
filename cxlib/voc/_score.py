"""Scores of those who say something, with the design of their rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib import scales

Array = npt.NDArray[np.float64]
ScaleLike = str | Mapping[str, Any] | scales.Scale


def score_values(frame: pd.DataFrame, score: str, scale: scales.Scale) -> Array:
    """Return the answers' values in the scale's unit (points are -100, 0, 100)."""
    return scale.values(frame[score]) * scale.factor
