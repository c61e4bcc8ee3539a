"""Notebook -> one self-contained, offline, accessible HTML file (nbconvert)."""

from __future__ import annotations

import html as html_text
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from nbconvert.exporters import HTMLExporter, TemplateExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbconvert.filters.widgetsdatatypefilter import WidgetsDataTypeFilter
from traitlets import default

from cxlib.report import language as languages
from cxlib.report import page
from cxlib.report.clean import sanitise, sanitise_author
from cxlib.report.code import code_html
from cxlib.report.compiled import Compiled
from cxlib.report.links import Links
from cxlib.report.pictures import data_uri
from cxlib.report.prepare import prepare
from cxlib.report.states import BY_ERROR
from cxlib.report.words import duration, exact, moment, size

_HERE = Path(__file__).parent
_COMPILED = Compiled()


class _Renderer(IPythonRenderer):
    """TeX becomes MathML, which browsers draw themselves: no MathJax."""

    def block_math(self, body: str) -> str:
        return _mathml(body, "block")

    def inline_math(self, body: str) -> str:
        return _mathml(body, "inline")


class ReportExporter(HTMLExporter):
    """Export a notebook as a report: `jupyter nbconvert --to cx notebook.ipynb`.

    Notes
    -----
    The page asks for nothing outside itself and runs one script of its own; a
    Content-Security-Policy enforces both. Everything a cell displayed is
    sanitised. What the runner recorded in the notebook's `cx` metadata appears at
    the foot; a notebook without it gets a plain report.
    """

    export_from_notebook = "CX report"
    _words = languages.translator("en")
    _links: Links | None = None

    def _template_name_default(self) -> str:
        return "cx"

    @default("extra_template_basedirs")
    def _own_templates(self) -> list[str]:
        return [*super()._default_extra_template_basedirs(), str(_HERE / "templates")]

    def default_filters(self) -> Iterable[tuple[str, Any]]:
        """Return nbconvert's filters and the template's own."""
        yield from super().default_filters()  # type: ignore[no-untyped-call]
        yield "author_markdown", self._author_markdown
        yield "output_markdown", _output_markdown
        yield "sanitise", sanitise
        yield "moment", moment
        yield "duration", duration
        yield "size", size
        yield "code_html", code_html
        yield "exact", exact
        yield "data_uri", lambda source, mime: data_uri(mime, source)

    def from_notebook_node(  # type: ignore[override]
        self, nb: Any, resources: dict[str, Any] | None = None
    ) -> tuple[str, dict[str, Any]]:
        """Return the page and nbconvert's resources; `nb` is left as it is."""
        html, resources = self._rendered(nb, dict(resources or {}))
        return page.finish(html, links=self._links, words=self._words), resources

    def _preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Add what the template needs, then as nbconvert: its caller made a copy."""
        script = page.asset("report.js")
        cx = prepare(nb)
        self._links = Links.of(cx, _folder(resources))
        self._words = languages.translator(cx["language"])
        resources["cx"] = {
            **cx,
            "ours": tuple(BY_ERROR),
            "css": page.asset("report.css"),
            "script": script,
            "policy": page.policy(script),
        }
        for step in self._preprocessors:
            nb, resources = step(nb, resources)
        return nb, resources

    def _create_environment(self) -> Any:
        environment = super()._create_environment()  # type: ignore[no-untyped-call]
        environment.bytecode_cache = _COMPILED
        return environment

    def _rendered(self, notebook: Any, resources: dict[str, Any]) -> Any:
        """Fill the template as nbconvert does, which then parses the page once more."""
        of = {"parent": self, "resources": resources}
        shown = WidgetsDataTypeFilter(notebook_metadata=self._nb_metadata, **of)
        self.register_filter("filter_data_type", shown)  # type: ignore[no-untyped-call]
        return TemplateExporter.from_notebook_node(self, notebook, resources)

    def _author_markdown(self, source: str, cell: Any, folder: str = "") -> str:
        """Render a Markdown cell; its own images are embedded."""
        renderer = _Renderer(
            escape=False,
            attachments=cell.get("attachments", {}),
            embed_images=True,
            path=folder,
            anchor_link_text="#",
        )
        source = self._words.markdown(source)
        return sanitise_author(MarkdownWithMath(renderer=renderer).render(source))


def _folder(resources: dict[str, Any]) -> Path | None:
    """Return the folder the page will stand in, where anybody said it."""
    named = resources.get("cx_folder") or resources.get("metadata", {}).get("path")
    return Path(named) if named else None


def _output_markdown(source: str) -> str:
    """Render displayed Markdown. No image is embedded: its path may be hostile."""
    renderer = _Renderer(escape=False, embed_images=False, exclude_anchor_links=True)
    return sanitise(MarkdownWithMath(renderer=renderer).render(source))


def _mathml(body: str, display: str) -> str:
    """Return TeX as MathML, or as code where it cannot be read."""
    from latex2mathml.converter import convert

    try:
        return str(convert(body, display=display))
    except Exception:  # latex2mathml raises many kinds on bad TeX
        return f"<code>{html_text.escape(body)}</code>"
