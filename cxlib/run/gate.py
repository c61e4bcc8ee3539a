"""Check every params file before a kernel starts; report everything at once."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from cxlib.errors import ArgumentError
from cxlib.paths import resolve
from cxlib.report.parameters import Parameter
from cxlib.report.thresholds import problems
from cxlib.run import kinds, secrets
from cxlib.run.jobs import SUFFIXES, Job, outline, read_parameters, shown
from cxlib.run.yamlfile import Document, Key, Trouble, dotted, read

TABLES = (
    *("responses", "invitations", "codings", "users", "customers"),
    *("events", "periods", "initiatives"),
    *("purchases", "spells", "contacts"),
    *("rollout", "claims"),
)
_SWITCH = {"yes": "true", "on": "true", "no": "false", "off": "false"}


def check(paths: Iterable[Path]) -> list[Job]:
    """Read params files and find all that would stop their runs.

    Parameters
    ----------
    paths : iterable of pathlib.Path
        Params files, as `jobs.find` gives them.

    Returns
    -------
    list of Job
        One a file, in the same order; `job.troubles` is empty where it may run.

    Notes
    -----
    Checked are: YAML and its traps, the notebook's name, each parameter's name and
    kind, the keys of table sources, the files they name, secrets, and two files
    that would write to the same place. Whether the data can answer is for
    `data.read` to say.
    """
    jobs = [check_one(path) for path in paths]
    places: dict[str, Path] = {}
    for index, job in enumerate(jobs):
        other = places.setdefault(job.label, job.path)
        if other != job.path:
            text = (
                f"{shown(other, job.root)} has the same programme and name, "
                f"{job.label}; rename one of the two."
            )
            jobs[index] = replace(job, troubles=(*job.troubles, Trouble(text)))
    return jobs


def check_one(path: Path) -> Job:
    """Read one params file and find all that would stop its run."""
    job = outline(path)
    document = read(path)
    troubles = list(document.troubles)
    parameters: tuple[Parameter, ...] = ()
    try:
        parameters = _parameters(job)
    except ArgumentError as error:
        troubles.append(Trouble(str(error)))
    else:
        troubles += _parameter_troubles(job, document, parameters)
    troubles += _secret_troubles(document)
    files = dict(_files(job, document, parameters))
    troubles += _file_troubles(job, document, files)
    return replace(
        job,
        params=document.values,
        parameters=parameters,
        files=files,
        troubles=tuple(sorted(troubles, key=lambda one: one.line or 0)),
    )


def _parameters(job: Job) -> tuple[Parameter, ...]:
    """Return the notebook's parameters, or say which notebook was meant."""
    if job.path.suffix.lower() not in SUFFIXES:
        raise ArgumentError("a params file ends in .yaml or .yml.")
    if not job.notebook.is_file():
        names = sorted(file.stem for file in job.notebook.parent.glob("*.ipynb"))
        raise ArgumentError(
            f"{shown(job.notebook, job.root)} does not exist (the file's name up to "
            f"the first dot names the notebook); "
            f"{_did_you_mean(job.notebook.stem, names)}"
        )
    return read_parameters(job.notebook)


def _parameter_troubles(
    job: Job, document: Document, parameters: tuple[Parameter, ...]
) -> Iterator[Trouble]:
    """Yield what is wrong with the names and kinds of the given values."""
    known = {one.name: one for one in parameters}
    settled = {trouble.name for trouble in document.troubles}
    notebook = shown(job.notebook, job.root)
    for name, value in document.values.items():
        line = document.lines.get((name,))
        if name not in known:
            hint = _did_you_mean(name, known) if known else "it takes none."
            text = f"{name}: not a parameter of {notebook}; {hint}"
            yield Trouble(text, line, "params", name)
            continue
        if name in settled:
            continue
        found = kinds.misfit(value, known[name].annotation)
        if found:
            text = _misfit_text(document, known[name], (name, *found[0]), found[1])
            yield Trouble(text, document.lines.get((name, *found[0]), line))
        elif name in TABLES and value and isinstance(value, str | Mapping):
            yield from _source_troubles(document, name, value)
        elif name == "engine":
            yield from _engine_troubles(value, line)
        elif name == "thresholds":
            yield from _threshold_troubles(document, value)


