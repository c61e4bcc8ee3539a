"""Praise or blame as the words have it, beside what the customer's rating says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib import _checks, _format, scales
from cxlib.estimate import Design, estimate
from cxlib.result import Assumption, Finding
from cxlib.voc._alike import Embeddings
from cxlib.voc._embed import MISSING, encoder
from cxlib.voc._frames import code_list, code_names, finest, membership, plan_of, said
from cxlib.voc._ranks import auc, spearman
from cxlib.voc._score import ScaleLike
from cxlib.voc._tone import Tone, read_tone
from cxlib.voc._words import Row, Told, column, finding, measured, records, spans
from cxlib.voc.codebook import Codebook

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Numbers = dict[str, Any]
AGREEMENT, AGAINST, ALL, CODE = "agreement", "disagreement", "all", "code"
_PRAISE, _CLEAR = 0.5, 0.8
_MIN_ENDS = 30
_TOO_FEW = (
    "{:,} verbatims come with a high and {:,} with a low score, and {:,} of each are "
    "needed"
)
_READING = Assumption(
    text="Words that praise or blame are read alike whatever the code and language.",
    quality="medium", impact="medium",
)  # fmt: skip
_METHOD = (
    "Logistic regression on sentence embeddings, learnt from own example sentences "
    "and, out of fold, from top against bottom scores; AUC by DeLong under the "
    "design, Spearman by bootstrap, shares by Wilson."
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Sentiment(Told):
    """Share of verbatims whose words praise, and how far words and rating agree.

    `table`: about ('agreement', 'disagreement', 'all', 'code'), code, name, parent, n,
    estimate with std_error and interval, unit. Agreement: AUC (0.5 is chance) of top
    against bottom scores by our sentences alone and fitted, Spearman's correlation.
    Disagreement: share of low scores with clearly praising words and of high scores
    with clearly blaming ones. Codes only where the interval of the AUC is above 0.5.
    """

    label: str = ""
    confidence_level: float = 0.95
    reason: str = ""

    @property
    def text(self) -> str:
        """The agreement first; then what praises least and most."""
        if self.table.empty:
            return self.reason
        lead = f"{self._agreed()} {self._against()}".strip()
        return f"{lead} {self._codes()}".strip()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The agreement with the rating, and the disagreements."""
        if self.table.empty:
            return ()
        best = self._rows(AGREEMENT)[-2]
        told = [
            finding(
                "sentiment_auc",
                self._agreed(),
                best,
                "score",
                "Words against rating, AUC",
                level=self.confidence_level,
            )
        ]
        told += [
            finding(
                f"sentiment_{row['code']}",
                self._share_of(row),
                row,
                "share",
                level=self.confidence_level,
            )
            for row in self._rows(AGAINST)
        ]
        return tuple(told)

    @property
    def codes(self) -> pd.DataFrame:
        """The rows of all verbatims and of each code, for a chart."""
        if self.table.empty:
            return self.table
        return self.table[self.table["about"].isin([ALL, CODE])]

    def _rows(self, about: str) -> list[Row]:
        return records(self.table[self.table["about"] == about])

    def _agreed(self) -> str:
        *_, best, order = self._rows(AGREEMENT)
        area, rho = (_format.number(row["estimate"]) for row in (best, order))
        return (
            f"The words tell high from low {self.label} with an AUC of {area} "
            f"({measured(best, 'score', self.confidence_level)}; 0.5 is chance; "
            f"Spearman {rho})."
        )

    def _share_of(self, row: Row) -> str:
        share = _format.quantity(row["estimate"], "share")
        found = measured(row, "share", self.confidence_level)
        which, what = str(row["name"]).split(" with ")
        return f"{share} of {which} come with {what} ({found})."

    def _against(self) -> str:
        return " ".join(self._share_of(row) for row in self._rows(AGAINST))

    def _codes(self) -> str:
        rows = records(finest(self.codes).dropna(subset="estimate").iloc[1:])
        if not self._rows(ALL):
            return (
                "Words and score agree no more than by chance, so codes are not shown."
            )
        if len(rows) < 2:
            return ""
        low, high = (
            f"{row['name']} ({_format.quantity(row['estimate'], 'share')})"
            for row in (
                pick(rows, key=lambda r: float(r["estimate"])) for pick in (min, max)
            )
        )
        return f"Verbatims praise least about {low}, most about {high}."

    def _display(self) -> pd.DataFrame:
        rows = self.table
        unit = rows["unit"].tolist()
        return pd.DataFrame(
            {
                "": rows["name"],
                "n": column(rows, "n", "count"),
                "estimate": [
                    _format.quantity(value, u)
                    for value, u in zip(rows["estimate"], unit, strict=True)
                ],
                f"{100 * self.confidence_level:g} % CI": [
                    spans(rows.iloc[[i]], u)[0] for i, u in enumerate(unit)
                ],
            }
        )


