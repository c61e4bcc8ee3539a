"""One registry of survey scales: which answers count, how, and in what unit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib import _checks
from cxlib.errors import ArgumentError

Kind = Literal["net", "share", "mean"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How answers on one question become a score.

    Attributes
    ----------
    name, label : str
        Key in the registry; what a report calls the score.
    low, high : float
        Smallest and largest valid answer; anything else is invalid, never rescaled.
    kind : {"net", "share", "mean"}
        Top share minus bottom share (points, -100..100), top share (0..1) or mean.
    top_from, bottom_to : float
        First answer of the top box; last answer of the bottom box ("net" only).
    integer : bool
        Whether a fractional answer (an average, say) is invalid.
    """

    name: str
    label: str
    low: float
    high: float
    kind: Kind
    top_from: float = float("nan")
    bottom_to: float = float("nan")
    integer: bool = True

    @property
    def unit(self) -> str:
        """Unit of the score: 'points', 'share' or 'score'."""
        return {"net": "points", "share": "share", "mean": "score"}[self.kind]

    @property
    def factor(self) -> float:
        """Multiplier from the mean of `values` to the unit (100 for points)."""
        return 100.0 if self.kind == "net" else 1.0

    @property
    def rule(self) -> str:
        """The counting rule in words, printed in every report."""
        span = f"answers {self.low:g}-{self.high:g}"
        top = f"{self.top_from:g}-{self.high:g}"
        if self.kind == "net":
            return (
                f"share of {top} minus share of {self.low:g}-{self.bottom_to:g}, {span}"
            )
        return f"share of {top}, {span}" if self.kind == "share" else f"mean, {span}"

    def valid(self, scores: pd.Series) -> pd.Series:
        """Return True where an answer lies on the scale; False where blank or not."""
        number = _numbers(scores)
        inside = number.between(self.low, self.high)
        return inside & ((number % 1 == 0) | (not self.integer))

    def values(self, scores: pd.Series) -> npt.NDArray[np.float64]:
        """Return one value an answer: -1/0/1, 0/1 or the answer; NaN if not valid.

        Examples
        --------
        >>> import pandas as pd
        >>> get("nps").values(pd.Series([10, 8, 3, None, 11]))
        array([ 1.,  0., -1., nan, nan])
        """
        number = _numbers(scores).to_numpy()
        top = (number >= self.top_from).astype(float)
        bottom = (number <= self.bottom_to).astype(float)
        value = {"net": top - bottom, "share": top, "mean": number}[self.kind]
        return np.where(self.valid(scores).to_numpy(dtype=bool), value, np.nan)


def _numbers(scores: pd.Series) -> pd.Series:
    """Plain floats, NaN where blank or no number, whatever the column's type."""
    return pd.to_numeric(scores, errors="coerce").astype("float64")


_BUILTIN = (
    Scale(name="nps", label="NPS", low=0, high=10, kind="net", top_from=9, bottom_to=6),
    Scale(
        name="nps_1_10", label="NPS (1-10)", low=1, high=10, kind="net",
        top_from=9, bottom_to=6,
    ),
    Scale(name="csat", label="CSAT", low=1, high=5, kind="share", top_from=4),
    Scale(name="csat_mean", label="CSAT mean", low=1, high=5, kind="mean"),
    Scale(name="ces", label="CES", low=1, high=7, kind="share", top_from=5),
    Scale(name="ces_mean", label="CES mean", low=1, high=7, kind="mean"),
    Scale(name="sus", label="SUS", low=0, high=100, kind="mean", integer=False),
    Scale(name="likert", label="Likert mean", low=1, high=5, kind="mean"),
    Scale(
        name="likert_top", label="Likert top 2", low=1, high=5, kind="share",
        top_from=4,
    ),
)  # fmt: skip
REGISTRY: Mapping[str, Scale] = {scale.name: scale for scale in _BUILTIN}


def get(scale: str | Mapping[str, Any] | Scale) -> Scale:
    """Return a scale by name, or build one declared in the params file.

    Parameters
    ----------
    scale : str, mapping or Scale
        A registry key, or the fields of `Scale` (`name`, `low`, `high`, `kind` and
        the cut points).

    Returns
    -------
    Scale

    Raises
    ------
    ArgumentError
        For an unknown name or field, or cut points that do not fit the range.

    Examples
    --------
    >>> get("csat").rule
    'share of 4-5, answers 1-5'
    >>> get({"name": "stars", "low": 1, "high": 5, "kind": "mean"}).unit
    'score'
    """
    if isinstance(scale, Scale):
        return scale
    if isinstance(scale, str):
        if scale not in REGISTRY:
            hint = _checks.did_you_mean(scale, REGISTRY)
            raise ArgumentError(f"`scale` is {scale!r}; {hint}")
        return REGISTRY[scale]
    if not isinstance(scale, Mapping):
        raise ArgumentError(
            f"`scale` is {scale!r}; name one ({', '.join(REGISTRY)}) or declare one."
        )
    return _declared(dict(scale))


def _declared(given: dict[str, Any]) -> Scale:
    """Build a scale from params and check that its parts fit together."""
    known = [f.name for f in fields(Scale)]
    for key in given:
        if key not in known:
            hint = _checks.did_you_mean(key, known)
            raise ArgumentError(f"`scale` has the field {key!r}; {hint}")
    for key in ("name", "low", "high", "kind"):
        if key not in given:
            raise ArgumentError(f"`scale` lacks the field '{key}'.")
    _checks.one_of(given["kind"], "scale.kind", ("net", "share", "mean"))
    for key in ("low", "high", "top_from", "bottom_to"):
        if key in given:
            _checks.in_range(given[key], f"scale.{key}", -math.inf, math.inf, ends="()")
    built = Scale(**({"label": str(given["name"])} | given))
    _check_cuts(built)
    return built


def _check_cuts(scale: Scale) -> None:
    """Raise unless low < high and the boxes lie inside and apart."""
    if not scale.low < scale.high:
        raise ArgumentError(
            f"`scale` runs from {scale.low:g} to {scale.high:g}; `low` must be below "
            "`high`."
        )
    if scale.kind != "mean" and not scale.low < scale.top_from <= scale.high:
        raise ArgumentError(
            f"`scale.top_from` is {scale.top_from:g}; a '{scale.kind}' scale needs it "
            f"above {scale.low:g} and up to {scale.high:g}."
        )
    if scale.kind == "net" and not scale.low <= scale.bottom_to < scale.top_from:
        raise ArgumentError(
            f"`scale.bottom_to` is {scale.bottom_to:g}; a 'net' scale needs it from "
            f"{scale.low:g} up to below {scale.top_from:g} (`top_from`)."
        )
