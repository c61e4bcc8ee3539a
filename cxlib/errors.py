"""What a user can put right: bad arguments and data that cannot answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class CxError(ValueError):
    """An error worded for the person who can mend it.

    IPython shows the message in place of a traceback, so a failed cell in
    JupyterLab and in a report reads as a sentence.
    """

    exit_code = 1

    def _render_traceback_(self) -> list[str]:
        return [f"{type(self).__name__}: {self}"]


class ArgumentError(CxError):
    """A parameter has a value that the function does not take (exit 2)."""

    exit_code = 2


class StoreError(CxError):
    """An object store cannot be read or written (exit 1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One broken rule of a table.

    `file` and `column` say where, `rule` what was expected, `rows` how many rows
    break it, `examples` up to three offending values (redacted by the caller) and
    `fix` what the user can do.
    """

    rule: str
    fix: str
    file: str = ""
    column: str = ""
    rows: int = 0
    examples: tuple[str, ...] = ()

    def __str__(self) -> str:
        where = " · ".join(
            part
            for part in (self.file, f"column '{self.column}'" if self.column else "")
            if part
        )
        rows = (
            f" ({self.rows:,} row{'s' if self.rows != 1 else ''})" if self.rows else ""
        )
        seen = f" Seen: {', '.join(map(repr, self.examples))}." if self.examples else ""
        place = f"{where}: " if where else ""
        return f"{place}{self.rule}{rows}.{seen} {self.fix}".strip()


class DataError(CxError):
    """The data cannot answer the question, or break their contract (exit 3).

    Parameters
    ----------
    message : str
        One sentence: what, how many, what to do.
    problems : sequence of Problem, optional
        Every broken rule, so that one run reports all of them.
    """

    exit_code = 3

    def __init__(self, message: str, *, problems: Sequence[Problem] = ()) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join([message, *(f"  - {p}" for p in self.problems)]))
