"""Paths as rows: the touchpoints of a journey side by side, and how often."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import narwhals as nw
import numpy as np
import pandas as pd

from cxlib.estimate import adjust
from cxlib.estimate.counts import compare_shares
from cxlib.estimate.point import wilson
from cxlib.journeys._frames import collect
from cxlib.journeys.flows._depth import ARM, UNIT
from cxlib.journeys.flows._pairs import END
from cxlib.journeys.flows._ratios import contrast, from_sums, records
from cxlib.journeys.flows._walk import PLACE, RANK, TRIP, Walk, ranked, without_repeats

ARROW, ON, NOTHING = " → ", "…", "(no event)"
GOES_ON, EXPECTED = "goes_on", 5
SUMS = ["users", "x", "xx", "xd"]
Base = Mapping[str, Mapping[str, float]]


def path_sums(
    walked: Walk, depth: int, *, collapse: bool
) -> tuple[pd.DataFrame, dict[str, dict[str, float]]]:
    """Return sums over users of each path, and of all journeys of each arm.

    x is how many of a user's journeys take the path, d how many he has; a user
    without events has one journey with no step at all. Steps after the end are null.
    """
    rows = without_repeats(walked.rows) if collapse else walked.rows
    names = [f"step{i}" for i in range(1, depth + 1)]
    spread = ranked(rows).filter(nw.col(RANK) <= depth + 1)
    spread = spread.with_columns(
        nw.when(nw.col(RANK) == i).then(nw.col(PLACE)).alias(name)
        for i, name in enumerate(names, start=1)
    )
    trips = spread.group_by(UNIT, TRIP).agg(
        *(nw.col(name).max() for name in names), nw.col(RANK).max()
    )
    on = nw.when(nw.col(RANK) > depth).then(1).otherwise(0)
    each = trips.with_columns(on.alias(GOES_ON)).group_by(UNIT, *names, GOES_ON)
    made = each.agg(nw.len().cast(nw.Float64()).alias("x"))
    made = walked.who.join(made, on=UNIT, how="left").with_columns(
        nw.col("x").fill_null(1.0), nw.col(GOES_ON).fill_null(0)
    )
    made = made.with_columns(nw.col("x").sum().over(UNIT).alias("d"))
    x, d = nw.col("x"), nw.col("d")
    made = made.with_columns(xx=x * x, xd=x * d)
    sums = made.group_by(ARM, *names, GOES_ON).agg(
        nw.len().alias("users"), *(nw.col(name).sum() for name in SUMS[1:])
    )
    once = made.select(ARM, UNIT, "d").unique().with_columns(dd=d * d)
    whole = collect(once.group_by(ARM).agg(d.sum(), nw.col("dd").sum()))
    base = {
        str(row[ARM]): {"d": float(row["d"]), "dd": float(row["dd"])}
        for row in whole.to_dict("records")
    }
    return _named(collect(sums.sort(ARM, *names, GOES_ON)), names), base


def _named(sums: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Add the path in words, its number of steps and whether it is whole."""
    steps = sums[names].astype(object).where(sums[names].notna(), None)
    complete = sums[GOES_ON] == 0
    words = [
        _spelt([s for s in row if s is not None], whole=bool(whole))
        for row, whole in zip(steps.to_numpy(), complete, strict=True)
    ]
    n_steps = sums[names].notna().sum(axis=1)
    named = sums.assign(path=words, complete=complete, n_steps=n_steps)
    return named.sort_values([ARM, "x", "path"], ascending=[True, False, True])


def _spelt(steps: Sequence[str], *, whole: bool) -> str:
    return ARROW.join([*steps, END if whole else ON]) if steps else NOTHING


def kept_paths(sums: pd.DataFrame, top: int) -> tuple[list[str], int]:
    """Return the most frequent paths over all arms, and how many others there are."""
    order = sums[sums["path"] != NOTHING].groupby("path")["x"].sum().reset_index()
    order = order.sort_values(["x", "path"], ascending=[False, True])
    return order["path"].tolist()[:top], max(0, len(order) - top)


