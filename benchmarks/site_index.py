"""What a large site costs: to build, and to open.

    python benchmarks/site_index.py [--programmes 100] [--reports 10] [--runs 10]

Builds a site of made-up manifests and measures, in CPU seconds, the first build, a
build after one new run and one after none; beside them the reading of every manifest
with `json`, which is what any index that remembers nothing must do first. Then opens
the index, and the history of one report with a thousand runs, in Chromium: time until
loaded and from a keystroke in the filter to the next frame, and the CPU time of the
page's main thread, which a busy machine changes less. The peer is the same page
with everything unfolded and drawn at once.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from cxlib.run import write_site

if TYPE_CHECKING:
    from playwright.sync_api import Browser

TODAY = dt.datetime(2026, 1, 31, 2, tzinfo=dt.UTC)
PARAMETERS = {f"parameter_{i}": "a value of some length" for i in range(25)}
# A letter typed: milliseconds until the frame after it is on its way.
PRESS = """async text => {
  const field = document.getElementById('filter'), start = performance.now();
  field.value = text;
  field.dispatchEvent(new Event('input'));
  await new Promise(done => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = done;
    channel.port2.postMessage(null);
  }));
  return performance.now() - start;
}"""
LOADED = "() => performance.getEntriesByType('navigation')[0].loadEventEnd"


def manifest(
    programme: str, name: str, run_id: str, day: int, rng: np.random.Generator
) -> dict:
    """Return a manifest of the usual size, with three figures that wander."""
    started = (TODAY - dt.timedelta(days=day)).isoformat(timespec="milliseconds")
    values = 20 + rng.normal(size=3)
    figures = [
        {
            "id": f"figure {i}", "label": f"Figure {i}", "value": f"{value:.1f}",
            "unit": "points", "interval": f"95 % CI {value - 3:.1f} to {value + 3:.1f}",
            "n": "n = 3,926", "statement": "It is what it is (95 % CI 1.0 to 2.0).",
            "estimate": value, "ci_lower": value - 3, "ci_upper": value + 3,
        }
        for i, value in enumerate(values)
    ]  # fmt: skip
    good = rng.random() > 0.05
    return {
        "run_id": run_id, "programme": programme, "name": name,
        "status": "ok" if good else "failed", "error": "" if good else "KeyError: 'x'",
        "started": started, "finished": started, "seconds": 5.7,
        "notebook": f"notebooks/{name}.ipynb", "params": PARAMETERS,
        "params_file": f"params/{programme}/{name}.yaml", "files": ["results.json"],
        "headline": {
            "decision": "The target is missed. Look first at the app, where it fell.",
            "figures": figures, "evidence": ["What it rests on. " * 12] * 3,
            "caveats": ["What to mind. " * 6] * 3,
        },
    }  # fmt: skip


def add(
    out: Path, programme: str, name: str, day: int, rng: np.random.Generator
) -> Path:
    """Write one run's manifest; return its path."""
    started = TODAY - dt.timedelta(days=day)
    run_id = f"{started:%Y%m%dT%H%M%SZ}-{rng.integers(16**6):06x}"
    path = out / programme / name / run_id / "manifest.json"
    path.parent.mkdir(parents=True)
    said = manifest(programme, name, run_id, day, rng)
    path.write_text(json.dumps(said, indent=1), encoding="utf-8")
    return path


