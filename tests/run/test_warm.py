"""Warm kernels: the same state and outputs as fresh ones, and no orphans."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from cxlib import __main__ as command_line
from cxlib.run import Runner, check
from cxlib.run.warm import KernelServer, ServerError, ahead, fits, kernels
from cxlib.run.warm.provisioner import WarmProvisioner

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="warm kernels are for Linux"
)
PARAMETERS = """\
responses: dict = {"path": "data/answers.csv"}  # the answers
engine: str = "pandas"  # where the rows are worked
output_dir: str = "reports/draft/x"  # where results are written"""
STATE = """\
import contextlib, decimal, json, locale, logging, os, signal, sys, threading, time
import warnings
import matplotlib, numpy, pandas
from matplotlib import pyplot
from cxlib import data, journeys, nps, plots, report, roi, voc
state = {
    "rc": {name: repr(value) for name, value in matplotlib.rcParams.items()},
    "backend": matplotlib.get_backend(),
    "figures": pyplot.get_fignums(),
    "filters": sorted({str(one) for one in warnings.filters}),
    "environment": dict(os.environ),
    "folder": os.getcwd(),
    "path": sys.path,
    "argv": len(sys.argv),
    "program": os.path.basename(sys.argv[0]),
    "main": sorted(name for name in vars(sys.modules["__main__"]) if name[0] != "_"),
    "files": [],
    "threads": sorted(one.name.split("-")[0] for one in threading.enumerate()),
    "signals": {one: str(signal.getsignal(one)).split(" at ")[0]
                for one in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD)},
    "blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
    "mask": os.umask(0o022),
    "leads": os.getpid() == os.getsid(0) == os.getpgid(0),
    "locale": locale.getlocale(),
    "decimal": str(decimal.getcontext()),
    "loggers": [str(one) for one in logging.getLogger().handlers],
    "pandas": pandas.get_option("display.max_rows"),
    "flags": str(sys.flags),
}
print("opens the way for printed text, which is opened when first used")
time.sleep(0.5)  # until all of the runner's connections stand
for one in os.listdir("/proc/self/fd"):
    with contextlib.suppress(OSError):
        link = os.path.basename(os.readlink(f"/proc/self/fd/{one}"))
        state["files"] += [link.split(":")[0]]
json.dump(state, open(os.environ["CX_STATE"], "w"))"""
POLLUTE = """\
import os, random, sys, threading, time, warnings
import matplotlib, numpy, pandas
import cxlib.nps, cxlib.data
numpy.random.seed(1)
random.seed(1)
matplotlib.rcParams["font.size"] = 99
os.environ["POLLUTED"] = "yes"
os.chdir("/")
sys.modules["polluted"] = sys
sys.path.insert(0, "/polluted")
pandas.DataFrame.describe = None
pandas.set_option("display.max_rows", 1)
cxlib.nps.score = None
warnings.simplefilter("error")
threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()"""
CLEAN = """\
import os, sys
import matplotlib, pandas
import cxlib.nps
assert matplotlib.rcParams["font.size"] != 99
assert "POLLUTED" not in os.environ and "polluted" not in sys.modules
assert "/polluted" not in sys.path and os.getcwd() == os.environ["CX_ROOT"]
assert pandas.DataFrame.describe and cxlib.nps.score
assert pandas.get_option("display.max_rows") != 1"""
DRAW = """\
import numpy, random, os
with open(os.environ["CX_STATE"], "a") as file:
    file.write(f"{numpy.random.random()} {random.random()} {os.getpid()}\\n")"""
