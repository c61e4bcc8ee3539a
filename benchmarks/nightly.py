"""A night of reports: plain command lines against `cx run`, in one run.

    python benchmarks/nightly.py [--programmes 10] [--ways warm cli1 warm]

Each programme runs four sample notebooks with a seed of its own, on its own nine
tenths of the sample's accounts: no two reports are alike. The same runs are made

- one after the other by `papermill` + `jupyter nbconvert --to html`,
- by the same command lines, two at a time (`xargs -P 2`),
- by `cx run --jobs 3 --fresh` and `cx run --jobs 3 --warm`: one more than there are
  cores, so that none waits while a kernel starts.

Printed are wall and CPU seconds (of the processes and all their children), ratios, and
whether results.json and the text of all outputs are the same. A way that is named more
than once is made as often and its mean is shown: before and after a long one, it meets
the same machine, whose speed drifts. Ten programmes of command lines take half an hour.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import yaml

HERE = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
NOTEBOOKS = ("nps_segmentation", "voc_coding", "journey_comparison", "roi_regression")
TABLES = {"responses": "account_id", "periods": "customer_id", "users": "user_id"}
COPIED = ("codebook.yaml", "codings.csv", "events.csv")
WAYS = {
    "cli1": "papermill + nbconvert, one at a time",
    "cli2": "papermill + nbconvert, xargs -P 2",
    "fresh": "cx run --jobs 3 --fresh",
    "warm": "cx run --jobs 3 --warm",
}
# What differs between two runs of the same notebook: folders and object addresses.
VOLATILE = re.compile(r"reports/[\w./-]+|out/[\w./-]+|0x[0-9a-f]{6,}")


@dataclass(frozen=True)
class Cost:
    """Wall and CPU seconds."""

    wall: float
    cpu: float


def workbook(root: Path, programmes: int) -> list[tuple[str, str]]:
    """Write a workbook; return programme and notebook of each run."""
    (root / "notebooks").mkdir(parents=True)
    for name in NOTEBOOKS:
        shutil.copy(HERE / "notebooks" / f"{name}.ipynb", root / "notebooks")
    for number in range(programmes):
        _programme(root, f"programme{number:02}", number)
    return [
        (f"programme{number:02}", name)
        for number in range(programmes)
        for name in NOTEBOOKS
    ]


def _programme(root: Path, label: str, number: int) -> None:
    """Write data and params files of one programme."""
    sample, data = HERE / "data" / "sample", root / "data" / label
    data.mkdir(parents=True)
    for table, column in TABLES.items():
        rows = pd.read_csv(sample / f"{table}.csv", dtype=str, keep_default_na=False)
        last = rows[column].str.extract(r"(\d+)$", expand=False).astype(int)
        rows[last % 10 != number % 10].to_csv(data / f"{table}.csv", index=False)
    for name in COPIED:
        shutil.copy(sample / name, data)
    (root / "params" / label).mkdir(parents=True)
    for name in NOTEBOOKS:
        text = (HERE / "params" / "sample" / f"{name}.yaml").read_text()
        params = yaml.safe_load(text.replace("data/sample/", f"data/{label}/"))
        params |= {"seed": number + 1}
        params.pop("registered", None)
        params |= {"horizon": 0} if name == "journey_comparison" else {}
        path = root / "params" / label / f"{name}.yaml"
        path.write_text(yaml.safe_dump(params, sort_keys=False))


def measure(command: Sequence[str], cwd: Path, *, given: str = "") -> Cost:
    """Run a command; return what it and its children took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    done = subprocess.run(
        command, cwd=cwd, input=given, capture_output=True, text=True, check=False
    )
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(wall, cpu)


def by_command_lines(
    root: Path, runs: list[tuple[str, str]], at_a_time: int, out: str
) -> Cost:
    """Run `papermill` and `jupyter nbconvert` for each run."""
    script = root / "one.sh"
    script.write_text(
        f'set -e\nexec 2>&1\nout="{out}/$1/$2"\nmkdir -p "$out"\n'
        f'"{BIN}/papermill" "notebooks/$2.ipynb" "$out/report.ipynb" '
        '-f "params/$1/$2.yaml" -p output_dir "$out" '
        "--no-progress-bar --no-log-output\n"
        f'"{BIN}/jupyter" nbconvert --to html "$out/report.ipynb"\n'
    )
    lines = "".join(f"{programme} {name}\n" for programme, name in runs)
    command = ["xargs", "-P", str(at_a_time), "-L", "1", "sh", str(script)]
    return measure(command, root, given=lines)


