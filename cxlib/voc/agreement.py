"""How far coders agree: people with people, the machine with people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib import _checks, _format
from cxlib.result import Assumption, Finding
from cxlib.voc._frames import code_names
from cxlib.voc._pairs import (
    Pair,
    Sums,
    codes_of,
    draws_of,
    pair_people,
    pair_with_machine,
    ratings_of,
    same_set_sums,
    spread,
    yes_no_sums,
)
from cxlib.voc._reliability import coefficients, cohen
from cxlib.voc._words import Row, Told, finding, measured, records
from cxlib.voc.audit import audit
from cxlib.voc.codebook import Codebook

Array = npt.NDArray[np.float64]
PEOPLE, MACHINE = "people with people", "machine with people"
SAME_SET, ALL_CODES = "(exactly the same codes)", "(all codes together)"
_NO_PAIR = "Not measured: no verbatim was coded by two coders."
_NO_CODINGS = "Not measured: nothing was coded by hand."
_MIN_GIVEN = 5
_ID = "agreement_of_"
_ASSUMPTIONS = (
    Assumption(
        text="Coders worked independently, each from the codebook alone.",
        quality="medium", impact="high",
    ),
    Assumption(
        text="The verbatims coded by hand are a random sample of all with words.",
        quality="medium", impact="high",
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Agreement(Told):
    """Agreement by code and overall; `estimate` is Krippendorff's alpha.

    `table`: one row a pair and code: pair, code, name, parent, n (verbatims), n_given
    (times a coder gave the code), share_agree, estimate, std_error, ci_lower, ci_upper
    (alpha), kappa and ac1 with their intervals, verdict ('ok', 'weak', 'too few').
    """

    min_agreement: float
    confidence_level: float
    reason: str = ""

    @property
    def weak(self) -> tuple[str, ...]:
        """Codes below `min_agreement`, for any pair: grey in later charts."""
        if self.table.empty:
            return ()
        rows = self.table[
            (self.table["verdict"] == "weak") & ~_overall(self.table["code"])
        ]
        return tuple(dict.fromkeys(rows["code"]))

    @property
    def text(self) -> str:
        """Alpha of both pairs over all codes, and the weak codes."""
        if self.table.empty:
            return self.reason
        parts = [self._sentence(row) for row in self._headlines()]
        weak = ", ".join(self.weak)
        judged = f"Below {self.min_agreement:g}, so read with care: {weak}."
        good = f"No code with enough uses falls below {self.min_agreement:g}."
        return " ".join([*parts, judged if weak else good])

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Alpha over all codes, one a pair."""
        if self.table.empty:
            return ()
        return tuple(
            finding(
                f"agreement_of_{row['pair'].split()[0]}",
                self._sentence(row),
                row,
                "score",
                level=self.confidence_level,
            )
            for row in self._headlines()
            if np.isfinite(row["estimate"])
        )

    def _headlines(self) -> list[Row]:
        return records(self.table[self.table["code"] == ALL_CODES])

    def _sentence(self, row: Row) -> str:
        if not np.isfinite(row["estimate"]):
            return f"Agreement of {row['pair']} cannot be measured: no code varies."
        alpha = _format.number(row["estimate"])
        found = measured(row, "score", self.confidence_level, of=" verbatims")
        return f"Agreement of {row['pair']} over all codes is alpha {alpha} ({found})."