def _misfit_text(
    document: Document, parameter: Parameter, key: Key, wanted: str
) -> str:
    """Say what was given, what is taken, and how to write it."""
    value: Any = document.values
    for part in key:
        value = value[part]
    raw = document.raw.get(key, "")
    if value is None:
        given = "is empty"
    elif isinstance(value, str):
        given = f"is the text {value!r}"
    else:
        given = f"is {raw or value}, {kinds.words(value)}"
    advice = _advice(value, raw, wanted, parameter)
    return f"{dotted(key)}: {given}; it takes {wanted}.{advice}"


def _advice(value: object, raw: str, wanted: str, parameter: Parameter) -> str:
    """Say how to write the value that was probably meant."""
    advice = ""
    if value is None:
        advice = f" Leave the line out for the default, {parameter.default!r}."
    elif wanted.startswith("text") and raw:
        advice = f" Write it in quotes: '{raw}'."
    elif wanted == "true or false" and str(value).lower() in _SWITCH:
        advice = f" Write {_SWITCH[str(value).lower()]}."
    elif "number" in wanted and isinstance(value, str):
        number = _as_number(value)
        advice = f" Write {number} without quotes." if number else ""
    elif wanted == "a list":
        advice = f" Write [{raw or value}]."
    return advice


def _as_number(text: str) -> str:
    """Return the number a text stands for, with a decimal point; else nothing."""
    try:
        return f"{float(text.replace(',', '.')):g}"
    except ValueError:
        return ""


def _source_troubles(
    document: Document, table: str, source: str | Mapping[str, Any]
) -> Iterator[Trouble]:
    """Yield what is wrong with the source of a table: unknown keys, then the rest."""
    from cxlib.data.source import KEYS, parse

    whole = {"path": source} if isinstance(source, str) else source
    parts = whole.get("parts")
    levels: list[tuple[Key, Any]] = [((table,), whole)]
    if isinstance(parts, list):
        levels += [((table, "parts", i), part) for i, part in enumerate(parts)]
    unknown = [
        (*key, name)
        for key, level in levels
        if isinstance(level, Mapping)
        for name in level
        if name not in KEYS
    ]
    for key in unknown:
        hint = _did_you_mean(str(key[-1]), KEYS)
        text = f"{dotted(key)}: not a key of a source; {hint}"
        yield Trouble(text, document.lines.get(key), "params", table)
    if not unknown:
        try:
            parse(table, source)
        except ArgumentError as error:
            yield Trouble(str(error), document.lines.get((table,)), "params", table)


def _engine_troubles(engine: str, line: int | None) -> Iterator[Trouble]:
    """Yield an engine that there is not."""
    from cxlib._checks import one_of
    from cxlib.data.engines import ENGINES

    try:
        one_of(engine, "engine", ENGINES)
    except ArgumentError as error:
        yield Trouble(str(error), line, "params", "engine")


def _threshold_troubles(document: Document, given: object) -> Iterator[Trouble]:
    """Yield thresholds that say nothing a figure could be held against."""
    for below, text in problems(given):
        key: Key = ("thresholds", *below)
        line = document.lines.get(key, document.lines.get(key[:2]))
        yield Trouble(f"{dotted(key)}: {text}", line, "params", "thresholds")


def _secret_troubles(document: Document) -> Iterator[Trouble]:
    """Yield the parameters that look like secrets, without their values."""
    for key in secrets.find(document.values):
        yield Trouble(
            f"{dotted(key)}: looks like a secret, and parameters are printed in the "
            "report. Take it out, change it where it was used, and keep the new one "
            "in an environment variable.",
            document.lines.get(key),
        )


