"""What is measured: metric specifications, in Python or from a params file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from cxlib import _checks, scales
from cxlib.errors import ArgumentError
from cxlib.estimate.counts import INTERVALS, Interval

Direction = Literal["increase", "decrease"]
Role = Literal["decision", "guardrail", "exploratory"]
DIRECTIONS = ("increase", "decrease")
ROLES = ("decision", "guardrail", "exploratory")
UNITS = ("score", "amount", "share", "count")


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """Base of the metric specifications; see its kinds below.

    Attributes
    ----------
    name : str
        What reports call it.
    column : str
        Column of `users`; blank is no answer and never counts as zero.
    covariate : str
        Column measured before assignment, for CUPED; "" for none.
    direction : {"increase", "decrease"}
        Which way is better.
    margin : float, optional
        Largest loss that still counts as "not worse", positive, in the metric's unit
        (shares as fractions, NPS in points).
    role : {"decision", "guardrail", "exploratory"}
        The decision family is Holm-corrected, the exploratory one by
        Benjamini-Hochberg; guardrails are each protected on their own.
    min_effect : float, optional
        Smallest gain worth shipping, positive, in the metric's unit; for decision
        metrics.
    """

    kind: ClassVar[str] = ""
    name: str
    column: str
    covariate: str = ""
    direction: Direction = "increase"
    margin: float | None = None
    role: Role = "decision"
    min_effect: float | None = None

    def __post_init__(self) -> None:
        where = f"metric '{self.name}'"
        for part in ("name", "column"):
            if not getattr(self, part):
                raise ArgumentError(f"{where}: `{part}` is empty; name it.")
        _checks.one_of(self.direction, f"{where}: direction", DIRECTIONS)
        _checks.one_of(self.role, f"{where}: role", ROLES)
        if self.margin is not None and not 0 < self.margin < math.inf:
            raise ArgumentError(
                f"{where}: `margin` is {self.margin!r}; it is the largest tolerable "
                "loss, a positive number in the metric's unit."
            )
        self._check_min_effect(where)

    def _check_min_effect(self, where: str) -> None:
        if self.min_effect is None:
            return
        if not 0 < self.min_effect < math.inf:
            raise ArgumentError(
                f"{where}: `min_effect` is {self.min_effect!r}; it is the smallest "
                "gain worth shipping, a positive number in the metric's unit."
            )
        if self.role != "decision":
            raise ArgumentError(
                f"{where}: `min_effect` is for decision metrics; this one's role is "
                f"'{self.role}'."
            )

    @property
    def result_unit(self) -> str:
        """Unit of the estimates: 'score', 'amount', 'share', 'count' or 'points'."""
        return "score"

    @property
    def factor(self) -> float:
        """Multiplier from the mean of the values to the unit."""
        return 1.0

    @property
    def second(self) -> str:
        """Denominator, event or covariate beside the values; "" for none."""
        return self.covariate

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column the metric reads."""
        return tuple(name for name in (self.column, self.second) if name)

    @property
    def survey(self) -> bool:
        """Whether a blank is a question that was not answered."""
        return False

    @property
    def winsorise(self) -> float | None:
        """Quantile of the non-zero values to which higher ones are set."""
        return None

    def _needs(self, part: str, word: str) -> None:
        """Raise where a further column is missing, or a covariate is given with it."""
        where = f"metric '{self.name}': {word}"
        if not getattr(self, part):
            raise ArgumentError(f"{where} needs a `{part}` column.")
        if self.covariate:
            raise ArgumentError(f"{where} takes no `covariate`; leave it out.")

    def _tail(self) -> None:
        """Raise where the declared quantile is no upper tail."""
        if self.winsorise is not None:
            name = f"metric '{self.name}': winsorise"
            _checks.in_range(self.winsorise, name, 0.5, 1, ends="()")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mean(Metric):
    """Mean of a number per user, such as spend: Welch's interval.

    `unit` ('score', 'amount', 'share', 'count') says how it is shown. `winsorise`
    (0.99, say) sets values above that quantile of the non-zero values, all variants
    together, to it before comparing. `survey` marks answers, of which a blank is none.

    Examples
    --------
    >>> Mean(name="spend", column="spend", unit="amount").result_unit
    'amount'
    """

    kind: ClassVar[str] = "mean"
    unit: str = "score"
    winsorise: float | None = None
    survey: bool = False

    def __post_init__(self) -> None:
        Metric.__post_init__(self)
        _checks.one_of(self.unit, f"metric '{self.name}': unit", UNITS)
        self._tail()

    @property
    def result_unit(self) -> str:
        """The declared unit."""
        return self.unit


