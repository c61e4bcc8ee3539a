"""What is recorded of a run, so that it can be repeated and trusted."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cxlib.paths import resolve
from cxlib.report import language as languages
from cxlib.report.answer import ANSWER_MIME
from cxlib.report.files import read_json
from cxlib.report.states import STATES
from cxlib.run import process
from cxlib.run.alerts import recorded
from cxlib.run.execute import Ending
from cxlib.run.gate import TABLES
from cxlib.run.jobs import Job, shown
from cxlib.run.provenance import code_hashes, git_state, packages, sha256
from cxlib.run.secrets import hide


def begin(job: Job, run_id: str, started: str) -> dict[str, Any]:
    """Return the manifest of a run that has just begun."""
    given = job.params
    unset = {p.name: p.default for p in job.parameters if p.name not in given}
    seed = {**unset, **given}.get("seed")
    return {
        "run_id": run_id,
        "language": language(job),
        "programme": job.programme,
        "name": job.name,
        "status": "running",
        "error": "",
        "started": started,
        "notebook": shown(job.notebook, job.root),
        "notebook_sha256": sha256(job.notebook),
        "code_sha256": code_hashes(job.notebook),
        "params_file": shown(job.path, job.root),
        "params": hide(dict(given)),
        "defaults": unset,
        "seed": seed if isinstance(seed, int) else None,
        "git": git_state(job.root),
        "python": platform.python_version(),
        "packages": dict(packages()),
        "home": "../../../index.html",
        **process.identity(),
    }


def language(job: Job) -> str:
    """Return the language a job asks for, English where that is none of ours."""
    unset = {one.name: one.default for one in job.parameters}
    asked = {**unset, **job.params}.get("report_language")
    return asked if asked in languages.LANGUAGES else "en"


def end(
    record: Mapping[str, Any], ending: Ending, *, finished: str, seconds: float | None
) -> dict[str, Any]:
    """Return the manifest of a run that has ended."""
    kept = {key: value for key, value in record.items() if key not in process.FIELDS}
    return kept | {
        "status": ending.status,
        "error": ending.error,
        "exit_code": STATES[ending.status].exit_code,
        "cell": ending.cell,
        "finished": finished,
        "seconds": seconds,
    }


def data_files(job: Job, folder: Path) -> list[dict[str, Any]]:
    """Return path, hash, size, rows and table of each data file of a run.

    Rows are those the notebook counted, as results.json has them; a file that is
    not there keeps its name and nothing else.
    """
    counted = {
        resolve(file["path"], job.root): file
        for source in _results(folder).get("sources", [])
        for file in source.get("files", [])
        if file.get("path")
    }
    known = dict.fromkeys([*job.files.values(), *counted])
    tables = {path: key.partition(".")[0] for key, path in job.files.items()}
    return [
        _data_file(path, job.root, counted.get(path, {}))
        | {"table": tables[path] if tables.get(path) in TABLES else ""}
        for path in known
    ]


def headline(notebook: Any, folder: Path, *, language: str = "en") -> dict[str, Any]:
    """Return the answer a notebook gave, in its language: decision and figures as text.

    In another language it keeps what it says in English as `english`. Without an
    answer slot, the first finding of results.json stands in.
    """
    for cell in notebook.cells if notebook is not None else ():
        for output in cell.get("outputs", []):
            found = output.get("data", {}).get(ANSWER_MIME)
            if found:
                words = languages.translator(language)
                said = dict(languages.bundle(ANSWER_MIME, found, words))
                return said if language == "en" else said | {"english": dict(found)}
    findings = _results(folder).get("findings", [])
    return {"decision": findings[0]["statement"], "figures": []} if findings else {}


def alerts(folder: Path, started: str) -> dict[str, Any]:
    """Return alerts and thresholds of results.json, with what is new."""
    return recorded(_results(folder), folder, started)


def files(folder: Path) -> list[str]:
    """Return the files a reader may open beside the report."""
    runs_own = ("report.ipynb", "results.json", "manifest.json", "kernel.log")
    named = ("review.html", *runs_own)
    made = [*sorted(folder.glob("tables/*.csv")), *sorted(folder.glob("sheets/*.xlsx"))]
    there = [name for name in named if (folder / name).is_file()]
    return [*there, *(f"{path.parent.name}/{path.name}" for path in made)]


def _results(folder: Path) -> Mapping[str, Any]:
    """Return results.json, or nothing."""
    return read_json(folder / "results.json")


def _data_file(path: Path, root: Path, counted: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is known of one data file."""
    there = path.is_file()
    return {
        "path": shown(path, root),
        "sha256": counted.get("sha256") or (sha256(path) if there else None),
        "bytes": path.stat().st_size if there else None,
        "rows": counted.get("n_rows", counted.get("rows")),
    }
