"""What changed since the last run, as the report shows it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cxlib import _format

_TONES = {
    "not reproducible": "bad",
    "failed": "bad",
    "beyond": "warn",
    "mixed": "warn",
}
_LOUD = {"not reproducible": "bad", "beyond noise": "warn"}
_QUIET = ("same", "within noise", "no interval")
_MOST = 10
_SAID = {"same": "the same", "no interval": "no interval to judge by"}
_BY = ("code", "settings", "seed")
_UNITS = {"points": "points", "share": "%", "share_points": "percentage points"}
_MORE_DECIMALS = 2
_KINDS = {"data": "Data", "settings": "Settings", "code": "Code", "seed": "Seed"}


def changes_view(changes: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return what the template prints of a manifest's `changes`.

    Parameters
    ----------
    changes : mapping or None
        None outside the runner, where there is no earlier run.

    Returns
    -------
    dict or None
        Text throughout. The numbers of the headline and those that stand out come
        first, the others in `rest`.
    """
    if not changes:
        return None
    rows = list(changes.get("rows", []))
    loud = [row for row in rows if row["verdict"] not in _QUIET]
    first = [row for row in rows if row.get("headline")]
    first += [row for row in loud if row not in first][: max(0, _MOST - len(first))]
    rest = [row for row in rows if row not in first]
    kinds = list(dict.fromkeys(kind for row in rows for kind in row["parts"]))
    judged = sum(row["noise"] is not None for row in rows)
    return {
        "text": str(changes.get("text", "")),
        "tone": _TONES.get(changes.get("state", ""), ""),
        "href": changes.get("href", ""),
        "kinds": kinds,
        "first": [_row(row, kinds, judged) for row in first],
        "rest": [_row(row, kinds, judged) for row in rest],
        "causes": [
            {**one, "kind": _KINDS.get(one["kind"], one["kind"])}
            for one in changes.get("causes", [])
        ],
        "appeared": changes.get("appeared", []),
        "vanished": changes.get("vanished", []),
        "notes": changes.get("notes", []),
    }


def difference(value: float | None, unit: str, *, signed: bool = False) -> str:
    """Return a difference of two numbers in words.

    Examples
    --------
    >>> difference(-0.021, "share", signed=True), difference(4.14, "points")
    ('−2.1 percentage points', '4.1 points')
    """
    return _format.quantity(value, _format.difference_unit(unit), signed=signed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a number was, is and differs by, and the parts of that, without units."""

    was: str
    now: str
    difference: str
    parts: dict[str, str]


def figures(row: Mapping[str, Any]) -> Figures:
    """Return one row's numbers as text.

    A decimal is added where the rounded numbers would not differ by the rounded
    difference, which a reader takes for a mistake.

    Examples
    --------
    >>> row = {"was": 4.96, "now": 4.92, "difference": -0.04, "unit": "points"}
    >>> figures(row | {"parts": {}})
    Figures(was='4.96', now='4.92', difference='−0.04', parts={})
    """
    unit, decimals = str(row["unit"]), None
    keys = ("was", "now", "difference")
    texts = [_text(row[key], unit, None, signed=key == keys[2]) for key in keys]
    for _ in range(_MORE_DECIMALS):
        was, now, change = (_value(text) for text in texts)
        unseen = not change and row["difference"]
        if not unseen and math.isclose(now - was, change, abs_tol=1e-9):
            break
        decimals = len(texts[0].partition(".")[2]) + 1
        texts = [_text(row[key], unit, decimals, signed=key == keys[2]) for key in keys]
    parts = {
        kind: _format.number(part, unit, signed=True, decimals=decimals)
        for kind, part in row["parts"].items()
    }
    return Figures(was=texts[0], now=texts[1], difference=texts[2], parts=parts)


def _text(value: float, unit: str, decimals: int | None, *, signed: bool) -> str:
    return _format.number(value, unit, signed=signed, decimals=decimals)


def _value(text: str) -> float:
    """Return the number that a text shows."""
    try:
        return float(text.replace("−", "-").replace(",", ""))
    except ValueError:
        return math.nan


def _row(row: Mapping[str, Any], kinds: Sequence[str], judged: int) -> dict[str, Any]:
    """Return one number's row as text."""
    own = _format.difference_unit(str(row["unit"]))
    noise = row["noise"]
    text = figures(row)
    return {
        "label": row["label"],
        "unit": _UNITS.get(str(row["unit"]), "") or row.get("currency", ""),
        "was": text.was,
        "now": text.now,
        "difference": text.difference,
        "parts": [text.parts.get(kind, _format.MISSING) for kind in kinds],
        "noise": "" if noise is None else f"±{_format.number(noise, own)}",
        "verdict": _verdict(row["verdict"], judged),
        "tone": _LOUD.get(row["verdict"], ""),
    }


def _verdict(verdict: str, judged: int) -> str:
    """Return a verdict in words; `judged` numbers had a chance to stand out."""
    if verdict == "unclear":
        return f"could be chance, one among {judged}"
    by = set(verdict.split(" and ")) <= set(_BY)
    return f"by the {verdict}" if by else _SAID.get(verdict, verdict)
