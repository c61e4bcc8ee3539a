"""Regular expressions that some text would keep busy for ever are refused."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any

_READ, _LEAST, _FEW_WAYS = (20_000, 2_000, 300), 200, 10
_WIDE = 60
_MAX_WIDE = 2
_MAX_WAYS = 50_000
_PROBES = "".join(map(chr, range(128))) + "ßøж中😡\u00a0\u2019"
_CLASSES = {
    "DIGIT": r"\d", "NOT_DIGIT": r"\D", "SPACE": r"\s", "NOT_SPACE": r"\S",
    "WORD": r"\w", "NOT_WORD": r"\W",
}  # fmt: skip
# `re` names no public reader of patterns; this one is that of 3.11 to 3.14.
_reader: Any = import_module("re._parser")
Signs = frozenset[str]


@dataclass(frozen=True, slots=True)
class _Part:
    """A piece of a pattern: signs it can take, how often it may repeat, what is in it.

    `inside` holds one list of parts a branch; a sign of its own has none.
    """

    signs: Signs
    least: int = 1
    most: int = 1
    inside: tuple[tuple[_Part, ...], ...] = ()
    closed: bool = False

    @property
    def varies(self) -> bool:
        """Whether the piece has more than one way to take a text."""
        if self.closed:
            return False
        own = self.least != self.most or len(self.inside) > 1
        return own or any(part.varies for branch in self.inside for part in branch)

    @property
    def first(self) -> Signs:
        """Signs it can begin with (all, where it may be empty)."""
        if not self.inside:
            return self.signs
        return frozenset().union(*(_first(branch) for branch in self.inside))


def runaway(pattern: str) -> str:
    """Return why a pattern may run for hours on some text, or ''.

    A repeat may hold another only where the signs between them tell the two apart:
    ``(?:[a-z]+ ){0,3}`` is clear, ``(a+)+`` is not.
    """
    parts = _read(pattern)
    if any(_muddled(part) for part in _all(parts)):
        return "repeats what already repeats in more than one way"
    alike = _alike(parts)
    if alike > _MAX_WIDE:
        return f"has {alike} open repeats that take the same letters"
    return "can match in too many ways" if _ways(parts) > _MAX_WAYS else ""


def reach(pattern: str) -> int:
    """Return how many signs of a text a pattern is shown: fewer, the more is open.

    The time of n open repeats grows with the length of the text to the n + 1, and with
    the ways in which the bounded ones can share it out.
    """
    parts = _read(pattern)
    n_open = min(_alike(parts), _MAX_WIDE)
    slower = max(1.0, _ways(parts) / _FEW_WAYS) ** (1 / (n_open + 1))
    return max(_LEAST, int(_READ[n_open] / slower))


def _ways(parts: Iterable[_Part]) -> int:
    """Return in how many ways bounded repeats and branches can take a text."""
    ways = 1
    for part in _all(parts):
        bounded = part.most < _WIDE and not part.closed
        ways *= part.most - part.least + 1 if bounded else 1
        ways *= max(1, len(part.inside)) if part.first else 1
    return ways


def _read(pattern: str) -> tuple[_Part, ...]:
    signs = "".join(dict.fromkeys(_PROBES + pattern.lower()))
    return tuple(_parts(_reader.parse(pattern, re.IGNORECASE), signs))


def _alike(parts: Iterable[_Part]) -> int:
    """Count the open repeats that one text can be shared out among."""
    row = list[tuple[_Part, bool]]()
    for part in _flat(parts):
        inner = [(one, False) for branch in part.inside for one in _all(branch)]
        row += [(part, part.least > 0)] if _wide(part) or not inner else inner
    most = 0
    for place, (one, _) in enumerate(row):
        if not _wide(one):
            continue
        found = 1
        for other, must in row[place + 1 :]:
            if one.signs & other.signs:
                found += _wide(other)
            elif must:
                break
        most = max(most, found)
    return most


def _wide(part: _Part) -> bool:
    """Whether a piece is the innermost of open repeats."""
    inner = (one for branch in part.inside for one in _all(branch))
    return part.most >= _WIDE and not any(one.most >= _WIDE for one in inner)


def _muddled(part: _Part) -> bool:
    """Whether a piece that repeats can share out one text among its turns."""
    if part.most < 2 or part.closed or not part.inside:
        return False
    if len(part.inside) > 1:
        heads = [_first(branch) for branch in part.inside]
        apart = sum(map(len, heads)) == len(frozenset().union(*heads))
        steady = not any(one.varies for branch in part.inside for one in branch)
        return not (apart and steady)
    body = list(_flat(part.inside[0]))
    for place, one in enumerate(body):
        if not one.varies:
            continue
        sides = (body[place - 1], body[(place + 1) % len(body)])
        if any(one.signs & side.signs or side.least == 0 for side in sides):
            return True
        if one.inside:
            return True
    return False


def _flat(parts: Iterable[_Part]) -> Iterator[_Part]:
    """Open groups that neither repeat nor branch."""
    for part in parts:
        if len(part.inside) == 1 and part.least == part.most == 1 and not part.closed:
            yield from _flat(part.inside[0])
        else:
            yield part


def _all(parts: Iterable[_Part]) -> Iterator[_Part]:
    for part in parts:
        yield part
        for branch in part.inside:
            yield from _all(branch)


def _first(parts: tuple[_Part, ...]) -> Signs:
    found: Signs = frozenset()
    for part in parts:
        found |= part.first
        if part.least:
            break
    return found


def _parts(items: Any, signs: str) -> Iterator[_Part]:  # noqa: ANN401
    """Turn what `re` read of a pattern into parts."""
    for kind, value in items:
        name = str(kind)
        if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            least, most, body = value
            yield _repeat(least, most, tuple(_parts(body, signs)), name)
        elif name == "SUBPATTERN":
            yield _group((tuple(_parts(value[-1], signs)),))
        elif name == "ATOMIC_GROUP":
            yield _group((tuple(_parts(value, signs)),), closed=True)
        elif name == "BRANCH":
            yield _group(tuple(tuple(_parts(one, signs)) for one in value[1]))
        elif name in ("ASSERT", "ASSERT_NOT"):
            yield from (p for p in _parts(value[1], signs) if p.varies)
        elif name == "AT":
            continue
        else:
            yield _Part(_taken(name, value, signs))


def _repeat(least: int, most: int, body: tuple[_Part, ...], name: str) -> _Part:
    closed = name == "POSSESSIVE_REPEAT"
    taken = frozenset().union(*(part.signs for part in body))
    body = tuple(_flat(body))
    plain = len(body) == 1 and not body[0].inside and body[0].least == body[0].most
    inside: tuple[tuple[_Part, ...], ...] = () if plain else (body,)
    if len(body) == 1 and len(body[0].inside) > 1 and body[0].most == 1:
        inside = body[0].inside
    return _Part(taken, int(least), int(most), inside, closed)


def _group(branches: tuple[tuple[_Part, ...], ...], *, closed: bool = False) -> _Part:
    taken = frozenset().union(*(part.signs for one in branches for part in one))
    empty = any(all(part.least == 0 for part in one) for one in branches)
    return _Part(taken, 0 if empty else 1, 1, branches, closed)


def _taken(name: str, value: Any, signs: str) -> Signs:  # noqa: ANN401
    """Signs that one item of a pattern takes; all where that is not known."""
    if name in ("LITERAL", "NOT_LITERAL"):
        own = frozenset(chr(value).lower())
        return own if name == "LITERAL" else frozenset(signs) - own
    if name == "RANGE":
        low, high = value
        return frozenset(
            s
            for s in signs
            if low <= ord(s) <= high or low <= ord(s.upper()[0]) <= high
        )
    if name == "CATEGORY":
        known = _CLASSES.get(str(value).removeprefix("CATEGORY_"), r"[\s\S]")
        return frozenset(re.findall(known, signs))
    if name == "IN":
        turned = str(value[0][0]) == "NEGATE"
        each = (_taken(str(k), v, signs) for k, v in value[turned:])
        inside: Signs = frozenset().union(*each)
        return frozenset(signs) - inside if turned else inside
    return frozenset(signs)
