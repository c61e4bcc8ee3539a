"""Keep passwords out of params files, and so out of every report."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from cxlib.run.yamlfile import Key

_NAME = re.compile(
    r"(?i)(^|[_.-])(pass(word|wd|phrase)?|pwd|secrets?|token|api[_-]?key|"
    r"access[_-]?key|secret[_-]?key|private[_-]?key|auth|credentials?)($|[_.-])"
)
_VALUE = re.compile(
    r"(?P<dsn>(?<=://)[^/\s:@]*:[^/\s@]+(?=@))"
    r"|(?P<pair>(?i:(?<![a-z])(?:password|passwd|pwd|token|api[_-]?key|secret)"
    r"\s*=\s*)(?P<value>[^\s;&'\"]+|'[^']*'|\"[^\"]*\"))"
    r"|(?P<key>\b(?:AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{30,}|xox[abp]-[\w-]{10,}"
    r"|sk-[A-Za-z0-9_-]{20,}|eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]+)"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*)"
)
# These hold the column names and answers of the user's own data.
_USER_NAMES = frozenset({"columns", "keep", "set"})
HIDDEN = "•••"


def find(values: Mapping[str, Any]) -> list[Key]:
    """Return the keys whose name or value looks like a secret.

    Examples
    --------
    >>> find({"db_password": "x", "dsn": "postgres://ann:pw@host/db", "plan": "pro"})
    [('db_password',), ('dsn',)]
    """
    return [key for key, value in _leaves(values, ()) if _is_secret(key, value)]


def hide(values: Any, key: Key = ()) -> Any:
    """Return a copy of the values with every secret blotted out."""
    if isinstance(values, Mapping):
        return {name: hide(value, (*key, name)) for name, value in values.items()}
    if isinstance(values, list):
        return [hide(value, (*key, i)) for i, value in enumerate(values)]
    return HIDDEN if _is_secret(key, values) else values


def hide_text(text: str) -> str:
    """Return a message with every secret in it blotted out.

    Examples
    --------
    >>> hide_text("cannot reach postgres://ann:pw@host/db")
    'cannot reach postgres://•••@host/db'
    """
    return _VALUE.sub(_blot, text)


def _blot(match: re.Match[str]) -> str:
    value = match["value"]
    return match[0][: -len(value)] + HIDDEN if value else HIDDEN


def _leaves(value: Any, key: Key) -> Iterator[tuple[Key, Any]]:
    """Yield each scalar with its key."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _leaves(item, (*key, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _leaves(item, (*key, index))
    else:
        yield key, value


def _is_secret(key: Key, value: object) -> bool:
    """Whether a scalar's own name or its text gives it away."""
    if value in (None, "", HIDDEN) or isinstance(value, bool):
        return False
    named = any(isinstance(part, str) and _NAME.search(part) for part in key)
    if named and not _USER_NAMES.intersection(key):
        return True
    return isinstance(value, str) and _VALUE.search(value) is not None
