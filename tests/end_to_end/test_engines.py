"""The A/B comparison gives the same numbers wherever its rows are worked."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from cxlib import data, journeys

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "data" / "sample"
STEPS = ["home", "search", "product", "cart", "checkout", "payment", "confirmation"]
ENGINES = ["duckdb", "polars", pytest.param("spark", marks=pytest.mark.spark)]


@pytest.fixture(params=ENGINES)
def engine(request) -> str:
    if request.param == "spark":
        request.getfixturevalue("spark")
    return request.param


def sample(engine: str) -> dict[str, pd.DataFrame]:
    """The notebook's calls on the sample programme."""
    needs = ["region", "device"]
    users = data.read("users", str(SAMPLE / "users.csv"), needs=needs, engine=engine)
    log = data.read("events", str(SAMPLE / "events.csv"), engine=engine)
    gate = journeys.sample_ratio(users.frame, by=needs)
    people = journeys.exposed(users.frame)
    kinds = [
        {"name": "conversion", "kind": "proportion", "column": "converted"},
        {"name": "spend", "kind": "mean", "column": "spend", "covariate": "pre_spend"},
        {"name": "NPS", "kind": "score", "column": "score", "scale": "nps"},
    ]
    found = {
        "gate": gate,
        "comparison": journeys.compare(people, journeys.metrics(kinds)),
        "funnel": journeys.funnel(log.frame, STEPS, users=people, order="eventual"),
        "moves": journeys.transitions(log.frame, users=people),
    }
    return {name: one.table for name, one in found.items()}


def shop(engine: str, path: Path) -> dict[str, pd.DataFrame]:
    """An event log that carries the variant; there is no table of users."""
    source = {
        "path": str(path),
        "columns": {
            "user_id": "client_id", "touchpoint": "event", "occurred_at": "timestamp",
            "variant": "user_backet", "value": "transaction_value",
        },
        "keep": {"variant": ["control", "test"]},
    }  # fmt: skip
    log = data.read("events", source, engine=engine)
    people = journeys.users_from_events(log.frame)
    kinds = [
        {"name": "conversion", "kind": "proportion", "column": "reached_payment_done"},
        {"name": "revenue", "kind": "mean", "column": "value"},
    ]
    found = {
        "gate": journeys.sample_ratio(people),
        "comparison": journeys.compare(
            journeys.exposed(people), journeys.metrics(kinds)
        ),
        "funnel": journeys.funnel(log.frame, ["cart", "payment_done"]),
        "moves": journeys.transitions(log.frame),
    }
    return {name: one.table for name, one in found.items()}


def same(found: dict[str, pd.DataFrame], wanted: dict[str, pd.DataFrame]) -> None:
    """Sums run in another order: equal to 1e-9 of their size."""
    for name, table in wanted.items():
        pd.testing.assert_frame_equal(
            found[name], table, rtol=1e-9, atol=1e-12, check_dtype=False, obj=name
        )


def test_the_sample_has_the_same_numbers_in_every_engine(engine):
    same(sample(engine), sample("pandas"))


def test_a_real_log_has_the_same_numbers_in_every_engine(engine, shared):
    path = shared("data/simple_shop_ab/ab_test_demo.csv")
    found = shop(engine, path)
    same(found, shop("pandas", path))
    shares = found["comparison"].set_index("metric").loc["conversion"]
    assert round(100 * shares["control"], 2) == 14.83
    assert round(100 * shares["treatment"], 2) == 22.74


def run(engine: str, folder: Path) -> dict[str, pd.DataFrame]:
    """Run the sample's comparison; every table of its report, which is clean."""
    given = (ROOT / "params/sample/journey_comparison.yaml").read_text("utf-8")
    file = folder / "params" / "journey_comparison.yaml"
    file.parent.mkdir()
    file.write_text(f"{given}\nengine: {engine}\n")
    done = subprocess.run(
        [sys.executable, "-m", "cxlib", "run", str(file), "--out", str(folder)],
        cwd=ROOT, env={**os.environ, "CX_ROOT": str(ROOT)}, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    (report,) = folder.rglob("report.html")
    said = report.read_text("utf-8")
    assert "WARN" not in said
    assert "Warning" not in said
    tables = sorted(report.parent.glob("tables/*.csv"))
    return {one.stem: pd.read_csv(one) for one in tables}


@pytest.fixture(scope="module")
def in_memory(tmp_path_factory) -> dict[str, pd.DataFrame]:
    """The tables of the run with pandas."""
    return run("pandas", tmp_path_factory.mktemp("pandas"))


@pytest.mark.slow
def test_a_run_changes_nothing_but_its_engine(engine, in_memory, tmp_path):
    """`engine:` in a params file: the same tables as the file without it."""
    found = run(engine, tmp_path)
    assert list(found) == list(in_memory)
    assert len(found) > 15
    same(found, in_memory)
