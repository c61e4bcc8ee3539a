"""How long it takes users to go on from a step, those who have not yet included."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pandas as pd

from cxlib import _checks, _format
from cxlib.errors import ArgumentError
from cxlib.estimate import Correction, adjust
from cxlib.estimate.time_to import Times
from cxlib.journeys import _words
from cxlib.journeys._arms import treatments as choose
from cxlib.journeys._frames import Frame
from cxlib.journeys._words import CORRECTIONS
from cxlib.journeys.flows import _waits
from cxlib.journeys.flows._depth import ARM
from cxlib.journeys.flows._ratios import quantile
from cxlib.journeys.flows._walk import check_known, walk
from cxlib.journeys.flows.sessions import duration
from cxlib.result import Assumption, Finding, Result

MIN_EVENTS = 10
_UNITS = ((86400.0, "d"), (3600.0, "h"), (60.0, "min"))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class TimeToNext(Result):
    """How long users take from a step to the next.

    Attributes
    ----------
    table : pandas.DataFrame
        variant, from, to, n (users who came there), n_events (who went on),
        share_gone_on (by the end of follow-up), lower_quartile, estimate (median) with
        its interval, upper_quartile: in seconds, blank where fewer went on.
    differences : pandas.DataFrame
        from, to, treatment_arm, control_arm, n_control and n_treatment, horizon,
        control and treatment (mean seconds waited up to the horizon), effect_size and
        interval, statistic and pvalue (log-rank), pvalue_adj.
    """

    differences: pd.DataFrame = field(default_factory=pd.DataFrame)
    n_mixed: int = 0
    confidence_level: float = 0.95

    @property
    def text(self) -> str:
        """The slowest step, and which steps one variant makes faster or slower."""
        said = ["At no step did half of the users go on."]
        if len(self._slowest):
            row = self._slowest.iloc[0]
            said = [f"The slowest step is from {self._sentence(row)}"]
        return " ".join([*said, *self._different()])

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The median of the slowest step."""
        if self._slowest.empty:
            return ()
        row = self._slowest.iloc[0]
        return (
            Finding(
                id=_words.slug("seconds", row["from"], row["to"], row["variant"]),
                statement=f"From {self._sentence(row)}",
                estimate=float(row["estimate"]),
                unit="count", ci_lower=float(row["ci_lower"]),
                ci_upper=float(row["ci_upper"]), n=int(row["n"]),
                label=f"median seconds from {row['from']}",
                confidence_level=self.confidence_level,
            ),
        )  # fmt: skip

    @property
    def _slowest(self) -> pd.DataFrame:
        """Steps whose median is known, the slowest first."""
        known = self.table[self.table["estimate"].notna()]
        return known.sort_values("estimate", ascending=False, kind="stable")

    def _sentence(self, row: pd.Series) -> str:
        several = len(self.table["variant"].unique()) > 1
        who = f"users of {row['variant']}" if several else "users"
        to = "on" if row["to"] == _waits.NEXT else f"to '{row['to']}'"
        ends = f"{spell(row['ci_lower'])} to {spell(row['ci_upper'])}"
        return (
            f"'{row['from']}' {to}: half of {row['n']:,} {who} have made it after "
            f"{spell(row['estimate'])} ({_words.percent(self.confidence_level)} CI "
            f"{ends})."
        )

    def _different(self) -> list[str]:
        if self.differences.empty:
            return []
        tested = int(self.differences["pvalue"].notna().sum())
        real = self.differences["pvalue_adj"] < 1 - self.confidence_level
        if not real.any():
            return [
                f"None of {tested} steps is made faster or slower than chance allows."
            ]
        row = self.differences[real].sort_values("pvalue").iloc[0]
        ends = (
            f"{spell(row['effect_size_ci_lower'], signed=True)} to "
            f"{spell(row['effect_size_ci_upper'], signed=True)}"
        )
        verb = "differs" if real.sum() == 1 else "differ"
        return [
            f"{int(real.sum())} of {tested} steps {verb} in pace beyond chance, most "
            f"clearly '{row['from']}': within {spell(row['horizon'])}, users of "
            f"{row['treatment_arm']} wait {spell(row['treatment'])} on average and "
            f"those of {row['control_arm']} {spell(row['control'])}, "
            f"{spell(row['effect_size'], signed=True)} "
            f"({_words.percent(self.confidence_level)} CI {ends}), those who never go "
            "on included."
        ]

    def _repr_html_(self) -> str:
        level = _words.percent(self.confidence_level)
        several = len(self.table["variant"].unique()) > 1
        shown = []
        for row in self.table.to_dict("records"):
            ends = f"{spell(row['ci_lower'])} to {spell(row['ci_upper'])}"
            cells = {"from": row["from"], "to": row["to"]}
            cells |= {"variant": row["variant"]} if several else {}
            cells |= {
                "users": _format.count(row["n"]),
                "gone on": _format.quantity(row["share_gone_on"], "share"),
                "a quarter after": spell(row["lower_quartile"]),
                f"half after ({level} CI)": f"{spell(row['estimate'])} ({ends})",
                "three quarters after": spell(row["upper_quartile"]),
            }
            shown.append({k: _words.fixed(str(v)) for k, v in cells.items()})
        return (
            f"<p class='finding'>{html.escape(self.text)}</p>"
            f"{pd.DataFrame(shown).to_html(index=False, border=0, classes='cx')}"
            f"<p class='method'>{html.escape(self.method)}</p>"
        )


