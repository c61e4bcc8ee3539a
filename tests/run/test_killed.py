"""A killed `cx run` leaves no half report, no kernel, and the next one tidies up."""

from __future__ import annotations

import ctypes
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cxlib.run import process, write_site

pytestmark = pytest.mark.slow

# Each ends its own process, as kill -9 would, at one moment of a run.
MOMENTS = {
    "before the kernel": """
import cxlib.run.runner as runner
runner.execute = lambda *_, **__: kill()
""",
    "half a page": """
import cxlib.run.folder as folder
write = folder.write_text
def half(path, text):
    if path.name == "report.html":
        spare = path.with_name(f".report.html.{os.getpid()}-00000000")
        spare.write_text(text[: len(text) // 2])
        kill()
    write(path, text)
folder.write_text = half
""",
    "a page not yet in place": """
replace = pathlib.Path.replace
def stop(self, target):
    if target.name == "report.html":
        kill()
    return replace(self, target)
pathlib.Path.replace = stop
""",
    "a page without its manifest": """
replace = pathlib.Path.replace
def stop(self, target):
    if target.name == "manifest.json" and (target.parent / "report.html").exists():
        kill()
    return replace(self, target)
pathlib.Path.replace = stop
""",
}
PROGRAM = """
import os, pathlib, signal, sys
def kill():
    os.kill(os.getpid(), signal.SIGKILL)
{moment}
from cxlib.__main__ import main
sys.argv[0] = "cx"
main()
"""


def start(book, *arguments, moment=""):
    run = ["-c", PROGRAM.format(moment=moment)] if moment else ["-m", "cxlib"]
    return subprocess.Popen(
        [sys.executable, *run, "run", *arguments], cwd=book,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def kernels(book):
    """The live kernels of a workbook."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            environment = (path / "environ").read_bytes()
            command = (path / "cmdline").read_bytes()
        except OSError:
            continue
        ours = f"CX_ROOT={book}".encode() in environment.split(b"\0")
        if ours and b"ipykernel" in command and process.exists(int(path.name)):
            found.append(int(path.name))
    return found


def wait_for(what, seconds=90):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.05)


def looks_dead(book, name):
    """What a reader and the next run find; returns the run's folder."""
    (path,) = book.glob(f"reports/sample/{name}/2*/manifest.json")
    said = json.loads(path.read_text())
    assert said["status"] == "running"
    assert process.alive(said) is False
    index = write_site(book / "reports").read_text()
    row = re.sub(r"<[^>]+>", " ", index)
    assert "Interrupted" in row or "Died" in row
    assert "Completed" not in row
    return path.parent


def tidies_up(book, name, folder):
    """The next run completes, and sweeps what the dead one had begun."""
    for path in book.glob("reports/**/.*"):
        os.utime(path, (1, 1))
    process = start(book, f"params/sample/{name}.yaml", "--skip-unchanged")
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    assert "1 of 1 completed." in output, "a dead run must not stand"
    assert not list(folder.glob(".*"))


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_at_a_moment(workbook, moment):
    book = workbook.resolve()
    one = start(book, "params/sample/good.yaml", moment=MOMENTS[moment])
    one.communicate(timeout=300)
    assert one.returncode == -signal.SIGKILL
    folder = looks_dead(book, "good")
    page = folder / "report.html"
    if moment == "a page without its manifest":
        assert page.read_text().rstrip().endswith("</html>")
    else:
        assert not page.exists()
    wait_for(lambda: not kernels(book), seconds=20)
    tidies_up(book, "good", folder)


@pytest.fixture(params=[False, True], ids=["first process", "subreaper"])
def orphans(request):
    """Where orphans go: to the first process, or, as in a session of systemd, not."""
    library = ctypes.CDLL(None)
    if library.prctl(36, int(request.param), 0, 0, 0) != 0:
        pytest.skip("prctl cannot make this process a subreaper")
    yield
    library.prctl(36, 0, 0, 0, 0)


@pytest.mark.parametrize("when", ["the kernel starts", "a cell runs"])
def test_no_kernel_outlives_its_runner(workbook, orphans, when):
    book = workbook.resolve()
    one = start(book, "params/sample/sleeps.yaml")

    def in_a_cell():
        found = list(book.glob("reports/sample/sleeps/2*/report.ipynb"))
        return found and '"partial output\\n"' in found[0].read_text()

    wait_for(in_a_cell if when == "a cell runs" else lambda: kernels(book))
    assert kernels(book)
    one.kill()
    one.communicate()
    wait_for(lambda: not kernels(book), seconds=20)
    folder = looks_dead(book, "sleeps")
    assert not (folder / "report.html").exists()
