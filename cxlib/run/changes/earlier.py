"""What an earlier run left behind: its record, its numbers, its data."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cxlib.paths import resolve
from cxlib.report.files import read_json
from cxlib.run.jobs import shown
from cxlib.run.provenance import sha256

_LIKELY = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run: its manifest and its results.json."""

    record: Mapping[str, Any]
    results: Mapping[str, Any]

    @property
    def findings(self) -> dict[str, Mapping[str, Any]]:
        """The numbers by id; one that is not a number is left out."""
        return {
            str(one["id"]): one
            for one in self.results.get("findings", [])
            if isinstance(one.get("estimate"), int | float)
        }

    @property
    def settings(self) -> dict[str, Any]:
        """All parameters as they took effect, but for where the run wrote."""
        every = {**self.record.get("defaults", {}), **self.record.get("params", {})}
        return {name: every[name] for name in every if name != "output_dir"}

    @property
    def level(self) -> float:
        """Confidence level of its intervals, where no finding says its own."""
        level = self.settings.get("confidence_level")
        return float(level) if isinstance(level, float) and 0 < level < 1 else 0.95

    def tables(self, root: Path) -> dict[str, str]:
        """Return the table that each data file belongs to, by the file's path."""
        read = {
            shown(resolve(file["path"], root), root): str(source.get("table", ""))
            for source in self.results.get("sources", [])
            for file in source.get("files", [])
            if file.get("path")
        }
        asked = {file["path"]: file.get("table") for file in self.record["data"]}
        return {path: table for path, table in asked.items() if table} | read


def previous(folder: Path) -> Run | None:
    """Return the last completed run of the same params file before a run folder."""
    siblings = (path for path in folder.parent.iterdir() if path.name < folder.name)
    for path in sorted(siblings, reverse=True):
        record = read_json(path / "manifest.json")
        if record.get("status") == "ok":
            results = read_json(path / "results.json")
            whole = {"data": [], **record, "run_id": path.name}
            return Run(record=whole, results=results)
    return None


def old_copy(file: Mapping[str, Any], root: Path, *, commit: str, spare: Path) -> Path:
    """Return a file that holds, byte for byte, what a run read.

    Parameters
    ----------
    file : mapping
        path, sha256 and bytes, as the manifest has them.
    root : pathlib.Path
        The project.
    commit : str
        The git commit of that run; blank for none.
    spare : pathlib.Path
        Folder that a copy out of git is written to.

    Raises
    ------
    FileNotFoundError
        If it is neither under its path, nor beside it under another name, nor in git.
    """
    path = resolve(file["path"], root)
    for candidate in _candidates(path, file.get("bytes")):
        if file["sha256"] and sha256(candidate) == file["sha256"]:
            return candidate
    if commit:
        copy = spare / path.name
        if _from_git(root, f"{commit}:./{file['path']}", copy):
            if sha256(copy) == file["sha256"]:
                return copy
            copy.unlink()
    raise FileNotFoundError(file["path"])


def _candidates(path: Path, n_bytes: object) -> Iterator[Path]:
    """Yield the file itself, then those beside it of the same kind and size."""
    if path.is_file():
        yield path
    beside = sorted(path.parent.glob(f"*{path.suffix}")) if path.suffix else []
    same = [p for p in beside if p != path and _size(p) == n_bytes]
    yield from same[:_LIKELY]


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size if path.is_file() else None
    except OSError:
        return None


def _from_git(root: Path, name: str, copy: Path) -> bool:
    """Write a file of an old commit; tell whether there is one."""
    if shutil.which("git") is None:
        return False
    copy.parent.mkdir(parents=True, exist_ok=True)
    with copy.open("wb") as file:
        done = subprocess.run(
            ["git", "-C", str(root), "show", name],
            stdout=file,
            stderr=subprocess.DEVNULL,
            timeout=120,
            check=False,
        )
    return done.returncode == 0