def sentiment(
    responses: pd.DataFrame,
    coded: pd.DataFrame,
    *,
    scale: ScaleLike = "nps",
    score: str = "score",
    codebook: Codebook | None = None,
    language: str = "",
    weights: str | None = None,
    cluster: str | None = None,
    verbatim: str = "verbatim",
    embeddings: Embeddings = "auto",
    min_n: int = 10,
    n_folds: int = 5,
    n_resamples: int = 200,
    confidence_level: float = 0.95,
    rng: int | np.random.Generator = 0,
) -> Sentiment:
    """Read praise and blame in verbatims, and measure that against their ratings.

    Use it to find where words and rating part, and which codes are praised. Never
    without the agreement: where there is no score, or no encoder, nothing is read.

    Parameters
    ----------
    responses, coded : pandas.DataFrame
        As for `voc.prevalence`.
    scale : str, mapping or Scale
        Of the rating; blank where there is none: the result is then empty.
    score, verbatim : str
        Columns.
    codebook : Codebook, optional
    language : str
        Of the codes' names.
    weights, cluster : str, optional
        Columns of the survey design; blank for none.
    embeddings : {"auto", "none"}
        "none" as if the sentence encoder were not installed.
    min_n : int
        Codes and scores with fewer verbatims are not reported.
    n_folds, n_resamples : int
        Folds of customers; bootstrap of Spearman's correlation.
    confidence_level : float
    rng : int or numpy.random.Generator

    Returns
    -------
    Sentiment

    Notes
    -----
    A linear head on multilingual sentence embeddings, learnt from 240 sentences of
    ours (Italian and English). With 30 top and 30 bottom scores it learns from these
    too; each verbatim is then read by a model that saw no answer of its customer. Top
    and bottom: promoters and detractors of a net score, the two sides of a share, the
    upper and lower third of a mean's scale. Praise: a chance of one half or more;
    clear: 0.8. How customers of one rating choose their words differs by code, so a
    code's share is no rating of it.

    References
    ----------
    DeLong, E. R., DeLong, D. M. and Clarke-Pearson, D. L. (1988). Comparing the areas
    under two or more correlated ROC curves. Biometrics 44, 837-845.
    doi:10.2307/2531595

    Examples
    --------
    >>> import pandas as pd
    >>> told = pd.DataFrame({"verbatim": ["lovely"], "score": [9]})
    >>> coded = pd.DataFrame({"verbatim_id": ["row 1"], "code": ["a"]})
    >>> sentiment(told, coded, scale="").text
    'Not read: no score was given to check the reading against.'
    """
    _checks.one_of(embeddings, "embeddings", get_args(Embeddings))
    _checks.in_range(n_folds, "n_folds", 2, 50)
    if not scale:
        return _none("no score was given to check the reading against")
    if embeddings == "none":
        return _none("sentence embeddings were turned off")
    known = encoder()
    if known is None:
        return _none(MISSING)
    chosen = scales.get(scale)
    told = said(responses, verbatim=verbatim)
    _checks.columns(told.frame, [score], "responses")
    values = chosen.values(told.frame[score])
    top, bottom = _ends(values, chosen)
    if min(top.sum(), bottom.sum()) < max(2, min_n):
        return _none(_TOO_FEW.format(top.sum(), bottom.sum(), max(2, min_n)))
    plan = plan_of(told.frame, weights, None, cluster)
    generator = _checks.generator(rng)
    tone = read_tone(
        told.frame[verbatim].tolist(), top, bottom, groups=plan.cluster, encoder=known,
        n_folds=n_folds, min_ends=_MIN_ENDS, rng=generator,
    )  # fmt: skip
    sample = _Sample(values, top, bottom, plan, min_n, confidence_level)
    named = _coded(told.ids, coded, codebook, language)
    rows = sample.rows(tone, named, n_resamples=n_resamples, rng=generator)
    return Sentiment(
        table=pd.DataFrame(rows), label=chosen.label, assumptions=(_READING,),
        confidence_level=confidence_level, method=_METHOD,
    )  # fmt: skip


def _none(reason: str) -> Sentiment:
    return Sentiment(table=pd.DataFrame(), reason=f"Not read: {reason}.")


