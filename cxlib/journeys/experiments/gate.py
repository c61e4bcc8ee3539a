"""The gate of every experiment: whether users split as planned."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import narwhals as nw
import pandas as pd

from cxlib import _checks
from cxlib.errors import ArgumentError, DataError
from cxlib.estimate import adjust
from cxlib.estimate.counts import chi_square
from cxlib.estimate.sequential import TUNING_N, count_evidence
from cxlib.journeys._frames import Frame, Lazy, collect, has, label, lazy
from cxlib.journeys.experiments._looks import LOOKS, Looks
from cxlib.journeys.experiments.balance import ALL, SampleRatio
from cxlib.result import Assumption

MIN_EXPECTED = 5.0
DAY = "day of assignment"


def sample_ratio(
    users: Frame,
    *,
    variant: str = "variant",
    user: str = "user_id",
    expected: Mapping[str, float] | Sequence[float] | None = None,
    by: str | Sequence[str] | None = None,
    alpha: float = 0.01,
    max_mixed: float = 0.01,
    looks: Looks = "once",
    time: str | None = None,
    tuning_n: int | None = None,
) -> SampleRatio:
    """Test the numbers of users by variant against the planned split.

    Use it before any comparison, and call `require()` on the result: a failed gate
    stops the run. It finds broken assignment and lost users, not bad metrics.

    Parameters
    ----------
    users : frame
        One row a user (or a user and variant); pandas, polars, pyarrow, DuckDB, …
    variant, user : str
        Columns. Without a user column every row counts as a user and repeated or
        mixed exposure cannot be seen.
    expected : mapping or sequence of float, optional
        Planned ratio of each variant (any total), or ratios in the variants' sorted
        order; equal when not given.
    by : str or sequence of str, optional
        Segments fixed before assignment; each value gets its own joint test.
    alpha : float
        The gate fails below this p-value.
    max_mixed : float
        Largest share of users that may have been in more than one variant.
    looks : {"once", "any"}
        The gate goes by the chi-square, or by a test that holds at every look.
    time : str, optional
        Column of assignment: the test for every look takes each day as one, so that
        an imbalance of some days is not diluted by the rest. A user's first row counts.
    tuning_n : int, optional
        Users at which that test finds the smallest imbalance, 5,000 when not given.

    Returns
    -------
    SampleRatio

    Raises
    ------
    ArgumentError
        For a planned ratio that names no variant or is not positive.
    DataError
        For a missing column or fewer than two variants.

    Notes
    -----
    One Pearson chi-square over all variants: pairwise tests of three arms miss a joint
    imbalance or find one three times as often. Segments are Holm-corrected among
    themselves. With an expected count under 5 the test is not made (p is NaN).
    Users in more than one variant, repeated rows and rows without a variant are
    counted and left out. `pvalue_anytime` is the smallest 1 / Bayes factor over the
    looks (Dirichlet-multinomial); under a sound split it ever falls below alpha in at
    most a share alpha of tests, whatever the number of looks. Users without a time
    come last.

    References
    ----------
    Fabijan, A. et al. (2019). Diagnosing sample ratio mismatch in online controlled
    experiments. KDD 2019. doi:10.1145/3292500.3330722.
    Lindon, M. and Malek, A. (2022). Anytime-valid inference for multinomial count
    data. NeurIPS 35. arXiv 2011.03567

    Examples
    --------
    >>> import pandas as pd
    >>> users = pd.DataFrame({"variant": ["a"] * 520 + ["b"] * 480})
    >>> gate = sample_ratio(users)
    >>> gate.passed, round(float(gate.tests["pvalue"].iloc[0]), 3)
    (True, 0.206)
    """
    _checks.in_range(alpha, "alpha", 0, 1, ends="()")
    columns = [by] if isinstance(by, str) else list(by or ())
    _checks.one_of(looks, "looks", LOOKS)
    _checks.in_range(tuning_n or TUNING_N, "tuning_n", 1, float("inf"), ends="[)")
    counted, rows = _count(users, variant, user, columns, time)
    plan = _plan(sorted(counted["variant"].unique()), expected)
    parts = [(ALL, counted)]
    for column in columns:
        for value, part in counted.groupby(column, sort=True):
            parts.append((f"{column} = {value}", part))
    table = pd.concat([_arms(name, part, plan) for name, part in parts])
    anytime = [_evidence(part, plan, tuning_n or TUNING_N, alpha) for _, part in parts]
    tests = _tests(table, anytime, alpha, looks)
    return SampleRatio(
        table=table.merge(tests, on="segment", how="left"),
        looks=looks,
        n_looks=counted[DAY].nunique(dropna=False),
        unit="count",
        alpha=alpha,
        max_mixed=max_mixed,
        method=_METHOD[looks]
        + (", by segment with Holm's correction." if columns else "."),
        assumptions=_ASSUMPTIONS,
        **rows,
    )


_METHOD = {
    "once": "Joint chi-square over all variants against the planned split",
    "any": "Dirichlet-multinomial Bayes factor of all variants against the planned "
    "split, valid at every look",
}
_ASSUMPTIONS = (
    Assumption(
        text="Variants were assigned at random, independently of the user, in the "
        "planned ratio; the sample ratio check can refute this but not prove it.",
        quality="medium", impact="high",
    ),
)  # fmt: skip


def _count(
    users: Frame, variant: str, user: str, by: list[str], time: str | None
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Count users by variant, segments and day, and rows that cannot count."""
    known = has(users, user)
    names = [variant, *by, *([user] if known else []), *([time] if time else [])]
    rows = lazy(users, dict.fromkeys(names), "users").with_columns(
        label(variant), *(label(name) for name in by), _day(time).alias(DAY)
    )
    _check_days(rows, time)
    kept = [*by, DAY]
    each = (
        _per_user(rows, variant, user, kept) if known else _per_row(rows, variant, kept)
    )
    seen = collect(
        each.group_by("low", "high", *kept).agg(
            nw.len().alias("n"), nw.col("rows").sum()
        )
    )
    blank = seen["low"].isna()
    mixed = ~blank & (seen["low"] != seen["high"])
    single = seen[~blank & ~mixed].rename(columns={"low": "variant"})
    counts = {
        "n_blank": int(seen.loc[blank, "n"].sum()),
        "n_mixed": int(seen.loc[mixed, "n"].sum()),
        "n_repeated": int((single["rows"] - single["n"]).sum()),
    }
    if single["variant"].nunique() < 2:
        only = ", ".join(repr(name) for name in single["variant"].unique()) or "none"
        raise DataError(
            f"a comparison needs two variants; column '{variant}' of users holds "
            f"{only}."
        )
    return single.fillna(dict.fromkeys(by, "(blank)")), counts


