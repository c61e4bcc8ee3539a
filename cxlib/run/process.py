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
        `process_started` is in clock ticks since the machine's start: another
        process that is given the same pid is not taken for this one. None where the
        system has no /proc.
    """
    values = (socket.gethostname(), os.getpid(), _started(os.getpid()))
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
    >>> alive({**identity(), "process_started": 1})
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
    return wanted is None or wanted == _started(pid)


def exists(pid: int) -> bool:
    """Whether a process of this machine is there and not merely unburied."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return _stat(pid)[:1] not in {("Z",), ("X",)}


def _started(pid: int) -> int | None:
    """Return when a process started, in clock ticks since the machine did."""
    fields = _stat(pid)
    return int(fields[19]) if len(fields) > 19 else None


def _stat(pid: int) -> tuple[str, ...]:
    """Return what /proc says of a process, from its state on; nothing without it."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return ()
    return tuple(text.rpartition(")")[2].split())
