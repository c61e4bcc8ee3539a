"""Partial pooling of 5,000 segments against a plain loop of the same maths.

    python benchmarks/nps_pooling.py [--segments 5000] [--loop 100]

Both are timed in one run, in CPU seconds. The loop takes the same grid of tau and finds
each segment's interval by root search with scipy; it is run on some of the segments and
scaled up. The ends of the intervals are compared.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from scipy import optimize, stats

from cxlib.estimate import design
from cxlib.estimate.domains import domains
from cxlib.estimate.pooling import Pooled, pool, ranks

Floats = np.ndarray


def loop(y: Floats, v: Floats, found: Pooled, most: int) -> list[tuple[float, float]]:
    """Return the intervals of the first segments, one at a time."""
    ends = []
    centre, spread = [], []
    for tau in found.tau_grid:
        w = 1 / (v + tau**2)
        centre.append(float((w * y).sum() / w.sum()))
        spread.append(float(1 / w.sum()))
    for i in range(most):
        means, sds = [], []
        for tau, mu, var in zip(found.tau_grid, centre, spread, strict=True):
            own = tau**2 / (v[i] + tau**2)
            means.append(mu + own * (y[i] - mu))
            sds.append((own * v[i] + (1 - own) ** 2 * var) ** 0.5)

        def below(x: float, p: float, m: list = means, sd: list = sds) -> float:
            return float(stats.norm.cdf(x, m, sd) @ found.tau_mass) - p

        ends.append(
            tuple(optimize.brentq(below, -5, 5, args=(p,)) for p in (0.025, 0.975))
        )
    return ends


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--segments", type=int, default=5000)
    parser.add_argument("--loop", type=int, default=100)
    args = parser.parse_args()
    k = args.segments
    draw = np.random.default_rng(1)
    codes = np.concatenate([np.arange(k), draw.integers(0, k, 24 * k)])
    lean = draw.normal(0, 0.4, k)
    values = np.clip(np.round(lean[codes] + draw.normal(0, 0.8, 25 * k)), -1, 1)
    clock = [time.process_time()]
    each = domains(values, codes, design(len(values)))
    clock.append(time.process_time())
    found = pool(each.mean, each.variance, scale=0.25)
    clock.append(time.process_time())
    ranks(each.mean, each.variance, found, n_draws=2000)
    clock.append(time.process_time())
    plain = loop(each.mean, each.variance, found, args.loop)
    clock.append(time.process_time())
    rows, pooled, ranked, looped = np.diff(clock)
    looped *= k / args.loop
    mine = np.column_stack([found.ci_lower, found.ci_upper])[: args.loop]
    print(f"{k:,} segments, {len(values):,} answers; CPU seconds")
    print(f"  means and variances  {rows:8.3f}")
    print(f"  pooling, intervals   {pooled:8.3f}")
    print(f"  ranks, 2,000 draws   {ranked:8.3f}")
    print(f"  plain loop           {looped:8.1f}  = {looped / pooled:,.0f}x pooling")
    print(f"  largest difference   {np.abs(mine - np.array(plain)).max():.1e}")


if __name__ == "__main__":
    main()
