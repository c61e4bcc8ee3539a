"""The criteria of a decision, fixed beforehand and recognised again."""

from __future__ import annotations

import hashlib
import html
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal

import pandas as pd

from cxlib import _checks
from cxlib.errors import ArgumentError
from cxlib.estimate import Correction
from cxlib.journeys import _words
from cxlib.journeys.experiments.declared import KINDS
from cxlib.journeys.experiments.declared import metrics as build
from cxlib.journeys.experiments.specs import Metric, Score
from cxlib.journeys.experiments.verdicts import CORRECTIONS
from cxlib.result import Finding, Result

RULES: dict[str, tuple[str, ...]] = {
    "ship_if": ("any", "all"),
    "trade_off": ("hold", "roll back"),
    "worth": ("interval", "estimate"),
}
DEFAULT_RULE = {name: allowed[0] for name, allowed in RULES.items()}
SHOWN_DIGITS, MIN_DIGITS = 12, 8
_PRESENTATION = {"name", "unit"}
_IN_WORDS = {
    "ship_if": {
        "any": "any decision metric better", "all": "every decision metric better",
    },
    "trade_off": {"hold": "hold, for a person to weigh", "roll back": "roll back"},
}  # fmt: skip
Status = Literal["not registered", "as registered", "changed"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
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
    chosen = _rule(rule)
    declared = _canonical(
        {
            "metrics": built, "control": control, "treatments": treatments,
            "cluster": cluster, "correction": correction,
            "confidence_level": confidence_level, "srm_alpha": srm_alpha,
            "horizon": horizon, "steps": steps, "segments": segments, "rule": chosen,
            "further": further,
        }
    )  # fmt: skip
    digest = _digest(declared)
    status, changes = _compare(declared, digest, registered)
    return Criteria(
        table=_table(built, declared, chosen), declared=declared, digest=digest,
        rule=chosen, status=status, changes=changes,
    )  # fmt: skip


def _rule(given: Mapping[str, str] | None) -> dict[str, str]:
    """Complete the rule with its defaults, wording every mistake."""
    for name, value in (given or {}).items():
        if name not in RULES:
            hint = _checks.did_you_mean(name, RULES)
            raise ArgumentError(f"`rule` has the field {name!r}; {hint}")
        _checks.one_of(value, f"rule.{name}", RULES[name])
    return DEFAULT_RULE | dict(given or {})


def _canonical(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return criteria as plain values that do not depend on how they were written."""
    found = dict(given)
    if "metrics" in found:
        found["metrics"] = {m.name: _metric(m) for m in _built(found["metrics"])}
    for name in ("treatments", "segments"):
        if name in found:
            found[name] = sorted(set(found[name] or ()))
    if "correction" in found:
        _checks.one_of(found["correction"], "correction", CORRECTIONS)
    for name in ("confidence_level", "srm_alpha"):
        if name in found:
            _checks.in_range(found[name], name, 0, 1, ends="()")
    if "horizon" in found:
        _checks.in_range(found["horizon"], "horizon", 0, float("inf"), ends="[)")
    return {name: _plain(value, name) for name, value in found.items()}


def _built(given: Any) -> tuple[Metric, ...]:  # noqa: ANN401
    """Build metrics, also from criteria that were written by name."""
    if not isinstance(given, Mapping):
        return build(given)
    named = []
    for name, spec in given.items():
        one = {"name": name} | dict(spec)
        if isinstance(one.get("scale"), Mapping):
            one["scale"] = {"name": "registered"} | dict(one["scale"])
        named.append(one)
    return build(named)


def _metric(metric: Metric) -> dict[str, Any]:
    """Return what of a metric decides; not how it is shown."""
    found = {
        part.name: getattr(metric, part.name)
        for part in fields(metric)
        if part.name not in _PRESENTATION
    }
    if isinstance(metric, Score):
        scale = metric.rule
        names = ("low", "high", "kind", "top_from", "bottom_to", "integer")
        values = {name: getattr(scale, name) for name in names}
        found["scale"] = {k: v for k, v in values.items() if v == v}  # noqa: PLR0124
    kept = {k: v for k, v in found.items() if v is not None and v != ""}
    return {"kind": metric.kind} | kept


def _plain(value: Any, where: str) -> Any:  # noqa: ANN401
    """Return a value that JSON writes in one way only."""
    if value is None or isinstance(value, bool | str):
        return value or "" if not isinstance(value, bool) else value
    if isinstance(value, int | float) and value == value:  # noqa: PLR0124
        return float(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(part, where) for key, part in value.items()}
    if isinstance(value, Sequence):
        return [_plain(part, where) for part in value]
    raise ArgumentError(
        f"`{where}` holds {value!r}; give numbers, texts, lists or mappings of them."
    )


def _digest(declared: Mapping[str, Any]) -> str:
    metrics = {name: _own(spec) for name, spec in declared["metrics"].items()}
    kept = {name: value for name, value in declared.items() if value} | {
        "metrics": metrics
    }
    written = json.dumps(kept, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(written.encode()).hexdigest()


def _own(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a metric is not its kind's default."""
    usual = {part.name: part.default for part in fields(KINDS[spec["kind"]])}
    return {
        name: value
        for name, value in spec.items()
        if name not in usual or value != usual[name]
    }


def _compare(
    declared: Mapping[str, Any], digest: str, registered: str | Mapping[str, Any]
) -> tuple[Status, tuple[str, ...]]:
    """Return whether the criteria are as registered, and what changed."""
    if not registered:
        return "not registered", ()
    if isinstance(registered, Mapping):
        for name in registered:
            if name not in declared:
                hint = _checks.did_you_mean(name, declared)
                raise ArgumentError(f"`registered` has the criterion {name!r}; {hint}")
        given = dict(registered)
        if "rule" in given:
            given["rule"] = _rule(given["rule"])
        changes = tuple(_changes(_canonical(given), declared))
        return ("changed", changes) if changes else ("as registered", ())
    short = registered.strip().lower().rstrip("…")
    hexadecimal = all(c in "0123456789abcdef" for c in short)
    if not hexadecimal or not MIN_DIGITS <= len(short) <= len(digest):
        raise ArgumentError(
            f"`registered` is {registered!r}; give the first {MIN_DIGITS} to 64 hex "
            "digits of a digest, or the criteria themselves."
        )
    return ("as registered" if digest.startswith(short) else "changed"), ()


def _changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """Yield what differs, in words."""
    for name, old in before.items():
        new = now[name]
        if name == "metrics":
            yield from _metric_changes(old, new)
        elif isinstance(old, Mapping) and isinstance(new, Mapping):
            for key in dict.fromkeys([*old, *new]):
                if old.get(key) != new.get(key):
                    yield f"{key} from {_said(old.get(key))} to {_said(new.get(key))}"
        elif old != new:
            yield f"{name.replace('_', ' ')} from {_said(old)} to {_said(new)}"


def _metric_changes(
    before: Mapping[str, Any], now: Mapping[str, Any]
) -> Iterator[str]:  # fmt: skip
    for name in dict.fromkeys([*before, *now]):
        old, new = before.get(name), now.get(name)
        if old is None or new is None:
            yield f"{name} was {'added' if old is None else 'removed'}"
            continue
        parts = dict.fromkeys([*old, *new])
        if old["kind"] != new["kind"]:
            parts = {part: None for part in parts if part in old and part in new}
        for part in parts:
            if old.get(part) != new.get(part):
                label = part.replace("_", " ")
                yield (
                    f"{label} of {name} from {_said(old.get(part))} to "
                    f"{_said(new.get(part))}"
                )


def _said(value: Any) -> str:  # noqa: ANN401
    """Return a canonical value in words."""
    if value is None or value in ("", [], {}):
        return "none"
    if isinstance(value, float):
        return f"{value:,.10g}"
    if isinstance(value, list):
        return ", ".join(map(_said, value))
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_said(part)}" for key, part in value.items())
    return str(value)


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
    rows += [(name, _said(declared[name])) for name in others if declared[name]]
    rows += [
        (name.replace("_", " "), _said(value))
        for name, value in (declared["further"] or {}).items()
    ]
    return pd.DataFrame(rows, columns=["criterion", "required"])
