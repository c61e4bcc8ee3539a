"""What every page of the site shares: its policy, assets and finishing touches."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from cxlib.report.elements import HEADINGS, elements
from cxlib.report.language.page import translate

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

    from cxlib.report.language.translator import Translator
    from cxlib.report.links import Links

_WORD = re.compile(r"(?!\b(?:nan|NaN|None|inf|e)\b)[^\W\d_]{2,}")
_ASSETS = Path(__file__).parent / "templates" / "cx"


@cache
def asset(name: str) -> str:
    """Return the text of one of the template's files."""
    return (_ASSETS / name).read_text(encoding="utf-8")


def policy(script: str = "") -> str:
    """Return the Content-Security-Policy of a page that runs this one script.

    Examples
    --------
    >>> policy().startswith("default-src 'none'")
    True
    """
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    allowed = f"'sha256-{digest}'" if script else "'none'"
    return (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"script-src {allowed}; form-action 'none'; base-uri 'none'"
    )


def finish(
    html: str, *, links: Links | None = None, words: Translator | None = None
) -> str:
    """Return the page with contents, unique ids and accessible tables.

    Parameters
    ----------
    html : str
        A whole page; a `nav` with the id `contents` receives the list of sections.
    links : Links, optional
        What its tables and figures lead to.
    words : Translator, optional
        Of the page's language; English without one.
    """
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(html, "html.parser")
    _level_headings(soup)
    _number_ids(soup)
    _fill_contents(soup)
    _mend_tables(soup)
    if links is not None:
        links.put(soup)
    _drop_dead_images(soup)
    if words is not None:
        translate(soup, words)
    return str(soup)


def _level_headings(soup: BeautifulSoup) -> None:
    """Keep headings that a cell displayed one level below their section's."""
    section = 1
    for heading in elements(soup.main, *HEADINGS):
        own = int(heading.name[1])
        if heading.find_parent(class_="html") is None:
            section = own
        else:
            heading.name = f"h{max(2, min(own, section + 1))}"


def _number_ids(soup: BeautifulSoup) -> None:
    """Make heading ids unique and name their links."""
    headings = elements(soup.main, *HEADINGS, having="id")
    ours = {id(heading) for heading in headings}
    named = elements(soup, having="id")
    seen = {str(one["id"]) for one in named if id(one) not in ours}
    for heading in headings:
        wanted = unique = str(heading["id"])
        count = 1
        while unique in seen:
            count += 1
            unique = f"{wanted}-{count}"
        seen.add(unique)
        heading["id"] = unique
        for link in elements(heading, "a", of_class="anchor-link"):
            link["href"] = f"#{unique}"
            link["aria-label"] = f"Link to {_text(heading)}"


def _fill_contents(soup: BeautifulSoup) -> None:
    """Write the list of sections into the contents."""
    box = soup.select_one("#contents ul")
    if box is None:
        return
    sections = elements(soup.main, "h2", "h3", having="id")
    for heading in [*sections, *elements(soup.footer, "h2", having="id")]:
        item = soup.new_tag("li", attrs={"class": f"level-{heading.name}"})
        link = soup.new_tag("a", attrs={"href": f"#{heading['id']}"})
        link.string = _text(heading)
        item.append(link)
        box.append(item)


def _text(heading: Tag) -> str:
    """Return a heading's words without its link."""
    return " ".join(
        part.strip()
        for part in heading.find_all(string=True)
        if part.strip() and part.find_parent(class_="anchor-link") is None
    )


def _mend_tables(soup: BeautifulSoup) -> None:
    """Give headers a scope, drop empty ones, let wide tables scroll in a box."""
    section, number = "", 0
    inside = elements(soup.main, "h1", "h2", "h3", "table")
    for element in [*inside, *elements(soup.footer, "table")]:
        if element.name != "table":
            section = f": {_text(element)}"
            continue
        number += 1
        for header in elements(element, "th"):
            if not header.get_text(strip=True):
                header.name = "td"
                continue
            in_head = header.find_parent("thead") is not None
            header["scope"] = "col" if in_head else "row"
        _align_words(element)
        _note_width(element)
        box = {"class": "scroll", "tabindex": "0", "role": "region"}
        element.wrap(
            soup.new_tag("div", attrs={**box, "aria-label": f"Table {number}{section}"})
        )


def _note_width(table: Tag) -> None:
    """Mark a table of many columns: paper is narrower than a screen that scrolls."""
    columns = max(
        (len(row.find_all(["td", "th"])) for row in elements(table, "tr")), default=0
    )
    names = [name for name, least in (("wide", 10), ("wider", 14)) if columns >= least]
    if names:
        kept = table.get("class")
        table["class"] = " ".join([*(kept if isinstance(kept, list) else []), *names])


def _align_words(table: Tag) -> None:
    """Mark the cells of columns that hold words, which read from the left."""
    lines = elements(table, "tr")
    rows = [line.find_all(["td", "th"], recursive=False) for line in lines]
    body = [cells for cells, line in zip(rows, lines, strict=True)
            if line.find_parent("thead") is None]  # fmt: skip
    wordy = {
        column
        for cells in body
        for column, cell in enumerate(cells)
        if _WORD.search(cell.get_text())
    }
    for cells in rows:
        for column in wordy:
            if column < len(cells):
                classes = cells[column].get("class")
                kept = classes if isinstance(classes, list) else []
                cells[column]["class"] = " ".join([*kept, "words"])


def _drop_dead_images(soup: BeautifulSoup) -> None:
    """Say in words where an image was not allowed to load."""
    for image in elements(soup, "img"):
        if str(image.get("src", "")).startswith("data:"):
            continue
        note = soup.new_tag("span", attrs={"class": "blocked"})
        words = str(image.get("alt") or "").strip()
        note.string = f"[image not shown{': ' + words if words else ''}]"
        image.replace_with(note)
