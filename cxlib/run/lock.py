"""One run of a report at a time, whichever process asks for it."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from cxlib.report.files import to_json
from cxlib.report.words import moment
from cxlib.run import process

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

NAME = ".run.lock"
POLL = 0.2  # seconds between two looks at a lock that is waited for
_held: set[int] = set()


class BusyError(Exception):
    """Another process holds the lock; the text says which, and since when."""


@contextlib.contextmanager
def locked(
    folder: Path,
    *,
    wait: bool = False,
    stopped: Callable[[], bool] = lambda: False,
) -> Iterator[None]:
    """Hold the lock of a report's folder, reports/<programme>/<name>.

    Parameters
    ----------
    folder : pathlib.Path
        Made if it is not there; the lock is a file in it, which stays.
    wait : bool
        Wait until the lock is free rather than raise.
    stopped : callable
        Asked while waiting; true ends the wait.

    Raises
    ------
    BusyError
        If somebody else holds it.

    Notes
    -----
    The system drops the lock with the process that holds it, however that ends: a
    lock file that is left behind locks nothing. Two threads of a process shut each
    other out too. A file system that has no locks (some network ones) and Windows
    shut nobody out: run folders are never shared even then, but a report may be
    run twice. On NFS, machines see each other's locks from Linux 2.6.12 on, if the
    server's lock service is up.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / NAME).open("a+", encoding="utf-8") as file:
        while not _taken(file.fileno()):
            if not wait or stopped():
                raise BusyError(_holder(folder / NAME))
            time.sleep(POLL)
        _held.add(file.fileno())
        try:
            _sign(folder / NAME)
            yield
        finally:
            _held.discard(file.fileno())
            with contextlib.suppress(OSError):
                file.truncate(0)


def is_locked(folder: Path) -> bool:
    """Whether anybody, this process included, is running a report just now."""
    if not (folder / NAME).is_file():
        return False
    try:
        with locked(folder):
            return False
    except BusyError:
        return True


def _taken(descriptor: int) -> bool:
    """Take the lock; whether that could be done."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # no locks on this file system
        return True
    return True


def _sign(path: Path) -> None:
    """Write who holds the lock; on a full disk it is held unsigned."""
    since = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())
    with contextlib.suppress(OSError):
        path.write_text(to_json({**process.identity(), "since": since}), "utf-8")


def _holder(path: Path) -> str:
    """Say who holds the lock."""
    try:
        said = json.loads(path.read_text("utf-8"))
        who = f"process {said['pid']} on {said['host']}"
        return f"{who} is at it since {moment(said['since'])}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process is at it"


def _forget() -> None:
    """Let go of the locks in a forked child, or they would outlive the parent."""
    for descriptor in _held:
        with contextlib.suppress(OSError):
            nothing = os.open(os.devnull, os.O_RDWR)
            os.dup2(nothing, descriptor, inheritable=False)
            os.close(nothing)
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
