"""Metric specifications from a params file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from cxlib import _checks
from cxlib.errors import ArgumentError
from cxlib.journeys.experiments.specs import (
    GeometricMean,
    Mean,
    Metric,
    Proportion,
    Ratio,
    Score,
    TimeTo,
)

KINDS: dict[str, type[Metric]] = {
    cls.kind: cls for cls in (Mean, Proportion, Ratio, Score, GeometricMean, TimeTo)
}


def metrics(declared: Sequence[Mapping[str, Any] | Metric]) -> tuple[Metric, ...]:
    """Build metric specifications from a params file.

    Parameters
    ----------
    declared : sequence of mapping or Metric
        Each with `name`, `kind` (mean, proportion, ratio, score, geometric_mean,
        time_to), `column` and the fields of that kind; blank values are as good as
        absent.

    Returns
    -------
    tuple of Metric

    Raises
    ------
    ArgumentError
        For an unknown kind or field (with the nearest allowed one), a missing field,
        a value outside its range, two metrics of one name, or no metric at all.

    Examples
    --------
    >>> metrics([{"name": "spend", "kind": "mean", "column": "spend"}])[0].role
    'decision'
    >>> metrics([{"name": "cost", "kind": "mean", "colum": "cost"}])
    Traceback (most recent call last):
        ...
    cxlib.errors.ArgumentError: metric 'cost' has the field 'colum'; did you mean...
    """
    if not declared:
        raise ArgumentError("`metrics` is empty; declare at least one metric.")
    built = tuple(
        one if isinstance(one, Metric) else _build(one, i + 1)
        for i, one in enumerate(declared)
    )
    names = [metric.name for metric in built]
    for name in names:
        if names.count(name) > 1:
            raise ArgumentError(
                f"`metrics` has {names.count(name)} metrics named '{name}'."
            )
    return built


def _build(given: Mapping[str, Any], position: int) -> Metric:
    """Build one metric, wording every mistake."""
    if not isinstance(given, Mapping):
        raise ArgumentError(
            f"`metrics` item {position} is {given!r}; give name, kind, column."
        )
    where = f"metric '{given.get('name') or f'number {position}'}'"
    if not given.get("kind"):
        raise ArgumentError(f"{where} lacks `kind`; use one of {', '.join(KINDS)}.")
    if given["kind"] not in KINDS:
        hint = _checks.did_you_mean(str(given["kind"]), KINDS)
        raise ArgumentError(f"{where} has the kind {given['kind']!r}; {hint}")
    cls = KINDS[given["kind"]]
    known = [part.name for part in fields(cls)]
    for key in given:
        if key not in known and key != "kind":
            hint = _checks.did_you_mean(key, known)
            raise ArgumentError(f"{where} has the field {key!r}; {hint}")
    for key in ("name", "column"):
        if not given.get(key):
            raise ArgumentError(f"{where} lacks `{key}`.")
    filled = {k: v for k, v in given.items() if k != "kind" and v not in (None, "")}
    for key in ("margin", "min_effect"):
        if isinstance(filled.get(key), str):
            raise ArgumentError(
                f"{where}: `{key}` is {filled[key]!r}; give a number in the metric's "
                "unit, shares as fractions (0.005 for half a percentage point)."
            )
    return cls(**filled)
