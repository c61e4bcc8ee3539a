"""The page for those who doubt a run: every number unrounded, and how to repeat it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cxlib.report.clean import sanitise
from cxlib.report.language import translator
from cxlib.report.page import finish
from cxlib.report.parameters import of_notebook
from cxlib.report.prepare import title
from cxlib.report.states import STATES
from cxlib.report.words import as_yaml, message_blocks, plain
from cxlib.run.audiences.latest import read_results
from cxlib.run.audiences.signoff import Standing
from cxlib.run.provenance import sha256
from cxlib.run.site.links import href
from cxlib.run.site.pages import review_page
from cxlib.run.spoken import english, language_of

PAGE = "review.html"
_HEADING = re.compile(r"(?m)^#{1,6} +(.+?)\s*#*$")
_LEVEL = re.compile(r"(\d+(?:\.\d+)?) % (?:CI|interval|credible)")
_QUESTION = "Can these data answer the question?"
_PAPERMILL = "injected-parameters"


def review(
    record: Mapping[str, Any], folder: Path, *, notebook: Any, standing: Standing
) -> str:
    """Return the reviewer's page of a run.

    Parameters
    ----------
    record : mapping
        The run's manifest.
    folder : pathlib.Path
        Its folder, with results.json and the tables it wrote.
    notebook : NotebookNode
        As executed.
    standing : Standing
        Where the run stands with its reviewers.

    Returns
    -------
    str
        A page of its own rather than a mode of the report: the report stays small,
        and the reviewer's page has neither charts nor scripts.
    """
    results = read_results(folder)
    words = translator(language_of([record]))
    status = str(record["status"])
    page = review_page(
        {
            "run": record,
            "title": title(notebook) or str(record["name"]),
            "state": STATES.get(status, STATES["failed"]),
            "message": message_blocks(str(record.get("error") or "")),
            "signoff": standing.spoken(words),
            "headline": {"caveats": [], "decision": ""} | english(record),
            "findings": list(_findings(results)),
            "results": _results(results),
            "assumptions": results.get("assumptions") or [],
            "sources": [_source(one) for one in results.get("sources") or []],
            "checks": list(_checks(notebook)),
            "parameters": list(_parameters(notebook, record)),
            "facts": list(_facts(record, folder)),
            "steps": list(_steps(record, folder)),
            "code": list(_code(notebook)),
        }
    )
    return finish(page, words=words)


def _findings(results: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """Yield every finding with its numbers as they were computed."""
    tables = set(results.get("tables") or [])
    for one in results.get("findings") or []:
        level = one.get("confidence_level")
        said = _LEVEL.search(str(one.get("statement", "")))
        has_ends = one.get("ci_lower") is not None and one.get("ci_upper") is not None
        shown = (
            f"{100 * level:g} %" if level else f"{said[1]} %" if said else "not said"
        )
        table = f"tables/{one.get('result')}.csv"
        yield {
            "id": str(one.get("id", "")),
            "statement": str(one.get("statement", "")),
            "estimate": _exact(one.get("estimate")),
            "lower": _exact(one.get("ci_lower")),
            "upper": _exact(one.get("ci_upper")),
            "level": shown if has_ends else "",
            "n": _exact(one.get("n")),
            "unit": str(one.get("unit", "")),
            "result": str(one.get("result", "")),
            "href": href(*table.split("/")) if table in tables else "",
        }


def _exact(value: object) -> str:
    """Return a number as it stands in results.json."""
    return "–" if value is None else str(value)


def _results(results: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return name, sentence and method of each result, with its table."""
    tables = set(results.get("tables") or [])
    return [
        {
            "name": str(one.get("name", "")),
            "text": str(one.get("text", "")),
            "method": str(one.get("method", "")),
            "href": f"tables/{one['name']}.csv"
            if f"tables/{one.get('name')}.csv" in tables
            else "",
        }
        for one in results.get("results") or []
    ]


def _source(source: Mapping[str, Any]) -> dict[str, Any]:
    """Return the counts of a table that was read, as text."""
    counts = source.get("counts") or {}
    return {
        "table": str(source.get("table", "")),
        "counts": [
            (str(key).replace("_", " "), _exact(v)) for key, v in counts.items()
        ],
    }


