"""Findings: an interval always comes with its level."""

from __future__ import annotations

import ast
from pathlib import Path

from cxlib.result import Finding

PACKAGE = Path(__file__).resolve().parent.parent / "cxlib"


def test_no_finding_has_an_interval_of_unknown_level():
    wrong = []
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or ast.unparse(node.func) != "Finding":
                continue
            given = {keyword.arg for keyword in node.keywords}
            if "ci_lower" in given and "confidence_level" not in given:
                wrong.append(f"{path.relative_to(PACKAGE)}:{node.lineno}")
    assert not wrong, "give `confidence_level`:\n" + "\n".join(wrong)


def test_without_an_interval_there_is_no_level():
    bare = Finding(id="a", statement="", estimate=1.0, unit="score",
                   confidence_level=0.95)  # fmt: skip
    assert bare.confidence_level is None
