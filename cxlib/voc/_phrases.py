"""Phrases of a codebook, made ready to be looked for in many verbatims."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from cxlib.voc.text import fold, words

_PREFIX_MIN = 2
_CACHE_MAX = 500_000


@dataclass(frozen=True, slots=True)
class Phrase:
    """One phrase of one code.

    `words` holds the folded words ('' for a regular expression), `prefix` whether
    each is only a beginning; `pattern` the regular expression, if it is one.
    """

    text: str
    words: tuple[str, ...]
    prefix: tuple[bool, ...]
    pattern: re.Pattern[str] | None = None

    def at(self, tokens: list[str], start: int) -> bool:
        """Whether the phrase stands at a place; its first word is known to."""
        if start + len(self.words) > len(tokens):
            return False
        return all(
            tokens[start + k].startswith(word) if prefix else tokens[start + k] == word
            for k, (word, prefix) in enumerate(
                zip(self.words, self.prefix, strict=True)
            )
            if k
        )


def parse(phrase: str) -> Phrase:
    """Return a phrase ready to match; `phrase_error` says whether it is well formed."""
    if phrase.startswith("re:"):
        pattern = re.compile(_folded_pattern(phrase[3:]), re.IGNORECASE)
        return Phrase(phrase, (), (), pattern)
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
        compiled = re.compile(_folded_pattern(phrase[3:]), re.IGNORECASE)
    except re.error as error:
        return f"'{phrase}' is not a regular expression: {error}", "Mend the pattern."
    if compiled.search(""):
        return f"'{phrase}' matches every verbatim", "Let the pattern need a letter."
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
        self._patterns: list[tuple[int, re.Pattern[str]]] = []
        for number, phrase in enumerate(self.phrases):
            if phrase.pattern is not None:
                self._patterns.append((number, phrase.pattern))
            elif phrase.prefix[0]:
                self._prefix.append((phrase.words[0], number))
            else:
                self._exact.setdefault(phrase.words[0], []).append(number)
        self._known: dict[str, tuple[int, ...]] = {}

    def _starts(self, token: str) -> tuple[int, ...]:
        found = tuple(self._exact.get(token, ())) + tuple(
            number for start, number in self._prefix if token.startswith(start)
        )
        if len(self._known) > _CACHE_MAX:
            self._known.clear()
        self._known[token] = found
        return found

    def find(self, text: str) -> tuple[int, ...]:
        """Return the numbers of the phrases in a verbatim, in order."""
        folded = fold(text)
        tokens = words(folded)
        known, hits = self._known, set[int]()
        for place, token in enumerate(tokens):
            starts = known.get(token)
            if starts is None:
                starts = self._starts(token)
            for number in starts:
                if number not in hits and self.phrases[number].at(tokens, place):
                    hits.add(number)
        hits.update(number for number, one in self._patterns if one.search(folded))
        return tuple(sorted(hits))
