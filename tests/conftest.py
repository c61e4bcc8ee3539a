"""What every test may rely on: acceptance data, and an environment left as found."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("MPLBACKEND", "Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"

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
