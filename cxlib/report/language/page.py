"""Translate a finished page: its text, its attributes and its tables."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cxlib.report.language.translator import Translator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bs4 import BeautifulSoup, Tag
    from bs4.element import NavigableString, PageElement

_KEPT = {"code", "pre", "script", "style", "kbd", "samp", "math", "svg", "time"}
_SHOWN = ("data-other", "data-csv", "data-csv-of", "data-what")
_ATTRIBUTES = ("alt", "aria-label", "title", "placeholder", "content", *_SHOWN)
_META = {"description"}
_ENGLISH = re.compile(
    r"\b(the|of|is|are|was|and|with|not|for|from|than|by|which|what|how|this|that|be|"
    r"does|only|more|less|each|or|it|its|if|as)\b",
    re.IGNORECASE,
)


def translate(soup: BeautifulSoup, translator: Translator) -> None:
    """Translate a page in place.

    Parameters
    ----------
    soup : bs4.BeautifulSoup
        The page, or a piece of one. Code, formulas and whatever has
        `translate="no"`, or declares its own language, are left as they are.
    translator : Translator
        Of the page's language.

    Notes
    -----
    What is not known stays English and is marked `lang="en"`, so that a screen
    reader reads it as such.
    """
    if translator.language == "en":
        return
    for node in list(texts(soup)):
        _replace(soup, node, translator)
    for element in soup.find_all(name=True):
        for name in _ATTRIBUTES:
            value = element.get(name)
            if isinstance(value, str) and not _kept(element) and _worded(element, name):
                element[name] = translator.text(value)
    if soup.html is not None:
        soup.html["lang"] = translator.language


def is_english(text: str) -> bool:
    """Whether a text is a phrase of English rather than a name in the data.

    Parameters
    ----------
    text : str
        A piece of a page that no message translates.

    Examples
    --------
    >>> is_english("the share of answers"), is_english("call_centre")
    (True, False)
    """
    return len(text.split()) > 1 and _ENGLISH.search(text) is not None


def _worded(element: Tag, name: str) -> bool:
    """Whether an attribute is read by people: of `content`, a description alone."""
    return name != "content" or element.get("name") in _META


def texts(soup: BeautifulSoup) -> Iterator[NavigableString]:
    """Yield the texts of a page that are to be translated.

    Parameters
    ----------
    soup : bs4.BeautifulSoup
        The page, or a piece of one.
    """
    from bs4 import Comment, Doctype

    for node in soup.find_all(string=True):
        if not node.strip() or isinstance(node, Comment | Doctype):
            continue
        if node.parent is not None and not _kept(node.parent):
            yield node


def _kept(element: Tag) -> bool:
    """Whether an element, or one around it, keeps its text."""
    return any(
        (one.name in _KEPT and "out" not in (one.get("class") or []))
        or one.get("translate") == "no"
        or (one.name != "html" and one.get("lang"))
        for one in [element, *element.parents]
    )


def _replace(
    soup: BeautifulSoup, node: NavigableString, translator: Translator
) -> None:
    """Put the translation in a text's place; mark what stays English."""
    pieces = list(translator.parts(str(node)))
    if all(known for _, known in pieces):
        node.replace_with("".join(text for text, _ in pieces))
        return
    if len(pieces) == 1:
        if is_english(str(node)):
            _mark(soup, node)
        return
    new: list[PageElement] = []
    for text, known in pieces:
        if known or not is_english(text):
            new.append(soup.new_string(text))
        else:
            span = soup.new_tag("span", attrs={"lang": "en"})
            span.string = text
            new.append(span)
    node.replace_with(*new)


def _mark(soup: BeautifulSoup, node: NavigableString) -> None:
    """Say that a text is English: on its element where it fills it."""
    parent = node.parent
    if parent is not None and len(parent.contents) == 1:
        parent["lang"] = "en"
        return
    span = soup.new_tag("span", attrs={"lang": "en"})
    node.wrap(span)
