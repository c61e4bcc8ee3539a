"""Tell new data from new settings and new code by running with the old data."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cxlib.paths import resolve
from cxlib.report.files import read_json
from cxlib.run.changes.causes import Cause, moved_tables
from cxlib.run.changes.earlier import Run, old_copy
from cxlib.run.jobs import Job, shown
from cxlib.run.secrets import HIDDEN

Rerun = Callable[[Mapping[str, Any], Path], str]
FOLDER = "explain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """The runs between two runs, their folders, and why there are none."""

    steps: Mapping[str, Run] = field(default_factory=dict)
    folders: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class _CannotError(Exception):
    """Why the causes cannot be told apart, as a sentence."""


def explain(
    was: Run,
    now: Run,
    found: Sequence[Cause],
    *,
    job: Job,
    folder: Path,
    rerun: Rerun,
) -> Explained:
    """Run what lies between two runs: new code first, then settings, then data.

    Parameters
    ----------
    was, now : Run
        The earlier and the present run.
    found : sequence of Cause
        What differs between them.
    job : Job
        The present run's.
    folder : pathlib.Path
        Its run folder; the extra runs go into `explain/` there, without a manifest,
        so that no index takes them for runs.
    rerun : callable
        Executes the notebook with parameters into a folder; returns an error in
        words, or nothing.

    Returns
    -------
    Explained
        No step where one cause is alone: the whole difference is its own.

    Notes
    -----
    The new code reads the old data with the old settings, then with the new ones.
    Each step's difference from the one before is what it added, so that the parts
    add up exactly. A step counts only if it read the old data, by their hashes.
    """
    order = _stages(found)
    if len(order) < 2:
        return Explained()
    try:
        with tempfile.TemporaryDirectory(prefix="cx-old-") as spare:
            planned = list(_plan(was, now, order, job=job, spare=Path(spare)))
            steps, folders = {}, []
            for number, (stage, params) in enumerate(planned, 1):
                place = folder / FOLDER / f"{number}-{stage.replace(' ', '-')}"
                steps[stage] = _step(params, place, was, now, rerun=rerun)
                folders.append(place.relative_to(folder).as_posix())
    except _CannotError as error:
        return Explained(notes=(f"They cannot be told apart: {error}",))
    return Explained(steps=steps, folders=tuple(folders))


def _stages(found: Sequence[Cause]) -> list[str]:
    """Return what differs, in the order of the steps; a seed is a setting here."""
    kinds = {"settings" if one.kind == "seed" else one.kind for one in found}
    return [kind for kind in ("code", "settings", "data") if kind in kinds]


def _plan(
    was: Run, now: Run, order: Sequence[str], *, job: Job, spare: Path
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each step but the last with the parameters it runs with."""
    known = {one.name for one in job.parameters}
    if "output_dir" not in known:
        raise _CannotError("the notebook has no parameter output_dir to write to.")
    old = dict(was.record.get("params", {}))
    if HIDDEN in str(old):
        raise _CannotError("the earlier settings hold a secret, which is not recorded.")
    tables = set(was.tables(job.root))
    needed = tables if order[0] == "settings" else None
    copies = _copies(was, job, spare, only=needed)
    unknown = sorted(set(old) - known)
    before = order[:-1]
    if unknown and "code" in before and "settings" in order:
        merged = before == ["code", "settings"]
        if not merged:
            raise _CannotError(f"the notebook no longer takes {', '.join(unknown)}.")
        before = ["code and settings"]
    for stage in before:
        given = dict(job.params) if stage.endswith("settings") else old
        if stage.endswith("settings"):
            moved = moved_tables(was, now, job.root) & set(was.settings)
            given |= {table: was.settings[table] for table in moved}
            copies = {path: copies[path] for path in tables & set(copies)}
        yield stage, _with_copies(given, was, copies, root=job.root)


def _copies(
    was: Run, job: Job, spare: Path, *, only: Collection[str] | None
) -> dict[str, Path]:
    """Return where the earlier run's files are now, by the path it read them from."""
    commit = str((was.record.get("git") or {}).get("commit", ""))
    found, gone = {}, []
    for number, file in enumerate(was.record["data"]):
        if only is not None and file["path"] not in only:
            continue
        own = spare / str(number)
        try:
            copy = old_copy(file, job.root, commit=commit, spare=own)
        except (FileNotFoundError, OSError):
            gone.append(file["path"])
        else:
            found[file["path"]] = copy
    if gone:
        day = str(was.record["started"])[:10]
        raise _CannotError(
            f"{', '.join(gone)} as it was on {day} is gone. Keep each export under a "
            "name of its own (such as one with its date), or in git."
        )
    return found


def _with_copies(
    given: Mapping[str, Any], was: Run, copies: Mapping[str, Path], *, root: Path
) -> dict[str, Any]:
    """Return parameters that name the copies in place of the earlier paths."""
    away = {p: str(c) for p, c in copies.items() if c != resolve(p, root)}
    unset = {
        name: value
        for name, value in was.settings.items()
        if name not in given and _replaced(value, away, root) != value
    }
    whole = {**given, **unset}
    found = {name: _replaced(value, away, root) for name, value in whole.items()}
    missing = [path for path, copy in away.items() if copy not in str(found)]
    if missing:
        raise _CannotError(
            f"{missing[0]} is read as one of a folder's files, and has changed."
        )
    return found


def _replaced(value: Any, away: Mapping[str, str], root: Path) -> Any:
    """Return a value with every path that has moved replaced by its copy's."""
    if isinstance(value, Mapping):
        return {key: _replaced(item, away, root) for key, item in value.items()}
    if isinstance(value, list):
        return [_replaced(item, away, root) for item in value]
    if not isinstance(value, str) or not value:
        return value
    return away.get(shown(resolve(value, root), root), value)


def _step(
    params: Mapping[str, Any], place: Path, was: Run, now: Run, *, rerun: Rerun
) -> Run:
    """Run one step and return it, unless it failed or read other data."""
    place.mkdir(parents=True, exist_ok=True)
    error = rerun(params, place)
    if error:
        first = error.strip().splitlines()[0]
        raise _CannotError(f"the run with the old data did not complete ({first})")
    results = read_json(place / "results.json")
    read = {
        file.get("sha256")
        for source in results.get("sources", [])
        for file in source.get("files", [])
    }
    if read - {file["sha256"] for file in was.record["data"]}:
        raise _CannotError("the run with the old data read others.")
    record = {**now.record, "params": dict(params), "data": was.record["data"]}
    return Run(record=record, results=results)
