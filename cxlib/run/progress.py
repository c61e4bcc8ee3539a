"""Show on the terminal what the runs are doing."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from cxlib.report.states import STATES
from cxlib.report.words import duration
from cxlib.run.folder import Outcome
from cxlib.run.jobs import Job

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import TaskID

# What a cell of the data says must not steer the terminal.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_COLOURS = {"good": "green", "bad": "red", "warn": "yellow", "idle": "dim"}


class Lines:
    """One plain line when a run starts and when it ends, for logs and mails."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return

    def started(self, job: Job) -> None:
        """Say that a run has started."""
        with self._lock:
            self._write(f"{'Running':<15} {job.label}")

    def moved(self, job: Job, done: int, total: int) -> None:
        """Say nothing: a log wants no line a cell."""

    def ended(self, outcome: Outcome) -> None:
        """Say how a run ended and where its report is."""
        with self._lock:
            self._write(ending(outcome))


class Bars:
    """A bar a run while it goes on, a line when it has ended."""

    def __init__(self, console: Console) -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("cell {task.completed:.0f} of {task.total:.0f}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self._tasks: dict[Path, TaskID] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def started(self, job: Job) -> None:
        """Add a bar."""
        self._tasks[job.path] = self._progress.add_task(job.label, total=1)

    def moved(self, job: Job, done: int, total: int) -> None:
        """Move the run's bar."""
        self._progress.update(self._tasks[job.path], completed=done, total=total)

    def ended(self, outcome: Outcome) -> None:
        """Take the bar away and print how the run ended."""
        from rich.text import Text

        task = self._tasks.pop(outcome.job.path, None)
        if task is not None:
            self._progress.remove_task(task)
        state = STATES[outcome.status]
        text = Text(ending(outcome))
        text.stylize(_COLOURS[state.tone], 0, len(state.label))
        self._progress.console.print(text, soft_wrap=True)


def ending(outcome: Outcome) -> str:
    """Return the line that says how a run ended, and below it its error or alerts."""
    state = STATES[outcome.status]
    took = duration(outcome.seconds) if outcome.seconds else "–"
    line = f"{state.label:<15} {outcome.job.label}  {took}  {outcome.report}"
    below = outcome.error
    if outcome.status == "ok":
        below = "\n".join(f"Alert: {text}" for text in outcome.alerts)
    if outcome.job.troubles:
        file = outcome.job.path.name
        below = "\n".join(
            f"{file}:{one.line}: {one.text}" if one.line else f"{file}: {one.text}"
            for one in outcome.job.troubles
        )
    below = _CONTROL.sub("", below)
    return "\n".join([line, *(f"    {text}" for text in below.splitlines())])
