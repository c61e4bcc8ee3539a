"""Show on the terminal what the runs are doing."""

from __future__ import annotations

import contextlib
import re
import threading
from collections import Counter
from collections.abc import Callable, Sequence
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
        self._say(f"{'Running':<15} {job.label}")

    def moved(self, job: Job, done: int, total: int) -> None:
        """Say nothing: a log wants no line a cell."""

    def ended(self, outcome: Outcome) -> None:
        """Say how a run ended and where its report is."""
        self._say(ending(outcome))

    def _say(self, text: str) -> None:
        """Write; that nobody reads any more (a closed terminal) stops no run."""
        with self._lock, contextlib.suppress(OSError):
            self._write(text)


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
    """Return the line that says how a run ended, and its error or note below."""
    state = STATES[outcome.status]
    took = duration(outcome.seconds) if outcome.seconds else "–"
    line = f"{state.label:<15} {outcome.job.label}  {took}  {outcome.report}"
    below = outcome.error
    if outcome.status == "ok":
        below = "\n".join(f"Alert: {text}" for text in outcome.alerts)
    if outcome.status == "busy":
        line = f"{state.label:<15} {outcome.job.label}  left out"
    elif outcome.job.troubles:
        file = outcome.job.path.name
        below = "\n".join(
            f"{file}:{one.line}: {one.text}" if one.line else f"{file}: {one.text}"
            for one in outcome.job.troubles
        )
    texts = [text for text in (below, outcome.note) if text]
    below = _CONTROL.sub("", "\n".join(texts))
    return "\n".join([line, *(f"    {text}" for text in below.splitlines())])


def tally(outcomes: Sequence[Outcome], n_asked: int) -> str:
    """Return how many of the reports asked for were completed, stand or were left.

    Examples
    --------
    >>> tally([], 2)
    '0 of 2 completed.'
    """
    counted = Counter(outcome.status for outcome in outcomes)
    parts = [f"{counted['ok']} of {n_asked} completed"]
    words = {"unchanged": "unchanged", "busy": "being run by another process"}
    parts += [f"{counted[key]} {text}" for key, text in words.items() if counted[key]]
    fired = sum(len(one.alerts) for one in outcomes if one.status == "ok")
    said = f" {fired} alert{'' if fired == 1 else 's'}." if fired else ""
    return f"{', '.join(parts)}.{said}"
