"""Reports in an object store: run on this machine, then send what was written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from cxlib.errors import StoreError
from cxlib.run.store import Store

MANIFEST, SITE = "manifest.json", PurePosixPath("index.html")
# What the index and comparisons read of an earlier run.
SMALL = (MANIFEST, "results.json", "history.json")


@dataclass(slots=True)
class Mirror:
    """The store that a `cx run` sends its reports to, if it was given one.

    `before` are the runs that were there when it began, `troubles` what the store
    could not do.
    """

    out: Path
    store: Store | None = None
    before: frozenset[str] = frozenset()
    troubles: list[str] = field(default_factory=list)

    @classmethod
    def open(cls, address: str, out: Path) -> Mirror:
        """Open the store and bring earlier runs; one that cannot be read is told of.

        Parameters
        ----------
        address : str
            As `Store.open` takes it; blank for no store.
        out : pathlib.Path
            The reports folder.

        Raises
        ------
        ArgumentError
            For an address that no store can have.
        """
        mirror = cls(out, Store.open(address) if address else None)
        if mirror.store is not None:
            try:
                mirror.before = pull(mirror.store, out)
            except StoreError as error:
                mirror.troubles.append(str(error))
                mirror.before = runs(out)
        return mirror

    def send(self) -> str:
        """Send what is new; return a sentence, blank where there is no store."""
        if self.store is None:
            return ""
        try:
            count = push(self.store, self.out, before=self.before)
        except StoreError as error:
            self.troubles.append(str(error))
            return str(error)
        return f"{count} files sent to {self.store.address}."


def pull(store: Store, out: Path) -> frozenset[str]:
    """Bring what the index and comparisons need, where this machine has no run.

    Parameters
    ----------
    store : Store
        Where earlier runs were sent.
    out : pathlib.Path
        The reports folder. With a run in it nothing is brought: a machine that keeps
        its reports has them all, one that is made for the night has none.

    Returns
    -------
    frozenset of str
        The runs now in the folder, as programme/name/run id.

    Raises
    ------
    StoreError
        If the store cannot be read.
    """
    if not runs(out):
        store.fetch([path for path in store.files() if path.name in SMALL], out)
    return runs(out)


def push(store: Store, out: Path, *, before: frozenset[str] = frozenset()) -> int:
    """Send what the store lacks of the runs that ended, and the pages of the site.

    Parameters
    ----------
    store : Store
        Where to.
    out : pathlib.Path
        The reports folder.
    before : frozenset of str
        What `pull` returned. A run of it that is gone was deleted here since, and is
        deleted there.

    Returns
    -------
    int
        Files sent.

    Raises
    ------
    StoreError
        If something cannot be written. The reports on this machine are whole, and the
        next push goes on from there.

    Notes
    -----
    A run's manifest is sent after its other files and the index last of all, so that
    whoever reads the store meanwhile sees whole runs only.
    """
    there = store.files()
    new = [path for path in _run_files(out) if path not in there]
    last = [path for path in new if path.name == MANIFEST]
    pages = [path for path in _pages(out) if path != SITE]
    index = [SITE] if (out / SITE).is_file() else []
    for batch in (sorted(set(new) - set(last)), last, pages, index):
        store.send(out, batch)
    for run in sorted(before - runs(out)):
        store.drop(run)
    return len(new) + len(pages) + len(index)


def runs(out: Path) -> frozenset[str]:
    """Return the runs of a reports folder, as programme/name/run id."""
    found = out.glob(f"*/*/*/{MANIFEST}")
    return frozenset(path.parent.relative_to(out).as_posix() for path in found)


def _run_files(out: Path) -> Iterator[PurePosixPath]:
    """Yield the files of every run that has ended, by their place."""
    for run in runs(out):
        if _ended(out / run):
            yield from _visible(out, (out / run).rglob("*"))


def _pages(out: Path) -> list[PurePosixPath]:
    """Return the pages and histories above the runs."""
    found = [path for depth in ("*", "*/*", "*/*/*") for path in out.glob(depth)]
    kinds = {".html", ".json", ".csv"}
    return sorted(_visible(out, [path for path in found if path.suffix in kinds]))


def _visible(out: Path, paths: Iterator[Path] | list[Path]) -> Iterator[PurePosixPath]:
    """Yield the files among paths that are no spares, locks or links."""
    for path in paths:
        place = path.relative_to(out)
        hidden = any(part.startswith(".") for part in place.parts)
        if path.is_file() and not path.is_symlink() and not hidden:
            yield PurePosixPath(place.as_posix())


def _ended(run: Path) -> bool:
    """Whether a run has a manifest that says how it ended."""
    try:
        record = json.loads((run / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(record, dict) and record.get("status") != "running"
