"""One hash of all that a run's numbers depend on."""

from __future__ import annotations

import glob
import hashlib
import json
import os
import platform
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any

import cxlib
from cxlib.paths import resolve
from cxlib.report.files import to_json
from cxlib.run.gate import TABLES
from cxlib.run.jobs import Job, shown

Stamp = tuple[int, ...]
_OUTPUT = "output_dir"
_QUERIES = ("duckdb", "table")
_DUCKDB = (".duckdb", ".ddb")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What a run starts from.

    Attributes
    ----------
    sha256 : str or None
        None where something cannot be hashed; `why` says what.
    stamps : mapping
        Each file -> its size and times when it was hashed.
    """

    sha256: str | None
    why: str = ""
    stamps: Mapping[Path, Stamp] = field(default_factory=dict)

    def record(self) -> dict[str, Any]:
        """Return what the manifest says of them."""
        return {"inputs_sha256": self.sha256, "inputs_note": self.why}

    def settled(self, read: Iterable[Path]) -> dict[str, Any]:
        """Return what the manifest says once the run has read its files.

        A file that changed meanwhile, or that the params do not name, takes the hash
        away: it would promise more than is known.
        """
        if self.sha256 is None:
            return self.record()
        moved = [path for path, stamp in self.stamps.items() if _stamp(path) != stamp]
        known = {*self.stamps, *(up for path in self.stamps for up in path.parents)}
        other = [path for path in read if path not in known]
        if not moved and not other:
            return self.record()
        name = (moved or other)[0].name
        why = "changed while it ran" if moved else "is read, and no parameter names it"
        return Inputs(sha256=None, why=f"{name} {why}").record()


NOTHING = Inputs(sha256=None, why="the run was not started")


def inputs(job: Job) -> Inputs:
    """Return the hash of all that a job's numbers depend on.

    Parameters
    ----------
    job : Job
        As the gate returned it, without troubles.

    Returns
    -------
    Inputs
        Hashed are: every parameter, given or default, but `output_dir`; the contents
        of each file a parameter names (all files of a folder or pattern); the
        notebook, cxlib's own files and modules beside the notebooks; the version of
        every installed package, of Python and the kind of machine.

    Notes
    -----
    Contents are hashed, never trusted to times: a file is read again in each process,
    a gigabyte in some seconds. Tables that come out of a query or from an address
    cannot be hashed. The clock and environment variables are not inputs: no notebook
    of this workbook takes numbers from them.
    """
    values = {one.name: one.default for one in job.parameters} | dict(job.params)
    values.pop(_OUTPUT, None)
    why = _unknown(job, values)
    if why:
        return Inputs(sha256=None, why=why)
    hashes, stamps = {}, {}
    try:
        for path in sorted({*_code(job), *_named(values, job.root)}):
            stamps[path] = _stamp(path)
            hashes[shown(path, job.root)] = _sha256(path, stamps[path])
    except OSError as error:
        return Inputs(sha256=None, why=f"{error.filename} cannot be read")
    whole = {"params": values, "files": hashes, "environment": _environment()}
    text = json.dumps(json.loads(to_json(whole)), sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Inputs(sha256=digest, stamps=stamps)


def _unknown(job: Job, values: Mapping[str, Any]) -> str:
    """Say which input cannot be hashed, or nothing."""
    for one in job.parameters:
        if not one.known and one.name not in job.params:
            return f"the default of {one.name} is worked out in the notebook"
    for table in TABLES:
        for source in _sources(values.get(table)):
            path = str(source.get("path") or "")
            if "://" in path:
                return f"{table} is read from an address, {path.partition('://')[0]}://"
            asks = source.get("format") in _QUERIES or source.get("query")
            if asks or path.lower().endswith(_DUCKDB):
                return f"{table} is the answer to a query"
    return ""


def _sources(given: object) -> Iterator[Mapping[str, Any]]:
    """Yield a table's source and its parts."""
    if isinstance(given, str):
        yield {"path": given}
    elif isinstance(given, Mapping):
        yield given
        for part in given.get("parts") or ():
            yield from _sources(part)


def _named(values: Mapping[str, Any], root: Path) -> Iterator[Path]:
    """Yield every file that a parameter names; text that names none yields none."""
    for name, value in values.items():
        for text in _texts(value):
            yield from _files(text, root, deep=name in TABLES or "/" in text)


def _texts(value: object) -> Iterator[str]:
    """Yield each text in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)


def _files(text: str, root: Path, *, deep: bool) -> Iterator[Path]:
    """Yield the file, or with `deep` the files of the folder or pattern, of a text."""
    if not text or len(text) > 1000 or "\n" in text or "\0" in text:
        return
    try:
        path = resolve(text, root)
        if path.is_file():
            yield path
            return
    except (OSError, RuntimeError):  # too long a name; a home folder there is not
        return
    if deep and path.is_dir():
        yield from (file for file in path.rglob("*") if file.is_file())
    elif deep and glob.has_magic(text):
        found = map(Path, glob.glob(str(path), recursive=True))
        yield from (file for file in found if file.is_file())


def _code(job: Job) -> Iterator[Path]:
    """Yield the notebook and the modules that stand where it can import them."""
    yield job.notebook
    yield from job.notebook.parent.glob("*.py")
    yield from job.root.glob("*.py")


@cache
def _environment() -> dict[str, Any]:
    """Return package versions, Python, machine and the hash of cxlib's own files."""
    installed = {(one.name, one.version) for one in metadata.distributions()}
    package = Path(cxlib.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*")):
        if path.is_file() and path.suffix not in {".pyc", ".pyo"}:
            digest.update(f"{path.relative_to(package).as_posix()}\0".encode())
            digest.update(path.read_bytes())
    return {
        "packages": sorted(f"{name} {version}" for name, version in installed),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "cxlib": digest.hexdigest(),
    }


def _stamp(path: Path) -> Stamp:
    """Return what changes when a file does: size, times and place on the disk."""
    try:
        found = os.stat(path)
    except OSError:
        return ()
    return (
        *(found.st_size, found.st_mtime_ns, found.st_ctime_ns),
        *(found.st_dev, found.st_ino),
    )


@lru_cache(maxsize=10_000)
def _sha256(path: Path, stamp: Stamp) -> str:  # noqa: ARG001 (a new stamp, a new hash)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
