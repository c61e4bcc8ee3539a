"""What code a run was made with: commit, hashes, package versions."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import cxlib
from cxlib.errors import ArgumentError
from cxlib.run.jobs import read_notebook

_PACKAGES = [
    *("cx-workbook", "numpy", "pandas", "scipy", "statsmodels", "scikit-learn"),
    *("linearmodels", "narwhals", "duckdb", "pyarrow", "seaborn", "matplotlib"),
    *("papermill", "nbconvert", "ipykernel"),
]


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
