"""Memory and time of `data.read` and a funnel as an event log grows tenfold.

    python benchmarks/engine_memory.py [--rows 1000000 10000000] [--format csv parquet]
        [--engine duckdb polars pandas]

Each cell runs in a process of its own: peak resident memory (`ru_maxrss`) and CPU
seconds of that process; Spark's live in its own Java process and are not measured. The
peak of an engine that leaves the rows in the file stays where it is; pandas' grows with
the file.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

STEPS = ["home", "search", "product", "cart", "payment"]
EVENTS = """
COPY (
  SELECT 'u' || (hash(i) % ({rows} // 8))::varchar AS user_id,
    make_timestamp(1735689600000000 + (i * 7919 % 2592000) * 1000000) AS occurred_at,
    ['home', 'search', 'product', 'cart', 'payment'][1 + (hash(i + 1) % 5)::int]
      AS touchpoint,
    CASE WHEN hash(hash(i) % ({rows} // 8)) % 2 = 0 THEN 'control' ELSE 'treatment' END
      AS variant,
    round((hash(i + 2) % 10000) / 100, 2) AS value
  FROM range({rows}) t(i)
) TO '{path}' ({options})
"""


def measure(path: str, engine: str) -> None:
    """One cell, in this process."""
    from cxlib import data, journeys

    log = data.read("events", path, engine=engine)  # type: ignore[arg-type]
    read = resource.getrusage(resource.RUSAGE_SELF)
    journeys.funnel(log.frame, STEPS)
    done = resource.getrusage(resource.RUSAGE_SELF)
    seconds = done.ru_utime + done.ru_stime
    print(f"{read.ru_maxrss / 1024:10,.0f} {done.ru_maxrss / 1024:12,.0f} "
          f"{seconds:10.1f}", end="")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--format", nargs="+", default=["csv", "parquet"])
    parser.add_argument("--engine", nargs="+", default=["duckdb", "polars", "pandas"])
    parser.add_argument("--cell", nargs=2, metavar=("PATH", "ENGINE"))
    given = parser.parse_args()
    if given.cell:
        measure(*given.cell)
        return
    print(f"{'rows':>12} {'format':8} {'engine':8} {'read MB':>10} {'funnel MB':>12} "
          f"{'CPU s':>10} {'wall s':>8}")  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        for kind in given.format:
            options = "FORMAT parquet" if kind == "parquet" else "HEADER"
            for rows in given.rows:
                path = str(Path(folder) / f"events_{rows}.{kind}")
                duckdb.sql(EVENTS.format(rows=rows, path=path, options=options))
                for engine in given.engine:
                    print(f"{rows:12,} {kind:8} {engine:8} ", end="", flush=True)
                    start = time.perf_counter()
                    cell = [sys.executable, __file__, "--cell", path, engine]
                    subprocess.run(cell, check=True)
                    print(f" {time.perf_counter() - start:8.1f}", flush=True)
                Path(path).unlink()


if __name__ == "__main__":
    main()
