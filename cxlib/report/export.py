"""Write what a notebook found as files other programs can read."""

from __future__ import annotations

import html
import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from cxlib._console import displayed
from cxlib.errors import ArgumentError
from cxlib.paths import resolve
from cxlib.report.answer import settle
from cxlib.report.files import to_json, write_text
from cxlib.report.ledger import ledger
from cxlib.report.trace import EXPORT_MIME, identity
from cxlib.result import Result

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
# A spreadsheet runs a cell that begins with one of these as a formula.
_FORMULA = re.compile(r"\s*[=+\-@\t\r\n＝＋－＠]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What `export` wrote: file names and their contents in words."""

    folder: Path
    files: tuple[tuple[str, str], ...]
    record: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002, FBT001
        printer.text(", ".join(name for name, _ in self.files))

    def _repr_html_(self) -> str:
        items = "".join(
            f"<li><code>{html.escape(name)}</code> {html.escape(what)}</li>"
            for name, what in self.files
        )
        return f"<div class='cx-files'><p>Written:</p><ul>{items}</ul></div>"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        plain = ", ".join(name for name, _ in self.files)
        shown = {"text/html": self._repr_html_(), "text/plain": plain}
        return shown | {EXPORT_MIME: json.loads(to_json(self.record))}


def export(
    output_dir: str | os.PathLike[str],
    results: Mapping[str, Result],
    *,
    sources: Iterable[Any] = (),
) -> Written:
    """Write results.json and one CSV file a result.

    Parameters
    ----------
    output_dir : path
        A relative one counts from the project root. Made if it is not there.
    results : mapping of str to Result
        File-safe name -> result. A skipped one gives no file.
    sources : iterable of data.Table
        The tables the results rest on: their counts, files and hashes are recorded.

    Returns
    -------
    Written
        Displayable list of the files.

    Notes
    -----
    Numbers are written unrounded; each result's sentence and method, and the
    assumptions with their grades, stand beside them. Each file appears whole or not
    at all. Text in a CSV that a spreadsheet would run as a formula gets an
    apostrophe in front. Numbers JSON has no word for (NaN, infinity) become null.
    Thresholds of the notebook's answer are held against all findings here, and the
    answer shows it.
    """
    bad = [name for name in results if not _NAME.fullmatch(name)]
    if bad:
        raise ArgumentError(
            f"`results` has the name {bad[0]!r}; use letters, digits, '_' and '-', "
            "because it becomes a file's name."
        )
    folder = resolve(output_dir)
    (folder / "tables").mkdir(parents=True, exist_ok=True)
    files = (_write_table(folder, name, result) for name, result in results.items())
    kept = [file for file in files if file]
    found = [(name, one) for name, r in results.items() for one in r.findings]
    findings = [{"result": name, **asdict(one)} for name, one in found]
    verdict = settle([one for _, one in found])
    texts = {name: result.text for name, result in results.items()}
    record: dict[str, Any] = {
        "findings": findings,
        "alerts": [check.record() for check in verdict.alerts],
        "results": [_about(n, result, texts[n]) for n, result in results.items()],
        "assumptions": _assumptions(results),
        "sources": [_source(table, i) for i, table in enumerate(sources, 1)],
        "tables": [name for name, _ in kept],
    }
    if verdict.checks:
        record["thresholds"] = verdict.record()
    write_text(folder / "results.json", to_json(record))
    count = f"{len(findings)} finding{'' if len(findings) == 1 else 's'}"
    shown = _known(results, texts, {name for name, _ in kept})
    told = {"results": shown, "findings": _brief(findings)}
    return Written(folder=folder, files=(("results.json", count), *kept), record=told)


def safe_cell(value: object) -> object:
    """Return a CSV cell that no spreadsheet runs as a formula.

    Examples
    --------
    >>> safe_cell("=1+1"), safe_cell("-24.7"), safe_cell("late")
    ("'=1+1", '-24.7', 'late')
    """
    if not isinstance(value, str) or not _FORMULA.match(value):
        return value
    try:
        float(value)
    except ValueError:
        return f"'{value}"
    return value


def _about(name: str, result: Result, text: str) -> dict[str, str]:
    """Return what a reviewer asks of a result: its sentence, method and unit."""
    about = {"name": name, "text": text}
    return about | {"method": result.method, "unit": result.unit}


def _assumptions(results: Mapping[str, Result]) -> list[dict[str, object]]:
    """Return every assumption once, weak support and high impact first."""
    found: dict[str, dict[str, object]] = {}
    for one in ledger(*results.values()).assumptions:
        of = [name for name, r in results.items() if one in r.assumptions]
        found[one.text] = {**asdict(one), "results": of}
    return list(found.values())


def _write_table(folder: Path, name: str, result: Result) -> tuple[str, str] | None:
    """Write one result's table; return its file name and size in words."""
    table = result.to_frame()
    if table.empty and not len(table.columns):
        return None
    text = [c for c in table.columns if not pd.api.types.is_numeric_dtype(table[c])]
    for column in text:
        table[column] = table[column].astype(object).map(safe_cell)
    table.columns = pd.Index([safe_cell(str(column)) for column in table.columns])
    file = f"tables/{name}.csv"
    write_text(folder / file, table.to_csv(index=False, lineterminator="\n"))
    rows = f"{len(table):,} row{'' if len(table) == 1 else 's'}"
    return file, f"{rows}, {len(table.columns)} columns"


def _known(
    results: Mapping[str, Result], texts: Mapping[str, str], made: set[str]
) -> dict[str, dict[str, str]]:
    """Return how a page knows a result again: its display, its sentence, its file."""
    return {
        name: {
            "file": f"tables/{name}.csv",
            "shown": identity(displayed(result)),
            "said": identity(texts[name]),
        }
        for name, result in results.items()
        if f"tables/{name}.csv" in made
    }


def _brief(findings: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the findings without their sentences, which the page has already."""
    return [{k: v for k, v in one.items() if k != "statement"} for one in findings]


def _source(table: Any, position: int) -> dict[str, object]:
    """Return what results.json says of a table that was read."""
    files: Any = getattr(table, "files", ())
    if isinstance(files, pd.DataFrame):
        files = files.to_dict("records")
    return {
        "table": str(getattr(table, "name", position)),
        "counts": dict(getattr(table, "counts", {})),
        "files": [
            asdict(file) if hasattr(file, "__dataclass_fields__") else dict(file)
            for file in files
        ],
    }
