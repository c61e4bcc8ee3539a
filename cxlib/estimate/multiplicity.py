"""Adjust p-values of a family of tests."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from cxlib import _checks

Correction = Literal["holm", "fdr_bh", "fdr_by", "bonferroni", "none"]
CORRECTIONS: tuple[str, ...] = get_args(Correction)
CORRECTED: dict[str, str] = {
    "holm": "Holm", "bonferroni": "Bonferroni", "fdr_bh": "Benjamini-Hochberg",
    "fdr_by": "Benjamini-Yekutieli", "none": "no",
}  # fmt: skip


def adjust(
    pvalues: npt.ArrayLike, correction: Correction = "holm"
) -> npt.NDArray[np.float64]:
    """Return adjusted p-values; a NaN (untested) stays NaN and is not counted.

    Parameters
    ----------
    pvalues : array_like of float
        Raw p-values of one family.
    correction : {"holm", "fdr_bh", "fdr_by", "bonferroni", "none"}
        Holm to confirm (family-wise error; never less powerful than Bonferroni),
        Benjamini-Hochberg to explore; Benjamini-Yekutieli explores under any
        dependence of the tests, at a price in power.

    Returns
    -------
    ndarray of float

    References
    ----------
    Holm, S. (1979). A simple sequentially rejective multiple test procedure.
    Scandinavian Journal of Statistics 6, 65-70. Benjamini, Y. and Hochberg, Y.
    (1995). Controlling the false discovery rate. JRSS B 57, 289-300.
    doi:10.1111/j.2517-6161.1995.tb02031.x. Benjamini, Y. and Yekutieli, D. (2001).
    The control of the false discovery rate in multiple testing under dependency.
    Annals of Statistics 29, 1165-1188. doi:10.1214/aos/1013699998

    Examples
    --------
    >>> adjust([0.01, 0.04, float("nan")], "holm")
    array([0.02, 0.04,  nan])
    """
    _checks.one_of(correction, "correction", CORRECTIONS)
    raw = np.asarray(pvalues, dtype=float)
    tested = np.isfinite(raw)
    adjusted = raw.copy()
    if correction != "none" and tested.any():
        adjusted[tested] = _ADJUST[correction](raw[tested])
    return adjusted


def _holm(p: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Step down: p times the number of hypotheses left, never falling."""
    order = np.argsort(p)
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    return np.minimum(stepped, 1)[np.argsort(order)]


def _bonferroni(p: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """P times the number of hypotheses."""
    return np.minimum(p * len(p), 1)


def _bh(p: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Step up: p times m over its rank, never rising from the largest down."""
    order = np.argsort(-p)
    ranks = np.arange(len(p), 0, -1)
    stepped = np.minimum.accumulate(p[order] * len(p) / ranks)
    return np.minimum(stepped, 1)[np.argsort(order)]


def _by(p: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Benjamini-Hochberg times the harmonic sum: holds under any dependence."""
    return np.asarray(np.minimum(_bh(p) * np.sum(1 / np.arange(1, len(p) + 1)), 1))


_ADJUST = {"holm": _holm, "bonferroni": _bonferroni, "fdr_bh": _bh, "fdr_by": _by}
