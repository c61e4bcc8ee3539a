"""The gain that may be claimed after a winner was picked."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from cxlib import _checks, _format
from cxlib.errors import DataError
from cxlib.estimate.pooling import pool, total, vague_scale
from cxlib.estimate.winner import after_selection
from cxlib.journeys import _words
from cxlib.journeys.experiments._cutoffs import correction_of, cutoff, signed_z
from cxlib.journeys.experiments.effects import Comparison
from cxlib.result import Assumption, Finding, Result

MIN_PAST = 3
NONE = "not shown to be better"
_PAST = "shrunken to past experiments"
_CLAIM = ("claimed_effect_size", "claimed_effect_size_ci_lower",
          "claimed_effect_size_ci_upper")  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Claims(Result):
    """What each decision metric's gain may be claimed to be.

    Attributes
    ----------
    table : pandas.DataFrame
        metric, treatment_arm, control_arm, unit, direction, verdict, n_control,
        n_treatment, effect_size with its interval (as measured),
        claimed_effect_size with its interval (NaN where nothing is claimed),
        share_kept, method, evidence ("randomised").
    programme : pandas.DataFrame
        With past experiments, one row a metric: n_experiments, n_winners, effect_size
        (sum of the winners' measured effects), claimed_effect_size with its interval.
    confidence_level : float
    """

    programme: pd.DataFrame = field(default_factory=pd.DataFrame)
    confidence_level: float = 0.95

    @property
    def text(self) -> str:
        """Measured and claimed gain of each winner; the programme's total."""
        won = self.table[self.table["verdict"] == "better"]
        if won.empty:
            return "No decision metric is better, so there is no gain to claim."
        said = [self.sentence(row) for _, row in won.head(3).iterrows()]
        said += [self._sum(row) for _, row in self.programme.iterrows()]
        return " ".join(said)

    def sentence(self, row: pd.Series) -> str:
        """Return one claim in words."""
        head = f"{self._name(row)}: "
        if pd.isna(row["claimed_effect_size"]):
            return f"{head}no gain to claim ({row['verdict']})."
        half = (row["effect_size_ci_upper"] - row["effect_size_ci_lower"]) / 2
        raw = _words.change(row["effect_size"], row["unit"], half)
        told = _words.effect(
            _claimed(row), row["unit"], self.confidence_level, self._n(row)
        )
        if row["verdict"] != "better":
            return f"{head}measured {raw}, {row['method']} {told}; {row['verdict']}."
        if row["share_kept"] == 0:
            return (
                f"{head}the measured {raw} only just passed the test that picked it; "
                f"no gain may be claimed yet, {told}."
            )
        kept = _format.number(row["share_kept"], "share", decimals=0)
        return (
            f"{head}the measured {raw} was picked because it was large; claim {told}, "
            f"{kept} % of it."
        )

    def _sum(self, row: pd.Series) -> str:
        half = (row[_CLAIM[2]] - row[_CLAIM[1]]) / 2
        raw = _words.change(row["effect_size"], row["unit"], half)
        told = _words.effect(_claimed(row), row["unit"], self.confidence_level, "")
        n = int(row["n_winners"])
        winners = "the one winner" if n == 1 else f"all {n} winners"
        return (
            f"{row['metric']}, {winners} of {int(row['n_experiments'])} experiments: "
            f"measured {raw} together, claim {told}."
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """One finding a decision metric and treatment, for the sums of a business case.

        The estimate is the claimed effect and never the measured one.
        """
        several = _words.several_arms(self.table)
        return tuple(
            Finding(
                id=_words.slug(
                    row["metric"], row["treatment_arm"] if several else "", "claim"
                ),
                statement=self.sentence(row), unit=_format.difference_unit(row["unit"]),
                estimate=_number(row[_CLAIM[0]]), ci_lower=_number(row[_CLAIM[1]]),
                ci_upper=_number(row[_CLAIM[2]]),
                n=int(row["n_control"] + row["n_treatment"]),
                label=f"{self._name(row)}, gain that may be claimed",
                confidence_level=self.confidence_level,
            )
            for _, row in self.table.iterrows()
        )  # fmt: skip

    def _repr_html_(self) -> str:
        shown = pd.DataFrame([self._shown(row) for _, row in self.table.iterrows()])
        cells = shown.to_html(index=False, border=0, classes="cx") if len(shown) else ""
        return (
            f"<p class='finding'>{html.escape(self.text)}</p>{cells}"
            f"<p class='method'>{html.escape(self.method)}</p>"
        )

    def _shown(self, row: pd.Series) -> dict[str, str]:
        level = _words.percent(self.confidence_level)
        claimed = _format.MISSING
        if pd.notna(row[_CLAIM[0]]):
            claimed = _words.fixed(_words.difference(_claimed(row), row["unit"]))
        return {
            "metric": self._name(row), "verdict": row["verdict"],
            f"measured ({level} CI)": _words.fixed(_words.difference(row, row["unit"])),
            f"may be claimed ({level} CI)": claimed,
            "kept": _format.quantity(row["share_kept"], "share"),
            "n": _words.pair(row),
        }  # fmt: skip

    def _name(self, row: pd.Series) -> str:
        several = _words.several_arms(self.table)
        arm = f" ({row['treatment_arm']})" if several else ""
        return f"{row['metric']}{arm}"

    def _n(self, row: pd.Series) -> str:
        return f", n = {int(row['n_control'] + row['n_treatment']):,}"


def claims(
    comparison: Comparison,
    *,
    past: pd.DataFrame | Sequence[Mapping[str, Any]] | None = None,
) -> Claims:
    """Correct the gains of winners for having been picked because they were large.

    Use it before a gain enters a business case. A verdict "better" goes to gains that
    exceeded a limit, so on average they are measured too large, the more so the less
    power the test had.

    Parameters
    ----------
    comparison : Comparison
        Only its decision metrics are claimed.
    past : frame or sequence of mapping, optional
        Earlier experiments on the same metrics, winners and losers alike: columns
        effect_size and std_error in the metric's unit (shares as fractions), and
        metric, its name, where several are decided on.

    Returns
    -------
    Claims

    Raises
    ------
    DataError
        Without a decision metric, for a broken `past`, or without `past` where the
        verdicts do not follow from the p-values (a sequential test).

    Notes
    -----
    With three past experiments of a metric or more: partial pooling,
    ``effect ~ N(true, se^2)``, ``true ~ N(mu, tau^2)``, with mu and tau learned from
    the past and this one together, their uncertainty included. Such estimates need no
    correction for selection, and are given whatever the verdict.

    Else, for "better" only: the median-unbiased estimate and the interval given that
    the gain exceeded what it had to: the limit of the correction with all other results
    as they are, and for the best of several treatments also the runner-up, whose
    correlation through the shared control is taken from the numbers of users. A
    negative estimate is claimed as zero; its interval is left as it is.

    References
    ----------
    Zhong, H. and Prentice, R. L. (2008). doi:10.1093/biostatistics/kxn001.
    Andrews, I., Kitagawa, T. and McCloskey, A. (2024). doi:10.1093/qje/qjad043.
    Lee, M. R. and Shen, M. (2018). Winner's curse: bias estimation for total effects of
    features in online controlled experiments. KDD 2018. doi:10.1145/3219819.3219905

    Examples
    --------
    >>> import pandas as pd
    >>> from cxlib.journeys import Proportion, compare
    >>> users = pd.DataFrame(
    ...     {"variant": ["a"] * 573 + ["b"] * 554,
    ...      "paid": [1] * 85 + [0] * 488 + [1] * 126 + [0] * 428}
    ... )
    >>> found = compare(users, [Proportion(name="paid", column="paid")], control="a")
    >>> print(claims(found).text)  # doctest: +NORMALIZE_WHITESPACE
    paid: the measured +7.9 percentage points was picked because it was large; claim
    +7.6 percentage points (95 % CI 1.3 to 12.5, n = 1,127), 97 % of it.
    """
    main = comparison.of("decision").reset_index(drop=True)
    if main.empty:
        raise DataError("the comparison has no decision metric; nothing is claimed.")
    level = comparison.confidence_level
    known = _past(past, list(main["metric"].unique()))
    rows, sums = [], []
    for metric, mine in main.groupby("metric", sort=False):
        before = known[known["metric"] == metric]
        if len(before) >= MIN_PAST:
            rows += [{**_named(row), **_shrunken(row, before, level)}
                     for _, row in mine.iterrows()]  # fmt: skip
            sums += _programme(mine, before, level)
        else:
            rows += [{**_named(mine.loc[i]), **_conditional(main, i, level)}
                     for i in mine.index]  # fmt: skip
    table = pd.DataFrame(rows)
    kept = table["claimed_effect_size"] / table["effect_size"]
    return Claims(
        table=table.assign(share_kept=kept), programme=pd.DataFrame(sums),
        confidence_level=level,
        method="Winners: median-unbiased given the selection, or partial pooling with "
        "past experiments.",
        assumptions=(_ALL,) if sums else (),
    )  # fmt: skip


_ALL = Assumption(
    text="The past experiments are all that were run on the metric, not only those "
    "that won, and this one is of their kind.",
    quality="medium", impact="high",
)  # fmt: skip


def _past(
    past: pd.DataFrame | Sequence[Mapping[str, Any]] | None, metrics: list[str]
) -> pd.DataFrame:
    """Return past experiments as metric, effect_size, std_error, checked."""
    columns = ["metric", "effect_size", "std_error"]
    if past is None:
        return pd.DataFrame(columns=columns)
    known = pd.DataFrame(past)
    if "metric" not in known.columns and len(metrics) == 1:
        known = known.assign(metric=metrics[0])
    _checks.columns(known, columns, "past")
    numbers = known[columns[1:]].astype(float)
    if not (np.isfinite(numbers).all(axis=None) and (numbers["std_error"] > 0).all()):
        raise DataError(
            "`past` needs a finite effect_size and a positive std_error in every row; "
            "mend or leave out those experiments that have none."
        )
    strange = sorted(set(known["metric"]) - set(metrics))
    if strange and not set(known["metric"]) & set(metrics):
        hint = _checks.did_you_mean(str(strange[0]), metrics)
        raise DataError(f"`past` has the metric '{strange[0]}'; {hint}")
    return known[columns].assign(**{name: numbers[name] for name in columns[1:]})


def _named(row: pd.Series) -> dict[str, Any]:
    """Return what a claim repeats of the comparison."""
    names = (
        "metric", "treatment_arm", "control_arm", "unit", "direction", "verdict",
        "n_control", "n_treatment", "effect_size", "effect_size_ci_lower",
        "effect_size_ci_upper",
    )  # fmt: skip
    return {name: row[name] for name in names}


def _claim(values: Sequence[float], method: str) -> dict[str, Any]:
    claimed = dict(zip(_CLAIM, map(float, values), strict=True))
    return {**claimed, "method": method, "evidence": "randomised"}


def _conditional(main: pd.DataFrame, i: int, level: float) -> dict[str, Any]:
    """Return a winner's gain given that it was picked."""
    row = main.loc[i]
    if row["verdict"] != "better":
        return _claim((np.nan,) * 3, NONE)
    limit = cutoff(main, i, correction_of(main), 1 - level)
    found = after_selection(
        [limit.gain], [limit.std_error], cutoffs=[limit.least], confidence_level=level
    )
    ends = [max(0.0, found.estimate[0]), found.ci_lower[0], found.ci_upper[0]]
    if row["direction"] == "decrease":
        ends = [-ends[0], -ends[2], -ends[1]]
    best = f"best of {limit.best_of} and " if limit.best_of > 1 else ""
    return _claim(ends, f"given that it was {best}better")


def _shrunken(row: pd.Series, before: pd.DataFrame, level: float) -> dict[str, Any]:
    """Return an effect pooled with past experiments."""
    y = np.append(before["effect_size"], row["effect_size"]).astype(float)
    v = np.append(before["std_error"], row["std_error"]).astype(float) ** 2
    found = pool(y, v, scale=vague_scale(v), confidence_level=level)
    ends = (found.estimate[-1], found.ci_lower[-1], found.ci_upper[-1])
    return _claim(ends, _PAST)


def _programme(
    mine: pd.DataFrame, before: pd.DataFrame, level: float
) -> list[dict[str, Any]]:
    """Return the sum over the winners, if any; now the best treatment counts."""
    sign = 1.0 if mine["direction"].iloc[0] == "increase" else -1.0
    z = signed_z(mine)
    now = mine.iloc[int(np.argmax(z))]
    y = np.append(before["effect_size"], now["effect_size"]).astype(float)
    v = np.append(before["std_error"], now["std_error"]).astype(float) ** 2
    found = pool(y, v, scale=vague_scale(v), confidence_level=level)
    limit = float(stats.norm.isf((1 - level) / 2))
    won = sign * y / np.sqrt(v) > limit
    won[-1] = now["verdict"] == "better"
    if not won.any():
        return []
    ends = total(y, v, found=found, rows=won, confidence_level=level)
    row = {
        "metric": now["metric"], "unit": now["unit"], "n_experiments": len(y),
        "n_winners": int(won.sum()), "effect_size": float(y[won].sum()),
        **dict(zip(_CLAIM, ends, strict=True)),
    }  # fmt: skip
    return [row]


def _claimed(row: pd.Series) -> pd.Series:
    """Return the claim under the names by which effects are worded."""
    ends = ("effect_size", "effect_size_ci_lower", "effect_size_ci_upper")
    return pd.Series({name: row[c] for name, c in zip(ends, _CLAIM, strict=True)})


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
