"""Choose what of an executive page one printed A4 page has room for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

# Measured on paper: lines of the page, and characters of a full and of a half line.
LINES, WIDE, NARROW = 82, 132, 66
_FIGURE = ("label", "value", "unit", "interval", "n", "mark")
_ROOMY = 42
_MOST_NOTES = 5


def fit(page: dict[str, Any]) -> dict[str, Any]:
    """Mark what is printed: leading answers first, then as many others as fit.

    Parameters
    ----------
    page : dict
        What the executive page shows; its areas get `unprinted` (titles), their
        items `printed`, the page `size` ('roomy' where there is room for larger
        print, else '').

    Notes
    -----
    Lines are estimated from the number of characters. On the screen all is shown.
    """
    left = 2 * (LINES - _fixed(page)) - _headings(page)
    rank, most = 0, max((len(area["items"]) for area in page["areas"]), default=0)
    while rank < most:
        for area in page["areas"]:
            for item in area["items"][rank : rank + 1]:
                needed = _item_lines(item, leads=rank == 0)
                item["printed"] = rank == 0 or needed <= left
                left -= needed if item["printed"] else 0
        rank += 1
    for area in page["areas"]:
        area["unprinted"] = [i["title"] for i in area["items"] if not i["printed"]]
    used = LINES - left / 2
    page["size"] = "roomy" if used <= _ROOMY else ""
    return page


def _fixed(page: Mapping[str, Any]) -> int:
    """Return the lines of all that goes over the whole width."""
    lines = 5
    for notes in (page["alerts"], page["conflicts"]):
        texts = [one if isinstance(one, str) else one["text"] for one in notes]
        lines += (2 if texts else 0) + _wrapped(texts[:_MOST_NOTES], WIDE)
    weak = [
        f"{one['text']} {one['titles'][0]}{40 * ' '}" for one in page["weak"]["rows"]
    ]
    lines += (3 if weak else 0) + _wrapped(weak, WIDE)
    case = page["case"]
    if case:
        said = [f"{label} {text}" for label, text in case["rests"]]
        texts = [case["sentence"] + case["sentence"][: len(case["sentence"]) // 5]]
        texts += [
            case["decision"],
            case["item"]["lapse"],
            case["item"]["signed"],
            *said,
        ]
        rows = len(case["rows"]) + 2 if case["rows"] else 0
        lines += 9 + rows + _wrapped(texts, WIDE)
    return lines


def _headings(page: Mapping[str, Any]) -> int:
    """Return the half lines that headings of areas and lists of the unprinted take."""
    return sum(3 + (len(area["items"]) > 1) for area in page["areas"])


def _item_lines(item: Mapping[str, Any], *, leads: bool) -> int:
    """Return the lines of one report in a column."""
    figures = item["figures"] if leads else item["figures"][:1]
    shown = [" ".join(figure[key] for key in _FIGURE) for figure in figures]
    decision = item["decision"] if leads else f"{item['brief']}{18 * ' '}"
    texts = [item["title"], decision, item["lapse"], item["signed"]]
    return _wrapped(texts, NARROW - 8 if leads else NARROW) + _wrapped(shown, NARROW)


def _wrapped(texts: Iterable[str], width: int) -> int:
    """Return the lines that texts take, each begun on a line of its own."""
    return sum(-(-len(text) // width) for text in texts)