WAITS = """\
import os, subprocess, time
child = subprocess.Popen(["sleep", "300"])
with open(os.environ["CX_STATE"], "w") as file:
    file.write(f"{os.getpid()} {child.pid}\\n")
time.sleep(300)"""
LEAVES = """\
import atexit, os, threading, time
def say(word):
    with open(os.environ["CX_STATE"], "a") as file:
        file.write(f"{word}\\n")
atexit.register(say, "at exit")
threading.Thread(target=lambda: (time.sleep(0.5), say("thread"))).start()"""
POOLS = """\
from concurrent.futures import ProcessPoolExecutor
import duckdb, joblib, numpy, pyarrow.compute
from sklearn.cluster import KMeans
print(duckdb.connect().execute("select sum(i) from range(1000000) t(i)").fetchall())
print(joblib.Parallel(2)(joblib.delayed(abs)(-i) for i in range(4)))
with ProcessPoolExecutor(2) as pool:
    print(list(pool.map(abs, range(-3, 0))))
print(pyarrow.compute.sum(pyarrow.array(range(1000))))
values = numpy.random.default_rng(1).random((3000, 8))
print(KMeans(3, random_state=1, n_init=2).fit(values).inertia_)
print(numpy.linalg.svd(values)[1])"""
BODIES = {
    "state": STATE, "pollute": POLLUTE, "clean": CLEAN, "draw": DRAW, "waits": WAITS,
    "pools": POOLS, "leaves": LEAVES,
    "dies": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
}  # fmt: skip


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """A workbook with a notebook for each body."""
    root = tmp_path_factory.mktemp("warm") / "book"
    for folder in ("notebooks", "params/sample", "data"):
        (root / folder).mkdir(parents=True)
    (root / "data/answers.csv").write_text("respondent_id,score\nr1,9\n")
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    for name, body in BODIES.items():
        first = new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]})
        cells = [first, new_code_cell(body)]
        notebook = new_notebook(cells=cells, metadata={"kernelspec": kernel})
        nbformat.write(notebook, root / "notebooks" / f"{name}.ipynb")
        (root / f"params/sample/{name}.yaml").write_text("{}\n")
    return root


@pytest.fixture
def state(tmp_path, monkeypatch):
    """Where a notebook says what it found."""
    monkeypatch.delenv("CX_ROOT", raising=False)
    path = tmp_path / "state"
    monkeypatch.setenv("CX_STATE", str(path))
    return path


@pytest.fixture
def run(book, silent, tmp_path):
    """Run notebooks by name; return outcomes in that order."""

    def go(*names, warm=True, jobs=1, timeout=None):
        for i, name in enumerate(names):
            (book / f"params/sample/{name}.n{i}.yaml").write_text("{}\n")
        paths = [
            book / f"params/sample/{name}.n{i}.yaml" for i, name in enumerate(names)
        ]
        options = {"n_jobs": jobs, "timeout": timeout, "warm": warm}
        runner = Runner(out=tmp_path / "out", progress=silent(), **options)
        found = {one.job.path: one for one in runner.run(check(paths))}
        return [found[path] for path in paths]

    return go


def output(outcome):
    notebook = nbformat.read(outcome.folder / "report.ipynb", as_version=4)
    return [one.get("text", one.get("evalue")) for one in notebook.cells[-1].outputs]


def gone(pid, seconds=10):
    """Whether a process has ended, within some seconds."""
    for _ in range(10 * seconds + 1):
        try:
            status = Path(f"/proc/{pid}/stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return True
        if status.rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.1)
    return False


def appears(path):
    """The text of a file, as soon as it is there."""
    for _ in range(1200):
        if path.exists() and path.read_text():
            return path.read_text()
        time.sleep(0.1)
    raise AssertionError(f"{path} was not written")


@pytest.mark.slow
def test_who_waits_for_a_kernel_hears_at_once_that_the_run_was_stopped():
    asked = {"env": {}, "cwd": "/", "log": 1}
    with KernelServer() as server, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(server.launch, [], **asked)
        time.sleep(0.2)
        server.abandon()
        with pytest.raises(ServerError):
            waiting.result(timeout=2)
        with pytest.raises(ServerError):
            server.launch([], **asked)


@pytest.mark.slow
@pytest.mark.parametrize("warm", [True, False])
def test_a_kernel_ends_its_threads_and_says_goodbye(run, state, warm):
    assert run("leaves", warm=warm)[0].status == "ok"
    assert state.read_text().split("\n")[:2] == ["thread", "at exit"]


