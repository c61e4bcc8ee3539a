"""100,000 draws of 20 initiatives over 12 quarters against a plain Python loop.

    python benchmarks/roi_simulation.py [--draws 100000] [--initiatives 20] [--loop 200]

Both are timed in one run, in CPU seconds. The loop takes the same drawn inputs, goes
through draws, steps and drivers one at a time, and is run on some of the draws and
scaled up; the portfolio's NPVs of these draws are compared. The loop does less: no
payback, no quantiles, no ledger.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections import defaultdict

import numpy as np
import pandas as pd

from cxlib import roi
from cxlib.roi import Simulation

STEPS, EACH, RATE, CUSTOMERS = 12, 4, 0.08, 50_000


def book(n: int) -> pd.DataFrame:
    """Return made-up initiatives on four drivers, effects, reach and cost uncertain."""
    draw = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "name": [f"initiative {i}" for i in range(n)],
            "driver": [f"driver {i % 4}" for i in range(n)],
            "effect": draw.uniform(0.1, 0.8, n), "reach": draw.uniform(0.05, 0.6, n),
            "cost": draw.uniform(1e4, 5e5, n), "ramp": draw.integers(0, 9, n),
            "decay": draw.uniform(0, 0.3, n), "start": 3 * draw.integers(0, 4, n),
            "evidence": "quasi",
        }
    )  # fmt: skip
    for name in ("effect", "reach", "cost"):
        frame[f"{name}_low"] = 0.7 * frame[name]
        frame[f"{name}_high"] = 1.4 * frame[name]
    return frame


def loop(plans: pd.DataFrame, inputs: dict[str, list[float]], most: int) -> list[float]:
    """Return the portfolio's NPV of the first draws, one number at a time."""
    rows = plans.to_dict("records")
    groups = defaultdict(list)
    for row in rows:
        groups[row["driver"]].append(row)
    found = []
    for draw in range(most):
        value = inputs["value of a point"][draw] / EACH
        npv = 0.0
        for row in rows:
            begin = row["start"] * EACH // 12
            cost = inputs[f"cost of {row['name']}"][draw]
            npv -= cost * (1 + RATE) ** (-begin / EACH)
        for step in range(1, STEPS + 1):
            points = sum(
                credited(group, inputs, draw, step) for group in groups.values()
            )
            npv += points * CUSTOMERS * value * (1 + RATE) ** (-step / EACH)
        found.append(npv)
    return found


def credited(group: list[dict], inputs: dict, draw: int, step: int) -> float:
    """Return the points credited on one driver, the strongest first."""
    reached = []
    for row in group:
        age = step - row["start"] * EACH // 12
        if age < 1:
            continue
        grown = min(1.0, age / max(row["ramp"] * EACH / 12, 1e-9))
        fade = (1 - row["decay"]) ** ((age - 1) / EACH)
        effect = inputs[f"effect of {row['name']}"][draw]
        share = inputs[f"reach of {row['name']}"][draw] / CUSTOMERS
        reached.append((effect * grown * fade, share))
    total, missed = 0.0, 1.0
    for points, share in sorted(reached, reverse=True):
        total += points * share * (missed if points > 0 else 1.0)
        missed *= 1 - share
    return total


def timed(plans: pd.DataFrame, draws: int) -> tuple[Simulation, float]:
    """Return the simulation and its CPU seconds."""
    begin = time.process_time()
    value = {"amount": 3.0, "low": 1.0, "high": 4.0}
    found = roi.simulate(
        plans, value, customers=CUSTOMERS, steps_per_year=EACH, discount_rate=RATE,
        n_draws=draws,
    )  # fmt: skip
    return found, time.process_time() - begin


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--draws", type=int, default=100_000)
    parser.add_argument("--initiatives", type=int, default=20)
    parser.add_argument("--loop", type=int, default=200)
    args = parser.parse_args()
    plans = book(args.initiatives)
    found, ours = timed(plans, args.draws)
    draws = found.draws
    begin = time.process_time()
    whole = draws.together(draws.names)
    sets = time.process_time() - begin
    inputs = {name: drawn[: args.loop].tolist() for name, drawn in draws.inputs.items()}
    begin = time.process_time()
    plain = loop(plans, inputs, args.loop)
    looped = (time.process_time() - begin) * args.draws / args.loop
    off = np.abs(np.array(plain) / whole[: args.loop] - 1).max()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    print(f"{args.draws:,} draws x {args.initiatives} initiatives x {STEPS} quarters")
    print(f"  simulate             {ours:8.2f} CPU seconds")
    print(f"  one set, again       {sets:8.2f}")
    print(f"  plain loop           {looped:8.0f}  = {looped / ours:,.0f}x simulate")
    print(f"  largest difference   {off:8.1e} of the NPV")
    print(f"  memory at most       {peak:8.0f} MB")
    if not off < 1e-9:
        raise SystemExit("the two disagree")


if __name__ == "__main__":
    main()
