"""Whether a run that says 'running' still is: its process may have been killed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from cxlib.report.states import STATES
from cxlib.run import process

SILENCE = dt.timedelta(days=1)


def state_of(run: Mapping[str, Any], *, now: dt.datetime | None = None) -> str:
    """Return the state of a run, from its manifest and from the machine.

    Parameters
    ----------
    run : mapping
        Has `status` and, while that is 'running', `started` and the keys of
        `process.identity`.
    now : datetime.datetime, optional
        With a time zone; the present if omitted.

    Returns
    -------
    str
        A key of STATES. A 'running' one becomes 'killed' when its process is gone. One
        of another machine cannot be asked: it becomes 'lost' a day after it started.
    """
    status = str(run["status"])
    if status != "running":
        return status if status in STATES else "failed"
    there = process.alive(run)
    if there is not None:
        return "running" if there else "killed"
    begun = _moment(run.get("started"))
    present = now or dt.datetime.now(dt.UTC)
    return "lost" if begun is None or present - begun > SILENCE else "running"


def _moment(text: object) -> dt.datetime | None:
    """Return an ISO time, taken for UTC where it names no zone."""
    try:
        found = dt.datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)
