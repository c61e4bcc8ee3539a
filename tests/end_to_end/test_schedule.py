"""The examples of schedules/ do what they say: cron runs them, the others parse."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCHEDULES = ROOT / "schedules"
README = (ROOT / "README.md").read_text()
CLONE = "/srv/cx-workbook"
UNITS = ("cx-reports.service", "cx-reports.timer", "cx-mail@.service")

pytestmark = pytest.mark.slow


def readme_line() -> str:
    (block,) = re.findall(r"```cron\n(.+?)\n```", README, re.DOTALL)
    (line,) = block.splitlines()
    return line


def crontab_line() -> str:
    text = (SCHEDULES / "crontab").read_text()
    (line,) = [line for line in text.splitlines() if re.match(r"[\d*]", line)]
    return line


LINES = pytest.mark.parametrize(
    "line", [readme_line(), crontab_line()], ids=["readme", "crontab"]
)


@LINES
def test_five_time_fields_and_no_unescaped_percent(line):
    assert re.match(rf"(\S+ ){{5}} ?cd {CLONE} && ", line)
    assert not re.search(r"(?<!\\)%", line)


def make_workbook(copy: Path) -> Path:
    """A copy of the workbook with one report and the virtual environment of here."""
    copy.mkdir(parents=True)
    for name in ("notebooks", "params", "data"):
        shutil.copytree(ROOT / name, copy / name)
    for path in (copy / "params" / "sample").glob("*.yaml"):
        if path.stem != "nps_segmentation":
            path.unlink()
    (copy / "reports").mkdir()
    (copy / ".venv" / "bin").mkdir(parents=True)
    program = copy / ".venv" / "bin" / "cx"
    path = f'PYTHONPATH="{ROOT}" exec "{sys.executable}"'
    program.write_text(f'#!/bin/sh\n{path} -m cxlib "$@"\n')
    program.chmod(0o755)
    return copy


def make_mail(folder: Path) -> Path:
    """A mail program that writes what it was sent."""
    program = folder / "mail"
    program.write_text(f'#!/bin/sh\necho "$@" > {folder}/new; cat >> {folder}/new\n'
                       f"mv {folder}/new {folder}/sent\n")  # fmt: skip
    program.chmod(0o755)
    return folder


def break_params(workbook: Path) -> None:
    """Leave one params file only, with a wrong name in it."""
    (workbook / "params" / "sample" / "nps_segmentation.yaml").unlink()
    bad = workbook / "params" / "broken"
    bad.mkdir(exist_ok=True)
    (bad / "nps_segmentation.yaml").write_text("segmnt: plan\n")


def as_cron(line: str, workbook: Path, mail: Path) -> subprocess.CompletedProcess:
    """What cron would hand to the shell, in the environment cron would give."""
    command = line.split(None, 5)[5].replace(CLONE, str(workbook)).replace("\\%", "%")
    return subprocess.run(
        ["/bin/sh", "-c", command], cwd="/", capture_output=True, text=True,
        timeout=300, check=False,
        env={"HOME": str(workbook), "PATH": f"{mail}:/usr/bin:/bin"},
    )  # fmt: skip


@LINES
def test_a_good_night_sends_no_mail_and_a_bad_one_does(line, tmp_path):
    workbook = make_workbook(tmp_path / "srv" / "cx-workbook")
    mail = make_mail(tmp_path)
    done = as_cron(line, workbook, mail)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not (mail / "sent").exists()
    (log,) = (workbook / "reports").glob("cron*.log")
    assert "Completed" in log.read_text()
    assert (workbook / "reports" / "index.html").is_file()
    break_params(workbook)
    as_cron(line, workbook, mail)
    sent = (mail / "sent").read_text()
    assert "CX reports: look" in sent
    assert "did you mean 'segment'" in sent


class Cron:
    """A cron daemon of the test's own, and root's crontab, put back as it was."""

    def __init__(self) -> None:
        self.before = self._crontab("-l").stdout
        self.daemon: subprocess.Popen | None = None

    def _crontab(self, *options: str, text: str = "") -> subprocess.CompletedProcess:
        return subprocess.run(
            ["crontab", "-u", "root", *options], input=text, capture_output=True,
            text=True, check=False,
        )  # fmt: skip

    def start(self, text: str) -> None:
        done = self._crontab("-", text=text)
        assert done.returncode == 0, done.stderr
        self.daemon = subprocess.Popen(
            ["cron", "-f"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        time.sleep(1)
        assert self.daemon.poll() is None, "cron did not start"

    def stop(self) -> None:
        if self.daemon is not None and self.daemon.poll() is None:
            self.daemon.send_signal(signal.SIGTERM)
            self.daemon.wait(10)
        if self.before:
            self._crontab("-", text=self.before)
        else:
            self._crontab("-r")


def running_daemon() -> bool:
    """Whether a cron of this machine runs already: root's crontab is its own then."""
    names = [path / "comm" for path in Path("/proc").glob("[0-9]*")]
    for name in names:
        try:
            if name.read_text().strip() in {"cron", "crond"}:
                return True
        except OSError:
            continue
    return False


