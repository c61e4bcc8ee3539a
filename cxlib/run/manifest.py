"""What is recorded of a run, so that it can be repeated and trusted."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import cxlib
from cxlib.errors import ArgumentError
from cxlib.paths import resolve
from cxlib.report import language as languages
from cxlib.report.answer import ANSWER_MIME
from cxlib.report.states import STATES
from cxlib.run import process
from cxlib.run.alerts import recorded
from cxlib.run.execute import Ending
from cxlib.run.gate import TABLES
from cxlib.run.jobs import Job, read_notebook, shown
from cxlib.run.secrets import hide

_PACKAGES = [
    *("cx-workbook", "numpy", "pandas", "scipy", "statsmodels", "scikit-learn"),
    *("linearmodels", "narwhals", "duckdb", "pyarrow", "seaborn", "matplotlib"),
    *("papermill", "nbconvert", "ipykernel"),
]


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

    Without an answer slot, the first finding of results.json stands in.
    """
    for cell in notebook.cells if notebook is not None else ():
        for output in cell.get("outputs", []):
            found = output.get("data", {}).get(ANSWER_MIME)
            if found:
                words = languages.translator(language)
                return dict(languages.bundle(ANSWER_MIME, found, words))
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


def sha256(path: Path) -> str | None:
    """Return the SHA-256 of a file, None where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def code_hashes(notebook: Path) -> dict[str, str]:
    """Return a hash of the notebook's code and one of the package.

    A notebook's outputs and text do not count, nor does a commit that changed
    neither: such as one that adds the night's data.
    """
    try:
        cells = read_notebook(notebook)["cells"]
    except (OSError, ArgumentError):
        cells = []
    code = [
        "".join(cell.get("source", ""))
        for cell in cells
        if cell.get("cell_type") == "code"
    ]
    own = hashlib.sha256(json.dumps(code).encode()).hexdigest()
    return {"notebook": own, "cxlib": _package_hash()}


@cache
def _package_hash() -> str:
    """Return one hash of every module of the package."""
    folder = Path(cxlib.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.relative_to(folder).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


@cache
def git_state(root: Path) -> dict[str, Any] | None:
    """Return commit and dirty flag of the project, None outside a repository."""
    commit = _git(root, "rev-parse", "HEAD")
    if not commit:
        return None
    return {"commit": commit, "dirty": bool(_git(root, "status", "--porcelain"))}


def packages() -> Iterator[tuple[str, str]]:
    """Yield the installed ones of the packages that make the numbers."""
    for name in _PACKAGES:
        try:
            yield name, metadata.version(name)
        except metadata.PackageNotFoundError:
            continue


def _results(folder: Path) -> Mapping[str, Any]:
    """Return results.json, or nothing."""
    try:
        found = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _data_file(path: Path, root: Path, counted: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is known of one data file."""
    there = path.is_file()
    return {
        "path": shown(path, root),
        "sha256": counted.get("sha256") or (sha256(path) if there else None),
        "bytes": path.stat().st_size if there else None,
        "rows": counted.get("n_rows", counted.get("rows")),
    }


def _git(root: Path, *arguments: str) -> str:
    """Return what git prints, nothing where it fails or is not installed."""
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
