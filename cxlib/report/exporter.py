"""Notebook -> one self-contained, offline, accessible HTML file (nbconvert)."""

from __future__ import annotations

import copy
import html as html_text
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from nbconvert.exporters import HTMLExporter, TemplateExporter
from nbconvert.filters.highlight import Highlight2HTML
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbconvert.filters.widgetsdatatypefilter import WidgetsDataTypeFilter
from traitlets import default

from cxlib.report import language as languages
from cxlib.report import page
from cxlib.report.clean import sanitise, sanitise_author
from cxlib.report.compiled import Compiled
from cxlib.report.pictures import repacked
from cxlib.report.prepare import prepare
from cxlib.report.states import BY_ERROR
from cxlib.report.words import duration, moment, size

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
        yield "repacked", lambda source, mime: repacked(mime, source)

    def from_notebook_node(  # type: ignore[override]
        self, nb: Any, resources: dict[str, Any] | None = None
    ) -> tuple[str, dict[str, Any]]:
        """Return the page and nbconvert's resources; `nb` is left as it is."""
        notebook = copy.deepcopy(nb)
        resources = dict(resources or {})
        script = page.asset("report.js")
        prepared = prepare(notebook)
        self._words = languages.translator(prepared["language"])
        resources["cx"] = {
            **prepared,
            "ours": tuple(BY_ERROR),
            "css": page.asset("report.css"),
            "script": script,
            "policy": page.policy(script),
        }
        html, resources = self._rendered(notebook, resources)
        return page.finish(html, self._words), resources

    def _create_environment(self) -> Any:
        environment = super()._create_environment()  # type: ignore[no-untyped-call]
        environment.bytecode_cache = _COMPILED
        return environment

    def _rendered(self, notebook: Any, resources: dict[str, Any]) -> Any:
        """Fill the template as nbconvert does, which then parses the page once more."""
        of = {"parent": self, "resources": resources}
        shown = WidgetsDataTypeFilter(notebook_metadata=self._nb_metadata, **of)
        filters = {
            "filter_data_type": shown,
            "highlight_code": self._highlighter(notebook),
        }
        for name, one in filters.items():
            self.register_filter(name, one)  # type: ignore[no-untyped-call]
        return TemplateExporter.from_notebook_node(self, notebook, resources)

    def _highlighter(self, notebook: Any) -> Highlight2HTML:
        """Return the filter that colours code of the notebook's language."""
        language = notebook.metadata.get("language_info", {})
        lexer = language.get("pygments_lexer", language.get("name"))
        return Highlight2HTML(pygments_lexer=lexer, parent=self)

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