def shares(
    sums: pd.DataFrame, base: Base, size: Mapping[str, int], kept: Sequence[str],
    left: int, level: float,
) -> pd.DataFrame:  # fmt: skip
    """Return each arm's share on the kept paths, on the others and on none."""
    rows = []
    for name, n in size.items():
        own = sums[sums[ARM] == name].set_index("path")
        taken = records(own.reset_index()[["path", *SUMS]], "path")
        whole = base[name]
        for i, path in enumerate([*kept, NOTHING], start=1):
            part = taken.get((path,), dict.fromkeys(SUMS, 0.0))
            found = from_sums({**part, **whole}, n, level).as_row()
            rows.append(
                {"variant": name, "rank": i, "path": path, "n": int(part["x"]),
                 "n_users": int(part["users"]), "n_all": int(whole["d"]), **found}
            )  # fmt: skip
        rest = own[~own.index.isin([*kept, NOTHING])]
        share = float(rest["x"].sum()) / whole["d"]
        low, high = wilson(share, n, confidence_level=level)
        other = "(1 other path)" if left == 1 else f"({left:,} other paths)"
        rows.append(
            {"variant": name, "rank": len(kept) + 2, "path": other,
             "n": int(rest["x"].sum()), "n_all": int(whole["d"]), "estimate": share,
             "ci_lower": low, "ci_upper": high}
        )  # fmt: skip
    return pd.DataFrame(rows)


def differences(
    sums: pd.DataFrame, base: Base, size: Mapping[str, int], kept: Sequence[str],
    arms: tuple[str, Sequence[str]], level: float,
) -> pd.DataFrame:  # fmt: skip
    """Compare the arms' shares on each kept path, corrected over paths and arms."""
    control, treatments = arms
    listed = sums[sums["path"].isin(kept)][[ARM, "path", *SUMS]]
    found = records(listed, ARM, "path")
    none = dict.fromkeys(SUMS, 0.0)
    rows = []
    for name in treatments:
        for path in kept:
            a, b = (
                {**found.get((arm, path), none), **base[arm]} for arm in (control, name)
            )
            gap = _gap(a, b, (size[control], size[name]), level)
            rows.append(
                {"treatment_arm": name, "control_arm": control, "path": path,
                 "n_control": int(a["d"]), "n_treatment": int(b["d"]),
                 **{k: v for k, v in gap.items() if not k.startswith("rel_")}}
            )  # fmt: skip
    table = pd.DataFrame(rows)
    if table.empty:
        return table
    return table.assign(pvalue_adj=adjust(table["pvalue"], "fdr_bh"))


def _gap(
    a: Mapping[str, float], b: Mapping[str, float], sizes: tuple[int, int],
    level: float,
) -> dict[str, float]:  # fmt: skip
    """Compare two shares; untested where the smaller arm expects under five users."""
    if (a["d"], b["d"]) == sizes:
        one = compare_shares(a["x"], a["d"], b["x"], b["d"], confidence_level=level)
        found = one.as_row()
    else:
        found = contrast(a, b, sizes, level)
    if (a["users"] + b["users"]) * min(sizes) / sum(sizes) < EXPECTED:
        found["pvalue"] = float("nan")
    return found


def positions(sums: pd.DataFrame, depth: int) -> pd.DataFrame:
    """Return how many journeys go from each step to the next, by position."""
    parts = []
    for i in range(1, depth):
        here = sums[sums[f"step{i}"].notna()]
        following = here[f"step{i + 1}"].astype(object)
        moved = here.assign(to=following.where(following.notna(), END))
        moved = moved.rename(columns={f"step{i}": "from"})
        counted = moved.groupby([ARM, "from", "to"], as_index=False)["x"].sum()
        parts.append(counted.assign(position=i))
    names = [ARM, "position", "from", "to", "x"]
    both = pd.concat(parts)[names] if parts else pd.DataFrame(columns=names)
    return _counted(both, ["variant", "position", "from", "to"])


def prefixes(sums: pd.DataFrame, depth: int) -> pd.DataFrame:
    """Return how many journeys open with each sequence of steps."""
    parts = []
    for i in range(1, depth + 1):
        names = [f"step{j}" for j in range(1, i + 1)]
        here = sums[sums[names[-1]].notna()]
        counted = here.groupby([ARM, *names], as_index=False)["x"].sum()
        opening = [ARROW.join(row) for row in counted[names].to_numpy(dtype=object)]
        counted = counted.assign(
            position=i, prefix=opening, touchpoint=counted[names[-1]]
        )
        parts.append(counted[[ARM, "position", "prefix", "touchpoint", "x"]])
    return _counted(pd.concat(parts), ["variant", "position", "prefix", "touchpoint"])


def _counted(rows: pd.DataFrame, order: list[str]) -> pd.DataFrame:
    named = rows.rename(columns={ARM: "variant"})
    counted = named.assign(n=named["x"].astype(np.int64)).drop(columns="x")
    return counted.sort_values(order, ignore_index=True)


def furthest(path: str, steps: Sequence[str]) -> int:
    """Return how many of the steps a path takes in order, others between them or not.

    Examples
    --------
    >>> furthest("home → cart → home → paid → (end)", ["home", "cart", "paid"])
    3
    """
    taken = path.split(ARROW)[:-1]
    reached = 0
    for place in taken:
        if reached < len(steps) and place == steps[reached]:
            reached += 1
    return reached
