"""From verdicts to one recommendation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from cxlib.journeys import _words
from cxlib.journeys.experiments.balance import SampleRatio
from cxlib.journeys.experiments.effects import Comparison
from cxlib.journeys.experiments.horizon import Horizon
from cxlib.journeys.experiments.response import ResponseRate
from cxlib.journeys.flows.funnels import Funnel
from cxlib.result import Finding, Result

Choice = Literal["ship", "hold", "roll back", "keep running", "no verdict"]
_ORDER = ("ship", "keep running", "hold", "roll back", "no verdict")
_SENTENCE = {
    "ship": "Ship {treatment_arm}: {because}.",
    "hold": "Hold {treatment_arm}, keep {control_arm} for now: {because}.",
    "roll back": "Roll back {treatment_arm}: {because}.",
    "keep running": "Keep {treatment_arm} running: {because}.",
    "no verdict": "No verdict on {treatment_arm}: {because}.",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Decision(Result):
    """What to do with each treatment.

    Attributes
    ----------
    table : pandas.DataFrame
        treatment_arm, control_arm, decision (ship, keep running, hold, roll back,
        no verdict), because; the best first.
    where : str
        Where on the way the variants part, in a sentence, or empty.
    """

    where: str = ""

    @property
    def text(self) -> str:
        """The recommendation, one sentence a treatment."""
        said = [
            _SENTENCE[str(row["decision"])].format_map(dict(row))
            for _, row in self.table.iterrows()
        ]
        arms = self.table.loc[self.table["decision"] == "ship", "treatment_arm"]
        shipped = [str(name) for name in arms]
        if len(shipped) > 1:
            said.append(
                f"{_words.listed(shipped)} each beat "
                f"{self.table['control_arm'].iloc[0]}; they were not tested against "
                "each other."
            )
        return " ".join([*said, *([self.where] if self.where else [])])

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The recommendation; it has no estimate of its own."""
        return (
            Finding(id="decision", statement=self.text, estimate=None, unit="count"),
        )  # fmt: skip


def decision(
    comparison: Comparison,
    *,
    gate: SampleRatio | None = None,
    response: ResponseRate | None = None,
    funnel: Result | None = None,
    horizon: Horizon | None = None,
) -> Decision:
    """Recommend ship, hold, roll back or keep running for each treatment.

    Parameters
    ----------
    comparison : Comparison
        With at least one decision metric for a recommendation other than "hold".
    gate : SampleRatio, optional
        A failed gate withholds every verdict.
    response : ResponseRate, optional
        A survey metric whose respondents differ by variant counts as "cannot tell".
    funnel : Funnel, optional
        Adds where the gap opens; any other result (a skipped one) adds nothing.
    horizon : Horizon, optional
        Before the planned end nothing ships.

    Returns
    -------
    Decision

    Notes
    -----
    In this order: gate failed, no verdict. A guardrail or decision metric worse: roll
    back, or hold where another decision metric is better (a trade-off that a person
    has to weigh). A decision metric better: ship, unless a guardrail with a margin
    cannot yet exclude that loss: keep running. Else every decision metric not worse
    within its margin: hold, no harm but no gain shown. Else keep running. A guardrail
    without a margin stops a launch only by being worse. Before the planned end of a
    `horizon`, what would ship or hold for lack of a gain keeps running.

    Examples
    --------
    >>> import pandas as pd
    >>> from cxlib.journeys import Proportion, compare
    >>> users = pd.DataFrame(
    ...     {"variant": ["a"] * 573 + ["b"] * 554,
    ...      "paid": [1] * 85 + [0] * 488 + [1] * 126 + [0] * 428}
    ... )
    >>> found = compare(users, [Proportion(name="paid", column="paid")], control="a")
    >>> decision(found).table["decision"].tolist()
    ['ship']
    """
    table = comparison.table
    failed = response.failed if response is not None else frozenset[str]()
    rows = []
    for name in table["treatment_arm"].unique():
        mine = table[table["treatment_arm"] == name].copy()
        mine.loc[mine["metric"].isin(failed), "verdict"] = "cannot tell"
        choice, because = _choose(mine, failed)
        if horizon is not None and not horizon.may_ship:
            choice, because = _wait(choice, because)
        if gate is not None and not gate.passed:
            choice, because = "no verdict", "the sample ratio check failed"
        main = mine[mine["role"] == "decision"]
        sign = -1 if len(main) and main["direction"].iloc[0] == "decrease" else 1
        size = sign * float(main["statistic"].iloc[0]) if len(main) else 0.0
        rows.append(
            {
                "treatment_arm": name, "control_arm": comparison.control_name,
                "decision": choice, "because": because, "rank": _ORDER.index(choice),
                "size": -size,
            }
        )  # fmt: skip
    ranked = pd.DataFrame(rows).sort_values(["rank", "size"], kind="stable")
    return Decision(
        table=ranked.drop(columns=["rank", "size"]).reset_index(drop=True),
        where=funnel.where if isinstance(funnel, Funnel) else "",
        method="Rule fixed in the code: see journeys.decision.",
    )  # fmt: skip


