"""One night with everything that can go wrong in it: the good reports are made."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from cxlib.report.exporter import ReportExporter

pytestmark = pytest.mark.slow

CELLS = {
    "killed": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    "exits": "import sys; sys.exit(0)",
    "endless": "while True: pass",
    "full": "open('/dev/full', 'w').write('x' * 100_000)",
    "raises": "raise KeyError('plan')",
}
STATES = {
    "good": "ok", "good.again": "ok", "good.last": "ok", "killed": "died",
    "exits": "failed", "endless": "timeout", "full": "failed", "raises": "failed",
    "good.broken": "params", "good.missing": "data",
}  # fmt: skip


def add_notebook(book, name, source):
    notebook = json.loads((book / "notebooks/fails.ipynb").read_text())
    assert "KeyError" in notebook["cells"][-2]["source"][0]
    notebook["cells"][-2]["source"] = [source]
    (book / f"notebooks/{name}.ipynb").write_text(json.dumps(notebook))
    (book / f"params/night/{name}.yaml").write_text("segment: plan\n")


def test_a_night_of_failures(workbook):
    (workbook / "params/sample").rename(workbook / "old")
    (workbook / "params/night").mkdir()
    for name, source in CELLS.items():
        add_notebook(workbook, name, source)
    for name, text in {
        "good": "segment: plan\n",
        "good.again": "seed: 8\n",
        "good.broken": "segment: [plan\nseed: eight\n",
        "good.missing": "codebook: data/gone.yaml\n",
        "good.last": "seed: 9\n",
    }.items():
        (workbook / f"params/night/{name}.yaml").write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "cxlib", "run", "params", "--jobs", "4",
         "--timeout", "15"],
        cwd=workbook, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    output = done.stdout + done.stderr
    assert done.returncode == 1, output
    assert "Traceback" not in output
    said = {
        path.parent.parent.name: json.loads(path.read_text())
        for path in workbook.glob("reports/night/*/2*/manifest.json")
    }
    assert {name: one["status"] for name, one in said.items()} == STATES
    for path in workbook.glob("reports/night/*/2*"):
        page = (path / "report.html").read_text()
        assert page.rstrip().endswith("</html>")
    index = (workbook / "reports/index.html").read_text()
    assert all(f">{name}</a>" in index for name in STATES)
    assert f"3 of {len(STATES)} completed." in output


@pytest.fixture
def crowded(workbook):
    """A programme whose reports go to a disk with no room for them."""
    place = workbook / "reports" / "crowded"
    place.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", "size=24k", "tmpfs", str(place)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")
    (workbook / "params/crowded").mkdir()
    (workbook / "params/crowded/good.yaml").write_text("segment: plan\n")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_ends_one_programme(workbook, crowded):
    done = subprocess.run(
        [sys.executable, "-m", "cxlib", "run", "params/crowded",
         "params/sample/good.yaml"],
        cwd=workbook, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    output = done.stdout + done.stderr
    assert done.returncode == 1, output
    assert "Traceback" not in output
    assert "The run could not be written: [Errno 28] No space left" in output
    (path,) = crowded.glob("good/2*/manifest.json")
    said = json.loads(path.read_text())
    assert said["status"] == "failed"
    assert "No space left" in said["error"]
    assert not (path.parent / "report.html").exists()
    assert list(workbook.glob("reports/sample/good/2*/report.html"))


def test_a_page_that_cannot_be_written_leaves_the_others(workbook, monkeypatch, silent):
    """The exporter breaks for one report: its numbers are kept, the others are made."""
    from cxlib.run import Runner, check

    real = ReportExporter.from_notebook_node

    def broken(self, notebook, *rest):
        if notebook.metadata["cx"]["name"] == "good.odd":
            raise MemoryError("no room for the page")
        return real(self, notebook, *rest)

    monkeypatch.setattr(ReportExporter, "from_notebook_node", broken)
    (workbook / "params/sample/good.odd.yaml").write_text("segment: plan\n")
    paths = [workbook / f"params/sample/{name}.yaml" for name in ("good", "good.odd")]
    runner = Runner(out=workbook / "reports", progress=silent(), n_jobs=2)
    found = {one.job.name: one for one in runner.run(check(paths))}
    assert found["good"].status == "ok"
    assert found["good.odd"].status == "failed"
    assert "no room for the page" in found["good.odd"].error
    assert (found["good.odd"].folder / "results.json").is_file()
    assert "no room for the page" in found["good.odd"].report.read_text()
