"""The answer at the top of a notebook, and what it rests on."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from cxlib.report.alerts import Verdict, judge
from cxlib.report.headline import ANSWER_MIME, MAX_CARDS, Headline
from cxlib.report.thresholds import Thresholds, read
from cxlib.result import Finding, Result

__all__ = [
    "ANSWER_MIME", "PENDING", "STOPPED",
    "Answer", "Headline", "Skipped", "answer", "placeholder", "settle", "skipped",
]  # fmt: skip

PENDING = "No answer yet: the last section of the notebook fills it in."
STOPPED = "The run stopped before it could answer."
_OPEN: list[Answer] = []


@dataclass(slots=True)
class Answer:
    """A slot in the notebook that a later cell fills."""

    handle: Any = field(default=None, repr=False)
    thresholds: Thresholds = field(default_factory=Thresholds, repr=False)
    headline: Headline | None = field(default=None, repr=False)

    def update(self, headline: Headline, *, echo: bool = True) -> None:
        """Put the headline into the slot; the calling cell shows the decision.

        Its findings are held against the thresholds; `export` does it again with all
        findings of the notebook. With `echo` off the decision is not shown again,
        where a result that says more follows.
        """
        from IPython.display import display

        self.headline = headline
        self._judge(headline.found)
        if self.handle is None:
            display(self.headline)
            return
        self.handle.update(self.headline)
        if echo:
            display(_Decision(headline.decision))

    def settle(self, findings: Sequence[Finding]) -> Verdict:
        """Hold all findings of the notebook against the thresholds; show the result.

        The slot is filled again, in place, where there are thresholds.
        """
        verdict = self._judge(findings)
        if verdict.checks and self.headline is not None and self.handle is not None:
            self.handle.update(self.headline)
        return verdict

    def _judge(self, findings: Sequence[Finding]) -> Verdict:
        """Return the verdict on findings and the headline's own; keep it there."""
        shown = self.headline
        own = shown.found if shown else ()
        every = [*findings, *(one for one in own if one not in findings)]
        currency = shown.currency if shown else ""
        verdict = judge(every, self.thresholds, currency=currency)
        self.headline = shown and shown.judged(verdict)
        return verdict


@dataclass(frozen=True, slots=True)
class _Decision:
    """The decision again, where the notebook reaches it."""

    sentence: str

    def _repr_html_(self) -> str:
        return f"<p class='cx-decision'>{html.escape(self.sentence)}</p>"

    def __repr__(self) -> str:
        return self.sentence


@dataclass(frozen=True, slots=True)
class _Pending:
    """The text of a slot that nothing has filled."""

    def _repr_html_(self) -> str:
        return f"<div class='cx-answer cx-pending'><p>{PENDING}</p></div>"

    def __repr__(self) -> str:
        return PENDING


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Skipped(Result):
    """A section that did not run, and why."""

    reason: str

    @property
    def text(self) -> str:
        """The reason, as a sentence."""
        return f"Not run: {self.reason.rstrip('.')}."

    def _repr_html_(self) -> str:
        return f"<p class='cx-skipped'>{html.escape(self.text)}</p>"


def placeholder(thresholds: Mapping[str, Any] | None = None) -> Answer:
    """Reserve the place of the answer, near the top of the notebook.

    Parameters
    ----------
    thresholds : mapping, optional
        Id, label or pattern of findings -> {min: number} or {max: number}, as
        `thresholds.read` takes them.

    Returns
    -------
    Answer
        Its `update` puts a headline there, from any later cell.

    Notes
    -----
    Until then the slot says that there is no answer yet; a report of a run that
    stopped says so instead.
    """
    from IPython.display import display

    limits = read(thresholds)
    slot = Answer(display(_Pending(), display_id=True), limits)
    _OPEN[:] = [slot]
    return slot


def settle(findings: Sequence[Finding]) -> Verdict:
    """Hold findings against the thresholds of the notebook's answer.

    Parameters
    ----------
    findings : sequence of Finding
        All that the notebook found.

    Returns
    -------
    Verdict
        Empty where no answer was reserved or it has no thresholds.
    """
    return _OPEN[0].settle(findings) if _OPEN else Verdict()


def answer(
    *results: Result,
    decision: str,
    caveats: Sequence[str] = (),
    currency: str = "",
) -> Headline:
    """Compose the headline of a report from results.

    Parameters
    ----------
    *results : Result
        In the order of importance. One result gives its first four findings, more
        than one the first finding of each, six at most.
    decision : str
        One sentence: what to do, made from the results' text.
    caveats : sequence of str
        What a reader must know before acting.
    currency : str, optional
        Unit of the figures that are money.

    Returns
    -------
    Headline
        Displayable; findings without an estimate give no figure.

    Examples
    --------
    >>> answer(skipped("no wave column"), decision="Nothing to decide.").cards()
    []
    """
    each = 4 if len(results) == 1 else 1
    figures = [
        finding
        for result in results
        for finding in [f for f in result.findings if f.estimate is not None][:each]
    ]
    return Headline(
        figures=tuple(figures[:MAX_CARDS]),
        found=tuple(finding for result in results for finding in result.findings),
        decision=decision,
        evidence=tuple(dict.fromkeys(r.text for r in results if r.text)),
        caveats=tuple(caveats),
        currency=currency,
    )


def skipped(why: str) -> Skipped:
    """Say that a section did not run.

    Parameters
    ----------
    why : str
        The reason, e.g. "the data have no wave column".

    Returns
    -------
    Skipped
        A result without numbers: `answer`, `ledger` and `export` take it.

    Examples
    --------
    >>> skipped("the data have no wave column").text
    'Not run: the data have no wave column.'
    """
    return Skipped(table=pd.DataFrame(), reason=why)
