"""Compare the numbers of two runs, each judged against what could have moved it."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from typing import Any

from cxlib.run.changes.earlier import Run
from cxlib.run.changes.noise import Move, move, verdicts
from cxlib.run.changes.overlap import Overlap

Steps = Mapping[str, Run]
_CLOSE = {"rel_tol": 1e-9, "abs_tol": 1e-12}


def rows(
    was: Run,
    now: Run,
    *,
    kinds: Collection[str],
    overlap: Overlap,
    steps: Steps | None = None,
) -> list[dict[str, Any]]:
    """Return one row for each number that both runs have, headline figures first.

    Parameters
    ----------
    was, now : Run
        The earlier and the present run.
    kinds : collection of str
        The kinds of causes that differ.
    overlap : Overlap
        What the data of the two runs share.
    steps : mapping of str to Run, optional
        The extra runs between the two, in order, each by the kinds it added to the
        one before ('code', 'settings').

    Returns
    -------
    list of dict
        As the module `cxlib.run.changes` documents them.

    Notes
    -----
    Chance is judged where data changed: between the present run and the last step
    before the new data, else the earlier run itself. With the same data a number
    that moved was moved by what else differs, whatever its size.
    """
    base = list(steps.values())[-1] if steps and "data" in kinds else was
    found = [
        _row(one, was, now, kinds=kinds, steps=steps or {}) for one in _common(was, now)
    ]
    if "data" not in kinds:
        return found
    judged = [row for row in found if _for_chance(row, base, kinds)]
    moves = [_move(row["id"], base, now, overlap) for row in judged]
    for row, one, verdict in zip(judged, moves, verdicts(moves), strict=True):
        row.update(noise=one.noise, level=one.level, verdict=verdict)
    return found


def _for_chance(row: dict[str, Any], base: Run, kinds: Collection[str]) -> bool:
    """Whether new data moved a number; else its verdict is settled here."""
    start = base.findings.get(row["id"])
    if start is None:
        row["verdict"] = "not separated"
        return False
    if not same(start["estimate"], row["now"]):
        return True
    if row["verdict"] == "moved":
        row["verdict"] = _unjudged(set(kinds) - {"data"})
    return False


def _move(name: str, base: Run, now: Run, overlap: Overlap) -> Move:
    before, after = base.findings[name], now.findings[name]
    levels = _level(before, base), _level(after, now)
    return move(before, after, overlap=overlap, levels=levels)


def only_in(one: Run, other: Run) -> list[str]:
    """Return the ids of the numbers that the other run does not have."""
    there = other.findings
    return [name for name in one.findings if name not in there]


def same(before: float, after: float) -> bool:
    """Whether two numbers are the same but for the last digits."""
    return math.isclose(before, after, **_CLOSE)


def label(finding: Mapping[str, Any], run: Run) -> str:
    """Return what a reader calls a number: as its card does, where it has one."""
    name = str(finding["id"])
    cards = {figure["id"]: figure.get("label") for figure in _figures(run)}
    text = str(cards.get(name) or finding.get("label") or name.replace("_", " "))
    return text[:1].upper() + text[1:]


def expected_by_chance(judged: Sequence[Mapping[str, Any]]) -> float:
    """Return how many of the judged numbers chance alone is expected to carry."""
    return sum(1 - float(row["level"]) for row in judged if row["noise"] is not None)


def _figures(run: Run) -> list[Mapping[str, Any]]:
    """Return the figures of the headline."""
    return list((run.record.get("headline") or {}).get("figures", []))


def _currency(run: Run) -> str:
    """Return the currency that the headline gives for an amount."""
    found = run.findings
    named = (
        str(figure.get("unit", ""))
        for figure in _figures(run)
        if found.get(figure["id"], {}).get("unit") == "amount"
    )
    return next(filter(None, named), "")


def _common(was: Run, now: Run) -> list[str]:
    """Return the ids in both runs, those of the headline first."""
    before, after = was.findings, now.findings
    first = [figure["id"] for figure in _figures(now) if figure["id"] in after]
    return [name for name in dict.fromkeys([*first, *after]) if name in before]


def _row(
    name: str, was: Run, now: Run, *, kinds: Collection[str], steps: Steps
) -> dict[str, Any]:
    """Return one number's row before chance is judged."""
    old, new = was.findings[name], now.findings[name]
    before, after = float(old["estimate"]), float(new["estimate"])
    unmoved = same(before, after)
    unit = new.get("unit", "score")
    return {
        "id": name,
        "label": label(new, now),
        "unit": unit,
        "currency": _currency(now) if unit == "amount" else "",
        "headline": any(figure["id"] == name for figure in _figures(now)),
        "was": before,
        "now": after,
        "difference": 0.0 if unmoved else after - before,
        "noise": None,
        "level": None,
        "verdict": "same" if unmoved else _unjudged(kinds),
        "parts": _parts(name, was, now, steps=steps, kinds=kinds),
    }


def _unjudged(kinds: Collection[str]) -> str:
    """Return the verdict on a number that moved, before chance is judged."""
    if "data" in kinds:
        return "moved"
    return " and ".join(sorted(kinds)) if kinds else "not reproducible"


def _parts(
    name: str, was: Run, now: Run, *, steps: Steps, kinds: Collection[str]
) -> dict[str, float | None]:
    """Return what each step adds to the difference; the parts add up to it."""
    if not steps:
        return {}
    last = "data" if "data" in kinds else "settings"
    chain = [("", was), *steps.items(), (last, now)]
    values = [run.findings.get(name, {}).get("estimate") for _, run in chain]
    return {
        kind: None if a is None or b is None else b - a
        for (kind, _), (a, b) in zip(chain[1:], pairwise(values), strict=True)
    }


def _level(finding: Mapping[str, Any], run: Run) -> float:
    """Return the confidence level of a finding's interval."""
    own = finding.get("confidence_level")
    return float(own) if isinstance(own, int | float) else run.level
