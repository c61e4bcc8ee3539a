"""From what a page shows back to what it rests on: results, findings, files."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from cxlib.report.answer import ANSWER_MIME

EXPORT_MIME = "application/vnd.cx.export+json"
_FILE = re.compile(r"tables/[A-Za-z0-9][A-Za-z0-9_-]*\.csv")
_ID = re.compile(r"[^A-Za-z0-9_-]+")


def identity(text: str) -> str:
    """Return a short hash that tells one displayed text from another.

    Examples
    --------
    >>> identity("NPS is 24.0.") == identity("NPS is 24.0. ")
    True
    """
    return hashlib.sha256(" ".join(text.split()).encode()).hexdigest()[:16]


def traced(notebook: Any) -> dict[str, Any]:
    """Tell each displayed result and chart which exported result it is.

    Parameters
    ----------
    notebook : NotebookNode
        Outputs that show an exported result get its name as `result` in their `cx`
        metadata.

    Returns
    -------
    dict
        `findings`: id, result, label, estimate, ends, unit, n and anchor of each;
        `files`: result -> CSV beside the report; `figures`: the anchor of each
        figure of the answer. All are empty where the notebook exported nothing.
    """
    record = _exported(notebook)
    known = {
        mark: name
        for name, one in record.get("results", {}).items()
        for mark in (one.get("shown"), one.get("said"))
    }
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if name := _result(output, known):
                output.metadata["cx"] = {"result": name}
    findings = _anchored(record.get("findings", []))
    files = {
        name: str(one["file"])
        for name, one in record.get("results", {}).items()
        if _FILE.fullmatch(str(one.get("file", "")))
    }
    anchors = {one["id"]: one["anchor"] for one in reversed(findings)}
    return {
        "findings": findings,
        "files": files,
        "figures": [anchors.get(one, "") for one in _figures(notebook)],
    }


def _exported(notebook: Any) -> Mapping[str, Any]:
    """Return what the notebook's last export recorded."""
    found: Mapping[str, Any] = {}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            found = output.get("data", {}).get(EXPORT_MIME) or found
    return found


def _figures(notebook: Any) -> list[str]:
    """Return the ids of the findings in the answer, in its order."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if answer := output.get("data", {}).get(ANSWER_MIME):
                return [str(one.get("id", "")) for one in answer.get("figures", [])]
    return []


def _result(output: Any, known: Mapping[str, str]) -> str:
    """Return the name of the exported result that an output shows."""
    data = output.get("data", {})
    told = [data.get("text/html", "")]
    if any(mime.startswith("image/") for mime in data):
        told.append(data.get("text/plain", ""))
    marks = (identity("".join(one)) for one in told if one)
    return next((known[mark] for mark in marks if mark in known), "")


def _anchored(findings: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the findings that are numbers, each with the id of its row on the page."""
    rows: dict[str, dict[str, Any]] = {}
    for one in findings:
        if one.get("estimate") is None:
            continue
        name = f"{one.get('result', '')}-{one.get('id', '')}"
        anchor = wanted = f"trace-{_ID.sub('-', name)}"
        count = 1
        while anchor in rows:
            count += 1
            anchor = f"{wanted}-{count}"
        rows[anchor] = {**one, "anchor": anchor}
    return list(rows.values())
