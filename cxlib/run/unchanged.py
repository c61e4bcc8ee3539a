"""Whether a report may stand: it completed, from the very inputs of today."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cxlib.errors import ArgumentError
from cxlib.report.files import read_json
from cxlib.run.fingerprint import Inputs

EVER = dt.datetime.min.replace(tzinfo=dt.UTC)
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_AGE = re.compile(r"(\d+)([mhdw])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A completed run that may stand: its folder, start and exit code."""

    folder: Path
    started: str
    exit_code: int


def standing(folder: Path, inputs: Inputs, *, since: dt.datetime) -> Standing | None:
    """Return the run that a new one would repeat, if there is one.

    Parameters
    ----------
    folder : pathlib.Path
        The report's folder, reports/<programme>/<name>.
    inputs : Inputs
        What a new run would start from.
    since : datetime.datetime
        Older runs do not count.

    Returns
    -------
    Standing or None
        Only ever the latest run: after one that failed, was refused or was killed,
        the report is made again.
    """
    latest = next(_runs(folder), None)
    if latest is None or inputs.sha256 is None:
        return None
    path, said = latest
    started = str(said.get("started"))
    same = said.get("inputs_sha256") == inputs.sha256
    if not same or said.get("status") != "ok" or not said.get("finished"):
        return None
    names = {"report.html", *map(str, said.get("files") or ())}
    if not all((path / name).is_file() for name in names) or _moment(started) < since:
        return None
    code = said.get("exit_code")
    return Standing(
        folder=path, started=started, exit_code=code if isinstance(code, int) else 0
    )


def oldest(text: str, *, ever: bool) -> dt.datetime | None:
    """Return how old a run that stands may be, from `--since` and `--skip-unchanged`.

    Returns
    -------
    datetime.datetime or None
        None where neither is given: no run stands.
    """
    if text:
        return since(text, now=dt.datetime.now(dt.UTC))
    return EVER if ever else None


def since(text: str, *, now: dt.datetime) -> dt.datetime:
    """Return the time that `--since` names.

    Parameters
    ----------
    text : str
        A date or time ('2026-11-01', '2026-11-01T08:00'; local unless it says
        otherwise) or an age ('90m', '24h', '7d', '2w').
    now : datetime.datetime
        The time ages count from.

    Raises
    ------
    ArgumentError
        For anything else.

    Examples
    --------
    >>> now = dt.datetime(2026, 11, 8, 6, tzinfo=dt.UTC)
    >>> since("7d", now=now).isoformat()
    '2026-11-01T06:00:00+00:00'
    """
    age = _AGE.fullmatch(text.strip())
    try:
        if age:
            return now - dt.timedelta(**{_UNITS[age[2]]: int(age[1])})
        return dt.datetime.fromisoformat(text.strip()).astimezone(dt.UTC)
    except (ValueError, OverflowError) as error:
        raise ArgumentError(
            f"--since is {text!r}; write a date (2026-11-01), a time "
            "(2026-11-01T08:00) or an age (90m, 24h, 7d, 2w)."
        ) from error


def _runs(folder: Path) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Yield each run with what its manifest says, the newest first."""
    places = (path for path in folder.glob("[!._]*") if path.is_dir())
    for path in sorted(places, reverse=True):
        yield path, read_json(path / "manifest.json")


def _moment(text: str) -> dt.datetime:
    """Return the time of a manifest; one that cannot be read is long ago."""
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        return EVER
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)
