"""Run jobs in parallel; each leaves a run folder, however it ends."""

from __future__ import annotations

import datetime as dt
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from cxlib.report.words import moment
from cxlib.run import fingerprint
from cxlib.run.execute import (
    Ending,
    execute,
    prepare_imports,
    short_temporary,
)
from cxlib.run.fingerprint import Inputs
from cxlib.run.folder import NOTEBOOK, Outcome, RunFolder
from cxlib.run.jobs import Job, shown
from cxlib.run.lock import BusyError, locked
from cxlib.run.order import Waiting
from cxlib.run.secrets import hide_text
from cxlib.run.spares import sweep, sweep_sockets
from cxlib.run.unchanged import Standing, standing
from cxlib.run.warm import KernelServer, fits, kernels, needs_weights

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
    wait : bool
        Wait for a report that another process is running, rather than leave it out.
    unchanged_since : datetime.datetime, optional
        Let a report stand that completed since then from the same inputs.
    explain : bool
        Whether extra runs tell what new data changed from what else did.
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
    wait: bool = False
    unchanged_since: dt.datetime | None = None
    explain: bool = False
    warm: bool | None = None
    interrupted: bool = False
    _watches: set[Watch] = field(default_factory=set)
    _server: KernelServer | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(
        self, jobs: Iterable[Job], *, started: KernelServer | None = None
    ) -> list[Outcome]:
        """Run the jobs that may run and record those that may not.

        Parameters
        ----------
        jobs : iterable of Job
            As the gate returned them.
        started : KernelServer, optional
            One that has begun its imports, to be used, or ended where none is wanted.

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
            sweep_sockets(Path(short_temporary()))
            with (
                kernels(ready, warm=self.warm, started=started) as self._server,
                ThreadPoolExecutor(self.n_jobs) as pool,
            ):
                outcomes += self._gather(pool, ready)
        return outcomes

    def _gather(self, pool: ThreadPoolExecutor, jobs: list[Job]) -> list[Outcome]:
        """Run all jobs, or until Ctrl-C; return what has ended."""
        futures: list[Future[Outcome]] = []
        try:
            waiting = Waiting(jobs, self.out, n_jobs=self.n_jobs)
            futures.extend(pool.submit(self._run_next, waiting) for _ in jobs)
            left = set(futures)
            while left:
                # Waking up now and then lets Ctrl-C through.
                _, left = wait(left, timeout=0.5, return_when=FIRST_COMPLETED)
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            with self._lock:
                self.interrupted = True
                for watch in self._watches:
                    watch.stop()
            if self._server is not None:
                self._server.abandon()
        return [future.result() for future in futures if not future.cancelled()]

    def _refuse(self, job: Job) -> Outcome:
        """Record a job that its parameters or data keep from running."""
        points = (f"- {trouble.text}" for trouble in job.troubles)
        text = "\n".join(["The run was not started.", *points])
        ending = Ending(status=job.status, error=hide_text(text))
        outcome = RunFolder.open(self.out, job).close(ending)
        self.progress.ended(outcome)
        return outcome

    def _run_next(self, waiting: Waiting) -> Outcome:
        """Run the job whose turn it is."""
        outcome = self._run_one(waiting.take())
        waiting.learn(outcome)
        return outcome

    def _run_one(self, job: Job) -> Outcome:
        """Run one job; whatever goes wrong becomes its outcome."""
        try:
            outcome = self._run_alone(job)
        except BusyError as busy:
            outcome = self._left_out(job, str(busy))
        except Exception as error:  # a full disk must not end the other runs
            text = f"{type(error).__name__}: {error}"
            outcome = Outcome(job=job, status="failed", folder=self.out, error=text)
        self.progress.ended(outcome)
        return outcome

    def _run_alone(self, job: Job) -> Outcome:
        """Run one job under the lock of its report, unless an earlier run stands."""
        place = self.out / job.programme / job.name
        with locked(place, wait=self.wait, stopped=lambda: self.interrupted):
            sweep(place)
            inputs = fingerprint.inputs(job)
            if self.unchanged_since is None:
                return self._run_watched(job, inputs)
            found = standing(place, inputs, since=self.unchanged_since)
            if found:
                return self._stands(job, found)
            outcome = self._run_watched(job, inputs)
        note = f"Run whether changed or not: {inputs.why}." if inputs.why else ""
        return replace(outcome, note=note)

    def _left_out(self, job: Job, error: str) -> Outcome:
        """Return the outcome of a job that another process is running."""
        folder = self.out / job.programme / job.name
        return Outcome(job=job, status="busy", folder=folder, error=f"{error}.")

    def _stands(self, job: Job, found: Standing) -> Outcome:
        """Return the outcome of a job whose earlier run stands."""
        return Outcome(
            job=job,
            status="unchanged",
            folder=found.folder,
            note=f"Same inputs as on {moment(found.started)}.",
            earlier_code=found.exit_code,
        )

    def _run_watched(self, job: Job, inputs: Inputs) -> Outcome:
        """Run one job; where its folder cannot be written, say so in the manifest."""
        folder = RunFolder.open(self.out, job, inputs=inputs)
        try:
            return self._run_in(folder)
        except OSError as error:
            return folder.give_up(error)

    def _run_in(self, folder: RunFolder) -> Outcome:
        """Run a job in its folder and close it."""
        job = folder.job
        self.progress.started(job)
        clock = time.perf_counter()
        moved = partial(self.progress.moved, job)
        watch, ending = self._execute(job, folder.params, folder.path, moved)
        seconds = round(time.perf_counter() - clock, 2)
        rerun = partial(self._rerun, job) if self.explain else None
        return folder.close(
            ending, notebook=watch.notebook, seconds=seconds, rerun=rerun
        )

    def _execute(
        self,
        job: Job,
        params: Mapping[str, Any],
        folder: Path,
        on_cell: Callable[[int, int], None],
    ) -> tuple[Watch, Ending]:
        """Execute a job's notebook in a folder, under a watch that can stop it."""
        from cxlib.run.engine import Watch

        server = self._server if fits(job) else None
        weights = needs_weights(job)
        watch = Watch(folder / NOTEBOOK, on_cell, server, weights=weights)
        with self._lock:
            self._watches.add(watch)
            if self.interrupted:
                watch.stop()
        try:
            ending = execute(
                job.notebook, params, root=job.root, watch=watch, timeout=self.timeout
            )
        finally:
            with self._lock:
                self._watches.discard(watch)
        return watch, ending

    def _rerun(self, job: Job, params: Mapping[str, Any], folder: Path) -> str:
        """Execute a job's notebook once more; return an error in words, or nothing."""
        own = {**params, "output_dir": shown(folder, job.root)}
        _, ending = self._execute(job, own, folder, lambda *_: None)
        return "" if ending.status == "ok" else ending.error or ending.status
