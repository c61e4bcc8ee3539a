"""What changed between two runs: unit cases, and real runs one after another."""

from __future__ import annotations

import json
import shutil
import subprocess

import nbformat
import pytest

from cxlib.report.changes import changes_view, difference
from cxlib.run import Runner, check, write_site
from cxlib.run.changes.causes import causes
from cxlib.run.changes.compare import rows
from cxlib.run.changes.earlier import Run, old_copy, previous
from cxlib.run.changes.explain import explain
from cxlib.run.changes.overlap import APART
from cxlib.run.changes.words import sentence
from cxlib.run.provenance import code_hashes, sha256

from .conftest import SETUP, code, new_markdown_cell, new_notebook

DAY = "2026-11-25T02:00:00.000+00:00"


def finding(name, estimate, half=3.0, **more):
    ends = {"ci_lower": estimate - half, "ci_upper": estimate + half}
    base = {"id": name, "estimate": estimate, "unit": "points", "n": 1000, **ends}
    return base | more


def run(*findings, data=("a",), headline=("NPS",), **record):
    files = [
        {"path": f"{name}.csv", "sha256": name * 8, "rows": 10, "bytes": 1}
        | {"table": "responses"}
        for name in data
    ]
    base = {
        "started": DAY, "params": {}, "defaults": {"seed": 7}, "data": files,
        "code_sha256": {"notebook": "n", "cxlib": "c"}, "python": "3.11.7",
        "packages": {"numpy": "2"}, "notebook": "notebooks/x.ipynb",
        "headline": {"figures": [{"id": one} for one in headline]},
    }  # fmt: skip
    return Run(record=base | record, results={"findings": list(findings)})


def told(was, now, tmp_path, **options):
    """Return causes, rows and sentence of two runs."""
    found = causes(was, now, tmp_path)
    kinds = {one.kind for one in found}
    compared = rows(was, now, kinds=kinds, overlap=APART, **options)
    said = sentence(compared, found, since=DAY, n_rows=None)
    return [(one.kind, one.what) for one in found], compared, said


def test_nothing_changed_and_nothing_moved(tmp_path):
    one = run(finding("NPS", 20.0))
    found, compared, said = told(one, one, tmp_path)
    assert found == []
    assert compared[0]["verdict"] == "same"
    assert said == (
        "Nothing changed since the run of 2026-11-25 02:00 UTC: the same data, code, "
        "settings and seed, and the same 1 number."
    )


def test_the_last_digit_of_a_float_is_no_change(tmp_path):
    was, now = run(finding("NPS", 0.1 + 0.2)), run(finding("NPS", 0.3))
    assert told(was, now, tmp_path)[1][0]["verdict"] == "same"


def test_numbers_that_move_without_a_cause_are_loud(tmp_path):
    was, now = run(finding("NPS", 20.0)), run(finding("NPS", 20.4))
    _, compared, said = told(was, now, tmp_path)
    assert compared[0]["verdict"] == "not reproducible"
    assert said == (
        "Not reproducible: since the run of 2026-11-25 02:00 UTC data, code, settings "
        "and seed are the same, yet 1 of 1 number moved, such as NPS went from 20.0 to "
        "20.4 points (+0.4). Find out why before you use any of them."
    )


@pytest.mark.parametrize(
    ("now", "expected", "verdict"),
    [
        (run(finding("NPS", 21.0), data="b"), ("data", "b.csv"), "within noise"),
        (run(finding("NPS", 30.0), data="b"), ("data", "b.csv"), "beyond noise"),
        (run(finding("NPS", 21.0), params={"seed": 8}), ("seed", "seed"), "seed"),
        (
            run(finding("NPS", 21.0), params={"keep": {"country": "IT"}}),
            ("settings", "keep.country"),
            "settings",
        ),
        (
            run(finding("NPS", 21.0), defaults={"seed": 7, "min_n": 5}),
            ("code", "min_n"),
            "code",
        ),
        (
            run(finding("NPS", 21.0), packages={"numpy": "3"}),
            ("code", "numpy"),
            "code",
        ),
        (
            run(
                finding("NPS", 21.0),
                code_sha256={"notebook": "m", "cxlib": "c"},
            ),
            ("code", "notebooks/x.ipynb"),
            "code",
        ),
        (run(finding("NPS", 21.0), python="3.13"), ("code", "Python"), "code"),
    ],
)
def test_each_cause_is_named_and_owns_the_difference(tmp_path, now, expected, verdict):
    found, compared, _ = told(run(finding("NPS", 20.0)), now, tmp_path)
    assert expected in found
    assert {kind for kind, _ in found} == {expected[0]}
    assert compared[0]["verdict"] == verdict


