"""Who has reviewed which run (params/<programme>/_signoff.yaml); what still holds."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import Any

from cxlib._checks import did_you_mean
from cxlib.errors import ArgumentError
from cxlib.paths import project_root, resolve
from cxlib.report.files import read_json
from cxlib.report.language import Translator
from cxlib.report.states import Tone
from cxlib.run.audiences.differences import differences
from cxlib.run.audiences.latest import Report
from cxlib.run.provenance import sha256
from cxlib.run.yamlfile import Document, read

FILE = "_signoff.yaml"
VERDICTS: dict[str, Tone] = {
    "accepted": "good",
    "accepted with remarks": "warn",
    "rejected": "bad",
}
_NEEDED = ("report", "reviewer", "date", "verdict")
_KEYS = (*_NEEDED, "run", "inputs", "note", "results_sha256")
_ID = re.compile(r"\w[\w. -]*")
_LINE = re.compile(r'<p class="signoff[^"]*" id="signoff"[^>]*>.*?</p>')


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOff:
    """One entry: a reviewer's verdict on one run, or on all runs of the same inputs.

    `results_sha256` is the hash of the run's results.json when it was signed; with
    it, a result that was altered afterwards is noticed.
    """

    report: str
    reviewer: str
    date: str
    verdict: str
    run: str = ""
    inputs: str = ""
    note: str = ""
    results_sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a run stands with its reviewers.

    `kind` is 'signed' (this very run), 'same' (an earlier run with the same results),
    'earlier' (a run that differs), 'altered' (signed, but its results have changed
    since), 'none' (nobody has signed) or 'off' (the programme keeps no sign-offs).
    """

    kind: str
    text: str
    tone: Tone

    def spoken(self, words: Translator) -> Standing:
        """Return it in the language of a page."""
        return replace(self, text=words.text(self.text))

    @property
    def html(self) -> str:
        """The line that every page shows, as an element that can be replaced."""
        tone = f" {self.tone}" if self.text else ""
        return f'<p class="signoff{tone}" id="signoff">{escape(self.text)}</p>'


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOffs:
    """The entries of one programme, the newest last, and what is wrong in the file."""

    entries: tuple[SignOff, ...] = ()
    troubles: tuple[str, ...] = ()
    text: str = ""

    def standing(self, report: Report) -> Standing:
        """Return where the run that a report shows stands."""
        return self.of_run(report.good or report.newest, report.folder)

    def of_run(self, run: Mapping[str, Any], folder: Path) -> Standing:
        """Return where one run stands.

        Parameters
        ----------
        run : mapping
            Its manifest.
        folder : pathlib.Path
            Its folder; runs signed earlier are looked for beside it.
        """
        name = folder.parent.name
        own = [one for one in self.entries if one.report == name]
        if not own:
            if not self.text:
                return Standing(kind="off", text="", tone="idle")
            return Standing(kind="none", text="Not reviewed yet.", tone="idle")
        digest = sha256(folder / "results.json") or ""
        mine = [one for one in own if one.run == folder.name]
        if mine:
            return _signed(mine[-1], digest)
        same = [one for one in own if _is_same(one, run, digest)]
        if same:
            return _same(same[-1])
        return _earlier(own[-1], run, folder)


def read_signoffs(path: Path) -> SignOffs:
    """Read a sign-off file.

    Parameters
    ----------
    path : pathlib.Path
        params/<programme>/_signoff.yaml, a list of entries.

    Returns
    -------
    SignOffs
        Entries that are in order; the others are `troubles`, each a sentence with
        file and line. A file that is not there is empty.
    """
    if not path.is_file():
        return SignOffs()
    document = read(path, listed="signoffs")
    name = f"{path.parent.name}/{path.name}"
    found = [(one.line, one.text.removeprefix("signoffs")) for one in document.troubles]
    items = document.values.get("signoffs", [])
    if not isinstance(items, list):
        text = "the file must be a list, one `- report: …` an entry."
        found.append((1, text))
        items = []
    kept = []
    for index, item in enumerate(items):
        wrong = list(_wrong(item, index, document))
        found += wrong
        if not wrong:
            kept.append(SignOff(**{key: str(v) for key, v in item.items() if v}))
    kept.sort(key=lambda one: one.date)
    lines = [
        f"{name}:{line}: {text}" if line else f"{name}: {text}" for line, text in found
    ]
    try:
        shown = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        shown = ""
    return SignOffs(entries=tuple(kept), troubles=tuple(lines), text=shown or "\n")


def of_programme(reports: Iterable[Report], out: Path) -> SignOffs:
    """Return the sign-offs of a programme, found by its runs' params files.

    Parameters
    ----------
    reports : iterable of Report
        Of one programme.
    out : pathlib.Path
        The reports folder; the workbook is looked for above it, then above the
        working directory.
    """
    root = workbook(out)
    folders = {
        resolve(str(one.newest["params_file"]), root or out).parent
        for one in reports
        if one.newest.get("params_file")
    }
    for folder in sorted(folders):
        if (folder / FILE).is_file():
            return read_signoffs(folder / FILE)
    return SignOffs()


