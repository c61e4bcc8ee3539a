"""Put a report's English into another language where it is shown."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache, partial
from typing import TYPE_CHECKING

from cxlib._checks import one_of
from cxlib.report.language.catalogue import (
    DATE,
    LANGUAGES,
    NUMBER,
    Catalogue,
    Message,
    read,
)
from cxlib.report.language.values import PERIODS, PHRASES, RANGES, SOUNDS, WORDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_LETTERS = re.compile(r"[^\W\d_]+")
_WORD = re.compile(r"[^\W\d_]{2,}")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[^\W\d_]|\d|[\"'“(−+])|\n+")
_CLAUSE = re.compile(r"(?<=:)\s+(?=[^\W\d_]|\d|[\"'“(−+])|(?<=;)\s+")
_FIGURES = re.compile(rf"(?<![\w.,]){NUMBER}(?![\w]|[.,]\d)")
_RANGE = re.compile(
    rf"(?<![\w.,-])(?P<level>{NUMBER}\s%\s)?(?P<kind>(?:credible )?interval\s|CI\s)?"
    rf"(?P<low>{NUMBER})(?P<gap>\s)to\s(?P<high>{NUMBER})(?![\w-]|[.,]\d)"
)
_DATES = re.compile(rf"(?P<low>{DATE}) to (?P<high>{DATE})")
_PARAGRAPH = re.compile(r"(\n\s*\n)")
_MARKS = re.compile(r"\s*(?:#{1,6}|[-*]|\d+\.)\s+")
_CURRENCY = 3  # letters
_BREAK = re.compile(r"[:;]\s|\w{3}[.!?]\s+[^\W\d_a-z]")
_PROSE = re.compile(
    r"\b(?:the|which|what|how|who|that|this|is|are|was|be|have|has|does|its?|than|all|"
    r"or|only)\b|'s\b|[.:;?!]$",
    re.I,
)
_TELLING = 12  # letters: a message with fewer is for names, not for sentences
_CLAUSED = 4  # words: a shorter text may be a name that only looks like a message
_LONG = 6  # words: a longer text in a hole is a sentence, and must be known


class Translator:
    """Translates texts of a report; what it does not know stays English.

    Parameters
    ----------
    language : str
        "en" changes nothing.

    Notes
    -----
    Sentences are written in English by the functions that find the numbers, and are
    matched here with the messages of the catalogue, as whole sentences. A number is
    put into the locale's form only inside a message that is known, or where a text
    holds nothing else: an unknown sentence stays English with English numbers.
    """

    def __init__(self, language: str) -> None:
        one_of(language, "language", LANGUAGES)
        self.language = language
        empty = Catalogue({}, (), ())
        self._catalogue = empty if language == "en" else read(language)
        self._marks = str.maketrans(",.", ".," if language == "it" else ",.")
        self._known: dict[str, str | None] = {}
        self._shown: set[str] = set()

    def text(self, text: str) -> str:
        """Translate a text sentence by sentence; unknown ones are kept.

        Examples
        --------
        >>> Translator("it").text("3,926 answers"), Translator("en").text("1.5")
        ('3.926 risposte', '1.5')
        """
        return "".join(part for part, _ in self.parts(text))

    def parts(self, text: str) -> Iterator[tuple[str, bool]]:
        """Yield the pieces of a text, translated, and whether each one is known."""
        whole = self._whole(text.strip())
        if whole is not None or not text.strip():
            yield _in_place(text, whole or ""), True
            return
        for sentence in _split(_SENTENCE, text):
            yield from self._sentence(sentence)

    def markdown(self, source: str) -> str:
        """Translate the paragraphs, headings and points of an author's Markdown."""
        if self.language == "en":
            return source
        return "".join(
            self._paragraph(part) for part in _PARAGRAPH.split(source.strip("\n"))
        )

    def _paragraph(self, source: str) -> str:
        """Translate one paragraph, or line by line where it is a list or a heading."""
        whole = None if _MARKS.match(source) else self._whole(source)
        if whole is not None or "\n" not in source:
            return whole if whole is not None else self._line(source)
        return "\n".join(self._line(line) for line in source.split("\n"))

    def _line(self, line: str) -> str:
        """Translate a line after its marks: a heading's, a point's."""
        marks = _MARKS.match(line)
        lead = marks[0] if marks else ""
        known = self._whole(line[len(lead) :])
        return line if known is None else f"{lead}{known}"

    def _figures(self, text: str) -> str | None:
        """Return numbers with units and intervals in the locale's form, else None."""
        for english, phrase in PHRASES.get(self.language, {}).items():
            text = text.replace(english, phrase)
        text = _DATES.sub(PERIODS.get(self.language, r"\g<0>"), text)
        text = _RANGE.sub(RANGES.get(self.language, r"\g<0>"), text)
        rest, count = _FIGURES.subn("", text)
        words = WORDS.get(self.language, {})
        letters = _LETTERS.findall(rest)
        if letters and not (count and all(map(partial(_is_unit, words), letters))):
            return None
        shown = _FIGURES.sub(lambda found: found[0].translate(self._marks), text)
        return _LETTERS.sub(lambda found: words.get(found[0], found[0]), shown)

    def _sentence(self, text: str) -> Iterator[tuple[str, bool]]:
        """Yield one sentence, or what stands between its colons and semicolons."""
        known = self._whole(text.strip())
        for piece in [text] if known is not None else _split(_CLAUSE, text):
            known = self._whole(piece.strip()) if piece.strip() else None
            shown = piece if known is None else _in_place(piece, known)
            yield shown, known is not None or not _WORD.search(piece)

    def _whole(self, text: str) -> str | None:
        """Return a text translated as one message, None where it is not known."""
        if text not in self._known:
            known = self._look_up(text, self._catalogue.messages)
            if known is None and "\xa0" in text:
                plain = text.replace("\xa0", " ")
                known = self._look_up(plain, self._catalogue.messages)
            if known is None and _is_continued(text):
                known = self._look_up(_first(text, str.upper), self._catalogue.messages)
                known = known and _first(known, str.lower)
            self._known[text] = known
            if known is not None:
                self._shown.add(known)
        return self._known[text]

    def _look_up(self, text: str, messages: Iterable[Message]) -> str | None:
        exact = self._catalogue.exact.get(text)
        if exact is not None:
            return exact
        if (figures := self._figures(text)) is not None:
            return figures
        for message in messages:
            if message.anchor in text and (found := message.pattern.fullmatch(text)):
                filled = self._fill(message, found)
                if filled is not None:
                    return filled
        return None

    def _fill(self, message: Message, found: re.Match[str]) -> str | None:
        """Return the translation with its holes filled, None where one is unknown."""
        target = message.target
        for name, words in found.groupdict().items():
            inside = words
            if name[0] == "n":
                inside = words.translate(self._marks)
            elif name[0] == "v":
                inside = self._figures(words) or words
            elif name[0] in "xs":
                known = self._inside(words) if name[0] == "x" else None
                if known is None and not _is_name(words, name[0], message):
                    return None
                inside = words if known is None else known
            target = target.replace(f"{{{name}}}", inside)
        return SOUNDS.get(self.language, str)(target)

    def _inside(self, words: str) -> str | None:
        """Translate what stands in a hole: a message, a phrase, or known already."""
        if words in self._shown:
            return words
        whole = self._whole(words)
        if whole is not None:
            return whole
        return self._look_up(words, self._catalogue.phrases)


