"""What a report says about its notebook: state, captions, parameters, provenance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cxlib.report.answer import PENDING, STOPPED
from cxlib.report.captions import HEADING, caption_figures
from cxlib.report.changes import changes_view
from cxlib.report.language import LANGUAGES
from cxlib.report.parameters import injected, of_notebook
from cxlib.report.sections import mark_slot, omit_silent
from cxlib.report.states import BY_ERROR, STATES
from cxlib.report.trace import traced
from cxlib.report.words import (
    as_yaml,
    duration,
    error_text,
    message_blocks,
    moment,
    plain,
)

_MARKER = "papermill-error-cell-tag"


def prepare(notebook: Any) -> dict[str, Any]:
    """Mark up the notebook's cells in place and return what the template needs.

    Parameters
    ----------
    notebook : NotebookNode
        A copy: cells and outputs get `cx` metadata for the template.

    Returns
    -------
    dict
        title, state, message, facts, parameters, trace and the run's record.
        All come from the metadata the runner wrote, or from the cells alone.
    """
    notebook.cells = [c for c in notebook.cells if _MARKER not in _tags(c)]
    run: Mapping[str, Any] = notebook.metadata.get("cx", {})
    failing = _failing_cell(notebook, run)
    status = run.get("status") or _status(notebook, failing)
    _mark_cells(notebook, failing, stopped=status not in {"ok", "idle"})
    parameters = _parameters(notebook, run)
    record = traced(notebook)
    omit_silent(notebook)
    caption_figures(notebook)
    return {
        "language": _language(parameters),
        "title": title(notebook) or run.get("name") or "Report",
        "untitled": not title(notebook),
        "status": status,
        "state": STATES.get(status, STATES["failed"]),
        "stopped": status not in {"ok", "idle"},
        "slot": mark_slot(notebook),
        "trace": record,
        "located": failing is not None,
        "message": message_blocks(run.get("error") or _error_text(notebook, failing)),
        "run": run,
        "changes": changes_view(run.get("changes")),
        "facts": _facts(run),
        "parameters": parameters,
    }


def _language(parameters: list[dict[str, str]]) -> str:
    """Return the language a notebook asks for, English where it asks for none."""
    asked = [row["value"] for row in parameters if row["name"] == "report_language"]
    return asked[0] if asked and asked[0] in LANGUAGES else "en"


def title(notebook: Any) -> str:
    """Return the notebook's first heading of level one, without markup."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            for marks, text in HEADING.findall(cell.source):
                if marks == "#":
                    return plain(text)
    return ""


def _tags(cell: Any) -> list[str]:
    return list(cell.metadata.get("tags", []))


def _outputs(notebook: Any) -> Iterator[tuple[int, Any]]:
    """Yield each output with the index of its cell."""
    for index, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", []):
            yield index, output


def _failing_cell(notebook: Any, run: Mapping[str, Any]) -> int | None:
    """Return the index of the cell that stopped the run, where one did."""
    allowed = {"raises-exception"}
    for index, output in _outputs(notebook):
        stopped = output.output_type == "error"
        if stopped and not allowed.intersection(_tags(notebook.cells[index])):
            return index
    cell = run.get("cell")
    return cell if isinstance(cell, int) and cell < len(notebook.cells) else None


def _status(notebook: Any, failing: int | None) -> str:
    """Return the state of a notebook that no runner wrote."""
    if failing is not None:
        for output in notebook.cells[failing].outputs:
            if output.output_type == "error":
                return BY_ERROR.get(output.ename, "failed")
        return "failed"
    ran = any(c.get("execution_count") for c in notebook.cells)
    code = any(c.cell_type == "code" for c in notebook.cells)
    return "ok" if ran or not code else "idle"


def _error_text(notebook: Any, failing: int | None) -> str:
    """Return the error of the failing cell as text."""
    if failing is None:
        return ""
    for output in notebook.cells[failing].get("outputs", []):
        if output.output_type == "error":
            return error_text(output.ename, output.evalue)
    return ""


def _mark_cells(notebook: Any, failing: int | None, *, stopped: bool) -> None:
    """Give each code cell its place in the story: done, failing or not run."""
    for index, cell in enumerate(notebook.cells):
        state = "done"
        said = "check" in _tags(cell)
        if cell.cell_type == "code":
            state = _cell_state(cell, failing=index == failing, stopped=stopped)
        if state == "failing":
            # The failing cell is shown even where its kind is normally hidden.
            cell.metadata["tags"] = ["failing"]
        if stopped:
            _close_slot(cell)
        cell.metadata["cx"] = {"state": state, "said": said}


def _cell_state(cell: Any, *, failing: bool, stopped: bool) -> str:
    """Return what became of one code cell."""
    if failing:
        return "failing"
    if stopped and cell.source.strip() and not cell.get("execution_count"):
        return "notrun"
    return "done" if cell.outputs else "silent"


def _close_slot(cell: Any) -> None:
    """Say in an answer slot that nothing has filled that the run stopped."""
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        if PENDING in str(data.get("text/html", "")):
            data["text/html"] = (
                f"<div class='cx-answer cx-pending'><p>{STOPPED}</p></div>"
            )


def _facts(run: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the provenance of the run as labelled text."""
    git = run.get("git") or {}
    commit = str(git.get("commit", ""))[:12]
    dirty = " with uncommitted changes" if git.get("dirty") else ""
    facts = [
        ("Run", run.get("run_id", "")),
        ("Started", moment(run.get("started", ""))),
        ("Took", duration(run["seconds"]) if run.get("seconds") is not None else ""),
        ("Notebook", run.get("notebook", "")),
        ("Notebook SHA-256", str(run.get("notebook_sha256") or "")[:16]),
        ("Parameters file", run.get("params_file", "")),
        ("Seed", "" if run.get("seed") is None else str(run["seed"])),
        ("Git commit", f"{commit}{dirty}" if commit else ""),
        ("Python", run.get("python", "")),
    ]
    return [(label, str(text)) for label, text in facts if text]


def _parameters(notebook: Any, run: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return a row for each parameter: name, value, origin and comment."""
    try:
        known = of_notebook(notebook)
    except (SyntaxError, ValueError):
        known = ()
    given = dict(run["params"]) if "params" in run else injected(notebook)
    rows = []
    for one in known:
        value = given.pop(one.name, one.default)
        source = "default" if value == one.default else "given"
        rows.append(_row(one.name, value, source, one.comment))
    return rows + [_row(name, value, "given", "") for name, value in given.items()]


def _row(name: str, value: object, source: str, comment: str) -> dict[str, str]:
    """Return one row of the parameters table as text."""
    text = as_yaml(value) or "(empty)"
    return {"name": name, "value": text, "source": source, "comment": comment}
