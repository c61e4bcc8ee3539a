"""Relative links between the pages of the site."""

from __future__ import annotations

from urllib.parse import quote


def href(*parts: str) -> str:
    """Return a relative link made of path parts.

    Examples
    --------
    >>> href("a b", "r&d", "index.html")
    'a%20b/r%26d/index.html'
    """
    return "/".join(quote(part, safe="") for part in parts)
