"""Thresholds on the sample programme: real run, real page, real browser."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from cxlib.__main__ import app

ROOT = Path(__file__).parents[2]
THRESHOLDS = {
    "NPS": {"min": 25},
    "NPS channel * vs rest": {"min": -30},
    "NPS change 2025-Q3 to 2025-Q4": {"min": -30, "watch": 0},
    "NPSS": {"max": 3},
}

pytestmark = pytest.mark.slow


def test_a_missed_target_is_an_alert_on_the_page(tmp_path, browser, monkeypatch):
    monkeypatch.setenv("CX_ROOT", str(ROOT))
    sample = (ROOT / "params/sample/nps_segmentation.yaml").read_text()
    params = yaml.safe_load(sample) | {"thresholds": THRESHOLDS, "search": False}
    file = tmp_path / "params/mine/nps_segmentation.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(yaml.safe_dump(params))
    done = CliRunner().invoke(app, ["run", str(file), "--out", str(tmp_path / "out")])
    assert done.exit_code == 4, done.output

    [path] = (tmp_path / "out").glob("*/*/*/manifest.json")
    manifest = json.loads(path.read_text())
    assert [one["id"] for one in manifest["alerts"]] == ["NPS"]
    levels = [check["level"] for check in manifest["thresholds"]["checks"]]
    assert levels == ["bad", "watch", "watch", "watch", "good", "good"]

    for scheme in ("light", "dark"):
        page = browser.open(path.parent / "report.html", color_scheme=scheme)
        first = page.locator(".cx-figures li").first
        assert "Alert" in first.inner_text()
        assert "below the minimum of 25 points, beyond noise." in first.inner_text()
        assert "did you mean 'NPS'?" in page.locator(".cx-checks").inner_text()
        assert browser.axe(page) == []
