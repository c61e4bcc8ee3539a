"""What changed since the last run, in sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cxlib import _format
from cxlib._format import MISSING
from cxlib.report.changes import difference, figures
from cxlib.report.words import moment
from cxlib.run.changes.causes import Cause
from cxlib.run.changes.compare import expected_by_chance
from cxlib.run.changes.overlap import Overlap

FIRST = "First run: nothing to compare."
_NAMES = {
    "data": "the data",
    "settings": "the settings",
    "code": "the code",
    "seed": "the seed",
}
_LISTED = 3
Rows = Sequence[Mapping[str, Any]]


def sentence(
    rows: Rows, causes: Sequence[Cause], *, since: str, n_rows: tuple[int, int] | None
) -> str:
    """Return the block's first sentences.

    Parameters
    ----------
    rows : sequence of mapping
        The numbers compared, that of the headline first.
    causes : sequence of Cause
        What differs.
    since : str
        When the earlier run started, ISO.
    n_rows : tuple of int, optional
        Rows of data before and now, where both are known.
    """
    when = f"the run of {moment(since)}"
    if not causes:
        return _nothing(rows, when)
    parts = [f"Since {when} {_changed(causes, n_rows)}."]
    if not rows:
        return f"{parts[0]} No number is in both runs."
    if all(row["verdict"] == "same" for row in rows):
        return f"{parts[0]} {_unmoved(len(rows))}"
    return " ".join([*parts, _lead(rows), *_others(rows)])


def notes(rows: Rows, overlap: Overlap | None) -> list[str]:
    """Return how chance was judged; nothing where it plays no part."""
    judged = [row for row in rows if row["noise"] is not None]
    if not judged or overlap is None:
        return []
    level = judged[0]["level"]
    count, chance = len(judged), expected_by_chance(judged)
    many = (
        f"Of {count} numbers judged, {chance:.1f} are expected beyond their own noise "
        "by chance. Beyond noise are only those that stand out among all "
        f"{count} (Holm): where nothing really changed, a run names one with a "
        f"probability of at most {100 * (1 - level):.2g} %."
    )
    return [
        f"Expected noise: {100 * level:g} % of the moves stay within it if old and new "
        "rows come from customers of the same mind. It combines the two intervals, a "
        "and b from the estimate to the end that faces the other, into "
        "√(a² + b² − 2rab), with r = shared rows ÷ √(rows before × rows now) "
        "(Zou 2007). Intervals that leave something out leave it out here too.",
        shared(overlap),
        *([many] if count > 1 else []),
    ]


def shared(overlap: Overlap) -> str:
    """Say what the data of the two runs share, and what that means for the noise."""
    if not overlap.known:
        return (
            "How many rows the two runs share could not be found out (rows that "
            "cannot be told apart, another format, or a first run of its kind): "
            "the samples are taken as independent, which overstates the noise "
            "where they share rows."
        )
    if not overlap.was and not overlap.now:
        return "The two runs share no unchanged row: two independent samples."
    return (
        f"Of the earlier rows {_share(overlap.was)} are in the new data unchanged; of "
        f"the new rows {_share(overlap.now)} were there before. A row with any change "
        "counts as new."
    )


def kinds_in_words(kinds: Sequence[str]) -> str:
    """'data', 'settings' -> 'the data and the settings'."""
    return _listed([_NAMES[kind] for kind in _NAMES if kind in kinds])


def _nothing(rows: Rows, when: str) -> str:
    moved = [row for row in rows if row["verdict"] != "same"]
    if not moved:
        return (
            f"Nothing changed since {when}: the same data, code, settings and seed, "
            f"and the same {_count(len(rows))}."
        )
    return (
        f"Not reproducible: since {when} data, code, settings and seed are the same, "
        f"yet {len(moved)} of {_count(len(rows))} moved, such as {_went(moved[0])}. "
        "Find out why before you use any of them."
    )


def _unmoved(n: int) -> str:
    return "The number stayed the same." if n == 1 else f"All {n} numbers are the same."


def _changed(causes: Sequence[Cause], n_rows: tuple[int, int] | None) -> str:
    """Return what changed, each with its first details."""
    by_kind: dict[str, list[str]] = {}
    for one in causes:
        by_kind.setdefault(one.kind, []).append(one.what)
    details = {kind: _some(names) for kind, names in by_kind.items()}
    if "data" in details:
        details["data"] = _more(n_rows) or details["data"]
    listed = [_with(_NAMES[k], details[k]) for k in _NAMES if k in details]
    if len(listed) == 1:
        (kind,) = details
        return _with(f"{_NAMES[kind]} changed", details[kind])
    return f"{_listed(listed)} changed"


def _with(what: str, detail: str) -> str:
    return what if what == f"the {detail}" else f"{what} ({detail})"


def _more(n_rows: tuple[int, int] | None) -> str:
    if n_rows is None:
        return ""
    more = n_rows[1] - n_rows[0]
    if not more:
        return f"still {n_rows[1]:,} rows"
    word = "more" if more > 0 else "fewer"
    return f"{abs(more):,} {word} row{'' if abs(more) == 1 else 's'}"


def _lead(rows: Rows) -> str:
    """Say what became of the first number, and why."""
    row = rows[0]
    if row["verdict"] == "same" and not any(row["parts"].values()):
        now = _format.number(row["now"], row["unit"])
        return f"{row['label']} stayed at {now}{_word(row)}."
    parts = {k: text for k, text in figures(row).parts.items() if text != MISSING}
    if len(parts) > 1:
        split = _listed([f"{text} with the new {kind}" for kind, text in parts.items()])
        return f"{_went(row)}: {split}{_judged(row, 'the data part is ')}."
    return f"{_went(row)}{_judged(row, '')}."


def _judged(row: Mapping[str, Any], subject: str) -> str:
    """Return the verdict on one number as the end of a sentence."""
    noise = difference(row["noise"], row["unit"])
    noise += f" {row['currency']}" if row.get("currency") else ""
    start = f"; {subject}" if subject else ", "
    ends = {
        "within noise": f"{start}within the ±{noise} expected by chance",
        "beyond noise": f"{start}beyond the ±{noise} expected by chance",
        "unclear": f"{start}more than its own ±{noise} of chance, yet not clearly "
        "so among this many numbers",
        "no interval": ", with no interval to judge chance by",
        "not separated": ", with no number in between to judge chance by",
        "not reproducible": "",
        "same": "",
    }
    found = ends.get(row["verdict"])
    if found is None:
        why = kinds_in_words(row["verdict"].split(" and "))
        found = "" if row["parts"] else f", all of it because of {why}: the data are "
        found += "" if row["parts"] else "the same"
    return found


def _others(rows: Rows) -> list[str]:
    """Say which further numbers chance cannot explain."""
    judged = [row for row in rows if row["noise"] is not None]
    beyond = [row for row in judged if row["verdict"] == "beyond noise"]
    others = [row["label"] for row in beyond if row is not rows[0]]
    if others:
        also = "Also beyond" if len(beyond) > len(others) else "Beyond"
        return [f"{also} noise: {_some(others)}."]
    if len(judged) > 1 and not beyond:
        return [f"None of the {len(judged)} numbers that moved is beyond noise."]
    return []


def _went(row: Mapping[str, Any]) -> str:
    text = figures(row)
    own = " percentage points" if row["unit"] == "share" else ""
    change = f"{text.difference}{own}"
    ends = f"from {text.was} to {text.now}{_word(row)}"
    return f"{row['label']} went {ends} ({change})"


def _word(row: Mapping[str, Any]) -> str:
    """Return what stands behind a number of this unit."""
    unit, currency = row["unit"], row.get("currency", "")
    word = _format.quantity(1, unit).removeprefix(_format.number(1, unit))
    return f" {currency}" if currency else word


def _some(names: Sequence[str]) -> str:
    """Return the first names and how many more."""
    few = list(names[:_LISTED])
    more = len(names) - len(few)
    return _listed([*few, f"{more} more"] if more else few)


def _listed(parts: Sequence[str]) -> str:
    *first, last = parts
    return f"{', '.join(first)} and {last}" if first else last


def _share(share: float) -> str:
    """Return a share without claiming all where a sample showed it."""
    if share >= 0.999:
        return "all" if share == 1 else "nearly all"
    return f"about {100 * share:.0f} %" if share >= 0.005 else "almost none"


def _count(n: int) -> str:
    return f"{n} number{'' if n == 1 else 's'}"
