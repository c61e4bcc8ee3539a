"""A fair, redacted sample of what customers wrote."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer

from cxlib import _checks
from cxlib.result import Assumption
from cxlib.voc._frames import (
    Bools,
    code_list,
    code_names,
    finest,
    levels,
    membership,
    said,
)
from cxlib.voc._score import ScaleLike, score_bands
from cxlib.voc._words import Told
from cxlib.voc.codebook import Codebook
from cxlib.voc.redact import redact
from cxlib.voc.text import clean

_COLUMNS = ["code", "name", "segment", "band", "n", "pick", "quote"]
_WIDTH = 280
_METHOD = (
    "Typical: nearest to the middle of its group by TF-IDF; random: drawn with the "
    "report's seed. Personal data replaced by [what it was]."
)
_NAMES_STAY = Assumption(
    text="Redaction misses about a third of persons' names: somebody reads the quotes "
    "before they are passed on.",
    quality="low", impact="high",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Quotes(Told):
    """Redacted verbatims, a few a group of code, segment and score band.

    `table`: code, name, segment, band, n (verbatims of the group), pick ('typical',
    the one nearest to all of its group, or 'random'), quote (redacted, at most 280
    characters, not escaped: `_repr_html_` escapes it).
    """

    k: int

    @property
    def text(self) -> str:
        """How many quotes from how many groups, and the rule of k."""
        groups = len(self.table.drop_duplicates(["code", "segment", "band"]))
        if not groups:
            what = "group of code, segment and score"
            return f"No quotes: no {what} has {self.k} verbatims."
        return (
            f"{len(self.table)} quotes from {groups} groups, drawn with a seed and "
            f"redacted; groups below {self.k} verbatims are not quoted."
        )

    def _repr_html_(self) -> str:
        blocks = "".join(_blocks(self.table))
        note = html.escape(self.method)
        return (
            f"<p class='finding'>{html.escape(self.text)}</p>{blocks}"
            f"<p class='method'>{note}</p>"
        )


def quotes(
    responses: pd.DataFrame,
    coded: pd.DataFrame,
    *,
    codebook: Codebook | None = None,
    codes: Iterable[str] = (),
    by: str | None = None,
    scale: ScaleLike = "",
    score: str = "score",
    verbatim: str = "verbatim",
    language: str = "",
    n_quotes: int = 2,
    n_groups: int = 0,
    k: int = 10,
    names: Iterable[str] = (),
    rng: int | np.random.Generator = 0,
) -> Quotes:
    """Draw quotes from every group of code, segment and score band.

    Parameters
    ----------
    responses, coded : pandas.DataFrame
        As for `voc.prevalence`.
    codebook : Codebook, optional
        Names; only codes that are no other's parent are quoted.
    codes : iterable of str
        Only these codes; all if empty.
    by : str, optional
        Column of segments; blank for none.
    scale : str, mapping or Scale
        Scale of the score, whose bands are groups of their own; blank for none.
    score, verbatim : str
        Columns.
    language : str
        Language of the names.
    n_quotes : int
        Quotes a group: the first is the typical one, the others are random.
    n_groups : int
        At most so many groups of segment and band a code, drawn at random; 0 for all.
    k : int
        Groups with fewer verbatims (by different respondents) are not quoted.
    names : iterable of str
        Names to redact wherever they stand.
    rng : int or numpy.random.Generator

    Returns
    -------
    Quotes

    Notes
    -----
    Typical: nearest, by TF-IDF, to the middle of its group, among quotes of 20
    characters or more where there are such. Random ones are drawn without regard to
    length or content. Every quote is redacted, stripped of control and bidirectional
    characters and cut. Equal texts are quoted once in a group.

    Examples
    --------
    >>> import pandas as pd
    >>> told = pd.DataFrame({"verbatim": [f"It was {i} days late" for i in range(12)]})
    >>> book = Codebook.from_dict({"version": 1, "codes": [
    ...     {"id": "delivery", "phrases": {"en": ["late"]}}]})
    >>> from cxlib.voc.coder import code
    >>> drawn = quotes(told, code(told, book), n_quotes=1).table
    >>> drawn[["code", "n", "pick"]].to_numpy().tolist()
    [['delivery', 12, 'typical']]
    """
    _checks.in_range(n_quotes, "n_quotes", 0, 50)
    _checks.in_range(n_groups, "n_groups", 0, float("inf"))
    _checks.in_range(k, "k", 1, float("inf"))
    generator = _checks.generator(rng)
    told = said(responses, verbatim=verbatim)
    known = code_list(coded, codebook)
    has = membership(told.ids, coded, known)
    shown = redact(told.frame[verbatim], names=names).map(
        lambda t: clean(t, width=_WIDTH)
    )
    texts = shown.astype(object).to_numpy()
    people = _people(told.frame)
    bands = score_bands(told.frame, scale, score)
    rows: list[dict[str, object]] = []
    for place in _wanted(known, codebook, codes):
        strata = (
            ({"segment": segment, "band": band}, has[:, place] & inside & scored)
            for segment, inside in levels(told.frame, by or None)[1 if by else 0 :]
            for band, scored in bands
        )
        open_ = [s for s in strata if len(np.unique(people[s[1]])) >= k]
        about = code_names(known[place], codebook, language)
        for where, group in _few(open_, n_groups, generator):
            for pick, quote in _draw(texts[group], n_quotes, generator):
                drawn = {"n": int(group.sum()), "pick": pick, "quote": quote}
                rows.append(about | where | drawn)
    return Quotes(
        table=pd.DataFrame(rows, columns=_COLUMNS), k=k,
        assumptions=(_NAMES_STAY,), method=_METHOD,
    )  # fmt: skip


def _few(
    groups: list[tuple[dict[str, str], Bools]], n: int, rng: np.random.Generator
) -> list[tuple[dict[str, str], Bools]]:
    """Return n of the groups, drawn at random, in their order; all if n is 0."""
    if not n or len(groups) <= n:
        return groups
    return [groups[i] for i in sorted(rng.permutation(len(groups))[:n])]


def _people(frame: pd.DataFrame) -> npt.NDArray[np.intp]:
    if "respondent_id" not in frame.columns:
        return np.arange(len(frame))
    codes = pd.factorize(frame["respondent_id"])[0]
    return np.where(codes < 0, -1 - np.arange(len(frame)), codes)


def _wanted(
    known: tuple[str, ...], codebook: Codebook | None, codes: Iterable[str]
) -> list[int]:
    """Return the places of the codes to quote."""
    chosen = list(codes)
    for code in chosen:
        if code not in known:
            _checks.one_of(code, "codes", known)
    table = pd.DataFrame([code_names(code, codebook) for code in known])
    leaves = set(finest(table)["code"]) if len(table) else set()
    return [
        i
        for i, code in enumerate(known)
        if (code in chosen if chosen else code in leaves)
    ]


def _draw(
    texts: npt.NDArray[np.object_], n: int, rng: np.random.Generator
) -> Iterator[tuple[str, str]]:
    """Yield (pick, quote): the typical text, then random others, none twice."""
    unique = np.array(sorted(set(texts) - {""}), dtype=object)
    if not n or not len(unique):
        return
    first = _typical(unique, texts)
    yield "typical", unique[first]
    others = np.delete(np.arange(len(unique)), first)
    for place in rng.permutation(others)[: n - 1]:
        yield "random", unique[place]


def _typical(unique: npt.NDArray[np.object_], texts: npt.NDArray[np.object_]) -> int:
    """Return the place of the text nearest to the middle of all texts."""
    try:
        rows = TfidfVectorizer(sublinear_tf=True).fit_transform(texts)
    except ValueError:
        return 0
    places = {text: place for place, text in enumerate(texts)}
    middle = np.asarray(rows.mean(axis=0)).ravel()
    near = (rows @ middle)[[places[text] for text in unique]]
    long = np.array([len(text) >= 20 for text in unique])
    return int(np.argmax(np.where(long, near, near - 10 * long.any())))


def _blocks(table: pd.DataFrame) -> Iterator[str]:
    """Yield one escaped block a code."""
    for name, rows in table.groupby("name", sort=False):
        items = []
        for row in rows.to_dict("records"):
            parts = [str(row[c]) for c in ("segment", "band") if row[c] != "all"]
            source = html.escape(", ".join([*parts, f"n = {row['n']:,}", row["pick"]]))
            quote = html.escape(str(row["quote"]))
            items.append(
                f"<li><span dir='auto' translate='no'>“{quote}”</span> "
                f"<small>({source})</small></li>"
            )
        head = f"<h4 translate='no'>{html.escape(str(name))}</h4>"
        yield f"{head}<ul>{''.join(items)}</ul>"
