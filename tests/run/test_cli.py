"""The command line: exit codes, messages, and runs that end from outside."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

from cxlib.__main__ import app, main


def cx(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def start(workbook, *arguments):
    """Start `cx` as its own process, as a scheduler would."""
    command = [sys.executable, "-m", "cxlib", *map(str, arguments)]
    environment = {k: v for k, v in os.environ.items() if k != "CX_ROOT"}
    return subprocess.Popen(
        command, cwd=workbook, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def manifests(workbook):
    found = (workbook / "reports").glob("*/*/*/manifest.json")
    return {path.parent.parent.name: json.loads(path.read_text()) for path in found}


def test_bad_parameters_exit_2_and_leave_a_page(workbook, write):
    done = cx("run", write("segmnt: plan\nlevel: high\n"))
    assert done.exit_code == 2
    assert "good.yaml:1: segmnt: not a parameter of notebooks/good" in done.output
    assert "good.yaml:2: level: is the text 'high'; it takes a number." in done.output
    said = manifests(workbook)["good"]
    assert (said["status"], said["exit_code"]) == ("params", 2)
    folder = workbook / "reports/sample/good" / said["run_id"]
    html = (folder / "report.html").read_text()
    assert "Bad parameters" in html
    assert "did you mean 'segment'?".replace("'", "&#39;") in html
    assert "Content-Security-Policy" in html
    assert "cx check params/sample/good.yaml" in html
    assert f"{done.output.strip().splitlines()[-1]}".endswith("reports/index.html")
    assert not (folder / "report.ipynb").exists()


def test_missing_data_exits_3_wherever_it_is_called_from(
    workbook, write, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    done = cx("run", write("codebook: data/gone.yaml"), "--out", tmp_path / "site")
    assert done.exit_code == 3
    assert "codebook: data/gone.yaml does not exist" in done.output
    html = next((tmp_path / "site").glob("*/*/*/report.html")).read_text()
    assert "Data stop" in html


def test_secret_is_in_no_file(workbook, write):
    done = cx("run", write("api_token: hunter2\nsegment: 'x://ann:hunter3@h'\n"))
    assert done.exit_code == 2
    texts = [path.read_text() for path in (workbook / "reports").rglob("*.*")
             if path.is_file()]  # fmt: skip
    assert texts
    assert not any("hunter" in text for text in [*texts, done.output])


def test_keep_deletes_older_runs_of_the_reports_that_ran_and_says_so(
    add, workbook, tmp_path, write
):
    old = [add("sample", "good", day) for day in (1, 2, 3)]
    other = add("sample", "other", 1), add("sample", "other", 2)
    done = cx("run", write("segmnt: plan"), "--out", tmp_path, "--keep", "2")
    assert [folder.exists() for folder in old] == [False, False, True]
    assert all(folder.exists() for folder in other)
    assert f"Deleted: sample/good/{old[0].name}" in done.output
    assert "2 old runs deleted, " in done.output
    done = cx("clean", "--keep", "1", "--out", tmp_path)
    assert done.exit_code == 0
    assert [folder.exists() for folder in other] == [False, True]
    assert old[2].exists(), "the last completed one"
    assert "1 old run deleted, " in done.output
    assert "No old run." in cx("clean", "--keep", "1", "--out", tmp_path).output
    assert cx("clean", "--keep", "0", "--out", tmp_path).exit_code == 2


def test_clean_of_no_folder_is_a_sentence(tmp_path, capsys, monkeypatch):
    gone = tmp_path / "gone"
    monkeypatch.setattr(sys, "argv", ["cx", "clean", "--keep", "1", "--out", str(gone)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert capsys.readouterr().err == f"{gone}: no such reports folder.\n"


def test_check_reads_the_data(workbook, write):
    good = cx("check", write("segment: plan"))
    assert good.exit_code == 0
    assert "params/sample/good.yaml: parameters fit notebooks/good.ipynb" in good.output
    assert "  responses: 50 rows" in good.output
    bad = cx("check", write("responses: {path: data/answers.csv, keep: {plan: [a]}}"))
    assert bad.exit_code == 3
    assert "plan" in bad.output


def test_list_shows_questions_and_parameters(workbook, monkeypatch):
    monkeypatch.chdir(workbook)
    done = cx("list")
    assert done.exit_code == 0
    assert "good: Report good\n  Is it good?\n" in done.output
    assert "level: float = 0.95 # of every interval" in " ".join(done.output.split())


def test_errors_are_sentences(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["cx", "run", str(tmp_path / "gone.yaml")])
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    said = capsys.readouterr().err.strip()
    assert said == f"{tmp_path}/gone.yaml: no such params file or folder."


def test_no_workbook_is_said(tmp_path, monkeypatch):
    monkeypatch.delenv("CX_ROOT", raising=False)
    lonely = tmp_path / "lonely.yaml"
    lonely.write_text("a: 1")
    assert "no workbook at" in str(cx("run", lonely).exception)


@pytest.mark.slow
def test_one_batch_of_every_ending(workbook):
    (workbook / "params/sample/sleeps.yaml").unlink()
    (workbook / "params/sample/good.north.yaml").write_text("level: high")
    process = start(workbook, "run", "params", "--jobs", "2")
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 1, output
    states = {name: said["status"] for name, said in manifests(workbook).items()}
    assert states == {
        "good": "ok",
        "good.north": "params",
        "fails": "failed",
        "stops": "data",
        "dies": "died",
        "refuses": "params",
        "exits": "failed",
    }
    assert "`scale` is odd." in output
    assert "the notebook ended itself before its last cell" in output
    assert "Traceback" not in output
    assert "1 of 7 completed." in output


@pytest.mark.slow
def test_a_cell_that_takes_too_long_is_stopped(workbook):
    process = start(workbook, "run", "params/sample/sleeps.yaml", "--timeout", "2")
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 1, output
    said = manifests(workbook)["sleeps"]
    assert said["status"] == "timeout"
    assert said["error"] == "A cell took longer than 2 s (--timeout) and was stopped."
    folder = workbook / "reports/sample/sleeps" / said["run_id"]
    assert "partial output" in (folder / "report.html").read_text()


def running(workbook):
    """Wait until the sleeping notebook has printed; return its run folder."""
    for _ in range(300):
        time.sleep(0.1)
        for path in workbook.glob("reports/sample/sleeps/*/report.ipynb"):
            if '"partial output' in path.read_text():
                time.sleep(0.3)
                return path.parent
    raise TimeoutError


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupt_keeps_what_has_run(workbook, number):
    process = start(workbook, "run", "params/sample/sleeps.yaml",
                    "params/sample/good.yaml", "--jobs", "1")  # fmt: skip
    folder = running(workbook)
    process.send_signal(number)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 130, output
    said = manifests(workbook)
    assert said["sleeps"]["status"] == "interrupted"
    assert "good" not in said
    html = (folder / "report.html").read_text()
    assert "Interrupted" in html
    assert "partial output" in html
    assert "sleeps" in (workbook / "reports/index.html").read_text()
    assert "Traceback" not in output


@pytest.mark.slow
def test_a_second_interrupt_leaves_at_once(workbook):
    """As does one that comes while the first is still seen to."""
    process = start(workbook, "run", "params/sample/sleeps.yaml")
    folder = running(workbook)
    process.send_signal(signal.SIGSTOP)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGCONT)
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 130, output
    assert "Traceback" not in output
    assert "Once more stops at once." in output
    assert "Stopped at once" in output
    assert json.loads((folder / "manifest.json").read_text())["status"] == "running"


@pytest.mark.slow
def test_nohup_keeps_a_run_going(workbook):
    code = "import signal, runpy; signal.signal(signal.SIGHUP, signal.SIG_IGN); "
    code += "runpy.run_module('cxlib', run_name='__main__', alter_sys=True)"
    command = [sys.executable, "-c", code, "run", "params/sample/good.yaml"]
    process = subprocess.Popen(
        command, cwd=workbook, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )  # fmt: skip
    while not list(workbook.glob("reports/sample/good/2*")):
        time.sleep(0.1)
        assert process.poll() is None
    process.send_signal(signal.SIGHUP)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output


@pytest.mark.slow
def test_a_log_that_nobody_reads_stops_no_run(workbook):
    process = start(workbook, "run", "params/sample/good.yaml")
    process.stdout.close()
    process.wait(120)
    assert manifests(workbook)["good"]["status"] == "ok"
    assert "good" in (workbook / "reports/index.html").read_text()


@pytest.mark.slow
def test_killed_runner_never_looks_finished(workbook):
    process = start(workbook, "run", "params/sample/sleeps.yaml")
    folder = running(workbook)
    process.kill()
    process.wait()
    said = json.loads((folder / "manifest.json").read_text())
    assert said["status"] == "running"
    assert not (folder / "report.html").exists()
    assert "partial output" in (folder / "report.ipynb").read_text()
    from cxlib.run import write_site

    index = write_site(workbook / "reports").read_text()
    assert "Died" in index
    page = (folder / "unfinished.html").read_text()
    assert "time.sleep(60)" in page
    assert 'href="report.ipynb"' in page


@pytest.mark.slow
def test_a_report_that_is_being_run_is_left_out(workbook):
    """The other reports are made; --overlap wait waits, until it is told to stop."""
    first = start(workbook, "run", "params/sample/sleeps.yaml")
    folder = running(workbook)
    asked = ("params/sample/sleeps.yaml", "params/sample/good.yaml")
    second = start(workbook, "run", *asked)
    output, _ = second.communicate(timeout=120)
    assert second.returncode == 0, output
    assert "Being run       sample/sleeps  left out" in output
    assert f"    process {first.pid} on " in output
    assert "1 of 2 completed, 1 being run by another process." in output
    third = start(workbook, "run", asked[0], "--overlap", "wait")
    with pytest.raises(subprocess.TimeoutExpired):
        third.communicate(timeout=8)
    third.terminate()
    assert third.communicate(timeout=20)
    assert third.returncode == 130
    assert first.poll() is None
    assert len(list(folder.parent.glob("2*"))) == 1
    first.terminate()
    first.communicate(timeout=30)
    assert manifests(workbook)["sleeps"]["status"] == "interrupted"


@pytest.mark.slow
def test_parallel_runs_do_not_clash(workbook):
    (workbook / "params").rename(workbook / "old")
    (workbook / "params/many").mkdir(parents=True)
    for i in range(6):
        path = workbook / f"params/many/good.n{i}.yaml"
        path.write_text(f"segment: plan\nseed: {i}\n")
    wait = ("--overlap", "wait")
    first = start(workbook, "run", "params", "--jobs", "6", *wait)
    second = start(workbook, "run", "params/many/good.n0.yaml", *wait)
    for process in (first, second):
        output, _ = process.communicate(timeout=120)
        assert process.returncode == 0, output
    found = list((workbook / "reports").glob("many/*/*/manifest.json"))
    said = [json.loads(path.read_text()) for path in found]
    assert len(said) == 7
    assert {one["status"] for one in said} == {"ok"}
    assert {one["seed"] for one in said} == set(range(6))
    index = (workbook / "reports/index.html").read_text()
    assert all(f"good.n{i}" in index for i in range(6))
    assert "2 runs" in index
