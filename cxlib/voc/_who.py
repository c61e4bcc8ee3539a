"""Cells of respondents within which those who comment stand for the others."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib.data.convert import as_text
from cxlib.voc._score import ScaleLike, score_bands

Bools = npt.NDArray[np.bool_]
_NO_SCORE = "no score"


def cell_labels(
    frame: pd.DataFrame, said: Bools, *, scale: ScaleLike, score: str,
    by: str | None, min_n: int,
) -> pd.Series:  # fmt: skip
    """Return each respondent's cell: score band and segment, merged where few comment.

    A cell with fewer than `min_n` comments joins the small cells of its band; where
    these are too few together, the whole band is one cell; a band with too few joins
    the other such bands, and where that is not enough, everybody is one cell.
    """
    band = pd.Series(_NO_SCORE, index=frame.index, dtype=object)
    for name, inside in score_bands(frame, scale, score):
        band[inside] = name
    if not by:
        return _merged(band, said, min_n)
    text = as_text(frame[by])
    segment = text.where(text.notna(), "(blank)").astype(str)
    fine = band + ", " + segment
    small = _comments(fine, said) < min_n
    cell = fine.where(~small, band + ", others")
    few = _comments(cell, said) < min_n
    broken = band.isin(set(band[few]))
    return _merged(cell.where(~broken, band), said, min_n)


def _merged(cell: pd.Series, said: Bools, min_n: int) -> pd.Series:
    small = _comments(cell, said) < min_n
    cell = cell.where(~small, "others")
    if (_comments(cell, said) < min_n).any():
        return pd.Series("all", index=cell.index)
    return cell


def _comments(cell: pd.Series, said: Bools) -> pd.Series:
    """Return how many of each row's cell comment."""
    return pd.Series(said, index=cell.index).groupby(cell).transform("sum")
