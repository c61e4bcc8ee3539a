"""A real browser opens a report full of hostile text: nothing leaves, nothing runs."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from urllib.parse import urlsplit

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from cxlib.report.exporter import ReportExporter

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
# Chromium itself calls these at start; no page asked for them.
OWN_HOSTS = re.compile(r"\.(google|googleapis|gstatic|gvt1|chromium)\.(com|org)$")
HOSTILE = """
<script>document.title = 'PWNED'</script>
<img src="https://evil.example/a.png" onerror="document.title='PWNED'">
<img src=x onerror="document.title='PWNED'">
<iframe src="https://evil.example/b"></iframe>
<link rel="stylesheet" href="https://evil.example/c.css">
<link rel="dns-prefetch" href="//evil.example"><link rel="preconnect" href="//evil.example">
<meta http-equiv="refresh" content="0; url=https://evil.example/d">
<style>@import url(https://evil.example/e.css); main { display: none }</style>
<p style="background: url(https://evil.example/f)">late</p>
<video src="https://evil.example/g" autoplay></video>
<svg onload="document.title='PWNED'"><image href="https://evil.example/h"/></svg>
![i](https://evil.example/i.png)
"""  # noqa: E501

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no chromium on PATH")


def notebook():
    def output(mime, text=HOSTILE):
        return new_output("display_data", {mime: text})

    cell = new_code_cell("show", execution_count=1)
    cell.outputs = [output("text/html"), output("text/markdown"), output("text/plain")]
    svg = '<svg xmlns="http://www.w3.org/2000/svg"><script>document.title="PWNED"</script>'
    cell.outputs.append(output("image/svg+xml", svg + "</svg>"))
    return new_notebook(cells=[new_markdown_cell("# Harmless\n\n## Part"), cell])


def browse(page, profile, *flags):
    command = [
        CHROMIUM,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        f"--user-data-dir={profile}",
        "--host-resolver-rules=MAP * ~NOTFOUND",
        "--virtual-time-budget=3000",
        *flags,
        page.as_uri(),
    ]
    done = subprocess.run(command, capture_output=True, timeout=120, check=False)
    return done.stdout.decode()


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """The page as the browser has it after its scripts ran, and what was asked for."""
    folder = tmp_path_factory.mktemp("browser")
    page, log = folder / "report.html", folder / "net.json"
    page.write_text(ReportExporter().from_notebook_node(notebook())[0])
    dom = browse(page, folder / "profile", f"--log-net-log={log}", "--dump-dom")
    return dom, log.read_text()


def hosts(log):
    """Every host that a request or a look-up named."""
    text = json.dumps(json.loads(log)["events"])
    found = {urlsplit(url).hostname for url in re.findall(r'"(https?://[^"]+)"', text)}
    found |= set(re.findall(r'"host": "(?:https?://)?([^":/]+)', text))
    names = {host.split()[0] for host in found if host}
    return {n for n in names if n != "~notfound" and not OWN_HOSTS.search(f".{n}")}


def test_no_request_leaves_the_page(opened):
    assert hosts(opened[1]) == set()


def test_no_hostile_script_ran(opened):
    dom, _ = opened
    assert "<title>Harmless</title>" in dom
    assert "PWNED'</title>" not in dom


def test_own_script_ran(opened):
    dom, _ = opened
    assert 'class="scripted"' in dom
    assert re.search(r'<button[^>]*id="theme"[^>]*>', dom)
    assert 'hidden=""' not in re.search(r'<button[^>]*id="theme"[^>]*>', dom)[0]


def test_the_guard_would_notice(tmp_path):
    """The same text without our exporter does call out: the test can fail."""
    page, log = tmp_path / "bare.html", tmp_path / "net.json"
    page.write_text(f"<!DOCTYPE html><title>Bare</title>{HOSTILE}")
    browse(page, tmp_path / "profile", f"--log-net-log={log}", "--dump-dom")
    assert "evil.example" in hosts(log.read_text())


def test_prints_to_pdf(tmp_path, opened):
    page = tmp_path / "report.html"
    page.write_text(ReportExporter().from_notebook_node(notebook())[0])
    pdf = tmp_path / "report.pdf"
    flags = ("--no-pdf-header-footer", f"--print-to-pdf={pdf}")
    browse(page, tmp_path / "profile", *flags)
    assert pdf.read_bytes().startswith(b"%PDF")
