"""A run folder: it says 'running' until its report and manifest are written."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cxlib.paths import resolve
from cxlib.report.files import to_json, write_text
from cxlib.report.language import translator
from cxlib.report.prepare import title
from cxlib.report.states import ALERT, STATES
from cxlib.run import manifest
from cxlib.run.audiences import review, signoff
from cxlib.run.changes import Rerun, changes_of
from cxlib.run.execute import Ending
from cxlib.run.fingerprint import NOTHING, Inputs
from cxlib.run.jobs import Job, shown
from cxlib.run.secrets import hide_text
from cxlib.run.site import pages

REPORT, NOTEBOOK, MANIFEST = "report.html", "report.ipynb", "manifest.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a job ended and where its run folder is.

    `note` is a line for the log; `earlier_code` the exit code of the earlier run
    that stands because nothing has changed since.
    """

    job: Job
    status: str
    folder: Path
    error: str = ""
    seconds: float = 0.0
    note: str = ""
    earlier_code: int | None = None
    alerts: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """The exit code this run alone would give; of one that stands, its own."""
        if self.earlier_code is not None:
            return self.earlier_code
        if self.status == "ok" and self.alerts:
            return ALERT
        return STATES[self.status].exit_code

    @property
    def report(self) -> Path:
        """The page to read."""
        return self.folder / REPORT


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The folder of one run, the manifest it will have and what it starts from."""

    job: Job
    path: Path
    record: dict[str, Any]
    inputs: Inputs = NOTHING

    @classmethod
    def open(cls, out: Path, job: Job, *, inputs: Inputs = NOTHING) -> RunFolder:
        """Make reports/<programme>/<name>/<run id>, marked as running.

        The run id is the time in UTC and a random part: ids sort by time, and two
        processes that start in the same second do not meet.
        """
        while True:
            started = now()
            stamp = started[:19].replace("-", "").replace(":", "")
            run_id = f"{stamp}Z-{os.urandom(3).hex()}"
            path = out / job.programme / job.name / run_id
            try:
                path.mkdir(parents=True)
            except FileExistsError:
                continue
            record = manifest.begin(job, run_id, started) | inputs.record()
            folder = cls(job, path, record, inputs)
            write_text(path / MANIFEST, to_json(folder.record))
            return folder

    @property
    def params(self) -> dict[str, Any]:
        """The parameters with this folder as `output_dir`, where that is one."""
        takes = any(one.name == "output_dir" for one in self.job.parameters)
        own = {"output_dir": shown(self.path, self.job.root)} if takes else {}
        return {**self.job.params, **own}

    def close(
        self,
        ending: Ending,
        *,
        notebook: Any = None,
        seconds: float | None = None,
        rerun: Rerun | None = None,
    ) -> Outcome:
        """Write the report, then the manifest: only then does a run look finished.

        With `rerun`, extra runs tell what new data changed from what else did.
        """
        record = manifest.end(self.record, ending, finished=now(), seconds=seconds)
        record |= self._found(record, notebook)
        if ending.status == "ok":
            record["changes"] = changes_of(self.job, self.path, record, rerun=rerun)
        try:
            page = self._page(record, notebook)
        except Exception as error:  # whatever it is, the run's own numbers are kept
            text = f"The report could not be written: {type(error).__name__}: {error}"
            record |= {"status": "failed", "error": text, "exit_code": 1}
            page = pages.problem_page(record, self.job.troubles)
        write_text(self.path / REPORT, page)
        write_text(self.path / MANIFEST, to_json(record))
        write_text(self.path.parent / "latest.html", pages.redirect(record))
        return Outcome(
            job=self.job,
            status=record["status"],
            folder=self.path,
            error=record["error"],
            seconds=seconds or 0.0,
            alerts=tuple(str(one.get("text")) for one in record["alerts"]),
        )

    def _found(self, record: dict[str, Any], notebook: Any) -> dict[str, Any]:
        """Return what the run read and found, for the manifest."""
        data = manifest.data_files(self.job, self.path)
        read = [resolve(file["path"], self.job.root) for file in data]
        words = {"language": record["language"]}
        fired = manifest.alerts(self.path, record["started"])
        alarmed = record["status"] == "ok" and fired["alerts"]
        return {
            **self.inputs.settled(read),
            **fired,
            "data": data,
            "headline": manifest.headline(notebook, self.path, **words),
            "title": title(notebook) if notebook is not None else "",
            "files": manifest.files(self.path),
            "exit_code": ALERT if alarmed else record["exit_code"],
        }

    def give_up(self, error: Exception) -> Outcome:
        """Record a run whose report could not be written, as on a full disk.

        The manifest is written over where it stands: that needs no room.
        """
        text = f"The run could not be written: {hide_text(str(error))}"
        ending = Ending(status="failed", error=text)
        record = manifest.end(self.record, ending, finished=now(), seconds=None)
        with contextlib.suppress(OSError):
            short = record | {"packages": {}, "defaults": {}}
            data = to_json(short).encode()
            with (self.path / MANIFEST).open("r+b") as file:
                file.write(data)
                file.truncate()
            page = pages.problem_page(record, self.job.troubles)
            write_text(self.path / REPORT, page)
        return Outcome(job=self.job, status="failed", folder=self.path, error=text)

    def _page(self, record: dict[str, Any], notebook: Any) -> str:
        """Return the report, or the page that says why there is none."""
        if notebook is None:
            return pages.problem_page(record, self.job.troubles)
        import nbformat

        from cxlib.report.exporter import ReportExporter

        standing = self._signoffs().of_run(record, self.path)
        doubts = review.review(record, self.path, notebook=notebook, standing=standing)
        write_text(self.path / review.PAGE, doubts)
        record["files"] = manifest.files(self.path)
        notebook.metadata["cx"] = {**record, "params": self.params}
        write_text(self.path / NOTEBOOK, nbformat.writes(notebook))
        where = {
            "metadata": {"path": str(self.job.notebook.parent), "name": self.job.name},
            "cx_folder": str(self.path),
        }
        exporter = ReportExporter()  # type: ignore[no-untyped-call]
        page: str = exporter.from_notebook_node(notebook, where)[0]
        words = translator(record["language"])
        return signoff.shown_line(page, standing.spoken(words))

    def _signoffs(self) -> signoff.SignOffs:
        """Return the sign-offs of the programme."""
        return signoff.read_signoffs(self.job.path.parent / signoff.FILE)


def now() -> str:
    """Return the time in UTC as ISO text with milliseconds."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
