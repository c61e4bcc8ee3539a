"""The memory of a report: history.json, one line a run, also of deleted runs."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from cxlib.report.files import write_text
from cxlib.run.site.alive import state_of
from cxlib.run.site.lines import line_of

HISTORY, MANIFEST = "history.json", "manifest.json"
FORMAT = 1
MEMORY = 3000


@dataclass(slots=True, kw_only=True)
class Report:
    """All runs of one params file, the newest first.

    Attributes
    ----------
    programme, name : str
        As the folders are called.
    folder : pathlib.Path
        <reports>/<programme>/<name>.
    runs : list of dict
        Lines as `line_of` makes them, with `state` (a key of STATES), and `removed`
        (when, or "" where the folder went without us) for a run whose folder is gone.
    changed : bool
        Whether anything differs from what history.json said.
    """

    programme: str
    name: str
    folder: Path
    runs: list[dict[str, Any]] = field(default_factory=list)
    changed: bool = True

    @property
    def there(self) -> list[dict[str, Any]]:
        """The runs that still have their folder."""
        return [run for run in self.runs if "removed" not in run]


def read_reports(out: Path, *, style: str = "") -> Iterator[Report]:
    """Yield every report under a reports folder.

    Parameters
    ----------
    out : pathlib.Path
        The reports folder: <programme>/<name>/<run id>/manifest.json.
    style : str, optional
        What the pages are made with; another one than before is a change.

    Notes
    -----
    A manifest that has not changed since history.json was written (by time and size)
    is not read again; one that cannot be read is left out.
    """
    for programme in _folders(out):
        for name in _folders(programme):
            report = read_report(Path(name.path), style=style)
            if report.runs:
                yield report


def read_report(folder: Path, *, style: str = "") -> Report:
    """Return the report whose runs are in a folder; see `read_reports`."""
    known, fresh = _remembered(folder / HISTORY, style)
    runs = {}
    for entry in _folders(folder):
        line = _line(entry, known.get(entry.name))
        if line is not None:
            runs[entry.name] = line
    now = dt.datetime.now(dt.UTC)
    for run_id, line in runs.items():
        runs[run_id] = line | {"state": state_of(line, now=now)}
    for run_id, line in known.items():
        if run_id not in runs and not (folder / run_id).exists():
            runs[run_id] = {"removed": "", **line}
    ordered = sorted(runs.values(), key=lambda r: (r["started"], r["id"]), reverse=True)
    return Report(
        programme=folder.parent.name,
        name=folder.name,
        folder=folder,
        runs=ordered[:MEMORY],
        changed=not fresh or ordered[:MEMORY] != list(known.values()),
    )


def write_history(report: Report, *, style: str = "") -> None:
    """Write history.json: strict JSON, a line of the file for each run."""
    head = {"format": FORMAT, "style": style}
    write_text(report.folder / HISTORY, json_lines(head, "runs", report.runs))


def json_lines(
    head: Mapping[str, Any], name: str, values: Iterable[Mapping[str, Any]]
) -> str:
    """Return a JSON object whose last member, a list, has a value on each line."""
    lines = ",\n".join(
        json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        for value in values
    )
    return f'{json.dumps(head)[:-1]}, "{name}": [\n{lines}\n]}}\n'


@cache
def digest(*texts: str) -> str:
    """Return a short hash of texts."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]


@contextlib.contextmanager
def alone(out: Path) -> Iterator[None]:
    """Let one process at a time change the site, so that the last one is complete."""
    out.mkdir(parents=True, exist_ok=True)
    try:
        import fcntl
    except ImportError:
        yield
        return
    with (out / ".site.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _folders(path: Path | os.DirEntry[str]) -> list[os.DirEntry[str]]:
    """Return the folders in a folder, but hidden ones."""
    try:
        with os.scandir(path) as entries:
            return [e for e in entries if e.name[0] != "." and e.is_dir()]
    except OSError:
        return []


def _line(
    entry: os.DirEntry[str], known: dict[str, Any] | None
) -> dict[str, Any] | None:
    """Return a run's line, from memory where its manifest is as it was."""
    path = f"{entry.path}/{MANIFEST}"
    try:
        found = os.stat(path)
        stamp = [found.st_mtime_ns, found.st_size]
        if known is not None and known.get("stamp") == stamp and "removed" not in known:
            return known
        with open(path, encoding="utf-8") as file:
            return {**line_of(json.load(file), entry.name), "stamp": stamp}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _remembered(path: Path, style: str) -> tuple[dict[str, dict[str, Any]], bool]:
    """Return the lines of history.json by run id, and whether pages are up to date.

    A file that is not ours is put aside: it may hold what no folder has any more.
    """
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        of_format = {FORMAT: said["runs"]}[said["format"]]
        lines = {str(line["id"]): line for line in of_format if line["started"]}
    except FileNotFoundError:
        return {}, False
    except (OSError, ValueError, KeyError, TypeError):
        with contextlib.suppress(OSError):
            path.replace(path.with_name("history.unreadable.json"))
        return {}, False
    return lines, said.get("style") == style