def _coded(
    ids: pd.Index, coded: pd.DataFrame, book: Codebook | None, language: str
) -> Iterable[tuple[dict[str, str], Bools]]:
    """Return each code's names and which verbatims have it."""
    codes = code_list(coded, book)
    names = (code_names(code, book, language) for code in codes)
    return zip(names, membership(ids, coded, codes).T, strict=True)


def _ends(values: Array, scale: scales.Scale) -> tuple[Bools, Bools]:
    """Return which rows have a clearly high and a clearly low score."""
    third = (scale.high - scale.low) / 3
    high, low = {
        "net": (0.5, -0.5), "share": (0.5, 0.5),
        "mean": (scale.high - third, scale.low + third),
    }[scale.kind]  # fmt: skip
    with np.errstate(invalid="ignore"):
        return values >= high, values <= low


@dataclass(frozen=True, slots=True, eq=False)
class _Sample:
    """Verbatims with their scores, which of these are clear, and the design."""

    values: Array
    top: Bools
    bottom: Bools
    plan: Design
    min_n: int
    level: float

    def rows(
        self, tone: Tone, named: Iterable[tuple[dict[str, str], Bools]], *,
        n_resamples: int, rng: np.random.Generator,
    ) -> list[Numbers]:  # fmt: skip
        """Return all rows; those of codes only where words and score agree."""
        praise = tone.seeds if np.isnan(tone.fitted).any() else tone.fitted
        rows = self.agreement(tone)
        agreed = rows[-1]["ci_lower"] > _PRAISE
        rows += self.order(praise, n_resamples=n_resamples, rng=rng)
        rows += self.disagreement(praise)
        return rows + (self.codes(praise, named) if agreed else [])

    def agreement(self, tone: Tone) -> list[Numbers]:
        """Return the AUC of each reading that was made."""
        n = int((self.top | self.bottom).sum())
        readings = {
            "our sentences alone": tone.seeds, "fitted to the ratings": tone.fitted
        }  # fmt: skip
        return [
            _row(AGREEMENT, "auc", f"AUC, {name}", n, "score")
            | auc(chance, self.top, self.bottom, self.plan, self.level)
            for name, chance in readings.items()
            if not np.isnan(chance).any()
        ]

    def order(
        self, praise: Array, *, n_resamples: int, rng: np.random.Generator
    ) -> list[Numbers]:
        """Return Spearman's correlation of the reading and the score."""
        known = np.isfinite(self.values)
        found = spearman(
            praise[known], self.values[known], self.plan.at(known), self.level,
            n_resamples=n_resamples, rng=rng,
        )  # fmt: skip
        row = _row(AGREEMENT, "spearman", "Spearman", int(known.sum()), "score")
        return [row | found]

    def disagreement(self, praise: Array) -> list[Numbers]:
        """Return the share of low scores that praise, and of high ones that blame."""
        good, bad = praise >= _CLEAR, praise <= 1 - _CLEAR
        sides = (
            ("low_praise", "low scores with praising words", self.bottom, good),
            ("high_blame", "high scores with blaming words", self.top, bad),
        )
        return [
            _row(AGAINST, code, name, int(inside.sum()), "share")
            | self._share(hit, inside)
            for code, name, inside, hit in sides
        ]

    def codes(
        self, praise: Array, named: Iterable[tuple[dict[str, str], Bools]]
    ) -> list[Numbers]:
        """Return the share that praises, of all verbatims and of each code's."""
        good = praise >= _PRAISE
        every = np.ones(len(good), dtype=bool)
        rows = [_row(ALL, "", "all verbatims", len(good), "share")]
        rows[0] |= self._share(good, every)
        for names, inside in named:
            row = _row(CODE, names["code"], names["name"], int(inside.sum()), "share")
            row["parent"] = names["parent"]
            if inside.sum() >= max(2, self.min_n):
                row |= self._share(good, inside)
            rows.append(row)
        return rows

    def _share(self, hit: Bools, inside: Bools) -> dict[str, float]:
        found = estimate(
            hit, "share", plan=self.plan, domain=inside, confidence_level=self.level
        ).as_row()
        return {k: found[k] for k in ("estimate", "std_error", "ci_lower", "ci_upper")}


def _row(about: str, code: str, name: str, n: int, unit: str) -> Numbers:
    nan = float("nan")
    return {
        "about": about, "code": code, "name": name, "parent": "", "n": n,
        "estimate": nan, "std_error": nan, "ci_lower": nan, "ci_upper": nan,
        "unit": unit,
    }  # fmt: skip
