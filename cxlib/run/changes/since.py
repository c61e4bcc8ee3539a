"""From two run folders to the record of what changed between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import quote

from cxlib.paths import resolve
from cxlib.report.files import read_json
from cxlib.run.changes import words
from cxlib.run.changes.causes import Cause, causes
from cxlib.run.changes.compare import Steps, label, only_in, rows
from cxlib.run.changes.earlier import Run, previous
from cxlib.run.changes.explain import Explained, Rerun, explain
from cxlib.run.changes.overlap import (
    APART,
    UNKNOWN,
    Overlap,
    Sketch,
    least,
    overlap,
    sketch_of,
    together,
)
from cxlib.run.jobs import Job

_HINT = "`cx run --explain` runs with the earlier data too and tells what each did."


def changes_of(
    job: Job, folder: Path, record: Mapping[str, Any], *, rerun: Rerun | None = None
) -> dict[str, Any]:
    """Return what changed since the last completed run of the same params file.

    Parameters
    ----------
    job : Job
        What was run.
    folder : pathlib.Path
        Its run folder, beside those of earlier runs.
    record : mapping
        Its manifest; the run has just completed.
    rerun : callable, optional
        Makes the extra runs that tell new data from new settings and code.

    Returns
    -------
    dict
        As the package's docstring says. Whatever goes wrong is in its `text`: it
        never costs a run its report.
    """
    try:
        return _changes(job, folder, record, rerun)
    except Exception as error:  # an old folder may hold anything
        text = f"{type(error).__name__}: {error}"
        return {
            "since": None,
            "text": f"The comparison with the last run could not be made ({text}).",
            "state": "failed",
        }


def _changes(
    job: Job, folder: Path, record: Mapping[str, Any], rerun: Rerun | None
) -> dict[str, Any]:
    """Compare a run with the last one before it."""
    root, out = job.root, folder.parents[2]
    now = Run(record=record, results=read_json(folder / "results.json"))
    sketches = _sketches(now, root, out)
    was = previous(folder)
    if was is None:
        return {"since": None, "text": words.FIRST, "state": "first"}
    found = causes(was, now, root)
    share = None
    if any(one.kind == "data" for one in found):
        share = _overlap(_sketches(was, root, out), sketches)
    extra = Explained()
    if rerun:
        extra = explain(was, now, found, job=job, folder=folder, rerun=rerun)
    return _link(was) | _compared(was, now, found, share, extra, asked=bool(rerun))


def _compared(
    was: Run,
    now: Run,
    found: Sequence[Cause],
    share: Overlap | None,
    extra: Explained,
    *,
    asked: bool,
) -> dict[str, Any]:
    """Return the numbers of two runs side by side, judged and put in words."""
    kinds = {one.kind for one in found}
    steps = extra.steps
    compared = rows(was, now, kinds=kinds, overlap=share or APART, steps=steps)
    state = _state(compared, kinds, steps)
    since = str(was.record["started"])
    text = words.sentence(compared, found, since=since, n_rows=_n_rows(was, now))
    hint = [_HINT] if state == "mixed" and not asked else []
    return {
        "text": " ".join([text, *extra.notes, *hint]),
        "state": state,
        "causes": [asdict(one) for one in found],
        "rows": compared,
        "appeared": _unmatched(now, was, kinds),
        "vanished": _unmatched(was, now, kinds),
        "notes": words.notes(compared, share),
        "overlap": asdict(share) if share else None,
        "steps": list(extra.folders),
    }


def _link(was: Run) -> dict[str, str]:
    run_id = str(was.record["run_id"])
    return {
        "since": run_id,
        "started": str(was.record["started"]),
        "href": f"../{quote(run_id)}/report.html",
    }


def _state(compared: Sequence[Mapping[str, Any]], kinds: set[Any], steps: Steps) -> str:
    """Return the state of the whole comparison in a word."""
    found = {row["verdict"] for row in compared}
    if "not reproducible" in found:
        return "not reproducible"
    if found <= {"same"}:
        return "same"
    if "data" not in kinds:
        return "explained"
    if len(kinds) > 1 and not steps:
        return "mixed"
    return "beyond" if "beyond noise" in found else "within"


def _sketches(run: Run, root: Path, out: Path) -> dict[str, Sketch | None]:
    """Return the sketch of each table; None where one of its files has none."""
    hashes = {file["path"]: file["sha256"] for file in run.record["data"]}
    found: dict[str, list[Sketch | None]] = {}
    for path, table in run.tables(root).items():
        digest = hashes.get(path)
        made = sketch_of(resolve(path, root), out, digest) if digest else None
        found.setdefault(table, []).append(made)
    return {
        table: together([one for one in parts if one]) if all(parts) else None
        for table, parts in found.items()
    }


def _overlap(
    was: Mapping[str, Sketch | None], now: Mapping[str, Sketch | None]
) -> Overlap:
    """Return the smallest overlap among the tables of two runs."""
    if set(was) != set(now):
        return UNKNOWN
    return least(overlap(was[table], now[table]) for table in now)


def _n_rows(was: Run, now: Run) -> tuple[int, int] | None:
    """Return the rows of data before and now, None where some are not counted."""
    counts = [
        [file.get("rows") for file in run.record["data"] if file.get("table")]
        for run in (was, now)
    ]
    if not all(counts) or any(n is None for side in counts for n in side):
        return None
    return sum(counts[0]), sum(counts[1])


def _unmatched(one: Run, other: Run, kinds: set[Any]) -> list[dict[str, str]]:
    """Return the numbers that only one of two runs has, and what may be why."""
    why = f"changed: {words.kinds_in_words(sorted(kinds))}" if kinds else "not known"
    return [
        {"id": name, "label": label(one.findings[name], one), "why": why}
        for name in only_in(one, other)
    ]