def _day(time: str | None) -> nw.Expr:
    """Return the day of assignment as text; one day where there is no time."""
    return (
        nw.col(time).cast(nw.String()).str.slice(0, 10) if time else nw.lit("")
    )  # fmt: skip


def _check_days(rows: Lazy, time: str | None) -> None:
    """Raise where text holds no ISO dates: their order would be no order of time."""
    if not time or rows.collect_schema()[time] != nw.String():
        return
    odd = collect(
        rows.filter(~nw.col(DAY).str.contains(r"^\d{4}-\d{2}-\d{2}$"))
        .select(nw.col(DAY).max())
    )[DAY].iloc[0]  # fmt: skip
    if isinstance(odd, str):
        raise DataError(
            f"column '{time}' of users holds the text '{odd}'; give dates, or text "
            "like 2026-03-31."
        )


def _evidence(
    part: pd.DataFrame, plan: dict[str, float], tuning_n: int, alpha: float
) -> float:
    """Return a segment's p-value over the days, valid at each of them."""
    days = part.pivot_table(
        index=DAY, columns="variant", values="n", aggfunc="sum", fill_value=0,
        dropna=False,
    )  # fmt: skip
    spent = -2 * math.log(alpha)
    _, p = count_evidence(
        days.reindex(columns=list(plan), fill_value=0).sort_index(),
        list(plan.values()),
        concentration=tuning_n / (spent + math.log1p(spent)),
    )
    return float(p[-1])


