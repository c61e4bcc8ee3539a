"""Whether drivers keep their order when no step between answers is taken as equal."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from scipy import stats

from cxlib.errors import DataError
from cxlib.nps import _display, _words
from cxlib.nps.drivers import Drivers
from cxlib.nps.ordinal import OrdinalShift, ordinal
from cxlib.result import Assumption, Finding
from cxlib.scales import Scale


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Linearity(_display.Told):
    """Drivers in the linear and in the ordinal model.

    Attributes
    ----------
    table : pandas.DataFrame
        driver, n, odds_ratio of a higher answer a driver point with odds_ratio_ci_lower
        and _upper, pvalue, log_odds_sd (log odds a standard deviation of the driver),
        std_beta of the linear model, rank_ordinal, rank_linear, both by that slope.
    shift : OrdinalShift
    agreement : float
        Kendall's tau of the two orders; NaN under two drivers.
    swapped : tuple of (str, str)
        Pairs whose order differs between the models.
    apart : tuple of (str, str)
        Those among them whose linear slopes have intervals that do not overlap.
    """

    shift: OrdinalShift
    agreement: float
    swapped: tuple[tuple[str, str], ...]
    apart: tuple[tuple[str, str], ...]

    @property
    def text(self) -> str:
        """The largest odds, then whether the order holds."""
        return self.reason or f"{self.shift.text} {self.order_text}".strip()

    @property
    def order_text(self) -> str:
        """One sentence: the same order, or which drivers change places."""
        if self.reason or len(self.table) < 2:
            return ""
        if not self.swapped:
            return (
                "The ordinal model, which takes no step between answers as equal, puts "
                "the drivers in the same order of slope."
            )
        pairs = self.apart or self.swapped
        named = _words.listing([f"{a} with {b}" for a, b in pairs], most=3)
        if not self.apart:
            return (
                "The ordinal model changes the order only among drivers whose slopes "
                f"overlap within their intervals: {named}."
            )
        return (
            f"The order depends on the model: in the ordinal one {named} change places "
            "although their linear slopes lie apart, so trust neither order of them."
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The odds ratios of the ordinal model."""
        return () if self.reason else self.shift.findings

    @property
    def shown(self) -> Sequence[_display.Columns]:
        """One row a driver."""
        t = self.table
        if self.reason:
            return ()
        return (
            {
                "driver": t["driver"],
                "odds ratio": _display.with_ends(
                    t, "odds_ratio", "score", prefix="odds_ratio_"
                ),
                "log odds a SD": _display.numbers(
                    t["log_odds_sd"], "score", signed=True
                ),
                "rank": _display.numbers(t["rank_ordinal"], "count"),
                "rank, linear": _display.numbers(t["rank_linear"], "count"),
                "p": _display.pvalues(t["pvalue"]),
            },
        )

    @property
    def footnote(self) -> str:
        """What the columns mean, then the method."""
        return (
            f"{_display.brackets(self.shift.confidence_level)} Odds ratio: of a higher "
            f"answer, a driver point, the others held. Ranks: by slope a standard "
            f"deviation. {self.method}"
        )


