"""What users do next: transition shares by variant, and those that differ."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from cxlib import _checks, _format
from cxlib.estimate import Correction, Moments, adjust, ratio
from cxlib.journeys import _words
from cxlib.journeys._arms import treatments as choose
from cxlib.journeys._frames import Frame
from cxlib.journeys._words import CORRECTIONS
from cxlib.journeys.flows._depth import ARM, opened
from cxlib.journeys.flows._pairs import END
from cxlib.journeys.flows._tables import Columns, leaving, sum_moves
from cxlib.result import Assumption, Finding, Result

MIN_USERS = 10
SHOWN = 8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Transitions(Result):
    """Where users go from each touchpoint, by variant.

    Attributes
    ----------
    table : pandas.DataFrame
        from, to, treatment_arm, control_arm, n_control and n_treatment (departures from
        the touchpoint), control and treatment (shares of them that go there),
        effect_size, std_error and interval, statistic, df, pvalue, pvalue_adj; the
        clearest differences first. Untested pairs have no p-value.
    shares : pandas.DataFrame
        variant, from, to, n, share_next: every transition seen.
    n_users : int
        Users behind the comparison.
    """

    shares: pd.DataFrame = field(default_factory=pd.DataFrame)
    n_users: int = 0
    n_mixed: int = 0
    confidence_level: float = 0.95

    @property
    def differing(self) -> pd.DataFrame:
        """The transitions whose difference survives the correction."""
        if self.table.empty:
            return self.table
        return self.table[self.table["pvalue_adj"] < 1 - self.confidence_level]

    @property
    def text(self) -> str:
        """How many transitions differ, and the clearest."""
        tested = int(self.table["pvalue"].notna().sum()) if len(self.table) else 0
        if not tested:
            return "No transition has enough users in the variants to be compared."
        found = self.differing
        if found.empty:
            return (
                f"None of {tested} transitions compared differs by more than chance "
                f"allows (n = {self.n_users:,} users)."
            )
        verb = "differs" if len(found) == 1 else "differ"
        said = [
            f"{len(found)} of {tested} transitions {verb} beyond chance "
            f"(n = {self.n_users:,} users)."
        ]
        return " ".join(
            [*said, *(self._sentence(row) for _, row in found.head(2).iterrows())]
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The clearest differing transitions, three at most."""
        return tuple(
            Finding(
                id=_words.slug(row["from"], "to", row["to"], row["treatment_arm"]),
                statement=self._sentence(row),
                estimate=float(row["effect_size"]),
                unit="share_points",
                ci_lower=float(row["effect_size_ci_lower"]),
                ci_upper=float(row["effect_size_ci_upper"]),
                n=int(row["n_control"] + row["n_treatment"]),
                confidence_level=self.confidence_level,
            )
            for _, row in self.differing.head(3).iterrows()
        )

    def _sentence(self, row: pd.Series) -> str:
        step = "the journey ends" if row["to"] == END else f"'{row['to']}' follows"
        treatment, control = _words.arms(row, "share")
        n = row["n_control"] + row["n_treatment"]
        found = _words.effect(
            row, "share", self.confidence_level, f", n = {n:,} departures"
        )
        return (
            f"After '{row['from']}', {step} in {treatment} of cases in "
            f"{row['treatment_arm']} and {control} in {row['control_arm']}, {found}."
        )

    def _repr_html_(self) -> str:
        rows = self.table.head(max(SHOWN, len(self.differing)))
        shown = pd.DataFrame([self._shown(row) for _, row in rows.iterrows()])
        left = len(self.table) - len(rows)
        more = (
            f" {left} more transitions are in the exported table." if left > 0 else ""
        )
        note = f"<p class='method'>{html.escape(self.method + more)}</p>"
        return (
            f"<p class='finding'>{html.escape(self.text)}</p>"
            f"{shown.to_html(index=False, border=0, classes='cx')}{note}"
        )

    def _shown(self, row: pd.Series) -> dict[str, str]:
        several = _words.several_arms(self.table)
        return {
            "from": row["from"],
            "to": row["to"],
            **_words.cells(row, "share", self.confidence_level, several=several),
            "p (adjusted)": _format.pvalue(row["pvalue_adj"]),
            "departures": _words.pair(row),
        }


