"""Code cells as HTML of a few letters a token."""

from __future__ import annotations

import html
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pygments.lexer import Lexer


@lru_cache(maxsize=512)
def code_html(source: str) -> str:
    """Return Python source as HTML: keywords b, comments i, strings u.

    Parameters
    ----------
    source : str
        A code cell; magics of IPython are left as they are.

    Examples
    --------
    >>> code_html("x = 'a<b'  # late")
    "<pre>x = <u>'a&lt;b'</u>  <i># late</i></pre>"
    """
    from pygments.token import Comment, Keyword, Operator, String

    tags = {Comment: "i", Keyword: "b", Operator.Word: "b", String: "u"}
    runs: list[list[str]] = []
    for kind, text in _lexer().get_tokens(source):
        tag = next((tags[one] for one in tags if kind in one), "")
        if runs and (runs[-1][0] == tag or not text.strip()):
            runs[-1][1] += text
        else:
            runs.append([tag, text])
    return f"<pre>{''.join(_run(tag, text) for tag, text in runs).rstrip()}</pre>"


def _run(tag: str, text: str) -> str:
    """Return one stretch of code; white space at its end stays outside its tag."""
    text = html.escape(text, quote=False)
    if not tag:
        return text
    kept = text.rstrip()
    return f"<{tag}>{kept}</{tag}>{text[len(kept) :]}"


@cache
def _lexer() -> Lexer:
    """Return IPython's lexer, or Python's where it is not installed."""
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        return get_lexer_by_name("ipython3", stripnl=False)
    except ClassNotFound:
        return get_lexer_by_name("python", stripnl=False)
