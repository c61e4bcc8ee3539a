"""Bad input: a message a user can act on, an HTML page, and an honest exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
HEAD = "respondent_id,responded_at,score,store\n"
ROWS = [
    f"r{i},2025-03-{1 + i % 28:02d},{(3, 8, 9, 10)[i % 4]},S{i % 2}" for i in range(60)
]
GOOD = HEAD + "\n".join(ROWS)


def rows(change):
    """The good file with each row changed."""
    return HEAD + "\n".join(
        ",".join(change(i, *r.split(","))) for i, r in enumerate(ROWS)
    )


# case: (file text or None, params over the defaults, exit code, words of the message)
CASES = {
    "missing_file": (None, {}, 3, ["does not exist"]),
    "empty_file": ("", {}, 3, ["is empty"]),
    "header_only": (HEAD, {}, 3, ["no rows"]),
    "wrong_column": (
        GOOD, {"segment": "stores"}, 3, ["'stores'", "Did you mean 'store'"],
    ),
    "unmapped_score": (
        GOOD.replace("score", "Q1"), {}, 3, ["column 'score'", "Map it under"],
    ),
    "wrong_scale": (
        rows(lambda i, r, d, s, g: (r, d, str(int(s) * 10), g)), {}, 3,
        ["lies off the declared scale 0-10", "60 rows"],
    ),
    "csat_read_as_nps": (
        rows(lambda i, r, d, s, g: (r, d, str(1 + i % 5), g)), {}, 3,
        ["no answer is above 5", "csat"],
    ),
    "mixed_dates": (
        rows(lambda i, r, d, s, g: (r, d if i % 2 else "31/12/2025", s, g)), {}, 3,
        ["column 'responded_at'", "mixed styles", "date_format"],
    ),
    "ambiguous_dates": (
        rows(lambda i, r, d, s, g: (r, "03/04/2025", s, g)), {}, 3,
        ["day and month cannot be told apart"],
    ),
    "blank_column": (
        rows(lambda i, r, d, s, g: (r, d, "", g)), {}, 3, ["every cell is blank"],
    ),
    "decimal_comma": (
        rows(lambda i, r, d, s, g: (r, d, f'"{s},5"', g)), {}, 3, ["score"],
    ),
    "ragged": (
        GOOD + "\nr99,2025-01-01,9,S1,extra,cells", {}, 3, ["line 62 has 6 cells"],
    ),
    "no_rows_kept": (
        GOOD, {"responses": {"keep": {"store": ["S9"]}}}, 3, ["leaves no row"],
    ),
    "one_response": (HEAD + ROWS[0], {}, 3, ["at least two"]),
    "parameter_typo": (
        GOOD, {"segmnt": "store"}, 2, ["segmnt", "did you mean 'segment'"],
    ),
    "parameter_type": (GOOD, {"min_n": "ten"}, 2, ["min_n", "whole number"]),
    "unknown_scale": (GOOD, {"scale": "npps"}, 2, ["'npps'", "did you mean 'nps'"]),
    "source_key_typo": (
        GOOD, {"responses": {"colums": {}}}, 2, ["colums", "did you mean 'columns'"],
    ),
    "secret": (GOOD, {"api_token": "abc"}, 2, ["looks like a secret"]),
    "one_segment_only": (
        rows(lambda i, r, d, s, g: (r, d, s, "S0")), {}, 0, [],
    ),
    "duplicate_ids": (
        rows(lambda i, r, d, s, g: (f"r{i // 2}", d, s, g)), {}, 0, [],
    ),
    "all_answered_the_same": (
        rows(lambda i, r, d, s, g: (r, d, "10", g)), {}, 0, [],
    ),
}  # fmt: skip

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """All cases in one run of the command line."""
    base = tmp_path_factory.mktemp("bad")
    for case, (text, params, *_) in CASES.items():
        folder = base / "params" / case
        folder.mkdir(parents=True)
        source = {"path": str(folder / "export.csv"), **params.get("responses", {})}
        if text is not None:
            (folder / "export.csv").write_text(text)
        plain = {"scale": "nps", "segment": "store", "wave": "", "segments": [],
                 "weights": "", "strata": "", "cluster": ""}  # fmt: skip
        merged = plain | params | {"responses": source}
        (folder / "nps_segmentation.yaml").write_text(yaml.safe_dump(merged))
    command = [sys.executable, "-m", "cxlib", "run", str(base / "params")]
    done = subprocess.run(
        [*command, "--out", str(base / "out")], cwd=ROOT, capture_output=True,
        env={**os.environ, "CX_ROOT": str(ROOT)}, text=True, timeout=900, check=False,
    )  # fmt: skip
    return base / "out", done


@pytest.mark.parametrize("case", CASES)
def test_case_ends_as_it_should(site, case):
    *_, code, words = CASES[case]
    (folder,) = [p.parent for p in site[0].glob(f"{case}/*/*/manifest.json")]
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["exit_code"] == code, manifest["error"]
    for word in words:
        assert word in manifest["error"]
    page = (folder / "report.html").read_text()
    assert "Traceback" not in page
    assert "Traceback" not in manifest["error"]
    if code:
        assert "<main" in page
        assert manifest["error"].splitlines()[0][:30] in page.replace("&#39;", "'")


def test_the_batch_goes_on_and_says_so(site):
    out, done = site
    assert done.returncode == 2
    assert "Traceback" not in done.stdout + done.stderr
    for case in CASES:
        assert case in done.stdout
    index = (out / "index.html").read_text()
    assert all(case in index for case in CASES)
