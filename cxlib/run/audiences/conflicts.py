"""What keeps the answers of one programme from being read side by side."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from cxlib.run.audiences.latest import Report
from cxlib.run.spoken import english

_MOST = 3
_APART = dt.timedelta(hours=36)


def conflicts(reports: Sequence[Report]) -> list[str]:
    """Return a sentence for each thing that differs between reports and must not.

    Parameters
    ----------
    reports : sequence of Report
        Of one programme; those without a completed run are passed over.

    Notes
    -----
    Compared are the hashes of data files of the same path, the times of the runs,
    the commits of the code, and headline figures of the same id that rest on the
    same file. Variants of one notebook may differ: they ask of other people.
    """
    told = [one for one in reports if one.good is not None]
    return [*_exports(told), *_times(told), *_commits(told), *_figures(told)]


def _exports(reports: Iterable[Report]) -> Iterator[str]:
    """Yield the data files that reports read in different states."""
    seen: dict[str, dict[str, list[Report]]] = defaultdict(lambda: defaultdict(list))
    for report in reports:
        for path, digest in _files(report).items():
            seen[path][digest].append(report)
    for path, by_digest in seen.items():
        if len(by_digest) > 1:
            groups = sorted(by_digest.values(), key=_day, reverse=True)[:_MOST]
            read = [f"{_titles(group)} (run of {_day(group)})" for group in groups]
            if len(by_digest) > _MOST:
                read.append(f"{len(by_digest) - _MOST} more exports")
            told = "; ".join(read)
            yield f"These answers rest on different exports of {path}: {told}."


def _times(reports: Sequence[Report]) -> Iterator[str]:
    """Say when the answers are of different days."""
    if not reports:
        return
    old, new = min(reports, key=_moment), max(reports, key=_moment)
    if _moment(new) - _moment(old) > _APART:
        yield (
            f"These answers are of different days: {old.title} of {_day([old])}, "
            f"{new.title} of {_day([new])}."
        )


def _commits(reports: Iterable[Report]) -> Iterator[str]:
    """Say when different versions of the code made the answers."""
    made: dict[str, list[Report]] = defaultdict(list)
    for report in reports:
        commit = str((_run(report).get("git") or {}).get("commit") or "")
        if commit:
            made[commit].append(report)
    if len(made) > 1:
        parts = [
            f"{_titles(group)} with {commit[:8]}" for commit, group in made.items()
        ]
        yield f"Different versions of the code made these answers: {'; '.join(parts)}."


def _figures(reports: Sequence[Report]) -> Iterator[str]:
    """Yield headline figures that bear one name and have two values."""
    named: dict[tuple[str, str], list[tuple[Report, Mapping[str, Any]]]]
    named = defaultdict(list)
    for report in reports:
        for figure in english(_run(report)).get("figures") or []:
            key = str(figure.get("id")), str(figure.get("unit"))
            named[key].append((report, figure))
    for places in named.values():
        first, said = places[0]
        for other, also in places[1:]:
            if said.get("value") != also.get("value") and _comparable(first, other):
                yield (
                    f"{_figure(said)} in “{first.title}” and {_value(also)} in "
                    f"“{other.title}”, from the same file: read both before quoting "
                    "either."
                )
                break


def _figure(card: Mapping[str, Any]) -> str:
    return f"{card.get('label')} is {_value(card)}"


def _value(card: Mapping[str, Any]) -> str:
    return f"{card.get('value')} {card.get('unit') or ''}".rstrip()


def _comparable(one: Report, other: Report) -> bool:
    """Whether two reports are of different notebooks and share a data file."""
    same = _files(one).items() & _files(other).items()
    return bool(same) and one.name.partition(".")[0] != other.name.partition(".")[0]


def _run(report: Report) -> Mapping[str, Any]:
    return report.good or {}


def _files(report: Report) -> dict[str, str]:
    """Return the hash of each data file of a report, by path."""
    files = _run(report).get("data") or []
    return {str(f["path"]): str(f["sha256"]) for f in files if f.get("sha256")}


def _moment(report: Report) -> dt.datetime:
    """Return when a report's answer was made."""
    try:
        found = dt.datetime.fromisoformat(str(_run(report)["started"]))
    except (KeyError, ValueError):
        return dt.datetime.fromtimestamp(0, dt.UTC)
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)


def _day(reports: Iterable[Report]) -> str:
    """Return the day of the newest of some reports."""
    return max(str(_run(one).get("started", "")) for one in reports)[:10]


def _titles(reports: Sequence[Report]) -> str:
    """Return up to three titles as a list in words."""
    titles = [f"“{one.title}”" for one in reports[:3]]
    if len(reports) > 3:
        titles.append(f"{len(reports) - 3} more")
    return (
        titles[0] if len(titles) == 1 else f"{', '.join(titles[:-1])} and {titles[-1]}"
    )
