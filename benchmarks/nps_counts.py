"""NPS of 5 million answers: `nps.tally` against hand-written SQL, a scan and pandas.

    python benchmarks/nps_counts.py [--rows 5000000] [--repeats 5]

50 segments x 12 waves, in a DuckDB table and in Parquet. Each contender gives n,
counts, and (weighted) the sums that the linearised standard error needs, by cell; ours
also gives every interval, gap to the rest and change between waves. CPU seconds of this
process (`resource.getrusage`), the best of the repeats, contenders taken in turn; the
ratios are what counts. Then `nps.by_segment` on rows, and drivers: 12 columns, 500
resamples.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from cxlib import nps
from cxlib.nps.tally import Tally

CLASSES = {"d": "score <= 6", "p": "score >= 9"}
PLAIN = ", ".join(f"count(*) FILTER ({rule}) AS {k}" for k, rule in CLASSES.items())
WEIGHTED = ", ".join(
    f"sum({what}) FILTER ({rule}) AS {k}{i}"
    for k, rule in CLASSES.items()
    for i, what in enumerate(("w", "w * w"))
)
HAND = "SELECT segment, wave, count(*) AS n, {} FROM {{}} GROUP BY ALL"
QUERIES = {
    False: HAND.format(PLAIN),
    True: HAND.format(f"sum(w) AS w, sum(w * w) AS w2, {WEIGHTED}"),
}
SCANS = {
    False: "SELECT max(segment), sum(wave), sum(score) FROM {}",
    True: "SELECT max(segment), sum(wave), sum(score), sum(w) FROM {}",
}


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


def fill(con: duckdb.DuckDBPyConnection, rows: int, parquet: Path) -> None:
    """Make the table and its Parquet copy."""
    con.execute("SELECT setseed(0.5)")
    con.execute(
        f"""CREATE TABLE answers AS SELECT
        CAST(least(10, floor(3 + 8.5 * random())) AS INTEGER) AS score,
        'segment ' || CAST(floor(50 * random()) AS INTEGER) AS segment,
        CAST(floor(12 * random()) AS INTEGER) AS wave, 0.5 + random() AS w
        FROM range({rows})"""
    )
    con.execute(f"COPY answers TO '{parquet}' (FORMAT parquet)")


def in_pandas(frame: pd.DataFrame, *, weighted: bool) -> pd.DataFrame:
    """The same sums by a pandas analyst: class columns, then one groupby."""
    d = (frame["score"] <= 6).astype("int8")
    p = (frame["score"] >= 9).astype("int8")
    made = {"d": d, "p": p}
    if weighted:
        w = frame["w"]
        made |= {"w": w, "w2": w * w, "wd": w * d, "wp": w * p}
        made |= {"w2d": w * w * d, "w2p": w * w * p}
    wide = pd.DataFrame(made | {"segment": frame["segment"], "wave": frame["wave"]})
    grouped = wide.groupby(["segment", "wave"], observed=True)
    return grouped.sum().assign(n=grouped.size())


def count(con: duckdb.DuckDBPyConnection, source: str, *, weighted: bool) -> Tally:
    """Ours, counts only."""
    return nps.tally(
        con.sql(f"FROM {source}"),
        ["segment", "wave"],
        weights="w" if weighted else None,
    )


def compare(
    con: duckdb.DuckDBPyConnection, source: str, *, weighted: bool, repeats: int
) -> None:
    """Print the ratios for one source."""
    columns = "score, segment, wave" + (", w" if weighted else "")
    frame = con.sql(f"SELECT {columns} FROM {source}").df()
    hand, scan = (texts[weighted].format(source) for texts in (QUERIES, SCANS))
    found = race(
        {
            "scan": lambda: con.sql(scan).df(),
            "hand": lambda: con.sql(hand).df(),
            "tally": lambda: count(con, source, weighted=weighted),
            "tally + intervals": lambda: nps.from_counts(
                count(con, source, weighted=weighted), wave="wave"
            ),
            "pandas": lambda: in_pandas(frame, weighted=weighted),
        },
        repeats,
    )
    what = "weighted" if weighted else "unweighted"
    print(f"\n{source}, {what}: CPU s, ratio to hand-written SQL")
    for name, seconds in found.items():
        print(f"  {name:<18} {seconds:7.3f}  {seconds / found['hand']:6.2f}")
    draws = nps.tally(frame.head(200_000), ["segment", "wave"])
    start = cpu()
    nps.from_counts(draws, n_draws=2000)
    print(f"  2,000 draws of 600 cells {cpu() - start:.2f} s")


def on_rows() -> None:
    """`by_segment` and drivers, which need rows."""
    rng = np.random.default_rng(1)
    n = 200_000
    frame = pd.DataFrame(
        {
            "score": rng.integers(0, 11, n), "g": rng.integers(0, 50, n).astype(str),
            "w": rng.uniform(0.5, 2, n), "account": rng.integers(0, 40_000, n),
        }
    )  # fmt: skip
    rated = pd.DataFrame(rng.integers(1, 6, (20_000, 12))).add_prefix("driver_")
    names = list(rated.columns)
    rated["score"] = np.clip(rated[names[:3]].sum(axis=1) // 2 + 3, 0, 10)
    found = race(
        {
            "by_segment, 200,000 rows x 50": lambda: nps.by_segment(frame, "g"),
            "  weighted": lambda: nps.by_segment(frame, "g", weights="w"),
            "  weighted, clustered": lambda: nps.by_segment(
                frame, "g", weights="w", cluster="account"
            ),
            "drivers, 20,000 rows x 12, 500 resamples": lambda: nps.drivers(
                rated, names
            ),
        },
        2,
    )
    print("\nrows: CPU s")
    for name, seconds in found.items():
        print(f"  {name:<42} {seconds:6.2f}")


def main() -> None:
    """Run everything once, in one process."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=5_000_000)
    options.add_argument("--repeats", type=int, default=5)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        con = duckdb.connect(str(Path(folder) / "answers.duckdb"))
        parquet = Path(folder) / "answers.parquet"
        fill(con, given.rows, parquet)
        for source in ("answers", f"'{parquet}'"):
            for weighted in (False, True):
                compare(con, source, weighted=weighted, repeats=given.repeats)
    on_rows()


if __name__ == "__main__":
    main()
