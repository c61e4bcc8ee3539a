"""The newest run of each report and the last one that completed, read from disk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cxlib.report.files import read_json
from cxlib.report.states import STATES
from cxlib.report.words import moment

_CAPITALS = {"nps", "csat", "ces", "roi", "voc", "ab", "clv"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One report of a programme: `place` is its folder, `runs` the runs it needs.

    `good` is the last completed run, None where none has completed; `newest` is the
    same run, or a later one that has not completed.
    """

    programme: str
    name: str
    place: Path
    newest: Mapping[str, Any]
    good: Mapping[str, Any] | None

    @property
    def title(self) -> str:
        """What the notebook calls itself, and the part of the name after its dot."""
        run = self.good or self.newest
        stem, _, variant = self.name.partition(".")
        said = str(run.get("title") or "") or humanised(stem)
        return f"{said} ({variant})" if variant else said

    @property
    def results(self) -> Mapping[str, Any]:
        """The results.json of the last completed run, empty where there is none."""
        return read_results(self.folder) if self.good else {}

    @property
    def folder(self) -> Path:
        """The folder of the last completed run, else of the newest."""
        return self.place / str((self.good or self.newest)["run_id"])

    @property
    def lapse(self) -> str:
        """Why the newest run gives no answer, in words; empty where it does."""
        if self.good is self.newest:
            return ""
        status = str(self.newest["status"])
        label = STATES[status if status in STATES else "failed"].label.lower()
        when = moment(str(self.newest["started"]))
        if status == "running":
            label = "is under way or was killed"
        elif status in {"failed", "timeout", "interrupted"}:
            label = {"timeout": "timed out", "interrupted": "was interrupted"}.get(
                status, "failed"
            )
        else:
            label = f"ended with: {label}"
        return f"The latest run, of {when}, {label}"


def latest(out: Path) -> dict[str, list[Report]]:
    """Return the reports under a reports folder by programme, both by name.

    Parameters
    ----------
    out : pathlib.Path
        The reports folder: <programme>/<name>/<run id>/manifest.json.

    Notes
    -----
    Run ids sort by time, so only the newest manifests are read, back to the first
    that completed. What cannot be read is passed over.
    """
    found: dict[str, list[Report]] = {}
    for place in sorted(path for path in out.glob("*/*") if path.is_dir()):
        report = report_at(place)
        if report is not None:
            found.setdefault(report.programme, []).append(report)
    return found


def report_at(place: Path) -> Report | None:
    """Return the report whose runs lie in a folder; None where there is no run."""
    newest = good = None
    for run in runs(place):
        newest = newest or run
        if run["status"] == "ok":
            good = run
            break
    if newest is None:
        return None
    programme, name = place.parent.name, place.name
    return Report(programme=programme, name=name, place=place, newest=newest, good=good)


def runs(place: Path) -> Iterator[dict[str, Any]]:
    """Yield the readable manifests of a report, the newest first."""
    for path in sorted(place.glob("*/manifest.json"), reverse=True):
        run = dict(read_json(path))
        headline = run.get("headline") or {}
        known = "status" in run and "started" in run and isinstance(headline, dict)
        if known and _records(headline, "figures") and _records(run, "data", "alerts"):
            yield run | {"run_id": path.parent.name, "headline": headline}


def read_results(folder: Path) -> Mapping[str, Any]:
    """Return a run's results.json; nothing where it is not one of ours."""
    found = read_json(folder / "results.json")
    lists = ("findings", "results", "assumptions", "sources")
    return found if _records(found, *lists) else {}


def _records(found: Mapping[str, Any], *names: str) -> bool:
    """Whether all these are lists of mappings, where they are there."""
    return all(
        isinstance(found.get(name) or [], list)
        and all(isinstance(one, dict) for one in found.get(name) or [])
        for name in names
    )


def humanised(name: str) -> str:
    """Return a file's stem in words.

    >>> humanised("nps_segmentation"), humanised("customer_value")
    ('NPS segmentation', 'Customer value')
    """
    words = [w.upper() if w in _CAPITALS else w for w in name.split("_") if w]
    text = " ".join(words)
    return text[:1].upper() + text[1:]
