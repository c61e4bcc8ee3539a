"""The headline: cards, decision, evidence and caveats, as HTML and as text."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from cxlib.report.alerts import RANKS, SIGNS, WORDS, Check, Verdict
from cxlib.report.cards import card, label
from cxlib.result import Finding

ANSWER_MIME = "application/vnd.cx.answer+json"
MAX_CARDS = 6
_MAX_NAMES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """What a decision-maker reads first: figures, decision, evidence, caveats."""

    figures: tuple[Finding, ...]
    decision: str
    evidence: tuple[str, ...] = ()
    caveats: tuple[str, ...] = ()
    currency: str = ""
    found: tuple[Finding, ...] = field(default=(), repr=False)
    verdict: Verdict = field(default_factory=Verdict, repr=False)

    def judged(self, verdict: Verdict) -> Headline:
        """Return it with the verdict of its thresholds."""
        return replace(self, verdict=verdict)

    def cards(self) -> list[dict[str, Any]]:
        """Return the figures as text and numbers, those with alerts first.

        A finding that crossed its threshold is among them even if it was no figure.
        """
        crossed = [one.finding for one in self.verdict.alerts if one.finding]
        all_of_them = [*self.figures, *(f for f in crossed if f not in self.figures)]
        made = [self._card(finding) for finding in all_of_them]
        made.sort(key=lambda one: RANKS[one["state"]] if one["state"] == "bad" else 9)
        return made[:MAX_CARDS]

    def _card(self, finding: Finding) -> dict[str, Any]:
        check = self.verdict.of(finding)
        return {
            **card(finding, self.currency),
            "state": check.state if check else "",
            "threshold": check.words if check else "",
            "why": check.why if check else "",
        }

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        cards = self.cards()
        said = {
            "decision": self.decision,
            "figures": cards,
            "evidence": list(self.evidence),
            "caveats": list(self.caveats),
        }
        return {
            "text/html": _html(self, cards),
            "text/plain": _plain(self, cards),
            ANSWER_MIME: said,
        }


def _plain(headline: Headline, cards: Sequence[Mapping[str, Any]]) -> str:
    """Return the decision, below the figures' states where there are any."""
    if not headline.verdict.checks:
        return headline.decision
    lines = [headline.verdict.text, *(_line(one) for one in cards)]
    beyond = _beyond_cards(headline, cards)
    told = [f"{SIGNS[state]} {WORDS[state]}: {text}" for state, text in _told(beyond)]
    return "\n".join([*lines, headline.decision, *told, headline.verdict.note])


def _line(one: Mapping[str, Any]) -> str:
    """Return a card as a line."""
    state = one["state"]
    sign = f"{SIGNS[state]} {WORDS[state]}" if state else ""
    size = f"{one['value']} {one['unit']}".strip()
    base = ", ".join(one[key] for key in ("interval", "n") if one[key])
    told = f"{sign:<9}{one['label']}: {size}{f' ({base})' if base else ''}".strip()
    return f"{told}: {one['why']}" if one["why"] else told


def _html(headline: Headline, cards: Sequence[Mapping[str, Any]]) -> str:
    """Return the headline as plain HTML that also reads well without styles."""
    escape = html.escape
    figures = "".join(_item(one) for one in cards)
    counted = escape(headline.verdict.text)
    blocks = [
        f"<p class='cx-alerts'><strong>{counted}</strong></p>" if counted else "",
        f"<ul class='cx-figures'>{figures}</ul>" if figures else "",
        f"<p class='cx-decision'><strong>{escape(headline.decision)}</strong></p>",
        _checks(_beyond_cards(headline, cards)),
        _bullets(headline.evidence, "cx-evidence"),
        "<p class='cx-mind'>Before you act:</p>" if headline.caveats else "",
        _bullets(headline.caveats, "cx-caveats"),
        _note(headline.verdict),
    ]
    return f"<div class='cx-answer'>{''.join(blocks)}</div>"


def _item(one: Mapping[str, Any]) -> str:
    """Return a card as a list item; its state in a word, never in colour alone."""
    text = {key: html.escape(str(value)) for key, value in one.items()}
    state = one["state"]
    opened = f"<li class='cx-{state}'>" if state else "<li>"
    parts = [
        f"<span class='cx-label'>{text['label']}</span> "
        f"<strong class='cx-value'>{text['value']} "
        f"<small>{text['unit']}</small></strong> "
        f"<span class='cx-range'>{text['interval']}</span> "
        f"<span class='cx-n'>{text['n']}</span>"
    ]
    if state:
        parts.insert(0, f"<strong class='cx-state'>{WORDS[state]}</strong> ")
        parts.append(f" <span class='cx-threshold'>{text['why']}</span>")
    return f"{opened}{''.join(parts)}</li>"


def _beyond_cards(
    headline: Headline, cards: Sequence[Mapping[str, Any]]
) -> list[Check]:
    """Return the checks that the cards do not tell."""
    told = {(one["id"], one["threshold"]) for one in cards}
    return [
        one
        for one in headline.verdict.checks
        if one.finding is None or (one.finding.id, one.words) not in told
    ]


def _told(checks: Sequence[Check]) -> list[tuple[str, str]]:
    """Return state and sentence of each check; the good ones in one, by name."""
    told = [(str(one.state), one.text) for one in checks if one.state != "good"]
    good = [label(one.finding) for one in checks if one.state == "good" and one.finding]
    if good:
        rest = len(good) - _MAX_NAMES
        more = f" and {rest} more" if rest > 0 else ""
        told.append(("good", f"{'; '.join(good[:_MAX_NAMES])}{more}."))
    return told


def _checks(checks: Sequence[Check]) -> str:
    """Return checks as a list of sentences, each with its state."""
    items = "".join(
        f"<li class='cx-{state}'><strong class='cx-state'>{WORDS[state]}</strong> "
        f"{html.escape(text)}</li>"
        for state, text in _told(checks)
    )
    return f"<ul class='cx-checks'>{items}</ul>" if items else ""


def _note(verdict: Verdict) -> str:
    """Return what the alerts are worth, or nothing."""
    note = html.escape(verdict.note)
    return f"<p class='cx-rate'>False alarms: {note}</p>" if note else ""


def _bullets(sentences: Sequence[str], name: str) -> str:
    """Return sentences as a list, or nothing."""
    items = "".join(f"<li>{html.escape(sentence)}</li>" for sentence in sentences)
    return f"<ul class='{name}'>{items}</ul>" if items else ""
