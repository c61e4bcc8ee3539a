"""The index and history pages, built from manifests alone."""

from __future__ import annotations

import csv
import json
import os
import re
import socket
import time

import pytest

from cxlib.run import write_site


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
    add("alpha", "nps", 4)
    assert "was 1.0 on 2026-01-01: +3.0<" in write_site(tmp_path).read_text()


def test_shares_differ_in_the_points_that_are_shown(add, tmp_path, figure):
    for day, share in ((1, 0.251), (2, 0.24)):
        shown = figure(share, kind="share", value=f"{100 * share:.1f}", unit="%")
        add("alpha", "voc", day, headline={"figures": [shown]})
    assert "was 25.1 on 2026-01-01: −1.1<" in write_site(tmp_path).read_text()


def test_a_difference_too_small_for_the_decimals_is_not_called_zero(
    add, tmp_path, figure
):
    add("alpha", "nps", 1, headline={"figures": [figure(0.849, value="0.8")]})
    add("alpha", "nps", 2, headline={"figures": [figure(0.851, value="0.9")]})
    assert "was 0.8 on 2026-01-01: +0.002<" in write_site(tmp_path).read_text()


def test_figures_without_numbers_still_say_what_they_were(add, tmp_path, figure):
    for day, value in ((1, 7.0), (2, 8.0)):
        old = {k: v for k, v in figure(value).items() if isinstance(v, str)}
        add("alpha", "nps", day, headline={"figures": [old]})
    page = write_site(tmp_path).read_text()
    assert "was 7.0 on 2026-01-01<" in page
    assert "<svg" not in page


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        ("within noise", ": +1.0, within noise<"),
        ("beyond noise", ": +1.0, beyond noise<"),
        ("unclear", ": +1.0, may be noise<"),
        ("same", ": +1.0<"),
        ("code and settings", ": +1.0, because of code and settings<"),
    ],
)
def test_verdict_is_that_of_the_same_comparison(add, tmp_path, verdict, words):
    old = add("alpha", "nps", 1)
    rows = [{"id": "nps", "verdict": verdict}]
    add("alpha", "nps", 2, changes={"since": old.name, "rows": rows})
    add("alpha", "voc", 1)
    add("alpha", "voc", 2, changes={"since": "another run", "rows": rows})
    page = write_site(tmp_path).read_text()
    assert f"was 1.0 on 2026-01-01{words}" in page
    assert "was 1.0 on 2026-01-01: +1.0<" in page


def test_alerts_come_after_failures_and_before_the_rest(add, tmp_path):
    fired = {"id": "nps", "label": "NPS", "level": "bad", "text": "NPS is below 25."}
    told = {"new": False, "since": "2026-01-03T02:00:00+00:00"}
    watched = fired | {"level": "watch", "text": "Only watched."}
    add("alpha", "good", 1, alerts=[watched])
    add("beta", "fired", 1, alerts=[fired | told, fired | {"new": True}])
    add("gamma", "broken", 1, "failed")
    page = write_site(tmp_path).read_text()
    assert names(page) == ["broken", "fired", "good"]
    assert (
        page.index("1 failed<") < page.index("2 alerts<") < page.index("2 completed<")
    )
    assert "Alert since 2026-01-03: NPS is below 25." in page
    assert "New alert: NPS is below 25." in page
    assert "Only watched" not in page


def test_threshold_state_is_a_word(add, tmp_path, figure):
    watched = figure(1.0, state="watch", threshold="at least 1.5")
    add("alpha", "nps", 1, headline={"figures": [watched]})
    page = write_site(tmp_path).read_text()
    assert '<span class="level watch">watch: at least 1.5</span>' in page


def test_executive_page_is_linked(add, tmp_path):
    add("r&d", "nps", 1)
    page = write_site(tmp_path).read_text()
    assert 'href="r%26d/executive.html"' in page


def test_the_figures_are_there_as_data(add, tmp_path):
    add("alpha", "nps", 3)
    add("beta", "=cmd()", 1, "failed", error="=2+2")
    write_site(tmp_path)
    said = json.loads((tmp_path / "latest.json").read_text())["reports"]
    assert [one["state"] for one in said] == ["failed", "ok"]
    assert said[1]["figures"][0]["ci_lower"] == 2.0
    with (tmp_path / "latest.csv").open(newline="") as file:
        failed, good = csv.DictReader(file)
    assert (good["estimate"], good["figure"], good["report"]) == ("3.0", "nps", "nps")
    assert (failed["report"], failed["error"]) == ("'=cmd()", "'=2+2")


def test_latest_leads_to_a_page_that_is_there(add, tmp_path):
    good = add("alpha", "nps", 1)
    here = {"host": socket.gethostname(), "finished": None}
    add("alpha", "nps", 2, "running", pid=os.getpid(), **here)
    write_site(tmp_path)
    latest = tmp_path / "alpha/nps/latest.html"
    assert f"url={good.name}/report.html" in latest.read_text()
    dead = add("alpha", "nps", 3, "running", pid=2**22 + 1, **here)
    write_site(tmp_path)
    assert f"url={dead.name}/unfinished.html" in latest.read_text()
    assert (dead / "unfinished.html").is_file()


def test_page_of_a_died_run_says_where_it_was_and_what_is_left(add, tmp_path):
    good = add("alpha", "nps", 1)
    dead = add("alpha", "nps", 2, "running", host=socket.gethostname(), pid=2**22 + 1)
    done = {"cell_type": "code", "metadata": {"papermill": {"status": "completed"}}}
    last = {"cell_type": "code", "metadata": {"papermill": {"status": "running"}}}
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": "# T"},
        {**done, "source": "x = 1"},
        {**last, "source": ["y = '</pre><script>'\n", "boom()"]},
        {**last, "source": "later()"},
    ]
    (dead / "report.ipynb").write_text(json.dumps({"cells": cells}))
    index = write_site(tmp_path).read_text()
    assert f'href="alpha/nps/{dead.name}/unfinished.html"' in index
    assert "The process was gone before the run had ended." in index
    page = (dead / "unfinished.html").read_text()
    assert "In cell 3 of 4" in page
    assert "y = &#39;&lt;/pre&gt;&lt;script&gt;&#39;\nboom()" in page
    assert f'href="../{good.name}/report.html"' in page
    assert 'href="report.ipynb"' in page
    assert "cx run params/alpha/nps.yaml" in page
    (dead / "report.ipynb").write_text("{half")
    add("alpha", "nps", 3, "failed")
    write_site(tmp_path)
    assert "Where it was" not in (dead / "unfinished.html").read_text()


def test_long_sites_fold_what_is_well(add, tmp_path):
    for i in range(70):
        add(f"programme{i:02}", "nps", 1, "failed" if i == 9 else "ok")
    add("programme09", "voc", 1)
    page = write_site(tmp_path).read_text()
    folded = re.findall(r'<details class="group"( open)? data-programme="(\w+)"', page)
    assert folded[0] == (" open", "programme09")
    assert {state for state, _ in folded[1:]} == {""}
    assert page.count('<details class="rest"><summary>1 more report of pro') == 1
    assert page.index(">nps<") < page.index("1 more report") < page.index(">voc<")


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
