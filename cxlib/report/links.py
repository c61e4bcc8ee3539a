"""What a page leads to: the CSV of each table, the source of each number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from cxlib.report.elements import elements

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

# A table travels inside the page up to this size, all of them up to the other.
_EMBED, _EMBED_ALL = 3_000, 24_000
_GRADES = {"low": "weakly", "medium": "fairly", "high": "well"}


@dataclass(slots=True)
class Links:
    """The links of one page.

    Attributes
    ----------
    files : mapping of str to str
        Result -> its CSV file, relative to the page; only files that are there.
    folder : pathlib.Path, optional
        Where the page will stand.
    figures : sequence of str
        Id of the trace row of each figure of the answer.
    rows : mapping of str to str
        Result -> id of its first row in the trace.
    beside : bool
        Whether the page lists the files beside it, so that the notebook's own list
        says nothing new.
    """

    files: Mapping[str, str]
    folder: Path | None
    figures: list[str]
    rows: Mapping[str, str]
    beside: bool = False
    _left: int = field(default=_EMBED_ALL, repr=False)
    _linked: set[str] = field(default_factory=set, repr=False)

    @classmethod
    def of(cls, cx: Mapping[str, Any], folder: Path | None) -> Links:
        """Return the links of a prepared notebook; `cx` learns which files exist."""
        trace = cx["trace"]
        files = {
            name: file
            for name, file in trace["files"].items()
            if folder is not None and (folder / file).is_file()
        }
        rows: dict[str, str] = {}
        for one in trace["findings"]:
            rows.setdefault(str(one.get("result", "")), one["anchor"])
        trace["files"] = files
        beside = bool(cx["run"].get("files"))
        return cls(files, folder, trace["figures"], rows, beside)

    def put(self, soup: BeautifulSoup) -> None:
        """Put the links into the page."""
        for shown in elements(soup.main, having="data-result"):
            self._to_result(soup, shown)
        lists = elements(soup, "ul", of_class="cx-figures")
        items = [li for one in lists for li in one.find_all("li", recursive=False)]
        rows = {str(one["id"]): one for one in elements(soup, "tr", having="id")}
        for item, anchor in zip(items, self.figures, strict=False):
            if row := rows.get(anchor):
                _to_trace(soup, item, row)
        _grade(soup)
        if self.beside:
            for listed in elements(soup, "div", of_class="cx-files"):
                listed.decompose()

    def _to_result(self, soup: BeautifulSoup, shown: Tag) -> None:
        """Put the links of one displayed result below its first table or its chart."""
        name = str(shown["data-result"])
        del shown["data-result"]
        if name in self._linked:
            return
        line = soup.new_tag("p", attrs={"class": "get"})
        box = shown.select_one(".scroll")
        what = str(box["aria-label"]) if box else _number(shown)
        if name in self.files:
            line.append(self._csv(soup, name, what))
        if name in self.rows:
            attrs = {"href": f"#{self.rows[name]}", "aria-label": f"Source of {what}"}
            line.append(_link(soup, "Source", attrs))
        place = box or shown.select_one("figcaption")
        if not line.contents or place is None:
            return
        self._linked.add(name)
        if box is not None:
            box.insert_after(line)
        else:
            line.name = "span"
            place.append(line)

    def _csv(self, soup: BeautifulSoup, name: str, what: str) -> Tag:
        """Return the link to the unrounded table: in the page where it is small."""
        file = self.files[name]
        attrs = {"href": quote(file), "download": f"{name}.csv"}
        path = Path(self.folder or ".") / file
        if path.stat().st_size <= min(_EMBED, self._left):
            text = quote(path.read_bytes(), safe=",.;:()/+*!?=-_~'[]@$|")
            self._left -= len(text)
            attrs["href"] = f"data:text/csv;charset=utf-8,{text}"
        title = "The numbers of this table, not rounded"
        attrs |= {"aria-label": f"CSV of {what}", "title": title}
        return _link(soup, "CSV", attrs)


def _number(shown: Tag) -> str:
    """Return what a chart is called: 'Figure 3'."""
    label = shown.select_one("figcaption span")
    return label.get_text(strip=True).rstrip(".") if label else "this result"


def _link(soup: BeautifulSoup, text: str, attrs: Mapping[str, str]) -> Tag:
    """Return a link."""
    link = soup.new_tag("a", attrs=dict(attrs))
    link.string = text
    return link


def _to_trace(soup: BeautifulSoup, item: Tag, row: Tag) -> None:
    """Lead from a figure of the answer to the row it rests on."""
    label = item.select_one(".cx-label")
    exact = row.select_one("td")
    attrs = {
        "class": "cx-source",
        "href": f"#{row['id']}",
        "aria-label": f"Source of {label.get_text(strip=True) if label else 'it'}",
        "title": f"Not rounded: {exact.get_text(strip=True) if exact else ''}",
    }
    place = item.select_one(".cx-n") or item
    place.append(" ")
    place.append(_link(soup, "Source", attrs))


def _grade(soup: BeautifulSoup) -> None:
    """Say below the answer how well its assumptions are supported."""
    ledger = soup.select_one("main table.cx-ledger")
    answer = soup.select_one("main .cx-answer:not(.cx-pending)")
    rows = ledger.select("tbody tr") if ledger else []
    if ledger is None or answer is None or not rows:
        return
    counts = {grade: len(ledger.select(f"td.cx-{grade}")) for grade in _GRADES}
    parts = [f"{n} {_GRADES[grade]}" for grade, n in counts.items() if n]
    line = soup.new_tag("p", attrs={"class": "cx-grades"})
    number = f"{len(rows)} assumption{'' if len(rows) == 1 else 's'}"
    line.append(f"It rests on {number}: {_joined(parts)} supported. ")
    if counts["low"]:
        weakest = rows[0].td
        text = weakest.get_text(" ", strip=True) if weakest else ""
        stop = "" if text.endswith(".") else "."
        line.extend(["The weakest: ", f"{text[:1].lower()}{text[1:]}", f"{stop} "])
    box = ledger.find_parent(class_="scroll") or ledger
    box["id"] = "assumptions"
    line.append(_link(soup, "All assumptions", {"href": "#assumptions"}))
    answer.append(line)


def _joined(parts: list[str]) -> str:
    """Join words: 'a, b and c'."""
    return " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]]))
