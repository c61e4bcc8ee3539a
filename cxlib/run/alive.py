"""Whether a run that says 'running' still is: the process may have been killed."""

from __future__ import annotations

import datetime as dt
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cxlib.report.states import STATES

SILENCE = dt.timedelta(days=1)


def state_of(
    run: Mapping[str, Any], *, host: str | None = None, now: dt.datetime | None = None
) -> str:
    """Return the state of a run, from its manifest and from the machine.

    Parameters
    ----------
    run : mapping
        Has `status` and, while it says 'running', `host`, `pid`, `started` and, where
        it was recorded, `process_started`.
    host : str, optional
        The name of this machine.
    now : datetime.datetime, optional
        With a time zone; the present if omitted.

    Returns
    -------
    str
        A key of STATES. A 'running' one of this machine becomes 'killed' when its
        process is gone, or its number belongs to a younger process. One of another
        machine cannot be asked: it becomes 'lost' a day after it started.
    """
    status = str(run["status"])
    if status != "running":
        return status if status in STATES else "failed"
    if run.get("host") == (host or socket.gethostname()):
        there = alive(run.get("pid"), started=run.get("process_started"))
        return "running" if there else "killed"
    begun = _moment(run.get("started"))
    present = now or dt.datetime.now(dt.UTC)
    return "lost" if begun is None or present - begun > SILENCE else "running"


def alive(pid: object, *, started: object = None) -> bool:
    """Return whether a process of this machine is there, and the same one.

    Parameters
    ----------
    pid : int
        The process number.
    started : number, optional
        What `process_started` said of it; a number used again is another process.
    """
    if not isinstance(pid, int) or pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        pass
    now = process_started(pid)
    return started is None or now is None or started == now


def process_started(pid: int) -> int | None:
    """Return when a process began, in clock ticks since the boot; None if unknown."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        return int(text.rpartition(")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return None


def _moment(text: object) -> dt.datetime | None:
    """Return an ISO time, taken for UTC where it names no zone."""
    try:
        found = dt.datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)
