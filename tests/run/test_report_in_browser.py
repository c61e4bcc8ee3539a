"""Reports of real runs in a real browser: read, saved, followed, printed."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from cxlib.report.exporter import ReportExporter
from cxlib.run import Runner, check, write_site

pytestmark = pytest.mark.slow
ENDINGS = ("good", "fails", "stops", "dies", "refused", "empty")


@pytest.fixture(scope="module")
def reports(shared_workbook, silent):
    """A report of each way to end, by name; the last is of a notebook without a run."""
    folder = shared_workbook / "params/sample"
    (folder / "refused.yaml").write_text("notebook: good\nsegmint: plan\n")
    paths = [folder / f"{name}.yaml" for name in ENDINGS[:-1]]
    runner = Runner(out=shared_workbook / "reports", progress=silent(), n_jobs=2)
    made = {one.job.name: one.report for one in runner.run(check(paths))}
    write_site(shared_workbook / "reports")
    made["empty"] = shared_workbook / "empty.html"
    empty = new_notebook(cells=[new_code_cell("1")])
    made["empty"].write_text(ReportExporter().from_notebook_node(empty)[0])
    return made


def showing(html):
    """Return a cell that displayed this HTML."""
    output = new_output("display_data", {"text/html": html})
    return new_code_cell("x", outputs=[output], execution_count=1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1300, 390])
def test_every_ending_can_be_read_by_all(reports, browser, scheme, width):
    assert set(reports) == set(ENDINGS)
    size = {"width": width, "height": 900}
    for name, path in reports.items():
        page = browser.open(path, color_scheme=scheme, viewport=size)
        assert browser.axe(page) == [], name
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, f"{name} scrolls sideways"


def test_code_is_shown_and_hidden(reports, browser):
    page = browser.open(reports["good"])
    opened = "document.querySelectorAll('details.code[open]').length"
    assert page.evaluate(opened) == 0
    page.get_by_role("button", name="Show code").click()
    assert page.evaluate(opened) == page.locator("details.code").count() > 3
    assert "report.placeholder(thresholds)" in page.locator("main").inner_text()
    page.get_by_role("button", name="Hide code").click()
    assert page.evaluate(opened) == 0


def test_a_table_is_saved_as_its_file_has_it(reports, browser):
    page = browser.open(reports["good"], accept_downloads=True)
    with page.expect_download() as saved:
        page.get_by_role("link", name="CSV of Table 1: What was found").click()
    name = saved.value.suggested_filename
    there = reports["good"].parent / "tables" / name
    assert name == "score.csv"
    assert Path(saved.value.path()).read_bytes() == there.read_bytes()


def test_a_table_without_a_file_is_saved_as_shown_and_runs_nothing(reports, browser):
    page = browser.open(reports["good"], accept_downloads=True)
    with page.expect_download() as saved:
        page.get_by_role("button", name="CSV as shown").last.click()
    text = Path(saved.value.path()).read_text("utf-8-sig")
    head, row = list(csv.reader(text.splitlines()))
    assert head[-1] == "v"
    assert row[-1].startswith("late <script>")


def test_a_saved_copy_guards_against_formulas(browser, tmp_path):
    rows = "".join(f"<tr><td>{one}</td></tr>" for one in ("=1+1", "−3.5", 'a "b", c'))
    shown = f"<table><thead><tr><th>@x</th></tr></thead><tbody>{rows}</tbody></table>"
    cell = showing(shown)
    path = tmp_path / "page.html"
    made = ReportExporter().from_notebook_node(new_notebook(cells=[cell]))[0]
    path.write_text(made)
    page = browser.open(path, accept_downloads=True)
    with page.expect_download() as saved:
        page.get_by_role("button", name="CSV as shown of Table 1").click()
    text = Path(saved.value.path()).read_text("utf-8-sig")
    assert text == '\'@x\n\'=1+1\n-3.5\n"a ""b"", c"\n'
    assert saved.value.suggested_filename.startswith("table-1")


def test_a_figure_leads_to_its_source_and_the_site_back_to_the_index(reports, browser):
    page = browser.open(reports["good"])
    page.locator(".cx-figures").get_by_role("link", name="Source of").first.click()
    row = page.locator("tr:target")
    assert "-24.7" in row.inner_text()
    record = json.loads((reports["good"].parent / "manifest.json").read_text())
    link = row.locator("a").get_attribute("href")
    assert link in record["files"]
    assert (
        record["data"][0]["sha256"][:12] in page.locator("footer p").first.inner_text()
    )
    page.get_by_role("link", name="All reports").click()
    assert page.url.endswith("/reports/index.html")
    assert page.title()


def test_prints_without_buttons_code_or_dark(reports, browser):
    page = browser.open(reports["good"], color_scheme="dark")
    page.get_by_role("button", name="Show code").click()
    page.emulate_media(media="print")
    for hidden in (".tools", "#contents", "details.code", ".get"):
        assert page.locator(hidden).count() > 0
        assert not page.locator(hidden).first.is_visible(), hidden
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert paper == "rgb(255, 255, 255)"
    assert page.pdf().startswith(b"%PDF")


def test_wide_tables_fit_the_paper(browser, tmp_path):
    cells = "".join(f"<td>{10.12 + i:.2f} (1.00 to 2.00)</td>" for i in range(12))
    head = "".join(f"<th>measure {i}</th>" for i in range(12))
    shown = f"<table class='dataframe cx'><thead><tr>{head}</tr></thead><tbody>"
    shown += f"<tr>{cells}</tr></tbody></table>"
    cell = showing(shown)
    path = tmp_path / "page.html"
    path.write_text(ReportExporter().from_notebook_node(new_notebook(cells=[cell]))[0])
    paper = {"width": round((210 - 28) / 25.4 * 96), "height": 1000}
    page = browser.open(path, viewport=paper)
    assert page.evaluate("document.querySelector('table').scrollWidth") > paper["width"]
    page.emulate_media(media="print")
    edge = "document.querySelector('table').getBoundingClientRect().right"
    assert page.evaluate(edge) <= paper["width"]
