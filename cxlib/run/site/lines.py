"""One line a run: what the index and the history must know of it, and no more."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from cxlib.report.language import LANGUAGES
from cxlib.run import process

TEXTS = ("id", "label", "value", "unit", "interval", "n", "kind", "state", "threshold")
_NUMBERS = ("estimate", "ci_lower", "ci_upper", "confidence_level")
_QUIET = {"", "good", "ok", "watch"}
_LONG = 400


def line_of(record: Mapping[str, Any], run_id: str) -> dict[str, Any]:
    """Return a run's line of history.json from its manifest.

    Parameters
    ----------
    record : mapping
        The manifest; what later versions add may be missing.
    run_id : str
        The name of the run's folder.

    Returns
    -------
    dict
        id, status, started, finished, seconds, error (one line), and what of these
        is there: decision, figures (texts and numbers), alerts, changes, results
        (whether there is a results.json), params_file, and the process of a run that
        is going on.

    Raises
    ------
    KeyError, TypeError, ValueError
        If it is no manifest of a run.
    """
    status = str(record["status"])
    headline = _mapping(record.get("headline") if status == "ok" else None)
    line = {
        "id": run_id,
        "status": status,
        "started": str(record["started"]),
        "finished": record.get("finished") and str(record["finished"]),
        "seconds": _number(record.get("seconds")),
        "error": "" if status == "ok" else first_line(record.get("error")),
        "decision": str(headline.get("decision") or "")[:_LONG]
        if status == "ok"
        else "",
        "figures": _figures(headline) if status == "ok" else [],
        "alerts": _alerts(record.get("alerts")),
        "changes": _changes(record.get("changes")),
        "results": "results.json" in _list(record.get("files")),
        "language": _other(record.get("language")),
        "params_file": str(record.get("params_file") or ""),
        "inputs": str(record.get("inputs_sha256") or ""),
    }
    if status == "running":
        line |= {key: record.get(key) for key in process.FIELDS}
    return {k: v for k, v in line.items() if v or k in {"finished", "seconds", "error"}}


def first_line(error: object) -> str:
    r"""Return an error's first line, its first point, and how many more there are.

    Examples
    --------
    >>> first_line("The run was not started.\n- gone.csv is gone\n- so is b.csv")
    'gone.csv is gone (and 1 more)'
    >>> first_line("The answers break their contract.\n- column 'id': holds blanks.")
    "The answers break their contract: column 'id': holds blanks."
    """
    lines = [line.strip() for line in str(error or "").splitlines() if line.strip()]
    if not lines:
        return ""
    lead, *rest = lines
    points = [line.removeprefix("- ") for line in rest]
    if points and rest[0].startswith("- "):
        refused = lead == "The run was not started."
        lead = points[0] if refused else f"{lead.rstrip('.:')}: {points[0]}"
        points = points[1:]
    more = f" (and {len(points)} more)" if points else ""
    return f"{lead[:_LONG]}{more}"


def _figures(headline: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the figures: texts that are not empty, numbers that are finite."""
    found = []
    for one in _list(headline.get("figures")):
        texts = {key: str(one[key]) for key in TEXTS if one.get(key)}
        numbers = {key: _number(one.get(key)) for key in _NUMBERS}
        numbers = {key: value for key, value in numbers.items() if value is not None}
        found.append({"id": "", "label": "", "value": "", **texts, **numbers})
    return found


def _alerts(given: object) -> list[dict[str, Any]]:
    """Return the alerts that fired; what is only watched is none."""
    told = ("id", "label", "text", "since")
    return [
        {key: str(one.get(key) or "")[:_LONG] for key in told}
        | {"new": one.get("new") is True}
        for one in _list(given)
        if str(one.get("level", "alert")) not in _QUIET
    ]


def _changes(given: object) -> dict[str, Any]:
    """Return the run compared with, and the verdict on each figure."""
    changes = _mapping(given)
    verdicts = {
        str(row["id"]): str(row["verdict"])
        for row in _list(changes.get("rows"))
        if row.get("id") and row.get("verdict")
    }
    return (
        {"since": str(changes.get("since")), "verdicts": verdicts} if verdicts else {}
    )


def _other(language: object) -> str:
    """Return a language other than English, in which the pages are."""
    return language if isinstance(language, str) and language in LANGUAGES[1:] else ""


def _number(value: object) -> float | None:
    """Return a finite number, None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if math.isfinite(value) else None


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