def spell(seconds: float, *, signed: bool = False) -> str:
    """Return a duration in words: '45 s', '3.2 min', '1.5 d'; '–' where unknown.

    Examples
    --------
    >>> spell(45), spell(192), spell(-5400, signed=True), spell(float("nan"))
    ('45 s', '3.2 min', '−1.5 h', '–')
    """
    if pd.isna(seconds):
        return _format.MISSING
    for size, name in _UNITS:
        if abs(seconds) >= size:
            text = _format.number(
                float(seconds) / size, "score", signed=signed, decimals=1
            )
            return f"{text} {name}"
    places = 1 if 0 < abs(seconds) < 10 else 0
    text = _format.number(float(seconds), "score", signed=signed, decimals=places)
    return f"{text} s"


def time_to_next(
    events: Frame,
    *,
    steps: Sequence[str] = (),
    variant: str | None = None,
    users: Frame | None = None,
    control: str = "control",
    treatments: Sequence[str] | None = None,
    user: str = "user_id",
    touchpoint: str = "touchpoint",
    time: str = "occurred_at",
    horizon: str | timedelta | None = None,
    correction: Correction = "fdr_bh",
    confidence_level: float = 0.95,
) -> TimeToNext:
    """Estimate how long users take from each step to the next.

    Use it to find where users wait or hesitate. Averages over those who went on leave
    out those who never did; here they count as still waiting when the log ends.

    Parameters
    ----------
    events : frame
        One row a journey step.
    steps : sequence of str
        From each to the next in the list, whatever comes between; from every touchpoint
        to whatever comes next where none is given.
    variant : str, optional
        Column of the variant, in `users` where given; everybody together without it.
    users : frame, optional
        All randomised users.
    control, treatments : str, sequence of str
        As in `compare`.
    user, touchpoint, time : str
        Columns.
    horizon : str or timedelta, optional
        Where every clock stops: '30min', '7D'. Without one, clocks run to the end of
        the log, and means compare the time up to which nine of ten next steps of all
        variants were made.
    correction : {"holm", "fdr_bh", "fdr_by", "bonferroni", "none"}
        Over steps and treatments.
    confidence_level : float

    Returns
    -------
    TimeToNext

    Raises
    ------
    ArgumentError
        For one step only, one that no event has, or a horizon that is no duration.
    DataError
        For a missing column or one that holds no times.

    Notes
    -----
    One clock a user and step, from the first event there. Kaplan-Meier; the median's
    interval is Brookmeyer and Crowley's. The test is the log-rank test, blank under
    ten next steps in an arm; the difference is of restricted mean times. Everybody
    followed at a step had to reach it: where variants change who does, they compare
    different people. Leaving for good and coming back later look alike until the log
    ends. Times are taken to the second.

    References
    ----------
    Kaplan, E. L. and Meier, P. (1958). Nonparametric estimation from incomplete
    observations. JASA 53, 457-481. doi:10.1080/01621459.1958.10501452. Royston, P. and
    Parmar, M. K. B. (2013). Restricted mean survival time. BMC Medical Research
    Methodology 13, 152. doi:10.1186/1471-2288-13-152

    Examples
    --------
    >>> from cxlib import simulate
    >>> users = simulate.users(400, rng=1)
    >>> found = time_to_next(simulate.events(users, rng=1), steps=["home", "search"])
    >>> spell(found.table["estimate"].iloc[0])
    '42 s'
    """
    _checks.in_range(confidence_level, "confidence_level", 0, 1, ends="()")
    if isinstance(steps, str) or len(steps) == 1:
        raise ArgumentError(
            f"`steps` is {steps!r}; give two touchpoints or more, in order, or none."
        )
    walked = walk(
        events, users=users, variant=variant, user=user, journey=None,
        touchpoint=touchpoint, time=time,
    )  # fmt: skip
    check_known(walked.rows, steps, "steps")
    chosen = choose(list(walked.size), control, treatments) if variant else []
    arms = [control, *chosen] if variant else list(walked.size)
    limit = duration(horizon, "horizon").total_seconds() if horizon else None
    counts = _waits.cut(_waits.waits(walked.rows, steps), limit)
    found = _arms(counts, arms)
    return TimeToNext(
        table=_table(found, confidence_level),
        differences=_differences(
            found, (control, chosen), limit, correction, confidence_level
        ),
        n_mixed=walked.n_mixed, confidence_level=confidence_level,
        assumptions=_ASSUMPTIONS,
        method="Kaplan-Meier from the first event at the step; whoever has not gone on "
        "is censored at the end of the log; log-rank, "
        f"{CORRECTIONS[correction]} over steps and variants.",
    )  # fmt: skip