def _per_user(rows: Lazy, variant: str, user: str, by: list[str]) -> Lazy:
    return rows.group_by(user).agg(
        nw.col(variant).min().alias("low"),
        nw.col(variant).max().alias("high"),
        nw.len().alias("rows"),
        *(nw.col(name).min() for name in by),
    )


def _per_row(rows: Lazy, variant: str, by: list[str]) -> Lazy:
    return rows.select(
        nw.col(variant).alias("low"), nw.col(variant).alias("high"), *by
    ).with_columns(rows=nw.lit(1))


def _plan(
    variants: list[str], expected: Mapping[str, float] | Sequence[float] | None
) -> dict[str, float]:
    """Return the planned share of each variant."""
    if not expected:
        given = dict.fromkeys(variants, 1.0)
    elif isinstance(expected, Mapping):
        given = {str(name): float(ratio) for name, ratio in expected.items()}
    elif len(expected) == len(variants):
        given = dict(zip(variants, map(float, expected), strict=True))
    else:
        raise ArgumentError(
            f"`expected` has {len(expected)} ratios for {len(variants)} variants "
            f"({', '.join(variants)})."
        )
    for name in given:
        if name not in variants and isinstance(expected, Mapping):
            hint = _checks.did_you_mean(name, variants)
            raise ArgumentError(f"`expected` names the variant '{name}'; {hint}")
    for name in variants:
        if not given.get(name, 0) > 0:
            raise ArgumentError(
                f"`expected` has no positive ratio for the variant '{name}'; give one, "
                "or leave that variant out of the source (`keep`)."
            )
    total = sum(given.values())
    return {name: ratio / total for name, ratio in given.items()}


def _arms(segment: str, counted: pd.DataFrame, plan: dict[str, float]) -> pd.DataFrame:
    """Observed and planned users of one segment."""
    n = counted.groupby("variant")["n"].sum().reindex(list(plan), fill_value=0)
    share = pd.Series(plan)
    return pd.DataFrame(
        {
            "segment": segment,
            "variant": list(plan),
            "n": n.to_numpy(dtype=int),
            "n_expected": (share * n.sum()).to_numpy(),
            "share_observed": (n / n.sum()).to_numpy(dtype=float),
            "share_expected": share.to_numpy(),
        }
    )


def _tests(
    table: pd.DataFrame, anytime: Sequence[float], alpha: float, looks: Looks
) -> pd.DataFrame:
    """One joint test a segment, corrected over the segments."""
    rows = []
    for segment, arms in table.groupby("segment", sort=False):
        statistic, df, p = chi_square(arms["n"], arms["share_expected"])
        if arms["n_expected"].min() < MIN_EXPECTED:
            statistic = p = float("nan")
        rows.append({"segment": segment, "statistic": statistic, "df": df, "pvalue": p})
    tests = pd.DataFrame(rows)
    tests["pvalue_anytime"] = anytime
    goes_by = tests["pvalue" if looks == "once" else "pvalue_anytime"]
    tests["pvalue_adj"] = goes_by
    tests.loc[1:, "pvalue_adj"] = adjust(goes_by.to_numpy()[1:], "holm")
    untested, failed = tests["pvalue_adj"].isna(), tests["pvalue_adj"] < alpha
    tests["status"] = "pass"
    tests.loc[failed, "status"] = "stop"
    tests.loc[untested, "status"] = "untested"
    return tests
