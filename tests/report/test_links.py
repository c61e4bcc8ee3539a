"""Tables lead to files, numbers to what they rest on; nothing leads astray."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from cxlib import report
from cxlib.report.exporter import ReportExporter
from cxlib.report.trace import EXPORT_MIME
from cxlib.result import Assumption, Finding, Result

FOUND = Finding(id="nps a/b", statement="NPS is 1.", estimate=1 / 3, unit="points",
                ci_lower=-0.25, ci_upper=None, n=3926, label="NPS")  # fmt: skip
WEAK = Assumption(text="Nobody <b>lied</b>.", quality="low", impact="high")
GOOD = Assumption(text="Answers are independent.", quality="high", impact="low")


class Score(Result):
    """A result with one finding."""

    text = "NPS is 1 (95 % CI 0 to 2)."
    findings = (FOUND,)


def score(rows=2):
    names = ["=1+1", "b"] * (rows // 2)
    table = pd.DataFrame({"segment": names, "estimate": [1 / 3] * len(names)})
    return Score(table=table, unit="points", assumptions=(WEAK, GOOD))


def cell(*bundles):
    outputs = [new_output("display_data", bundle) for bundle in bundles]
    return new_code_cell("show", outputs=outputs, execution_count=1)


def shown(result):
    return cell({"text/html": result._repr_html_(), "text/plain": result.text})


def page(*cells, folder=None, templates=(), **cx):
    notebook = new_notebook(cells=[new_markdown_cell("# T\n\n## Part"), *cells])
    if cx:
        notebook.metadata["cx"] = cx
    exporter = ReportExporter(extra_template_paths=[str(one) for one in templates])
    where = {"cx_folder": str(folder)} if folder else {}
    return BeautifulSoup(exporter.from_notebook_node(notebook, where)[0], "html.parser")


def written(folder, result, **others):
    return cell(report.export(folder, {"score": result} | others)._repr_mimebundle_())


def test_a_small_table_travels_inside_the_page(tmp_path):
    result = score()
    made = page(shown(result), written(tmp_path, result), folder=tmp_path)
    [link] = made.select(".html .get a[download]")
    head, _, body = link["href"].partition(",")
    assert (head, link["download"]) == ("data:text/csv;charset=utf-8", "score.csv")
    assert unquote_to_bytes(body) == (tmp_path / "tables/score.csv").read_bytes()
    assert b"'=1+1" in unquote_to_bytes(body)
    assert link["aria-label"] == "CSV of Table 1: Part"
    assert made.select("[data-result]") == []


def test_a_large_table_is_a_file_beside_the_page(tmp_path):
    result = score(rows=400)
    made = page(shown(result), written(tmp_path, result), folder=tmp_path)
    assert made.select_one(".get a[download]")["href"] == "tables/score.csv"


def test_the_pages_own_copies_have_a_limit(tmp_path):
    results = {f"r{i}": score(rows=2 * (i + 50)) for i in range(20)}
    cells = [shown(one) for one in results.values()]
    made = page(*cells, written(tmp_path, score(), **results), folder=tmp_path)
    links = [one["href"] for one in made.select(".get a[download]")]
    inside = [one for one in links if one.startswith("data:")]
    assert len(links) == 20
    assert 3 < len(inside) < 20
    assert sum(map(len, inside)) < 26_000


@pytest.mark.parametrize("there", [True, False])
def test_no_link_leads_nowhere(tmp_path, there):
    result = score()
    export = written(tmp_path, result)
    (tmp_path / "tables/score.csv").unlink()
    made = page(shown(result), export, folder=tmp_path if there else None)
    assert made.select("a[download], .trace a") == []
    ids = {one["id"] for one in made.select("[id]")}
    inner = [a["href"][1:] for a in made.select("a[href^='#']")]
    assert set(inner) <= ids


def test_a_chart_whose_sentence_was_only_printed_has_the_link(tmp_path):
    result = score()
    chart = cell({"image/png": "AAAA", "text/plain": result.text})
    made = page(chart, written(tmp_path, result), folder=tmp_path)
    assert made.select_one("figcaption a[download]")["aria-label"] == "CSV of Figure 1"


def test_what_a_notebook_claims_cannot_read_another_file(tmp_path):
    (tmp_path / "secret.csv").write_text("SECRET")
    result = score()
    claims = {"file": "../secret.csv", "shown": "", "said": ""}
    export = written(tmp_path / "run", result)
    record = export.outputs[0].data[EXPORT_MIME]
    record["results"]["score"] |= {"file": claims["file"]}
    made = page(shown(result), export, folder=tmp_path / "run")
    assert "SECRET" not in str(made)
    assert "secret" not in str(made)


def test_each_figure_leads_to_its_unrounded_number_and_its_data(tmp_path):
    result = score()
    headline = report.answer(result, decision="Do it.")
    slot = cell(headline._repr_mimebundle_())
    run = {
        "notebook": "notebooks/a.ipynb", "notebook_sha256": "a" * 64, "seed": 7,
        "git": {"commit": "c" * 40}, "files": ["tables/score.csv"],
        "data": [{"path": "data/a.csv", "rows": 1, "bytes": 1, "sha256": "d" * 64}],
    }  # fmt: skip
    made = page(slot, written(tmp_path, result), folder=tmp_path, **run)
    link = made.select_one(".cx-figures a")
    row = made.find(id=link["href"][1:])
    assert link["aria-label"] == "Source of NPS"
    assert str(1 / 3) in link["title"]
    cells = [one.get_text() for one in row.find_all(["th", "td"])]
    assert cells == ["NPS", str(1 / 3), "-0.25", "–", "3926", "points", "score"]
    assert row.a["href"] == "tables/score.csv"
    told = row.find_parent("footer").p.get_text()
    for part in ("notebooks/a.ipynb", "a" * 12, "c" * 12, "seed 7", "d" * 12):
        assert part in told
    assert made.select(".cx-files") == [], "the files are listed once, at the foot"


def test_findings_of_one_name_have_rows_of_their_own(tmp_path):
    result = score()
    made = page(written(tmp_path, result, twin=result))
    export = written(tmp_path, result)
    record = export.outputs[0].data[EXPORT_MIME]
    record["findings"] *= 2
    made = page(export)
    ids = [row["id"] for row in made.select(".trace tbody tr")]
    assert ids == ["trace-score-nps-a-b", "trace-score-nps-a-b-2"]


def test_the_answer_says_how_well_its_assumptions_are_supported():
    result = score()
    slot = cell(report.answer(result, decision="Do it.")._repr_mimebundle_())
    made = page(slot, cell({"text/html": report.ledger(result)._repr_html_()}))
    line = made.select_one(".cx-answer .cx-grades")
    assert " ".join(line.get_text().split()) == (
        "It rests on 2 assumptions: 1 weakly and 1 well supported. The weakest: nobody "
        "<b>lied</b>. All assumptions"
    )
    assert made.select_one("#assumptions table.cx-ledger")


def test_a_section_of_which_nothing_ran_takes_one_line():
    skip = report.skipped("the data have no <wave> column")
    bundle = {"text/html": skip._repr_html_(), "text/plain": skip.text}
    made = page(
        new_markdown_cell("## How did it *move*?\n\nWhat to look for."),
        cell(bundle),
        cell(),
        new_markdown_cell("More on it."),
        new_markdown_cell("## And now?"),
        cell({"text/plain": "x"}),
        cell(bundle),
    )
    [line] = made.select(".omitted")
    why = "Not run: the data have no <wave> column."
    assert " ".join(line.text.split()) == f"How did it move? {why}"
    assert "What to look for" not in made.main.text
    assert "More on it" not in made.main.text
    assert [a.text for a in made.select("#contents a")][-1] == "And now?"
    assert len(made.select(".cx-skipped")) == 1


def test_sections_after_the_cell_that_stopped_the_run_take_one_line():
    broken = cell(new_output("error", ename="KeyError", evalue="x", traceback=[]))
    broken.outputs = [new_output("error", ename="KeyError", evalue="x", traceback=[])]
    made = page(broken, new_markdown_cell("## Later"), new_code_cell("later()"))
    assert made.select_one(".omitted").get_text(" ").split() == ["Later", "Not", "run."]
    assert made.select_one("#failed")


@pytest.mark.parametrize("answered", [True, False])
def test_what_changed_stands_below_the_answer_or_the_title(answered):
    slot = cell(report.answer(score(), decision="Do it.")._repr_mimebundle_())
    cells = [slot] if answered else [cell({"text/plain": "x"})]
    made = page(*cells, changes={"state": "first", "text": "Up <1>."})
    [news] = made.select(".cx-changes")
    assert "Up <1>." in news.text
    before = ".cx-answer" if answered else "h1"
    assert made.select_one(before) in news.find_all_previous()
    assert page(*cells).select(".cx-changes") == []


def test_the_record_in_the_notebook_is_plain_json(tmp_path):
    bundle = written(tmp_path, score()).outputs[0].data
    assert json.loads(json.dumps(bundle[EXPORT_MIME]))["findings"][0]["id"] == "nps a/b"
    assert Path(tmp_path / "results.json").is_file()