_ASSUMPTIONS = (
    Assumption(
        text="Users whose log ends before they went on would have gone on like those "
        "who were followed longer.",
        quality="medium", impact="medium",
    ),
)  # fmt: skip

Arms = dict[tuple[str, str], dict[str, Times]]


def _arms(counts: pd.DataFrame, arms: Sequence[str]) -> Arms:
    """Return the durations of each step and arm with two users or more."""
    found: Arms = {}
    for (start, to), rows in counts.groupby(["from", "to"], sort=False):
        for arm in arms:
            own = rows[rows[ARM] == arm]
            if own["n"].sum() >= 2:
                found.setdefault((str(start), str(to)), {})[arm] = _waits.times(own)
    return found


def _table(found: Arms, level: float) -> pd.DataFrame:
    rows = [
        {"variant": arm, "from": start, "to": to, **_waits.described(times, level)}
        for (start, to), arms in found.items()
        for arm, times in arms.items()
    ]
    return pd.DataFrame(rows)


def _differences(
    found: Arms, arms: tuple[str, Sequence[str]], limit: float | None,
    correction: Correction, level: float,
) -> pd.DataFrame:  # fmt: skip
    """Compare each treatment's pace with control's at every step."""
    control, treatments = arms
    rows = []
    for name in treatments:
        for (start, to), each in found.items():
            if control not in each or name not in each:
                continue
            horizon = limit or _waits.usual(list(each.values()))
            gap = dict(
                _waits.compared(each[control], each[name], horizon, quantile(level))
            )
            if min(each[arm].events.sum() for arm in (control, name)) < MIN_EVENTS:
                gap["pvalue"] = float("nan")
            sizes = [int(each[arm].leaving.sum()) for arm in (control, name)]
            rows.append(
                {"from": start, "to": to, "treatment_arm": name, "control_arm": control,
                 "n_control": sizes[0], "n_treatment": sizes[1], **gap}
            )  # fmt: skip
    table = pd.DataFrame(rows)
    if table.empty:
        return table
    return table.assign(pvalue_adj=adjust(table["pvalue"], correction))
