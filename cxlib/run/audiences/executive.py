"""One page a programme for those who decide: every report's answer, how sure it is."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from cxlib.run.audiences.areas import by_area
from cxlib.run.audiences.business import business_case, sentences
from cxlib.run.audiences.conflicts import conflicts
from cxlib.run.audiences.fit import fit
from cxlib.run.audiences.latest import Report
from cxlib.run.audiences.signoff import SignOffs
from cxlib.run.site.links import href
from cxlib.run.site.pages import executive_page, template_text
from cxlib.run.spoken import english, language_of

PAGE = "executive.html"
_SHOWN, _WEAKEST = 2, 3
_STATES = {
    "good": ("✓", "within its threshold"),
    "watch": ("!", "watch"),
    "bad": ("✕", "beyond its threshold"),
}
_GRADES = ("low", "medium", "high")


def executive(
    reports: Sequence[Report], signoffs: SignOffs, *, made_from: str = ""
) -> str:
    """Return the executive page of a programme; it has a report at least."""
    case = business_case(reports)
    used = {case["of"].name} if case else set()
    if case:
        used |= {one.name for one in case["also"] if one.name.startswith("roi_inv")}
    doubts = case["doubts"] if case else []
    areas = [
        {"title": area.title, "items": [_item(one, signoffs) for one in listed]}
        for area, listed in by_area(one for one in reports if one.name not in used)
    ]
    page = {
        "programme": reports[0].programme,
        "made_from": made_from,
        "when": _when(reports),
        "counts": _counts(reports, signoffs),
        "alerts": list(chain.from_iterable(map(_alerts, reports))),
        "case": _case(case, signoffs) if case else None,
        "areas": areas,
        "weak": _weakest(reports),
        "conflicts": [*doubts, *conflicts(reports), *signoffs.troubles],
    }
    runs = [one.good or one.newest for one in reports]
    return executive_page(fit(page), language=language_of(runs))


def _item(report: Report, signoffs: SignOffs) -> dict[str, Any]:
    """Return what the page shows of one report."""
    run: Mapping[str, Any] = report.good or {}
    headline = english(run)
    decision = str(headline.get("decision") or "")
    brief = sentences(decision, at_least=60)
    standing = signoffs.standing(report)
    there = report.good is not None or (report.folder / "report.html").is_file()
    entry = "report.html" if there else "manifest.json"
    return {
        "title": report.title,
        "name": report.name,
        "href": href(report.name, report.folder.name, entry),
        "decision": decision,
        "brief": brief,
        "rest": decision[len(brief) :].strip(),
        "more": brief != decision,
        "figures": [_figure(one) for one in (headline.get("figures") or [])[:_SHOWN]],
        "lapse": _lapse(report),
        "signed": standing.text if standing.kind not in {"off", "none"} else "",
        "tone": standing.tone,
    }


def _figure(card: Mapping[str, Any]) -> dict[str, str]:
    """Return a headline figure as text, with the state of its threshold in words."""
    keys = ("label", "value", "unit", "interval", "n", "threshold")
    shown = {key: str(card.get(key) or "") for key in keys}
    state = str(card.get("state") or "")
    symbol, word = _STATES.get(state, ("", ""))
    mark = f"{symbol} {shown['threshold'] or word}".strip()
    return shown | {"state": state if state in _STATES else "", "mark": mark}


def _lapse(report: Report) -> str:
    """Say that the newest run gave no answer, and which answer stands in."""
    if not report.lapse:
        return ""
    if report.good is None:
        return f"{report.lapse}; no earlier run completed, so there is no answer."
    since = str(report.good["started"])[:10]
    return f"{report.lapse}. This answer is of {since}."


def _case(case: Mapping[str, Any], signoffs: SignOffs) -> dict[str, Any]:
    """Return the business case with its links."""
    return {
        **case,
        "figures": [_figure(one) for one in case["figures"]],
        "item": _item(case["of"], signoffs),
        "also": [_item(one, signoffs) for one in case["also"]],
    }


def _when(reports: Sequence[Report]) -> str:
    """Return the days of the runs in words."""
    days = sorted(str(one.good["started"])[:10] for one in reports if one.good)
    if not days:
        return "no report has completed yet"
    same = days[0] == days[-1]
    return f"answers of {days[0]}" if same else f"answers of {days[0]} to {days[-1]}"


def _counts(reports: Sequence[Report], signoffs: SignOffs) -> str:
    """Say how many reports there are, how many completed and how many are signed."""
    total, good = len(reports), sum(one.good is one.newest for one in reports)
    plural = "" if total == 1 else "s"
    text = f"{total} report{plural}, {'all' if good == total else good} completed"
    if total == 1:
        text = "1 report, completed" if good else "1 report, not completed"
    if signoffs.entries:
        signed = sum(signoffs.standing(one).kind == "signed" for one in reports)
        text += f"; {signed} reviewed and signed"
    return text


def _alerts(report: Report) -> Iterator[dict[str, str]]:
    """Yield the thresholds that a report's answer has crossed."""
    for alert in (report.good or {}).get("alerts") or []:
        if isinstance(alert, dict) and alert.get("text"):
            where = href(report.name, report.folder.name, "report.html")
            yield {"text": str(alert["text"]), "title": report.title, "href": where}


def _weakest(reports: Sequence[Report]) -> dict[str, Any]:
    """Return the assumptions that matter most and are supported least.

    One a report as far as they go, so that no single notebook takes all places.
    """
    found: dict[str, dict[str, Any]] = {}
    for report in reports:
        for one in report.results.get("assumptions") or []:
            text = str(one.get("text", ""))
            new = {"quality": "", "impact": "", **one, "titles": []}
            kept = found.setdefault(text, new | {"first": report.name})
            kept["titles"].append(report.title)
    ranked = sorted(found.values(), key=_weakness)
    chosen: list[dict[str, Any]] = []
    for one in ranked:
        if one["first"] not in {other["first"] for other in chosen}:
            chosen.append(one)
    chosen = sorted(
        (chosen + [o for o in ranked if o not in chosen])[:_WEAKEST], key=_weakness
    )
    weak = sum(o.get("quality") == "low" and o.get("impact") == "high" for o in ranked)
    return {"rows": chosen, "weak": weak, "total": len(ranked)}


def _weakness(one: Mapping[str, Any]) -> tuple[int, int, int]:
    """Order assumptions: weak, important, and shared by many reports first."""
    quality, impact = (
        _GRADES.index(grade) if grade in _GRADES else len(_GRADES)
        for grade in (one.get("quality"), one.get("impact"))
    )
    return quality, -impact, -len(one["titles"])


def made_from(reports: Sequence[Report], signoffs: SignOffs) -> str:
    """Return a hash of all that a page is made from: runs, sign-offs, templates."""
    parts = [template_text("executive.html.j2"), template_text("audiences.css")]
    parts += [signoffs.text]
    for one in reports:
        for run in (one.newest, one.good or {}):
            path = one.place / str(run.get("run_id", "")) / "manifest.json"
            stamp = path.stat().st_mtime_ns if path.is_file() else 0
            parts.append(f"{one.name}/{run.get('run_id')}/{run.get('status')}/{stamp}")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def is_current(page: Path, made_from: str) -> bool:
    """Whether a page was made from what this hash stands for."""
    try:
        with page.open(encoding="utf-8") as file:
            return made_from in file.read(2000)
    except (OSError, UnicodeDecodeError):
        return False
