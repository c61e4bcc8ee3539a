"""Which run goes next, and how long the last worker is left alone."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from cxlib.run.folder import Outcome
from cxlib.run.jobs import Job
from cxlib.run.order import Waiting


def job(programme, name):
    path = Path("params") / programme / f"{name}.yaml"
    notebook = Path("notebooks") / f"{name}.ipynb"
    return Job(
        path=path, root=Path(), programme=programme, name=name, notebook=notebook
    )


def lasted(out, one, *runs):
    """Write the history of a report: (status, seconds) of each run."""
    folder = out / one.programme / one.name
    folder.mkdir(parents=True)
    lines = [
        {"id": f"2026112{n}", "status": status, "seconds": seconds}
        for n, (status, seconds) in enumerate(runs)
    ]
    (folder / "history.json").write_text(json.dumps({"runs": lines}))


def taken(waiting, n):
    return [waiting.take().name for _ in range(n)]


def test_the_longest_of_last_time_goes_first(tmp_path):
    jobs = [job("italy", name) for name in ("nps", "roi", "voc")]
    for one, seconds in zip(jobs, (3.0, 5.0, 9.0), strict=True):
        lasted(tmp_path, one, ("ok", seconds))
    assert taken(Waiting(jobs, tmp_path, n_jobs=2), 3) == ["voc", "roi", "nps"]


def test_one_at_a_time_jobs_keep_their_order(tmp_path):
    jobs = [job("italy", name) for name in ("nps", "voc")]
    lasted(tmp_path, jobs[1], ("ok", 9.0))
    assert taken(Waiting(jobs, tmp_path, n_jobs=1), 2) == ["nps", "voc"]


def test_only_completed_runs_say_how_long_a_report_takes(tmp_path):
    short, long = jobs = [job("italy", "nps"), job("italy", "voc")]
    lasted(tmp_path, short, ("ok", 3.0), ("failed", 600.0))
    lasted(tmp_path, long, ("ok", 9.0), ("failed", 0.1))
    assert taken(Waiting(jobs, tmp_path, n_jobs=2), 2) == ["voc", "nps"]


def test_a_new_report_is_taken_to_last_as_long_as_its_notebook_did(tmp_path):
    jobs = [job(p, name) for p in ("france", "italy") for name in ("nps", "voc")]
    waiting = Waiting(jobs, tmp_path, n_jobs=2)
    assert [waiting.take() for _ in range(2)] == jobs[:2]  # nothing is known
    for one, seconds in zip(jobs, (3.0, 9.0), strict=False):
        waiting.learn(Outcome(job=one, status="ok", folder=tmp_path, seconds=seconds))
    assert taken(waiting, 2) == ["voc", "nps"]


def test_a_history_that_cannot_be_read_is_none(tmp_path):
    jobs = [job("italy", "nps"), job("italy", "voc")]
    lasted(tmp_path, jobs[0], ("ok", 3.0))
    (tmp_path / "italy" / "voc").mkdir()
    (tmp_path / "italy" / "voc" / "history.json").write_text('{"runs": [3, null')
    assert taken(Waiting(jobs, tmp_path, n_jobs=2), 2) == ["voc", "nps"]


def ends(took, workers, n):
    """Return when the last of n workers is done."""
    return max(
        sum(t for t, one in zip(took, workers, strict=True) if one == worker)
        for worker in range(n)
    )


@given(st.lists(st.integers(1, 30), min_size=1, max_size=6), st.integers(2, 3))
def test_the_night_ends_within_a_third_of_the_best_order(tmp_path_factory, took, n):
    out = tmp_path_factory.mktemp("out")
    jobs = [job("italy", f"n{i}") for i in range(len(took))]
    for one, seconds in zip(jobs, took, strict=True):
        lasted(out, one, ("ok", seconds))
    waiting, free = Waiting(jobs, out, n_jobs=n), [0] * n
    for _ in jobs:
        worker = free.index(min(free))
        free[worker] += took[int(waiting.take().name[1:])]
    best = min(ends(took, way, n) for way in product(range(n), repeat=len(took)))
    assert max(free) <= best * (4 / 3 - 1 / (3 * n)) + 1e-9
