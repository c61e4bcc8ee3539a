"""Make HTML that came out of a notebook harmless: data is attacker text."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bleach import Cleaner

_TAGS = frozenset(
    """
    a abbr b blockquote br caption code col colgroup dd del details div dl dt em
    figcaption figure h1 h2 h3 h4 h5 h6 hr i img input ins kbd li mark ol p pre q s
    samp section small span strong sub summary sup table tbody td tfoot th thead
    time tr u ul var
    math menclose mfenced mfrac mi mmultiscripts mn mo mover mpadded mphantom mroot
    mrow mspace msqrt mstyle msub msubsup msup mtable mtd mtext mtr munder
    munderover semantics
    """.split()  # noqa: SIM905  a list of 80 quoted words is no easier to check
)
_MATH = frozenset(
    """
    accent columnalign columnspacing depth display displaystyle fence form height
    linebreak linethickness lspace mathsize mathvariant maxsize minsize movablelimits
    notation open close rowspacing rspace scriptlevel separator stretchy symmetric
    voffset width xmlns
    """.split()  # noqa: SIM905
)
_CSS = ("background-color", "color", "font-style", "font-weight", "text-align", "width")
_PLAIN = frozenset(
    """
    abbr alt aria-label class colspan datetime dir lang role rowspan scope span start
    style title translate value
    """.split()  # noqa: SIM905
)
_IMAGE = re.compile(r"data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]*")
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_NO_ALT = re.compile(r"<img(?![^>]*\balt=)")
_BLANK = re.compile(r"[\s\x00-\x1f]")
# bleach drops tags but keeps the text between them, and a style sheet is no text.
_DEAD = re.compile(r"(?is)<(script|style|template|noscript|title)\b.*?</\1\s*>")


@lru_cache(maxsize=64)
def sanitise(html: str) -> str:
    """Return the HTML of a cell's output without anything that acts or calls out.

    Parameters
    ----------
    html : str
        HTML from a display, or rendered from displayed Markdown.

    Returns
    -------
    str
        Text, tables, links, MathML and embedded bitmaps only. Ids are dropped: an
        output must not be able to stand in for a part of the page.

    Examples
    --------
    >>> sanitise('late <img src=x onerror=alert(1)><script>alert(2)</script>')
    'late <img alt="">'
    """
    return _clean(html, ids=False)


@lru_cache(maxsize=512)
def sanitise_author(html: str) -> str:
    """Return the HTML of a Markdown cell: as `sanitise`, with ids for headings."""
    return _clean(html, ids=True)


def _clean(html: str, *, ids: bool) -> str:
    """Drop what acts; give images without a description an empty one."""
    cleaned = _cleaner(ids=ids).clean(_DEAD.sub("", html))
    return _NO_ALT.sub('<img alt=""', cleaned)


def _cleaner(*, ids: bool) -> Cleaner:
    """Build a cleaner: one a call, because its parser keeps state between threads."""
    from bleach import Cleaner
    from bleach.css_sanitizer import CSSSanitizer

    def allowed(tag: str, name: str, value: str) -> bool:
        if tag == "img" and name == "src":
            return _IMAGE.fullmatch(value) is not None
        if tag == "a" and name == "href":
            return not _BLANK.sub("", value).lower().startswith("data:")
        if tag == "input":
            return name in {"type", "checked", "disabled"} and value != "image"
        if name == "id":
            return ids and tag in _HEADINGS
        return name in _PLAIN or (tag.startswith("m") and name in _MATH)

    return Cleaner(
        tags=_TAGS,
        attributes=allowed,
        protocols={"http", "https", "mailto", "data"},
        css_sanitizer=CSSSanitizer(allowed_css_properties=list(_CSS)),
        strip=True,
    )
