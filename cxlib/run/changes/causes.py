"""What differs between two runs besides chance: data, settings, code, seed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from cxlib.report.words import as_yaml
from cxlib.run.changes.earlier import Run
from cxlib.run.secrets import hide, hide_text

Kind = Literal["data", "settings", "code", "seed"]
ORDER: tuple[Kind, ...] = ("code", "settings", "seed", "data")
NONE = "not there"
_LONGEST = 160
_SHOWN = 8
_NUMBERLESS = {"seaborn", "matplotlib", "papermill", "nbconvert", "ipykernel"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One thing that differs, with what it was and what it is now in words."""

    kind: Kind
    what: str
    was: str
    now: str


def causes(was: Run, now: Run, root: Path) -> list[Cause]:
    """Return everything recorded that differs between two runs.

    Notes
    -----
    A data file counts by its hash: one that was only renamed differs in nothing. A
    table's source belongs to the data where it names other files, else to the
    settings. A file that is no table, such as a codebook, is a setting. A parameter
    that neither run was given but whose default moved belongs to the code.
    """
    return [
        *_data(was, now, root),
        *_settings(was, now, root),
        *_code(was.record, now.record),
    ]


def moved_tables(was: Run, now: Run, root: Path) -> set[str]:
    """Return the tables whose source names other files than before."""
    before, after = _named(was, root), _named(now, root)
    both = set(before) & set(after)
    return {table for table in both if before[table] != after[table]}


def _named(run: Run, root: Path) -> dict[str, set[str]]:
    """Return the files of each table by its name."""
    found: dict[str, set[str]] = {}
    for path, table in run.tables(root).items():
        found.setdefault(table, set()).add(path)
    return found


def _data(was: Run, now: Run, root: Path) -> Iterator[Cause]:
    """Yield files that were added, taken away or changed."""
    old = {file["path"]: file for file in was.record.get("data", [])}
    new = {file["path"]: file for file in now.record.get("data", [])}
    tables = {**was.tables(root), **now.tables(root)}
    there = {file["sha256"] for file in old.values()} - {None, ""}
    here = {file["sha256"] for file in new.values()} - {None, ""}
    for path in dict.fromkeys([*old, *new]):
        before, after = old.get(path), new.get(path)
        if _same(before, after, there, here):
            continue
        kind: Kind = "data" if path in tables else "settings"
        yield Cause(kind=kind, what=path, was=_file(before), now=_file(after))


def _same(
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    there: set[str],
    here: set[str],
) -> bool:
    """Whether a file is the same or goes by another name in the other run."""
    if before is None or after is None:
        one, others = (after, there) if before is None else (before, here)
        return one is not None and one["sha256"] in others
    return bool(before["sha256"]) and before["sha256"] == after["sha256"]


def _file(file: Mapping[str, Any] | None) -> str:
    if file is None:
        return NONE
    rows = f"{file['rows']:,} rows, " if file.get("rows") is not None else ""
    return f"{rows}SHA-256 {file['sha256'][:8]}" if file["sha256"] else "not hashed"


def _settings(was: Run, now: Run, root: Path) -> Iterator[Cause]:
    """Yield the parameters that differ, one line a leaf."""
    given = {*was.record.get("params", {}), *now.record.get("params", {})}
    old, new = (hide(run.settings) for run in (was, now))
    moved = moved_tables(was, now, root)
    for name in dict.fromkeys([*old, *new]):
        if name in moved:
            continue
        before, after = _leaves(name, old), _leaves(name, new)
        for key in dict.fromkeys([*before, *after]):
            if before.get(key, NONE) == after.get(key, NONE):
                continue
            kind: Kind = "settings" if name in given else "code"
            if name == "seed":
                kind = "seed"
            pair = [_short(side.get(key, NONE)) for side in (before, after)]
            yield Cause(kind=kind, what=key, was=pair[0], now=pair[1])


def _leaves(name: str, settings: Mapping[str, Any]) -> dict[str, str]:
    """Return a parameter's values in words by dotted name."""
    if name not in settings:
        return {}
    value = settings[name]
    if not isinstance(value, Mapping) or not value:
        return {name: as_yaml(value) or "(empty)"}
    found: dict[str, str] = {}
    for key, item in value.items():
        found |= _leaves(f"{name}.{key}", {f"{name}.{key}": item})
    return found


def _code(was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Cause]:
    """Yield what differs in the notebook, the package and what it stands on."""
    old, new = was.get("code_sha256"), now.get("code_sha256")
    if old and new:
        commits = _commit(was), _commit(now)
        for what in ("notebook", "cxlib"):
            if old.get(what) != new.get(what):
                name = str(now.get("notebook")) if what == "notebook" else what
                pair = _told_apart(commits, (old.get(what), new.get(what)))
                yield Cause(kind="code", what=name, was=pair[0], now=pair[1])
    else:
        for what, before, after in (
            ("notebook", was.get("notebook_sha256"), now.get("notebook_sha256")),
            ("project", _commit(was), _commit(now)),
        ):
            if before != after:
                texts = _short(before), _short(after)
                yield Cause(kind="code", what=what, was=texts[0], now=texts[1])
    old = {"Python": was.get("python"), **was.get("packages", {})}
    new = {"Python": now.get("python"), **now.get("packages", {})}
    for what in dict.fromkeys([*old, *new]):
        if what in _NUMBERLESS:
            continue
        pair = _short(old.get(what, NONE)), _short(new.get(what, NONE))
        if pair[0] != pair[1]:
            yield Cause(kind="code", what=what, was=pair[0], now=pair[1])


def _told_apart(commits: tuple[str, str], hashes: tuple[Any, Any]) -> tuple[str, str]:
    """Return the commits where they tell two versions apart, else the hashes."""
    if all(commits) and commits[0] != commits[1]:
        return commits
    return f"SHA-256 {str(hashes[0])[:8]}", f"SHA-256 {str(hashes[1])[:8]}"


def _commit(record: Mapping[str, Any]) -> str:
    git = record.get("git") or {}
    text = str(git.get("commit", ""))[:_SHOWN]
    return f"commit {text}{' with changes' if git.get('dirty') else ''}" if text else ""


def _short(value: object) -> str:
    text = hide_text(str(value))
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
