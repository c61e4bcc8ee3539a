"""An unchanged report stands; whatever its numbers depend on makes it run again."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
from importlib import metadata

import nbformat
import pytest

from cxlib.errors import ArgumentError
from cxlib.run import Runner, fingerprint
from cxlib.run.fingerprint import Inputs, inputs
from cxlib.run.gate import check_one
from cxlib.run.unchanged import EVER, oldest, since, standing

NOW = dt.datetime(2026, 11, 8, 6, tzinfo=dt.UTC)


@pytest.fixture
def good(workbook):
    return workbook / "params/sample/good.yaml"


def hashed(path):
    found = inputs(check_one(path))
    assert found.sha256, found.why
    assert found.why == ""
    return found.sha256


def touch_comment(book):
    path = book / "params/sample/good.yaml"
    path.write_text(f"# a remark\n{path.read_text()}")


def default_given(book):
    path = book / "params/sample/good.yaml"
    path.write_text(f"{path.read_text()}min_n: 30\n")


def elsewhere(book):
    path = book / "params/sample/good.yaml"
    path.write_text(f"{path.read_text()}output_dir: reports/elsewhere\n")


def newer_times(book):
    os.utime(book / "data/answers.csv", (1, 1))


@pytest.mark.parametrize(
    "change", [touch_comment, default_given, elsewhere, newer_times]
)
def test_what_moves_no_number_keeps_the_hash(workbook, good, change):
    before = hashed(good)
    change(workbook)
    assert hashed(good) == before


def other_param(book):
    path = book / "params/sample/good.yaml"
    path.write_text(f"{path.read_text()}min_n: 31\n")


def one_digit_of_data(book):
    """Same size, same time: only the contents tell."""
    path = book / "data/answers.csv"
    times = path.stat()
    path.write_text(path.read_text().replace("r3,3", "r3,4"))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def codebook(book):
    (book / "data/book.yaml").write_text("version: 2\n")


def other_default(book):
    edit(book, "min_n: int = 30", "min_n: int = 31")


def other_cell(book):
    edit(book, "Mend delivery first.", "Wait.")


def edit(book, old, new):
    path = book / "notebooks/good.ipynb"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def module_beside(book):
    (book / "helper.py").write_text("x = 1\n")


@pytest.mark.parametrize(
    "change",
    [other_param, one_digit_of_data, codebook, other_default, other_cell,
     module_beside],
)  # fmt: skip
def test_what_may_move_a_number_changes_the_hash(workbook, good, change):
    before = hashed(good)
    change(workbook)
    assert hashed(good) != before


def test_a_new_package_changes_the_hash(good, monkeypatch):
    before = hashed(good)
    real = [*metadata.distributions()]
    monkeypatch.setattr(metadata, "distributions", lambda: real[1:])
    fingerprint._environment.cache_clear()
    changed = hashed(good)
    fingerprint._environment.cache_clear()
    assert changed != before


def test_every_file_a_parameter_names_counts(workbook, write):
    """Also one whose default is empty, in a list, a folder, a pattern, a part."""
    many = workbook / "data/many"
    many.mkdir()
    (many / "a.csv").write_text("respondent_id,score\nr1,1\n")
    sources = {
        "folder": "responses: {path: data/many}\n",
        "pattern": "responses: {path: 'data/many/*.csv'}\n",
        "part": "responses: {parts: [{path: data/answers.csv}, data/many/a.csv]}\n",
        "list": "drivers: [data/many/a.csv]\n",
    }
    paths = {name: write(text, f"params/x/good.{name}.yaml") for name, text in
             sources.items()}  # fmt: skip
    before = {name: hashed(path) for name, path in paths.items()}
    (many / "a.csv").write_text("respondent_id,score\nr1,2\n")
    after = {name: hashed(path) for name, path in paths.items()}
    assert [name for name in paths if before[name] == after[name]] == []
    (many / "b.csv").write_text("respondent_id,score\nr2,2\n")
    assert hashed(paths["folder"]) != after["folder"]
    assert hashed(paths["pattern"]) != after["pattern"]
    assert hashed(paths["part"]) == after["part"]


def test_a_column_that_is_called_like_a_folder_is_no_folder(workbook, write):
    path = write("segment: data\n")
    before = hashed(path)
    (workbook / "data/other.csv").write_text("a\n")
    assert hashed(path) == before


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("{path: 's3://bucket/a.csv'}", "responses is read from an address, s3://"),
        ("{path: a.duckdb, query: select 1}", "responses is the answer to a query"),
        ("{format: table, query: select 1}", "responses is the answer to a query"),
        ("{parts: [{path: 'https://x/a.csv'}]}", "responses is read from an address, "
         "https://"),
    ],
)  # fmt: skip
def test_what_cannot_be_hashed_is_said(write, source, why):
    found = inputs(check_one(write(f"responses: {source}\n")))
    assert (found.sha256, found.why) == (None, why)


def test_a_default_that_is_worked_out_cannot_be_hashed(workbook, good):
    path = workbook / "notebooks/good.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[1].source += '\ntoday: str = str(__import__("time").time())  # now'
    nbformat.write(notebook, path)
    found = inputs(check_one(good))
    assert found.why == "the default of today is worked out in the notebook"


def test_data_that_change_while_they_are_read_take_the_hash_away(workbook, good):
    found = inputs(check_one(good))
    data = workbook / "data/answers.csv"
    assert found.settled([data])["inputs_sha256"] == found.sha256
    assert found.settled([workbook / "data"])["inputs_sha256"] == found.sha256
    other = found.settled([data, workbook / "data/hidden.csv"])
    assert other == {
        "inputs_sha256": None,
        "inputs_note": "hidden.csv is read, and no parameter names it",
    }
    data.write_text("respondent_id,score\nr1,1\n")
    moved = found.settled([data])
    assert moved["inputs_sha256"] is None
    assert moved["inputs_note"] == "answers.csv changed while it ran"


SAME = Inputs(sha256="a" * 64)
RAN = {
    "status": "ok", "started": "2026-11-07T06:00:00.000+00:00", "exit_code": 4,
    "finished": "2026-11-07T06:01:00.000+00:00", "inputs_sha256": "a" * 64,
    "files": ["tables/a.csv"],
}  # fmt: skip


def record(folder, run_id="20261107T060000Z-aaaaaa", **changes):
    place = folder / run_id
    (place / "tables").mkdir(parents=True)
    (place / "report.html").write_text("<p>")
    (place / "tables/a.csv").write_text("a\n")
    (place / "manifest.json").write_text(json.dumps(RAN | changes))
    return place


def test_a_completed_run_from_the_same_inputs_stands(tmp_path):
    place = record(tmp_path)
    found = standing(tmp_path, SAME, since=EVER)
    assert found is not None
    assert (found.folder, found.exit_code) == (place, 4), "an alert stands too"
    assert standing(tmp_path, SAME, since=NOW - dt.timedelta(days=2)) == found


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "failed"}, {"status": "data"}, {"status": "running"},
        {"finished": None}, {"inputs_sha256": "b" * 64}, {"inputs_sha256": None},
        {"started": "2026-11-01T06:00:00+00:00"}, {"started": "soon"},
        {"files": ["tables/gone.csv"]},
    ],
    ids=str,
)  # fmt: skip
def test_nothing_less_stands(tmp_path, changes):
    record(tmp_path, **changes)
    assert standing(tmp_path, SAME, since=NOW - dt.timedelta(days=2)) is None


def test_a_deleted_page_or_an_unreadable_manifest_runs_again(tmp_path):
    place = record(tmp_path / "a")
    (place / "report.html").unlink()
    assert standing(tmp_path / "a", SAME, since=EVER) is None
    place = record(tmp_path / "b")
    (place / "manifest.json").write_text("{")
    assert standing(tmp_path / "b", SAME, since=EVER) is None
    assert standing(tmp_path / "none", SAME, since=EVER) is None


@pytest.mark.parametrize("status", ["failed", "running", "params"])
def test_only_the_latest_run_stands(tmp_path, status):
    record(tmp_path)
    record(tmp_path, "20261107T070000Z-bbbbbb", status=status)
    assert standing(tmp_path, SAME, since=EVER) is None


def test_what_is_no_run_is_passed_over(tmp_path):
    place = record(tmp_path)
    record(tmp_path, ".deleted-20261107T070000Z-bbbbbb", status="failed")
    (tmp_path / "index.html").write_text("")
    assert standing(tmp_path, SAME, since=EVER).folder == place


def test_inputs_that_cannot_be_hashed_never_stand(tmp_path):
    record(tmp_path, inputs_sha256=None)
    assert standing(tmp_path, Inputs(sha256=None, why="a query"), since=EVER) is None


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("90m", "2026-11-08T04:30:00+00:00"),
        ("24h", "2026-11-07T06:00:00+00:00"),
        ("2w", "2026-10-25T06:00:00+00:00"),
        ("2026-11-01T08:00+02:00", "2026-11-01T06:00:00+00:00"),
    ],
)
def test_since_takes_ages_and_times(text, wanted):
    assert since(text, now=NOW).isoformat() == wanted


@pytest.mark.parametrize(
    "text", ["yesterday", "24", "-1d", "1.5h", "2026-13-01", "9" * 30 + "d"]
)
def test_since_refuses_the_rest(text):
    with pytest.raises(ArgumentError, match=r"--since is .*write a date"):
        since(text, now=NOW)


def test_neither_option_lets_nothing_stand():
    assert oldest("", ever=False) is None
    assert oldest("", ever=True) == EVER
    assert oldest("1d", ever=True) > EVER


def cx(book, *options):
    return subprocess.run(
        [sys.executable, "-m", "cxlib", "run", *options], cwd=book, text=True,
        capture_output=True, timeout=300, check=False,
    )  # fmt: skip


@pytest.mark.slow
def test_the_second_night_makes_nothing_new(workbook):
    """Until its data change; `--since` lets an old run count as none."""
    asked = ("params/sample/good.yaml", "params/sample/stops.yaml", "--skip-unchanged")
    first, second = cx(workbook, *asked), cx(workbook, *asked)
    assert first.returncode == second.returncode == 3, first.stdout + first.stderr
    assert "1 of 2 completed." in first.stdout
    assert "0 of 2 completed, 1 unchanged." in second.stdout
    assert "Unchanged       sample/good" in second.stdout
    assert "Same inputs as on 20" in second.stdout

    def runs(name):
        return len(list(workbook.glob(f"reports/sample/{name}/2*")))

    assert (runs("good"), runs("stops")) == (1, 2), "a data stop runs again"
    one_digit_of_data(workbook)
    third = cx(workbook, asked[0], "--skip-unchanged")
    assert third.returncode == 0
    assert "1 of 1 completed." in third.stdout
    assert runs("good") == 2
    (old,) = sorted(workbook.glob("reports/sample/good/2*/manifest.json"))[1:]
    said = json.loads(old.read_text())
    said["started"] = "2020-01-01T00:00:00+00:00"
    old.write_text(json.dumps(said))
    assert "1 unchanged" in cx(workbook, asked[0], "--skip-unchanged").stdout
    assert "1 of 1 completed." in cx(workbook, asked[0], "--since", "7d").stdout


@pytest.mark.slow
def test_a_query_runs_each_time_and_says_so(workbook, silent, write):
    import duckdb

    with duckdb.connect(workbook / "data/a.duckdb") as base:
        base.execute("create table t as select 1 as x")
    job = check_one(write("responses: {path: data/a.duckdb, query: select * from t}\n"))
    for _ in range(2):
        runner = Runner(out=workbook / "r", progress=silent(), unchanged_since=EVER)
        (outcome,) = runner.run([job])
        assert outcome.status == "ok", outcome.error
        assert outcome.note == (
            "Run whether changed or not: responses is the answer to a query."
        )