def test_packages_that_only_draw_and_commits_alone_are_no_cause(tmp_path):
    was = run(finding("NPS", 20.0), git={"commit": "a" * 40, "dirty": False})
    now = run(
        finding("NPS", 20.0),
        git={"commit": "b" * 40, "dirty": True},
        packages={"numpy": "2", "matplotlib": "9"},
    )
    assert told(was, now, tmp_path)[0] == []


def test_a_manifest_from_before_code_hashes_falls_back_on_the_commit(tmp_path):
    old = {"code_sha256": None, "notebook_sha256": "x"}
    was = run(**old, git={"commit": "a" * 40, "dirty": False})
    now = run(notebook_sha256="x", git={"commit": "b" * 40, "dirty": False})
    assert told(was, now, tmp_path)[0] == [("code", "project")]


def test_a_renamed_file_and_an_added_one(tmp_path):
    was, now = run(data="a"), run(data="ab")
    renamed = [dict(was.record["data"][0], path="moved.csv")]
    moved = Run(record={**was.record, "data": renamed}, results={})
    assert told(was, moved, tmp_path)[0] == []
    found = causes(was, now, tmp_path)[0]
    assert (found.what, found.was) == ("b.csv", "not there")
    assert found.now == "10 rows, SHA-256 bbbbbbbb"


def test_another_file_is_data_but_another_mapping_is_a_setting(tmp_path):
    def reads(path, column, letter):
        source = {"path": f"{path}.csv", "columns": {"score": column}}
        return run(data=letter, params={"responses": source})

    same_file = told(reads("a", "q1", "a"), reads("a", "q2", "a"), tmp_path)[0]
    assert same_file == [("settings", "responses.columns.score")]
    other_file = told(reads("a", "q1", "a"), reads("b", "q2", "b"), tmp_path)[0]
    assert other_file == [("data", "a.csv"), ("data", "b.csv")]


def test_a_codebook_is_a_setting(tmp_path):
    book = {"path": "book.yaml", "sha256": "x", "rows": None, "table": ""}
    was, now = (run(**{}) for _ in range(2))
    was.record["data"].append(book)
    now.record["data"].append(book | {"sha256": "y"})
    assert told(was, now, tmp_path)[0] == [("settings", "book.yaml")]


def test_secrets_and_hostile_values_stay_out(tmp_path):
    dsn = "postgres://ann:hunter2@host/db"
    was = run(params={"db_password": "•••", "query": "x"})
    now = run(params={"db_password": "hunter2", "query": dsn})
    text = str(causes(was, now, tmp_path))
    assert "hunter2" not in text
    assert "query" in text


def test_numbers_that_came_and_went_and_the_order_of_rows(tmp_path):
    was = run(finding("A", 1.0), finding("gone", 1.0), finding("NPS", 20.0))
    now = run(finding("A", 2.0), finding("new", 1.0), finding("NPS", 25.0), data="b")
    _, compared, said = told(was, now, tmp_path)
    assert [row["id"] for row in compared] == ["NPS", "A"]
    assert [row["headline"] for row in compared] == [True, False]
    assert said == (
        "Since the run of 2026-11-25 02:00 UTC the data changed (a.csv and b.csv). NPS "
        "went from 20.0 to 25.0 points (+5.0), beyond the ±4.2 points expected by "
        "chance."
    )


def test_new_data_and_settings_add_up_over_the_steps(tmp_path):
    was = run(finding("NPS", 20.0))
    step = run(finding("NPS", 26.0), params={"weights": "w"})
    now = run(finding("NPS", 25.5), params={"weights": "w"}, data="b")
    _, compared, said = told(was, now, tmp_path, steps={"settings": step})
    row = compared[0]
    assert row["parts"] == {"settings": 6.0, "data": -0.5}
    assert sum(row["parts"].values()) == row["difference"]
    assert row["verdict"] == "within noise"
    assert said.endswith(
        "NPS went from 20.0 to 25.5 points (+5.5): +6.0 with the new settings and −0.5 "
        "with the new data; the data part is within the ±4.2 points expected by "
        "chance."
    )


