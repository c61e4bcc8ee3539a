"""Two runners on one reports folder: never the same report at once, nothing mixed."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxlib.run import lock, process, spares, write_site
from cxlib.run.execute import Ending
from cxlib.run.folder import RunFolder
from cxlib.run.gate import check_one
from cxlib.run.lock import BusyError, is_locked, locked

HOLD = """\
import sys, time
from pathlib import Path
from cxlib.run.lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the lock of tmp_path/report."""
    command = [sys.executable, "-c", HOLD, str(tmp_path / "report")]
    one = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert one.stdout.readline() == "held\n"
    yield one
    one.kill()
    one.wait()
    one.stdout.close()


def test_another_process_is_named_and_its_death_frees_the_lock(tmp_path, holder):
    place = tmp_path / "report"
    said = rf"^process {holder.pid} on \S+ is at it since 20"
    with pytest.raises(BusyError, match=said), locked(place):
        pass
    assert is_locked(place)
    holder.kill()
    holder.wait()
    assert not is_locked(place)
    with locked(place):
        assert is_locked(place)
        said = json.loads((place / lock.NAME).read_text())
        assert said["pid"] == os.getpid()
        assert process.alive(said)
    assert (place / lock.NAME).read_text() == ""


def test_threads_shut_each_other_out_too(tmp_path):
    with locked(tmp_path), pytest.raises(BusyError), locked(tmp_path):
        pass


def test_waiting_ends_with_the_holder_or_when_told(tmp_path, holder):
    place = tmp_path / "report"
    threading.Timer(0.5, holder.kill).start()
    with locked(place, wait=True):
        pass
    with locked(place):
        asked = iter([False, True])
        with (
            pytest.raises(BusyError),
            locked(place, wait=True, stopped=lambda: next(asked)),
        ):
            pass


def test_a_forked_child_does_not_keep_the_lock(tmp_path):
    reading, writing = os.pipe()
    up, ready = os.pipe()
    with locked(tmp_path):
        child = os.fork()
        if child == 0:
            os.write(ready, b"x")
            os.read(reading, 1)
            os._exit(0)
    try:
        assert os.read(up, 1) == b"x"
        assert not is_locked(tmp_path)
    finally:
        os.write(writing, b"x")
        os.waitpid(child, 0)
        for end in (reading, writing, up, ready):
            os.close(end)


def test_a_process_is_told_from_another_with_its_number():
    me = process.identity()
    assert process.alive(me)
    assert process.alive({**me, "process_started": me["process_started"] + 1}) is False
    assert process.alive({**me, "host": "elsewhere"}) is None
    child = os.fork()
    if child == 0:
        os._exit(0)
    time.sleep(0.2)
    assert not process.exists(child), "dead, if not yet buried"
    os.waitpid(child, 0)
    assert not process.exists(child)


def test_the_spare_files_of_dead_processes_are_swept(tmp_path):
    child = subprocess.Popen(["true"])
    child.wait()
    run = tmp_path / "20261107T060000Z-aaaaaa"
    (run / "tables").mkdir(parents=True)
    dead = [
        run / f".report.html.{child.pid}-00000000",
        run / "tables" / f".a.csv.{child.pid}-00000000",
        tmp_path / f".latest.html.{child.pid}-00000000",
    ]
    young = run / f".report.html.{child.pid}-11111111"
    kept = [young, run / f".report.html.{os.getpid()}-00000000", tmp_path / lock.NAME]
    for path in (*dead, *kept):
        path.write_text("half")
        if path is not young:
            os.utime(path, (1, 1))
    assert sorted(spares.sweep(tmp_path)) == sorted(dead)
    assert all(path.exists() for path in kept)


def step_by_step(out, job):
    """One runner, stopping after each thing it does."""
    place = out / job.programme / job.name
    try:
        with locked(place):
            yield "in"
            folder = RunFolder.open(out, job)
            yield "in"
            (folder.path / "report.ipynb").write_text("{}")
            yield "in"
            folder.close(Ending(status="data", error="Too few answers."))
            yield "in"
    except BusyError:
        yield "left out"
    write_site(out)


def kill(runner):
    """End a runner as kill -9 would: the system unlocks, the rest finds no lock."""
    lock._forget()
    runner.close()


@settings(max_examples=25)
@given(moves=st.lists(st.tuples(st.integers(0, 1), st.sampled_from("sssssk")),
                      min_size=4, max_size=30))  # fmt: skip
def test_any_interleaving_leaves_whole_runs(moves, book):
    """`s` is a step of a runner, `k` its death; a dead one is followed by another."""
    out = book.parent / f"out-{os.urandom(4).hex()}"
    job = check_one(book / "params/sample/good.yaml")
    runners, state = [step_by_step(out, job) for _ in "ab"], ["out", "out"]
    for who, what in moves:
        other = state[1 - who]
        if what == "k" and other != "in":
            kill(runners[who])
            runners[who], state[who] = step_by_step(out, job), "out"
            continue
        state[who] = next(runners[who], "out")
        if state[who] == "out":
            runners[who] = step_by_step(out, job)
        assert state.count("in") <= 1, "both are at the same report"
        assert state[who] != "left out" or other == "in"
        whole(out)
    for who in (0, 1):
        for _ in runners[who]:
            pass
    whole(out)
    last = [*step_by_step(out, job)]
    assert last == ["in"] * 4
    index = (out / "index.html").read_text()
    assert "good" in index


@pytest.fixture(scope="module")
def book(shared_workbook):
    return shared_workbook


def whole(out):
    """Every run that says it has ended has a whole page; no run shares a folder."""
    for path in out.glob("*/*/2*/manifest.json"):
        said = json.loads(path.read_text())
        page = path.parent / "report.html"
        assert said["run_id"] == path.parent.name
        if said["status"] != "running":
            assert page.read_text().rstrip().endswith("</html>")
    assert not list(out.rglob(".*.html.*"))


def nightly(out, jobs, seed):
    """What a forked runner does: each job once, with pauses in between."""
    draw = random.Random(seed)
    for job in jobs:
        try:
            with locked(out / job.programme / job.name):
                spares.sweep(out / job.programme / job.name)
                folder = RunFolder.open(out, job)
                time.sleep(draw.random() * 0.02)
                folder.close(Ending(status="data", error="Too few answers."))
        except BusyError:
            continue
    write_site(out)


@pytest.mark.slow
def test_real_processes_killed_at_random_leave_whole_runs(book, tmp_path, write):
    """Forty runners, four at a time, half of them killed at some moment."""
    for i in range(4):
        (book / f"params/sample/good.n{i}.yaml").write_text("segment: plan\n")
    jobs = [check_one(book / f"params/sample/good.n{i}.yaml") for i in range(4)]
    draw = random.Random(7)
    nightly(tmp_path / "warm", jobs, 0)
    for group in range(10):
        children = []
        for i in range(4):
            child = os.fork()
            if child == 0:
                code = 1
                try:
                    nightly(tmp_path / "out", draw.sample(jobs, 4), 10 * group + i)
                    code = 0
                finally:
                    os._exit(code)
            children.append(child)
        for child in children[:2]:
            time.sleep(draw.random() * 0.1)
            os.kill(child, signal.SIGKILL)
        ended = [os.waitpid(child, 0)[1] for child in children]
        assert ended[2:] == [0, 0]
    out = tmp_path / "out"
    spans: dict[str, list] = {}
    for path in out.glob("*/*/2*/manifest.json"):
        said = json.loads(path.read_text())
        if said["status"] == "running":
            assert process.alive(said) is False
            continue
        assert (path.parent / "report.html").read_text().rstrip().endswith("</html>")
        spans.setdefault(said["name"], []).append((said["started"], said["finished"]))
    assert len(spans) == 4
    for name, found in spans.items():
        found.sort()
        overlaps = [(a, b) for a, b in pairwise(found) if b[0] < a[1]]
        assert not overlaps, name
    index = write_site(out).read_text()
    assert all(f"good.n{i}" in index for i in range(4))
    for path in out.rglob(".*"):
        if path.name not in {lock.NAME, ".site.lock"}:
            os.utime(path, (1, 1))
    nightly(out, jobs, 1)
    left = {p.name for p in out.glob("*/*/2*/.*")}
    assert not left
