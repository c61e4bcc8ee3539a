"""Read a params file: plain values, the line of each, and what YAML would twist."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

Key = tuple[str | int, ...]
_OCTAL = re.compile(r"[-+]?0[0-9_]+")


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing wrong in a params file, worded for the person who can mend it.

    `kind` is 'params' for what the file says and 'data' for a file it names;
    `name` is the parameter it is about, where it is about one.
    """

    text: str
    line: int | None = None
    kind: str = "params"
    name: str = ""


@dataclass(slots=True)
class Document:
    """A params file: `raw` holds each scalar as written, `lines` where it stands."""

    values: dict[str, Any] = field(default_factory=dict)
    raw: dict[Key, str] = field(default_factory=dict)
    lines: dict[Key, int] = field(default_factory=dict)
    troubles: list[Trouble] = field(default_factory=list)


class _TwistedError(Exception):
    """A scalar that YAML reads as something else than it looks like."""


def read(path: Path, *, listed: str = "") -> Document:
    """Read a params file.

    Parameters
    ----------
    path : pathlib.Path
        A YAML file that maps parameter names to values.
    listed : str, optional
        The name under which to keep the items of a file that is a list instead.

    Returns
    -------
    Document
        Dates become ISO text, keys stay text as written. Whatever is wrong is in
        `troubles`; nothing is raised for the file's contents.

    Notes
    -----
    YAML 1.1 reads an unquoted no, yes, on, off as a truth value, 00123 as an octal
    number and 12:30 as sixty times twelve plus thirty. Each is a trouble here.
    """
    document = Document()
    try:
        loader = yaml.SafeLoader(path.read_text(encoding="utf-8-sig"))
        node = loader.get_single_node()
        _root(loader, node, document, listed)
    except yaml.YAMLError as error:
        document.troubles.append(_yaml_trouble(error))
    except UnicodeDecodeError as error:
        text = f"not UTF-8 text (byte {error.start}); save the file as UTF-8."
        document.troubles.append(Trouble(text))
    except OSError as error:
        document.troubles.append(Trouble(f"cannot be read: {error.strerror}."))
    return document


def _root(
    loader: yaml.SafeLoader, node: yaml.Node | None, document: Document, listed: str
) -> None:
    """Take the file's outermost value: a mapping, or a list where one is asked for."""
    if node is None:
        return
    if listed:
        value = _Reader(loader, document).value(node, (listed,), ())
        document.values = {listed: value}
        return
    if not isinstance(node, yaml.MappingNode):
        text = "the file must map parameter names to values, one `name: value` a line."
        document.troubles.append(Trouble(text, node.start_mark.line + 1))
        return
    document.values = _Reader(loader, document).value(node, (), ())


@dataclass(slots=True)
class _Reader:
    """Turn YAML nodes into values, keeping each scalar's text and line."""

    loader: yaml.SafeLoader
    document: Document

    def value(self, node: yaml.Node, key: Key, above: tuple[int, ...]) -> Any:
        """Return the value of a node; `above` are the nodes it lies in."""
        self.document.lines.setdefault(key, node.start_mark.line + 1)
        if id(node) in above:
            self._trouble(key, "refers to itself")
            return None
        inside = (*above, id(node))
        if isinstance(node, yaml.MappingNode):
            pairs = self._pairs(node, key)
            return {k: self.value(v, (*key, k), inside) for k, v in pairs}
        if isinstance(node, yaml.SequenceNode):
            items = enumerate(node.value)
            return [self.value(item, (*key, i), inside) for i, item in items]
        self.document.raw[key] = str(node.value)
        try:
            return _scalar(self.loader, node)
        except _TwistedError as trap:
            self._trouble(key, str(trap))
            return str(node.value)

    def _pairs(self, node: yaml.MappingNode, key: Key) -> Iterator[tuple[str, Any]]:
        """Yield the pairs of a mapping, reporting a key that is given twice."""
        first: dict[str, int] = {}
        for name, _ in node.value:
            line = name.start_mark.line + 1
            text = str(name.value)
            self.document.lines[*key, text] = line
            if text in first:
                twice = f"given twice, in lines {first[text]} and {line}; keep one"
                self._trouble((*key, text), twice)
            first[text] = line
        self.loader.flatten_mapping(node)
        for name, value in node.value:
            yield str(name.value), value

    def _trouble(self, key: Key, text: str) -> None:
        line = self.document.lines.get(key)
        name = str(key[0]) if key else ""
        self.document.troubles.append(
            Trouble(f"{dotted(key)}: {text}.", line, "params", name)
        )


def dotted(key: Key) -> str:
    """Return a key as text: ('keep', 'country', 0) -> 'keep.country[0]'."""
    text = "".join(f"[{k}]" if isinstance(k, int) else f".{k}" for k in key)
    return text.removeprefix(".")


def _scalar(loader: yaml.SafeLoader, node: yaml.Node) -> Any:
    """Return the value of a scalar; dates as ISO text."""
    text, kind = str(node.value), str(node.tag).rpartition(":")[2]
    quoted = getattr(node, "style", None) is not None
    if not quoted and kind == "bool" and text.lower() not in {"true", "false"}:
        word = str(loader.construct_object(node)).lower()
        raise _TwistedError(
            f"YAML reads {text} as {word}; quote it ('{text}') for the text, "
            f"write {word} for the truth value"
        )
    if not quoted and kind in {"int", "float"} and _twisted(text):
        number = loader.construct_object(node)
        raise _TwistedError(f"YAML reads {text} as {number}; quote it ('{text}')")
    try:
        value = loader.construct_object(node)
    except ValueError as error:
        what = f"{text} is no valid date ({error}); quote it if it is text"
        raise _TwistedError(what) from error
    return value.isoformat() if isinstance(value, dt.date | dt.datetime) else value


def _twisted(text: str) -> bool:
    """Whether YAML 1.1 reads these digits in base 8 or 60."""
    return ":" in text or _OCTAL.fullmatch(text) is not None


def _yaml_trouble(error: yaml.YAMLError) -> Trouble:
    """Word a syntax error with its line and column."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    what = getattr(error, "problem", None) or str(error)
    hint = ""
    if "\\t" in what:
        hint = " Indent with spaces, never with tabs."
    elif "mapping values are not allowed" in what:
        hint = " A text that holds ': ' must be in quotes."
    if mark is None:
        return Trouble(f"not valid YAML: {what}.{hint}")
    place = f"line {mark.line + 1}, column {mark.column + 1}"
    return Trouble(f"not valid YAML at {place}: {what}.{hint}", mark.line + 1)
