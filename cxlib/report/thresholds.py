"""Thresholds of a params file: what they say, and what is wrong with them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from cxlib.errors import ArgumentError

Side = Literal["min", "max"]
Key = tuple[str, ...]
RATE = "false_alarm_rate"
DEFAULT_RATE = 0.05
_MAX_RATE = 0.5
_SIDES: tuple[Side, ...] = ("min", "max")
_KEYS = (*_SIDES, "watch", RATE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One limit of a finding, in the unit that the report shows it in.

    `name` is an id, a label or a pattern with * of findings; `watch` the value from
    which it is worth watching; `rate` a false-alarm rate of its own, None where it
    shares the run's.
    """

    name: str
    side: Side
    value: float
    watch: float | None = None
    rate: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """All limits of a run; `rate` is what those without their own share."""

    limits: tuple[Limit, ...] = ()
    rate: float = DEFAULT_RATE


def read(given: Mapping[str, Any] | None) -> Thresholds:
    """Return the thresholds that a notebook's parameter holds.

    Parameters
    ----------
    given : mapping, optional
        Id, label or pattern (`*`) of findings -> {min: number} or {max: number},
        both for a band; with `watch` and `false_alarm_rate` where wanted. The key
        `false_alarm_rate` holds the rate of the whole run, 0.05 unless given.

    Returns
    -------
    Thresholds

    Raises
    ------
    ArgumentError
        With the first thing that is wrong.

    Examples
    --------
    >>> read({"NPS": {"min": 20}}).limits[0].side
    'min'
    >>> read({"NPS": 20})
    Traceback (most recent call last):
        ...
    cxlib.errors.ArgumentError: thresholds.NPS: is 20, which may be meant as a lowest \
or a highest value; write {min: 20} or {max: 20}.
    """
    for key, text in problems(given or {}):
        raise ArgumentError(f"{'.'.join(('thresholds', *key))}: {text}")
    limits: list[Limit] = []
    for name, entry in (given or {}).items():
        if name == RATE:
            continue
        limits += [
            Limit(
                name=name, side=side, value=float(entry[side]),
                watch=entry.get("watch"), rate=entry.get(RATE),
            )
            for side in _SIDES
            if side in entry
        ]  # fmt: skip
    rate = (given or {}).get(RATE, DEFAULT_RATE)
    return Thresholds(limits=tuple(limits), rate=float(rate))


def problems(given: object) -> Iterator[tuple[Key, str]]:
    """Yield everything wrong with thresholds: where, and how to mend it.

    Parameters
    ----------
    given : object
        The parameter as read from YAML.

    Yields
    ------
    tuple of (tuple of str, str)
        Keys below `thresholds`, and a sentence.

    Examples
    --------
    >>> list(problems({"NPS": {"minimum": 20}}))[0][1]
    "'minimum' is no key of a threshold; use min, max, watch, false_alarm_rate."
    """
    if not isinstance(given, Mapping):
        yield (), "is no mapping; write `finding: {min: number}`, one a line."
        return
    for name, entry in given.items():
        if name == RATE:
            yield from _rate_problems((name,), entry)
        elif isinstance(entry, Mapping):
            yield from _entry_problems(str(name), entry)
        else:
            yield (str(name),), _no_mapping(entry)


def _no_mapping(entry: object) -> str:
    """Say how to write what was probably meant by a bare value."""
    if _is_number(entry):
        return (
            f"is {entry}, which may be meant as a lowest or a highest value; "
            f"write {{min: {entry}}} or {{max: {entry}}}."
        )
    return f"is {_shown(entry)}; write {{min: number}} or {{max: number}}."


def _entry_problems(name: str, entry: Mapping[Any, Any]) -> Iterator[tuple[Key, str]]:
    """Yield what is wrong with one finding's limits."""
    unknown = [str(key) for key in entry if key not in _KEYS]
    for key in unknown:
        text = f"'{key}' is no key of a threshold; use {', '.join(_KEYS)}."
        yield (name, key), text
    if not unknown and not any(side in entry for side in _SIDES):
        yield (name,), "says neither min nor max; write {min: number} or {max: number}."
    bad = [key for key in ("min", "max", "watch") if not _fits(entry, key)]
    for key in bad:
        yield (
            (name, key),
            f"is {_shown(entry[key])}; it takes a number in the finding's unit "
            "(a share is a fraction: 0.05 for 5 %).",
        )
    if RATE in entry:
        yield from _rate_problems((name, RATE), entry[RATE])
    if not bad and not unknown:
        yield from _order_problems(name, entry)


def _order_problems(name: str, entry: Mapping[str, Any]) -> Iterator[tuple[Key, str]]:
    """Yield limits that contradict each other."""
    low, high, watch = (entry.get(key) for key in ("min", "max", "watch"))
    if low is not None and high is not None:
        if low >= high:
            yield (name,), f"min is {low} and max is {high}; min must lie below max."
        if watch is not None:
            yield (name, "watch"), "goes with min or with max, not with both."
    elif watch is not None and low is not None and watch < low:
        yield (
            (name, "watch"),
            f"is {watch}, below min {low}; give a value that is reached before it.",
        )
    elif watch is not None and high is not None and watch > high:
        yield (
            (name, "watch"),
            f"is {watch}, above max {high}; give a value that is reached before it.",
        )


def _rate_problems(key: Key, rate: object) -> Iterator[tuple[Key, str]]:
    """Yield a false-alarm rate that is none."""
    if not (_is_number(rate) and 0 < float(str(rate)) <= _MAX_RATE):
        yield (
            key,
            f"is {_shown(rate)}; it takes a number above 0, at most {_MAX_RATE} "
            "(0.05: 1 run in 20).",
        )


def _fits(entry: Mapping[Any, Any], key: str) -> bool:
    """Whether a key is left out or holds a number."""
    return key not in entry or _is_number(entry[key])


def _is_number(value: object) -> bool:
    """Whether a value is a finite number, and no truth value."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value)


def _shown(value: object) -> str:
    """Name a value that was given."""
    if value is None:
        return "empty"
    return f"the text '{value}'" if isinstance(value, str) else f"{value}"
