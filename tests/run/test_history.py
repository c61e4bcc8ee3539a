"""What is remembered of runs: which manifests are read, and what outlives them."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import socket

import pytest

from cxlib.run import process, write_site
from cxlib.run.site import alive, history
from cxlib.run.site.history import read_report


@pytest.fixture
def reading(monkeypatch):
    """The ids of the runs whose manifest is read, from now on."""
    read = []

    def line_of(record, run_id):
        read.append(run_id)
        return genuine(record, run_id)

    genuine = history.line_of
    monkeypatch.setattr(history, "line_of", line_of)
    return read


def lines(tmp_path, report="alpha/nps"):
    return json.loads((tmp_path / report / "history.json").read_text())["runs"]


def test_only_new_and_changed_manifests_are_read(add, tmp_path, reading):
    first, second = add("alpha", "nps", 1), add("alpha", "nps", 2)
    write_site(tmp_path)
    assert sorted(reading) == [first.name, second.name]
    reading.clear()
    write_site(tmp_path)
    assert reading == []
    third = add("alpha", "nps", 3)
    manifest = second / "manifest.json"
    manifest.write_text(manifest.read_text().replace("Do it.", "Do it now."))
    write_site(tmp_path)
    assert sorted(reading) == [second.name, third.name]
    assert "Do it now." in [run["decision"] for run in lines(tmp_path)]


def test_only_pages_of_reports_that_changed_are_written(add, tmp_path):
    add("alpha", "nps", 1)
    add("alpha", "voc", 1)
    write_site(tmp_path)
    pages = [tmp_path / f"alpha/{name}/index.html" for name in ("nps", "voc")]
    before = [page.stat().st_mtime_ns for page in pages]
    add("alpha", "voc", 2)
    write_site(tmp_path)
    after = [page.stat().st_mtime_ns for page in pages]
    assert after[0] == before[0]
    assert after[1] > before[1]


def test_a_new_style_writes_every_page(add, tmp_path, monkeypatch):
    add("alpha", "nps", 1)
    write_site(tmp_path)
    page = tmp_path / "alpha/nps/index.html"
    page.write_text("old")
    write_site(tmp_path)
    assert page.read_text() == "old"
    monkeypatch.setattr("cxlib.run.site.pages.style", lambda: "another")
    write_site(tmp_path)
    assert page.read_text() != "old"


def test_a_line_a_run_and_strict_json(add, tmp_path):
    add(
        "alpha", "nps", 1, headline={"figures": [{"id": "x", "estimate": float("nan")}]}
    )
    add("alpha", "nps", 2)
    write_site(tmp_path)
    text = (tmp_path / "alpha/nps/history.json").read_text()
    assert len(text.splitlines()) == 4
    assert "NaN" not in text
    assert "estimate" in lines(tmp_path)[0]["figures"][0]
    assert "estimate" not in lines(tmp_path)[1]["figures"][0]


def test_values_outlive_the_folder(add, tmp_path):
    old = add("alpha", "nps", 1)
    add("alpha", "nps", 2)
    write_site(tmp_path)
    shutil.rmtree(old)
    index = write_site(tmp_path).read_text()
    assert "last 2 runs: from 1.0 to 2.0 points" in index
    assert "was 1.0 on 2026-01-01: +1.0" in index
    assert "2 runs" in index
    page = (tmp_path / "alpha/nps/index.html").read_text()
    assert "Report deleted." in page
    assert f'href="{old.name}' not in page
    assert [run.get("removed") for run in lines(tmp_path)] == [None, ""]


def test_a_report_without_any_folder_left_is_still_listed(add, tmp_path):
    shutil.move(add("alpha", "nps", 1), tmp_path / "aside")
    write_site(tmp_path)
    assert "No run yet" in (tmp_path / "index.html").read_text()
    only = add("beta", "nps", 1)
    write_site(tmp_path)
    shutil.rmtree(only)
    index = write_site(tmp_path).read_text()
    assert 'class="name" href="beta/nps/index.html"' in index
    assert only.name not in index


def test_folder_that_comes_back_is_no_longer_deleted(add, tmp_path):
    folder = add("alpha", "nps", 1)
    write_site(tmp_path)
    folder.rename(tmp_path / "aside")
    write_site(tmp_path)
    (tmp_path / "aside").rename(folder)
    write_site(tmp_path)
    assert "removed" not in lines(tmp_path)[0]


@pytest.mark.parametrize("text", ["{half", "[]", '{"format": 99, "runs": []}', "{}"])
def test_unreadable_memory_is_put_aside_and_made_again(add, tmp_path, text):
    add("alpha", "nps", 1)
    write_site(tmp_path)
    (tmp_path / "alpha/nps/history.json").write_text(text)
    write_site(tmp_path)
    assert len(lines(tmp_path)) == 1
    assert (tmp_path / "alpha/nps/history.unreadable.json").read_text() == text


def test_hidden_folders_and_files_are_no_runs(add, tmp_path):
    folder = add("alpha", "nps", 1)
    folder.rename(folder.with_name(f".deleted-{folder.name}"))
    (tmp_path / "alpha/nps/notes.txt").write_text("x")
    (tmp_path / "alpha/readme").write_text("x")
    assert read_report(tmp_path / "alpha/nps").runs == []


NOW = dt.datetime(2026, 1, 10, 12, tzinfo=dt.UTC)
OWN = {"status": "running", "host": socket.gethostname()}
OTHER = {"status": "running", "host": "elsewhere.example", "pid": 1}


@pytest.mark.parametrize(
    ("run", "state"),
    [
        ({"status": "ok"}, "ok"),
        ({"status": "strange"}, "failed"),
        ({**OWN, "pid": os.getpid()}, "running"),
        ({**OWN, **process.identity()}, "running"),
        ({**OWN, **process.identity(), "process_started": 1}, "killed"),
        ({**OWN, "pid": 2**22 + 1}, "killed"),
        ({**OWN, "pid": "x"}, "killed"),
        ({**OWN}, "killed"),
        ({**OTHER, "started": "2026-01-09T13:00:00+00:00"}, "running"),
        ({**OTHER, "started": "2026-01-09T11:00:00+00:00"}, "lost"),
        ({**OTHER, "started": "2026-01-09T11:00:00"}, "lost"),
        ({**OTHER, "started": "yesterday"}, "lost"),
    ],
)
def test_state_of_a_run_that_may_have_died(run, state):
    assert alive.state_of(run, now=NOW) == state


def test_run_of_another_machine_is_not_called_dead(add, tmp_path):
    silent = add("alpha", "nps", 1, "running", host="elsewhere.example", pid=1)
    index = write_site(tmp_path).read_text()
    assert ">Died?<" in index
    assert "running on elsewhere.example, which cannot be asked from here" in index
    assert "more than a day" in (silent / "unfinished.html").read_text()


def test_a_run_that_ends_after_all_is_read_again(add, tmp_path):
    folder = add("alpha", "nps", 1, "running", host="elsewhere.example", pid=1)
    write_site(tmp_path)
    manifest = folder / "manifest.json"
    said = json.loads(manifest.read_text())
    manifest.write_text(json.dumps(said | {"status": "ok"}))
    assert (
        f'href="alpha/nps/{folder.name}/report.html"'
        in write_site(tmp_path).read_text()
    )
