"""What pages around the reports are written from, and in which language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cxlib.report.language import LANGUAGES


def english(run: Mapping[str, Any]) -> dict[str, Any]:
    """Return the headline of a run in English, whatever language its report has.

    Parameters
    ----------
    run : mapping
        Its manifest.

    Notes
    -----
    Pages are written in English and translated as a whole: a number that is in the
    form of its locale already would be translated twice.

    Examples
    --------
    >>> said = {"decision": "Fare", "english": {"decision": "Do it"}}
    >>> english({"headline": said}), english({"headline": None})
    ({'decision': 'Do it'}, {})
    """
    headline = run.get("headline") or {}
    return dict(headline.get("english") or headline)


def language_of(runs: Iterable[Mapping[str, Any]]) -> str:
    """Return the language that all runs share, English where they do not.

    Parameters
    ----------
    runs : iterable of mapping
        Manifests; one without a language is English.

    Examples
    --------
    >>> language_of([{"language": "it"}]), language_of([{"language": "it"}, {}])
    ('it', 'en')
    """
    found = {str(run.get("language") or "en") for run in runs}
    return found.pop() if len(found) == 1 and found <= set(LANGUAGES) else "en"
