"""Whether the machine is as good as a second coder, and alike in every language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib import _checks, _format
from cxlib.result import Assumption, Finding
from cxlib.voc._frames import BLANK, code_names, finest, levels, verbatim_ids
from cxlib.voc._pairs import (
    Pair,
    codes_of,
    draws_of,
    pair_people,
    pair_with_machine,
    ratings_of,
    spread,
    yes_no_sums,
)
from cxlib.voc._reliability import coefficients
from cxlib.voc._words import Row, Told, column, finding, records, spans
from cxlib.voc.agreement import ALL_CODES
from cxlib.voc.audit import audit
from cxlib.voc.codebook import Codebook

Array = npt.NDArray[np.float64]
_MIN_GIVEN = 5
_WORDS = {
    "better": "it agrees with people better than a second person does",
    "as good": "it is as good as a second coder",
    "worse": "it is not as good as a second coder",
    "not clear": "whether it is as good as a second coder is not clear",
    "too few": "too few codes were given to tell",
}
_SAME = Assumption(
    text="The people whose codes are compared are as good as the next coder would be.",
    quality="medium", impact="medium",
)  # fmt: skip
_ENDS = ("", "_ci_lower", "_ci_upper")
_COLUMNS = [
    *("segment", "code", "name", "parent", "n", "n_given", "estimate", "ci_lower"),
    *("ci_upper", *(f"people{e}" for e in _ENDS), *(f"effect_size{e}" for e in _ENDS)),
    *("verdict", *(f"elsewhere{e}" for e in _ENDS)),
]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Parity(Told):
    """Alpha of the machine with people beside that of people, on the same verbatims.

    `table`: one row a segment ('all' first) and code: segment, code, name, parent, n
    (verbatims), n_given, estimate (machine with people) with its interval, people
    (people with people) with theirs, effect_size (machine minus people) with its
    interval, verdict ('better', 'as good', 'worse', 'not clear', 'too few'), elsewhere
    (alpha here minus alpha elsewhere, of the machine where there is one) with its
    interval.
    """

    by: str
    margin: float
    confidence_level: float
    reason: str = ""

    @property
    def text(self) -> str:
        """The verdict over all codes, the codes that fail, and the segments."""
        if self.table.empty:
            return self.reason
        parts = [self._statement(self._headline()), self._worse(), self._segments()]
        return " ".join(part for part in parts if part)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The difference over all codes."""
        if self.table.empty or not np.isfinite(self._headline()["effect_size"]):
            return ()
        row = self._headline()
        gap = dict(row) | {
            "estimate": row["effect_size"], "ci_lower": row["effect_size_ci_lower"],
            "ci_upper": row["effect_size_ci_upper"],
        }  # fmt: skip
        label = "alpha of the machine minus that of people"
        return (
            finding(
                "machine_minus_people",
                self._statement(row),
                gap,
                "score",
                label,
                level=self.confidence_level,
            ),
        )

    def _headline(self) -> Row:
        return records(self._overall())[0]

    def _overall(self) -> pd.DataFrame:
        return self.table[self.table["code"] == ALL_CODES]

    def _statement(self, row: Row) -> str:
        n = f"n = {_format.count(row['n'])} verbatims"
        if not np.isfinite(row["effect_size"]):
            known = "estimate" if np.isfinite(row["estimate"]) else "people"
            who = "The machine agrees with people" if known == "estimate" else (
                "People agree with each other"
            )  # fmt: skip
            return (
                f"{who} at alpha {_format.number(row[known])} ({n}); there is nothing "
                "to set beside it."
            )
        ends = _format.interval(
            row["effect_size_ci_lower"], row["effect_size_ci_upper"],
            confidence_level=self.confidence_level,
        )  # fmt: skip
        gap = _format.number(row["effect_size"], signed=True)
        words = _WORDS[row["verdict"]]
        within = f" (within {self.margin:g})" if row["verdict"] == "as good" else ""
        return (
            "The machine agrees with people at alpha "
            f"{_format.number(row['estimate'])}, people with each other at "
            f"{_format.number(row['people'])} (difference {gap}, {ends}, {n}): "
            f"{words}{within}."
        )

    def _worse(self) -> str:
        rows = finest(self.table[self.table["segment"] == "all"])
        rows = rows[(rows["verdict"] == "worse") & (rows["code"] != ALL_CODES)]
        names = ", ".join(rows.sort_values("effect_size")["name"])
        return f"It falls behind on {names}." if names else ""

    def _segments(self) -> str:
        if not self.by:
            return ""
        rows = self._overall()
        rows = rows[(rows["segment"] != "all") & rows["elsewhere"].notna()]
        clear = rows[
            (rows["elsewhere_ci_lower"] > 0) | (rows["elsewhere_ci_upper"] < 0)
        ]
        low = clear[clear["elsewhere"] < 0]
        if rows.empty:
            return f"No {self.by} has enough verbatims coded by hand to stand alone."
        if low.empty:
            return f"No {self.by} is coded less well than the others beyond noise."
        row = records(low.sort_values("elsewhere"))[0]
        gap = _format.number(row["elsewhere"], signed=True)
        ends = _format.interval(
            row["elsewhere_ci_lower"], row["elsewhere_ci_upper"],
            confidence_level=self.confidence_level,
        )  # fmt: skip
        return f"Agreement is lower in {row['segment']} than elsewhere ({gap}, {ends})."

    def _display(self) -> pd.DataFrame:
        rows = self._overall() if self.by else self.table
        span = f"{100 * self.confidence_level:g} % CI"
        first = {self.by: rows["segment"]} if self.by else {"code": rows["name"]}
        return pd.DataFrame(
            first
            | {
                "machine with people": column(rows, "estimate", "score"),
                span: spans(rows, "score"),
                "people": column(rows, "people", "score"),
                f"{span} ": spans(rows, "score", "people_"),
                "difference": column(rows, "effect_size", "score", signed=True),
                f" {span}": spans(rows, "score", "effect_size_"),
                "verdict": rows["verdict"],
                "n": column(rows, "n", "count"),
            }
        )


