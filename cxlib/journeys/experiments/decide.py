"""From verdicts to one recommendation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from cxlib.journeys import _words
from cxlib.journeys.experiments import _change, _met
from cxlib.journeys.experiments._registered import DEFAULT_RULE
from cxlib.journeys.experiments._rule import ORDER, Given, choose, worth
from cxlib.journeys.experiments._survival import ResponseBounds
from cxlib.journeys.experiments.balance import SampleRatio
from cxlib.journeys.experiments.criteria import Criteria
from cxlib.journeys.experiments.effects import Comparison
from cxlib.journeys.experiments.horizon import Horizon
from cxlib.journeys.experiments.memo import Decision
from cxlib.journeys.experiments.response import ResponseRate
from cxlib.journeys.flows.funnels import Funnel
from cxlib.result import Result

MAX_CHANGES = 3
_BROKEN = (
    "Nothing in these numbers: find out what unbalanced the users, mend it and run the "
    "test again."
)


def decision(
    comparison: Comparison,
    *,
    gate: SampleRatio | None = None,
    response: ResponseRate | None = None,
    funnel: Result | None = None,
    bounds: Result | None = None,
    criteria: Criteria | None = None,
    horizon: Horizon | None = None,
    sensitivity: Result | None = None,
    claims: Result | None = None,
    segments: Result | None = None,
) -> Decision:
    """Recommend ship, hold, roll back or keep running for each treatment.

    Parameters
    ----------
    comparison : Comparison
        With at least one decision metric for a recommendation other than "hold".
    gate : SampleRatio, optional
        A failed gate withholds every verdict.
    response : ResponseRate, optional
        A survey metric whose respondents differ by variant counts as "cannot tell",
        unless `bounds` settle it.
    funnel : Funnel, optional
        Adds where the gap opens; any other result (a skipped one) adds nothing.
    bounds : ResponseBounds, optional
        What is left of each survey effect over all that differing respondents allow.
    criteria : Criteria, optional
        The rule, and whether it is as registered; the default rule without it.
    horizon : Horizon, optional
        Before the planned end nothing is shipped, and a lack of gain is not held
        against a treatment; harm still rolls back.
    sensitivity : Sensitivity, optional
        Adds the choices of analysis that would turn the recommendation.
    claims, segments : Result, optional
        What may be claimed, and whether effects differ by segment: notes of the memo.

    Returns
    -------
    Decision

    Notes
    -----
    In this order: gate failed, no verdict. A guardrail or decision metric worse: roll
    back, or hold where another decision metric is better (a trade-off that a person
    has to weigh; the rule may say roll back). A decision metric better (every one, if
    the rule says so): ship, unless a guardrail with a margin cannot yet exclude that
    loss, the interval does not yet exclude a gain below `min_effect`, or the planned
    number of users is not reached: keep running; a gain shown to be below
    `min_effect`: hold. Else every decision metric not worse within its margin: hold, no
    harm but no gain shown. Else keep running. A guardrail without a margin stops a
    launch only by being worse.

    Respondents that differ: the metric keeps its verdict only where the bounds alone
    give the same one ("better" that the bounds only show "not worse" becomes "not
    worse"); its interval is then that of the bounds. Bounds hold at one look, so they
    settle nothing where `looks` of the comparison or the horizon is "any". Equal
    response rates need no bounds.

    What would change it: each metric is turned to its next verdict, and those that
    turn the recommendation are kept, with the distance in standard errors, and, where
    nothing is settled, the users that would settle an effect of the size seen at 80 %
    power (errors shrink with the root of n). The size seen is itself uncertain: read
    it as an order of magnitude.

    Examples
    --------
    >>> import pandas as pd
    >>> from cxlib.journeys import Proportion, compare
    >>> users = pd.DataFrame(
    ...     {"variant": ["a"] * 573 + ["b"] * 554,
    ...      "paid": [1] * 85 + [0] * 488 + [1] * 126 + [0] * 428}
    ... )
    >>> found = compare(users, [Proportion(name="paid", column="paid")], control="a")
    >>> print(decision(found).memo)  # doctest: +NORMALIZE_WHITESPACE
    Ship b: paid is better.
    What would change it: To 'keep running' if the effect on paid were more than 3.4
    percentage points worse than seen: the worst that its interval allows is a gain of
    3.4 percentage points.
    """
    evidence = _Evidence(
        comparison=comparison, gate=gate, response=response, horizon=horizon,
        bounds=bounds if isinstance(bounds, ResponseBounds) else None,
        rule=dict(criteria.rule) if criteria is not None else DEFAULT_RULE,
        sensitivity=sensitivity,
    )  # fmt: skip
    names = [str(name) for name in comparison.table["treatment_arm"].unique()]
    parts = [_one(name, evidence) for name in names]
    ranked = pd.DataFrame([part.row for part in parts])
    ranked = ranked.sort_values(["rank", "size"], kind="stable")
    shared = _met.before(criteria, gate, horizon)
    changed = criteria.text if criteria and criteria.status == "changed" else ""
    checks = [
        {"treatment_arm": part.row["treatment_arm"]} | one
        for part in parts
        for one in [*shared, *part.checks]
    ]
    return Decision(
        table=ranked.drop(columns=["rank", "size"]).reset_index(drop=True),
        where=funnel.where if isinstance(funnel, Funnel) else "",
        checks=pd.DataFrame(checks, columns=_met.COLUMNS),
        changes=pd.concat([part.changes for part in parts], ignore_index=True),
        notes=tuple(
            note.text
            for note in (criteria, claims, segments)
            if note is not None and note.findings and note.text != changed
        ),
        changed=changed,
        method="Rule fixed in the code: see journeys.decision.",
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Evidence:
    """All that a decision rests on."""

    comparison: Comparison
    gate: SampleRatio | None
    response: ResponseRate | None
    horizon: Horizon | None
    bounds: ResponseBounds | None
    rule: Mapping[str, str]
    sensitivity: Result | None

    @property
    def failed(self) -> frozenset[str]:
        """Survey metrics whose respondents differ."""
        return self.response.failed if self.response is not None else frozenset()

    @property
    def least(self) -> dict[str, float | None]:
        """Smallest gains worth shipping."""
        return {m.name: m.min_effect for m in self.comparison.metrics}

    @property
    def usable(self) -> ResponseBounds | None:
        """Bounds, where their intervals hold: they do not at every look."""
        looks = {self.comparison.looks, self.horizon.looks if self.horizon else "once"}
        return None if "any" in looks else self.bounds

    def given(self, blocked: frozenset[str]) -> Given:
        """What the rule needs besides the verdicts."""
        return Given(
            ship_if=self.rule["ship_if"], trade_off=self.rule["trade_off"],
            reached=self.horizon is None or self.horizon.may_ship, blocked=blocked,
            bounded=self.usable is not None,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """One treatment's row, criteria met and distances."""

    row: dict[str, Any]
    checks: list[dict[str, str]]
    changes: pd.DataFrame


def _one(name: str, evidence: _Evidence) -> _Part:
    """Decide on one treatment."""
    table = evidence.comparison.table
    declared = _worth(table[table["treatment_arm"] == name].copy(), evidence)
    mine, readings = _read(declared, name, evidence)
    mine = _worth(mine, evidence)
    held = [metric for metric, reading in readings.items() if reading != "cannot tell"]
    blocked = evidence.failed - frozenset(held)
    given = evidence.given(blocked)
    choice, because = choose(mine, given)
    if held:
        because += f"; {_words.listed(held)} over the whole range of the bounds"
    sound = evidence.gate is None or evidence.gate.passed
    in_time = replace(given, reached=True)
    waits = choose(mine, in_time)[0] != choice
    found = _changes(mine, given if waits else in_time, evidence)
    change = " ".join([*found["sentence"].head(MAX_CHANGES), *_further(
        mine, declared, given, evidence
    )])  # fmt: skip
    if not sound:
        choice, because, change = "no verdict", "the sample ratio check failed", _BROKEN
    row = {
        "treatment_arm": name, "control_arm": evidence.comparison.control_name,
        "decision": choice, "because": because, "would_change": change,
        "rank": ORDER.index(choice), "size": -_size(mine),
    }  # fmt: skip
    checks = [
        *_met.respondents(evidence.response, name, readings),
        *_met.outcomes(mine, evidence.comparison, blocked),
    ]
    return _Part(row=row, checks=checks, changes=found if sound else found.head(0))


def _worth(rows: pd.DataFrame, evidence: _Evidence) -> pd.DataFrame:
    """Add whether each gain is worth shipping."""
    found = [
        worth(row, evidence.least.get(row["metric"]), evidence.rule["worth"])
        for _, row in rows.iterrows()
    ]
    return rows.assign(worth=found)


def _read(
    rows: pd.DataFrame, name: str, evidence: _Evidence
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Replace verdicts on metrics whose respondents differ by what the bounds keep."""
    mine, readings = rows.copy(), {}
    for at, row in rows[rows["metric"].isin(evidence.failed)].iterrows():
        metric, kept = str(row["metric"]), "cannot tell"
        if evidence.usable is not None:
            kept = _kept(row["verdict"], evidence.usable.reading(metric, name))
            readings[metric] = kept
        mine.loc[at, "verdict"] = kept
        if kept != "cannot tell" and evidence.usable is not None:
            ends = ["effect_size_ci_lower", "effect_size_ci_upper"]
            mine.loc[at, ends] = evidence.usable.interval(metric, name)
    return mine, readings


def _kept(verdict: str, reading: str) -> str:
    """Return the weaker of a verdict on respondents and its reading over the bounds."""
    if verdict == reading:
        return verdict
    good = {"better", "not worse"}
    return "not worse" if {verdict, reading} == good else "cannot tell"


def _changes(mine: pd.DataFrame, given: Given, evidence: _Evidence) -> pd.DataFrame:
    """Return the metrics that could turn the recommendation."""
    return _change.changes(
        mine, lambda rows: choose(rows, given)[0],
        alpha=1 - evidence.comparison.confidence_level, blocked=given.blocked,
        least=evidence.least, by=evidence.rule["worth"],
    )  # fmt: skip


def _further(
    mine: pd.DataFrame, declared: pd.DataFrame, given: Given, evidence: _Evidence
) -> list[str]:
    """Return what else would turn it: time, readable answers, another analysis."""
    now, said = choose(mine, given)[0], []
    ended = choose(mine, replace(given, reached=True))[0]
    if ended != now:
        said.append(f"To '{ended}' once the planned users are there, if verdicts hold.")
    if given.blocked:
        open_ = choose(declared, replace(given, blocked=frozenset()))[0]
        if open_ != now:
            names = _words.listed(sorted(given.blocked))
            said.append(
                f"To '{open_}' if {names} could be read: find out why the variants "
                "drew different respondents."
            )
    turned = getattr(evidence.sensitivity, "changed", None)
    if isinstance(turned, pd.DataFrame) and len(turned):
        own = turned[turned["treatment_arm"] == mine["treatment_arm"].iloc[0]]
        said += _change.turned_by_choices(
            mine, own, lambda rows: choose(rows, given)[0], given.blocked
        )
    return said


def _size(rows: pd.DataFrame) -> float:
    """Return the first decision metric's statistic, larger for better."""
    main = rows[rows["role"] == "decision"]
    if main.empty:
        return 0.0
    sign = -1 if main["direction"].iloc[0] == "decrease" else 1
    return sign * float(main["statistic"].iloc[0])