def _checks(notebook: Any) -> Iterator[str]:
    """Yield what the notebook displayed under the question whether data suffice."""
    inside = False
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            found = _HEADING.findall(cell.source)
            inside = plain(found[-1]) == _QUESTION if found else inside
        elif inside:
            for output in cell.get("outputs", []):
                shown = "".join(output.get("data", {}).get("text/html", ""))
                if shown:
                    yield sanitise(shown)


def _parameters(notebook: Any, record: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every parameter: its value, its default where that is another."""
    given = dict(record.get("params") or {})
    try:
        known = of_notebook(notebook)
    except (SyntaxError, ValueError):
        known = ()
    for one in known:
        value = given.pop(one.name, one.default)
        default, differs = as_yaml(one.default), value != one.default
        if one.name == "output_dir":  # is the run's own folder, whatever was given
            continue
        yield {"name": one.name, "value": as_yaml(value) or "(empty)",
               "default": default or "(empty)", "comment": one.comment,
               "differs": differs}  # fmt: skip
    unknown = {"default": "", "comment": "unknown to the notebook", "differs": True}
    for name, value in given.items():
        yield {"name": name, "value": as_yaml(value), **unknown}


def _facts(record: Mapping[str, Any], folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the whole provenance as labelled text."""
    git = record.get("git") or {}
    state = "with uncommitted changes" if git.get("dirty") else "nothing uncommitted"
    seed = record.get("seed")
    facts = [
        ("Run", record.get("run_id")),
        ("Started", record.get("started")),
        ("Finished", record.get("finished")),
        ("Notebook", record.get("notebook")),
        ("SHA-256 of the notebook", record.get("notebook_sha256")),
        ("SHA-256 of results.json", sha256(folder / "results.json")),
        ("SHA-256 of all inputs", record.get("inputs_sha256")),
        ("Parameters file", record.get("params_file")),
        ("Seed", None if seed is None else str(seed)),
        ("Git commit", f"{git['commit']}, {state}" if git.get("commit") else "none"),
        ("Python", record.get("python")),
    ]
    yield from ((label, str(text)) for label, text in facts if text)


def _steps(record: Mapping[str, Any], folder: Path) -> Iterator[dict[str, str]]:
    """Yield the commands that repeat the run and compare what it found."""
    git = record.get("git") or {}
    if git.get("commit"):
        why = "The code of this run."
        if git.get("dirty"):
            why = (
                "The code this run was made beside; it had uncommitted changes, so the "
                "commit alone may not repeat it."
            )
        yield {"why": why, "command": f"git checkout {git['commit']}"}
    files = [one for one in record.get("data") or [] if one.get("sha256")]
    if files:
        lines = "\n".join(f"{one['sha256']}  {one['path']}" for one in files)
        yield {"why": "The data are still those that were read.",
               "command": f"sha256sum --check <<'END'\n{lines}\nEND"}  # fmt: skip
    params = shlex.quote(str(record.get("params_file", "")))
    yield {"why": "The run, with the parameters above.",
           "command": f"cx run {params} --out repeat"}  # fmt: skip
    digest = sha256(folder / "results.json")
    if digest:
        place = shlex.quote(f"repeat/{record['programme']}/{record['name']}") + "/*/"
        yield {"why": f"The same results give {digest[:16]}…",
               "command": f"sha256sum {place}results.json"}  # fmt: skip


def _code(notebook: Any) -> Iterator[dict[str, str]]:
    """Yield every code cell under the heading it stands below."""
    heading, number = "", 0
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            found = _HEADING.findall(cell.source)
            heading = plain(found[-1]) if found else heading
        elif cell.cell_type == "code" and cell.source.strip():
            number += 1
            tags = list(cell.metadata.get("tags", []))
            kind = "parameters as injected" if _PAPERMILL in tags else ""
            ran = bool(cell.get("execution_count"))
            note = ", ".join(part for part in (kind, "" if ran else "not run") if part)
            yield {"heading": heading, "number": str(number), "note": note,
                   "source": cell.source}  # fmt: skip
            heading = ""
