"""Small frames and the oracles of the NPS tests."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest


def answers(counts: Sequence[int], **columns: object) -> pd.DataFrame:
    """A frame of detractors (3), passives (7) and promoters (10)."""
    scores = np.repeat([3, 7, 10], counts)
    return pd.DataFrame({"score": scores, **columns})


@pytest.fixture
def oracle(shared: Callable[[str], Any]) -> Callable[[str, str], dict[str, Any]]:
    """One case of an oracle file by its id."""

    def find(file: str, case: str) -> dict[str, Any]:
        cases = json.loads(shared(f"oracles/{file}").read_text())["cases"]
        return next(one for one in cases if one["id"] == case)

    return find


@pytest.fixture
def segmented() -> pd.DataFrame:
    """Three segments of 100 that differ, in two waves, some of one account."""
    draw = np.random.default_rng(11)
    plan = np.repeat(["basic", "plus", "premium"], 100)
    lift = np.repeat([0, 1, 2], 100)
    score = np.clip(draw.integers(3, 10, 300) + lift, 0, 10)
    return pd.DataFrame(
        {
            "score": score, "plan": plan, "wave": draw.choice(["W1", "W2"], 300),
            "account": draw.integers(0, 80, 300), "weight": draw.uniform(0.5, 2, 300),
            "person": draw.permutation(300),
        }
    )  # fmt: skip