def agreement(
    codings: pd.DataFrame | None,
    *,
    unit: str = "verbatim_id",
    coder: str = "coder",
    code: str = "code",
    machine: pd.DataFrame | None = None,
    codebook: Codebook | None = None,
    language: str = "",
    min_agreement: float = 0.667,
    confidence_level: float = 0.95,
    n_resamples: int = 500,
    rng: int | np.random.Generator = 0,
) -> Agreement:
    """Measure agreement of coders, code by code and over all codes.

    Parameters
    ----------
    codings : pandas.DataFrame or None
        One row for each code that a coder gave to a unit. A row with a blank code
        says that the coder looked and found nothing; no row at all says that the
        coder did not look, which is missing and never counted as "no". Only verbatims
        drawn at random count (see `voc.audit`).
    unit, coder, code : str
        Columns.
    machine : pandas.DataFrame, optional
        Result of `voc.code`: the machine has looked at every unit, and is set against
        each person.
    codebook : Codebook, optional
        Gives parents the codes of their children, lists codes nobody used, names all.
    language : str
        Language of the names.
    min_agreement : float
        Alpha below which a code is weak. Krippendorff: .667 for tentative, .8 for
        firm conclusions.
    confidence_level : float
    n_resamples : int
        Bootstrap samples of units.
    rng : int or numpy.random.Generator

    Returns
    -------
    Agreement
        Empty, with the reason, if no unit has two coders and there is no machine.

    Raises
    ------
    DataError
        For a missing column or a code that the codebook does not know.

    Notes
    -----
    Each code is a yes/no question of each verbatim. "(all codes together)" pools these
    questions; "(exactly the same codes)" takes the whole set of codes of a verbatim as
    one nominal value: with one code a verbatim this is the usual nominal alpha. Kappa
    is Cohen's for two coders and for the machine, Fleiss' for more. Kappa and alpha
    fall for rare codes even where coders hardly differ; AC1 does not. Intervals are
    bootstrap percentiles over verbatims; std_error is their standard deviation. A code
    given fewer than 5 times gets the verdict 'too few'.

    References
    ----------
    Krippendorff, K. (2004). Content Analysis, 2nd ed., ch. 11. Gwet, K. L. (2008).
    doi:10.1348/000711006X126600. Cohen, J. (1960). Educational and Psychological
    Measurement 20, 37-46. doi:10.1177/001316446002000104

    Examples
    --------
    >>> import pandas as pd
    >>> two = pd.DataFrame({
    ...     "verbatim_id": [1, 2, 3, 4, 5, 6] * 2, "coder": ["a"] * 6 + ["b"] * 6,
    ...     "code": ["x", "x", "y", "y", "x", ""] + ["x", "x", "y", "x", "x", ""]})
    >>> row = agreement(two).table.iloc[0]
    >>> round(float(row["estimate"]), 3), round(float(row["kappa"]), 3)
    (0.671, 0.657)
    """
    if codings is None or codings.empty:
        codings = pd.DataFrame(columns=[unit, coder, code])
    _checks.columns(codings, [unit, coder, code], "codings")
    codings = audit(codings)
    _checks.in_range(min_agreement, "min_agreement", -1, 1)
    _checks.in_range(confidence_level, "confidence_level", 0, 1, ends="()")
    given = codings[[unit, coder, code]].set_axis(["unit", "coder", "code"], axis=1)
    if codebook is not None:
        given = codebook.roll_up(given)
    codes = codes_of(given["code"], codebook)
    compared = _compared(given, codes, machine)
    draws = draws_of(max(given["unit"].nunique(), 1), n_resamples, rng)
    rows = [
        {"pair": name} | _named(row, codebook, language) | row
        for name, pair in compared.items()
        for row in _rows(pair, codes, draws, confidence_level, min_agreement)
    ]
    return Agreement(
        table=pd.DataFrame(rows), min_agreement=min_agreement,
        confidence_level=confidence_level, assumptions=_ASSUMPTIONS if rows else (),
        reason=_NO_PAIR if len(codings) else _NO_CODINGS,
        method=(
            "Krippendorff's alpha (nominal), kappa (Cohen for two coders, Fleiss for "
            f"more), Gwet's AC1; {n_resamples} bootstrap samples of verbatims; a "
            "verbatim that a coder did not code is missing."
        ),
    )  # fmt: skip


def _compared(
    given: pd.DataFrame, codes: Sequence[str], machine: pd.DataFrame | None
) -> dict[str, Pair]:
    """Return the pairs that there are: people with people, machine with people."""
    ratings = ratings_of(given, codes)
    pairs = {PEOPLE: pair_people(ratings)}
    if machine is not None:
        pairs[MACHINE] = pair_with_machine(ratings, machine, codes)
    return {name: pair for name, pair in pairs.items() if pair is not None and codes}


def _named(
    row: dict[str, object], codebook: Codebook | None, language: str
) -> dict[str, str]:
    code = str(row["code"])
    return code_names(code, None if code[0] == "(" else codebook, language)


def _overall(codes: pd.Series) -> pd.Series:
    return codes.isin([SAME_SET, ALL_CODES])


def _rows(
    pair: Pair, codes: Sequence[str], draws: Array, level: float, bar: float
) -> list[dict[str, object]]:
    """One row over all codes, one for equal sets, one a code."""
    each = [yes_no_sums(pair, k) for k in range(len(codes))]
    together = (
        np.sum([a for a, _ in each], axis=0),
        np.sum([b for _, b in each], axis=0),
    )
    given = [int(pair.gave[..., k].sum()) for k in range(len(codes))]
    rows = [
        (ALL_CODES, together, 2, sum(given)),
        (SAME_SET, *same_set_sums(pair), sum(given)),
        *zip(codes, each, [2] * len(codes), given, strict=True),
    ]
    found = []
    for name, sums, q, times in rows:
        about = {"code": name, "n": pair.n_units, "n_given": times}
        row = _estimates(sums, q, draws, level, two=pair.two)
        found.append(about | row | {"verdict": _verdict(row["estimate"], times, bar)})
    return found


def _estimates(
    sums: Sums, q: int, draws: Array, level: float, *, two: bool
) -> dict[str, float]:
    """Point estimates and bootstrap intervals of the coefficients of one question."""
    found = coefficients(draws @ sums[0], q)
    found["kappa"] = cohen(draws @ sums[1], q) if two else found["fleiss"]
    row = {"share_agree": float(found["share_agree"][0])}
    for name, prefix in (("alpha", ""), ("kappa", "kappa_"), ("ac1", "ac1_")):
        point = float(found[name][0])
        error, *ends = spread(found[name][1:], point, level)
        row["estimate" if name == "alpha" else name] = point
        if name == "alpha":
            row["std_error"] = error
        row |= dict(zip((f"{prefix}ci_lower", f"{prefix}ci_upper"), ends, strict=True))
    return row


def _verdict(alpha: float, times: int, bar: float) -> str:
    if times < _MIN_GIVEN or not np.isfinite(alpha):
        return "too few"
    return "ok" if alpha >= bar else "weak"
