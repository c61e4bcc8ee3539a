"""The states a run can end in: their words, exit codes and order.

A completed run of which a figure crossed its threshold exits with `ALERT`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Tone = Literal["good", "bad", "warn", "idle"]


@dataclass(frozen=True, slots=True)
class State:
    """`rank` orders the index, worst first; `exit_code` is the run's own code.

    No manifest says 'killed' or 'lost': they are what becomes of 'running' once the
    process is gone, or cannot be asked and has been silent for a day.
    """

    label: str
    exit_code: int
    rank: int
    tone: Tone


STATES: dict[str, State] = {
    "failed": State("Failed", 1, 0, "bad"),
    "died": State("Kernel died", 1, 1, "bad"),
    "killed": State("Died", 1, 1, "bad"),
    "timeout": State("Timed out", 1, 2, "bad"),
    "params": State("Bad parameters", 2, 3, "bad"),
    "data": State("Data stop", 3, 4, "warn"),
    "interrupted": State("Interrupted", 130, 5, "warn"),
    "lost": State("Died?", 1, 5, "warn"),
    "running": State("Running", 1, 6, "idle"),
    "busy": State("Being run", 0, 6, "idle"),
    "idle": State("Not run", 0, 7, "idle"),
    "unchanged": State("Unchanged", 0, 8, "good"),
    "ok": State("Completed", 0, 8, "good"),
}

# The errors that say more than "failed", by the class raised in the notebook.
BY_ERROR = {"DataError": "data", "ArgumentError": "params"}

ALERT = 4

# One failed notebook outweighs any number of refused or stopped ones.
_SEVERITY = (130, 1, 2, 3, ALERT, 0)


def worst(codes: list[int]) -> int:
    """Return the exit code of the process: 130, else 1, 2, 3, 4, else 0."""
    return min(codes, key=_SEVERITY.index, default=0)