def _files(
    job: Job, document: Document, parameters: tuple[Parameter, ...]
) -> Iterator[tuple[str, Path]]:
    """Yield the data files of a run, by the key that names them."""
    given = {one.name: one.default for one in parameters} | dict(document.values)
    several = given.get("engine", "pandas") != "pandas"
    for one in parameters:
        value = given[one.name]
        if one.name in TABLES:
            found = _table_files(job, one.name, value)
            yield from _every_file(found) if several else found
        elif isinstance(value, str) and value and _is_file(one.default, job.root):
            yield one.name, resolve(value, job.root)


def _table_files(job: Job, table: str, source: Any) -> Iterator[tuple[str, Path]]:
    """Yield the files of one table's source."""
    whole = {"path": source} if isinstance(source, str) else source
    if not isinstance(whole, Mapping):
        return
    parts = whole.get("parts")
    levels = [(f"{table}.path", whole)]
    if isinstance(parts, list) and parts:
        levels = [
            (f"{table}.parts[{i}].path", {"path": p} if isinstance(p, str) else p)
            for i, p in enumerate(parts)
        ]
    for key, level in levels:
        path = (
            level.get("path", whole.get("path")) if isinstance(level, Mapping) else ""
        )
        if isinstance(path, str) and path and "://" not in path:
            given = level.get("format", whole.get("format"))
            yield from _sheets(key, resolve(path, job.root), given)


def _every_file(found: Iterable[tuple[str, Path]]) -> Iterator[tuple[str, Path]]:
    """Yield the files of folders and patterns too, which engines take."""
    for key, path in found:
        inside: list[Path] = []
        if path.is_dir():
            inside = sorted(path.rglob("*"))
        elif not path.exists() and glob.has_magic(str(path)):
            names = glob.glob(str(path), recursive=True)
            inside = [Path(name) for name in sorted(names)]
        files = [f for f in inside if f.is_file() and f.name[0] not in "._"]
        if not files:
            yield key, path
        yield from ((f"{key}[{i}]", file) for i, file in enumerate(files))


def _sheets(key: str, path: Path, given: object) -> Iterator[tuple[str, Path]]:
    """Yield the file, or the filled coding sheets where it is a folder of them."""
    found = sorted(path.glob("[!.~]*.xlsx")) if given == "coding_sheet" else []
    if not path.is_dir() or not found:
        yield key, path
    yield from ((f"{key}[{i}]", file) for i, file in enumerate(found))


def _is_file(default: object, root: Path) -> bool:
    """Whether a parameter names a file: its default is one."""
    return (
        isinstance(default, str) and "/" in default and resolve(default, root).is_file()
    )


def _file_troubles(
    job: Job, document: Document, files: Mapping[str, Path]
) -> Iterator[Trouble]:
    """Yield the data files that are missing, empty or unreadable."""
    lines = {dotted(key): line for key, line in document.lines.items()}
    for key, path in files.items():
        what = _file_state(path)
        if what:
            name = key.partition(".")[0]
            text = f"{key}: {shown(path, job.root)} {what}"
            yield Trouble(text, lines.get(key, lines.get(name)), "data", name)


def _file_state(path: Path) -> str:
    """Say why a file cannot be read, or nothing."""
    if not path.exists():
        folder = path.parent
        if not folder.is_dir():
            return f"does not exist, nor does its folder ({folder})."
        names = sorted(file.name for file in folder.iterdir() if file.is_file())
        hint = (
            _did_you_mean(path.name, names)
            if names
            else "there is no file in its folder."
        )
        return f"does not exist; {hint}"
    if path.is_dir():
        return "is a folder; name a file in it."
    if not os.access(path, os.R_OK):
        return "may not be read by this user; change its permissions."
    return "" if path.stat().st_size else "is empty (0 bytes); export it again."


def _did_you_mean(word: str, options: Iterable[str]) -> str:
    """As `_checks.did_you_mean`, which imports pandas only when it is needed."""
    from cxlib._checks import did_you_mean

    return did_you_mean(word, options)
