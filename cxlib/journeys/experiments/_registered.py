"""Criteria as plain values: one way to write them, a digest, and what changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any, Literal

from cxlib import _checks
from cxlib.errors import ArgumentError
from cxlib.journeys._words import CORRECTIONS
from cxlib.journeys.experiments.declared import KINDS
from cxlib.journeys.experiments.declared import metrics as build
from cxlib.journeys.experiments.specs import Metric, Score

RULES: dict[str, tuple[str, ...]] = {
    "ship_if": ("any", "all"),
    "trade_off": ("hold", "roll back"),
    "worth": ("interval", "estimate"),
}
DEFAULT_RULE = {name: allowed[0] for name, allowed in RULES.items()}
MIN_DIGITS = 8
_PRESENTATION = {"name", "unit"}
Status = Literal["not registered", "as registered", "changed"]


def complete(given: Mapping[str, str] | None) -> dict[str, str]:
    """Complete the rule with its defaults, wording every mistake."""
    for name, value in (given or {}).items():
        if name not in RULES:
            hint = _checks.did_you_mean(name, RULES)
            raise ArgumentError(f"`rule` has the field {name!r}; {hint}")
        _checks.one_of(value, f"rule.{name}", RULES[name])
    return DEFAULT_RULE | dict(given or {})


def canonical(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return criteria as plain values that do not depend on how they were written."""
    found = dict(given)
    if "metrics" in found:
        found["metrics"] = {m.name: _metric(m) for m in _built(found["metrics"])}
    for name in ("treatments", "segments"):
        if name in found:
            found[name] = sorted(set(found[name] or ()))
    if "correction" in found:
        _checks.one_of(found["correction"], "correction", CORRECTIONS)
    for name in ("confidence_level", "srm_alpha"):
        if name in found:
            _checks.in_range(found[name], name, 0, 1, ends="()")
    if "horizon" in found:
        _checks.in_range(found["horizon"], "horizon", 0, float("inf"), ends="[)")
    return {name: _plain(value, name) for name, value in found.items()}


def _built(given: Any) -> tuple[Metric, ...]:  # noqa: ANN401
    """Build metrics, also from criteria that were written by name."""
    if not isinstance(given, Mapping):
        return build(given)
    named = []
    for name, spec in given.items():
        one = {"name": name} | dict(spec)
        if isinstance(one.get("scale"), Mapping):
            one["scale"] = {"name": "registered"} | dict(one["scale"])
        named.append(one)
    return build(named)


def _metric(metric: Metric) -> dict[str, Any]:
    """Return what of a metric decides; not how it is shown."""
    found = {
        part.name: getattr(metric, part.name)
        for part in fields(metric)
        if part.name not in _PRESENTATION
    }
    if isinstance(metric, Score):
        scale = metric.rule
        names = ("low", "high", "kind", "top_from", "bottom_to", "integer")
        values = {name: getattr(scale, name) for name in names}
        found["scale"] = {k: v for k, v in values.items() if v == v}  # noqa: PLR0124
    kept = {k: v for k, v in found.items() if v is not None and v != ""}
    return {"kind": metric.kind} | kept


def _plain(value: Any, where: str) -> Any:  # noqa: ANN401
    """Return a value that JSON writes in one way only."""
    if value is None or isinstance(value, bool | str):
        return value or "" if not isinstance(value, bool) else value
    if isinstance(value, int | float) and value == value:  # noqa: PLR0124
        return float(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(part, where) for key, part in value.items()}
    if isinstance(value, Sequence):
        return [_plain(part, where) for part in value]
    raise ArgumentError(
        f"`{where}` holds {value!r}; give numbers, texts, lists or mappings of them."
    )


def digest_of(declared: Mapping[str, Any]) -> str:
    metrics = {name: _own(spec) for name, spec in declared["metrics"].items()}
    kept = {name: value for name, value in declared.items() if value} | {
        "metrics": metrics
    }
    written = json.dumps(kept, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(written.encode()).hexdigest()


def _own(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a metric is not its kind's default."""
    usual = {part.name: part.default for part in fields(KINDS[spec["kind"]])}
    return {
        name: value
        for name, value in spec.items()
        if name not in usual or value != usual[name]
    }


def compare_with(
    declared: Mapping[str, Any], digest: str, registered: str | Mapping[str, Any]
) -> tuple[Status, tuple[str, ...]]:
    """Return whether the criteria are as registered, and what changed."""
    if not registered:
        return "not registered", ()
    if isinstance(registered, Mapping):
        for name in registered:
            if name not in declared:
                hint = _checks.did_you_mean(name, declared)
                raise ArgumentError(f"`registered` has the criterion {name!r}; {hint}")
        given = dict(registered)
        if "rule" in given:
            given["rule"] = complete(given["rule"])
        changes = tuple(_changes(canonical(given), declared))
        return ("changed", changes) if changes else ("as registered", ())
    short = registered.strip().lower().rstrip("…")
    hexadecimal = all(c in "0123456789abcdef" for c in short)
    if not hexadecimal or not MIN_DIGITS <= len(short) <= len(digest):
        raise ArgumentError(
            f"`registered` is {registered!r}; give the first {MIN_DIGITS} to 64 hex "
            "digits of a digest, or the criteria themselves."
        )
    return ("as registered" if digest.startswith(short) else "changed"), ()


def _changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """Yield what differs, in words."""
    for name, old in before.items():
        new = now[name]
        if name == "metrics":
            yield from _metric_changes(old, new)
        elif isinstance(old, Mapping) and isinstance(new, Mapping):
            for key in dict.fromkeys([*old, *new]):
                if old.get(key) != new.get(key):
                    yield f"{key} from {said(old.get(key))} to {said(new.get(key))}"
        elif old != new:
            yield f"{name.replace('_', ' ')} from {said(old)} to {said(new)}"


def _metric_changes(
    before: Mapping[str, Any], now: Mapping[str, Any]
) -> Iterator[str]:  # fmt: skip
    for name in dict.fromkeys([*before, *now]):
        old, new = before.get(name), now.get(name)
        if old is None or new is None:
            yield f"{name} was {'added' if old is None else 'removed'}"
            continue
        parts = dict.fromkeys([*old, *new])
        if old["kind"] != new["kind"]:
            parts = {part: None for part in parts if part in old and part in new}
        for part in parts:
            if old.get(part) != new.get(part):
                label = part.replace("_", " ")
                yield (
                    f"{label} of {name} from {said(old.get(part))} to "
                    f"{said(new.get(part))}"
                )


def said(value: Any) -> str:  # noqa: ANN401
    """Return a canonical value in words."""
    if value is None or value in ("", [], {}):
        return "none"
    if isinstance(value, float):
        return f"{value:,.10g}"
    if isinstance(value, list):
        return ", ".join(map(said, value))
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {said(part)}" for key, part in value.items())
    return str(value)
