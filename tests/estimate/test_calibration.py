"""Do 95 % intervals hold the truth 95 % of the time? Bounds as measured for the design.

Every bound leaves three binomial standard errors of the simulation. "Exact" cases sum
the multinomial probabilities instead of simulating.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import stats

from cxlib.estimate import design, difference, estimate
from cxlib.estimate.point import adjusted_wald, wilson

pytestmark = pytest.mark.slow

Z = stats.norm.ppf(0.975)
TRUTHS = [
    (0.2, 0.3, 0.5), (0.1, 0.2, 0.7), (0.4, 0.3, 0.3), (0.05, 0.15, 0.8),
    (0.6, 0.2, 0.2), (0.3, 0.4, 0.3),
]  # fmt: skip


def slack(covered, times):
    return covered - 3 * (0.95 * 0.05 / times) ** 0.5


def exact_net_coverage(n, truth):
    held = 0.0
    for d, p in product(range(n + 1), repeat=2):
        if d + p > n:
            continue
        k = (d, n - d - p, p)
        centre, spread = adjusted_wald(np.array(k) / n, n)
        net = truth[2] - truth[0]
        if abs(net - centre) <= Z * spread or abs(net) == 1:
            held += stats.multinomial.pmf(k, n, truth)
    return held


@pytest.mark.parametrize(
    ("n", "mean", "worst"), [(10, 0.945, 0.888), (30, 0.945, 0.92)]
)
def test_net_covers_exactly_as_measured(n, mean, worst):
    covered = [exact_net_coverage(n, truth) for truth in TRUTHS]
    assert np.mean(covered) >= mean
    assert min(covered) >= worst


@pytest.mark.parametrize(("n", "worst"), [(10, 0.88), (30, 0.92), (100, 0.93)])
def test_share_covers_exactly(n, worst):
    covered = []
    for share in np.linspace(0.05, 0.95, 19):
        ends = [wilson(x / n, n) for x in range(n + 1)]
        held = [lower <= share <= upper for lower, upper in ends]
        covered.append(stats.binom.pmf(range(n + 1), n, share)[held].sum())
    assert min(covered) >= worst
    assert np.mean(covered) >= 0.945


def coverage(draw, kind, truth, *, times=2000, seed=1):
    """Share of intervals that hold the truth; `draw` gives values and a plan."""
    rng = np.random.default_rng(seed)
    held = 0
    for _ in range(times):
        y, plan = draw(rng)
        found = estimate(y, kind, plan=plan)
        held += found.ci_lower <= truth <= found.ci_upper
    return held / times


@pytest.mark.parametrize("n", [10, 30, 100])
@pytest.mark.parametrize("kind", ["net", "share", "mean"])
def test_weighted(n, kind):
    """Weights unrelated to the answers: lognormal, deff about 1.3."""
    truth = {"net": 0.3, "share": 0.7, "mean": 0.0}[kind]

    def draw(rng):
        y = {
            "net": lambda: rng.choice([-1, 0, 1], n, p=(0.2, 0.3, 0.5)),
            "share": lambda: rng.binomial(1, 0.7, n),
            "mean": lambda: rng.normal(size=n),
        }[kind]()
        return y, design(n, weights=rng.lognormal(sigma=0.5, size=n))

    least = {10: 0.91, 30: 0.935, 100: 0.94}[n]
    assert coverage(draw, kind, truth) >= slack(least, 2000)


def test_weighted_net_near_the_ceiling():
    """n = 40, 90 % promoters; plain linearised t covers .79, this .94."""

    def draw(rng):
        y = rng.choice([-1, 0, 1], 40, p=(0.03, 0.07, 0.9))
        return y, design(40, weights=rng.lognormal(sigma=0.7, size=40))

    assert coverage(draw, "net", 0.87) >= slack(0.94, 2000)


def test_weights_that_correct_the_sample():
    """Promoters answer twice as often; weights of 1/2 undo it."""

    def draw(rng):
        y = rng.choice([-1, 0, 1], 400, p=(0.2, 0.3, 0.5))
        kept = y[rng.uniform(size=400) < np.where(y == 1, 0.5, 0.25)]
        return kept, design(len(kept), weights=np.where(kept == 1, 0.5, 1.0))

    assert coverage(draw, "net", 0.3, times=1000) >= slack(0.94, 1000)


@pytest.mark.parametrize("n_clusters", [8, 30])
@pytest.mark.parametrize("kind", ["net", "share", "mean"])
def test_clustered(n_clusters, kind):
    """Customers answer five times each, correlated .5."""
    truth = {"net": 0.0, "share": 0.5, "mean": 0.0}[kind]

    def draw(rng):
        who = np.repeat(np.arange(n_clusters), 5)
        latent = rng.normal(size=n_clusters)[who] + rng.normal(size=len(who))
        y = {
            "net": np.sign(latent) * (abs(latent) > 0.5),
            "share": (latent > 0).astype(float),
            "mean": latent,
        }[kind]
        return y, design(len(y), cluster=who)

    assert coverage(draw, kind, truth) >= slack(0.935, 2000)
    naive = coverage(lambda rng: (draw(rng)[0], None), kind, truth)
    assert naive < 0.85  # what ignoring the clusters costs


def test_stratified():
    """Two strata that differ: the design's interval is neither short nor wasteful."""

    def draw(rng):
        strata = np.repeat([0, 1], 50)
        p = np.where(strata == 0, 0.3, 0.7)
        return rng.binomial(1, p), design(100, strata=strata)

    assert slack(0.95, 2000) <= coverage(draw, "share", 0.5) <= 1


@pytest.mark.parametrize("n", [10, 30, 100])
@pytest.mark.parametrize("kind", ["net", "share", "mean"])
def test_difference(n, kind):
    """Two arms: the interval covers, and its test keeps its size under no effect."""
    rng = np.random.default_rng(7)
    p0, p1 = (0.2, 0.3, 0.5), (0.35, 0.3, 0.35)
    held = rejected = 0
    times = 2000
    truth = {"net": -0.3, "share": -0.15, "mean": -0.5}[kind]

    def arm(p, shift):
        y = {
            "net": lambda: rng.choice([-1, 0, 1], n, p=p),
            "share": lambda: rng.binomial(1, p[2], n),
            "mean": lambda: rng.normal(shift, 1, n),
        }[kind]()
        return estimate(y, kind)

    for _ in range(times):
        control = arm(p0, 0)
        effect, nothing = (
            difference(control, arm(p1, -0.5)),
            difference(control, arm(p0, 0)),
        )
        held += effect.ci_lower <= truth <= effect.ci_upper
        rejected += nothing.pvalue < 0.05
    assert held / times >= slack(0.94, times)
    most = {"net": 0.055, "share": 0.085 if n == 10 else 0.06, "mean": 0.05}[kind]
    assert rejected / times <= most + 3 * (0.05 * 0.95 / times) ** 0.5
