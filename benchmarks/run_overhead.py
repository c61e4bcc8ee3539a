"""What a run costs beyond the notebook's own work: `cx run` against the command lines.

    python benchmarks/run_overhead.py [--runs 3]

Two notebooks are run: an empty one, and one that imports the statistics stack. The
same runs are made by `cx run` (one process, papermill and the exporter inside) and by
`papermill` + `jupyter nbconvert`, one after the other on the same machine. The own work
(the imports in a bare Python) is taken off both. CPU seconds are those of the process
and all its children, so a busy machine does not change them much; wall time is shown
beside them.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

STACK = "import pandas, seaborn, statsmodels.formula.api, sklearn.linear_model"
NOTEBOOKS = {"empty": "pass", "stack": STACK}
BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Cost:
    """CPU and wall seconds."""

    cpu: float
    wall: float

    def per_run(self, runs: int, own: Cost) -> Cost:
        """Return the cost of one run beyond its own work, never below zero."""
        cpu, wall = self.cpu / runs - own.cpu, self.wall / runs - own.wall
        return Cost(max(cpu, 0.0), max(wall, 0.0))


def measure(commands: Sequence[Sequence[str]], cwd: Path) -> Cost:
    """Run commands one after the other; return what they and their children took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    for command in commands:
        done = subprocess.run(command, cwd=cwd, capture_output=True, check=False)
        if done.returncode:
            sys.exit(
                f"{' '.join(command)}\n{done.stdout.decode()}{done.stderr.decode()}"
            )
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)
    return Cost(cpu, wall)


def workbook(root: Path, name: str, runs: int) -> None:
    """Write a workbook with one notebook and a params file for each run."""
    (root / "notebooks").mkdir(parents=True)
    (root / "params" / "bench").mkdir(parents=True)
    cell: dict[str, object] = {
        "cell_type": "code",
        "execution_count": None,
        "outputs": [],
    }
    parameters = {
        "metadata": {"tags": ["parameters"]},
        "source": "seed: int = 1  # any",
    }
    cells = [
        {**cell, "id": "a", **parameters},
        {**cell, "id": "b", "metadata": {}, "source": NOTEBOOKS[name]},
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = {"cells": cells, "metadata": {"kernelspec": kernel}}
    text = json.dumps({**notebook, "nbformat": 4, "nbformat_minor": 5})
    (root / "notebooks" / f"{name}.ipynb").write_text(text)
    for i in range(runs):
        (root / "params" / "bench" / f"{name}.r{i}.yaml").write_text(f"seed: {i}\n")


def by_cx(root: Path, runs: int) -> Cost:
    """Run all params files in one `cx run`."""
    chosen = sorted((root / "params" / "bench").glob("*.yaml"))[:runs]
    command = [sys.executable, "-m", "cxlib", "run", *map(str, chosen), "--jobs", "1"]
    return measure([command], root)


def by_command_lines(root: Path, name: str, runs: int) -> Cost:
    """Run `papermill` and `jupyter nbconvert` for each params file."""
    commands: list[list[str]] = []
    for i in range(runs):
        out = f"out{i}.ipynb"
        source, params = f"notebooks/{name}.ipynb", f"params/bench/{name}.r{i}.yaml"
        quiet = ["--no-progress-bar", "--no-log-output"]
        commands.append([str(BIN / "papermill"), source, out, "-f", params, *quiet])
        commands.append([str(BIN / "jupyter"), "nbconvert", "--to", "html", out])
    return measure(commands, root)


def main() -> None:
    """Measure and print both notebooks."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3)
    runs = parser.parse_args().runs
    os.environ.pop("CX_ROOT", None)
    here = str(Path(__file__).resolve().parents[1])
    os.environ["PYTHONPATH"] = os.pathsep.join([here, os.environ.get("PYTHONPATH", "")])
    print(f"seconds a run beyond its own work, {runs} runs, one at a time\n")
    print(f"{'':8}{'own cpu':>9}{'cx cpu':>9}{'first':>9}{'cli cpu':>9}{'ratio':>8}"
          f"{'cx wall':>10}{'cli wall':>10}{'ratio':>8}")  # fmt: skip
    for name, code in NOTEBOOKS.items():
        with tempfile.TemporaryDirectory(prefix="cx-bench-") as folder:
            root = Path(folder)
            workbook(root, name, runs)
            bare = measure([[sys.executable, "-c", "pass"]], root)
            own = measure([[sys.executable, "-c", code]], root)
            own = Cost(max(own.cpu - bare.cpu, 0), max(own.wall - bare.wall, 0))
            first = by_cx(root, 1).per_run(1, own)
            ours = by_cx(root, runs).per_run(runs, own)
            theirs = by_command_lines(root, name, runs).per_run(runs, own)
        print(
            f"{name:8}{own.cpu:9.2f}{ours.cpu:9.2f}{first.cpu:9.2f}{theirs.cpu:9.2f}"
            f"{theirs.cpu / ours.cpu:7.1f}x{ours.wall:10.2f}{theirs.wall:10.2f}"
            f"{theirs.wall / ours.wall:7.1f}x"
        )
    print("\nfirst: a `cx run` of one params file, its own start included")


if __name__ == "__main__":
    main()