def workbook(out: Path) -> Path | None:
    """Return the project a reports folder belongs to, None where there is none."""
    for start in (out, Path.cwd()):
        try:
            return project_root(start)
        except ArgumentError:
            continue
    return None


def _wrong(
    item: object, index: int, document: Document
) -> Iterator[tuple[int | None, str]]:
    """Yield what is wrong with one entry, with its line."""
    place = document.lines.get(("signoffs", index))
    if not isinstance(item, Mapping):
        yield place, "an entry must map words to values, such as `report: nps_survey`."
        return
    for key in item:
        if key not in _KEYS:
            line = document.lines.get(("signoffs", index, str(key)), place)
            yield line, f"'{key}' is not known here; {did_you_mean(str(key), _KEYS)}"
    missing = [key for key in _NEEDED if not item.get(key)]
    if missing:
        yield place, f"the entry has no {' and no '.join(missing)}; add it."
    if not (item.get("run") or item.get("inputs")):
        yield (
            place,
            "the entry names no run; add `run:` with the id of what was signed.",
        )
    yield from _misfits(item, index, document)


def _misfits(
    item: Mapping[str, Any], index: int, document: Document
) -> Iterator[tuple[int | None, str]]:
    """Yield the values that an entry may not have."""

    def line(key: str) -> int | None:
        return document.lines.get(("signoffs", index, key))

    verdict = item.get("verdict")
    if verdict and verdict not in VERDICTS:
        yield (
            line("verdict"),
            f"verdict {verdict!r}: write one of {', '.join(VERDICTS)}.",
        )
    try:
        dt.date.fromisoformat(str(item.get("date") or "2000-01-01"))
    except ValueError:
        yield line("date"), f"date {item['date']!r}: write it as 2026-01-31."
    for key in _KEYS:
        value = item.get(key)
        if isinstance(value, list | dict):
            yield line(key), f"{key} must be text."
        elif key in {"report", "run"} and not _ID.fullmatch(str(value or "x")):
            yield line(key), f"{key} {value!r} is no name of a report's folder."


def _signed(entry: SignOff, digest: str) -> Standing:
    """Return the standing of a run that an entry names."""
    if entry.results_sha256 and entry.results_sha256 != digest:
        text = (
            f"{_who(entry)}, but results.json is not what was signed: it was changed "
            "afterwards. The sign-off does not hold."
        )
        return Standing(kind="altered", text=text, tone="bad")
    text = f"{_who(entry)}{_note(entry)}"
    return Standing(kind="signed", text=text, tone=VERDICTS[entry.verdict])


def _is_same(entry: SignOff, run: Mapping[str, Any], digest: str) -> bool:
    """Whether an entry for another run, or for inputs, holds for this one."""
    if entry.results_sha256:
        return entry.results_sha256 == digest
    return bool(entry.inputs) and entry.inputs == run.get("inputs_sha256")


def _same(entry: SignOff) -> Standing:
    """Return the standing of a run with the results of one that was signed."""
    what = "results are identical" if entry.results_sha256 else "inputs are the same"
    of = f" to those of run {entry.run}" if entry.run else ""
    text = f"{_who(entry)}; this run's {what}{of}{_note(entry)}"
    return Standing(kind="same", text=text, tone=VERDICTS[entry.verdict])


def _earlier(entry: SignOff, run: Mapping[str, Any], folder: Path) -> Standing:
    """Return the standing of a run that came after the one that was signed."""
    before = folder.parent / entry.run if entry.run else None
    known = before is not None and (before / "manifest.json").is_file()
    if before is not None and known:
        told = differences(read_json(before / "manifest.json"), run)
        what = f"this run differs: {told}" if told else "this run's results differ"
    else:
        what = "this run differs; the signed one is no longer here to compare"
    text = f"Not reviewed. {_who(entry)}; {what}."
    return Standing(kind="earlier", text=text, tone="warn")


def _who(entry: SignOff) -> str:
    """Return an entry in words."""
    of = f" for run {entry.run}" if entry.run else ""
    return f"{entry.verdict.capitalize()} by {entry.reviewer} on {entry.date}{of}"


def _note(entry: SignOff) -> str:
    return f". Remark: {entry.note}" if entry.note else "."


def shown_line(page: str, standing: Standing) -> str:
    """Return a page with its sign-off line replaced; without such a line, unchanged.

    >>> old = '<p class="signoff" id="signoff"></p>'
    >>> new = Standing(kind="none", text="Not reviewed yet.", tone="idle")
    >>> shown_line(f"<main>{old}</main>", new)
    '<main><p class="signoff idle" id="signoff">Not reviewed yet.</p></main>'
    """
    found = _LINE.search(page)
    if found is None:
        return page
    return page[: found.start()] + standing.html + page[found.end() :]


def signed_runs(entries: Sequence[SignOff]) -> frozenset[tuple[str, str]]:
    """Return report and run id of every entry that names a run."""
    return frozenset((one.report, one.run) for one in entries if one.run)
