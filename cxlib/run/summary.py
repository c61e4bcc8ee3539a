"""A short account of runs for a mail: failures, alerts, answers."""

from __future__ import annotations

import html
import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from cxlib import _format
from cxlib.errors import ArgumentError
from cxlib.report.files import read_json
from cxlib.report.language import Translator, translator
from cxlib.report.states import STATES
from cxlib.report.words import moment
from cxlib.run import process
from cxlib.run.spoken import english, language_of

Run = Mapping[str, Any]
Section = tuple[str, list[str]]
Format = Literal["text", "html"]
WIDTH, LINES = 72, 40
_MOST = {"Failed": 8, "Alerts": 8, "To watch": 4}
_LEAST, _MOST_LETTERS = 5, 280
_BROKEN = {"failed", "died", "timeout"}
_DEEP = ("*/manifest.json", "*/*/manifest.json", "*/*/*/manifest.json")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


def summary(paths: Iterable[Path], *, format: Format = "text") -> str:  # noqa: A002
    """Return a short account of runs, ready to be mailed.

    Parameters
    ----------
    paths : iterable of pathlib.Path
        Run folders, their manifest.json or results.json, or folders of reports: of
        those the latest run of each report.
    format : {"text", "html"}
        Plain text of at most 40 lines of 72 columns, or one HTML page.

    Returns
    -------
    str
        The subject first; then what failed, alerts with their value, interval, n and
        threshold, what to watch, the answers, and where the index is. No customer's
        words: only sentences of results and errors.

    Raises
    ------
    ArgumentError
        Where there is no run.
    """
    runs = [run for path in paths for run in _runs(path)]
    if not runs:
        shown = ", ".join(str(path) for path in paths)
        raise ArgumentError(
            f"no run in {shown}; give a run folder, its results.json, or a folder of "
            "reports that `cx run` has written."
        )
    parts = [_failed(runs), _alerts(runs), _watched(runs), _moved(runs), _answers(runs)]
    words = translator(language_of(runs))
    sections = [(one, list(map(words.text, items))) for one, items in parts if items]
    where = _index(runs)
    write = _page if format == "html" else _text
    return write(_subject(runs), sections, where, words)


def _runs(path: Path) -> list[Run]:
    """Return the runs that a path stands for."""
    folder = path.parent if path.is_file() else path
    if (folder / "manifest.json").is_file() or (folder / "results.json").is_file():
        return [_read(folder)]
    newest: dict[Path, Path] = {}
    for pattern in _DEEP:
        for found in sorted(folder.glob(pattern)):
            newest[found.parent.parent] = found.parent
    return [_read(newest[place]) for place in sorted(newest)]


def _read(folder: Path) -> Run:
    """Return the manifest of a run; of one without, what results.json says."""
    run: dict[str, Any] = {"status": "ok", "name": folder.name, "programme": ""}
    for name in ("results.json", "manifest.json"):
        run |= read_json(folder / name)
    findings = run.get("findings") or [{}]
    run.setdefault("headline", {"decision": findings[0].get("statement", "")})
    if run["status"] == "running" and process.alive(run) is False:
        run["status"] = "interrupted"
    return run | {"folder": folder}


def _label(run: Run) -> str:
    return "/".join(part for part in (run["programme"], run["name"]) if part)


def _subject(runs: list[Run]) -> str:
    """Return 'CX: 2 alerts, 1 failed of 15 (sample)'."""
    alerts = sum(len(run.get("alerts") or []) for run in runs if run["status"] == "ok")
    kinds = Counter(_kind(run) for run in runs)
    counted = [f"{alerts} alert{'' if alerts == 1 else 's'}"] if alerts else []
    counted += [f"{kinds[kind]} {kind}" for kind in ("failed", "stopped", "running")
                if kinds[kind]]  # fmt: skip
    programmes = sorted({run["programme"] for run in runs if run["programme"]})
    many = len(programmes) > 2
    named = f"{len(programmes)} programmes" if many else ", ".join(programmes)
    none = f"{len(runs)} completed, no alert"
    told = f"{', '.join(counted)} of {len(runs)}" if counted else none
    return f"CX: {told}{f' ({named})' if named else ''}"


def _kind(run: Run) -> str:
    """Return how a run ended in one of four words."""
    status = str(run["status"])
    if status in {"ok", "running"}:
        return {"ok": "completed"}.get(status, status)
    return "failed" if status in _BROKEN else "stopped"


def _failed(runs: list[Run]) -> Section:
    """Return the runs that did not complete, each with its reason."""
    bad = [run for run in runs if _kind(run) in {"failed", "stopped"}]
    states = {id(run): STATES.get(run["status"], STATES["failed"]) for run in bad}
    bad.sort(key=lambda run: states[id(run)].rank)
    said = [f"{_label(run)}: {states[id(run)].label}. {_reason(run)}" for run in bad]
    return "Failed", [one.strip() for one in said]


def _reason(run: Run) -> str:
    """Return the first line of a run's error that says something."""
    lines = [line.strip(" -") for line in str(run.get("error") or "").splitlines()]
    lines = [line for line in lines if line and line != "The run was not started."]
    more = f" (and {len(lines) - 1} more)" if len(lines) > 1 else ""
    return f"{lines[0]}{more}" if lines else ""