def transitions(
    events: Frame,
    *,
    variant: str = "variant",
    users: Frame | None = None,
    control: str = "control",
    treatments: Sequence[str] | None = None,
    user: str = "user_id",
    journey: str | None = None,
    touchpoint: str = "touchpoint",
    time: str = "occurred_at",
    min_n: int = 30,
    correction: Correction = "fdr_bh",
    confidence_level: float = 0.95,
) -> Transitions:
    """Find the steps from one touchpoint to the next that differ by variant.

    Use it to see what a variant changed on the way, beyond the declared funnel. The
    shares condition on having reached the touchpoint: they describe, they are no
    effects on all users.

    Parameters
    ----------
    events : frame
        One row a journey step.
    variant, user, touchpoint, time : str
        Columns; the variant comes from `users` where given.
    users : frame, optional
        All randomised users.
    control, treatments : str, sequence of str
        As in `compare`.
    journey : str, optional
        Column of the journey: the next touchpoint is looked for within it.
    min_n : int
        Users with a departure from the touchpoint that each variant must have for a
        transition to be tested; besides, ten users must have made it, and ten not
        have made it every time.
    correction : {"holm", "fdr_bh", "fdr_by", "bonferroni", "none"}
        Over all tested transitions and treatments.
    confidence_level : float

    Returns
    -------
    Transitions

    Raises
    ------
    ArgumentError
        For an unknown variant.
    DataError
        For a missing column or a time column that holds no times.

    Notes
    -----
    Each share is a ratio of two sums over users (times gone there, departures), so the
    user and not the event is the unit of the test: delta method, Welch df. Ties in
    time are broken by the touchpoint's name. The last event of a user (of a journey)
    is followed by "(end)". Users in more than one variant are left out.

    References
    ----------
    Deng, A., Knoblich, U. and Lu, J. (2018). Applying the delta method in metric
    analytics. KDD 2018. doi:10.1145/3219819.3219919. Benjamini, Y. and Hochberg, Y.
    (1995). JRSS B 57, 289-300. doi:10.1111/j.2517-6161.1995.tb02031.x

    Examples
    --------
    >>> import pandas as pd
    >>> events = pd.DataFrame(
    ...     {"user_id": ["u", "u", "v"], "variant": ["control", "control", "b"],
    ...      "touchpoint": ["cart", "paid", "cart"],
    ...      "occurred_at": pd.to_datetime(["2026-01-01", "2026-01-02", "2026-01-01"])}
    ... )
    >>> found = transitions(events)
    >>> found.shares[["from", "to", "n"]].values.tolist()
    [['cart', '(end)', 1], ['cart', 'paid', 1], ['paid', '(end)', 1]]
    >>> found.text
    'No transition has enough users in the variants to be compared.'
    """
    _checks.in_range(confidence_level, "confidence_level", 0, 1, ends="()")
    rows = opened(
        events, user=user, touchpoint=touchpoint, time=time, journey=journey,
        variant=variant if users is None else None,
    )  # fmt: skip
    columns = Columns(user, journey, touchpoint, time, variant)
    pairs, size, mixed = sum_moves(rows, users, columns)
    chosen = choose(list(size), control, treatments)
    starts = leaving(pairs)
    table = _table(pairs, starts, size, control, chosen, min_n, confidence_level)
    return Transitions(
        table=_rank(table, correction), unit="share", n_mixed=mixed,
        shares=_seen(pairs, starts), confidence_level=confidence_level,
        n_users=sum(size[name] for name in [control, *chosen]),
        assumptions=_ASSUMPTIONS,
        method="Ratio of sums over users, delta method; "
        f"{CORRECTIONS[correction]} over all tested transitions.",
    )  # fmt: skip


