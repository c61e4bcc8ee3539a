"""What is new: themes that a later wave speaks of more than chance explains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

import numpy as np
import pandas as pd

from cxlib import _checks, _format
from cxlib.data.convert import as_text
from cxlib.estimate import difference
from cxlib.estimate.counts import share_from_counts
from cxlib.result import Assumption, Finding
from cxlib.voc._alike import CODE, GROUP, WORD, Alike, Embeddings, Theme
from cxlib.voc._frames import code_list, code_names, in_order, membership, plan_of, said
from cxlib.voc._looks import Bools, Looks, one_each
from cxlib.voc._words import Row, Told, column, finding, measured, records, spans
from cxlib.voc.codebook import Codebook

_MAX_TEXTS = 3000
_SHOWN = 12
_ALIKE = Assumption(
    text="Both waves asked the same question of people drawn alike; who answers did "
    "not change.",
    quality="medium", impact="high",
)  # fmt: skip
_METHOD = (
    "Groups made blind to the wave; one-sided hypergeometric test per code, group and "
    "word, Benjamini-Hochberg within and Bonferroni over the three; false alarms by "
    "dealing the verbatims to the waves at random; Newcombe interval."
)
_APART = Assumption(
    text="One verbatim is one independent customer (none ties them together).",
    quality="low", impact="medium",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Emerging(Told):
    """Themes of the codebook and groups of look-alikes, earlier against later wave.

    `table`: one row a look: kind ('code', 'group' of look-alikes, 'word'), theme (the
    code's name, the words that mark the group, the word), n (verbatims looked at),
    n_before, n_after (of them with the theme), share_before, share_after, estimate
    (later minus earlier, a fraction) with std_error and interval, pvalue (one-sided,
    exact), pvalue_adj, emerging (whether the alarm is raised), told_by (the surer
    alarm that a third of its verbatims already raised; its own name where none did).

    `false_alarms` and `false_alarm_rate`: alarms these looks raise on average, and
    how often any, when verbatims are dealt to the two waves at random.
    """

    before: str = ""
    after: str = ""
    alpha: float = 0.05
    false_alarms: float = float("nan")
    false_alarm_rate: float = float("nan")
    confidence_level: float = 0.95
    reason: str = ""

    @property
    def text(self) -> str:
        """What emerged, and how often such looks cry wolf."""
        if self.table.empty:
            return self.reason
        raised = self._raised()
        if not raised:
            return (
                f"No theme is more frequent in {self.after} than in {self.before} "
                f"beyond chance. {self._declared()}"
            )
        named = "; ".join(self._named(row) for row in raised[:3])
        more = f"; and {len(raised) - 3} more" if len(raised) > 3 else ""
        themes = f"{len(raised)} themes" if len(raised) > 1 else "one theme"
        return (
            f"From {self.before} to {self.after} {themes} rose beyond chance: "
            f"{named}{more}. {self._declared()}"
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The three surest risers."""
        return tuple(
            finding(
                f"emerging_{place}",
                f"{self._named(row)}, {self.before} to {self.after}.", row,
                "share_points", f"{row['theme']}, change in share of verbatims",
                level=self.confidence_level,
            )
            for place, row in enumerate(self._raised()[:3], 1)
        )  # fmt: skip

    def _raised(self) -> list[Row]:
        if self.table.empty:
            return []
        own = self.table["told_by"] == self.table["theme"]
        return records(self.table[self.table["emerging"] & own])

    def _named(self, row: Row) -> str:
        first, last = (
            _format.quantity(row[c], "share") for c in ("share_before", "share_after")
        )
        gap = _format.quantity(row["estimate"], "share_points", signed=True)
        found = measured(row, "share", self.confidence_level)
        return f"“{row['theme']}” from {first} to {last} of verbatims ({gap}, {found})"

    def _declared(self) -> str:
        kinds = self.table["kind"].value_counts()
        looks = ", ".join(
            f"{n:,} {kind}{'s' if n > 1 else ''}"
            for kind, n in ((k, int(kinds.get(k, 0))) for k in (CODE, GROUP, WORD))
            if n
        )
        return (
            f"If nothing had changed, looks like these (at {looks}) would raise "
            f"{_format.number(self.false_alarms)} false alarms on average, and any in "
            f"{_format.quantity(self.false_alarm_rate, 'share')} of such comparisons."
        )

    def _display(self) -> pd.DataFrame:
        raised, kind = self.table["emerging"], self.table["kind"]
        own = raised & (self.table["told_by"] == self.table["theme"])
        rows = self.table[own | (~raised & (kind != WORD))].head(_SHOWN)
        return pd.DataFrame(
            {
                "theme": rows["theme"],
                "found by": rows["kind"],
                f"{self.before}, %": column(rows, "share_before", "share"),
                f"{self.after}, %": column(rows, "share_after", "share"),
                "change, points": column(rows, "estimate", "share", signed=True),
                f"{100 * self.confidence_level:g} % CI": spans(rows, "share"),
                "p, adjusted": [_format.pvalue(p) for p in rows["pvalue_adj"]],
                "alarm": ["yes" if found else "" for found in rows["emerging"]],
            }
        )


def emerging(
    responses: pd.DataFrame,
    coded: pd.DataFrame,
    *,
    wave: str,
    before: str = "",
    after: str = "",
    codebook: Codebook | None = None,
    language: str = "",
    cluster: str | None = None,
    verbatim: str = "verbatim",
    alpha: float = 0.05,
    n_groups: int = 20,
    embeddings: Embeddings = "auto",
    min_n: int = 10,
    n_resamples: int = 500,
    confidence_level: float = 0.95,
    rng: int | np.random.Generator = 0,
) -> Emerging:
    """Look for themes that one wave speaks of more than another, coded or not.

    Use it as an alarm after each wave. For the size of a change of a code, with
    weights and corrected for the machine's errors, see `voc.prevalence(by=wave)`.

    Parameters
    ----------
    responses, coded : pandas.DataFrame
        As for `voc.prevalence`.
    wave : str
        Column of the waves; blank for none: the result is then empty.
    before, after : str
        The waves to compare; blank for the two last, in the order of their names.
    codebook : Codebook, optional
        Names the codes; its wider codes are not looked at, their children are.
    language : str
        Of the codes' names.
    cluster : str, optional
        Column that ties verbatims to a customer: one of each customer's is looked at,
        drawn with the seed.
    verbatim : str
        Column of the texts.
    alpha : float
        False discovery rate that is allowed.
    n_groups : int
        Groups of look-alikes to make of each of both waves' verbatims and of those
        without a code; 0 looks at codes and words only.
    embeddings : {"auto", "none"}
        Group by meaning, across languages, where the sentence encoder is installed;
        by letters where it is not, or with "none".
    min_n : int
        Themes in fewer verbatims (both waves together) are not looked at; waves with
        fewer are not compared.
    n_resamples : int
        Random deals behind the false-alarm rate.
    confidence_level : float
        Of the interval of each change (Newcombe), not adjusted for the looks.
    rng : int or numpy.random.Generator

    Returns
    -------
    Emerging

    Notes
    -----
    Both waves' verbatims are pooled and grouped blind to the wave (spectral clustering
    as in `voc.suggest_codes`; at most 3,000, drawn with the seed). For each code,
    group and word: the one-sided hypergeometric test of its count in the later wave,
    exact given the pooled counts; Benjamini-Hochberg within codes, groups and words,
    Bonferroni over the three, so that many words do not drown a code. The false-alarm
    rate is measured, not derived. A word that names a group is used by 5 customers
    in it and `min_n` in all. Weights are not used.

    References
    ----------
    Fisher, R. A. (1935). The logic of inductive inference. JRSS 98, 39-82.
    doi:10.2307/2342435. Benjamini, Y. and Hochberg, Y. (1995). Controlling the false
    discovery rate. JRSS B 57, 289-300. doi:10.1111/j.2517-6161.1995.tb02031.x

    Examples
    --------
    >>> import pandas as pd
    >>> texts = [f"{w} as always" for w in ["fine", "late", "rude", "slow"]] * 50
    >>> told = pd.DataFrame({"verbatim": texts + texts + ["the lockers jam"] * 30,
    ...                      "wave": ["May"] * 200 + ["June"] * 230})
    >>> coded = pd.DataFrame({"verbatim_id": ["row 2"], "code": ["late"]})
    >>> found = emerging(told, coded, wave="wave", before="May", after="June",
    ...                  embeddings="none")
    >>> found.table.loc[found.table["emerging"], "theme"].to_list()
    ['jam', 'lockers', 'the']
    """
    _checks.in_range(alpha, "alpha", 0, 1, ends="()")
    _checks.one_of(embeddings, "embeddings", get_args(Embeddings))
    if not wave:
        return _none("Not looked for: no column of waves was declared.")
    generator = _checks.generator(rng)
    told = said(responses, verbatim=verbatim)
    _checks.columns(told.frame, [wave, *([cluster] if cluster else [])], "responses")
    names = as_text(told.frame[wave])
    first, last = _pair(told.frame[wave], before, after)
    rows = names.isin([first, last]).to_numpy(copy=True)
    rows[rows] = _drawn(told.frame[rows], cluster, generator)
    later = (names[rows] == last).to_numpy()
    refused = _refusal((first, last), later, min_n)
    if refused:
        return _none(refused)
    has = membership(told.ids[rows], coded, code_list(coded, codebook))
    themes = _codes(has, code_list(coded, codebook), codebook, language)
    alike = Alike(told.frame.loc[rows, verbatim], embeddings, n_groups, min_n)
    themes += alike.themes(np.asarray(has.any(axis=1)), rng=generator)
    themes = [theme for theme in themes if theme[2].sum() >= min_n]
    if not themes:
        return _none(f"No theme is in {min_n:,} verbatims of {first} and {last}.")
    looks = Looks.of(themes, later)
    mean, rate = looks.false_alarms(alpha, n_resamples=n_resamples, rng=generator)
    return Emerging(
        table=_table(themes, looks, alpha, confidence_level), unit="share",
        before=first, after=last, alpha=alpha, false_alarms=mean,
        false_alarm_rate=rate, confidence_level=confidence_level,
        assumptions=(_ALIKE,) if cluster else (_ALIKE, _APART), method=_METHOD,
    )  # fmt: skip


def _none(reason: str) -> Emerging:
    return Emerging(table=pd.DataFrame(), reason=reason)


def _pair(column: pd.Series, before: str, after: str) -> tuple[str, str]:
    """Return the two waves to compare; blank ones where there are not two."""
    known = in_order(as_text(column).dropna().unique(), column)
    for name, value in (("before", before), ("after", after)):
        if value:
            _checks.one_of(value, name, known)
    last = after or next((w for w in reversed(known) if w != before), "")
    earlier = known[: known.index(last)] if last else []
    first = before or (earlier[-1] if earlier else "")
    return (first, last) if first and last and first != last else ("", "")


def _refusal(waves: tuple[str, str], later: Bools, min_n: int) -> str:
    """Return why two waves cannot be compared, or nothing."""
    first, last = waves
    if not first:
        return "Not looked for: verbatims come from one wave only."
    n_last = int(later.sum())
    n_first = len(later) - n_last
    if min(n_first, n_last) >= max(2, min_n):
        return ""
    return (
        f"Not looked for: {first} and {last} have {n_first:,} and {n_last:,} "
        f"verbatims, and {max(2, min_n):,} of each are needed."
    )


def _drawn(frame: pd.DataFrame, cluster: str | None, rng: np.random.Generator) -> Bools:
    """Return one verbatim of each customer, and at most so many of all."""
    units = plan_of(frame, None, None, cluster).cluster
    kept = one_each(units, rng=rng)
    many = np.flatnonzero(kept)
    if len(many) > _MAX_TEXTS:
        kept[rng.choice(many, len(many) - _MAX_TEXTS, replace=False)] = False
    return kept


def _codes(
    has: Bools, codes: tuple[str, ...], book: Codebook | None, language: str
) -> list[Theme]:
    """Return the codes that are no other code's parent, with their verbatims."""
    named = [code_names(code, book, language) for code in codes]
    wider = {row["parent"] for row in named}
    return [
        (CODE, row["name"], has[:, place])
        for place, row in enumerate(named)
        if row["code"] not in wider
    ]


def _table(
    themes: list[Theme], looks: Looks, alpha: float, level: float
) -> pd.DataFrame:
    n_last = int(looks.later.sum())
    n_first = len(looks.later) - n_last
    rows = []
    for (kind, name, _), x0, x1 in zip(themes, *looks.counts, strict=True):
        gap = difference(
            share_from_counts(x0, n_first, confidence_level=level),
            share_from_counts(x1, n_last, confidence_level=level),
        )
        rows.append({
            "kind": kind, "theme": name, "n": n_first + n_last, "n_before": int(x0),
            "n_after": int(x1), "share_before": x0 / n_first,
            "share_after": x1 / n_last, "estimate": gap.estimate,
            "std_error": gap.std_error, "ci_lower": gap.ci_lower,
            "ci_upper": gap.ci_upper,
        })  # fmt: skip
    table = pd.DataFrame(rows)
    table["pvalue"] = looks.pvalues()
    table["pvalue_adj"] = looks.adjusted(table["pvalue"].to_numpy())
    table["emerging"] = table["pvalue_adj"] <= alpha
    table = table.sort_values(["pvalue_adj", "pvalue", "theme"], kind="stable")
    leaders = looks.leaders(table.index[table["emerging"]].to_numpy(dtype=np.intp))
    told = {row: themes[leader][1] for row, leader in leaders.items()}
    table["told_by"] = [told.get(row, "") for row in table.index]
    return table.reset_index(drop=True)
