"""The index and history pages, built from manifests alone."""

from __future__ import annotations

import json
import os
import re
import socket
import time

import pytest

from cxlib.run import write_site

FIGURE = {"id": "nps", "label": "NPS", "value": "1.0", "unit": "points",
          "interval": "95 % CI 0.0 to 2.0", "n": "n = 9", "statement": "s"}  # fmt: skip


@pytest.fixture
def add(tmp_path):
    """Add a run to the site."""

    def one(programme, name, day, status="ok", **more):
        run_id = f"202601{day:02d}T100000Z-abcdef"
        folder = tmp_path / programme / name / run_id
        folder.mkdir(parents=True)
        said = {
            "status": status,
            "started": f"2026-01-{day:02d}T10:00:00.000+00:00",
            "finished": "x",
            "seconds": 3.0,
            "error": "" if status == "ok" else f"{status} happened",
            "headline": {"decision": "Do it.", "figures": [FIGURE]},
        }
        (folder / "manifest.json").write_text(json.dumps(said | more))
        return folder

    return one


def names(page):
    return re.findall(r'class="name" href="[^"]*">([^<]*)<', page)


def test_failures_first_then_programmes_by_name(add, tmp_path):
    add("beta", "voc", 1)
    add("beta", "nps", 1)
    add("alpha", "roi", 1)
    add("zeta", "nps", 1, "data")
    add("gamma", "ab", 1, "failed")
    add("gamma", "aa", 1)
    page = write_site(tmp_path).read_text()
    assert re.findall(r"<h2[^>]*>([^<]*)<", page) == ["gamma", "zeta", "alpha", "beta"]
    assert names(page) == ["ab", "aa", "nps", "roi", "nps", "voc"]
    assert "1 failed" in page
    assert "4 completed" in page


def test_latest_state_counts_and_history_has_all(add, tmp_path):
    old = add("alpha", "nps", 1)
    new = add("alpha", "nps", 2, "failed")
    page = write_site(tmp_path).read_text()
    assert names(page) == ["nps"]
    assert f'href="alpha/nps/{new.name}/report.html"' in page
    assert (
        f'<a href="alpha/nps/{old.name}/report.html">last completed report</a>' in page
    )
    assert "2 runs" in page
    history = (tmp_path / "alpha/nps/index.html").read_text()
    assert history.index(new.name) < history.index(old.name)


def test_change_since_the_last_completed_run_is_shown(add, tmp_path):
    add("alpha", "nps", 1)
    add("alpha", "nps", 2, "failed")
    figures = [{**FIGURE, "value": "5.0"}]
    add("alpha", "nps", 3, headline={"decision": "", "figures": figures})
    assert "was 1.0 on 2026-01-01" in write_site(tmp_path).read_text()


def test_everything_is_escaped(add, tmp_path):
    add("<b>alpha", "n&ps", 1, "failed", error="<script>alert(1)</script>")
    page = write_site(tmp_path).read_text()
    assert "<script>alert" not in page
    assert "<b>alpha" not in page
    assert "%3Cb%3Ealpha/n%26ps/" in page


def test_killed_run_has_died_and_live_run_is_running(add, tmp_path):
    here = {"host": socket.gethostname(), "finished": None}
    add("alpha", "dead", 1, "running", pid=2**22 + 1, **here)
    add("alpha", "live", 1, "running", pid=os.getpid(), **here)
    page = write_site(tmp_path).read_text()
    assert page.index(">Died<") < page.index(">dead<")
    assert "Running" in page
    assert "dead/" in page


def test_broken_and_foreign_manifests_are_passed_over(add, tmp_path):
    add("alpha", "nps", 1)
    (add("alpha", "odd", 1) / "manifest.json").write_text("{not json")
    (add("alpha", "old", 1) / "manifest.json").write_text('{"status": "ok"}')
    (add("alpha", "list", 1) / "manifest.json").write_text("[]")
    assert names(write_site(tmp_path).read_text()) == ["nps"]


def test_empty_site_says_what_to_do(tmp_path):
    page = write_site(tmp_path / "new").read_text()
    assert "No run yet" in page
    assert "Content-Security-Policy" in page


def test_a_failed_write_leaves_the_old_page(add, tmp_path, monkeypatch):
    add("alpha", "nps", 1)
    before = write_site(tmp_path).read_text()
    add("alpha", "nps", 2)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(OSError, match="No space"):
        write_site(tmp_path)
    assert (tmp_path / "index.html").read_text() == before
    spare = [p.name for p in tmp_path.rglob(".*")]
    assert spare == [".site.lock"]


def test_a_thousand_runs_take_a_moment(add, tmp_path):
    for i in range(1000):
        add(f"programme{i % 10}", f"nps{i // 10 % 4}", 1 + i // 40)
    started = time.process_time()
    index = write_site(tmp_path)
    assert time.process_time() - started < 3
    assert index.stat().st_size < 400_000
