"""Choose what of an executive page one printed A4 page has room for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

# Measured on paper: lines of the page, and characters of a full and of a half line.
LINES, WIDE, NARROW = 83, 130, 66
_BOLD, _HEADING = 53, 4
_FIGURE = ("label", "value", "unit", "interval", "n", "mark")
_ROOMY = 42
_NOTES, _FEW = 4, 2


def fit(page: dict[str, Any]) -> dict[str, Any]:
    """Set the areas in two columns and mark what is printed.

    Parameters
    ----------
    page : dict
        What the executive page shows. Added are: to its areas `unprinted` (titles),
        to their items `printed`, to the page `columns`, `notes` (alerts and remarks
        printed of each) and `size`: 'roomy' where there is room for larger print,
        'trim' where leading answers are printed with their first sentence and figure
        only, else ''.

    Notes
    -----
    Leading answers are printed first, then as many others as fit. Lines are estimated
    from the number of characters. On the screen all is shown.
    """
    left = _plan(page, trim=False)
    page["notes"], page["size"] = _NOTES, ""
    if left < 0:
        _plan(page, trim=True)
        page["notes"], page["size"] = _FEW, "trim"
    elif LINES - left <= _ROOMY:
        page["size"] = "roomy"
    for area in page["areas"]:
        area["unprinted"] = [i["title"] for i in area["items"] if not i["printed"]]
    return page


def _plan(page: dict[str, Any], *, trim: bool) -> int:
    """Set the columns, mark what is printed; return the lines left, maybe below 0."""
    room = LINES - _fixed(page, _FEW if trim else _NOTES)
    areas = page["areas"]

    def height(column: Sequence[Mapping[str, Any]]) -> int:
        leads = [_item_lines(one["items"][0], leads=True, trim=trim) for one in column]
        return sum(leads) + _HEADING * len(leads)

    splits = [(areas[:k], areas[k:]) for k in range(len(areas) + 1)]
    columns = min(splits, key=lambda pair: max(map(height, pair)))
    page["columns"] = columns
    return min(_fill(column, room - height(column), trim=trim) for column in columns)


def _fill(column: Sequence[Mapping[str, Any]], left: int, *, trim: bool) -> int:
    """Mark what is printed of one column; return the lines left."""
    most = max((len(area["items"]) for area in column), default=0)
    for rank in range(most):
        for area in column:
            for item in area["items"][rank : rank + 1]:
                needed = _item_lines(item, leads=False, trim=trim) if rank else 0
                item["printed"] = rank == 0 or needed <= left
                left -= needed if item["printed"] else 0
    return left


def _fixed(page: Mapping[str, Any], notes: int) -> int:
    """Return the lines of all that goes over the whole width."""
    lines = 5
    for listed in (page["alerts"], page["conflicts"]):
        texts = [one if isinstance(one, str) else _alert(one) for one in listed]
        lines += (3 if texts else 0) + _wrapped(texts[:notes], WIDE)
    rows = page["weak"]["rows"]
    weak = [f"{one['text']} {one['titles'][0]}{40 * ' '}" for one in rows]
    lines += (3 if weak else 0) + _wrapped(weak, WIDE)
    case = page["case"]
    if case:
        said = [f"{label} {text}" for label, text in case["rests"]]
        texts = [case["sentence"] + case["sentence"][: len(case["sentence"]) // 5]]
        item = case["item"]
        texts += [case["decision"], item["lapse"], item["signed"], *said]
        table = len(case["rows"]) + 2 if case["rows"] else 0
        lines += 9 + table + _wrapped(texts, WIDE)
    return lines


def _alert(alert: Mapping[str, str]) -> str:
    return f"{alert['text']} {alert['title']}"


def _item_lines(item: Mapping[str, Any], *, leads: bool, trim: bool) -> int:
    """Return the lines of one report in a column."""
    whole = leads and not trim
    figures = item["figures"] if whole else item["figures"][:1]
    shown = [" ".join(figure[key] for key in _FIGURE) for figure in figures]
    decision = item["decision"] if whole else f"{item['brief']}{18 * ' '}"
    texts = [item["title"], decision, item["lapse"], item["signed"]]
    return _wrapped(texts, _BOLD if leads else NARROW) + _wrapped(shown, NARROW)


def _wrapped(texts: Iterable[str], width: int) -> int:
    """Return the lines that texts take, each begun on a line of its own."""
    return sum(-(-len(text) // width) for text in texts)
