"""What a notebook shows as HTML, as text for a console."""

from __future__ import annotations

import re
import shutil
import sys
import textwrap
import weakref
from html.parser import HTMLParser
from typing import Any

_BLOCKS = {"p", "li", "h1", "h2", "h3", "h4", "summary", "table", "div", "ul", "ol"}
_NARROWEST, _WIDEST_WORD = 8, 40
_GAP = "  "
_SPACES = re.compile(r"[ \t\r\n]+")  # those that may break a line
Row = list[str]
_displayed: dict[int, tuple[weakref.ref[Shown], str]] = {}


class Shown:
    """Displays as sentence and table; its repr is the sentence, its str both."""

    __slots__ = ("__weakref__", "_made")

    @property
    def text(self) -> str:
        """What it says, in a sentence or a few."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return self.text

    def __str__(self) -> str:
        return from_html(self._repr_html_())

    def _repr_html_(self) -> str:
        raise NotImplementedError

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:  # noqa: ANN401
        source, key = self._repr_html_(), id(self)
        gone = weakref.ref(self, lambda _: _displayed.pop(key, None))
        _displayed[key] = gone, source
        return {"text/html": source}

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ANN401, ARG002, FBT001
        printer.text(self.text if _in_notebook() else str(self))


def displayed(result: Any) -> str:  # noqa: ANN401
    """Return the HTML that a notebook last showed of a result, else what it would."""
    alive, source = _displayed.get(id(result), (lambda: None, ""))
    return source if alive() is result else str(result._repr_html_())


def _in_notebook() -> bool:
    """Whether the HTML is shown beside the text, so that a sentence will do."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return hasattr(shell, "kernel")


def from_html(source: str, *, width: int | None = None) -> str:
    """Return a result's HTML as sentences and narrow tables.

    Parameters
    ----------
    source : str
        What `_repr_html_` returns.
    width : int, optional
        Characters a line; those of the terminal, 100 at most, if omitted.

    Examples
    --------
    >>> print(from_html(
    ...     "<p>Two &gt; one.</p><table><tr><th>plan</th><th>n</th></tr>"
    ...     "<tr><td>basic</td><td>12</td></tr></table>"
    ... ))
    Two > one.
    <BLANKLINE>
    plan    n
    basic  12
    """
    room = width or min(100, shutil.get_terminal_size().columns)
    reader = _Reader()
    reader.feed(source)
    reader.close()
    reader.end_block()
    parts = [
        textwrap.fill(block, room) if isinstance(block, str) else _table(block, room)
        for block in reader.blocks
    ]
    return "\n\n".join(parts).replace("\u00a0", " ")


class _Reader(HTMLParser):
    """Collects paragraphs as text and tables as rows of cells."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks: list[str | list[Row]] = []
        self._words: list[str] = []
        self._rows: list[Row] | None = None

    def end_block(self) -> None:
        """Close the paragraph that is open."""
        if text := self._said():
            self.blocks.append(text)

    def _said(self) -> str:
        text = _SPACES.sub(" ", "".join(self._words)).strip()
        self._words = []
        return text

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002
        if tag in _BLOCKS and self._rows is None:
            self.end_block()
        if tag == "table":
            self._rows = []
        elif tag == "tr" and self._rows is not None:
            self._rows.append([])
        elif tag in {"td", "th"}:
            self._words = []
        elif tag == "li":
            self._words = ["- "]

    def handle_endtag(self, tag: str) -> None:
        if tag in {"td", "th"} and self._rows:
            self._rows[-1].append(self._said())
        elif tag == "table" and self._rows is not None:
            if rows := [row for row in self._rows if row]:
                self.blocks.append(rows)
            self._rows = None
        elif tag in _BLOCKS and self._rows is None:
            self.end_block()

    def handle_data(self, data: str) -> None:
        self._words.append(data)


def _table(rows: list[Row], room: int) -> str:
    """Lay out rows in columns; long cells take several lines."""
    n_columns = max(map(len, rows), default=0)
    whole = [row + [""] * (n_columns - len(row)) for row in rows]
    columns = list(zip(*whole, strict=True))
    widths = [max(map(len, column)) for column in columns]
    floors = [_floor(column) for column in columns]
    spare = room - len(_GAP) * max(n_columns - 1, 0)
    for _ in range(sum(widths) - spare):
        slack = [width - floor for width, floor in zip(widths, floors, strict=True)]
        widths[slack.index(max(slack))] -= max(slack) > 0
    return "\n".join(line for row in whole for line in _lines(row, widths))


def _floor(column: tuple[str, ...]) -> int:
    """Return the width below which a word of the column would have to break."""
    words = (word for cell in column for word in _SPACES.split(cell))
    return max(_NARROWEST, min(_WIDEST_WORD, max(map(len, words), default=0)))


def _lines(row: Row, widths: list[int]) -> list[str]:
    """Return one row as lines: the first column to the left, the others right."""
    cells = [
        textwrap.wrap(cell, width) or [""]
        for cell, width in zip(row, widths, strict=True)
    ]
    height = max(map(len, cells), default=0)
    lines = []
    for at in range(height):
        parts = [cell[at] if at < len(cell) else "" for cell in cells]
        aligned = [
            part.rjust(width) if index else part.ljust(width)
            for index, (part, width) in enumerate(zip(parts, widths, strict=True))
        ]
        lines.append(_GAP.join(aligned).rstrip())
    return lines