@dataclass(frozen=True, slots=True, kw_only=True)
class GeometricMean(Metric):
    """Geometric mean of a positive number, such as seconds on a task: Welch on logs.

    The effect is the ratio of geometric means (`rel_effect_size`), to be read as "takes
    12 % less time"; times are skewed, and their geometric mean lies near the median.

    Examples
    --------
    >>> GeometricMean(name="time", column="seconds").direction
    'decrease'
    """

    kind: ClassVar[str] = "geometric_mean"
    direction: Direction = "decrease"
    unit: str = "score"

    def __post_init__(self) -> None:
        Metric.__post_init__(self)
        _checks.one_of(self.unit, f"metric '{self.name}': unit", UNITS)

    @property
    def result_unit(self) -> str:
        """The declared unit."""
        return self.unit


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeTo(Metric):
    """Time to an event that not everybody had yet: mean time up to a horizon.

    `column` holds the time to the event or to the end of watching, `event` 1 or 0, and
    `horizon` the time up to which the mean runs (restricted mean, Kaplan-Meier).

    Examples
    --------
    >>> TimeTo(name="paid", column="days", event="paid", horizon=14).columns
    ('days', 'paid')
    """

    kind: ClassVar[str] = "time_to"
    direction: Direction = "decrease"
    event: str = ""
    horizon: float = 0.0
    unit: str = "score"

    def __post_init__(self) -> None:
        Metric.__post_init__(self)
        _checks.one_of(self.unit, f"metric '{self.name}': unit", UNITS)
        self._needs("event", "a time to an event")
        name = f"metric '{self.name}': horizon"
        _checks.in_range(self.horizon, name, 0, math.inf, ends="()")

    @property
    def result_unit(self) -> str:
        """The declared unit."""
        return self.unit

    @property
    def second(self) -> str:
        """The event's column."""
        return self.event


@dataclass(frozen=True, slots=True, kw_only=True)
class Proportion(Metric):
    """Share of users with a 0/1 flag, such as conversion: Newcombe's interval.

    `interval` may be 'miettinen_nurminen', the score interval. `survey` marks answers
    and themes of answers, of which a blank is none.

    Examples
    --------
    >>> Proportion(name="conversion", column="converted", margin=0.005).result_unit
    'share'
    """

    kind: ClassVar[str] = "proportion"
    interval: Interval = "newcombe"
    survey: bool = False

    def __post_init__(self) -> None:
        Metric.__post_init__(self)
        _checks.one_of(self.interval, f"metric '{self.name}': interval", INTERVALS)

    @property
    def result_unit(self) -> str:
        """Always 'share'."""
        return "share"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio(Metric):
    """Ratio of two sums over users, such as orders a session: delta method.

    `winsorise` caps the numerator, as in `Mean`.

    Examples
    --------
    >>> Ratio(name="basket", column="revenue", denominator="orders").columns
    ('revenue', 'orders')
    """

    kind: ClassVar[str] = "ratio"
    denominator: str = ""
    unit: str = "score"
    winsorise: float | None = None

    def __post_init__(self) -> None:
        Metric.__post_init__(self)
        _checks.one_of(self.unit, f"metric '{self.name}': unit", UNITS)
        self._needs("denominator", "a ratio")
        self._tail()

    @property
    def result_unit(self) -> str:
        """The declared unit."""
        return self.unit

    @property
    def second(self) -> str:
        """The denominator's column."""
        return self.denominator


@dataclass(frozen=True, slots=True, kw_only=True)
class Score(Metric):
    """Survey score (NPS, CSAT, CES) of the users who answered.

    `scale` is a registry key or a declared scale. A net score is compared in points by
    the adjusted Wald interval and never relatively.

    Examples
    --------
    >>> Score(name="NPS", column="score", scale="nps", margin=2).result_unit
    'points'
    """

    kind: ClassVar[str] = "score"
    scale: str | Mapping[str, Any] | scales.Scale = field(default="nps", hash=False)

    def __post_init__(self) -> None:
        Metric.__post_init__(self)
        scales.get(self.scale)

    @property
    def survey(self) -> bool:
        """Always true."""
        return True

    @property
    def rule(self) -> scales.Scale:
        """The scale as an object."""
        return scales.get(self.scale)

    @property
    def result_unit(self) -> str:
        """Unit of the scale."""
        return self.rule.unit

    @property
    def factor(self) -> float:
        """100 for points."""
        return self.rule.factor
