"""What every topic function returns: a table, a sentence and its assumptions."""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Literal

import pandas as pd

from cxlib import _format
from cxlib._console import Shown

Grade = Literal["low", "medium", "high"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumption:
    """One thing that must hold, how well it is supported and how much it matters."""

    text: str
    quality: Grade
    impact: Grade


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One headline number of a report, as written to results.json.

    `unit` is 'points', 'share', 'share_points' (a difference of shares), 'amount',
    'score' or 'count'; `n` the number of
    units of observation behind the estimate. A finding without an interval has
    `ci_lower` and `ci_upper` None and says why in its statement. `label` is what the
    headline calls the number; the id in words where it is blank. `confidence_level`
    is the interval's, as a fraction; None where there is no interval.
    """

    id: str
    statement: str
    estimate: float | None
    unit: str
    ci_lower: float | None = None
    ci_upper: float | None = None
    n: int | None = None
    label: str = ""
    confidence_level: float | None = None

    def __post_init__(self) -> None:
        if self.ci_lower is None or self.ci_upper is None:
            object.__setattr__(self, "confidence_level", None)


def _once(make: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a getter that remembers, in the object, what another one made."""

    @wraps(make)
    def made(self: Any) -> Any:  # noqa: ANN401
        known = getattr(self, "_made", None)
        if known is None:
            known = {}
            object.__setattr__(self, "_made", known)
        if make not in known:
            known[make] = make(self)
        return known[make]

    return made


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Result(Shown):
    """Base of all results.

    Attributes
    ----------
    table : pandas.DataFrame
        Tidy, unrounded numbers; aggregates only, never customers' rows.
    unit : str
        Unit of the estimate columns ('points', 'share', 'amount', 'score').
    method : str
        One line: estimator, interval, correction.
    assumptions : tuple of Assumption
        What must hold for the numbers to mean what the sentence says.

    Notes
    -----
    `text` and `findings` are made once: change a copy (`to_frame`), not `table`.
    """

    table: pd.DataFrame
    unit: str = "score"
    method: str = ""
    assumptions: tuple[Assumption, ...] = field(default=())

    def __init_subclass__(cls) -> None:
        for name in ("text", "findings"):
            own = vars(cls).get(name)
            make = own.fget if isinstance(own, property) else None
            # A dataclass with slots is made twice, and its getters are wrapped by then.
            if make and not hasattr(make, "__wrapped__"):
                setattr(cls, name, property(_once(make)))

    @property
    def text(self) -> str:
        """One to three sentences for a manager, made from the table."""
        raise NotImplementedError

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The headline numbers of this result."""
        return ()

    def to_frame(self) -> pd.DataFrame:
        """Return a copy of the tidy, unrounded table."""
        return self.table.copy()

    def _repr_html_(self) -> str:
        shown = _format.headed(self.table, self.unit)
        note = (
            f"<p class='method'>{html.escape(self.method)}</p>" if self.method else ""
        )
        return (
            f"<p class='finding'>{html.escape(self.text)}</p>"
            f"{shown.to_html(index=False, border=0, classes='cx')}{note}"
        )
