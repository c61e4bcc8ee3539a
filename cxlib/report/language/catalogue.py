"""Message catalogues: gettext's PO files whose messages have typed holes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from cxlib.errors import ArgumentError

Language = Literal["en", "it"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

NUMBER = r"(?:[−+±]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:e[-+]?\d+)?|–|∞)"
DATE = r"\d{4}(?:-\d{2}(?:-\d{2})?|-?[QW]\d{1,2})(?:[ T]\d{2}:\d{2}(?: UTC)?)?"
UNIT = (
    r"(?:points?|%|percentage\spoints?|pp|[A-Z]{3}|€|days?|hours?|minutes?|weeks?|SD)"
)
VALUE = rf"{NUMBER}(?:\s{UNIT})?(?:\s\([^()]*\d[^()]*\))?"
_HOLE = re.compile(r"\{([a-z])(\d*)\}")
_HOLES = {"n": NUMBER, "v": VALUE, "d": DATE, "x": r".+?", "s": r".+?"}


@dataclass(frozen=True, slots=True)
class Message:
    """One message: what it matches, what stands for it, and how telling it is.

    `anchor` is its longest run of fixed text, `weight` the letters that are fixed.
    """

    source: str
    target: str
    pattern: re.Pattern[str]
    anchor: str
    weight: int


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The messages of a language; `phrases` are matched inside holes alone."""

    exact: dict[str, str]
    messages: tuple[Message, ...]
    phrases: tuple[Message, ...]


def read(language: str) -> Catalogue:
    """Read the catalogue of a language.

    Parameters
    ----------
    language : str
        A folder beside this module: every .po file in it is read.

    Returns
    -------
    Catalogue
        Messages with more fixed letters come first.

    Raises
    ------
    ArgumentError
        For a message whose translation has other holes, or a hole of unknown kind.
    """
    exact: dict[str, str] = {}
    whole: list[Message] = []
    phrases: list[Message] = []
    for path in sorted((Path(__file__).parent / language).glob("*.po")):
        for context, source, target in entries(path):
            if not _HOLE.search(source) and context is None:
                exact[source] = target
            else:
                message = compiled(source, target)
                (whole if context is None else phrases).append(message)
    return Catalogue(exact, _ordered(whole), _ordered(phrases))


def entries(path: Path) -> Iterator[tuple[str | None, str, str]]:
    """Yield context, message and translation of a PO file, the empty ones left out."""
    from babel.messages.pofile import read_po

    with path.open(encoding="utf-8") as file:
        for message in read_po(file):
            if message.id and message.string:
                yield message.context, str(message.id), str(message.string)


def compiled(source: str, target: str) -> Message:
    """Return a message ready to match.

    Parameters
    ----------
    source, target : str
        `{n}` holds a number, `{v}` a number with its unit, interval and n, `{d}` a
        date, `{x}` any words, `{s}` a name from the data, kept as it is; a digit
        tells two of a kind apart: `{n2}`. The translation uses the same holes in any
        order.

    Raises
    ------
    ArgumentError
        If the two do not have the same holes.

    Examples
    --------
    >>> compiled("{n} answers", "{n} risposte").pattern.fullmatch("3,926 answers")["n"]
    '3,926'
    """
    holes = _HOLE.findall(source)
    names = {f"{kind}{digit}" for kind, digit in holes}
    if names != {f"{kind}{digit}" for kind, digit in _HOLE.findall(target)}:
        raise ArgumentError(f"{source!r}: its translation has other holes: {target!r}.")
    if unknown := {kind for kind, _ in holes} - set(_HOLES):
        known = ", ".join(_HOLES)
        raise ArgumentError(f"{source!r}: a hole is {known}, not {min(unknown)}.")
    fixed = _HOLE.split(source)[::3]
    return Message(
        source=source,
        target=target,
        pattern=re.compile(_regex(source), re.DOTALL),
        anchor=max(fixed, key=len),
        weight=sum(letter.isalpha() for part in fixed for letter in part),
    )


def _regex(source: str) -> str:
    """Return the regular expression of a message; a repeated hole must repeat."""
    parts, seen, end = [], set(), 0
    for hole in _HOLE.finditer(source):
        name = f"{hole[1]}{hole[2]}"
        body = _HOLES.get(hole[1], ".+?")
        parts.append(re.escape(source[end : hole.start()]))
        parts.append(f"(?P={name})" if name in seen else f"(?P<{name}>{body})")
        seen.add(name)
        end = hole.end()
    return "".join([*parts, re.escape(source[end:])])


def _ordered(messages: Iterable[Message]) -> tuple[Message, ...]:
    """Return the messages, those that fix the most first."""
    return tuple(sorted(messages, key=lambda one: -one.weight))
