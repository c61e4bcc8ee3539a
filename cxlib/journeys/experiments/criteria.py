"""The criteria of a decision, fixed beforehand and recognised again."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from cxlib.estimate import Correction
from cxlib.journeys import _words
from cxlib.journeys._words import CORRECTIONS
from cxlib.journeys.experiments._registered import (
    DEFAULT_RULE,
    Status,
    canonical,
    compare_with,
    complete,
    digest_of,
    said,
)
from cxlib.journeys.experiments.declared import metrics as build
from cxlib.journeys.experiments.specs import Metric
from cxlib.result import Finding, Result

SHOWN_DIGITS = 12
_IN_WORDS = {
    "ship_if": {
        "any": "any decision metric better", "all": "every decision metric better",
    },
    "trade_off": {"hold": "hold, for a person to weigh", "roll back": "roll back"},
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Criteria(Result):
    """What was decided beforehand, and whether it is still the same.

    Attributes
    ----------
    table : pandas.DataFrame
        criterion, required: in words.
    declared : mapping
        The criteria as plain values; what the digest is made of, and what may be
        registered.
    digest : str
        SHA-256 of `declared`, 64 hex digits.
    rule : mapping
        ship_if, trade_off, worth.
    status : {"not registered", "as registered", "changed"}
    changes : tuple of str
        What differs from the registered criteria, where these are known.
    """

    declared: Mapping[str, Any] = field(default_factory=dict)
    digest: str = ""
    rule: Mapping[str, str] = field(default_factory=lambda: dict(DEFAULT_RULE))
    status: Status = "not registered"
    changes: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The digest, and whether the criteria are as registered."""
        named = f"Criteria {self.digest[:SHOWN_DIGITS]}"
        if self.status == "as registered":
            return f"{named}: as registered."
        if self.status == "not registered":
            return f"{named}: not registered beforehand, so a late change is not seen."
        if self.changes:
            return f"{named}: changed since registered: {'; '.join(self.changes)}."
        return (
            f"{named}: changed since registered; only a digest was registered, so what "
            "changed is not known."
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The sentence; criteria have no estimate."""
        return (
            Finding(id="criteria", statement=self.text, estimate=None, unit="count"),
        )  # fmt: skip

    def _repr_html_(self) -> str:
        shown = self.table.to_html(index=False, border=0, classes="cx")
        return (
            f"<p class='finding'>{html.escape(self.text)}</p>{shown}"
            f"<p class='method'>Digest: {html.escape(self.digest)}</p>"
        )


def criteria(
    metrics: Sequence[Metric | Mapping[str, Any]],
    *,
    control: str = "control",
    treatments: Sequence[str] | None = None,
    cluster: str | None = None,
    correction: Correction = "holm",
    confidence_level: float = 0.95,
    srm_alpha: float = 0.01,
    horizon: int = 0,
    steps: Sequence[str] = (),
    segments: Sequence[str] = (),
    rule: Mapping[str, str] | None = None,
    further: Mapping[str, Any] | None = None,
    registered: str | Mapping[str, Any] = "",
) -> Criteria:
    """State the criteria of the decision, and whether they changed since registered.

    Use it before any number is read: what counts as success is fixed before the data
    are seen, or the report says that it was not.

    Parameters
    ----------
    metrics : sequence of Metric or mapping
        With roles, directions, margins and smallest gains worth shipping.
    control, treatments, cluster, correction, confidence_level
        As in `compare`.
    srm_alpha : float
        As `alpha` of `sample_ratio`.
    horizon : int
        Planned users, all variants together; 0 where the length is not fixed.
    steps, segments : sequence of str
        Steps of the funnel, in order; columns that effects are split by.
    rule : mapping, optional
        `ship_if`: "any" (default) or "all" decision metrics better. `trade_off`: "hold"
        (default) or "roll back" where one metric gains and another loses. `worth`: a
        gain reaches `min_effect` with its whole "interval" (default) or by its
        "estimate".
    further : mapping, optional
        Other choices to be held, by name: plain values, or lists and mappings of them.
    registered : str or mapping
        What was fixed beforehand: a digest (at least its first 8 digits), or criteria
        under the names of these parameters, of which only those given are compared.

    Returns
    -------
    Criteria

    Raises
    ------
    ArgumentError
        For a broken metric, an unknown rule or choice, or a digest that is none.

    Notes
    -----
    The digest is the SHA-256 of the criteria as canonical JSON: keys sorted, metrics
    by name, numbers as floats, blanks and a metric's defaults left out, so that a new
    field of a later release leaves old digests alone. Order of metrics, treatments and
    segments, the unit that a number is shown in, the name of a scale, and the data do
    not touch it; the order of steps does.

    Examples
    --------
    >>> paid = {"name": "paid", "kind": "proportion", "column": "paid", "margin": 0.01}
    >>> before = criteria([paid])
    >>> now = criteria([paid | {"margin": 0.02}], registered={"metrics": [paid]})
    >>> now.text.split(": ", 1)[1]
    'changed since registered: margin of paid from 0.01 to 0.02.'
    >>> criteria([paid], registered=before.digest[:12]).status
    'as registered'
    """
    built = build(metrics)
    chosen = complete(rule)
    declared = canonical(
        {
            "metrics": built, "control": control, "treatments": treatments,
            "cluster": cluster, "correction": correction,
            "confidence_level": confidence_level, "srm_alpha": srm_alpha,
            "horizon": horizon, "steps": steps, "segments": segments, "rule": chosen,
            "further": further,
        }
    )  # fmt: skip
    digest = digest_of(declared)
    status, changes = compare_with(declared, digest, registered)
    return Criteria(
        table=_table(built, declared, chosen), declared=declared, digest=digest,
        rule=chosen, status=status, changes=changes,
    )  # fmt: skip


def required(metric: Metric) -> str:
    """Return what the decision asks of a metric, in words."""
    unit = metric.result_unit
    if metric.role == "exploratory":
        return "described only"
    if metric.role == "guardrail":
        if metric.margin is None:
            return "not shown to be worse"
        return f"a loss of {_words.limit(metric.margin, unit)} excluded"
    asked = "better" if metric.direction == "increase" else "better (less of it)"
    if metric.min_effect is not None:
        asked += f", by at least {_words.limit(metric.min_effect, unit)}"
    return asked


def _table(
    built: Sequence[Metric], declared: Mapping[str, Any], rule: Mapping[str, str]
) -> pd.DataFrame:
    """Return the criteria in words, one a row."""
    level = _words.percent(declared["confidence_level"])
    length = f"{declared['horizon']:,.0f} users" if declared["horizon"] else "not fixed"
    rows = [(f"{metric.name} ({metric.role})", required(metric)) for metric in built]
    rows += [
        ("error rate", f"{level} intervals; decision metrics: "
         f"{CORRECTIONS[declared['correction']]}"),
        ("sample ratio", f"p at or above {declared['srm_alpha']:g}"),
        ("length", length),
        ("ship if", f"{_IN_WORDS['ship_if'][rule['ship_if']]}, no guardrail open"),
        ("a gain beside a loss", _IN_WORDS["trade_off"][rule["trade_off"]]),
    ]  # fmt: skip
    if any(metric.min_effect is not None for metric in built):
        rows.append(("a gain is worth shipping", f"by its {rule['worth']}"))
    others = ("treatments", "cluster", "steps", "segments")
    rows += [(name, said(declared[name])) for name in others if declared[name]]
    rows += [
        (name.replace("_", " "), said(value))
        for name, value in (declared["further"] or {}).items()
    ]
    return pd.DataFrame(rows, columns=["criterion", "required"])
