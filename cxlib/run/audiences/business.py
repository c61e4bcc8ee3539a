"""The business case of a programme: what to fund, what it returns, what may be lost."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from cxlib import _format
from cxlib.run.audiences.latest import Report
from cxlib.run.spoken import english

# The notebooks that can carry the case, the most telling first: the result and the
# finding that hold the return, and the table that holds the initiatives.
_CASES = (
    ("roi_choice", "net present value of the chosen", "chosen"),
    ("roi_investment", "net present value", "returns"),
    ("roi_regression", "value of a score point", ""),
)
# What the case rests on: notebook, how the finding's id begins, and what to call it.
_SUPPORT = (
    ("roi_investment", "net present value for ", "All that is planned, to a sceptic"),
    ("roi_regression", "value of a score point", "What a point is worth"),
    ("roi_investment", "break-even of ", "What would turn it"),
)
_CHANCE = re.compile(r"chance of (?:a return above zero is )?(\d+(?:\.\d+)?) %")
_DRAWS = re.compile(r"[\d,]+ draws")
_SENTENCE = re.compile(r"(?<=[.!?]) (?=[A-Z0-9“])")
_MOST_ROWS = 6


def business_case(reports: Sequence[Report]) -> dict[str, Any] | None:
    """Return what the executive page says of the money; None without such a report.

    Parameters
    ----------
    reports : sequence of Report
        Of one programme.

    Returns
    -------
    dict or None
        `of` the report it is of, `sentence`, `decision`, `figures` (label, value,
        interval, n), `rows` (one an initiative), `rests` (names and sentences),
        `doubts` (where another report says otherwise) and `also` (the other reports it
        draws on).

    Notes
    -----
    Everything is taken from results.json and the exported tables; nothing is
    computed anew but the chance of a loss, which is 1 less that of a return.
    """
    told = {one.name: one for one in reports if one.good is not None}
    for notebook, finding, table in _CASES:
        for name, report in told.items():
            found = _finding(report, finding) if _is(name, notebook) else None
            if found is not None:
                return _case(report, found, table, told)
    return None


def sentences(text: str, *, at_least: int = 0) -> str:
    """Return the first sentences of a text, as many as make `at_least` characters.

    >>> sentences("Not sure. It rose by 2.5 points in 2025. More follows.", at_least=20)
    'Not sure. It rose by 2.5 points in 2025.'
    """
    kept = ""
    for sentence in _SENTENCE.split(text.strip()):
        kept = f"{kept} {sentence}".strip()
        if len(kept) >= at_least:
            break
    return kept


def _case(
    report: Report, found: Mapping[str, Any], table: str, told: Mapping[str, Report]
) -> dict[str, Any]:
    """Put the case together."""
    currency = _currency(report)
    headline = english(report.good or {})
    support = list(_support(report, found, told))
    also = {one.name: one for one, _ in support if one is not report}
    rows = _initiatives(report.folder, table) if table else []
    return {
        "of": report,
        "sentence": sentences(str(found["statement"])),
        "decision": str(headline.get("decision") or ""),
        "figures": list(_figures(report, found, currency)),
        "rows": rows,
        "doubts": list(_doubts(report, rows, told)),
        "currency": currency,
        "rests": list(dict.fromkeys(said for _, said in support)),
        "also": list(also.values()),
    }


def _support(
    report: Report, found: Mapping[str, Any], told: Mapping[str, Report]
) -> Iterator[tuple[Report, tuple[str, str]]]:
    """Yield what else was found out about the money: the report, a name, a sentence."""
    for name, one in told.items():
        headline = english(one.good or {})
        if (
            _is(name, "roi_investment")
            and one is not report
            and headline.get("decision")
        ):
            yield one, ("Each on its own", str(headline["decision"]))
    for notebook, start, label in _SUPPORT:
        for name, one in told.items():
            said = _finding(one, start) if _is(name, notebook) else None
            if said is not None and said != found:
                yield one, (label, sentences(str(said["statement"]), at_least=60))


def _doubts(
    report: Report, rows: Sequence[Mapping[str, str]], told: Mapping[str, Report]
) -> Iterator[str]:
    """Yield what is to be funded here and not yet, or not at all, elsewhere."""
    for name, one in told.items():
        if one is report or not _is(name, "roi_investment"):
            continue
        decision = str(english(one.good or {}).get("decision") or "")
        for part in decision.split("; "):
            wary = part.startswith(("measure first", "do not fund"))
            names = [row["name"] for row in rows if row["name"] in part]
            if wary and names:
                yield (
                    f"“{report.title}” would begin {' and '.join(names)}; of the same "
                    f"“{one.title}” says: {part.removesuffix('.')}."
                )


def _is(name: str, notebook: str) -> bool:
    return name.partition(".")[0] == notebook


def _finding(report: Report, start: str) -> Mapping[str, Any] | None:
    """Return the first finding of a report whose id begins like this."""
    for one in report.results.get("findings") or []:
        if str(one.get("id", "")).startswith(start) and one.get("estimate") is not None:
            return dict(one)
    return None


def _currency(report: Report) -> str:
    """Return the currency the report was run in."""
    run = report.good or {}
    given = {**(run.get("defaults") or {}), **(run.get("params") or {})}
    return str(given.get("currency") or "")


def _figures(
    report: Report, found: Mapping[str, Any], currency: str
) -> Iterator[dict[str, str]]:
    """Yield the return, the chance of losing and the first costs."""
    statement = str(found["statement"])
    draws = _DRAWS.search(statement)
    n = draws[0] if draws else ""
    cards = english(report.good or {}).get("figures") or []
    card = next((one for one in cards if one.get("id") == found["id"]), None)
    if card is not None:
        yield {**card, "n": card.get("n") or n}
    chance = _CHANCE.search(statement)
    if chance and float(chance[1]) <= 100:
        lost = f"{100 - float(chance[1]):.{len(chance[1].partition('.')[2])}f}"
        note = "share of simulated futures"
        yield {"label": "Chance of losing money", "value": lost, "unit": "%",
               "interval": note, "n": n}  # fmt: skip
    cost = _finding(report, "first costs on the roadmap")
    if cost is not None:
        value = _format.number(cost["estimate"], "amount")
        yield {"label": "First costs", "value": value, "unit": currency,
               "interval": "as planned", "n": ""}  # fmt: skip


def _initiatives(folder: Path, table: str) -> list[dict[str, str]]:
    """Return the initiatives to fund: cost, return, chance of a loss, evidence."""
    plan = {row.get("initiative", ""): row for row in _rows(folder, "roadmap")}
    found = [
        row
        for row in _rows(folder, table)
        if row.get("initiative") != "all together"
        and row.get("chosen", "True") == "True"
    ]
    return [
        _initiative(row, plan.get(row.get("initiative", ""), {}))
        for row in found[:_MOST_ROWS]
    ]


def _initiative(row: Mapping[str, str], plan: Mapping[str, str]) -> dict[str, str]:
    """Return one initiative as text."""
    cost = row.get("upfront_amount") or row.get("cost_amount")
    low, high = _format.ends(
        _number(row, "p10_amount"), _number(row, "p90_amount"), "amount"
    )
    positive = _number(row, "share_positive")
    lost = None if positive is None else 1 - positive
    return {
        "name": row.get("initiative", ""),
        "begins": plan.get("quarter", ""),
        "cost": _format.number(_float(cost), "amount"),
        "returns": _format.number(_number(row, "npv_amount"), "amount"),
        "interval": f"{low} to {high}",
        "lost": "–"
        if lost is None
        else f"{_format.number(lost, 'share', decimals=0)} %",
        "evidence": plan.get("evidence") or row.get("evidence", ""),
        "n": row.get("n", ""),
    }


def _rows(folder: Path, table: str) -> list[dict[str, str]]:
    """Return the rows of an exported table, none where it is not there."""
    try:
        with (folder / f"tables/{table}.csv").open(
            encoding="utf-8", newline=""
        ) as file:
            return list(csv.DictReader(file))
    except (OSError, ValueError, csv.Error):
        return []


def _number(row: Mapping[str, str], column: str) -> float | None:
    return _float(row.get(column))


def _float(text: str | None) -> float | None:
    """Return a number from a table's cell; None for a blank or a word."""
    try:
        return float(text or "")
    except ValueError:
        return None
