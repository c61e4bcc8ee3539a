"""The index of all reports, built from one line a run."""

from __future__ import annotations

import contextlib
import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cxlib.report.export import safe_cell
from cxlib.report.files import write_text
from cxlib.run.audiences.write import write_audiences
from cxlib.run.site import pages
from cxlib.run.site.history import (
    Report,
    alone,
    json_lines,
    read_reports,
    write_history,
)
from cxlib.run.site.links import href
from cxlib.run.site.rows import entry, groups, index_row
from cxlib.run.site.unfinished import write_unfinished

EXECUTIVE = "executive.html"
_COLUMNS = [
    *("programme", "report", "run_id", "state", "started", "figure", "label"),
    *("estimate", "ci_lower", "ci_upper", "confidence_level", "shown", "unit", "n"),
    *("threshold_state", "error"),
]


def write_site(out: Path) -> Path:
    """Write the index and the history pages of a reports folder.

    Parameters
    ----------
    out : pathlib.Path
        The reports folder: <programme>/<name>/<run id>/manifest.json.

    Returns
    -------
    pathlib.Path
        index.html. Failures come first, then alerts, then the programmes by name; a
        run whose manifest cannot be read is left out.

    Notes
    -----
    Each report's history.json remembers its runs: only manifests that are new or have
    changed are read, only pages of reports that changed are written.
    """
    with alone(out):
        style = pages.style()
        reports = list(read_reports(out, style=style))
        for report in reports:
            if report.changed:
                with contextlib.suppress(OSError):
                    _write_report(report, style)
        standings = write_audiences(out)
        rows = [index_row(report) for report in reports]
        for row in rows:
            standing = standings.get((row["programme"], row["title"]))
            row["signoff"] = standing.text if standing else ""
        return _write_index(out, rows)


def _write_report(report: Report, style: str) -> None:
    """Write a report's history, its pages and where the latest one is."""
    good = next((r for r in report.there if r["state"] == "ok"), None)
    for run in report.there:
        if run["state"] in {"killed", "lost"}:
            write_unfinished(report, run, good)
    label = f"{report.programme} / {report.name}"
    page = pages.history_page(label, report.runs)
    write_text(report.folder / "index.html", page)
    readable = [run for run in report.there if entry(run) != "index.html"]
    if readable:
        latest = {"programme": report.programme, "name": report.name}
        latest |= {"page": entry(readable[0]), "run_id": readable[0]["id"]}
        write_text(report.folder / "latest.html", pages.redirect(latest))
    write_history(report, style=style)


def _write_index(out: Path, rows: list[dict[str, Any]]) -> Path:
    """Write index.html, and the same as latest.json and latest.csv."""
    listed = groups(rows)
    for group in listed:
        there = (out / group["programme"] / EXECUTIVE).is_file()
        group["executive"] = href(group["programme"], EXECUTIVE) if there else ""
    latest = [_record(row) for group in listed for row in group["runs"]]
    write_text(out / "latest.json", json_lines({"format": 1}, "reports", latest))
    write_text(out / "latest.csv", _table(latest))
    index = out / "index.html"
    write_text(index, pages.index_page(listed, rows))
    return index


def _record(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row of the index as latest.json has it."""
    told = ("programme", "title", "id", "state", "started", "seconds", "error")
    more = ("decision", "alerts", "href")
    figures = [{k: v for k, v in f.items() if k != "spark"} for f in row["figures"]]
    return {key: row[key] for key in (*told, *more)} | {"figures": figures}


def _table(records: list[dict[str, Any]]) -> str:
    """Return latest.csv: a line a figure, one at least for each report."""
    file = io.StringIO()
    writer = csv.DictWriter(file, _COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for one in records:
        known = {**one, "report": one["title"], "run_id": one["id"]}
        for figure in one["figures"] or [{}]:
            line = known | {
                **figure, "state": one["state"], "figure": figure.get("id"),
                "shown": figure.get("value"), "threshold_state": figure.get("state"),
            }  # fmt: skip
            writer.writerow({k: safe_cell(line.get(k)) for k in _COLUMNS})
    return file.getvalue()
