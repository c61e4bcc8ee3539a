"""Four real runs, shared: done, failed, stopped by data, killed kernel."""

from __future__ import annotations

import json

import pytest

from cxlib.report.states import worst
from cxlib.run import Runner, check, write_site

NAMES = ("good", "fails", "stops", "dies")


@pytest.fixture(scope="module")
def ran(shared_workbook, silent):
    """All four, two at a time, with the progress they reported."""
    progress = silent()
    paths = [shared_workbook / f"params/sample/{name}.yaml" for name in NAMES]
    runner = Runner(out=shared_workbook / "reports", progress=progress, n_jobs=2)
    outcomes = {one.job.name: one for one in runner.run(check(paths))}
    write_site(shared_workbook / "reports")
    return outcomes, progress


def manifest(outcome):
    return json.loads((outcome.folder / "manifest.json").read_text())


def page(outcome):
    return outcome.report.read_text()


def test_status_comes_from_what_happened(ran):
    outcomes, _ = ran
    assert {name: one.status for name, one in outcomes.items()} == {
        "good": "ok",
        "fails": "failed",
        "stops": "data",
        "dies": "died",
    }
    codes = [outcomes[name].exit_code for name in NAMES]
    assert codes == [0, 1, 3, 1]
    assert [manifest(outcomes[name])["exit_code"] for name in NAMES] == codes


def test_errors_are_worded_for_people(ran):
    outcomes, _ = ran
    assert outcomes["good"].error == ""
    assert outcomes["fails"].error == "KeyError: 'plan'"
    assert outcomes["stops"].error == (
        "The answers break their contract.\n"
        "  - column 'respondent_id': holds blank ids (12 rows). Fill them in."
    )
    assert outcomes["dies"].error.startswith("The kernel died before the cell was done")


def test_progress_tells_start_cells_and_end(ran):
    _, progress = ran
    assert ("started", "good") in progress.told
    assert ("ended", "fails", "failed") in progress.told
    cells = [told[2:] for told in progress.told if told[:2] == ("moved", "good")]
    assert cells == [(i, 11) for i in range(1, 12)]


def test_run_folder_holds_what_the_readme_promises(ran):
    folder = ran[0]["good"].folder
    found = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*"))
    assert found == [
        "manifest.json",
        "report.html",
        "report.ipynb",
        "results.json",
        "review.html",
        "tables",
        "tables/score.csv",
    ]


@pytest.mark.parametrize("name", NAMES)
def test_every_run_that_started_has_a_page_for_reviewers(ran, browser, name):
    outcomes, _ = ran
    page = browser.open(outcomes[name].folder / "review.html")
    text = page.inner_text("body")
    if outcomes[name].status != "ok":
        assert outcomes[name].error.splitlines()[0] in text
    assert "slot = report.placeholder(thresholds)" in text
    assert "PWNED" not in page.title()
    assert browser.axe(page) == []


def test_no_spare_files_are_left(ran, shared_workbook):
    known = {".site.lock", ".run.lock", ".cx"}
    spare = [p for p in shared_workbook.rglob(".*") if p.name not in known]
    assert spare == []
    assert not list(shared_workbook.rglob("kernel.log"))


def test_manifest_says_how_to_repeat_the_run(ran):
    said = manifest(ran[0]["good"])
    assert said["programme"], said["name"] == ("sample", "good")
    source = {"path": "data/answers.csv"}
    assert said["params"] == {"segment": "plan", "responses": source}
    assert said["defaults"]["level"] == 0.95
    assert said["seed"] == 7
    assert said["notebook"] == "notebooks/good.ipynb"
    assert said["params_file"] == "params/sample/good.yaml"
    assert len(said["notebook_sha256"]) == 64
    assert said["packages"]["pandas"]
    assert said["python"].startswith("3.")
    assert said["status"] == "ok"
    assert said["seconds"] > 0
    assert said["started"] < said["finished"]
    assert "pid" not in said
    files = {file["path"]: file for file in said["data"]}
    assert set(files) == {"data/answers.csv", "data/book.yaml"}
    assert files["data/answers.csv"]["bytes"] > 0
    assert len(files["data/answers.csv"]["sha256"]) == 64
    assert said["headline"]["decision"] == "Mend delivery first."
    assert said["headline"]["figures"][0]["interval"] == "95 % CI −28.2 to −21.1"


def test_results_and_tables(ran):
    folder = ran[0]["good"].folder
    results = json.loads((folder / "results.json").read_text())
    assert results["findings"][0]["estimate"] == -24.7
    assert results["tables"] == ["tables/score.csv"]
    lines = (folder / "tables/score.csv").read_text().splitlines()
    assert lines == ["segment,estimate,n", "'=1+1,-24.7,2353", "pro,3.2,9"]


@pytest.mark.parametrize("name", ["fails", "dies"])
def test_partial_output_is_kept_and_the_rest_marked(ran, name):
    outcome = ran[0][name]
    html = page(outcome)
    assert "partial output" in (outcome.folder / "report.ipynb").read_text()
    assert "partial output" in html
    assert 'role="alert"' in html
    assert html.count('id="failed"') == 1
    assert html.index("The run stopped in this cell.") < html.index('class="notrun"')
    assert "The run stopped before it could answer." in html
    assert "papermill-error-cell" not in html


def test_data_stop_reads_as_sentences(ran):
    html = page(ran[0]["stops"])
    assert "Data stop" in html
    problem = "column 'respondent_id': holds blank ids (12 rows). Fill them in."
    assert f"<li>{problem}</li>" in html
    assert "Traceback" not in html


def test_report_answers_first(ran):
    html = page(ran[0]["good"])
    answer, found = html.index("cx-answer"), html.index('id="What-was-found"')
    assert html.index("<h1") < html.index('class="cx-figures"') < found
    assert answer < found
    assert "No answer yet" not in html
    assert "Completed" in html


def test_hostile_verbatim_is_harmless(ran):
    html = page(ran[0]["good"])
    body = html[html.index("<main") : html.index("</main>")]
    assert "<script" not in body
    assert "onerror=" not in body.replace("onerror=document", "")
    assert "<meta" not in body
    assert "<link" not in body
    assert "<style" not in body
    assert 'src="http' not in html
    assert "&lt;script&gt;document.title='PWNED'" in body
    assert "image not shown" in body
    assert "U0VDUkVUL" not in html, "a local file was embedded"


def test_latest_leads_to_the_newest_run(ran):
    outcome = ran[0]["fails"]
    latest = (outcome.folder.parent / "latest.html").read_text()
    assert f'content="0; url={outcome.folder.name}/report.html"' in latest


def test_index_lists_failures_first(ran, shared_workbook):
    index = (shared_workbook / "reports/index.html").read_text()
    order = [index.index(f">{name}</a>") for name in ("fails", "dies", "stops", "good")]
    assert order == sorted(order)
    assert "95 % CI −28.2 to −21.1" in index
    assert f"sample/good/{ran[0]['good'].folder.name}/report.html" in index
    assert 'href="sample/good/index.html"' in index


def test_worst_ending_decides_the_exit_code():
    assert worst([0, 3, 2, 1]) == 1
    assert worst([0, 3, 2]) == 2
    assert worst([3, 0]) == 3
    assert worst([0, 0]) == 0
    assert worst([1, 130]) == 130
    assert worst([0, 4]) == 4
    assert worst([4, 3]) == 3
    assert worst([]) == 0
