"""Hostile verbatims go through a whole run: shown as text, harmless, nothing lost."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
HOSTILE = (
    "<img src=x onerror=\"document.title='PWNED'\"> late",
    "<script>document.title='PWNED';alert(1)</script> late again",
    "<svg onload=document.title='PWNED'> [late](javascript:alert(1))",
    "=cmd|' /C calc'!A0 late",
    '@SUM(1+1)*cmd|"late"',
    "+1+1 late\tagain",
    "-2+3 late",
    "\u202eetal\u202c שלום וداعا late",
    "Late 👍👍 📦 😡😡😡 👨‍👩‍👧",
    "late " * 20_000,
    "lat\x00e, late",
    "     ",
    "\u200b\u200e\ufeff",
    "$\\href{javascript:alert(1)}{late}$ ``` {{7*7}} {% raw %}",
    "late, write to mario.rossi@example.com or 349 123 4567",
)
BOOK = {
    "version": "1",
    "codes": [
        {"id": "late", "name": {"en": "<img src=x onerror=alert(1)>=1+1"},
         "phrases": {"en": ["late", "etal"]}},
        {"id": "price", "name": {"en": "Price"}, "phrases": {"en": ["price"]}},
    ],
}  # fmt: skip
FORMULA = re.compile(r"[=+\-@\t\r]")

pytestmark = pytest.mark.slow


class Page(HTMLParser):
    """What acts in a page."""

    def __init__(self):
        super().__init__()
        self.handlers, self.tags, self.links, self.policy = [], [], [], ""

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        for name, value in attrs:
            if name.startswith("on"):
                self.handlers.append((tag, name, value))
            if name in {"href", "src"} and "javascript:" in (value or "").lower():
                self.links.append(value)
            if tag == "meta" and name == "content" and "default-src" in (value or ""):
                self.policy = value


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    base = tmp_path_factory.mktemp("hostile")
    folder = base / "params" / "hostile"
    folder.mkdir(parents=True)
    with (folder / "export.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["respondent_id", "score", "store", "verbatim"])
        for i in range(240):
            text = HOSTILE[i % len(HOSTILE)] if i < 150 else f"price of item {i}"
            store = ("=S1", "<b onclick=alert(1)>S2</b>")[i % 2]
            writer.writerow([f"r{i}", (3, 8, 9, 10)[i % 4], store, text])
    (base / "book.yaml").write_text(yaml.safe_dump(BOOK), encoding="utf-8")
    params = {
        "responses": {"path": str(folder / "export.csv")}, "codings": {},
        "codebook": str(base / "book.yaml"), "segment": "store", "wave": "",
        "language": "", "cluster": "", "n_quotes": 20, "min_n": 3,
    }  # fmt: skip
    (folder / "voc_coding.yaml").write_text(yaml.safe_dump(params))
    done = subprocess.run(
        [sys.executable, "-m", "cxlib", "run", str(base / "params"), "--out",
         str(base / "out")],
        cwd=ROOT, capture_output=True, env={**os.environ, "CX_ROOT": str(ROOT)},
        text=True, timeout=600, check=False,
    )  # fmt: skip
    (manifest,) = base.glob("out/hostile/*/*/manifest.json")
    return done, manifest.parent


def test_the_run_ends_well(run):
    done, folder = run
    error = json.loads((folder / "manifest.json").read_text())["error"]
    assert done.returncode == 0, error or done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_the_page_shows_it_as_text(run):
    page = Page()
    html = (run[1] / "report.html").read_text(encoding="utf-8")
    page.feed(html)
    assert not page.handlers
    assert not page.links
    assert "svg" not in page.tags
    assert "&lt;img src=x onerror=" in html
    assert "PWNED" in html
    assert page.policy
    assert "default-src 'none'" in page.policy
    assert "\u202e" not in html
    assert "\x00" not in html
    assert "mario.rossi" not in html
    assert "123 4567" not in html
    assert "{{7*7}}" in html
    assert "late " * 200 not in html


def test_exports_run_nothing_in_a_spreadsheet(run):
    files = sorted(run[1].rglob("*.csv"))
    assert files
    texts = []
    for file in files:
        with file.open(newline="", encoding="utf-8") as opened:
            texts += [(file.name, cell) for row in csv.reader(opened) for cell in row]
    number = re.compile(r"[-+]?[\d.]+(e[-+]?\d+)?$", re.IGNORECASE)
    bad = [(f, t) for f, t in texts if FORMULA.match(t) and not number.match(t)]
    assert not bad
    assert any(text.startswith("'=cmd|") for _, text in texts)
    assert not any("mario.rossi" in text or "\x00" in text for _, text in texts)


@pytest.mark.skipif(not CHROMIUM, reason="no chromium on PATH")
def test_a_browser_runs_none_of_it(run, tmp_path):
    command = [
        CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
        f"--user-data-dir={tmp_path}", "--host-resolver-rules=MAP * ~NOTFOUND",
        "--virtual-time-budget=3000", "--dump-dom", (run[1] / "report.html").as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, timeout=120, check=False)
    dom = done.stdout.decode()
    assert "</html>" in dom
    title = re.search(r"<title>(.*?)</title>", dom, re.DOTALL)
    assert title
    assert "PWNED" not in title[1]
