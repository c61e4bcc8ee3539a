"""From results to a report: theme, charts, the answer, exported tables."""

from __future__ import annotations

from cxlib.report.answer import Answer, answer, placeholder, skipped
from cxlib.report.export import export
from cxlib.report.ledger import ledger
from cxlib.report.theme import set_theme, show

__all__ = [
    "Answer",
    "answer",
    "export",
    "ledger",
    "placeholder",
    "set_theme",
    "show",
    "skipped",
]


def __dir__() -> list[str]:
    """Name what is for users; after a Tab, its modules would hide it."""
    return __all__