_ASSUMPTIONS = (
    Assumption(
        text="Transitions are looked at after the fact and only among users who "
        "reached the touchpoint: they point to where a variant works, they do not "
        "prove why.",
        quality="medium", impact="low",
    ),
)  # fmt: skip


def _seen(pairs: pd.DataFrame, starts: pd.DataFrame) -> pd.DataFrame:
    """Return every transition with its share of departures."""
    both = pairs.merge(starts[[ARM, "from", "d"]], on=[ARM, "from"])
    both = both.assign(n=both["x"].astype(int), share_next=both["x"] / both["d"])
    names = ["variant", "from", "to", "n", "share_next"]
    return both.rename(columns={ARM: "variant"})[names]


def _table(
    pairs: pd.DataFrame, starts: pd.DataFrame, size: dict[str, int], control: str,
    treatments: Sequence[str], min_n: int, level: float,
) -> pd.DataFrame:  # fmt: skip
    """Compare every transition that both variants could make."""
    made = _lookup(pairs, [ARM, "from", "to"])
    left = _lookup(starts, [ARM, "from"])
    kinds = pairs[["from", "to"]].drop_duplicates().sort_values(["from", "to"])
    rows = []
    for name in treatments:
        for start, to in kinds.itertuples(index=False):
            if (control, start) not in left or (name, start) not in left:
                continue
            base = [left[arm, start] for arm in (control, name)]
            times = [made.get((arm, start, to), _NEVER) for arm in (control, name)]
            arms = [
                _arm(size[arm], t, b)
                for arm, t, b in zip((control, name), times, base, strict=True)
            ]
            found = ratio(arms[0], arms[1], confidence_level=level).as_row()
            if not _testable(times, base, min_n):
                found |= {"pvalue": float("nan")}
            rows.append(
                {
                    "from": start, "to": to, "treatment_arm": name,
                    "control_arm": control,
                    "n_control": int(base[0]["d"]), "n_treatment": int(base[1]["d"]),
                    **{k: v for k, v in found.items() if not k.startswith("rel_")},
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def _lookup(
    sums: pd.DataFrame, keys: list[str]
) -> dict[tuple[str, ...], dict[str, float]]:
    """Return the sums of each row by its keys."""
    values = [name for name in sums.columns if name not in keys]
    return {
        tuple(str(row[key]) for key in keys): {str(n): float(row[n]) for n in values}
        for _, row in sums.iterrows()
    }


_NEVER = {"users": 0, "x": 0.0, "xx": 0.0, "xd": 0.0, "always": 0.0}


def _arm(n: int, made: dict[str, float], left: dict[str, float]) -> Moments:
    """Moments of (times, departures) over all users, zeros included."""
    n = max(n, 2)
    products = np.array([[made["xx"], made["xd"]], [made["xd"], left["dd"]]])
    return Moments.from_sums(n, [made["x"], left["d"]], products)


def _testable(
    made: Sequence[dict[str, float]], left: Sequence[dict[str, float]], min_n: int
) -> bool:
    """Whether the normal approximation can be trusted."""
    users = sum(part["users"] for part in made)
    always = sum(part["always"] for part in made)
    others = sum(part["users"] for part in left) - always
    enough = min(part["users"] for part in left) >= min_n
    return enough and users >= MIN_USERS and others >= MIN_USERS


def _rank(table: pd.DataFrame, correction: Correction) -> pd.DataFrame:
    """Adjust the p-values and put the clearest differences first."""
    if table.empty:
        return table
    table["pvalue_adj"] = adjust(table["pvalue"], correction)
    order = ["pvalue", "from", "to", "treatment_arm"]
    return table.sort_values(order, na_position="last", ignore_index=True)
