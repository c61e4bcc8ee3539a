"""Keep the newest runs of each report; delete the others whole, never the last good."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from cxlib.errors import ArgumentError
from cxlib.run.site.history import (
    MANIFEST,
    Report,
    alone,
    read_reports,
    write_history,
)

SIGNED = "_signoff.yaml"
_ASIDE = ".deleted-"


@dataclass(slots=True, kw_only=True)
class Cleaned:
    """What a cleaning did: the runs deleted, and in words what could not be.

    `deleted` holds <programme>/<name>/<run id>; `freed` is in bytes.
    """

    deleted: list[str] = field(default_factory=list)
    freed: int = 0
    troubles: list[str] = field(default_factory=list)

    def stuck(self, folder: Path, error: OSError) -> None:
        """Take note of a folder that could not be deleted."""
        label = "/".join(folder.parts[-3:])
        self.troubles.append(f"{label}: could not be deleted: {error.strerror}.")

    def lines(self) -> list[str]:
        """Return what was done, a sentence a line."""
        said = [f"Deleted: {name}" for name in self.deleted]
        return [*said, *self.troubles]


def clean(
    out: Path,
    keep: int,
    *,
    params: Iterable[Path] = (),
    only: Collection[tuple[str, str]] | None = None,
) -> Cleaned:
    """Delete the run folders of a reports folder that are too old to be kept.

    Parameters
    ----------
    out : pathlib.Path
        The reports folder.
    keep : int
        How many of the newest runs of each report are kept, 1 at least.
    params : iterable of pathlib.Path
        Params folders: <programme>/_signoff.yaml there names runs that are kept.
    only : collection of (programme, name), optional
        The reports cleaned; all if omitted.

    Returns
    -------
    Cleaned

    Raises
    ------
    ArgumentError
        If `keep` is less than one.

    Notes
    -----
    Whatever its age, kept are: the last completed run, a run that may be going on, a
    run that is signed off (all of the programme, while its sign-offs cannot be read),
    and every folder whose manifest is not one of ours. A folder is renamed, then
    removed: a cleaning that is killed leaves no half a report, and the next one takes
    up what it left. Nothing is followed out of `out` through a symbolic link. The
    values of deleted runs stay in history.json.
    """
    if keep < 1:
        raise ArgumentError(f"`keep` is {keep}; one run of each report must stay.")
    done = Cleaned()
    if not out.is_dir():
        return done
    folders = list(params)
    with alone(out):
        for report in read_reports(out):
            wanted = only is None or (report.programme, report.name) in only
            if not wanted or _linked(report.folder, out):
                continue
            _finish(report.folder, done)
            signed = _signed(folders, report.programme, done)
            if signed is not None:
                _clean_report(report, keep, signed, done)
    return done


def spared(report: Report, keep: int, *, signed: Collection[str]) -> set[str]:
    """Return the ids of the runs that stay; `signed` holds ids and inputs' hashes."""
    there = report.there
    good = [run["id"] for run in there if run["state"] == "ok"]
    going = {run["id"] for run in there if run["state"] in {"running", "lost"}}
    kept = {run["id"] for run in there[:keep]} | set(good[:1]) | going
    return kept | {r["id"] for r in there if {r["id"], r.get("inputs")} & set(signed)}


def _clean_report(report: Report, keep: int, signed: set[str], done: Cleaned) -> None:
    """Delete a report's old runs: first remembered as deleted, then deleted."""
    kept = spared(report, keep, signed=signed)
    old = [
        run
        for run in report.there
        if run["id"] not in kept and _ours(report.folder / run["id"], report)
    ]
    if not old:
        return
    today = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    for run in old:
        run["removed"] = today
    write_history(report)
    for run in old:
        _delete(report.folder / run["id"], done)


def _delete(folder: Path, done: Cleaned) -> None:
    """Rename a run folder, so that it is no run any more, and remove it."""
    label = "/".join(folder.parts[-3:])
    aside = folder.with_name(f"{_ASIDE}{folder.name}")
    try:
        size = _size(folder)
        folder.rename(aside)
        done.deleted.append(label)
        done.freed += size
        shutil.rmtree(aside)
    except OSError as error:
        done.stuck(folder, error)


def _finish(folder: Path, done: Cleaned) -> None:
    """Remove what a cleaning that was killed had put aside."""
    for aside in folder.glob(f"{_ASIDE}*"):
        if aside.is_dir() and not aside.is_symlink():
            try:
                shutil.rmtree(aside)
            except OSError as error:
                label = "/".join(aside.parts[-3:])
                done.troubles.append(
                    f"{label}: could not be deleted: {error.strerror}."
                )


def _ours(folder: Path, report: Report) -> bool:
    """Whether a folder is a run of ours, in the place where we made it."""
    try:
        said = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        named = (said["programme"], said["name"], said["run_id"])
        place = (report.programme, report.name, folder.name)
        return named == place and "notebook" in said and not folder.is_symlink()
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _linked(folder: Path, out: Path) -> bool:
    """Whether a report's folder is reached through a symbolic link inside `out`."""
    return folder.is_symlink() or (folder.parent != out and folder.parent.is_symlink())


def _signed(folders: Iterable[Path], programme: str, done: Cleaned) -> set[str] | None:
    """Return the runs and inputs that are signed off; None if that cannot be read."""
    found: set[str] = set()
    for folder in folders:
        path = folder / programme / SIGNED
        try:
            said = yaml.safe_load(path.read_text(encoding="utf-8"))
            found.update(_texts(said))
        except FileNotFoundError:
            continue
        except (OSError, ValueError, yaml.YAMLError):
            trouble = f"{path}: cannot be read, so nothing of {programme} was deleted."
            if trouble not in done.troubles:
                done.troubles.append(trouble)
            return None
    return found


def _texts(value: object) -> Iterator[str]:
    """Yield every text in a value of YAML."""
    if isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, str):
        yield value


def _size(folder: Path) -> int:
    """Return the bytes of the files in a folder."""
    return sum(
        os.lstat(os.path.join(base, name)).st_size
        for base, _, names in os.walk(folder)
        for name in names
    )
