"""What every test may rely on: acceptance data, and an environment left as found."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

os.environ.setdefault("MPLBACKEND", "Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
# Chromium itself calls these at start; no page asked for them.
OWN_HOSTS = re.compile(r"\.(google|googleapis|gstatic|gvt1|chromium)\.(com|org)$")

settings.register_profile(
    "cx", deadline=None, max_examples=60, database=None, derandomize=True
)
settings.load_profile("cx")


@pytest.fixture(scope="session")
def shared() -> Callable[[str], Path]:
    """Path of an acceptance file or oracle; skips where they are not at hand."""

    def find(path: str) -> Path:
        found = SHARED / path
        if not found.exists():
            pytest.skip(f"acceptance data ../shared/{path} is not on this machine")
        return found

    return find


@pytest.fixture(scope="session")
def spark() -> Iterator[Any]:
    """One small Spark session for all tests; skips without pyspark or Java."""
    sql = pytest.importorskip("pyspark.sql", reason="pyspark is missing: make spark")
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        pytest.skip("Java is missing: make spark")
    builder = sql.SparkSession.builder.master("local[2]").appName("cx-workbook tests")
    builder = builder.config("spark.ui.enabled", "false")
    builder = builder.config("spark.log.level", "ERROR")
    builder = builder.config("spark.ui.showConsoleProgress", "false")
    builder = builder.config("spark.sql.shuffle.partitions", "4")
    builder = builder.config("spark.sql.session.timeZone", "UTC")
    session = builder.getOrCreate()
    yield session
    session.stop()


class Browser:
    """Debian's Chromium, which can reach nothing but this machine."""

    def __init__(self, chromium: Any, net_log: Path) -> None:
        self.net_log = net_log
        self._chromium = chromium

    def open(self, page: Path | str, **context: Any) -> Any:
        """Return the page, opened in a fresh context; `context` as in playwright."""
        opened = self._chromium.new_context(**context).new_page()
        opened.goto(page if isinstance(page, str) else page.as_uri())
        return opened

    def axe(self, page: Any) -> list[str]:
        """Return what axe holds against a page: rule, and the first node it names."""
        from axe_playwright_python.sync_playwright import Axe

        found = Axe().run(page).response["violations"]
        return [f"{one['id']}: {one['nodes'][0]['html'][:120]}" for one in found]

    def close(self) -> set[str]:
        """Close it; return every host, other than this one, that it asked for."""
        self._chromium.close()
        events = json.dumps(json.loads(self.net_log.read_text())["events"])
        urls = re.findall(r'"(https?://[^"]+)"', events)
        found = {urlsplit(url).hostname or "" for url in urls}
        found |= set(re.findall(r'"host": "(?:https?://)?([^":/]+)', events))
        names = {host.split()[0] for host in found if host}
        ours = {"~notfound", "127.0.0.1", "localhost"}
        return {n for n in names - ours if not OWN_HOSTS.search(f".{n}")}


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    """A browser of the test's own; the test fails if a page asks for another host."""
    if not CHROMIUM:
        pytest.skip("Chromium is missing: make browser")
    from playwright.sync_api import sync_playwright

    log = tmp_path / "net.json"
    flags = [
        *("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        f"--log-net-log={log}",
    ]
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        opened = Browser(launched, log)
        yield opened
        asked = opened.close()
    assert not asked, f"a page asked for {sorted(asked)}"


@pytest.fixture(autouse=True)
def _leave_as_found() -> Iterator[None]:
    """No test may leave a figure open or touch the global random stream."""
    before = np.random.get_state()  # noqa: NPY002
    yield
    after = np.random.get_state()  # noqa: NPY002
    left_open = plt.get_fignums()
    plt.close("all")
    assert not left_open, "the test left figures open"
    assert all(map(np.array_equal, before, after)), "the test used np.random globally"