@pytest.fixture
def cron():
    if os.geteuid() != 0:
        pytest.skip("only root may start a cron daemon")
    if not shutil.which("cron") or not shutil.which("crontab"):
        pytest.skip("cron is missing: make cron")
    if running_daemon():
        pytest.skip("a cron daemon runs here; the test would have to stop it")
    one = Cron()
    yield one
    one.stop()


def wait_for(what, *, seconds: int) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "cron did not do it in time"
        time.sleep(0.5)


def test_a_real_cron_runs_the_crontab(cron, tmp_path):
    """Each minute: the first makes the report, a later one finds it unchanged, and
    one with a broken params file mails its log."""
    workbook = make_workbook(tmp_path / "srv" / "cx-workbook")
    mail = make_mail(tmp_path)
    text = (SCHEDULES / "crontab").read_text().replace(CLONE, str(workbook))
    text = text.replace("PATH=", f"PATH={mail}:").replace("30 2 * * *", "* * * * *")
    cron.start(text)
    reports = workbook / "reports"

    def said(word):
        return any(word in log.read_text() for log in reports.glob("cron-?.log"))

    wait_for(lambda: said("1 of 1 completed."), seconds=240)
    assert not (mail / "sent").exists()
    (page,) = reports.glob("sample/nps_segmentation/2*/report.html")
    assert page.read_text().rstrip().endswith("</html>")
    wait_for(lambda: said("Unchanged"), seconds=180)
    assert len(list(reports.glob("sample/nps_segmentation/2*"))) == 1
    assert not (mail / "sent").exists()
    break_params(workbook)
    wait_for((mail / "sent").exists, seconds=180)
    sent = (mail / "sent").read_text()
    assert "CX reports: look (exit code 2) cx@example.com" in sent
    assert "did you mean 'segment'" in sent


def test_systemd_accepts_the_units(tmp_path):
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is missing: make cron")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "cx").symlink_to("/bin/true")
    for name in UNITS:
        text = (SCHEDULES / name).read_text()
        (tmp_path / name).write_text(text.replace(CLONE, str(tmp_path)))
    (tmp_path / UNITS[2]).rename(tmp_path / "cx-mail@x.service")
    units = ["cx-reports.service", "cx-reports.timer", "cx-mail@x.service"]
    done = subprocess.run(
        ["systemd-analyze", "verify", *(str(tmp_path / unit) for unit in units)],
        capture_output=True, text=True, check=False,
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert str(tmp_path) not in done.stderr
    assert "cx-" not in done.stderr


def test_the_unit_writes_nowhere_but_to_the_reports():
    unit = (SCHEDULES / "cx-reports.service").read_text()
    assert "ProtectSystem=strict" in unit
    assert re.findall(r"^ReadWritePaths=(.*)$", unit, re.MULTILINE) == [
        f"{CLONE}/reports"
    ]
    assert "SuccessExitStatus=130\n" in unit
    (command,) = re.findall(r"^ExecStart=(.*)$", unit, re.MULTILINE)
    assert command in f"{CLONE}/{crontab_line()}".replace(
        "{ .venv", f"{{ {CLONE}/.venv"
    )


def test_github_takes_the_workflow(tmp_path):
    program = Path(sys.executable).with_name("check-jsonschema")
    if not program.exists():
        pytest.skip("check-jsonschema is missing: make test")
    check = [str(program), "--builtin-schema", "vendor.github-workflows"]
    workflow = SCHEDULES / "cx-reports.yml"
    done = subprocess.run([*check, workflow], capture_output=True, check=False)
    assert done.returncode == 0, done.stdout
    broken = tmp_path / "broken.yml"
    broken.write_text(workflow.read_text().replace("runs-on:", "runs_on:"))
    done = subprocess.run([*check, broken], capture_output=True, check=False)
    assert done.returncode == 1, "the check would take anything"
