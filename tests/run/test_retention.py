"""Old runs go; the last good, running and signed-off ones never do."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys

import pytest

from cxlib.errors import ArgumentError
from cxlib.run import write_site
from cxlib.run.site.retention import clean


def days(tmp_path, report="alpha/nps"):
    """The days whose run folder is still there."""
    return [int(f.name[6:8]) for f in sorted((tmp_path / report).glob("2026*"))]


def test_newest_and_the_last_completed_stay(add, tmp_path):
    for day in range(1, 8):
        add("alpha", "nps", day, "ok" if day in {2, 3} else "failed")
    done = clean(tmp_path, 2)
    assert days(tmp_path) == [3, 6, 7]
    assert len(done.deleted) == 4
    assert done.deleted[0].startswith("alpha/nps/202601")
    assert done.freed > 0
    assert done.troubles == []


def test_every_report_keeps_its_own(add, tmp_path):
    for day in (1, 2, 3):
        add("alpha", "nps", day)
        add("alpha", "voc", day)
        add("beta", "nps", day)
    clean(tmp_path, 1, only={("alpha", "nps")})
    assert days(tmp_path) == [3]
    assert days(tmp_path, "alpha/voc") == days(tmp_path, "beta/nps") == [1, 2, 3]
    clean(tmp_path, 1)
    assert days(tmp_path, "alpha/voc") == days(tmp_path, "beta/nps") == [3]


def test_running_stays_and_killed_goes(add, tmp_path):
    here = {"host": socket.gethostname(), "finished": None}
    add("alpha", "nps", 1, "running", pid=os.getpid(), **here)
    add("alpha", "nps", 2, "running", pid=2**22 + 1, **here)
    add("alpha", "nps", 3, "running", pid=1, host="elsewhere.example")
    add("alpha", "nps", 4)
    clean(tmp_path, 1)
    assert days(tmp_path) == [1, 3, 4]


@pytest.fixture
def sign(tmp_path):
    """Write a sign-off file for the programme alpha; return the params folder."""

    def write(text):
        path = tmp_path.parent / f"{tmp_path.name}-params" / "alpha/_signoff.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path.parent.parent

    return write


def test_signed_runs_stay_by_id_and_by_inputs(add, tmp_path, sign):
    signed = add("alpha", "nps", 1)
    add("alpha", "nps", 2, inputs_sha256="ab12")
    add("alpha", "nps", 3, inputs_sha256="cd34")
    add("alpha", "nps", 4)
    params = sign(
        f"- {{report: nps, run: {signed.name}, reviewer: Ann, verdict: accepted}}\n"
        "- {report: nps, inputs: ab12, reviewer: Ann, verdict: accepted}\n"
    )
    clean(tmp_path, 1, params=[params])
    assert days(tmp_path) == [1, 2, 4]


def test_nothing_goes_while_sign_offs_cannot_be_read(add, tmp_path, sign):
    for day in (1, 2):
        add("alpha", "nps", day)
        add("beta", "nps", day)
    done = clean(tmp_path, 1, params=[sign("- {report: [half")])
    assert days(tmp_path) == [1, 2]
    assert days(tmp_path, "beta/nps") == [2]
    (trouble,) = done.troubles
    assert trouble.endswith("cannot be read, so nothing of alpha was deleted.")


@pytest.mark.parametrize(
    "text", ["{}", "[]", "{half", '{"status": "ok", "started": "2026"}', None]
)
def test_folders_that_are_not_ours_stay(add, tmp_path, text):
    strange = add("alpha", "nps", 1)
    add("alpha", "nps", 2)
    manifest = strange / "manifest.json"
    manifest.unlink()
    if text is not None:
        manifest.write_text(text)
    assert clean(tmp_path, 1).deleted == []
    assert strange.is_dir()


def test_a_copy_under_another_name_stays(add, tmp_path):
    folder = add("alpha", "nps", 1)
    folder.rename(folder.with_name("20260101-before-the-launch"))
    add("alpha", "nps", 2)
    assert clean(tmp_path, 1).deleted == []


@pytest.mark.parametrize("level", ["programme", "report", "run"])
def test_links_out_of_the_folder_are_not_followed(add, tmp_path, level):
    run = add("alpha", "nps", 1)
    add("alpha", "nps", 2)
    part = {"programme": run.parent.parent, "report": run.parent, "run": run}[level]
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    part.rename(outside)
    part.symlink_to(outside, target_is_directory=True)
    assert clean(tmp_path, 1).deleted == []
    assert (run / "report.html").is_file()
    assert outside.is_dir()


def test_links_inside_a_run_are_cut_not_followed(add, tmp_path):
    old = add("alpha", "nps", 1)
    add("alpha", "nps", 2)
    outside = tmp_path.parent / f"{tmp_path.name}-precious"
    outside.mkdir()
    (outside / "data.csv").write_text("1")
    (old / "tables").symlink_to(outside, target_is_directory=True)
    clean(tmp_path, 1)
    assert not old.exists()
    assert (outside / "data.csv").read_text() == "1"


def test_values_stay_in_history_and_pages_say_why(add, tmp_path):
    for day in (1, 2, 3):
        add("alpha", "nps", day)
    clean(tmp_path, 1)
    index = write_site(tmp_path).read_text()
    assert "last 3 runs: from 1.0 to 3.0 points" in index
    page = (tmp_path / "alpha/nps/index.html").read_text()
    assert page.count("Report deleted by --keep on 2") == 2
    assert "NPS <strong>1.0 points</strong>" in page


KILLED = """
import os, shutil, signal
from pathlib import Path
from cxlib.run.site import retention
{patch}
retention.clean(Path({out!r}), 1)
"""
MOMENTS = {
    "before the folder is moved": "Path.rename = lambda *_: os.kill(os.getpid(), 9)",
    "before it is removed": "shutil.rmtree = lambda *_: os.kill(os.getpid(), 9)",
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_cleaning_leaves_no_half_report_and_is_made_good(add, tmp_path, moment):
    for day in (1, 2):
        add("alpha", "nps", day)
    code = KILLED.format(patch=MOMENTS[moment], out=str(tmp_path))
    done = subprocess.run([sys.executable, "-c", code], check=False)
    assert done.returncode == -signal.SIGKILL
    for folder in (tmp_path / "alpha/nps").glob("2026*"):
        assert {p.name for p in folder.iterdir()} == {"manifest.json", "report.html"}
    index = write_site(tmp_path).read_text()
    assert "last 2 runs: from 1.0 to 2.0 points" in index
    clean(tmp_path, 1)
    assert days(tmp_path) == [2]
    hidden = [p.name for p in (tmp_path / "alpha/nps").glob(".*")]
    assert hidden == []


def test_what_cannot_be_deleted_is_said(add, tmp_path, monkeypatch):
    add("alpha", "nps", 1)
    add("alpha", "nps", 2)

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.rename", refuse)
    done = clean(tmp_path, 1)
    assert done.deleted == []
    (trouble,) = done.troubles
    assert trouble.endswith("could not be deleted: Permission denied.")
    assert done.lines() == [trouble]
    monkeypatch.undo()
    write_site(tmp_path)
    said = json.loads((tmp_path / "alpha/nps/history.json").read_text())["runs"]
    assert [run.get("removed") for run in said] == [None, None]


def test_none_kept_is_refused_and_no_folder_is_no_trouble(tmp_path):
    with pytest.raises(ArgumentError, match="`keep` is 0; one run of each report"):
        clean(tmp_path, 0)
    assert clean(tmp_path / "gone", 3).deleted == []