def cpu(work: Callable[[], object]) -> float:
    """Return the CPU seconds of a call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def read_all(out: Path) -> list[Any]:
    """Read every manifest of a site."""
    return [json.loads(p.read_bytes()) for p in out.glob("*/*/*/manifest.json")]


def unfolded(page: Path) -> Path:
    """Return the page with all of it open and drawn, as if it knew no better."""
    text = page.read_text(encoding="utf-8")
    text = text.replace('<details class="group"', '<details open class="group"')
    text = text.replace("content-visibility: auto;", "")
    plain = page.with_name("unfolded.html")
    plain.write_text(text, encoding="utf-8")
    return plain


class Page:
    """A page just opened: wall milliseconds, and those of its main thread's CPU."""

    def __init__(self, browser: Browser, path: Path) -> None:
        self.page = browser.new_context().new_page()
        self._session = self.page.context.new_cdp_session(self.page)
        self._session.send("Performance.enable", {"timeDomain": "threadTicks"})
        self.page.goto(path.as_uri(), wait_until="load")
        self.page.wait_for_timeout(1500)
        self.loaded, self.loaded_cpu = self.page.evaluate(LOADED), self.cpu()

    def cpu(self) -> float:
        """Return the CPU milliseconds of the main thread so far."""
        found = self._session.send("Performance.getMetrics")["metrics"]
        named = {one["name"]: one["value"] for one in found}
        return 1000 * float(named["TaskDuration"])

    def press(self, text: str) -> tuple[float, float]:
        """Type into the filter; return wall and CPU milliseconds to the next frame."""
        before = self.cpu()
        wall = self.page.evaluate(PRESS, text)
        return wall, self.cpu() - before


def browse(pages: dict[str, Path]) -> None:
    """Print what pages cost to open and to filter: wall ms (CPU ms)."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        print("Chromium is missing: pages are not opened.")
        return
    flags = ["--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        for label, path in pages.items():
            opened = [Page(browser, path) for _ in range(3)]
            loads = (
                median(p.loaded for p in opened),
                median(p.loaded_cpu for p in opened),
            )
            first = [page.press("n") for page in opened]
            later = [page.press(t) for page in opened for t in ("np", "nps", "")]
            told = [f"{path.stat().st_size / 1e6:5.2f} MB", f"loaded {_both(loads)}"]
            for name, timed in (("first key", first), ("later", later)):
                walls, cpus = zip(*timed, strict=True)
                told.append(f"{name} {_both((median(walls), median(cpus)))}")
            print(f"{label:24} {'  '.join(told)}", flush=True)
            for page in opened:
                page.page.context.close()
        browser.close()


def _both(timed: Sequence[float]) -> str:
    return f"{timed[0]:5.0f} ms ({timed[1]:.0f} CPU)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in (("programmes", 100), ("reports", 10), ("runs", 10)):
        parser.add_argument(f"--{name}", type=int, default=default)
    asked = parser.parse_args()
    rng = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as folder:
        out, deep = Path(folder) / "site", Path(folder) / "deep"
        for p in range(asked.programmes):
            for r in range(asked.reports):
                for day in range(1, asked.runs + 1):
                    add(out, f"programme_{p:03}", f"nps_{r:02}", day, rng)
        for day in range(1000):
            add(deep, "programme", "nps", day, rng)
        total = asked.programmes * asked.reports * asked.runs
        print(
            f"{total} runs of {asked.programmes * asked.reports} reports; CPU seconds"
        )
        read = cpu(lambda: read_all(out))
        print(f"{'json.loads of every manifest':34} {read:6.2f}")
        report(f"{'first build':34}", cpu(lambda: write_site(out)), read)
        report(f"{'again, nothing new':34}", cpu(lambda: write_site(out)), read)
        add(out, "programme_000", "nps_00", 0, rng)
        report(f"{'again, one new run':34}", cpu(lambda: write_site(out)), read)
        report(f"{'1,000 runs of one report':34}", cpu(lambda: write_site(deep)), read)
        index, history = out / "index.html", deep / "programme/nps/index.html"
        browse({
            "index": index, "index, unfolded": unfolded(index),
            "history of 1,000 runs": history, "history, unfolded": unfolded(history),
        })  # fmt: skip


def report(label: str, seconds: float, read: float) -> None:
    """Print CPU seconds and how many times that is of reading every manifest."""
    print(f"{label} {seconds:6.2f}  {seconds / read:5.2f} x reading all")


if __name__ == "__main__":
    sys.exit(main())
