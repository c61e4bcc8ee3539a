"""The page of a run that was killed: when, where it was, what is left of it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cxlib.report.files import write_text
from cxlib.report.states import STATES
from cxlib.run.site import pages
from cxlib.run.site.history import MANIFEST, Report
from cxlib.run.site.rows import UNFINISHED, entry

NOTEBOOK = "report.ipynb"


def write_unfinished(
    report: Report, run: Mapping[str, Any], good: Mapping[str, Any] | None
) -> None:
    """Write a killed run's page into its folder.

    Parameters
    ----------
    report : Report
        The report it is a run of.
    run : mapping
        Its line; the state is 'killed' or 'lost'.
    good : mapping, optional
        The line of the last completed run that is still there.
    """
    folder = report.folder / run["id"]
    values = {
        "run": {"host": "", "pid": "", "params_file": "", **run},
        "state": STATES[run["state"]],
        "programme": report.programme,
        "name": report.name,
        "seen": _last_sign(folder),
        "notebook": NOTEBOOK if (folder / NOTEBOOK).is_file() else "",
        "at": where(folder / NOTEBOOK),
        "good": good and {"href": f"../{entry(good)}", "started": good["started"]},
    }
    write_text(folder / UNFINISHED, pages.unfinished_page(values))


def where(notebook: Path) -> dict[str, Any] | None:
    """Return the cell a run was in, from the notebook kept while it ran.

    Returns
    -------
    dict or None
        number (1 is the first cell), total and source; None where it cannot be told.
    """
    try:
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        for number, cell in enumerate(cells, 1):
            kept = cell["metadata"].get("papermill", {})
            if cell["cell_type"] == "code" and kept.get("status") != "completed":
                source = "".join(cell["source"])
                return {"number": number, "total": len(cells), "source": source}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass
    return None


def _last_sign(folder: Path) -> str:
    """Return when the run last wrote anything, as ISO text in UTC."""
    times = []
    for name in (NOTEBOOK, MANIFEST):
        try:
            times.append((folder / name).stat().st_mtime)
        except OSError:
            continue
    if not times:
        return ""
    return dt.datetime.fromtimestamp(max(times), dt.UTC).isoformat("T", "seconds")
