"""Sweep up what a killed process has left."""

from __future__ import annotations

import contextlib
import re
import shutil
import time
from pathlib import Path

from cxlib.run import process

_SPARE = re.compile(r"\..+\.(\d+)-[0-9a-f]{8}")
_SOCKETS = re.compile(r"cx-(\d+)-\w+")
_AGE = 60.0  # seconds; a spare lives some milliseconds
_DAY = 86_400.0


def sweep(folder: Path) -> list[Path]:
    """Remove the unfinished files of dead processes, in a report's folder and runs.

    Parameters
    ----------
    folder : pathlib.Path
        The report's folder, reports/<programme>/<name>, whose lock is held.

    Returns
    -------
    list of pathlib.Path
        What was removed. Files younger than a minute are left: they may be another
        machine's.
    """
    removed = []
    for path in (*folder.glob(".*"), *folder.glob("*/.*"), *folder.glob("*/*/.*")):
        found = _SPARE.fullmatch(path.name)
        if not found or process.exists(int(found[1])):
            continue
        with contextlib.suppress(OSError):
            if time.time() - path.lstat().st_mtime > _AGE and path.is_file():
                path.unlink()
                removed.append(path)
    return removed


def sweep_sockets(folder: Path) -> None:
    """Remove the socket folders of dead processes from the temporary folder.

    Those younger than a day are left: they may be of a container with its own pids.
    """
    for path in folder.glob("cx-*-*"):
        found = _SOCKETS.fullmatch(path.name)
        if not found or process.exists(int(found[1])):
            continue
        with contextlib.suppress(OSError):
            if time.time() - path.lstat().st_mtime > _DAY:
                shutil.rmtree(path)
