"""Phrases of a codebook, made ready to be looked for in many verbatims."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from cxlib.voc._patterns import reach, runaway
from cxlib.voc.text import MAX_CHARS, fold, placed_words, words

_CACHE_MAX = 500_000
_GAP = re.compile(r"[^\S\n\r]*[\"'\u2019\u00ab\u00bb\u201c\u201d-]?[^\S\n\r]*")
Place = tuple[int, int]
_Starts = tuple[tuple[int, ...], tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Phrase:
    """One phrase of one code.

    `words` holds the folded words ('' for a regular expression), `prefix` whether
    each is only a beginning; `pattern` the regular expression, if it is one, and
    `reads` how many signs of a text it is shown.
    """

    text: str
    words: tuple[str, ...]
    prefix: tuple[bool, ...]
    pattern: re.Pattern[str] | None = None
    reads: int = MAX_CHARS

    def begins(self, token: str) -> bool:
        """Whether a word is the phrase's first."""
        first = self.words[0]
        return token.startswith(first) if self.prefix[0] else token == first

    def at(self, tokens: list[str], start: int) -> bool:
        """Whether the phrase stands at a place; its first word is known to."""
        if start + len(self.words) > len(tokens):
            return False
        for k in range(1, len(self.words)):
            token, word = tokens[start + k], self.words[k]
            if token != word and not (self.prefix[k] and token.startswith(word)):
                return False
        return True


def parse(phrase: str) -> Phrase:
    """Return a phrase ready to match; `phrase_error` says whether it is well formed."""
    if phrase.startswith("re:"):
        folded = _folded_pattern(phrase[3:])
        pattern = re.compile(folded, re.IGNORECASE)
        return Phrase(phrase, (), (), pattern, reach(folded))
    found, prefixes = list[str](), list[bool]()
    for part in re.split(r"(\*)", fold(phrase)):
        if part == "*":
            prefixes[-1] = True
            continue
        new = words(part)
        found += new
        prefixes += [False] * len(new)
    if not found:
        return Phrase(phrase, (), (), re.compile(re.escape(fold(phrase).strip())))
    return Phrase(phrase, tuple(found), tuple(prefixes))


def phrase_error(phrase: object) -> tuple[str, str] | None:
    """Return what is wrong with a phrase and how to mend it, or None."""
    if not isinstance(phrase, str):
        return f"{phrase!r} is not text", "Put it in quotes."
    if not fold(phrase).strip():
        return "a phrase is empty", "Remove it, or write the words."
    if phrase.startswith("re:"):
        return _pattern_error(phrase)
    if re.search(r"(?:^|[\W_])\*|\*\w", phrase) or re.search(r"(?<!\w)\w\*", phrase):
        return (
            f"'{phrase}' has a `*` that does not end two letters or more",
            "Write 'courier*', or a regular expression after `re:`.",
        )
    return None


def _pattern_error(phrase: str) -> tuple[str, str] | None:
    try:
        pattern = _folded_pattern(phrase[3:])
        compiled = re.compile(pattern, re.IGNORECASE)
    except (re.error, RecursionError, OverflowError) as error:
        return f"'{phrase}' is not a regular expression: {error}", "Mend the pattern."
    if compiled.search(""):
        return f"'{phrase}' matches every verbatim", "Let the pattern need a letter."
    why = runaway(pattern)
    if why:
        return (
            f"'{phrase}' {why}: one long text could keep it busy for hours",
            "Bound it, as in `late.{0,30}courier`, or list the phrases.",
        )
    return None


def _folded_pattern(pattern: str) -> str:
    """Fold letters beyond ASCII only: folding all would turn W classes into w."""
    return "".join(sign if sign.isascii() else fold(sign) or sign for sign in pattern)


class Finder:
    """Finds which of many phrases stand in a text: one pass over its words.

    Each word of the vocabulary is compared with the phrases once and then remembered,
    so the cost a text hardly grows with the number of phrases.
    """

    def __init__(self, phrases: Iterable[Phrase]) -> None:
        self.phrases = tuple(phrases)
        self._exact: dict[str, list[int]] = {}
        self._prefix: list[tuple[str, int]] = []
        self._patterns: list[tuple[int, re.Pattern[str], int]] = []
        for number, phrase in enumerate(self.phrases):
            if phrase.pattern is not None:
                self._patterns.append((number, phrase.pattern, phrase.reads))
            elif phrase.prefix[0]:
                self._prefix.append((phrase.words[0], number))
            else:
                self._exact.setdefault(phrase.words[0], []).append(number)
        self._known: dict[str, _Starts | None] = {}

    def _starts(self, token: str) -> _Starts | None:
        """Return the phrases that are this word, and those that only begin with it."""
        found = self._exact.get(token, []) + [
            number for start, number in self._prefix if token.startswith(start)
        ]
        whole = tuple(one for one in found if len(self.phrases[one].words) == 1)
        longer = tuple(one for one in found if len(self.phrases[one].words) > 1)
        if len(self._known) > _CACHE_MAX:
            self._known.clear()
        self._known[token] = (whole, longer) if found else None
        return self._known[token]

    def find(self, text: str) -> tuple[int, ...]:
        """Return the numbers of the phrases in a verbatim, in order."""
        folded = fold(text)
        tokens = words(folded)
        known, hits = self._known, set[int]()
        for place, token in enumerate(tokens):
            starts = known[token] if token in known else self._starts(token)
            if starts is None:
                continue
            hits.update(starts[0])
            for number in starts[1]:
                if number not in hits and self.phrases[number].at(tokens, place):
                    hits.add(number)
        for number, one, reads in self._patterns:
            if one.search(folded, 0, reads):
                hits.add(number)
        return tuple(sorted(hits))

    def places(self, text: str, numbers: Iterable[int]) -> dict[int, list[Place]]:
        """Return where in the folded text each of some phrases stands."""
        folded = fold(text)
        placed = placed_words(folded)
        tokens = [token for token, _, _ in placed]
        found: dict[int, list[Place]] = {}
        for number in numbers:
            one = self.phrases[number]
            if one.pattern is not None:
                every = one.pattern.finditer(folded, 0, one.reads)
                found[number] = [match.span() for match in every]
                continue
            size = len(one.words)
            found[number] = [
                (placed[at][1], placed[at + size - 1][2])
                for at in range(len(tokens) - size + 1)
                if one.begins(tokens[at]) and one.at(tokens, at)
            ]
        return found


def cleared(text: str, kept: list[Place], barred: list[Place]) -> bool:
    """Whether every place of a phrase is overlapped or touched by an exclude phrase.

    Two touch when nothing but blanks and one quote, apostrophe or hyphen is between.
    """
    taken = bytearray(len(text))
    for start, end in barred:
        taken[start:end] = b"\x01" * (end - start)
    starts = {start for start, _ in barred}
    after = {_past(text, end) for _, end in barred}
    return all(
        1 in taken[start:end] or start in after or _past(text, end) in starts
        for start, end in kept
    )


def _past(text: str, place: int) -> int:
    gap = _GAP.match(text, place)
    return gap.end() if gap else place
