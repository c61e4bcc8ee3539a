"""JupyterLab started by `make lab` in a copy of the project, for a user without one."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "a-token-of-the-tests"
# Runs in the server and in every kernel: notes what is called outside this machine.
WATCH = """
import os, sys
def note(event, args):
    if event in ("socket.connect", "socket.getaddrinfo"):
        host = args[1][0] if event == "socket.connect" else args[0]
        if event == "socket.connect" and not isinstance(args[1], tuple):
            return
        if str(host) not in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "", "None"):
            with open(os.environ["CALLS"], "a") as log:
                log.write(f"{event} {host}\\n")
sys.addaudithook(note)
"""


@dataclass(frozen=True)
class Lab:
    """A running server, its project and the home folder it was given."""

    url: str
    project: Path
    home: Path
    log: Path
    calls: Path

    def at(self, path: str) -> str:
        """Return the address of a page, with the token."""
        return f"{self.url}{path}{'&' if '?' in path else '?'}token={TOKEN}"

    def ask(self, path: str) -> Any:
        """Return what the server's API answers."""
        request = Request(self.url + path, headers={"Authorization": f"token {TOKEN}"})
        with urlopen(request, timeout=30) as answer:
            return json.load(answer)


def copy_project(target: Path) -> Path:
    """Copy what git knows or would take, as a repository of its own."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    git(target, "init", "-q")
    git(target, "config", "user.name", "Analyst")
    git(target, "config", "user.email", "analyst@example.com")
    git(target, "add", "-A")
    git(target, "commit", "-q", "-m", "the workbook")
    return target


def git(project: Path, *words: str) -> str:
    """Run git as somebody without settings of their own; return what it prints."""
    bare = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(
        ["git", *words], cwd=project, env=os.environ | bare | {"GIT_PAGER": "cat"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def environment(project: Path, home: Path, calls: Path) -> dict[str, str]:
    """Return the surroundings of an analyst who has never started Jupyter."""
    watch = home.parent / "watch"
    watch.mkdir(exist_ok=True)
    (watch / "sitecustomize.py").write_text(WATCH)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("JUPYTER", "XDG"))}
    kept.pop("IPYTHONDIR", None)
    return kept | {
        "HOME": str(home), "PYTHONPATH": f"{project}{os.pathsep}{watch}",
        "CALLS": str(calls), "JUPYTER_TOKEN": TOKEN,
    }  # fmt: skip


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def make_lab(
    project: Path, env: dict[str, str], log: Path, *, port: int = 0
) -> subprocess.Popen[bytes]:
    """Run `make lab`, with this Python in place of .venv's."""
    python = Path(sys.executable).parent
    options = f"--no-browser --allow-root --port={port or free_port()}"
    command = ["make", "-o", ".venv/.installed", "lab", f"BIN={python}"]
    with log.open("wb") as out:
        return subprocess.Popen(
            [*command, f"OPTIONS={options}"], cwd=project, env=env, stdout=out,
            stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip


def address(server: subprocess.Popen[bytes], log: Path) -> str:
    """Wait until the server says where it is."""
    for _ in range(600):
        if found := re.search(r"http://127\.0\.0\.1:\d+", log.read_text()):
            return found[0]
        assert server.poll() is None, log.read_text()
        time.sleep(0.2)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()}")


def stop(server: subprocess.Popen[bytes]) -> None:
    """End the server and its kernels."""
    for kind in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(server.pid, kind)
            server.wait(20)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue
        return
