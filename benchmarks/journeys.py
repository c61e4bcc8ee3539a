"""Journeys of 10 million events: funnel, transitions, features; ours against SQL.

    python benchmarks/journeys.py [--journeys 1000000] [--repeats 2] [--integer-ids]

12 touchpoints, ten events a user, in a DuckDB table in order of time. Contenders: a
scan of the same columns, hand-written SQL (the best found, chained joins or windows),
vectorised pandas on a frame in memory, and ours, which gives intervals besides. CPU
seconds of this process (`resource.getrusage`), the best of the repeats, contenders
taken in turn; the ratios are what counts. Peak memory is read after ours alone.
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

from cxlib import journeys

STEPS = [f"touchpoint_{i}" for i in (2, 5, 8, 11)]
PLACES = [f"touchpoint_{i}" for i in range(12)]
CODE = (
    "CASE touchpoint "
    + " ".join(f"WHEN '{name}' THEN {i}" for i, name in enumerate(PLACES))
    + " END::UTINYINT"
)
SCAN = """SELECT sum(length(touchpoint)), max(user_id), sum(length(variant)),
    sum(epoch_us(occurred_at)) FROM events"""
ARMS = """SELECT user_id, min(variant) AS arm FROM events GROUP BY user_id
    HAVING min(variant) = max(variant)"""
FUNNEL = (
    f"WITH who AS ({ARMS}), s0 AS (SELECT user_id, min(occurred_at) AS t FROM events "
    f"WHERE touchpoint = '{STEPS[0]}' GROUP BY user_id)"
    + "".join(
        f", s{i} AS (SELECT e.user_id, min(occurred_at) AS t FROM events e "
        f"JOIN s{i - 1} USING (user_id) WHERE touchpoint = '{step}' "
        "AND occurred_at >= t GROUP BY e.user_id)"
        for i, step in enumerate(STEPS)
        if i
    )
    + "SELECT arm, count(*), count(s0.t), count(s1.t), count(s2.t), count(s3.t) FROM "
    "who LEFT JOIN s0 USING (user_id) LEFT JOIN s1 USING (user_id) LEFT JOIN s2 USING "
    "(user_id) LEFT JOIN s3 USING (user_id) GROUP BY arm"
)
NEXT = f"""SELECT user_id, variant, c AS f, coalesce(lead(c) OVER (PARTITION BY user_id
    ORDER BY occurred_at, c), 99) AS t
    FROM (SELECT user_id, variant, occurred_at, {CODE} AS c FROM events)"""
SUMS = """arm, f, t, sum(x) AS x, sum(x * x) AS xx, sum(x * d) AS xd, count(*) AS users,
    count(*) FILTER (x = d) AS always"""
GROUPED = f"""WITH who AS ({ARMS}), made AS (SELECT user_id, f, t, count(*) AS x
    FROM ({NEXT}) GROUP BY ALL), pairs AS (SELECT *,
    sum(x) OVER (PARTITION BY user_id, f) AS d FROM made)
    SELECT {SUMS} FROM pairs JOIN who USING (user_id) GROUP BY arm, f, t"""
WINDOWS = f"""WITH who AS ({ARMS}), made AS (SELECT user_id, f, t,
    row_number() OVER (k ROWS UNBOUNDED PRECEDING) AS place,
    count(*) OVER (k RANGE BETWEEN CURRENT ROW AND CURRENT ROW) AS x,
    count(*) OVER (k ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS d,
    count(*) OVER (k RANGE UNBOUNDED PRECEDING) AS upto
    FROM ({NEXT}) WINDOW k AS (PARTITION BY user_id, f ORDER BY t))
    SELECT {SUMS} FROM (SELECT * FROM made WHERE place = upto)
    JOIN who USING (user_id) GROUP BY arm, f, t"""
FEATURES = (
    "SELECT user_id, count(*) AS n_events, epoch(max(occurred_at) - min(occurred_at)), "
    "count(DISTINCT touchpoint), arg_min(touchpoint, occurred_at), "
    "arg_max(touchpoint, occurred_at), sum(value), "
    + ", ".join(
        f"max(CASE touchpoint WHEN '{name}' THEN 1 ELSE 0 END)" for name in PLACES
    )
    + " FROM events GROUP BY user_id"
)
FLAGGED = f"""SELECT user_id, count(*) AS n_events, bit_or(1::BIGINT << {CODE}) AS bits,
    epoch(max(occurred_at) - min(occurred_at)), arg_min(touchpoint, occurred_at),
    arg_max(touchpoint, occurred_at), sum(value) FROM events GROUP BY user_id"""


def used() -> resource.struct_rusage:
    return resource.getrusage(resource.RUSAGE_SELF)


def race(contenders: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Best CPU seconds of each contender, taken in turn."""
    best = dict.fromkeys(contenders, float("inf"))
    for _ in range(repeats):
        for name, work in contenders.items():
            start = used()
            work()
            end = used()
            spent = end.ru_utime + end.ru_stime - start.ru_utime - start.ru_stime
            best[name] = min(best[name], spent)
    return best


def fill(con: duckdb.DuckDBPyConnection, users: int, *, text: bool) -> None:
    """Make the table: 1 to 19 events a user, drifting to later touchpoints."""
    name = "'u' || lpad(user_id::VARCHAR, 8, '0')" if text else "user_id"
    con.execute("SELECT setseed(0.5)")
    con.execute(
        f"""CREATE TABLE events AS WITH people AS (SELECT i AS user_id,
        CASE WHEN hash(i) % 2 = 0 THEN 'control' ELSE 'treatment' END AS variant,
        TIMESTAMP '2026-01-01' + to_seconds(floor(random() * 2592000)::BIGINT) AS began,
        1 + floor(random() * 19)::INTEGER AS n FROM range({users}) t(i))
        SELECT {name} AS user_id, variant, round(random() * 10, 2) AS value,
        began + to_seconds(floor((j + random()) * 40)::BIGINT) AS occurred_at,
        'touchpoint_' || least(11, greatest(0, floor(j * 0.6 + random() * 7 - 2)))
        ::INTEGER AS touchpoint FROM people, range(n) r(j) ORDER BY occurred_at"""
    )


def funnel_in_pandas(frame: pd.DataFrame) -> pd.DataFrame:
    """First occurrence not before the last step, by merges."""
    arms = frame.groupby("user_id")["variant"].first()
    reached = {}
    before = None
    for step in STEPS:
        rows = frame.loc[frame["touchpoint"] == step, ["user_id", "occurred_at"]]
        if before is not None:
            rows = rows.merge(before.rename("t"), left_on="user_id", right_index=True)
            rows = rows[rows["occurred_at"] >= rows["t"]]
        before = rows.groupby("user_id")["occurred_at"].min()
        reached[step] = arms.loc[before.index].value_counts()
    return pd.DataFrame(reached)


def moves_in_pandas(frame: pd.DataFrame) -> pd.DataFrame:
    """Sort, shift within users, count, square."""
    rows = frame.sort_values(["user_id", "occurred_at", "touchpoint"])
    follow = rows["touchpoint"].shift(-1)
    last = rows["user_id"] != rows["user_id"].shift(-1)
    rows = rows.assign(to=follow.mask(last, "(end)"))
    keys = ["variant", "user_id", "touchpoint", "to"]
    made = (
        rows.groupby(keys, observed=True, sort=False).size().rename("x").reset_index()
    )
    d = made.groupby(["user_id", "touchpoint"], observed=True)["x"].transform("sum")
    x = made["x"]
    made = made.assign(xx=x * x, xd=x * d, users=1, always=x == d)
    return made.groupby(["variant", "touchpoint", "to"], observed=True)[
        ["x", "xx", "xd", "users", "always"]
    ].sum()


def features_in_pandas(frame: pd.DataFrame) -> pd.DataFrame:
    """Named aggregates after one sort."""
    rows = frame.sort_values(["user_id", "occurred_at", "touchpoint"])
    grouped = rows.groupby("user_id", sort=False)
    times, places = grouped["occurred_at"], grouped["touchpoint"]
    return pd.DataFrame(
        {
            "n": grouped.size(), "k": places.nunique(), "first": places.first(),
            "last": places.last(), "length": times.max() - times.min(),
            "value": grouped["value"].sum(),
        }
    )  # fmt: skip


def show(what: str, seconds: dict[str, float]) -> None:
    sql = min(value for name, value in seconds.items() if name.startswith("SQL"))
    print(f"\n{what}: CPU s, ratio to the best SQL, to the scan")
    for name, value in seconds.items():
        scan = value / seconds["scan"]
        print(f"  {name:<20} {value:8.3f} {value / sql:7.2f} {scan:8.1f}")


def contenders(
    con: duckdb.DuckDBPyConnection, frame: pd.DataFrame
) -> dict[str, dict[str, Callable[[], object]]]:
    """Everything to run, by question. Add a question here."""

    def ours(events: duckdb.DuckDBPyRelation) -> journeys.Funnel:
        return journeys.funnel(events, STEPS, variant="variant")

    def sql(query: str) -> Callable[[], object]:
        return lambda: con.sql(query).to_arrow_table()

    events = con.sql("FROM events")
    return {
        "funnel": {
            "scan": sql(SCAN), "SQL, chained joins": sql(FUNNEL),
            "pandas": lambda: funnel_in_pandas(frame),
            "journeys.funnel": lambda: ours(events),
        },
        "transitions": {
            "scan": sql(SCAN), "SQL, grouped": sql(GROUPED),
            "SQL, windows": sql(WINDOWS),
            "pandas": lambda: moves_in_pandas(frame),
            "journeys.transitions": lambda: journeys.transitions(events),
        },
        "features": {
            "scan": sql(SCAN), "SQL, distinct": sql(FEATURES),
            "SQL, bits": sql(FLAGGED),
            "pandas": lambda: features_in_pandas(frame),
            "journeys.features": lambda: journeys.features(events).to_arrow_table(),
        },
    }  # fmt: skip


def agree(con: duckdb.DuckDBPyConnection) -> None:
    """Stop unless SQL and ours count the same."""
    events = con.sql("FROM events")
    ours = journeys.funnel(events, STEPS, variant="variant").table
    theirs = con.sql(f"{FUNNEL} ORDER BY arm").to_df().iloc[:, 2:].to_numpy().ravel()
    if ours["n"].tolist() != theirs.tolist():
        raise SystemExit("the funnels differ")
    moves = journeys.transitions(events).shares["n"].sort_values()
    for query in (GROUPED, WINDOWS):
        counts = con.sql(query).to_df()["x"].sort_values()
        if not np.array_equal(counts.to_numpy(dtype=int), moves.to_numpy()):
            raise SystemExit("the transitions differ")


def main() -> None:
    """Run everything once, in one process."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--journeys", type=int, default=1_000_000)
    options.add_argument("--repeats", type=int, default=2)
    options.add_argument("--integer-ids", action="store_true")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        con = duckdb.connect(str(Path(folder) / "events.duckdb"))
        fill(con, given.journeys, text=not given.integer_ids)
        events = con.sql("FROM events")
        print(f"{events.count('*').fetchall()[0][0]:,} events; peak memory, MB:")
        print(f"  table made            {used().ru_maxrss / 1024:8.0f}")
        journeys.funnel(events, STEPS, variant="variant")
        print(f"  journeys.funnel       {used().ru_maxrss / 1024:8.0f}")
        journeys.transitions(events)
        print(f"  journeys.transitions  {used().ru_maxrss / 1024:8.0f}")
        agree(con)
        frame = events.to_df()
        for what, runs in contenders(con, frame).items():
            show(what, race(runs, given.repeats))


if __name__ == "__main__":
    main()
