"""Experiment moments of 10 million users: ours against SQL, tea-tasting, pandas.

    python benchmarks/experiment_moments.py [--users 10000000] [--repeats 3]

Six metrics (two means with CUPED, two proportions, a ratio, an NPS) by 2 variants, then
by 2 variants x 20 segments, in a DuckDB table. Hand-written SQL computes the same
moments in one GROUP BY; tea-tasting (skipped where it is not installed) reads the same
table through its own backend, one query a segment; pandas has the columns in memory.
Ours also forms every effect. CPU seconds of this process (`resource.getrusage`), the
best of the repeats, contenders taken in turn; the ratios are what counts.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
from collections.abc import Callable
from pathlib import Path

import duckdb
import pandas as pd

from cxlib import journeys
from cxlib.journeys import Mean, Metric, Proportion, Ratio, Score
from cxlib.journeys.experiments._moments import by_cells, prepare

METRICS: tuple[Metric, ...] = (
    Mean(name="spend", column="spend", covariate="spend_before"),
    Mean(name="minutes", column="minutes", covariate="minutes_before"),
    Proportion(name="paid", column="paid"),
    Proportion(name="visited", column="visited"),
    Ratio(name="basket", column="spend", denominator="orders"),
    Score(name="NPS", column="score"),
)
HAND = """SELECT {keys}, count(*) AS users,
    count(spend), avg(spend), var_samp(spend), avg(spend_before),
    var_samp(spend_before), covar_samp(spend, spend_before),
    count(minutes), avg(minutes), var_samp(minutes), avg(minutes_before),
    var_samp(minutes_before), covar_samp(minutes, minutes_before),
    count(*) FILTER (paid), sum(visited),
    avg(orders), var_samp(orders), covar_samp(spend, orders),
    count(score), count(*) FILTER (score >= 9), count(*) FILTER (score <= 6)
    FROM users GROUP BY ALL"""
COLUMNS = (
    "spend", "spend_before", "minutes", "minutes_before", "visited", "orders", "score",
)  # fmt: skip
SCAN = (
    "SELECT max(variant), max(segment), count(*) FILTER (paid), "
    + ", ".join(f"sum({name})" for name in COLUMNS)
    + " FROM users"
)


def cpu() -> float:
    """CPU seconds of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def race(contenders: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Best CPU seconds of each contender, taken in turn."""
    best = dict.fromkeys(contenders, float("inf"))
    for _ in range(repeats):
        for name, work in contenders.items():
            start = cpu()
            work()
            best[name] = min(best[name], cpu() - start)
    return best


def fill(con: duckdb.DuckDBPyConnection, users: int) -> None:
    """Make the table."""
    con.execute("SELECT setseed(0.5)")
    con.execute(
        f"""CREATE TABLE users AS SELECT
        CASE WHEN random() < 0.5 THEN 'control' ELSE 'treatment' END AS variant,
        'segment ' || CAST(floor(20 * random()) AS INTEGER) AS segment,
        50 * random() AS spend_before, 60 * random() AS spend,
        9 * random() AS minutes_before, 12 * random() AS minutes,
        random() < 0.2 AS paid, CAST(random() < 0.4 AS INTEGER) AS visited,
        CAST(1 + floor(4 * random()) AS INTEGER) AS orders,
        CASE WHEN random() < 0.4 THEN CAST(floor(11 * random()) AS INTEGER) END AS score
        FROM range({users})"""
    )


def cells(con: duckdb.DuckDBPyConnection, keys: list[str]) -> object:
    """Ours, moments only."""
    import narwhals as nw

    rows = nw.from_native(con.table("users"))
    return by_cells(prepare(rows, METRICS, keys), METRICS, keys)


def ours(con: duckdb.DuckDBPyConnection, keys: list[str]) -> object:
    """Ours, with every effect (and, by segment, tests and pooling)."""
    if len(keys) == 1:
        return journeys.compare(con.table("users"), METRICS)
    return journeys.by_segment(con.table("users"), METRICS, by=keys[1])


def in_pandas(frame: pd.DataFrame, keys: list[str]) -> object:
    """The same sums by a pandas analyst: products, then one groupby."""
    wide = frame[keys].copy()
    for name in COLUMNS:
        wide[name] = frame[name].astype(float)
    wide["paid"] = frame["paid"].astype(float)
    net = (frame["score"] >= 9).astype(float) - (frame["score"] <= 6)
    wide["net"] = net.where(frame["score"].notna())
    pairs = (
        ("spend", "spend_before"), ("minutes", "minutes_before"), ("spend", "orders"),
    )  # fmt: skip
    for a, b in pairs:
        wide[f"{a} x {b}"] = wide[a] * wide[b]
    return wide.groupby(keys, observed=True).agg(["count", "mean", "var"])


def tea(con: duckdb.DuckDBPyConnection) -> Callable[[str], object] | None:
    """tea-tasting on the same table, or None where it is not installed."""
    try:
        import tea_tasting as tt
    except ImportError:
        return None
    experiment = tt.Experiment(
        spend=tt.Mean("spend", "spend_before"),
        minutes=tt.Mean("minutes", "minutes_before"),
        paid=tt.Mean("paid"), visited=tt.Mean("visited"),
        basket=tt.RatioOfMeans("spend", "orders"), nps=tt.Mean("net"),
    )  # fmt: skip
    made = (
        "SELECT * REPLACE (CAST(paid AS INTEGER) AS paid), "
        "CAST(score >= 9 AS INTEGER) - CAST(score <= 6 AS INTEGER) AS net FROM users"
    )

    def run(segment: str) -> object:
        where = f" WHERE segment = '{segment}'" if segment else ""
        return experiment.analyze(con.sql(made + where))

    return run


def main() -> None:
    """Run everything once, in one process."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--users", type=int, default=10_000_000)
    options.add_argument("--repeats", type=int, default=3)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        con = duckdb.connect(str(Path(folder) / "users.duckdb"))
        fill(con, given.users)
        frame = con.table("users").df()
        peer = tea(con)
        names = con.sql("SELECT DISTINCT segment FROM users").fetchall()
        for keys in (["variant"], ["variant", "segment"]):
            hand = HAND.format(keys=", ".join(keys))
            segments = [""] if len(keys) == 1 else [str(name) for (name,) in names]
            contenders: dict[str, Callable[[], object]] = {
                "scan": lambda: con.sql(SCAN).df(),
                "hand-written SQL": lambda hand=hand: con.sql(hand).df(),
                "ours, moments": lambda keys=keys: cells(con, keys),
                "ours, effects": lambda keys=keys: ours(con, keys),
                "pandas": lambda keys=keys: in_pandas(frame, keys),
            }
            if peer is not None:
                contenders["tea-tasting"] = lambda segments=segments: [
                    peer(segment) for segment in segments
                ]
            found = race(contenders, given.repeats)
            cells_of = f"2 x {len(segments)} cells" if len(keys) > 1 else "2 arms"
            print(f"\n{given.users:,} users, {cells_of}: CPU s, ratio to SQL")
            for name, seconds in found.items():
                ratio = seconds / found["hand-written SQL"]
                print(f"  {name:<18} {seconds:7.3f}  {ratio:6.2f}")
        if peer is None:
            print("\ntea-tasting is not installed: not compared")


if __name__ == "__main__":
    main()