def test_opposite_parts_that_cancel_are_still_judged(tmp_path):
    was, step = run(finding("NPS", 20.0)), run(finding("NPS", 40.0))
    now = run(finding("NPS", 20.0), params={"weights": "w"}, data="b")
    _, compared, _ = told(was, now, tmp_path, steps={"settings": step})
    assert compared[0]["verdict"] == "beyond noise"
    assert compared[0]["difference"] == 0


def test_shares_differ_in_percentage_points():
    assert difference(0.021, "share", signed=True) == "+2.1 percentage points"
    row = {
        "id": "x", "label": "x", "unit": "share", "headline": True, "was": 0.5,
        "now": 0.52, "difference": 0.02, "noise": 0.031, "verdict": "within noise",
        "parts": {},
    }  # fmt: skip
    shown = changes_view({"text": "t", "rows": [row]})["first"][0]
    assert (shown["difference"], shown["noise"]) == ("+2.0", "±3.1")
    assert (shown["was"], shown["now"]) == ("50.0", "52.0")


def test_labels_are_those_of_the_cards_and_amounts_have_their_currency(tmp_path):
    card = {"id": "npv", "label": "Net present value", "unit": "EUR"}
    was, now = (
        run(
            finding("npv", amount, half=500.0, unit="amount"),
            finding("late_share", 0.2, half=0.1, unit="share", label="late orders"),
            headline=(),
            data=letter,
        )
        for amount, letter in ((4000.0, "a"), (4300.0, "b"))
    )
    now.record["headline"]["figures"].append(card)
    _, compared, said = told(was, now, tmp_path)
    assert [row["label"] for row in compared] == ["Net present value", "Late orders"]
    assert said.endswith(
        "Net present value went from 4,000 to 4,300 EUR (+300), within the ±707 EUR "
        "expected by chance."
    )
    again = run(finding("late_share", 0.2, half=0.1), data="c")
    assert told(now, again, tmp_path)[2].endswith("The number stayed the same.")


def test_without_a_runner_there_is_no_block():
    assert changes_view(None) is None
    assert changes_view({}) is None


def test_the_last_completed_run_counts_and_no_other(tmp_path):
    for name, status in (("1", "ok"), ("2", "failed"), ("3", "ok"), ("9", "ok")):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "manifest.json").write_text(json.dumps({"status": status}))
    (tmp_path / "3/manifest.json").write_text("{")
    (tmp_path / "latest.html").write_text("")
    assert previous(tmp_path / "4").record["run_id"] == "1"
    assert previous(tmp_path / "1") is None


def test_old_data_are_found_by_their_bytes(tmp_path):
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    path = tmp_path / "data.csv"
    path.write_text("a\n1\n")
    file = {"path": "data.csv", "sha256": sha256(path), "bytes": 4}
    where = {"root": tmp_path, "spare": tmp_path / "spare"}
    assert old_copy(file, commit="", **where) == path
    git = ["git", "-C", tmp_path, "-c", "user.name=a", "-c", "user.email=a@b.example"]
    subprocess.run([*git, "add", "data.csv"], check=True)
    subprocess.run([*git, "commit", "-qm", "x"], check=True)
    path.write_text("a\n2\n")
    with pytest.raises(FileNotFoundError):
        old_copy(file, commit="", **where)
    copy = old_copy(file, commit="HEAD", **where)
    assert copy.read_text() == "a\n1\n"
    assert copy.parent == tmp_path / "spare"
    beside = tmp_path / "data_2026-11-25.csv"
    beside.write_text("a\n1\n")
    assert old_copy(file, commit="", **where) == beside


def test_code_is_what_cells_say_not_what_they_showed(workbook):
    path = workbook / "notebooks/good.ipynb"
    before = code_hashes(path)
    notebook = nbformat.read(path, 4)
    notebook.cells[0].source = "# Another title"
    notebook.cells[1].outputs = [nbformat.v4.new_output("stream", text="hello")]
    nbformat.write(notebook, path)
    assert code_hashes(path) == before
    notebook.cells[1].source += "\nmore: int = 1"
    nbformat.write(notebook, path)
    after = code_hashes(path)
    assert after["notebook"] != before["notebook"]
    assert after["cxlib"] == before["cxlib"]


