"""Where coders disagree, to talk about and to mend the codebook."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cxlib import _checks, _format
from cxlib.estimate import estimate
from cxlib.result import Assumption
from cxlib.voc._frames import code_names, said
from cxlib.voc._pairs import Ratings, ratings_of
from cxlib.voc._words import Told, column, records, sentence, spans
from cxlib.voc.codebook import Codebook
from cxlib.voc.redact import redact
from cxlib.voc.text import clean

_COLUMNS = [
    "code", "name", "parent", "n", "n_given", "n_disputed", "estimate", "std_error",
    "ci_lower", "ci_upper", "more_by", "n_more",
]  # fmt: skip
_NOBODY = "No verbatim was read by two coders: there is nothing to compare."
_WIDTH = 280
_METHOD = (
    "Among verbatims that two coders or more read: of those to which somebody gave the "
    "code, the share to which not all did; Wilson interval. All hand codes, the chosen "
    "ones too: a work list, no measure of agreement."
)
_NAMES_STAY = Assumption(
    text="Redaction misses some names: somebody reads the disputed verbatims before "
    "they are passed on.",
    quality="low", impact="high",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Disagreements(Told):
    """Codes on which coders differ, and the verbatims they differ on most.

    `table`: one row a code, the most disputed first: code, name, parent, n (verbatims
    read by two coders), n_given (somebody gave the code), n_disputed, estimate
    (n_disputed / n_given) with std_error and interval, more_by (the coder who gives it
    alone most often), n_more (how often).

    Attributes
    ----------
    disputed : pandas.DataFrame
        The most disputed verbatims: quote (redacted), n_codes (codes they differ on),
        readings ("Anna: Delivery · Ben: none").
    """

    disputed: pd.DataFrame
    n_other_codebook: int
    confidence_level: float
    k: int
    reason: str = ""

    @property
    def text(self) -> str:
        """The code most disputed and who gives it more."""
        if self.reason:
            return self.reason
        rows = self.table[
            (self.table["n_disputed"] > 0) & self.table["estimate"].notna()
        ]
        n = _format.count(self.table["n"].max())
        if rows.empty:
            return (
                f"No code with {self.k} uses is disputed in {n} verbatims."
                f"{self._older()}"
            )
        row = records(rows.head(1))[0]
        share = _format.quantity(row["estimate"], "share")
        ends = _format.interval(
            row["ci_lower"], row["ci_upper"], "share",
            confidence_level=self.confidence_level,
        )  # fmt: skip
        return (
            f"Coders differ most on {row['name']}: of the {row['n_given']:,} verbatims "
            f"that somebody gave it, {share} ({ends}) are disputed, and "
            f"{row['more_by']} gives it alone in {row['n_more']:,} of "
            f"{row['n_disputed']:,}. "
            f"{sentence(n)} verbatims were read by two coders.{self._older()}"
        )

    def _older(self) -> str:
        if not self.n_other_codebook:
            return ""
        count = _format.count(self.n_other_codebook)
        return f" {count} rows were coded under another version of the codebook."

    def _display(self) -> pd.DataFrame:
        rows = self.table[self.table["n_given"] > 0]
        return pd.DataFrame(
            {
                "code": rows["name"],
                "given by somebody": column(rows, "n_given", "count"),
                "disputed": column(rows, "n_disputed", "count"),
                "disputed, %": column(rows, "estimate", "share"),
                f"{100 * self.confidence_level:g} % CI": spans(rows, "share"),
                "given alone most by": rows["more_by"],
                "times": column(rows, "n_more", "count"),
            }
        )

    def _repr_html_(self) -> str:
        items = "".join(
            "<li><span dir='auto' translate='no'>"
            f"“{html.escape(str(row['quote']))}”</span> "
            f"<small>({html.escape(str(row['readings']))})</small></li>"
            for row in records(self.disputed)
        )
        listed = f"<h4>Most disputed</h4><ul>{items}</ul>" if items else ""
        return f"{super(Disagreements, self)._repr_html_()}{listed}"


def disagreements(
    codings: pd.DataFrame | None,
    responses: pd.DataFrame,
    *,
    codebook: Codebook,
    n_quotes: int = 10,
    k: int = 10,
    names: Iterable[str] = (),
    verbatim: str = "verbatim",
    language: str = "",
    confidence_level: float = 0.95,
) -> Disagreements:
    """List the codes and the verbatims on which coders disagree.

    Parameters
    ----------
    codings : pandas.DataFrame or None
        What people coded: verbatim_id, coder, code (blank: looked, found nothing).
    responses : pandas.DataFrame
        The verbatims.
    codebook : Codebook
    n_quotes : int
        Disputed verbatims to show.
    k : int
        Codes that somebody gave to fewer verbatims get no share, and no verbatim is
        shown because of them alone.
    names : iterable of str
        Names to redact wherever they stand.
    verbatim : str
        Column of the texts.
    language : str
        Language of the codes' names.
    confidence_level : float

    Returns
    -------
    Disagreements
        Empty, with the reason, if no verbatim has two coders.

    Examples
    --------
    >>> told = pd.DataFrame({"verbatim_id": range(12), "verbatim": ["late"] * 12})
    >>> book = Codebook.from_dict({"version": 1, "codes": [
    ...     {"id": "delivery", "phrases": {"en": ["late"]}}]})
    >>> both = pd.DataFrame({"verbatim_id": [*range(12)] * 2,
    ...     "coder": ["Anna"] * 12 + ["Ben"] * 12,
    ...     "code": ["delivery"] * 12 + ["delivery"] * 9 + [""] * 3})
    >>> found = disagreements(both, told, codebook=book)
    >>> int(found.table.loc[0, "n_disputed"]), found.table.loc[0, "more_by"]
    (3, 'Anna')
    """
    _checks.in_range(k, "k", 1, float("inf"))
    _checks.in_range(n_quotes, "n_quotes", 0, 200)
    if codings is None or codings.empty:
        return _none(_NOBODY, confidence_level, k)
    _checks.columns(codings, ["verbatim_id", "coder", "code"], "codings")
    codebook.roll_up(codings[["verbatim_id", "coder", "code"]])
    given = codings.rename(columns={"verbatim_id": "unit"})
    coders = list(dict.fromkeys(given["coder"].astype(str)))
    ratings = _shared(ratings_of(given, codebook.ids))
    if not len(ratings.units):
        return _none(_NOBODY, confidence_level, k)
    rows = [
        code_names(code, codebook, language)
        | _code_row(ratings, place, coders, k, confidence_level)
        for place, code in enumerate(codebook.ids)
    ]
    table = pd.DataFrame(rows, columns=_COLUMNS).sort_values(
        ["estimate", "n_disputed"], ascending=False, kind="stable", ignore_index=True
    )
    told = said(responses, verbatim=verbatim)
    texts = told.frame[verbatim].set_axis(told.ids)
    labels = [codebook.label(code, language) for code in codebook.ids]
    lines = list(_most(ratings, texts, labels, coders, k))[:n_quotes]
    shown = pd.DataFrame(lines, columns=["quote", "n_codes", "readings"])
    quotes = [clean(one, width=_WIDTH) for one in redact(shown["quote"], names=names)]
    return Disagreements(
        table=table, disputed=shown.assign(quote=quotes), unit="share", k=k,
        n_other_codebook=_elsewhere(codings, codebook), method=_METHOD,
        confidence_level=confidence_level, assumptions=(_NAMES_STAY,),
    )  # fmt: skip


def _none(reason: str, level: float, k: int) -> Disagreements:
    return Disagreements(
        table=pd.DataFrame(), disputed=pd.DataFrame(), n_other_codebook=0, k=k,
        confidence_level=level, reason=reason,
    )  # fmt: skip


def _elsewhere(codings: pd.DataFrame, codebook: Codebook) -> int:
    """Count the rows whose sheet was made from another codebook."""
    if "codebook" not in codings.columns:
        return 0
    used = codings["codebook"].dropna().astype(str)
    return int(sum(not codebook.sha256.startswith(one) for one in used))


def _shared(ratings: Ratings) -> Ratings:
    """Keep the units that two coders or more looked at."""
    two = ratings.looked.sum(axis=1) >= 2
    return Ratings(ratings.units[two], ratings.looked[two], ratings.gave[two])


def _code_row(
    ratings: Ratings, place: int, coders: list[str], k: int, level: float
) -> dict[str, object]:
    gave = ratings.gave[..., place]
    somebody = gave.any(axis=1)
    split = somebody & (gave.sum(axis=1) < ratings.looked.sum(axis=1))
    alone = gave[split].sum(axis=0)
    row: dict[str, object] = {
        "n": len(ratings.units), "n_given": int(somebody.sum()),
        "n_disputed": int(split.sum()), "more_by": "", "n_more": 0,
    }  # fmt: skip
    if somebody.sum() < k:
        return row
    if split.any():
        row |= {"more_by": coders[int(alone.argmax())], "n_more": int(alone.max())}
    found = estimate(split[somebody], "share", confidence_level=level)
    values = ("estimate", "std_error", "ci_lower", "ci_upper")
    return row | {name: getattr(found, name) for name in values}


def _most(
    ratings: Ratings, texts: pd.Series, labels: list[str], coders: list[str], k: int
) -> Iterator[tuple[str, int, str]]:
    """Yield the verbatims with the most disputed codes, common codes only."""
    gave = ratings.gave
    common = gave.any(axis=1).sum(axis=0) >= k
    split = gave.any(axis=1) & (gave.sum(axis=1) < ratings.looked.sum(axis=1)[:, None])
    times = (split & common).sum(axis=1)
    for unit in np.argsort(-times, kind="stable"):
        name = ratings.units[unit]
        if not times[unit] or name not in texts.index:
            continue
        readings = [
            f"{coder}: {_listed(gave[unit, place], labels)}"
            for place, coder in enumerate(coders)
            if ratings.looked[unit, place]
        ]
        yield str(texts[name]), int(times[unit]), " · ".join(readings)


def _listed(given: np.ndarray, labels: list[str]) -> str:
    return ", ".join(labels[i] for i in np.flatnonzero(given)) or "none"
