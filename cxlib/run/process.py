"""Which process makes a run, and whether it is still there."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FIELDS = ("host", "pid", "process_started")


def identity() -> dict[str, Any]:
    """Return what tells this process from every other: host, pid and start.

    Returns
    -------
    dict
        `process_started` is the boot of the machine and the clock tick the process
        started at, so that another process with the same pid is not taken for it;
        empty where the system has no /proc.
    """
    values = (socket.gethostname(), os.getpid(), _started(os.getpid()) or "")
    return dict(zip(FIELDS, values, strict=True))


def alive(record: Mapping[str, Any]) -> bool | None:
    """Whether the process that a manifest names is still there.

    Parameters
    ----------
    record : mapping
        A manifest, or any mapping with the keys of `identity`.

    Returns
    -------
    bool or None
        None where this machine cannot know: the process ran on another host.

    Examples
    --------
    >>> alive(identity())
    True
    >>> alive({**identity(), "process_started": "another boot"})
    False
    >>> alive({**identity(), "host": "elsewhere"}) is None
    True
    """
    if record.get("host") != socket.gethostname() or os.name != "posix":
        return None
    try:
        pid = int(record.get("pid") or 0)
    except (TypeError, ValueError):
        return False
    if pid <= 0 or not exists(pid):
        return False
    wanted = record.get("process_started")
    return not wanted or wanted == _started(pid)


def exists(pid: int) -> bool:
    """Whether a process of this machine is there and not merely unburied."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return _started(pid) is not None


def _started(pid: int) -> str | None:
    """Return boot and start of a process, None if it is gone, '' without /proc."""
    if not Path("/proc/self/stat").exists():
        return ""
    try:
        text = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("utf-8")
    except OSError:
        return None
    state, *fields = text.rpartition(")")[2].split()
    return None if state in {"Z", "X"} else f"{boot[:8]}-{fields[18]}"
