"""What differs between two runs of one report, in a phrase."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cxlib.run.spoken import english

_MOST = 3
_QUIET = {"output_dir"}


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Return what changed between two manifests: figures, then their causes.

    Parameters
    ----------
    before, after : mapping
        Manifests of the same report.

    Returns
    -------
    str
        A phrase; empty where neither a headline figure nor an input differs.

    Examples
    --------
    >>> old = {"git": {"commit": "a" * 40}, "params": {"target": 25}}
    >>> differences(old, {"git": {"commit": "b" * 40}, "params": {"target": 20}})
    'settings (target) and code changed'
    """
    moved = list(_moved(before, after))
    more = f" and {len(moved) - _MOST} more" if len(moved) > _MOST else ""
    figures = f"{', '.join(moved[:_MOST])}{more}" if moved else ""
    causes = " and ".join(_causes(before, after))
    because = f"{causes} changed" if causes else ""
    return "; ".join(part for part in (figures, because) if part)


def _moved(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """Yield the headline figures that have another value, or none any more."""
    now = _figures(after)
    for identifier, old in _figures(before).items():
        new, label = now.get(identifier), old.get("label") or identifier
        if new is None:
            yield f"{label} is no longer among the headline figures"
        elif new.get("value") != old.get("value"):
            unit = new.get("unit") or ""
            yield f"{label} {old.get('value')} → {new.get('value')} {unit}".rstrip()


def _causes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """Yield what may have moved them: data, settings, code."""
    old, new = _hashes(before), _hashes(after)
    files = sorted(
        path for path in old.keys() | new.keys() if old.get(path) != new.get(path)
    )
    if files:
        yield f"data ({', '.join(files[:_MOST])})"
    was, now = _settings(before), _settings(after)
    names = sorted(
        name for name in was.keys() | now.keys() if was.get(name) != now.get(name)
    )
    if names:
        yield f"settings ({', '.join(names[:_MOST])})"
    if _code(before) != _code(after):
        yield "code"


def _figures(run: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    figures = english(run).get("figures") or []
    return {str(one["id"]): one for one in figures if "id" in one}


def _hashes(run: Mapping[str, Any]) -> dict[str, object]:
    return {str(one["path"]): one.get("sha256") for one in run.get("data") or []}


def _settings(run: Mapping[str, Any]) -> dict[str, object]:
    """Return every parameter that a run had, given or by default."""
    every = {**(run.get("defaults") or {}), **(run.get("params") or {})}
    return {name: value for name, value in every.items() if name not in _QUIET}


def _code(run: Mapping[str, Any]) -> tuple[object, ...]:
    git = run.get("git") or {}
    return git.get("commit"), run.get("notebook_sha256"), run.get("packages")
