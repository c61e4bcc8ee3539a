"""The pages around the reports: what went wrong, the index, the history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from cxlib.report.page import asset, policy
from cxlib.report.states import STATES
from cxlib.report.words import as_yaml, duration, message_blocks, moment
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
        run=record,
        state=STATES[record["status"]],
        params=[one for one in listed if one.kind == "params"],
        data=[one for one in listed if one.kind == "data"],
        message=message_blocks(record["error"]),
    )


def redirect(record: Mapping[str, Any]) -> str:
    """Return latest.html: it leads to the newest run, on any disk, without links."""
    return _render("latest.html.j2", script="", run=record)


def index_page(groups: list[dict[str, Any]], counts: list[dict[str, Any]]) -> str:
    """Return the index of the site."""
    return _render(
        "index.html.j2", script=template_text("site.js"), groups=groups, counts=counts
    )


def history_page(label: str, runs: list[dict[str, Any]]) -> str:
    """Return all runs of one params file, the newest first."""
    return _render("history.html.j2", script="", label=label, runs=runs)


def executive_page(values: Mapping[str, Any]) -> str:
    """Return the page of a programme for those who decide."""
    return _render("executive.html.j2", script="", **values)


def review_page(values: Mapping[str, Any]) -> str:
    """Return the page of a run for those who doubt it."""
    return _render("review.html.j2", script="", **values)


def href(*parts: str) -> str:
    """Return a relative link made of path parts."""
    return "/".join(quote(part) for part in parts)


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
    filters = {"duration": duration, "moment": moment, "yaml": as_yaml, "href": href}
    environment.filters.update(filters)
    return environment


def _render(template: str, *, script: str, **values: Any) -> str:
    """Fill a template with values, our style sheet, script and policy."""
    from markupsafe import Markup

    return (
        _environment()
        .get_template(template)
        .render(
            **values,
            policy=policy(script),
            script=Markup(script),
            css=Markup(asset("report.css") + template_text("site.css")),
        )
    )