def test_a_step_of_settings_keeps_the_new_codebook_and_the_old_data(workbook, write):
    job = check([write("responses: {path: data/answers.csv}\n")])[0]
    data, book = workbook / "data/answers.csv", workbook / "data/book.yaml"
    files = [
        {"path": "data/answers.csv", "table": "responses", "rows": 50},
        {"path": "data/book.yaml", "table": "", "rows": None},
    ]

    def now():
        seen = [
            file | {"sha256": sha256(workbook / file["path"]), "bytes": None}
            for file in files
        ]
        params = {"responses": {"path": "data/answers.csv"}}
        given = {"params": params, "defaults": {"codebook": "data/book.yaml"}}
        return Run(record={**run().record, **given, "data": seen}, results={})

    was = now()
    before = workbook / "data/answers_1.csv"
    was.record["data"][0]["bytes"] = shutil.copy(data, before).stat().st_size
    data.write_text("respondent_id,score\nr1,3\n")
    book.write_text("version: 2\n")
    asked = []
    found = causes(was, now(), workbook)
    assert {one.kind for one in found} == {"data", "settings"}
    explain(
        was, now(), found, job=job, folder=workbook / "reports/x",
        rerun=lambda params, _: asked.append(dict(params)) or "",
    )  # fmt: skip
    assert asked == [{"responses": {"path": str(before)}}]


def test_data_that_are_gone_are_named_with_the_remedy(workbook, write):
    job = check([write("responses: {path: data/answers.csv}\n")])[0]
    gone = {"path": "data/gone.csv", "sha256": "x", "bytes": 1, "table": "responses"}
    was = run(params={"responses": "data"})
    was.record["data"][:] = [gone]
    now = run(params={"responses": "data", "weights": "w"}, data="b")
    extra = explain(
        was, now, causes(was, now, workbook), job=job, folder=workbook,
        rerun=lambda *_: "",
    )  # fmt: skip
    assert extra.steps == {}
    assert extra.notes == (
        "They cannot be told apart: data/gone.csv as it was on 2026-11-25 is gone. "
        "Keep each export under a name of its own (such as one with its date), or in "
        "git.",
    )


PARAMETERS = """\
responses: dict = {"path": "data/answers.csv"}  # the answers
plus: float = 0.0  # added to every answer
seed: int = 7  # of everything random
noise: bool = False  # whether the clock decides
output_dir: str = "reports/draft/moves"  # where results are written"""
SCORE = """\
import time
from cxlib import data
table = data.read("responses", responses)
survey = table.frame.score + plus + PLUS
middle, half = survey.mean(), 1.96 * survey.sem()
middle += time.time() % 1 if noise else 0
score = type("Score", (Result,), {"text": "It is scored.", "findings": (
    Finding(id="mean", statement="The mean.", estimate=middle, unit="points",
            ci_lower=middle - half, ci_upper=middle + half, n=len(survey),
            label="Mean <b>answer</b>"),)})(
    table=pd.DataFrame({"estimate": [middle]}))"""


