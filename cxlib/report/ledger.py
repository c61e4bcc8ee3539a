"""The assumptions of a notebook in one table."""

from __future__ import annotations

import html
from dataclasses import dataclass

from cxlib.result import Assumption, Result

_GRADES = ("low", "medium", "high")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """The assumptions of a notebook, the weakest and most important first."""

    assumptions: tuple[Assumption, ...]

    def _repr_html_(self) -> str:
        if not self.assumptions:
            return "<p class='cx-skipped'>No assumptions were recorded.</p>"
        rows = "".join(
            f"<tr><td>{html.escape(one.text)}</td>"
            f"<td class='cx-{one.quality}'>{one.quality}</td><td>{one.impact}</td></tr>"
            for one in self.assumptions
        )
        return (
            "<table class='cx cx-ledger'><thead><tr><th>What must hold</th>"
            "<th>How well supported</th><th>How much it matters</th></tr></thead>"
            f"<tbody>{rows}</tbody></table>"
        )


def ledger(*results: Result) -> Ledger:
    """Gather the assumptions of all results, each once.

    Parameters
    ----------
    *results : Result
        Whatever the notebook computed.

    Returns
    -------
    Ledger
        Displayable table: weak support and high impact first.
    """
    unique = {one.text: one for result in results for one in result.assumptions}

    def order(one: Assumption) -> tuple[int, int]:
        return _GRADES.index(one.quality), -_GRADES.index(one.impact)

    return Ledger(assumptions=tuple(sorted(unique.values(), key=order)))