def linearity(
    responses: pd.DataFrame,
    found: Drivers,
    *,
    score: str = "score",
    scale: str | Mapping[str, Any] | Scale = "nps",
    weights: str | None = None,
    cluster: str | None = None,
    confidence_level: float = 0.95,
) -> Linearity:
    """Rank drivers again by an ordinal model, and compare the order.

    Use it after `nps.drivers`, which takes a step from 2 to 3 for as large as one from
    8 to 9.

    Parameters
    ----------
    responses : pandas.DataFrame
        One row a person asked.
    found : Drivers
        Of the same answers; one without numbers gives a result that says so.
    score, scale, weights, cluster, confidence_level
        As in `nps.drivers`.

    Returns
    -------
    Linearity
        Without numbers, and a reason, where the ordinal model has no finite maximum or
        the scale more than 21 answers.

    Notes
    -----
    Compared are slopes a standard deviation of the driver, the others held, in both
    models. LMG shares weigh overlap too, so their order may differ from both.

    References
    ----------
    McCullagh, P. (1980). Regression models for ordinal data. JRSS B 42, 109-142.
    doi:10.1111/j.2517-6161.1980.tb01109.x

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from cxlib import nps
    >>> draw = np.random.default_rng(1)
    >>> ease, price = draw.integers(1, 6, (2, 400))
    >>> answer = np.clip(ease + price // 3 + draw.integers(0, 4, 400), 0, 10)
    >>> rated = pd.DataFrame({"score": answer, "ease": ease, "price": price})
    >>> held = nps.linearity(rated, nps.drivers(rated, ["ease", "price"]))
    >>> print(held.order_text)
    The ordinal model, which takes no step between answers as equal, puts the drivers \
in the same order of slope.
    """
    given: dict[str, Any] = {
        "score": score, "scale": scale, "weights": weights, "cluster": cluster,
        "confidence_level": confidence_level,
    }  # fmt: skip
    if found.reason:
        why = "No drivers are ranked, so their order is not checked."
        return _none(why, ordinal(responses, (), **given))
    names = found.table["driver"].tolist()
    numbers = {n: pd.to_numeric(responses[n], errors="coerce") for n in names}
    rows = responses.assign(**numbers).dropna(subset=[*names, *found.constant])
    try:
        shift = ordinal(rows, names, **given)
    except DataError as error:
        why = f"The order is not checked by an ordinal model: {error}"
        return _none(why, ordinal(responses, (), **given))
    return _compared(found.table, shift)


def _compared(linear: pd.DataFrame, shift: OrdinalShift) -> Linearity:
    """Both orders side by side."""
    own = shift.table.set_index("column").loc[linear["driver"]].reset_index()
    kept = ["odds_ratio", "odds_ratio_ci_lower", "odds_ratio_ci_upper", "pvalue"]
    table = linear[["driver", "n", "std_beta"]].join(own[kept])
    table["log_odds_sd"] = own["estimate"] * linear["std_dev"]
    for name, slope in (("rank_linear", "std_beta"), ("rank_ordinal", "log_odds_sd")):
        table[name] = table[slope].rank(ascending=False, method="first").astype(int)
    swapped, apart = _swapped(table, linear)
    ranks = table["rank_linear"], table["rank_ordinal"]
    tau = stats.kendalltau(*ranks).statistic if len(table) > 1 else float("nan")
    return Linearity(
        table=table, unit="score", shift=shift, agreement=float(tau), swapped=swapped,
        apart=apart, method=shift.method,
        assumptions=(
            Assumption(
                text="The order of drivers does not hang on taking every step of the "
                "answer scale for equally large (checked by an ordinal model).",
                quality="low" if apart else "high", impact="medium",
            ),
        ),
    )  # fmt: skip


def _swapped(
    table: pd.DataFrame, linear: pd.DataFrame
) -> tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]:
    """Pairs in another order, and those of them whose linear slopes lie apart."""
    rows = table.assign(
        low=linear["coefficient_ci_lower"] * linear["std_dev"],
        high=linear["coefficient_ci_upper"] * linear["std_dev"],
    ).sort_values("rank_linear")
    swapped, apart = [], []
    for a, b in itertools.combinations(rows.to_dict("records"), 2):
        if a["rank_ordinal"] < b["rank_ordinal"]:
            continue
        swapped.append((a["driver"], b["driver"]))
        if a["low"] > b["high"]:
            apart.append(swapped[-1])
    return tuple(swapped), tuple(apart)


def _none(reason: str, shift: OrdinalShift) -> Linearity:
    return Linearity(
        table=pd.DataFrame(), unit="score", shift=shift, agreement=float("nan"),
        swapped=(), apart=(), reason=reason,
    )  # fmt: skip
