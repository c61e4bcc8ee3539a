"""Find elements of a page by name: a tenth of the time of CSS selectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bs4 import Tag

HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")


def elements(root: Tag | None, *names: str) -> list[Tag]:
    """Return the elements of these names below another, in the page's order.

    Parameters
    ----------
    root : bs4.Tag, optional
        Where to look; nothing is found below None.
    *names : str
        Names of elements; all elements without one.

    Examples
    --------
    >>> from bs4 import BeautifulSoup
    >>> soup = BeautifulSoup("<p><b>1</b> <i>2</i></p>", "html.parser")
    >>> [one.name for one in elements(soup, "p", "i")]
    ['p', 'i']
    """
    from bs4 import Tag

    found = root.descendants if root is not None else ()
    return [
        one
        for one in found
        if isinstance(one, Tag) and (not names or one.name in names)
    ]


def has_class(element: Tag, name: str) -> bool:
    """Whether an element has a class.

    Examples
    --------
    >>> from bs4 import BeautifulSoup
    >>> soup = BeautifulSoup("<p class='a b'>1</p>", "html.parser")
    >>> has_class(soup.p, "b"), has_class(soup.p, "c")
    (True, False)
    """
    return name in (element.get("class") or [])