def by_cx(root: Path, kernels: str, out: str) -> Cost:
    """Run all params files in one `cx run`."""
    command = [sys.executable, "-m", "cxlib", "run", "params", "--jobs", "3"]
    return measure([*command, f"--{kernels}", "--out", f"{root}/{out}"], root)


def by(root: Path, runs: list[tuple[str, str]], way: str, out: str) -> Cost:
    """Make the runs one of the ways."""
    if way.startswith("cli"):
        return by_command_lines(root, runs, int(way[3:]), out)
    return by_cx(root, way, out)


def mean(costs: Sequence[Cost]) -> Cost:
    """Return the mean of what a way took each time."""
    wall, cpu = sum(one.wall for one in costs), sum(one.cpu for one in costs)
    return Cost(wall / len(costs), cpu / len(costs))


def said(folder: Path) -> tuple[object, object]:
    """Return results.json and the text of all outputs of a run folder."""
    results = json.loads((folder / "results.json").read_text())
    notebook = json.loads((folder / "report.ipynb").read_text())
    outputs = [
        VOLATILE.sub("", "".join(text or ""))
        for cell in notebook["cells"]
        for output in cell.get("outputs", [])
        for text in (
            output.get("text", ""),
            output.get("data", {}).get("text/plain", ""),
        )
    ]
    return results, outputs


def differing(
    root: Path, runs: list[tuple[str, str]], ways: list[str]
) -> Iterator[str]:
    """Yield the runs whose results or outputs are not the same both ways."""
    for programme, name in runs:
        found = []
        for way in ways:
            place = root / way / programme / name
            inside = [place, *sorted(place.glob("2*"))]
            found.append(said(inside[-1]))
        if any(one != found[0] for one in found):
            yield f"{programme}/{name}"


def main() -> None:
    """Measure all ways and print them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programmes", type=int, default=10)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    given = parser.parse_args()
    os.environ.pop("CX_ROOT", None)
    os.environ |= dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1")
    path = [str(HERE), os.environ.get("PYTHONPATH", "")]
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, path))
    with tempfile.TemporaryDirectory(prefix="cx-night-") as folder:
        root = Path(folder)
        runs = workbook(root, given.programmes)
        took: dict[str, list[Cost]] = {way: [] for way in given.ways}
        folders = [f"{way}.{number}" for number, way in enumerate(given.ways)]
        for way, out in zip(given.ways, folders, strict=True):
            took[way].append(by(root, runs, way, out))
        wrong = list(differing(root, runs, folders))
    report(took, runs=len(runs), wrong=wrong)


def report(took: dict[str, list[Cost]], *, runs: int, wrong: list[str]) -> None:
    """Print the table: seconds, and how many times as long as the quickest way took."""
    costs = {way: mean(every) for way, every in took.items()}
    best = min(costs.values(), key=lambda cost: cost.wall)
    print(f"{runs} notebook runs on {os.cpu_count()} cores\n")
    print(f"{'':38}{'wall s':>9}{'ratio':>8}{'cpu s':>9}{'ratio':>8}")
    for way, cost in costs.items():
        print(
            f"{WAYS[way]:38}{cost.wall:9.1f}{cost.wall / best.wall:7.2f}x"
            f"{cost.cpu:9.1f}{cost.cpu / best.cpu:7.2f}x"
        )
        if len(took[way]) > 1:
            print(f"  wall s each: {', '.join(f'{one.wall:.1f}' for one in took[way])}")
    same = f"differ: {', '.join(wrong)}" if wrong else "the same in all of them"
    print(f"\nresults.json and the text of outputs: {same}")
    if wrong:
        sys.exit(1)


if __name__ == "__main__":
    main()
