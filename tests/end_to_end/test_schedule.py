"""The README's cron line works in the bare environment that cron gives."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()

pytestmark = pytest.mark.slow


def cron_line() -> str:
    (block,) = re.findall(r"```cron\n(.+?)\n```", README, re.DOTALL)
    (line,) = block.splitlines()
    return line


def test_five_time_fields_and_no_unescaped_percent():
    line = cron_line()
    assert re.match(r"(\S+ ){5} ?cd /srv/cx-workbook && ", line)
    assert "%" not in line


@pytest.fixture(scope="module")
def workbook(tmp_path_factory):
    """A copy of the workbook with one programme and the virtual environment of here."""
    copy = tmp_path_factory.mktemp("srv") / "cx-workbook"
    copy.mkdir()
    for name in ("notebooks", "params", "data"):
        shutil.copytree(ROOT / name, copy / name)
    for path in (copy / "params" / "sample").glob("*.yaml"):
        if path.stem != "nps_segmentation":
            path.unlink()
    (copy / "reports").mkdir()
    (copy / ".venv" / "bin").mkdir(parents=True)
    program = copy / ".venv" / "bin" / "cx"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m cxlib "$@"\n')
    program.chmod(0o755)
    return copy


def run_as_cron(workbook: Path, mail: Path) -> subprocess.CompletedProcess:
    command = cron_line().split(None, 5)[5].replace("/srv/cx-workbook", str(workbook))
    return subprocess.run(
        ["/bin/sh", "-c", command], cwd="/", capture_output=True, text=True,
        timeout=300, check=False,
        env={"HOME": str(workbook), "PATH": f"{mail}:/usr/bin:/bin"},
    )  # fmt: skip


@pytest.fixture
def mail(tmp_path):
    """A mail program that writes what it was sent."""
    program = tmp_path / "mail"
    program.write_text(
        f'#!/bin/sh\necho "$@" > {tmp_path}/sent; cat >> {tmp_path}/sent\n'
    )
    program.chmod(0o755)
    return tmp_path


def test_a_good_night_sends_no_mail(workbook, mail):
    done = run_as_cron(workbook, mail)
    assert done.returncode == 0, done.stderr
    assert not (mail / "sent").exists()
    log = (workbook / "reports" / "cron.log").read_text()
    assert "Completed" in log
    assert (workbook / "reports" / "index.html").is_file()


def test_a_bad_night_mails_the_log(workbook, mail):
    bad = workbook / "params" / "broken"
    bad.mkdir(exist_ok=True)
    (bad / "nps_segmentation.yaml").write_text("segmnt: plan\n")
    (workbook / "params" / "sample" / "nps_segmentation.yaml").unlink()
    run_as_cron(workbook, mail)
    sent = (mail / "sent").read_text()
    assert "CX reports: look" in sent
    assert "did you mean 'segment'" in sent
