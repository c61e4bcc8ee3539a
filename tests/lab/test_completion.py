"""What a Tab and a question mark tell an analyst, asked of a kernel as Lab asks it."""

from __future__ import annotations

import importlib
import inspect
import re
import shutil

import pytest
from jupyter_client.manager import start_new_kernel

from tests.lab.labserver import ROOT

MODULES = ("data", "nps", "voc", "journeys", "roi", "plots", "report")
ANSI = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    """A kernel with the settings of `make lab` and the modules of a notebook."""
    home = tmp_path_factory.mktemp("ipython")
    (home / "profile_default").mkdir()
    shutil.copy(ROOT / "lab" / "ipython_config.py", home / "profile_default")
    manager, client = start_new_kernel(
        kernel_name="python3", extra_arguments=[f"--ipython-dir={home}"]
    )
    client.execute_interactive(f"from cxlib import {', '.join(MODULES)}", timeout=120)
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def completed(kernel, code):
    reply = kernel.complete(code, reply=True, timeout=60)["content"]
    start = reply["cursor_start"]
    return [code[:start] + match for match in reply["matches"]]


def explained(kernel, code):
    reply = kernel.inspect(code, reply=True, timeout=60)["content"]
    assert reply["found"], code
    return ANSI.sub("", reply["data"]["text/plain"])


def public(module):
    return importlib.import_module(f"cxlib.{module}").__all__


def called(module):
    """Public functions and classes, without constants."""
    home = importlib.import_module(f"cxlib.{module}")
    return [name for name in public(module) if callable(getattr(home, name))]


@pytest.mark.parametrize("module", MODULES)
def test_tab_lists_what_is_for_users_and_nothing_else(kernel, module):
    found = completed(kernel, f"{module}.")
    assert sorted(found) == sorted(f"{module}.{name}" for name in public(module))


def test_tab_finishes_a_name(kernel):
    assert completed(kernel, "journeys.sample_r") == ["journeys.sample_ratio"]


def test_tab_in_a_bracket_offers_the_functions_own_keywords_first(kernel):
    offered = completed(kernel, "nps.score(survey.frame, ")
    ours = inspect.signature(importlib.import_module("cxlib.nps").score).parameters
    named = [text.split()[-1] for text in offered[: len(ours)]]
    assert sorted(named) == sorted(f"{name}=" for name in ours)


@pytest.mark.parametrize("module", MODULES)
def test_question_mark_shows_signature_then_a_short_summary(kernel, module):
    wrong = []
    for name in called(module):
        shown = explained(kernel, f"{module}.{name}")
        if not re.match(r"(Init s|S)ignature:", shown):
            wrong.append(f"{name}: no signature first")
        found = re.search(r"(?ms)^Docstring:\s*(.+?)(\n\s*\n|\n\w+:|\Z)", shown)
        summary = " ".join(found[1].split()) if found else ""
        if not 10 <= len(summary) <= 160 or not summary.endswith((".", "?", ":")):
            wrong.append(f"{name}: {summary[:200]!r}")
    assert not wrong, "\n".join(wrong)