def _choose(rows: pd.DataFrame, failed: frozenset[str]) -> tuple[Choice, str]:
    """Apply the rule to one treatment's verdicts."""
    main, guards = rows[rows["role"] == "decision"], rows[rows["role"] == "guardrail"]
    better = _names(main, "better")
    worse = _names(main, "worse") + _names(guards, "worse")
    open_guards = _names(guards[guards["margin"].notna()], "cannot tell")
    unsettled = _names(main, "cannot tell") + open_guards
    if worse:
        return _harm(better, worse)
    if main.empty:
        return "hold", "no decision metric is declared"
    if better and not open_guards:
        return "ship", _ship(better, main, guards)
    if better:
        reason = f"{_are(better)} better, but {_withheld(open_guards, failed)}"
        return "keep running", reason
    if unsettled:
        return "keep running", _withheld(unsettled, failed)
    return "hold", f"{_are(_names(main, 'not worse'))} not worse, but no gain is shown"


def _wait(choice: Choice, because: str) -> tuple[Choice, str]:
    """Hold back a launch, or a verdict of no gain, until the planned end."""
    if choice == "ship" or (choice == "hold" and "no gain is shown" in because):
        return "keep running", f"{because}, but the planned end is not reached"
    return choice, because


def _harm(better: list[str], worse: list[str]) -> tuple[Choice, str]:
    """Weigh a loss: alone it rolls back, beside a gain a person has to decide."""
    if not better:
        return "roll back", f"{_are(worse)} worse"
    reason = f"{_are(better)} better but {_are(worse)} worse, which must be weighed"
    return "hold", reason


def _ship(better: list[str], main: pd.DataFrame, guards: pd.DataFrame) -> str:
    """Say what carries the launch, and what remains open."""
    said = [f"{_are(better)} better"]
    gained = _names(guards, "better")
    if gained:
        said = [f"{_are(better + gained)} better"]
    safe = _names(guards, "not worse")
    if safe:
        said.append(f"{_are(safe)} not worse")
    loose = _names(main, "cannot tell") + _names(guards, "cannot tell")
    if loose:
        said.append(f"nothing can be said yet about {_words.listed(loose)}")
    return ", ".join(said)


def _names(rows: pd.DataFrame, verdict: str) -> list[str]:
    return [str(name) for name in rows.loc[rows["verdict"] == verdict, "metric"]]


def _are(names: Sequence[str]) -> str:
    return f"{_words.listed(names)} {'is' if len(names) == 1 else 'are'}"


def _withheld(names: Sequence[str], failed: frozenset[str]) -> str:
    """Say why nothing can be said about these metrics."""
    blocked = [name for name in names if name in failed]
    wide = [name for name in names if name not in failed]
    said = []
    if wide:
        said.append(
            f"the data so far allow both a gain and a loss on {_words.listed(wide)}"
        )
    if blocked:
        said.append(
            f"{_words.listed(blocked)} cannot be read, because the variants drew "
            "different respondents"
        )
    return " and ".join(said)
