"""Which run goes next: the longest, so that none is left alone at the end."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable
from pathlib import Path

from cxlib.report.files import read_json
from cxlib.run.folder import Outcome
from cxlib.run.jobs import Job
from cxlib.run.site.history import HISTORY


class Waiting:
    """The jobs that have not started; may be used from several threads.

    Parameters
    ----------
    jobs : iterable of Job
        In the order given.
    out : pathlib.Path
        The reports folder, whose histories say how long each report took last time.
    n_jobs : int
        Runs at a time. One at a time, jobs keep their order.

    Notes
    -----
    A report that never ran is taken to last as long as the last run of its notebook
    that completed; where there is none, it goes first, and shows it. Longest first
    ends at most a third later than the best order there is (Graham, R.L., 1969,
    doi:10.1137/0117039).
    """

    def __init__(self, jobs: Iterable[Job], out: Path, *, n_jobs: int) -> None:
        self._jobs = list(jobs)
        self._lasted: dict[Path, float] = {}
        self._known = {j.path: _last(out / j.programme / j.name) for j in self._jobs}
        self._in_order = n_jobs == 1
        self._lock = threading.Lock()

    def take(self) -> Job:
        """Return the next job, which is no longer waiting."""
        with self._lock:
            if self._in_order:
                return self._jobs.pop(0)
            expected = list(map(self._expected, self._jobs))
            return self._jobs.pop(expected.index(max(expected)))

    def learn(self, outcome: Outcome) -> None:
        """Take note of how long a run took that completed."""
        if outcome.status == "ok" and outcome.seconds:
            self._lasted[outcome.job.notebook] = outcome.seconds

    def _expected(self, job: Job) -> float:
        """Return the seconds a job may take; infinity where nobody can say."""
        return self._known[job.path] or self._lasted.get(job.notebook, math.inf)


def _last(folder: Path) -> float:
    """Return how long a report's last completed run took, 0 where there is none."""
    runs = read_json(folder / HISTORY).get("runs")
    lines = [one for one in runs or [] if isinstance(one, dict)]
    done = [one for one in lines if one.get("status") == "ok"]
    newest = max(done, key=lambda one: str(one.get("id")), default={})
    seconds = newest.get("seconds")
    return float(seconds) if isinstance(seconds, int | float) else 0.0