def parity(
    codings: pd.DataFrame | None,
    machine: pd.DataFrame | None = None,
    *,
    responses: pd.DataFrame | None = None,
    by: str | None = None,
    codebook: Codebook | None = None,
    language: str = "",
    margin: float = 0.1,
    min_n: int = 10,
    confidence_level: float = 0.95,
    n_resamples: int = 500,
    rng: int | np.random.Generator = 0,
) -> Parity:
    """Set the machine's agreement with people beside that of people with each other.

    Parameters
    ----------
    codings : pandas.DataFrame or None
        verbatim_id, coder, code, as for `voc.agreement`.
    machine : pandas.DataFrame, optional
        Coded verbatims, of whatever coder.
    responses : pandas.DataFrame, optional
        Needed for `by`.
    by : str, optional
        Column of the language (or a segment) of each verbatim; blank for none.
    codebook : Codebook, optional
        Gives parents the codes of their children, and names.
    language : str
        Language of the names.
    margin : float
        How much alpha may fall behind that of people for "as good".
    min_n : int
        Segments with fewer verbatims coded by hand are left out.
    confidence_level : float
    n_resamples : int
        Bootstrap samples of verbatims.
    rng : int or numpy.random.Generator

    Returns
    -------
    Parity
        Empty, with the reason, if nothing was coded by hand.

    Notes
    -----
    Krippendorff's alpha, each code a yes/no question, on the verbatims that two people
    or more coded, so that both pairs meet the same texts; with one coder a verbatim
    only the machine's. Differences come from the same bootstrap samples of verbatims.
    Verdict: 'as good' if the interval of the difference lies above minus `margin`,
    'better' if above 0, 'worse' if below 0 otherwise.

    References
    ----------
    Krippendorff, K. (2004). Content Analysis, 2nd ed., ch. 11.

    Examples
    --------
    >>> ids = list(range(60))
    >>> code = ["late" if i % 3 == 0 else "" for i in ids]
    >>> two = pd.DataFrame({"verbatim_id": ids * 2, "coder": ["a"] * 60 + ["b"] * 60,
    ...                     "code": code * 2})
    >>> told = pd.DataFrame({"verbatim_id": [i for i in ids if i % 6 == 0],
    ...                      "code": "late"})
    >>> found = parity(two, told)
    >>> found.table["verdict"].tolist(), found.table["people"].tolist()
    (['worse', 'worse'], [1.0, 1.0])
    """
    _checks.in_range(margin, "margin", 0, 1)
    _checks.in_range(confidence_level, "confidence_level", 0, 1, ends="()")
    if codings is None or codings.empty:
        return _empty("Not measured: nothing was coded by hand.", confidence_level)
    given = _given(audit(codings), codebook)
    codes = codes_of(given["code"], codebook)
    ratings = ratings_of(_twice(given), codes)
    people = pair_people(ratings)
    other = None if machine is None else pair_with_machine(ratings, machine, codes)
    if (people is None and other is None) or not codes:
        return _empty(
            "Not measured: no verbatim was coded by two coders.", confidence_level
        )
    draws = draws_of(len(ratings.units), n_resamples, rng)
    sides = _Side.of(people), _Side.of(other)
    judged = _Judged(*sides, draws, confidence_level, margin)
    rows = [
        {"segment": name} | _named(code, codebook, language) | row
        for name, inside, rest in _segments(ratings.units, responses, by, min_n)
        for code, row in judged.rows(codes, inside, rest)
    ]
    return Parity(
        table=pd.DataFrame(rows, columns=_COLUMNS), by=by or "", margin=margin,
        confidence_level=confidence_level, assumptions=(_SAME,),
        method=(
            f"Krippendorff's alpha on the same verbatims; {n_resamples} bootstrap "
            f"samples of verbatims; as good: at most {margin:g} below people."
        ),
    )  # fmt: skip