@pytest.mark.slow
def test_kernels_end_when_they_are_asked_to(run, state, monkeypatch):
    forced = []
    terminate = WarmProvisioner.terminate

    async def noted(self, **options):
        forced.append(self.pid)
        await terminate(self, **options)

    monkeypatch.setattr(WarmProvisioner, "terminate", noted)
    outcomes = run(*["draw"] * 30, jobs=3)
    assert {one.status for one in outcomes} == {"ok"}
    assert not forced


@pytest.mark.slow
def test_a_warm_kernel_looks_like_a_fresh_one(run, state):
    assert run("state")[0].status == "ok"
    warm = json.loads(state.read_text())
    assert run("state", warm=False)[0].status == "ok"
    fresh = json.loads(state.read_text())
    for one in (warm, fresh):
        one["environment"].pop("JPY_PARENT_PID")
        one["environment"].pop("_RJEM_MALLOC_CONF", None)  # set by polars
        one["files"] = Counter(one["files"])
    # A fresh kernel's input is an open pipe; a warm one's is at its end.
    assert warm["files"] - fresh["files"] == {"null": 1}
    assert fresh["files"] - warm["files"] == {"pipe": 1}
    same = set(fresh) - {"files"}
    assert {name: warm[name] for name in same} == {name: fresh[name] for name in same}


@pytest.mark.slow
def test_nothing_of_one_run_is_seen_by_the_next(run, state):
    found = run("pollute", "clean", "pollute", "clean", jobs=1)
    assert [output(one) for one in found] == [[], [], [], []]
    assert {one.status for one in found} == {"ok"}


@pytest.mark.slow
def test_each_kernel_is_a_process_with_random_streams_of_its_own(run, state):
    run("draw", "draw", "draw", jobs=2)
    drawn = [line.split() for line in state.read_text().splitlines()]
    assert [len(set(column)) for column in zip(*drawn, strict=True)] == [3, 3, 3]


@pytest.mark.slow
def test_pools_of_threads_and_processes_work_as_in_a_fresh_kernel(run, state):
    warm, again, fresh = *run("pools", "pools", jobs=2), *run("pools", warm=False)
    assert warm.status == again.status == fresh.status == "ok", warm.error
    texts = ["".join(output(one)) for one in (warm, again, fresh)]
    assert len(set(texts)) == 1


@pytest.mark.slow
def test_a_kernel_that_dies_is_seen_and_the_next_is_served(run, state):
    dead, alive = run("dies", "draw")
    assert (dead.status, alive.status) == ("died", "ok")
    assert dead.error.startswith("The kernel died before the cell was done")


@pytest.mark.slow
def test_a_cell_that_takes_too_long_is_stopped_with_what_it_started(run, state):
    late, alive = run("waits", "draw", timeout=2)
    assert (late.status, alive.status) == ("timeout", "ok")
    kernel = int(state.read_text().split()[0])
    assert gone(kernel)


def server_of(runner):
    """The server's process: the runner's only child."""
    children = Path(f"/proc/{runner.pid}/task/{runner.pid}/children")
    (only,) = children.read_text().split()
    return int(only)


def command(book, *options):
    """Start `cx run` on the notebook that waits, as a scheduler does."""
    paths = [book / f"params/sample/waits.c{i}.yaml" for i in range(2)]
    for path in paths:
        path.write_text("{}\n")
    line = [sys.executable, "-m", "cxlib", "run", *map(str, paths), *options]
    return subprocess.Popen(
        [*line, "--warm", "--jobs", "1"], stdout=subprocess.PIPE, text=True
    )


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_process_outlives_the_runner(book, state, tmp_path, number):
    runner = command(book, "--out", str(tmp_path))
    kernel, child = map(int, appears(state).split())
    server = server_of(runner)
    runner.send_signal(number)
    runner.communicate(timeout=60)
    assert runner.returncode == (130 if number != signal.SIGKILL else -number)
    assert gone(kernel)
    assert gone(child), "what the notebook started was left"
    assert gone(server)


@pytest.mark.slow
def test_a_server_that_dies_takes_its_kernels_along_and_runs_go_on_afresh(
    book, state, tmp_path
):
    runner = command(book, "--out", str(tmp_path), "--timeout", "20")
    kernel, _ = map(int, appears(state).split())
    state.unlink()
    server = server_of(runner)
    os.kill(server, signal.SIGKILL)
    assert gone(kernel)
    assert int(appears(state).split()[0]) != kernel, "the second run had no kernel"
    said, _ = runner.communicate(timeout=120)
    assert "died" in said.lower()


