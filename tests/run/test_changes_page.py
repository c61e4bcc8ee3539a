"""The block of a report that says what changed, as a browser shows it."""

from __future__ import annotations

import nbformat
import pytest

from cxlib.report.exporter import ReportExporter

from .conftest import HOSTILE, code, new_markdown_cell, new_notebook

ROW = {
    "id": "NPS", "label": "NPS", "unit": "points", "headline": True, "was": 20.65,
    "now": 18.9, "difference": -1.75, "noise": 4.1, "level": 0.95,
    "verdict": "within noise", "parts": {},
}  # fmt: skip


def row(name, verdict, **more):
    return (
        ROW | {"id": name, "label": name, "verdict": verdict, "headline": False} | more
    )


def block(state="within", **more):
    rows = [
        ROW,
        row("NPS channel call centre vs rest", "beyond noise"),
        row("NPS channel: app or call centre vs channel: store or web", "unclear"),
        row(HOSTILE, "no interval", noise=None),
        row("Share of promoters", "same", unit="share", difference=0.0),
    ]
    return {
        "since": "r0", "started": "2026-11-25T02:00:00", "href": "../r0/report.html",
        "text": f"Since the run of 25 Nov the data changed. {HOSTILE}", "state": state,
        "causes": [
            {"kind": "data", "what": f"data/{'x' * 90}.csv", "was": "1", "now": HOSTILE}
        ],
        "rows": rows, "appeared": [{"id": "a", "label": HOSTILE, "why": "not known"}],
        "vanished": [], "notes": ["Expected noise.", HOSTILE], "overlap": None,
    } | more  # fmt: skip


def written(tmp_path, changes):
    cells = [
        new_markdown_cell("# Report"),
        code("slot", "answer"),
        new_markdown_cell("## Data"),
    ]
    made = new_notebook(cells=cells)
    made.metadata["cx"] = {"status": "ok", "name": "x", "changes": changes}
    path = tmp_path / "report.html"
    path.write_text(ReportExporter().from_notebook_node(nbformat.from_dict(made))[0])
    return path


UNTOLD = [row("NPS", "not reproducible")]
FIRST = "First run: nothing to compare."
SPLIT = {"code": 0.0, "settings": -2.0, "data": 0.25}
BLOCKS = {
    "within": block(),
    "split": block(rows=[ROW | {"parts": SPLIT}]),
    "not reproducible": block(
        "not reproducible", rows=[row("NPS", "not reproducible")]
    ),
    "first": {
        "since": None,
        "text": FIRST,
        "state": "first",
    },
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_block_is_accessible_and_fits_a_phone(tmp_path, browser, scheme):
    phone = {"color_scheme": scheme, "viewport": {"width": 390, "height": 844}}
    for name, changes in BLOCKS.items():
        page = browser.open(written(tmp_path, changes), **phone)
        for details in page.locator(".cx-changes details").all():
            details.locator("summary").click()
        assert browser.axe(page) == [], name
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, name
        assert page.title().startswith("Report")
        assert page.locator(".cx-changes img, .cx-changes script").count() == 0


def test_what_stands_out_is_shown_and_the_rest_a_click_away(tmp_path, browser):
    page = browser.open(written(tmp_path, block()))
    shown = page.locator(".cx-changes > .scroll .cx-moves tbody tr")
    assert shown.count() == 3
    assert shown.nth(0).inner_text().split("\t") == [
        "NPS points", "20.65", "18.90", "−1.75", "±4.1", "within noise",
    ]  # fmt: skip
    assert shown.nth(2).inner_text().endswith("could be chance, one among 4")
    folded = page.locator(".cx-changes details .cx-moves")
    assert not folded.is_visible()
    page.get_by_text("The other 2 numbers").click()
    assert folded.is_visible()
    assert page.locator("#contents a[href='#changes']").count() == 1


def test_no_block_without_a_runner(tmp_path):
    assert "cx-changes" not in written(tmp_path, None).read_text().split("</style>")[1]
