"""Learn to code from hand codes, from none up, and say how good it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib import _checks, _format
from cxlib.result import Assumption, Finding
from cxlib.voc import _embed
from cxlib.voc._frames import code_names, membership, said
from cxlib.voc._lessons import (
    BY_BOOK,
    BY_CHILDREN,
    BY_HAND,
    Pupil,
    coded_all,
    roles_of,
    scored_rows,
    teach,
)
from cxlib.voc._marks import score_rows
from cxlib.voc._pairs import draws_of
from cxlib.voc._scorer import Coder
from cxlib.voc._shares import TRUTH
from cxlib.voc._words import Row, Told, column, finding, measured, records, spans
from cxlib.voc.codebook import Codebook
from cxlib.voc.coder import code as by_rules

Array = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]
ALL, MEAN = "(all codes together)", "(mean of codes)"
_ASSUMPTIONS = (
    Assumption(
        text="The verbatims coded by hand and scored here are a random sample of all "
        "that say something.",
        quality="medium", impact="high",
    ),
    TRUTH,
)  # fmt: skip
_UNMEASURED = (
    "How good the coder is was not measured: nothing was coded by hand, so the "
    "codebook alone {taught}."
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Learned(Told):
    """A trained coder, what it coded and how good it is; `estimate` is kappa.

    `table`: one row a code, then '(mean of codes)' and '(all codes together)' (both
    over codes that are no parent): code, name, parent, basis ('hand codes', 'codebook',
    'rules', 'children'), n (hand-coded verbatims scored), n_positive, threshold (share
    above which the code is given), estimate, std_error, ci_lower, ci_upper (kappa
    against people), f1, precision, recall with their intervals, rule_kappa, rule_f1,
    rule_precision, rule_recall (the phrases alone, on the same verbatims), gain (kappa
    minus the rules') with gain_ci_lower and gain_ci_upper.

    Attributes
    ----------
    coded : pandas.DataFrame
        verbatim_id, code, phrase (what fired, '' if nothing did), share (chance that
        the verbatim has the code), source ('model' or 'rule').
    shares : pandas.DataFrame
        Chance of every code (column) for every verbatim that says something (index).
    coder : Coder
        Codes further verbatims: `coder.code(frame)`, `coder.stream(frames)`.
    embeddings : bool
        Whether sentence embeddings were used.
    missing : str
        Why not, '' where they were.
    """

    coded: pd.DataFrame
    shares: pd.DataFrame
    coder: Coder
    embeddings: bool
    missing: str
    confidence_level: float
    min_positives: int

    @property
    def text(self) -> str:
        """How good, against the rules, and what it stands on."""
        parts = [self._quality(), self._basis()]
        if self.missing:
            parts.append(f"No sentence embeddings: {self.missing}.")
        return " ".join(part for part in parts if part)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Kappa of the mean code."""
        row = self._row(MEAN)
        if not np.isfinite(row["estimate"]):
            return ()
        return (
            finding(
                "coder_kappa",
                self._quality(),
                row,
                "score",
                "Coder, kappa",
                level=self.confidence_level,
            ),
        )

    def _display(self) -> pd.DataFrame:
        rows = self.table
        about = {"code": rows["name"], "rests on": rows["basis"]}
        if not rows["n"].any():
            return pd.DataFrame(about)
        return pd.DataFrame(
            about
            | {
                "n": column(rows, "n", "count"),
                "with it": column(rows, "n_positive", "count"),
                "kappa": column(rows, "estimate", "score"),
                f"{100 * self.confidence_level:g} % CI": spans(rows, "score"),
                "precision": column(rows, "precision", "score"),
                "recall": column(rows, "recall", "score"),
                "F1": column(rows, "f1", "score"),
                "phrases' kappa": column(rows, "rule_kappa", "score"),
                "gain": column(rows, "gain", "score", signed=True),
                "CI of gain": spans(rows, "score", "gain_"),
            }
        )

    def _row(self, code: str) -> Row:
        return records(self.table[self.table["code"] == code])[0]

    def _quality(self) -> str:
        row = self._row(MEAN)
        if not row["n"]:
            how = "trained it" if self.embeddings else "gives the codes, by its phrases"
            return _UNMEASURED.format(taught=how)
        if not np.isfinite(row["estimate"]):
            return "How good the coder is cannot be measured: no code varies."
        kappa = _format.number(row["estimate"])
        found = measured(row, "score", self.confidence_level, of=" verbatims")
        return (
            f"On verbatims it had not seen, the coder agrees with people at a mean "
            f"kappa of {kappa} ({found}); {self._against(row)}."
        )

    def _against(self, row: Row) -> str:
        """Say how the rules do on the same verbatims."""
        rules = _format.number(row["rule_kappa"])
        if row["gain_ci_lower"] > 0:
            return f"the phrases alone reach {rules}, which is less"
        if row["gain_ci_upper"] < 0:
            return f"the phrases alone reach {rules}, which is more: prefer them"
        return f"the phrases alone reach {rules}, which cannot be told apart"

    def _basis(self) -> str:
        codes = self.table[self.table["basis"] != ""]
        n_own = int((codes["basis"] != BY_CHILDREN).sum())
        few = codes.loc[~codes["basis"].isin([BY_HAND, BY_CHILDREN]), "code"]
        if not self._row(MEAN)["n"] or not len(few):
            return ""
        names = ", ".join(few.head(6)) + (", …" if len(few) > 6 else "")
        how = "the codebook alone" if (codes["basis"] == BY_BOOK).any() else "phrases"
        return (
            f"{len(few)} of {n_own} codes have too few hand codes "
            f"(under {self.min_positives} with or without) and rest on {how}: {names}."
        )


def learn(
    responses: pd.DataFrame,
    codebook: Codebook,
    *,
    codings: pd.DataFrame | None = None,
    verbatim: str = "verbatim",
    language: str | None = None,
    cluster: str | None = None,
    names: str = "",
    embeddings: Literal["auto", "none"] = "auto",
    n_folds: int = 5,
    min_positives: int = 5,
    confidence_level: float = 0.95,
    n_resamples: int = 300,
    rng: int | np.random.Generator = 0,
) -> Learned:
    """Train a coder on what people coded and what the codebook says, and use it.

    Parameters
    ----------
    responses : pandas.DataFrame
        With the verbatims, named as in `voc.code`.
    codebook : Codebook
    codings : pandas.DataFrame, optional
        verbatim_id, coder, code (blank: looked, found nothing). All rows train; where
        a column `sample` says "chosen" the verbatim is left out of the scores, because
        it was not drawn at random. None, or under 20 verbatims: the codebook trains.
    verbatim : str
        Column of the texts.
    language : str, optional
        Column of the verbatim's language, for the phrases.
    cluster : str, optional
        Column that ties verbatims together: intervals resample whole clusters.
    names : str
        Language of the codes' names.
    embeddings : {'auto', 'none'}
        'auto' uses sentence embeddings where their package is installed.
    n_folds : int
        Parts of the hand-coded verbatims; each is coded by a model without it.
    min_positives : int
        A code given to fewer (or missing from fewer) hand-coded verbatims rests on the
        codebook: its texts and phrases with embeddings, else its phrases.
    confidence_level : float
    n_resamples : int
        Bootstrap samples of verbatims.
    rng : int or numpy.random.Generator
        Of folds, of the uncoded verbatims that help and of the bootstrap.

    Returns
    -------
    Learned

    Raises
    ------
    DataError
        For a missing column, no words at all, or a code the codebook does not know.

    Notes
    -----
    One logistic regression a code (C = 1, yes and no weighing the same) on TF-IDF of
    words (1-2) and of parts of words (3-5 letters), sentence embeddings, likeness to
    the code's texts and phrase hits. 1,500 uncoded verbatims, labelled by the codebook,
    weigh as 50 coded ones together, less from 200 coded on. Verbatims coded by hand
    get the code of the model that did not see them, with a threshold that neither saw
    them; all others that of the mean model. Folds are drawn at random and do not keep
    equal texts together: uncoded verbatims have twins among the coded ones as well.
    At most 6,000 hand-coded verbatims train, drawn at random.

    References
    ----------
    Angelopoulos, A. N. et al. (2023). Prediction-powered inference; cross-fitting as in
    Zrnic, T. and Candès, E. J. (2024). doi:10.1073/pnas.2322083121

    Examples
    --------
    >>> book = Codebook.from_dict({"version": 1, "codes": [
    ...     {"id": "late", "phrases": {"en": ["late"]}}]})
    >>> told = pd.DataFrame({"verbatim": ["late again", "kind staff"]})
    >>> learned = learn(told, book, embeddings="none")
    >>> print(learned.coded.to_string(index=False))
    verbatim_id code phrase  share source
          row 1 late   late    1.0   rule
    """
    _check(embeddings, n_folds, min_positives, confidence_level)
    _checks.columns(responses, [cluster] if cluster else [], "responses")
    generator = _checks.generator(rng)
    heard = said(responses, verbatim=verbatim)
    rules = by_rules(responses, codebook, verbatim=verbatim, language=language)
    encoder = _embed.encoder() if embeddings == "auto" else None
    pupil = Pupil.of(heard, verbatim, rules, codings, codebook, encoder, min_positives)
    blank = Coder(
        codebook=codebook, verbatim=verbatim, language=language,
        roles=roles_of(pupil.basis()),
    )  # fmt: skip
    coder, rows, trained = teach(pupil, blank, n_folds, generator)
    coded, shares = coded_all(pupil, coder, rows, trained)
    scored = scored_rows(pupil, codings)
    groups = heard.frame[cluster].to_numpy()[scored] if cluster else None
    draws = draws_of(len(scored), n_resamples, generator, groups)
    table = _table(pupil, coder, coded, scored, draws, confidence_level, names)
    return Learned(
        table=table, coded=coded, shares=shares, coder=coder,
        embeddings=encoder is not None, missing=_missing(embeddings, encoder),
        confidence_level=confidence_level, min_positives=min_positives,
        assumptions=_ASSUMPTIONS if len(scored) else (),
        method=(
            "Logistic regression a code; out-of-fold codes against people's: Cohen's "
            f"kappa, F1; {n_resamples} bootstrap samples of verbatims."
        ),
    )  # fmt: skip


def _check(embeddings: str, n_folds: int, min_positives: int, level: float) -> None:
    _checks.one_of(embeddings, "embeddings", ("auto", "none"))
    _checks.in_range(n_folds, "n_folds", 2, 20)
    _checks.in_range(min_positives, "min_positives", 1, np.inf, ends="[)")
    _checks.in_range(level, "confidence_level", 0, 1, ends="()")


def _missing(embeddings: str, encoder: _embed.Encoder | None) -> str:
    if encoder is not None:
        return ""
    return _embed.MISSING if embeddings == "auto" else "switched off"


def _table(
    pupil: Pupil, coder: Coder, coded: pd.DataFrame, scored: Places, draws: Array,
    level: float, language: str,
) -> pd.DataFrame:  # fmt: skip
    """One row a code, then the mean of codes and all codes pooled (no parents)."""
    book = pupil.codebook
    ids, truth = pupil.heard.ids[scored], pupil.hand[scored]
    given = membership(ids, coded, book.ids)
    parents = {above for one in book.ids for above in book.ancestors(one)}
    finest = np.array([one not in parents for one in book.ids])
    about = (pupil.fired[scored], truth, draws, level)
    rows = score_rows(given, *about)[: len(book.ids)]
    fine = (given[:, finest], about[0][:, finest], truth[:, finest], draws, level)
    rows += score_rows(*fine)[-2:]
    heads: list[dict[str, object]] = [
        {**code_names(code, book, language), "basis": basis}
        for code, basis in zip(book.ids, pupil.basis(), strict=True)
    ]
    heads += [{"code": c, "name": c, "parent": "", "basis": ""} for c in (MEAN, ALL)]
    positive = [*truth.sum(axis=0), *[truth[:, finest].sum()] * 2]
    cuts = [*coder.thresholds(), np.nan, np.nan]
    return pd.DataFrame(
        [
            head | {"n": len(scored), "n_positive": round(n), "threshold": cut} | row
            for head, n, cut, row in zip(heads, positive, cuts, rows, strict=True)
        ]
    )