@cache
def translator(language: str) -> Translator:
    """Return the translator of a language; its catalogue is read once."""
    return Translator(language)


def _split(gaps: re.Pattern[str], text: str) -> Iterator[str]:
    """Yield the parts of a text and the gaps between them."""
    start = 0
    for gap in gaps.finditer(text):
        yield text[start : gap.start()]
        yield gap[0]
        start = gap.end()
    yield text[start:]


def _is_name(words: str, kind: str, message: Message) -> bool:
    """Whether unknown words in a hole may be a name, or names, and no English prose."""
    parts = words.split(", ") if kind == "s" else [words]
    if any(len(_WORD.findall(part)) > _LONG for part in parts) or _BREAK.search(words):
        return False
    return kind == "s" or message.weight >= _TELLING or not _PROSE.search(words)


def _is_continued(text: str) -> bool:
    """Whether a text is a sentence whose first letter was made small."""
    return text[:1].islower() and len(_WORD.findall(text)) >= _CLAUSED


def _first(text: str, change: Callable[[str], str]) -> str:
    """Return a text with its first letter changed."""
    return f"{change(text[:1])}{text[1:]}"


def _is_unit(words: Collection[str], letters: str) -> bool:
    """Whether letters between numbers are a known word or a currency's code."""
    return letters in words or (letters.isupper() and len(letters) == _CURRENCY)


def _in_place(text: str, known: str) -> str:
    """Return the translation with the blanks that stood around the text."""
    lead = text[: len(text) - len(text.lstrip())]
    tail = text[len(text.rstrip()) :]
    return f"{lead}{known}{tail}"
