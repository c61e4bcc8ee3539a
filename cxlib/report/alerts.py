"""Judge findings against thresholds, with a declared rate of false alarms."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any, Literal

from cxlib import _format
from cxlib._checks import did_you_mean
from cxlib.report.cards import card, label, level, plain
from cxlib.report.thresholds import RATE, Limit, Thresholds
from cxlib.result import Finding

Standing = Literal["good", "watch", "bad"]
WORDS: dict[str, str] = {"bad": "Alert", "watch": "Watch", "good": "Good"}
SIGNS = {"bad": "✕", "watch": "!", "good": "✓"}
RANKS = {name: rank for rank, name in enumerate((*WORDS, ""))}
_NAMED = {"min": "minimum", "max": "maximum"}
_NIGHTS = 365


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One limit held against one finding.

    `pvalue` is one-sided and adjusted for the other limits of the run; None where the
    finding has no interval to test with. `finding` is None where the limit's name
    matches nothing.
    """

    limit: Limit
    state: Standing
    text: str
    finding: Finding | None = None
    words: str = ""
    why: str = ""
    pvalue: float | None = None

    def record(self) -> dict[str, Any]:
        """Return it as results.json and manifest.json hold it."""
        found = self.finding
        return {
            "id": found.id if found else self.limit.name,
            "label": label(found) if found else self.limit.name,
            "level": self.state,
            "text": self.text,
            "unit": found.unit if found else "",
            "estimate": plain(found.estimate) if found else None,
            "ci_lower": plain(found.ci_lower) if found else None,
            "ci_upper": plain(found.ci_upper) if found else None,
            "confidence_level": plain(level(found)) if found else None,
            "n": found.n if found else None,
            "side": self.limit.side,
            "threshold": self.limit.value,
            "words": self.words,
            "pvalue": plain(self.pvalue),
            "found": found is not None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """All checks of a run, the worst first, and what its alerts are worth."""

    checks: tuple[Check, ...] = ()
    rate: float = 0.0
    note: str = ""

    @property
    def alerts(self) -> tuple[Check, ...]:
        """The checks that fired."""
        return tuple(one for one in self.checks if one.state == "bad")

    @property
    def text(self) -> str:
        """How many alerts, how many to watch."""
        if not self.checks:
            return ""
        watched = sum(one.state == "watch" for one in self.checks)
        few = len(self.alerts)
        said = f"{few} alert{'' if few == 1 else 's'}" if few else "No alert"
        more = f", {watched} to watch" if watched else ""
        whole = f"{len(self.checks)} threshold{'' if len(self.checks) == 1 else 's'}"
        return f"{said}{more} (of {whole})."

    def of(self, finding: Finding) -> Check | None:
        """Return the worst check of a finding."""
        return next((one for one in self.checks if one.finding == finding), None)

    def record(self) -> dict[str, Any]:
        """Return it as results.json and manifest.json hold it."""
        return {
            "false_alarm_rate": self.rate,
            "text": self.text,
            "note": self.note,
            "checks": [one.record() for one in self.checks],
        }


def judge(
    findings: Sequence[Finding], thresholds: Thresholds, *, currency: str = ""
) -> Verdict:
    """Hold findings against thresholds.

    Parameters
    ----------
    findings : sequence of Finding
        All that a run found.
    thresholds : Thresholds
        As `thresholds.read` returns them.
    currency : str
        Unit of amounts.

    Returns
    -------
    Verdict
        Each limit with each finding it names. "bad" (an alert) where a one-sided test
        at the declared rate says that the true value is beyond the limit; "watch"
        where the estimate or part of the interval is, or where nothing could be
        tested; "good" where the whole interval is on the right side.

    Notes
    -----
    Limits without a rate of their own share the run's by Holm's correction: findings
    of one run rest on the same rows, and Holm's bound on the chance of any false
    alarm holds under every dependence. The p-values come from the findings' own
    intervals (`estimate.beyond`).
    """
    pairs = [
        (limit, finding)
        for limit in thresholds.limits
        for finding in _named(limit.name, _distinct(findings)) or (None,)
    ]
    pvalues = _pvalues(pairs)
    checks = [
        _check(limit, finding, pvalue, findings, thresholds, currency)
        for (limit, finding), pvalue in zip(pairs, pvalues, strict=True)
    ]
    checks.sort(key=lambda one: RANKS[one.state])
    rate = _total_rate(thresholds)
    return Verdict(checks=tuple(checks), rate=rate, note=_note(rate) if checks else "")


def _named(name: str, findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings with this id or label, else those a pattern fits."""
    wanted = name.casefold()
    names = [
        {one.id.casefold(), one.label.casefold(), label(one).casefold()}
        for one in findings
    ]
    exact = [one for one, own in zip(findings, names, strict=True) if wanted in own]
    if exact or "*" not in name:
        return exact
    pattern = wanted.replace("[", "[[]").replace("?", "[?]")
    return [
        one
        for one, own in zip(findings, names, strict=True)
        if any(fnmatchcase(text, pattern) for text in own)
    ]


def _distinct(findings: Sequence[Finding]) -> list[Finding]:
    """Return findings once that several results repeat."""
    kept = {(one.id, one.estimate, one.ci_lower): one for one in reversed(findings)}
    return list(reversed(kept.values()))


def _pvalues(pairs: Sequence[tuple[Limit, Finding | None]]) -> list[float | None]:
    """Return a p-value a pair, adjusted for the others that share the run's rate."""
    from cxlib.estimate.multiplicity import adjust

    raw = [_pvalue(limit, found) if found else math.nan for limit, found in pairs]
    shared = [
        p if limit.rate is None else math.nan
        for (limit, _), p in zip(pairs, raw, strict=True)
    ]
    adjusted = adjust(shared, "holm").tolist() if pairs else []
    own = [p if math.isnan(q) else q for p, q in zip(raw, adjusted, strict=True)]
    return [None if math.isnan(p) else p for p in own]


def _pvalue(limit: Limit, found: Finding) -> float:
    """Return the evidence that the truth is beyond a limit; 1 where nothing is."""
    from cxlib.estimate.beyond import beyond

    known = level(found)
    low, high = found.ci_lower, found.ci_upper
    if plain(found.estimate) is None or known is None or low is None or high is None:
        return math.nan
    if not _beyond(found.estimate, limit.side, limit.value):
        return 1.0
    step = 100 / found.n if found.unit == "points" and found.n else 0.0
    return beyond(
        float(found.estimate or 0), (low, high), limit=limit.value,
        confidence_level=known, n=found.n, share=found.unit == "share", step=step,
    )  # fmt: skip


def _beyond(value: float | None, side: str, limit: float) -> bool:
    """Whether a value is on the wrong side of a limit."""
    if value is None:
        return False
    return value < limit if side == "min" else value > limit


def _check(
    limit: Limit,
    found: Finding | None,
    pvalue: float | None,
    findings: Sequence[Finding],
    thresholds: Thresholds,
    currency: str,
) -> Check:
    """Return the state of one finding under one limit, in words too."""
    if found is None:
        ids = dict.fromkeys(one.id for one in findings)
        text = f"The threshold '{limit.name}' fits no finding of this run"
        return Check(
            limit=limit, state="watch", text=f"{text}; {did_you_mean(limit.name, ids)}"
        )
    rate = thresholds.rate if limit.rate is None else limit.rate
    named, value = _NAMED[limit.side], _in_words(limit.value, found, currency)
    bare = Check(limit=limit, state="good", text="", finding=found, pvalue=pvalue)
    state, told = _standing(bare, rate)
    why = told.format(f"the {named} of {value}")
    text = f"{_shown(found, currency)}: {why}"
    return replace(bare, state=state, words=f"{named} {value}", why=why, text=text)


def _standing(check: Check, rate: float) -> tuple[Standing, str]:
    """Return the state and the sentence, with a place for the limit's words."""
    limit, found = check.limit, check.finding
    if found is None or (plain(found.estimate) is None and found.ci_lower is None):
        return "watch", "has no number this time, so {} was not checked."
    wrong, right = ("below", "above") if limit.side == "min" else ("above", "below")
    if _beyond(found.estimate, limit.side, limit.value):
        sure = check.pvalue is not None and check.pvalue <= rate
        why = "beyond noise" if sure else _doubt(check)
        return "bad" if sure else "watch", f"{wrong} {{}}, {why}."
    why = _reason_to_watch(limit, found)
    bare = "" if found.ci_lower is not None else "; it has no interval"
    return "watch" if why else "good", f"{right} {{}}{why or bare}."


def _reason_to_watch(limit: Limit, found: Finding) -> str:
    """Say why an estimate on the right side of its limit is not good, or nothing."""
    end = found.ci_lower if limit.side == "min" else found.ci_upper
    share = found.unit.startswith("share")
    if _beyond(end, limit.side, limit.value):
        return ", but the interval reaches beyond it"
    if limit.watch is not None and _beyond(found.estimate, limit.side, limit.watch):
        return ", but past the value to watch from"
    if share and abs(limit.value) > 1 >= abs(found.estimate or 0):
        return "; a share is a fraction, 0.05 for 5 %"
    return ""


def _doubt(check: Check) -> str:
    """Say why an estimate beyond its limit is no alert."""
    if check.pvalue is None:
        return "but it has no interval, so noise cannot be told from change"
    return "but that may be noise"


def _shown(found: Finding, currency: str) -> str:
    """Return 'NPS 20.7 points (95 % CI 17.7 to 23.5, n = 3,926)'."""
    made = card(found, currency)
    base = ", ".join(part for part in (made["interval"], made["n"]) if part)
    size = f"{made['value']} {made['unit']}".strip()
    return f"{made['label']} {size}{f' ({base})' if base else ''}"


def _in_words(value: float, found: Finding, currency: str) -> str:
    """Return a limit as it was declared, with its unit."""
    unit = currency if found.unit == "amount" else ""
    return f"{_format.declared(value, found.unit)} {unit}".strip()


def _total_rate(thresholds: Thresholds) -> float:
    """Return the chance of any false alarm: the shared rate and each own one."""
    own = [limit.rate for limit in thresholds.limits if limit.rate is not None]
    shared = thresholds.rate if len(own) < len(thresholds.limits) else 0.0
    return min(1.0, shared + sum(own))


def _note(rate: float) -> str:
    """Say what the declared rate means for a schedule."""
    return " ".join(_note_parts(rate))


def _note_parts(rate: float) -> Iterator[str]:
    yield (
        f"At most 1 run in {round(1 / rate):,} would alert if every true value stood "
        "exactly at its threshold;"
    )
    nights = rate * _NIGHTS
    if nights >= 1:
        yield (
            f"run nightly, that is about {nights:.0f} false alarm"
            f"{'' if round(nights) == 1 else 's'} a year: set {RATE}: 0.001 for one in "
            "three years."
        )
    else:
        yield f"run nightly, that is about one false alarm in {1 / nights:.0f} years."
    yield (
        "Nights that share data are not independent: a false alarm then stays on for "
        "as long as they do."
    )