def _alerts(runs: list[Run]) -> Section:
    """Return the alerts of completed runs, the new ones first."""
    found = [
        (run, one)
        for run in runs
        if run["status"] == "ok"
        for one in run.get("alerts") or []
    ]
    found.sort(key=lambda pair: not pair[1].get("new", True))
    items = []
    for run, one in found:
        when = "new" if one.get("new", True) else f"since {moment(str(one['since']))}"
        items.append(f"{one.get('text', one.get('label', ''))} ({_label(run)}, {when})")
    return "Alerts", items


def _watched(runs: list[Run]) -> Section:
    """Return the thresholds that may have been crossed, or were not found."""
    items = [
        f"{one.get('text', '')} ({_label(run)})"
        for run in runs
        if run["status"] == "ok"
        for one in (run.get("thresholds") or {}).get("checks") or []
        if one.get("level") == "watch"
    ]
    return "To watch", items


def _moved(runs: list[Run]) -> Section:
    """Return what changed since the last run by more than noise."""
    items = []
    for run in runs:
        changes = run.get("changes") or {}
        rows = changes.get("rows") or []
        if any(str(row.get("verdict", "")).startswith("beyond") for row in rows):
            items.append(f"{_label(run)}: {changes.get('text', '')}")
    return "Changed beyond noise", items


def _answers(runs: list[Run]) -> Section:
    """Return the first figure and the decision of each completed run."""
    items = []
    for run in runs:
        said = english(run)
        figures = said.get("figures") or []
        figure = f"{_figure(run, figures[0])}. " if figures else ""
        if run["status"] == "ok":
            decision = said.get("decision") or "no answer"
            items.append(f"{_label(run)}: {figure}{decision}")
    return "Answers", items


def _figure(run: Run, figure: Mapping[str, Any]) -> str:
    """Return 'NPS 20.7 points (was 23.1)'."""
    size = " ".join(str(figure.get(key) or "") for key in ("label", "value", "unit"))
    rows = (run.get("changes") or {}).get("rows") or []
    old = [one for one in rows if one.get("id") == figure.get("id")]
    if not old or not isinstance(old[0].get("was"), int | float):
        return size.strip()
    was = _format.number(old[0]["was"], str(figure.get("kind") or "score"))
    return f"{size.strip()} (was {was})"


def _index(runs: list[Run]) -> str:
    """Return the index of the runs' reports, or the one report there is."""
    folders = {run["folder"].resolve() for run in runs}
    indexes = {one.parents[2] / "index.html" for one in folders if len(one.parents) > 2}
    there = sorted(str(one) for one in indexes if one.is_file())
    reports = sorted(str(one / "report.html") for one in folders)
    return ", ".join(there) or reports[0]


def _text(subject: str, sections: list[Section], where: str, words: Translator) -> str:
    """Return the account as plain text, cut to 40 lines."""
    lines = [_clean(words.text(subject))]
    for place, (title, items) in enumerate(sections, 1):
        later = _LEAST * (len(sections) - place) + 2
        lines += ["", words.text(title)]
        lines += _cut(title, items, room=LINES - later - len(lines), words=words)
    return "\n".join([*lines, "", f"{words.text('Index:')} {where}"]) + "\n"


def _cut(title: str, items: list[str], *, room: int, words: Translator) -> list[str]:
    """Return a section's lines: one a report for answers, whole sentences else."""
    lines: list[str] = []
    for done, item in enumerate(items):
        told = _lines(title, f"- {_clean(item)}")
        more = len(items) - done
        full = len(lines) + len(told) > room - (more > 1)
        if full or done >= _MOST.get(title, len(items)):
            rest = f"{'and ' if done else ''}{more} more: see the index"
            return [*lines, f"- {words.text(rest)}"]
        lines += told
    return lines


def _lines(title: str, item: str) -> list[str]:
    """Return one item as lines."""
    if title == "Answers":
        return [textwrap.shorten(item, WIDTH, placeholder=" …")]
    short = textwrap.shorten(item, _MOST_LETTERS, placeholder=" …")
    return textwrap.wrap(short, WIDTH, subsequent_indent="  ")


def _page(subject: str, sections: list[Section], where: str, words: Translator) -> str:
    """Return the account as a small HTML page without styles or scripts."""
    escape = html.escape
    blocks = []
    for title, items in sections:
        listed = "".join(f"<li>{escape(_clean(item))}</li>" for item in items)
        blocks.append(f"<h2>{escape(words.text(title))}</h2>\n<ul>{listed}</ul>")
    shown = escape(_clean(words.text(subject)))
    index = f"<p>{words.text('Index:')} {escape(where)}</p>"
    body = "\n".join([f"<h1>{shown}</h1>", *blocks, index])
    head = f'<meta charset="utf-8"><title>{shown}</title>'
    top = f'<html lang="{words.language}"><head>{head}</head>'
    return f"<!DOCTYPE html>\n{top}\n<body>\n{body}\n</body></html>\n"


def _clean(text: str) -> str:
    """Return text without line breaks and terminal codes."""
    return _CONTROL.sub(" ", text).strip()