def _empty(reason: str, level: float) -> Parity:
    return Parity(
        table=pd.DataFrame(), by="", margin=0.0, confidence_level=level, reason=reason
    )


def _named(code: str, codebook: Codebook | None, language: str) -> dict[str, str]:
    return code_names(code, None if code == ALL_CODES else codebook, language)


def _given(codings: pd.DataFrame, codebook: Codebook | None) -> pd.DataFrame:
    _checks.columns(codings, ["verbatim_id", "coder", "code"], "codings")
    given = codings[["verbatim_id", "coder", "code"]]
    given = given.set_axis(["unit", "coder", "code"], axis=1)
    given = codebook.roll_up(given) if codebook is not None else given
    return given.assign(unit=given["unit"].astype(str))


def _twice(given: pd.DataFrame) -> pd.DataFrame:
    """Return the verbatims that two people coded; all of them if there are none."""
    several = given.groupby("unit")["coder"].transform("nunique") >= 2
    return given[several] if several.any() else given


def _segments(
    units: pd.Index, responses: pd.DataFrame | None, by: str | None, min_n: int
) -> list[tuple[str, Array, Array]]:
    """Return ('all', …) and each large enough segment: its units, and the others."""
    everything = np.ones(len(units))
    found = [("all", everything, 0 * everything)]
    if not by or responses is None:
        return found
    _checks.columns(responses, [by], "responses")
    place = pd.Index(verbatim_ids(responses)).get_indexer(units)
    known = place >= 0
    for name, rows in levels(responses, by)[1:]:
        if name == BLANK:
            continue
        inside = known & rows[place]
        if inside.sum() >= max(min_n, 2):
            found.append((name, inside.astype(float), (known & ~inside).astype(float)))
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Side:
    """A pair, and each unit's terms for every code: codes, units, terms."""

    pair: Pair
    terms: Array

    @classmethod
    def of(cls, pair: Pair | None) -> _Side | None:
        """Sum the terms, if there is a pair."""
        if pair is None:
            return None
        codes = range(pair.gave.shape[-1])
        return cls(pair, np.stack([yes_no_sums(pair, k)[0] for k in codes]))


@dataclass(frozen=True, slots=True, eq=False)
class _Judged:
    """Both pairs, the samples of their verbatims, and the bar."""

    people: _Side | None
    machine: _Side | None
    draws: Array
    level: float
    margin: float

    def rows(
        self, codes: Sequence[str], inside: Array, rest: Array
    ) -> list[tuple[str, dict[str, object]]]:
        """Return a row over all codes and one a code, for some verbatims."""
        every = tuple(range(len(codes)))
        asked = [(ALL_CODES, every), *((c, (k,)) for k, c in enumerate(codes))]
        return [(code, self._row(which, inside, rest)) for code, which in asked]

    def _row(
        self, which: Sequence[int], inside: Array, rest: Array
    ) -> dict[str, object]:
        people, machine = (
            self._alphas(side, which, inside) for side in (self.people, self.machine)
        )
        told = self.machine or self.people
        elsewhere = self._alphas(told, which, rest) if rest.any() else np.nan * people
        here = people if self.machine is None else machine
        given = 0 if told is None else int(
            told.pair.gave[inside[told.pair.unit] > 0][..., list(which)].sum()
        )  # fmt: skip
        row: dict[str, object] = {"n": int(inside.sum()), "n_given": given}
        row |= self._spans("", machine) | self._spans("people", people)
        gap = self._spans("effect_size", machine - people)
        row |= gap | self._spans("elsewhere", here - elsewhere)
        return row | {"verdict": self._verdict(gap, given)}

    def _alphas(self, side: _Side | None, which: Sequence[int], units: Array) -> Array:
        """Return alpha of the data and of every sample of these units."""
        if side is None:
            return np.full(len(self.draws), np.nan)
        sums = side.terms[list(which)].sum(axis=0)
        return coefficients(self.draws @ (units[:, None] * sums), 2)["alpha"]

    def _spans(self, name: str, values: Array) -> dict[str, float]:
        point = float(values[0])
        ends = (point, *spread(values[1:], point, self.level)[1:])
        keys = [f"{name}{end}" for end in _ENDS]
        if not name:
            keys = ["estimate", "ci_lower", "ci_upper"]
        return dict(zip(keys, ends, strict=True))

    def _verdict(self, gap: dict[str, float], given: int) -> str:
        low, high = gap["effect_size_ci_lower"], gap["effect_size_ci_upper"]
        if given < _MIN_GIVEN or not np.isfinite(low):
            return "too few"
        if low > 0:
            return "better"
        if low > -self.margin:
            return "as good"
        return "worse" if high < 0 else "not clear"
