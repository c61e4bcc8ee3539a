"""Which sections of a notebook have something to say, and where the answer stands."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any

from cxlib.report.answer import ANSWER_MIME
from cxlib.report.captions import HEADING
from cxlib.report.words import plain

_SKIPPED = re.compile(r"<p class='cx-skipped'>(.*?)</p>\s*", re.S)
NOT_RUN = "Not run."


def omit_silent(notebook: Any) -> None:
    """Mark the sections that did not run, so that each takes one line.

    Parameters
    ----------
    notebook : NotebookNode
        Cells have their state; those of a section of which nothing ran get
        `omitted` in their `cx` metadata: the reasons, under the first the heading.
    """
    for cells in _sections(notebook):
        reasons = _reasons([cell for cell in cells if cell.cell_type == "code"])
        if not reasons:
            continue
        title = plain(HEADING.findall(cells[0].source)[-1][1])
        for cell in cells:
            cell.metadata["cx"] |= {"omitted": True, "state": "silent"}
            if cell.cell_type == "code":
                cell.outputs = []
        cells[0].metadata["cx"] |= {"heading": title, "reasons": reasons}


def mark_slot(notebook: Any) -> bool:
    """Mark the cell after which news stand: the answer, else the title.

    Returns
    -------
    bool
        Whether there is one.
    """
    for wanted in (_is_answer, _is_title):
        for cell in notebook.cells:
            if wanted(cell):
                cell.metadata["cx"] |= {"slot": True}
                return True
    return False


def _sections(notebook: Any) -> Iterator[list[Any]]:
    """Yield the cells of each section: a heading below the title, up to the next."""
    section: list[Any] = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and HEADING.search(cell.source):
            if section:
                yield section
            section = [] if _is_title(cell) else [cell]
        elif section:
            section.append(cell)
    if section:
        yield section


def _reasons(cells: list[Any]) -> list[str]:
    """Return why a section did not run; nothing where any of it did."""
    if cells and all(cell.metadata["cx"]["state"] == "notrun" for cell in cells):
        return [NOT_RUN]
    told = [_reason(output) for cell in cells for output in cell.outputs]
    return list(dict.fromkeys(told)) if told and all(told) else []


def _reason(output: Any) -> str:
    """Return why a result was skipped; nothing for any other output."""
    data = output.get("data", {})
    found = _SKIPPED.fullmatch("".join(data.get("text/html", "")))
    reason = html.unescape(found[1]) if found else ""
    return reason if reason == "".join(data.get("text/plain", "")) else ""


def _is_answer(cell: Any) -> bool:
    """Whether a cell holds the answer, or the place kept for it."""
    return any(
        ANSWER_MIME in output.get("data", {})
        or "cx-answer" in str(output.get("data", {}).get("text/html", ""))
        for output in cell.get("outputs", [])
    )


def _is_title(cell: Any) -> bool:
    """Whether a cell holds the notebook's title."""
    if cell.cell_type != "markdown":
        return False
    return any(marks == "#" for marks, _ in HEADING.findall(cell.source))
