"""The answer at the top of a notebook, and what it rests on."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from cxlib import _format
from cxlib.result import Assumption, Finding, Result

ANSWER_MIME = "application/vnd.cx.answer+json"
PENDING = "No answer yet: the last section of the notebook fills it in."
STOPPED = "The run stopped before it could answer."
_MAX_CARDS = 6
_GRADES = ("low", "medium", "high")
_CAPITALS = {"nps", "csat", "ces", "roi", "npv", "voc", "srm", "ab", "clv"}
_LEVEL = re.compile(r"(\d+(?:\.\d+)?) ?% (CI|interval|credible interval)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """What a decision-maker reads first: figures, decision, evidence, caveats."""

    figures: tuple[Finding, ...]
    decision: str
    evidence: tuple[str, ...] = ()
    caveats: tuple[str, ...] = ()
    currency: str = ""

    def cards(self) -> list[dict[str, str]]:
        """Return the figures as text: id, label, value, unit, interval and n."""
        return [_card(finding, self.currency) for finding in self.figures]

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        cards = self.cards()
        return {
            "text/html": _html(self, cards),
            "text/plain": self.decision,
            ANSWER_MIME: {
                "decision": self.decision,
                "figures": cards,
                "evidence": list(self.evidence),
                "caveats": list(self.caveats),
            },
        }


@dataclass(slots=True)
class Answer:
    """A slot in the notebook that a later cell fills."""

    handle: Any = field(default=None, repr=False)
    thresholds: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def update(self, headline: Headline, *, echo: bool = True) -> None:
        """Put the headline into the slot; the calling cell shows the decision.

        With `echo` off it does not, where a result that says more follows.
        """
        from IPython.display import display

        if self.handle is None:
            display(headline)
            return
        self.handle.update(headline)
        if echo:
            display(_Decision(headline.decision))


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


def placeholder(thresholds: Mapping[str, Any] | None = None) -> Answer:
    """Reserve the place of the answer, near the top of the notebook.

    Parameters
    ----------
    thresholds : mapping, optional
        Id of a finding -> {min: number} or {max: number}.

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

    return Answer(display(_Pending(), display_id=True), dict(thresholds or {}))


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
        figures=tuple(figures[:_MAX_CARDS]),
        decision=decision,
        evidence=tuple(dict.fromkeys(r.text for r in results if r.text)),
        caveats=tuple(caveats),
        currency=currency,
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


def _card(finding: Finding, currency: str) -> dict[str, str]:
    """Return one finding as text."""
    whole = _format.quantity(finding.estimate, finding.unit)
    value = _format.number(finding.estimate, finding.unit)
    unit = currency if finding.unit == "amount" else whole.removeprefix(value).strip()
    level = _LEVEL.search(finding.statement)
    ends = ""
    if finding.ci_lower is not None and finding.ci_upper is not None:
        low, high = _format.ends(finding.ci_lower, finding.ci_upper, finding.unit)
        kind = f"{level[1]} % {level[2]}" if level else "CI"
        ends = f"{kind} {low} to {high}"
    return {
        "id": finding.id,
        "label": _capital(finding.label) or _label(finding.id),
        "value": value,
        "unit": unit,
        "interval": ends,
        "n": "" if finding.n is None else f"n = {_format.count(finding.n)}",
        "statement": finding.statement,
    }


def _label(identifier: str) -> str:
    """Turn a finding's id into a short label: 'nps_change' -> 'NPS change'."""
    words = re.split(r"[\s_.:/=-]+", identifier.strip())
    shown = [word.upper() if word.lower() in _CAPITALS else word for word in words]
    return _capital(" ".join(shown))


def _capital(text: str) -> str:
    """Upper-case the first letter alone."""
    return text[:1].upper() + text[1:]


def _html(headline: Headline, cards: list[dict[str, str]]) -> str:
    """Return the headline as plain HTML that also reads well without styles."""
    escape = html.escape
    figures = "".join(
        f"<li><span class='cx-label'>{escape(card['label'])}</span> "
        f"<strong class='cx-value'>{escape(card['value'])} "
        f"<small>{escape(card['unit'])}</small></strong> "
        f"<span class='cx-range'>{escape(card['interval'])}</span> "
        f"<span class='cx-n'>{escape(card['n'])}</span></li>"
        for card in cards
    )
    blocks = [
        f"<ul class='cx-figures'>{figures}</ul>" if figures else "",
        f"<p class='cx-decision'><strong>{escape(headline.decision)}</strong></p>",
        _bullets(headline.evidence, "cx-evidence"),
        "<p class='cx-mind'>Before you act:</p>" if headline.caveats else "",
        _bullets(headline.caveats, "cx-caveats"),
    ]
    return f"<div class='cx-answer'>{''.join(blocks)}</div>"


def _bullets(sentences: Sequence[str], name: str) -> str:
    """Return sentences as a list, or nothing."""
    items = "".join(f"<li>{html.escape(sentence)}</li>" for sentence in sentences)
    return f"<ul class='{name}'>{items}</ul>" if items else ""
