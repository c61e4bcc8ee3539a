"""Do a million customers' journeys part? `journeys.divergence`, 1,000 permutations.

    python benchmarks/journey_divergence.py [--customers 1000000] [--resamples 1000]

CPU seconds of this process, children's time included in none: reading and counting the
moves (the engine), collapsing customers to patterns, permuting. The peer shuffles
every customer's label and multiplies the whole table, for a tenth of the permutations.
"""

from __future__ import annotations

import argparse
import resource
from collections.abc import Callable
from typing import TypeVar

import numpy as np
import pyarrow as pa
from scipy import sparse

from cxlib import journeys, simulate
from cxlib.estimate.permutation import max_t
from cxlib.journeys.flows._moves import between, moves
from cxlib.journeys.flows._walk import walk

T = TypeVar("T")
COLUMNS = {
    "variant": "variant", "user": "user_id", "journey": None,
    "touchpoint": "touchpoint", "time": "occurred_at",
}  # fmt: skip


def cpu() -> float:
    """CPU seconds of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def timed(name: str, work: Callable[[], T]) -> T:
    """Do the work and print its CPU seconds."""
    start = cpu()
    found = work()
    print(f"{name:48} {cpu() - start:7.1f} s")
    return found


def shuffled(entries: object, treated: np.ndarray, resamples: int) -> np.ndarray:
    """Counts of the treated under shuffled labels, customer by customer."""
    rng = np.random.default_rng(0)
    drawn = [rng.permutation(treated).astype(float) for _ in range(resamples)]
    return np.stack([entries.T @ one for one in drawn])


def divergence(customers: int, resamples: int) -> None:
    """Time each stage, then the whole, then the plain shuffle."""
    users = simulate.users(customers, rng=1)
    table = pa.Table.from_pandas(simulate.events(users, rng=1), preserve_index=False)
    print(f"{customers:,} customers, {table.num_rows:,} events")
    made = timed(
        "count moves per customer",
        lambda: moves(walk(table, users=users, **COLUMNS)),
    )
    names = ("control", "treatment")
    patterns, _ = timed(
        "collapse to patterns", lambda: between(made, *names, min_n=30, rare=10)
    )
    print(f"{len(patterns.control):,} patterns of {len(patterns.group)} moves")
    timed(
        f"{resamples:,} permutations of patterns",
        lambda: max_t(patterns, n_resamples=resamples, rng=0),
    )
    whole = timed(
        "journeys.divergence in all",
        lambda: journeys.divergence(table, users=users, n_resamples=resamples),
    )
    print(whole.text)
    entries = made.entries
    plain = sparse.csr_array((entries["x"], (entries["row"], entries["column"])))
    treated = (made.arm == "treatment").to_numpy()
    few = max(1, resamples // 10)
    timed(
        f"{few:,} plain shuffles of all customers",
        lambda: shuffled(plain, treated, few),
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--resamples", type=int, default=1000)
    asked = parser.parse_args()
    divergence(asked.customers, asked.resamples)
