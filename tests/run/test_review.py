"""The reviewer's page: every number as computed, and how to repeat the run."""

from __future__ import annotations

import json
import re
import subprocess

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from cxlib.run.audiences.review import review
from cxlib.run.audiences.signoff import Standing
from tests.run.conftest import PARAMETERS
from tests.run.site import Site

FINDING = {"id": "nps", "result": "score", "unit": "points", "n": 3926,
           "statement": "NPS is 20.7 points (90 % CI 17.7 to 23.5, n = 3,926).",
           "estimate": 20.650955311172225, "ci_lower": 17.71599136090594,
           "ci_upper": 23.54540251661153}  # fmt: skip
RESULTS = {
    "findings": [FINDING, FINDING | {"id": "bare", "ci_lower": None, "ci_upper": None}],
    "results": [{"name": "score", "text": "NPS is 20.7.", "method": "Adjusted Wald."},
                {"name": "trend", "text": "Not run: no wave.", "method": ""}],
    "assumptions": [{"text": "Those who answer are like the rest.", "quality": "low",
                     "impact": "high", "results": ["score"]}],
    "sources": [{"table": "responses", "counts": {"asked": 50, "blank": 7}}],
    "tables": ["tables/score.csv"],
}  # fmt: skip
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>"


def notebook(shown="<table><tr><th>rule</th></tr></table>"):
    check = new_code_cell("survey", execution_count=3)
    check.outputs = [new_output("display_data", {"text/html": shown})]
    cells = [
        new_markdown_cell("# Is it good?"),
        new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]}, execution_count=1),
        new_markdown_cell("## Can these data answer the question?"),
        check,
        new_markdown_cell("## What was found"),
        new_code_cell(f"text = {HOSTILE!r}", execution_count=None),
    ]
    return new_notebook(cells=cells)


@pytest.fixture
def page(tmp_path):
    """Make the page of a run; its manifest may be changed."""
    folder = Site(tmp_path).add("good", results=RESULTS)

    def make(node=None, standing=None, **changes):
        record = json.loads((folder / "manifest.json").read_text())
        record |= {"home": "../../../index.html", "params": {"segment": "region"},
                   "git": {"commit": "c" * 40, "dirty": False}, "packages": {"a": "1"},
                   "notebook": "notebooks/good.ipynb", "python": "3.11.7"}  # fmt: skip
        standing = standing or Standing(kind="off", text="", tone="idle")
        record |= changes
        node = node or notebook()
        return review(record, folder, notebook=node, standing=standing)

    return make


def rows(html, heading):
    """The rows of the first table after a heading, as text."""
    part = html[html.index(f'id="{heading}"') :]
    table = part[part.index("<table") : part.index("</table>")]
    found = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S)
             for row in table.split("<tr")[1:]]  # fmt: skip
    return [[re.sub(r"<[^>]+>", " ", cell).strip() for cell in row] for row in found]


def test_findings_are_unrounded_with_level_and_table(page):
    html = page()
    _, nps, bare = rows(html, "findings")
    assert nps[1:] == ["20.650955311172225", "17.71599136090594 to 23.54540251661153",
                       "90 %", "3926", "points", "score.csv"]  # fmt: skip
    assert 'href="tables/score.csv"' in html
    assert bare[2:4] == ["none", ""]


def test_a_recorded_level_wins_over_the_sentence(page, tmp_path):
    [file] = tmp_path.rglob("results.json")
    file.write_text(json.dumps({"findings": [{**FINDING, "confidence_level": 0.8}]}))
    assert rows(page(), "findings")[1][3] == "80 %"


def test_methods_assumptions_and_counts_are_there(page):
    html = page()
    assert rows(html, "methods")[1:] == [
        ["score", "NPS is 20.7.", "Adjusted Wald."], ["trend", "Not run: no wave.", "–"]
    ]  # fmt: skip
    [_, weak] = rows(html, "assumptions")
    assert weak == ["Those who answer are like the rest.", "low", "high", "score"]
    assert re.search(r"<dt>asked</dt><dd>50</dd>", html)
    assert "rule" in html[html.index("What was checked") :]


def test_parameters_that_differ_are_marked_beside_their_default(page):
    found = {row[0]: row[1:] for row in rows(page(), "parameters")[1:]}
    assert found["● segment"][:2] == ["region", "plan"]
    assert found["level"][:2] == ["0.95", "the same"]
    assert "output_dir" not in found
    assert "1 of 10 differ" in page()


def test_the_steps_repeat_the_run(page, tmp_path):
    data = tmp_path / "data/a b.csv"
    data.parent.mkdir()
    data.write_text("x\n1\n")
    digest = subprocess.run(["sha256sum", data], capture_output=True, check=True)
    file = {"path": "data/a b.csv", "sha256": digest.stdout[:64].decode()}
    html = page(data=[file | {"rows": 1, "bytes": 4}])
    steps = re.findall(r"<pre>(.*?)</pre>", html[html.index('id="repeat"') :], re.S)
    assert steps[0] == f"git checkout {'c' * 40}"
    assert steps[2] == "cx run params/alpha/good.yaml --out repeat"
    done = subprocess.run(steps[1].replace("&lt;", "<"), shell=True, cwd=tmp_path,
                          capture_output=True, check=False)  # fmt: skip
    assert done.stdout.decode().strip().endswith("OK")


def test_uncommitted_changes_are_said_where_they_matter(page):
    assert "nothing uncommitted" in page()
    html = page(git={"commit": "c" * 40, "dirty": True})
    assert "the commit alone may not repeat it" in html
    assert "git checkout" not in page(git=None)


def test_code_is_open_and_says_what_did_not_run(page):
    html = page()
    code = html[html.index('id="code"') :]
    assert "segment: str" in code
    assert "Cell 3, not run" in code


def test_hostile_text_is_escaped_or_sanitised(page):
    standing = Standing(kind="signed", text=HOSTILE, tone="good")
    html = page(notebook(HOSTILE), standing, error=HOSTILE, headline={
        "decision": HOSTILE, "caveats": [HOSTILE]})  # fmt: skip
    assert "<script" not in html
    assert not re.search(r"<[^>]*onerror", html)
    assert "script-src 'none'" in html


def test_a_run_without_results_still_has_a_page(page, tmp_path):
    [file] = tmp_path.rglob("results.json")
    file.unlink()
    html = page(status="failed", error="It broke.\n- here")
    assert "The run left no findings." in html
    assert "It broke." in html
    assert "segment" in html
