"""What `data.read` was asked for, and how it stops."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cxlib import scales
from cxlib.data.contract import Contract
from cxlib.data.source import Source
from cxlib.errors import DataError, Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A table, its source and rules, and what the question needs of it.

    Attributes
    ----------
    table : str
    rules : Contract
    source : Source
    scale : Scale or None
        Scale of `score`. Its name is blank where the params file spells it out:
        then only answers off the scale can stop the run.
    needed : tuple of str
        Columns besides the contract's.
    root : pathlib.Path or None
    """

    table: str
    rules: Contract
    source: Source
    scale: scales.Scale | None
    needed: tuple[str, ...]
    root: Path | None


def stop(source: Source, problems: list[Problem]) -> None:
    """Raise with every problem found so far."""
    if problems:
        what = "one problem" if len(problems) == 1 else f"{len(problems)} problems"
        raise DataError(f"{source.name}: {what} to mend.", problems=problems)