@pytest.mark.slow
def test_twenty_runs_leave_no_descriptor_and_no_zombie(run, state):
    run("draw", "draw", jobs=2)
    state.unlink()
    before = set(os.listdir("/proc/self/fd"))
    found = run(*["draw"] * 20, jobs=2)
    assert {one.status for one in found} == {"ok"}
    assert len(set(os.listdir("/proc/self/fd")) - before) < 10
    children = Path(f"/proc/self/task/{threading.get_native_id()}/children").read_text()
    left = [Path(f"/proc/{one}/cmdline").read_bytes() for one in children.split()]
    assert left == []
    pids = [int(line.split()[2]) for line in state.read_text().splitlines()]
    assert all(map(gone, pids))


def job(book, name="draw", text="{}\n"):
    path = book / f"params/sample/{name}.one.yaml"
    path.write_text(text)
    return check([path])[0]


def test_spark_polars_and_modules_in_the_way_get_a_fresh_kernel(book, tmp_path):
    assert fits(job(book))
    assert fits(job(book, text="engine: duckdb\n"))
    assert not fits(job(book, text="engine: spark\n"))
    assert not fits(job(book, text="engine: polars\n"))
    (book / "pandas.py").write_text("")
    try:
        assert not fits(job(book))
    finally:
        (book / "pandas.py").unlink()


def test_one_run_does_not_pay_for_a_server(book):
    with kernels([job(book)], warm=None) as server:
        assert server is None
    with kernels([job(book)] * 2, warm=False) as server:
        assert server is None


def test_a_server_starts_ahead_where_several_runs_may_want_it(book):
    one, folder = book / "params/sample/draw.yaml", book / "params"
    for params, warm in (([one], None), ([folder], False), ([one, one], False)):
        with ahead(params, warm=warm) as server:
            assert server is None
    for params, warm in (([one], True), ([folder], None), ([one, one], None)):
        with ahead(params, warm=warm) as server:
            assert not gone(server.pid, seconds=0)
        assert gone(server.pid)


def test_a_server_started_ahead_is_used_or_ended_at_once(book):
    with KernelServer() as early:
        with kernels([job(book)] * 2, warm=None, started=early) as server:
            assert server is early
        assert gone(early.pid)
    began = time.monotonic()
    with KernelServer() as early:
        with kernels([job(book)], warm=None, started=early) as server:
            assert server is None
        assert gone(early.pid)
    assert time.monotonic() - began < 1.5


def test_params_that_are_not_there_leave_no_server(book, monkeypatch, capsys):
    servers = []
    start = KernelServer.__init__

    def noted(self):
        start(self)
        servers.append(self)

    monkeypatch.setattr(KernelServer, "__init__", noted)
    monkeypatch.setattr(sys, "argv", ["cx", "run", "nowhere.yaml", "nor.yaml"])
    with pytest.raises(SystemExit, match="2"):
        command_line.main()
    assert "nowhere.yaml: no such params file" in capsys.readouterr().err
    assert [gone(server.pid) for server in servers] == [True]


def test_the_server_starts_before_the_command_line_has_imported_pandas():
    code = (
        "import sys, cxlib.__main__, cxlib.run.warm.choice;"
        "print({'pandas', 'numpy', 'matplotlib', 'papermill'} & set(sys.modules))"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert said.stdout.strip() == "set()", said.stderr


def test_other_systems_have_fresh_kernels(book, monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    with ahead([book / "params"], warm=True) as server:
        assert server is None
    with kernels([job(book)] * 2, warm=True) as server:
        assert server is None


def test_a_server_that_cannot_start_says_why(monkeypatch, tmp_path):
    (tmp_path / "pandas.py").write_text("raise RuntimeError('no such luck')")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}")
    with KernelServer() as server, pytest.raises(ServerError, match="no such luck"):
        server.launch([], env={}, cwd="/", log=1)
