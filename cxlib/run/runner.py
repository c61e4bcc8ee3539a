"""Run jobs in parallel; each leaves a run folder, however it ends."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from cxlib.run.execute import Ending, execute, prepare_imports
from cxlib.run.folder import NOTEBOOK, Outcome, RunFolder
from cxlib.run.jobs import Job
from cxlib.run.secrets import hide_text
from cxlib.run.warm import KernelServer, fits, kernels

if TYPE_CHECKING:
    from cxlib.run.engine import Watch


class Progress(Protocol):
    """Told what happens while runs go on; called from several threads."""

    def started(self, job: Job) -> None:
        """Take note that a run has started."""

    def moved(self, job: Job, done: int, total: int) -> None:
        """Take note of the cells done so far."""

    def ended(self, outcome: Outcome) -> None:
        """Take note of how a run ended."""


@dataclass(slots=True)
class Runner:
    """Runs jobs, some at a time, into run folders under `out`.

    Attributes
    ----------
    out : pathlib.Path
        The reports folder.
    progress : Progress
        Told what happens.
    n_jobs : int
        Runs at a time; each has a kernel process of its own.
    timeout : float, optional
        Seconds one cell may take.
    warm : bool, optional
        Whether kernels are forked from one process that has the imports done; None
        for where that pays. Runs that cannot have such a kernel start one afresh.
    interrupted : bool
        Whether Ctrl-C ended the last `run` early.
    """

    out: Path
    progress: Progress
    n_jobs: int = field(default_factory=lambda: os.cpu_count() or 1)
    timeout: float | None = None
    warm: bool | None = None
    interrupted: bool = False
    _watches: set[Watch] = field(default_factory=set)
    _server: KernelServer | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, jobs: Iterable[Job]) -> list[Outcome]:
        """Run the jobs that may run and record those that may not.

        Parameters
        ----------
        jobs : iterable of Job
            As the gate returned them.

        Returns
        -------
        list of Outcome
            Refused jobs first, then the others as they ended.

        Notes
        -----
        One failing run never stops the others. On Ctrl-C the kernels are killed and
        what has run is kept and reported; jobs that had not started leave nothing.
        """
        waiting = list(jobs)
        outcomes = [self._refuse(job) for job in waiting if job.troubles]
        ready = [job for job in waiting if not job.troubles]
        if ready:
            prepare_imports()
            with (
                kernels(ready, warm=self.warm) as self._server,
                ThreadPoolExecutor(self.n_jobs) as pool,
            ):
                futures = [pool.submit(self._run_one, job) for job in ready]
                outcomes += self._gather(pool, futures)
        return outcomes

    def _gather(
        self, pool: ThreadPoolExecutor, futures: list[Future[Outcome]]
    ) -> list[Outcome]:
        """Wait for all runs, or until Ctrl-C; return what has ended."""
        left = set(futures)
        try:
            # Imported here, it overlaps with the kernels' own start.

            while left:
                # Waking up now and then lets Ctrl-C through.
                _, left = wait(left, timeout=0.5, return_when=FIRST_COMPLETED)
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            with self._lock:
                self.interrupted = True
                for watch in self._watches:
                    watch.stop()
        return [future.result() for future in futures if not future.cancelled()]

    def _refuse(self, job: Job) -> Outcome:
        """Record a job that its parameters or data keep from running."""
        points = (f"- {trouble.text}" for trouble in job.troubles)
        text = "\n".join(["The run was not started.", *points])
        ending = Ending(status=job.status, error=hide_text(text))
        outcome = RunFolder.open(self.out, job).close(ending)
        self.progress.ended(outcome)
        return outcome

    def _run_one(self, job: Job) -> Outcome:
        """Run one job; whatever goes wrong becomes its outcome."""
        try:
            outcome = self._run_watched(job)
        except Exception as error:  # a full disk must not end the other runs
            text = f"{type(error).__name__}: {error}"
            outcome = Outcome(job=job, status="failed", folder=self.out, error=text)
        self.progress.ended(outcome)
        return outcome

    def _run_watched(self, job: Job) -> Outcome:
        """Run one job in its folder, under a watch that can stop it."""
        from cxlib.run.engine import Watch

        folder = RunFolder.open(self.out, job)
        watch = Watch(
            folder.path / NOTEBOOK,
            lambda done, total: self.progress.moved(job, done, total),
            self._server if fits(job) else None,
        )
        with self._lock:
            self._watches.add(watch)
            if self.interrupted:
                watch.stop()
        self.progress.started(job)
        clock = time.perf_counter()
        ending = execute(
            job.notebook,
            folder.params,
            root=job.root,
            watch=watch,
            timeout=self.timeout,
        )
        with self._lock:
            self._watches.discard(watch)
        seconds = round(time.perf_counter() - clock, 2)
        return folder.close(ending, notebook=watch.notebook, seconds=seconds)
