"""Which question of the business each notebook belongs to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cxlib.run.audiences.latest import Report


@dataclass(frozen=True, slots=True)
class Area:
    """A heading of the executive page.

    `prefixes` are how names of its notebooks begin, `first` the notebooks that speak
    for it, in the order in which they are asked.
    """

    title: str
    prefixes: tuple[str, ...]
    first: tuple[str, ...]


AREAS = (
    Area("What customers say", ("voc", "coding"), ("voc_impact", "voc_coding")),
    Area(
        "How they score us",
        ("nps", "csat", "ces"),
        ("nps_segmentation", "nps_drivers", "nps_survey"),
    ),
    Area(
        "Their journeys",
        ("journey", "experiment"),
        ("journey_comparison", "journey_observed", "journey_paths"),
    ),
    Area(
        "What it is worth",
        ("roi", "customer"),
        ("roi_regression", "roi_tracking", "customer_value"),
    ),
)
OTHERS = Area("Other questions", ("",), ())


def by_area(reports: Iterable[Report]) -> list[tuple[Area, list[Report]]]:
    """Return the reports under their headings, the one that speaks for it first.

    A notebook that no area knows is found under the last heading; an area without
    a report is left out. A report without an answer never comes first.
    """
    listed: dict[str, list[Report]] = {}
    for report in reports:
        listed.setdefault(area_of(report.name).title, []).append(report)
    return [
        (area, sorted(listed[area.title], key=lambda one: _place(area, one)))
        for area in (*AREAS, OTHERS)
        if area.title in listed
    ]


def area_of(name: str) -> Area:
    """Return the area of a report by its name.

    >>> area_of("nps_segmentation.stores").title, area_of("churn").title
    ('How they score us', 'Other questions')
    """
    for area in AREAS:
        if name.startswith(area.prefixes):
            return area
    return OTHERS


def _place(area: Area, report: Report) -> tuple[bool, int, str]:
    """Return what orders the reports of an area."""
    stem = report.name.partition(".")[0]
    known = area.first.index(stem) if stem in area.first else len(area.first)
    return report.good is None, known, report.name
