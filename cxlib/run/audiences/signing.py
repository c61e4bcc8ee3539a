"""Write a reviewer's verdict into params/<programme>/_signoff.yaml."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml

from cxlib import _checks
from cxlib.errors import ArgumentError
from cxlib.report.files import write_text
from cxlib.run import secrets
from cxlib.run.audiences.latest import Report, report_at, runs
from cxlib.run.audiences.signoff import FILE, VERDICTS, SignOff, read_signoffs
from cxlib.run.jobs import outline, shown
from cxlib.run.provenance import sha256


def sign(
    params: Path,
    out: Path,
    *,
    reviewer: str,
    verdict: str = "accepted",
    note: str = "",
    run: str = "",
) -> Path:
    """Add a sign-off of a completed run and return the file it was added to.

    Parameters
    ----------
    params : pathlib.Path
        The params file of the report.
    out : pathlib.Path
        The reports folder.
    reviewer : str
        Who vouches for the verdict.
    verdict : str
        'accepted', 'accepted with remarks' or 'rejected'.
    note : str, optional
        Why, in a sentence.
    run : str, optional
        Id of the run; the latest if omitted, which must have completed.

    Raises
    ------
    ArgumentError
        If there is no such run, it has no results, a word is not taken, or the
        file has an error. The file is then left as it is.
    """
    _checks.one_of(verdict, "verdict", VERDICTS)
    job = outline(params.resolve())
    report = report_at(out / job.programme / job.name)
    where = shown(job.path, job.root)
    if report is None:
        raise ArgumentError(
            f"{where} has no run under {out}; run it first: cx run {where}"
        )
    run_id = _completed(report, run)
    digest = sha256(report.place / run_id / "results.json")
    if digest is None:
        raise ArgumentError(f"run {run_id} of {where} has no results.json to sign.")
    entry = SignOff(
        report=job.name,
        run=run_id,
        reviewer=_line(reviewer, "reviewer"),
        date=dt.date.today().isoformat(),
        verdict=verdict,
        note=_line(note, "note") if note else "",
        results_sha256=digest,
    )
    return _append(job.path.parent / FILE, entry)


def _completed(report: Report, run: str) -> str:
    """Return the id of the run to sign, which must have completed."""
    if run:
        known = {str(one["run_id"]): one for one in runs(report.place)}
        if run not in known:
            hint = _checks.did_you_mean(run, known)
            raise ArgumentError(f"`run` is {run!r}; {hint}")
        if known[run]["status"] != "ok":
            raise ArgumentError(
                f"run {run} did not complete; there is nothing to sign."
            )
        return run
    if report.good is None or report.lapse:
        text = report.lapse or "No run has completed"
        raise ArgumentError(f"{text}; name a completed run with --run.")
    return str(report.good["run_id"])


def _line(text: str, name: str) -> str:
    """Return a reviewer's words as one line that gives no secret away."""
    line = " ".join(text.split())
    if not line:
        raise ArgumentError(f"`{name}` is empty; say who has reviewed the run.")
    if secrets.find({name: line}):
        raise ArgumentError(
            f"`{name}` looks like a secret; it would be shown to readers."
        )
    return line


def _append(path: Path, entry: SignOff) -> Path:
    """Add an entry at the end of the file, leaving the rest as it was written."""
    before = read_signoffs(path)
    if before.troubles:
        told = "\n".join(f"  - {one}" for one in before.troubles)
        raise ArgumentError(f"mend this first; nothing was signed:\n{told}")
    given: Mapping[str, Any] = {k: v for k, v in asdict(entry).items() if v}
    options: dict[str, Any] = {
        "allow_unicode": True,
        "sort_keys": False,
        "width": 10**6,
    }
    added = yaml.safe_dump([dict(given)], **options)
    text = f"{before.text.rstrip()}\n{added}".lstrip()
    if not _is_list(text, len(before.entries) + 1):
        raise ArgumentError(f"{path} is not a plain list; add this by hand:\n{added}")
    write_text(path, text)
    return path


def _is_list(text: str, length: int) -> bool:
    """Whether a text is a YAML list of so many items."""
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError:
        return False
    return isinstance(found, list) and len(found) == length
