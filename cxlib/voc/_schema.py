"""What a codebook file must look like; every broken rule becomes a Problem."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from cxlib import _checks
from cxlib.errors import Problem
from cxlib.voc._codes import ACTIVE, LISTS, MERGED, RETIRED, TEXTS
from cxlib.voc._phrases import phrase_error

_ID = re.compile(r"[\w.-]{1,60}")
_TOP = ("version", "codes")
_CODE = ("id", *TEXTS, "parent", *LISTS, "status", "merged_into", "since")
_STATUSES = (ACTIVE, MERGED, RETIRED)


def structure_problems(content: object, source: str) -> list[Problem]:
    """Return what is wrong with the file as a whole."""
    if not isinstance(content, Mapping):
        fix = "Start with `version:` and `codes:`."
        return [Problem(rule="is not a mapping", fix=fix, file=source)]
    found = [_unknown(key, _TOP, source, "") for key in content if key not in _TOP]
    found += [
        Problem(rule=f"lacks `{key}`", fix=f"Add `{key}:`.", file=source)
        for key in _TOP
        if content.get(key) is None
    ]
    codes = content.get("codes")
    if codes is None:
        return found
    if not isinstance(codes, list) or not codes:
        fix = "List at least one code: `- id: delivery` and its phrases."
        return [
            *found,
            Problem(rule="`codes` is not a list of codes", fix=fix, file=source),
        ]
    for place, entry in enumerate(codes, start=1):
        if not isinstance(entry, Mapping):
            fix = "Write `- id: delivery`, then name and phrases below it."
            found.append(
                Problem(rule=f"code {place} is not a mapping", fix=fix, file=source)
            )
            continue
        name = str(entry.get("id") or f"code {place}")
        found += [
            _unknown(key, _CODE, source, name) for key in entry if key not in _CODE
        ]
    return found


def code_problems(codes: Sequence[Mapping[str, Any]], source: str) -> list[Problem]:
    """Return what is wrong with ids, parents, names and phrases."""
    found = _ids(codes, source)
    known = {str(entry.get("id")) for entry in codes}
    if not found:
        found += _parents(codes, known, source)
        found += _statuses(codes, source)
    filled = _filled(codes)
    for entry in codes:
        name = str(entry.get("id"))
        for part in TEXTS:
            found += _texts(entry.get(part), part, name, source)
        given = list[Problem]()
        for part in LISTS:
            given += _phrases(entry.get(part), part, name, source)
        found += given
        if not given and name not in filled and _status(entry) == ACTIVE:
            fix = "Give at least one phrase, or make it the parent of a code with some."
            found.append(
                Problem(rule="has no phrases", fix=fix, file=source, column=name)
            )
    return found


def _status(entry: Mapping[str, Any]) -> object:
    return entry.get("status") or ACTIVE


def _filled(codes: Sequence[Mapping[str, Any]]) -> set[str]:
    """Ids that phrases can give: their own, an active child's, a merged code's."""
    found = {str(one.get("parent")) for one in codes if _status(one) == ACTIVE}
    for one in codes:
        if isinstance(one.get("phrases"), Mapping) and any(one["phrases"].values()):
            found |= {str(one.get("id")), str(one.get("merged_into"))}
    return found


def _statuses(codes: Sequence[Mapping[str, Any]], source: str) -> list[Problem]:
    """Return what is wrong with status, merged_into and since."""
    by_id = {str(entry["id"]): entry for entry in codes}
    found = list[Problem]()
    for name, entry in by_id.items():
        told = _status_problem(entry, by_id)
        if told:
            found.append(Problem(rule=told[0], fix=told[1], file=source, column=name))
    return found


def _status_problem(
    entry: Mapping[str, Any], by_id: Mapping[str, Mapping[str, Any]]
) -> tuple[str, str] | None:
    status, into, parent = _status(entry), entry.get("merged_into"), entry.get("parent")
    since = entry.get("since")
    if status not in _STATUSES:
        return f"`status` is {status!r}", "Use active, merged or retired."
    if isinstance(since, (Mapping, list, bool)):
        return (
            f"`since` is {since!r}",
            "Write the version in which the code first stood.",
        )
    if (status == MERGED) != bool(into):
        fix = "Give both `status: merged` and `merged_into`, or neither."
        return f"`merged_into` is {into!r} and `status` is '{status}'", fix
    if into:
        return _target_problem(str(into), by_id)
    if status == ACTIVE and parent and _status(by_id.get(str(parent), {})) != ACTIVE:
        gone = _status(by_id[str(parent)])
        return f"the parent '{parent}' is {gone}", "Name an active parent, or null."
    return None


def _target_problem(
    into: str, by_id: Mapping[str, Mapping[str, Any]]
) -> tuple[str, str] | None:
    if into not in by_id:
        hint = _checks.did_you_mean(into, sorted(by_id))
        return f"`merged_into`: '{into}' is not a code", hint[:1].upper() + hint[1:]
    status = _status(by_id[into])
    if status != ACTIVE:
        best = by_id[into].get("merged_into") or "an active code"
        return f"`merged_into`: '{into}' is {status} itself", f"Name {best}."
    return None


def _unknown(key: object, known: Sequence[str], source: str, code: str) -> Problem:
    hint = _checks.did_you_mean(str(key), known)
    return Problem(
        rule=f"`{key}` is not a key",
        fix=hint[:1].upper() + hint[1:],
        file=source,
        column=code,
    )


def _ids(codes: Sequence[Mapping[str, Any]], source: str) -> list[Problem]:
    found, seen = list[Problem](), set[str]()
    for place, entry in enumerate(codes, start=1):
        name = entry.get("id")
        if not isinstance(name, str) or not _ID.fullmatch(name):
            rule = f"code {place} has the id {name!r}"
            fix = "Use letters, digits, '_', '-' and '.', in quotes if YAML needs them."
            found.append(Problem(rule=rule, fix=fix, file=source))
        elif name.casefold() in seen:
            fix = "An id names one code for ever; give the second another."
            found.append(
                Problem(rule="the id is given twice", fix=fix, file=source, column=name)
            )
        seen.add(str(name).casefold())
    return found


def _parents(
    codes: Sequence[Mapping[str, Any]], known: set[str], source: str
) -> list[Problem]:
    above = {str(entry["id"]): entry.get("parent") for entry in codes}
    found = list[Problem]()
    for name, parent in above.items():
        if parent is not None and parent not in known:
            hint = _checks.did_you_mean(str(parent), sorted(known))
            rule = f"the parent '{parent}' is not a code"
            fix = hint[:1].upper() + hint[1:]
            found.append(Problem(rule=rule, fix=fix, file=source, column=name))
    for name, first in above.items():
        path, here = [name], first
        while isinstance(here, str) and here in known and here not in path:
            path.append(here)
            here = above[here]
        if here == name:
            rule = f"its parents go round in a circle: {' > '.join([*path, name])}"
            fix = "Let one of them have `parent: null`."
            found.append(Problem(rule=rule, fix=fix, file=source, column=name))
    return found


def _texts(given: object, part: str, name: str, source: str) -> list[Problem]:
    if given is None:
        return []
    good = isinstance(given, Mapping) and all(
        isinstance(key, str) and isinstance(value, str) for key, value in given.items()
    )
    if good:
        return []
    fix = f"Write `{part}: {{en: ..., it: ...}}`; quote what YAML reads as yes or no."
    rule = f"`{part}` is not a text per language"
    return [Problem(rule=rule, fix=fix, file=source, column=name)]


def _phrases(given: object, part: str, name: str, source: str) -> list[Problem]:
    if given is None:
        return []
    if not isinstance(given, Mapping) or not all(isinstance(key, str) for key in given):
        fix = (
            f'Write `{part}: {{en: ["late", "courier*"]}}`; quote the language `"no"`.'
        )
        rule = f"`{part}` is not a list per language"
        return [Problem(rule=rule, fix=fix, file=source, column=name)]
    found = list[Problem]()
    for language, phrases in given.items():
        if phrases is not None and not isinstance(phrases, list):
            rule, fix = (
                f"`{part}.{language}` is not a list",
                'Write ["late", "courier*"].',
            )
            found.append(Problem(rule=rule, fix=fix, file=source, column=name))
            continue
        for phrase in phrases or []:
            error = (phrase_error if part in LISTS[:2] else _example_error)(phrase)
            if error:
                rule = f"`{part}.{language}`: {error[0]}"
                found.append(Problem(rule=rule, fix=error[1], file=source, column=name))
    return found


def _example_error(text: object) -> tuple[str, str] | None:
    if isinstance(text, str) and text.strip():
        return None
    return f"{text!r} is not a text", "Write what a customer could say, in quotes."
