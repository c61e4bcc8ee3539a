"""What changed since the last run, as the report shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    return {
        "text": str(changes.get("text", "")),
        "tone": _TONES.get(changes.get("state", ""), ""),
        "href": changes.get("href", ""),
        "kinds": kinds,
        "first": [_row(row, kinds) for row in first],
        "rest": [_row(row, kinds) for row in rest],
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
    own = "share_points" if unit == "share" else unit
    return _format.quantity(value, own, signed=signed)


def _row(row: Mapping[str, Any], kinds: Sequence[str]) -> dict[str, Any]:
    """Return one number's row as text."""
    unit = row["unit"]
    own = "share_points" if unit == "share" else unit
    noise = row["noise"]
    parts = [_format.number(row["parts"].get(k), own, signed=True) for k in kinds]
    return {
        "label": row["label"],
        "was": _format.quantity(row["was"], unit),
        "now": _format.quantity(row["now"], unit),
        "difference": _format.number(row["difference"], own, signed=True),
        "parts": parts,
        "noise": "" if noise is None else f"±{_format.number(noise, own)}",
        "verdict": _verdict(row["verdict"]),
        "tone": _LOUD.get(row["verdict"], ""),
    }


def _verdict(verdict: str) -> str:
    by = set(verdict.split(" and ")) <= set(_BY)
    return f"by the {verdict}" if by else _SAID.get(verdict, verdict)
