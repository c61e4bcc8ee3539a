"""The pages of all sample notebooks: small, accessible, in the dark and on a phone."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from cxlib.report.exporter import ReportExporter

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
MAX_BYTES = 260_000

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_page(path, browser, tmp_path):
    notebook = nbformat.read(path, as_version=4)
    page = tmp_path / "report.html"
    page.write_text(ReportExporter().from_notebook_node(notebook)[0])
    assert page.stat().st_size <= MAX_BYTES
    for scheme in ("light", "dark"):
        for width in (1300, 390):
            size = {"width": width, "height": 900}
            opened = browser.open(page, color_scheme=scheme, viewport=size)
            assert browser.axe(opened) == [], (scheme, width)
            wide = opened.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, (scheme, width)
            captions = opened.locator("figcaption").all_inner_texts()
            assert all(len(text.split()) > 4 for text in captions), captions
            opened.context.close()