def write_notebook(workbook, plus="0"):
    cells = [
        new_markdown_cell("# Does it move?"),
        code(PARAMETERS, "parameters"),
        code(SETUP, "setup"),
        code("slot = report.placeholder()", "answer"),
        new_markdown_cell("## Score"),
        code(SCORE.replace("PLUS", plus)),
        code('slot.update(report.answer(score, decision="Wait."))'),
        code('report.export(output_dir, {"score": score}, sources=[table])'),
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    made = new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(made, workbook / "notebooks/moves.ipynb")


def write_answers(path, n, add=0):
    lines = "".join(f"r{i},{i % 11 + add}\n" for i in range(n))
    path.write_text(f"respondent_id,score\n{lines}")


@pytest.fixture
def moves(workbook, silent):
    """Run the notebook again with other settings; return manifest and folder."""
    for params in (workbook / "params/sample").glob("*.yaml"):
        params.unlink()
    write_notebook(workbook)
    write_answers(workbook / "data/answers.csv", 200)
    out = workbook / "reports"

    def again(text="plus: 0", *, explain=False):
        path = workbook / "params/sample/moves.yaml"
        path.write_text(text + "\n")
        runner = Runner(out=out, progress=silent(), n_jobs=1, explain=explain)
        (outcome,) = runner.run(check([path]))
        assert outcome.status == "ok", outcome.error
        record = json.loads((outcome.folder / "manifest.json").read_text())
        return record, outcome

    return again


@pytest.mark.slow
def test_runs_one_after_another(moves, workbook):
    first, one = moves()
    assert first["changes"]["text"] == "First run: nothing to compare."
    assert "First run: nothing to compare." in one.report.read_text()

    second, two = moves()
    assert second["changes"]["state"] == "same"
    assert second["changes"]["since"] == first["run_id"]
    assert second["changes"]["href"] == f"../{first['run_id']}/report.html"
    assert (two.report.parent / second["changes"]["href"]).resolve().is_file()

    write_answers(workbook / "data/answers.csv", 260)
    third = moves()[0]["changes"]
    (row,) = third["rows"]
    assert third["state"] == "within"
    assert third["overlap"] == {"was": 1.0, "now": 201 / 261, "known": True}
    assert "the data changed (60 more rows)" in third["text"]
    assert row["verdict"] == "within noise"

    fourth, four = moves("plus: 2")
    changes = fourth["changes"]
    assert [(c["kind"], c["what"], c["was"], c["now"]) for c in changes["causes"]] == [
        ("settings", "plus", "0", "2")
    ]
    assert changes["rows"][0]["difference"] == pytest.approx(2)
    assert changes["rows"][0]["noise"] is None
    assert changes["state"] == "explained"
    page = four.report.read_text()
    assert "all of it because of the settings: the data are the same" in page
    assert "Mean &lt;b&gt;answer&lt;/b&gt;" in page
    assert "<b>answer</b>" not in page

    fifth = moves("plus: 2\nnoise: true")[0]["changes"]
    assert fifth["state"] == "explained"
    sixth = moves("plus: 2\nnoise: true")[0]["changes"]
    assert sixth["state"] == "not reproducible"
    assert sixth["text"].startswith("Not reproducible: ")


@pytest.mark.slow
def test_explain_tells_code_settings_and_data_apart(moves, workbook):
    write_answers(workbook / "data/night1.csv", 200)
    moves("responses: {path: data/night1.csv}")
    write_answers(workbook / "data/night2.csv", 200, add=3)
    write_notebook(workbook, plus="1")
    text = "responses: {path: data/night2.csv}\nplus: 5"
    record, outcome = moves(text, explain=True)
    changes = record["changes"]
    (row,) = changes["rows"]
    assert row["parts"] == {
        "code": pytest.approx(1),
        "settings": pytest.approx(5),
        "data": pytest.approx(3),
    }
    assert sum(row["parts"].values()) == pytest.approx(row["difference"], abs=1e-12)
    assert row["verdict"] == "beyond noise"
    assert changes["state"] == "beyond"
    assert changes["steps"] == ["explain/1-code", "explain/2-settings"]
    for step in changes["steps"]:
        assert (outcome.folder / step / "report.ipynb").is_file()
        assert not (outcome.folder / step / "manifest.json").exists()
    site = write_site(workbook / "reports").read_text()
    assert "explain" not in site
    page = outcome.report.read_text()
    assert "+1.0 with the new code, +5.0 with the new settings and +3.0 with" in page
    assert "by the settings" in page


@pytest.mark.slow
def test_overwritten_data_cannot_be_told_apart(moves, workbook):
    moves()
    write_answers(workbook / "data/answers.csv", 300)
    plain = moves("plus: 1")[0]["changes"]
    assert plain["state"] == "mixed"
    assert "cx run --explain" in plain["text"]
    write_answers(workbook / "data/answers.csv", 400)
    asked = moves("plus: 2", explain=True)[0]["changes"]
    assert asked["state"] == "mixed"
    assert "cannot be told apart: data/answers.csv as it was on 20" in asked["text"]
    assert asked["steps"] == []


@pytest.mark.slow
def test_one_cause_alone_needs_no_extra_run(moves):
    moves()
    record, outcome = moves("plus: 2", explain=True)
    assert record["changes"]["state"] == "explained"
    assert not (outcome.folder / "explain").exists()


@pytest.mark.slow
def test_a_broken_earlier_run_costs_no_report(moves, workbook):
    one = moves()[1]
    results = one.folder / "results.json"
    results.write_text('{"findings": [{"id": "mean", "estimate": 1, "ci_lower": "x"}]}')
    shutil.rmtree(one.folder / "tables")
    write_answers(workbook / "data/answers.csv", 100)
    record, outcome = moves()
    assert record["status"] == "ok"
    assert record["changes"]["state"] == "failed"
    assert "could not be made" in outcome.report.read_text()
