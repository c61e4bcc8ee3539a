"""Bring what decision-makers and reviewers see up to date with runs and sign-offs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from cxlib.report.files import read_json, write_text
from cxlib.report.language import translator
from cxlib.run.audiences import executive, review
from cxlib.run.audiences.latest import Report, latest
from cxlib.run.audiences.signoff import SignOffs, Standing, of_programme, shown_line
from cxlib.run.spoken import language_of

_PAGES = ("report.html", review.PAGE)


def write_audiences(out: Path) -> dict[tuple[str, str], Standing]:
    """Write the executive pages and the sign-off lines that are out of date.

    Parameters
    ----------
    out : pathlib.Path
        The reports folder.

    Returns
    -------
    dict
        Programme and name of each report -> where its latest completed run stands.

    Notes
    -----
    A programme whose latest runs and sign-off file are those its executive page was
    made from is left alone. Read are manifests, results.json and exported tables;
    no notebook is run.
    """
    standings = {}
    for programme, reports in latest(out).items():
        signoffs = of_programme(reports, out)
        page = out / programme / executive.PAGE
        made_from = executive.made_from(reports, signoffs)
        if not executive.is_current(page, made_from):
            for folder in _concerned(reports, signoffs):
                _update_lines(folder, signoffs)
            text = executive.executive(reports, signoffs, made_from=made_from)
            write_text(page, text)
        for one in reports:
            standings[programme, one.name] = signoffs.standing(one)
    return standings


def _concerned(reports: Iterable[Report], signoffs: SignOffs) -> set[Path]:
    """Return the runs whose pages say where they stand: the latest and the signed."""
    places = {one.name: one.place for one in reports}
    signed = {
        places[one.report] / one.run
        for one in signoffs.entries
        if one.run and one.report in places
    }
    return signed | {one.folder for one in reports}


def _update_lines(folder: Path, signoffs: SignOffs) -> None:
    """Rewrite the sign-off line of a run's pages where it has changed."""
    run = read_json(folder / "manifest.json")
    if not run:
        return
    words = translator(language_of([run]))
    standing = signoffs.of_run(run, folder).spoken(words)
    for name in _PAGES:
        page = folder / name
        if page.is_file():
            before = page.read_text(encoding="utf-8")
            after = shown_line(before, standing)
            if after != before:
                write_text(page, after)
