"""What is known of one source while it is read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cxlib.data.checks import Check
from cxlib.data.engines.columns import Column
from cxlib.data.engines.worker import Worker
from cxlib.data.frames import Lazy
from cxlib.data.open import FileInfo
from cxlib.data.request import Request
from cxlib.data.source import Source
from cxlib.errors import Problem


@dataclass(slots=True, kw_only=True, eq=False)
class Part:
    """One source: it fills step by step.

    Attributes
    ----------
    rows : narwhals.LazyFrame
        Not yet read.
    columns : list of Column
    checks, problems : list
        What was noticed, and what stops the run.
    found : dict
        Column -> its counts, see `columns.counts`.
    n_rows : int
        Lazy that are left.
    file : FileInfo
    """

    source: Source
    request: Request
    engine: Worker
    rows: Lazy
    columns: list[Column] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    found: dict[str, dict[str, Any]] = field(default_factory=dict)
    n_rows: int = 0
    file: FileInfo | None = None
