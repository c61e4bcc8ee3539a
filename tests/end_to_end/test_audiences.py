"""One run, three readers: who decides, who analyses, who doubts; in a real browser."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cxlib.run.audiences.write import write_audiences
from tests.run.site import CHOSEN, FIGURE, Site, initiative

ROOT = Path(__file__).parents[2]
NAMES = ("nps_segmentation", "journey_comparison", "roi_choice", "roi_investment")
PHONE = {"width": 390, "height": 844}

pytestmark = pytest.mark.slow


def cx(book, *arguments):
    """Run the command line in a workbook."""
    return subprocess.run(
        [sys.executable, "-m", "cxlib", *map(str, arguments)], cwd=book,
        env={**os.environ, "CX_ROOT": str(book)}, capture_output=True, text=True,
        timeout=900, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """A copy of the workbook in which four reports of the sample have been made."""
    book = tmp_path_factory.mktemp("book")
    for name in ("notebooks", "data/sample", "params/sample"):
        shutil.copytree(ROOT / name, book / name)
    params = [book / f"params/sample/{name}.yaml" for name in NAMES]
    done = cx(book, "run", *params)
    assert done.returncode == 0, done.stdout + done.stderr
    return book


def run_of(book, name):
    """The newest run folder of a report."""
    return sorted((book / "reports/sample" / name).glob("2*"))[-1]


def words(page):
    return re.sub(r"\s+", " ", page.inner_text("body"))


def pages(pdf):
    """How many pages a PDF has."""
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


def test_the_executive_page_quotes_the_run_and_leads_to_it(book, browser):
    page = browser.open(book / "reports/sample/executive.html")
    text = words(page)
    for name in ("nps_segmentation", "journey_comparison"):
        said = json.loads((run_of(book, name) / "manifest.json").read_text())
        assert said["headline"]["decision"] in text
        card = said["headline"]["figures"][0]
        assert f"{card['value']} {card['unit']} {card['interval']}, {card['n']}" in text
    found = json.loads((run_of(book, "roi_choice") / "results.json").read_text())
    [npv] = [f for f in found["findings"] if f["id"] == CHOSEN["id"]]
    assert npv["statement"].split(". ")[0] in text
    page.get_by_role("link", name="NPS segmentation", exact=True).click()
    assert page.url.endswith("/report.html")
    page.get_by_role("link", name="For the reviewer").click()
    assert page.url.endswith("/review.html")
    page.get_by_role("link", name="sample").click()
    assert page.url.endswith("/executive.html")
    page.get_by_role("link", name="All reports").click()
    assert page.get_by_role("heading", name="Reports").is_visible()


def test_the_reviewer_reads_the_numbers_of_results_json(book, browser):
    folder = run_of(book, "nps_segmentation")
    page = browser.open(folder / "review.html")
    text = words(page)
    results = json.loads((folder / "results.json").read_text())
    for one in results["findings"]:
        assert str(one["estimate"]) in text
    for one in results["assumptions"]:
        assert one["text"] in text
    link = page.get_by_role("link", name="score.csv").get_attribute("href")
    assert str(results["findings"][0]["estimate"]) in (folder / link).read_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_accessible_and_fit_a_phone(book, browser, scheme):
    pages_ = [book / "reports/sample/executive.html"]
    pages_ += [run_of(book, name) / "review.html" for name in NAMES]
    for path in pages_:
        page = browser.open(path, color_scheme=scheme)
        assert browser.axe(page) == [], path
        page = browser.open(path, color_scheme=scheme, viewport=PHONE)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= PHONE["width"], path


def test_signing_shows_everywhere_and_does_not_outlive_its_results(book):
    folder = run_of(book, "nps_segmentation")
    params = book / "params/sample/nps_segmentation.yaml"
    done = cx(book, "sign", params, "--reviewer", "Ann Roe", "--note", "Read.")
    assert done.returncode == 0, done.stderr
    said = f"for run {folder.name}. Remark: Read."
    executive = book / "reports/sample/executive.html"
    for path in (folder / "report.html", folder / "review.html", executive):
        assert said in path.read_text(), path

    assert cx(book, "run", params).returncode == 0
    again = run_of(book, "nps_segmentation")
    assert again != folder
    page = (again / "report.html").read_text()
    assert "results are identical to those of run" in page

    params.write_text(params.read_text().replace("target: 25", "target: 15"))
    text = params.read_text() + "min_n: 300\n"
    params.write_text(text)
    assert cx(book, "run", params).returncode == 0
    newest = run_of(book, "nps_segmentation")
    for path in (newest / "report.html", newest / "review.html", executive):
        page = path.read_text()
        assert "Not reviewed. Accepted by Ann Roe" in page, path
        assert "settings (min_n, target) changed." in page, path


def test_print_has_one_page(book, browser, tmp_path):
    page = browser.open(book / "reports/sample/executive.html")
    pdf = page.pdf(prefer_css_page_size=True, print_background=True)
    assert pages(pdf) == 1


LONG = (
    "Look first at the place that everybody names, where the change of the score was "
    "−28.0 points (95 % CI −41.7 to −13.4) from one wave to the next. "
)


@pytest.mark.parametrize("variants", [0, 1, 4])
def test_a_large_programme_still_prints_on_one_page(tmp_path, browser, variants):
    site = Site(tmp_path)
    tables = {"chosen": [initiative(f"Initiative number {i}") for i in range(9)]}
    weak = [{"text": LONG, "quality": "low", "impact": "high"}]
    names = ["voc_impact", "nps_segmentation", "journey_comparison", "roi_choice",
             "roi_investment", "roi_regression", "churn"]  # fmt: skip
    for name in names:
        for i in range(variants + 1):
            alert = {"text": f"NPS is below 25 points in part {i}."}
            full = f"{name}.part{i}" if i else name
            headline = {"decision": 2 * LONG, "figures": [FIGURE, FIGURE]}
            results = {"findings": [CHOSEN], "assumptions": weak}
            data = [{"path": f"data/{i}.csv", "sha256": f"{name}{i}", "rows": 3}]
            site.add(full, 1 + i, "ok" if i < 3 else "failed", headline=headline,
                     results=results, tables=tables, alerts=[alert],
                     data=data)  # fmt: skip
    write_audiences(site.out)
    page = browser.open(site.out / "alpha/executive.html")
    pdf = page.pdf(prefer_css_page_size=True, print_background=True)
    assert pages(pdf) == 1
