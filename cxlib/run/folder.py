"""A run folder: it says 'running' until its report and manifest are written."""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cxlib.report.files import to_json, write_text
from cxlib.report.states import STATES
from cxlib.run import manifest, pages
from cxlib.run.execute import Ending
from cxlib.run.jobs import Job, shown

REPORT, NOTEBOOK, MANIFEST = "report.html", "report.ipynb", "manifest.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a job ended and where its run folder is."""

    job: Job
    status: str
    folder: Path
    error: str = ""
    seconds: float = 0.0

    @property
    def exit_code(self) -> int:
        """The exit code this run alone would give."""
        return STATES[self.status].exit_code

    @property
    def report(self) -> Path:
        """The page to read."""
        return self.folder / REPORT


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The folder of one run and the manifest it will have."""

    job: Job
    path: Path
    record: dict[str, Any]

    @classmethod
    def open(cls, out: Path, job: Job) -> RunFolder:
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
            folder = cls(job, path, manifest.begin(job, run_id, started))
            write_text(path / MANIFEST, to_json(folder.record))
            return folder

    @property
    def params(self) -> dict[str, Any]:
        """The parameters with this folder as `output_dir`, where that is one."""
        takes = any(one.name == "output_dir" for one in self.job.parameters)
        own = {"output_dir": shown(self.path, self.job.root)} if takes else {}
        return {**self.job.params, **own}

    def close(
        self, ending: Ending, *, notebook: Any = None, seconds: float | None = None
    ) -> Outcome:
        """Write the report, then the manifest: only then does a run look finished."""
        record = manifest.end(self.record, ending, finished=now(), seconds=seconds)
        record["data"] = manifest.data_files(self.job, self.path)
        record["headline"] = manifest.headline(notebook, self.path)
        record["files"] = manifest.files(self.path)
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
        )

    def _page(self, record: dict[str, Any], notebook: Any) -> str:
        """Return the report, or the page that says why there is none."""
        if notebook is None:
            return pages.problem_page(record, self.job.troubles)
        import nbformat

        from cxlib.report.exporter import ReportExporter

        notebook.metadata["cx"] = {**record, "params": self.params}
        write_text(self.path / NOTEBOOK, nbformat.writes(notebook))
        where = {
            "metadata": {"path": str(self.job.notebook.parent), "name": self.job.name},
            "cx_folder": str(self.path),
        }
        exporter = ReportExporter()  # type: ignore[no-untyped-call]
        page: str = exporter.from_notebook_node(notebook, where)[0]
        return page


def now() -> str:
    """Return the time in UTC as ISO text with milliseconds."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
