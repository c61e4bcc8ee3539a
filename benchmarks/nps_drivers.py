"""Driver shares with bootstrap intervals against brute force of the same shares.

    python benchmarks/nps_drivers.py [--rows 4000] [--drivers 12] [--resamples 500]

All are timed in one run, in CPU seconds. Brute force fits scikit-learn's
LinearRegression on every subset of drivers, once, and is scaled up to the resamples;
the plain loop solves every subset from the covariance instead of the rows.
`nps.drivers` is timed whole: checks, means, table. The shares are compared.
"""

from __future__ import annotations

import argparse
import itertools
import math
import time

import numpy as np
import pandas as pd
from sklearn.linear_model import LinearRegression

from cxlib import nps

Floats = np.ndarray
Subset = tuple[int, ...]


def lmg(r2: dict[Subset, float], p: int) -> Floats:
    """Average gain of each driver over all orders, as shares of R-squared."""
    gain = np.zeros(p)
    for j in range(p):
        for subset in (s for s in r2 if j not in s):
            size = len(subset)
            weight = math.factorial(size) * math.factorial(p - size - 1)
            joined = tuple(sorted((*subset, j)))
            gain[j] += weight / math.factorial(p) * (r2[joined] - r2[subset])
    return gain / gain.sum()


def subsets(p: int) -> list[Subset]:
    sizes = (itertools.combinations(range(p), m) for m in range(p + 1))
    return list(itertools.chain.from_iterable(sizes))


def brute(x: Floats, y: Floats) -> Floats:
    """One regression of the rows a subset."""
    r2 = {(): 0.0}
    for s in subsets(x.shape[1])[1:]:
        part = x[:, list(s)]
        r2[s] = float(LinearRegression().fit(part, y).score(part, y))
    return lmg(r2, x.shape[1])


def loop(x: Floats, y: Floats) -> Floats:
    """One solve of the covariance a subset."""
    cov = np.cov(np.column_stack([x, y]).T)
    r2 = {(): 0.0}
    for s in subsets(x.shape[1])[1:]:
        xy = cov[list(s), -1]
        inner = np.linalg.solve(cov[np.ix_(s, s)], xy)
        r2[s] = float(xy @ inner / cov[-1, -1])
    return lmg(r2, x.shape[1])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=4000)
    parser.add_argument("--drivers", type=int, default=12)
    parser.add_argument("--resamples", type=int, default=500)
    args = parser.parse_args()
    draw, p = np.random.default_rng(1), args.drivers
    halo = draw.normal(0, 0.8, (args.rows, 1))
    x = np.clip(np.round(3.3 + halo + draw.normal(0, 0.8, (args.rows, p))), 1, 5)
    y = np.clip(
        np.round(x @ np.linspace(0.1, 0.6, p) + draw.normal(0, 1, len(x))), 0, 99
    )
    names = [f"driver_{i}" for i in range(p)]
    frame = pd.DataFrame(x, columns=names).assign(score=y)
    scale = {"name": "answer", "low": 0, "high": 99, "kind": "mean"}
    clock = [time.process_time()]
    found = nps.drivers(
        frame, names, scale=scale, item_scale=(1, 5), n_resamples=args.resamples
    )
    clock.append(time.process_time())
    solved = loop(x, y)
    clock.append(time.process_time())
    fitted = brute(x, y)
    clock.append(time.process_time())
    mine, looped, bruted = np.diff(clock)
    looped, bruted = looped * (args.resamples + 1), bruted * (args.resamples + 1)
    own = found.table.set_index("driver").loc[names, "estimate"].to_numpy()
    print(f"{p} drivers, {args.rows:,} rows, {args.resamples:,} resamples; CPU seconds")
    print(f"  nps.drivers            {mine:9.2f}")
    print(f"  plain loop, covariance {looped:9.0f}  = {looped / mine:,.0f}x")
    print(f"  scikit-learn, rows     {bruted:9.0f}  = {bruted / mine:,.0f}x")
    gap = max(np.abs(own - solved).max(), np.abs(own - fitted).max())
    print(f"  largest difference     {gap:9.1e}")


if __name__ == "__main__":
    main()
