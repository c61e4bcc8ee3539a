"""The pages around the reports: what went wrong, the index, the history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cxlib.report.language import translate, translator
from cxlib.report.page import asset, policy
from cxlib.report.states import STATES
from cxlib.report.words import as_yaml, duration, message_blocks, moment
from cxlib.run.site.history import digest
from cxlib.run.site.links import href
from cxlib.run.site.rows import counts, courses, history_row, month_name, months
from cxlib.run.spoken import language_of
from cxlib.run.yamlfile import Trouble

if TYPE_CHECKING:
    from jinja2 import Environment

_HERE = Path(__file__).parent / "templates"


def problem_page(record: Mapping[str, Any], troubles: Iterable[Trouble]) -> str:
    """Return the page of a run that never started: what is wrong, how to mend it."""
    listed = list(troubles)
    return _render(
        "problem.html.j2",
        script="",
        language=language_of([record]),
        run=record,
        state=STATES[record["status"]],
        params=[one for one in listed if one.kind == "params"],
        data=[one for one in listed if one.kind == "data"],
        message=message_blocks(record["error"]),
    )


def redirect(record: Mapping[str, Any]) -> str:
    """Return latest.html: it leads to the newest run, on any disk, without links.

    `record` has programme, name, run_id and, where it is not the report, `page`: the
    link from the folder of the runs.
    """
    page = record.get("page") or href(record["run_id"], "report.html")
    return _render("latest.html.j2", script="", run=record, page=page)


def unfinished_page(values: Mapping[str, Any]) -> str:
    """Return the page of a run that never said how it ended."""
    return _render("unfinished.html.j2", script="", **values)


def index_page(
    groups: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]]
) -> str:
    """Return the index of the site: its groups, and counts over all its rows."""
    script = template_text("site.js")
    return _render("index.html.j2", script=script, groups=groups, counts=counts(rows))


def history_page(label: str, runs: Sequence[Mapping[str, Any]]) -> str:
    """Return all runs of one params file, the newest first."""
    rows = [history_row(run) for run in runs]
    return _render(
        "history.html.j2",
        script=template_text("site.js"),
        label=label,
        months=months(rows),
        counts=counts(rows),
        courses=courses(runs),
    )


def executive_page(values: Mapping[str, Any], *, language: str = "en") -> str:
    """Return the page of a programme for those who decide."""
    return _render("executive.html.j2", script="", language=language, **values)


def review_page(values: Mapping[str, Any]) -> str:
    """Return the page of a run for those who doubt it."""
    return _render("review.html.j2", script="", **values)


def style() -> str:
    """Return a short hash of what pages are made with."""
    texts = [template_text(path.name) for path in sorted(_HERE.iterdir())]
    return digest(asset("report.css"), *texts)


@cache
def template_text(name: str) -> str:
    """Return the text of one of the site's templates."""
    return (_HERE / name).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    """Return the templates; everything put into them is escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    words = {"duration": duration, "moment": moment, "month": month_name}
    environment.filters.update({**words, "yaml": as_yaml, "href": href})
    return environment


def _render(template: str, *, script: str, language: str = "en", **values: Any) -> str:
    """Fill a template with values, our style sheet, script and policy."""
    from markupsafe import Markup

    page = (
        _environment()
        .get_template(template)
        .render(
            **values,
            policy=policy(script),
            script=Markup(script),
            css=Markup(asset("report.css") + template_text("site.css")),
        )
    )
    return page if language == "en" else _translated(page, language)


def _translated(page: str, language: str) -> str:
    """Return a page in another language."""
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(page, "html.parser")
    translate(soup, translator(language))
    return str(soup)
