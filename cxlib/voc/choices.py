"""What to do about what was said, and whether other reasonable choices agree."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from cxlib import _format
from cxlib.result import Finding
from cxlib.voc._frames import finest, verbatim_ids
from cxlib.voc._shares import CORRECTED, HAND
from cxlib.voc._words import Told, column, records, spans
from cxlib.voc.agreement import Agreement
from cxlib.voc.audit import audit
from cxlib.voc.codebook import Codebook
from cxlib.voc.coverage import Coverage
from cxlib.voc.impact import Impact
from cxlib.voc.prevalence import Prevalence, prevalence
from cxlib.voc.text import fold, words

_MUCH_UNCODED = 0.2
_ALIKE = 3
MACHINE_COUNT, HAND_ALONE = "machine's count, not corrected", "hand codes alone"
_COLUMNS = [
    *("code", "name", "choice", "n", "estimate", "std_error", "ci_lower", "ci_upper"),
]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Choices(Told):
    """The share of the most frequent codes under other reasonable choices.

    `table`: code, name, choice, n, estimate, std_error, ci_lower, ci_upper; the choice
    'as reported' first.
    """

    def _display(self) -> pd.DataFrame:
        rows = self.table
        return pd.DataFrame(
            {
                "code": rows["name"],
                "choice": rows["choice"],
                "share, %": column(rows, "estimate", "share"),
                "CI": spans(rows, "share"),
                "n": column(rows, "n", "count"),
            }
        )

    @property
    def text(self) -> str:
        """How far the share of the first code moves."""
        rows = self.table[self.table["estimate"].notna()]
        if rows.empty:
            return "No code was found, so there is nothing to vary."
        first = rows[rows["code"] == rows["code"].iloc[0]]
        top = records(first)[0]
        low, high = first["estimate"].min(), first["estimate"].max()
        inside = first["estimate"].between(top["ci_lower"], top["ci_upper"])
        odd = ", ".join(first.loc[~inside, "choice"])
        verdict = f"outside the reported interval: {odd}" if odd else (
            "all inside the reported interval"
        )  # fmt: skip
        return (
            f"The share of {top['name']} runs from {_format.quantity(low, 'share')} to "
            f"{_format.quantity(high, 'share')} over {len(first)} choices; {verdict}."
        )


def choices(
    responses: pd.DataFrame,
    coded: pd.DataFrame,
    *,
    codings: pd.DataFrame | None = None,
    codebook: Codebook | None = None,
    weights: str | None = None,
    cluster: str | None = None,
    verbatim: str = "verbatim",
    language: str = "",
    n_codes: int = 3,
    confidence_level: float = 0.95,
) -> Choices:
    """Estimate the most frequent codes again under other reasonable choices.

    Parameters
    ----------
    responses, coded, codings, codebook, weights, cluster, verbatim, language
        As for `voc.prevalence`.
    n_codes : int
        How many codes to show.
    confidence_level : float

    Returns
    -------
    Choices

    Notes
    -----
    Choices: the machine's count without correction; the hand codes alone; without
    weights (where there are some); every text once (equal answers may be one person's,
    or a form's).

    Examples
    --------
    >>> told = pd.DataFrame({"verbatim": ["late", "fine", "late again", "late"] * 10})
    >>> book = Codebook.from_dict({"version": 1, "codes": [
    ...     {"id": "delivery", "phrases": {"en": ["late"]}}]})
    >>> from cxlib.voc.coder import code
    >>> found = choices(told, code(told, book)).table
    >>> found["choice"].to_list(), found["estimate"].round(3).to_list()
    (['as reported', 'every text once'], [0.75, 0.667])
    """
    frame = responses.assign(verbatim_id=verbatim_ids(responses))
    codings = None if codings is None else audit(codings)
    variants = [("as reported", frame, codings, weights)]
    if codings is not None and not codings.empty:
        by_hand = frame["verbatim_id"].isin(codings["verbatim_id"].astype(str))
        variants.append((MACHINE_COUNT, frame, None, weights))
        variants.append((HAND_ALONE, frame[by_hand], codings, weights))
    if weights:
        variants.append(("without weights", frame, codings, None))
    variants.append(("every text once", _once(frame, verbatim), codings, weights))
    tables = []
    for choice, rows, people, weight in variants:
        found = prevalence(
            rows, coded, codings=people, codebook=codebook, weights=weight,
            cluster=cluster, verbatim=verbatim, language=language, min_n=2,
            confidence_level=confidence_level,
        )  # fmt: skip
        tables.append(finest(found.overall).assign(choice=choice))
    top = tables[0].sort_values("estimate", ascending=False)["code"].head(n_codes)
    table = pd.concat(tables)[_COLUMNS].set_index("code", drop=False).loc[top]
    return Choices(table=table.reset_index(drop=True), unit="share")


def decision(shares: Prevalence, weight: Impact | None = None) -> str:
    """Say in one sentence where to start, from what is said most and weighs most.

    Parameters
    ----------
    shares : Prevalence
    weight : Impact, optional
        May be empty, where there is no score.

    Returns
    -------
    str

    Examples
    --------
    >>> from cxlib.voc.coder import code
    >>> told = pd.DataFrame({"verbatim": ["late", "fine"] * 20})
    >>> book = Codebook.from_dict({"version": 1, "codes": [
    ...     {"id": "delivery", "phrases": {"en": ["late"]}}]})
    >>> coded = code(told, book)
    >>> from cxlib.voc.impact import impact
    >>> decision(prevalence(told, coded), impact(told, coded, scale=""))
    'Read delivery (50.0 % of verbatims) first: nothing else is clearly said more \
often.'
    """
    said_most = shares.findings
    tied_to = () if weight is None else weight.findings
    losses = [f for f in tied_to if f.estimate is not None and f.estimate < 0]
    if weight is not None and losses:
        code = _code(losses[0])
        size = _format.quantity(losses[0].estimate, losses[0].unit, signed=True)
        row = records(shares.overall[shares.overall["code"] == code])[0]
        share = _format.quantity(row["estimate"], "share")
        return (
            f"Look into {row['name']} first: with {size} it is tied to the largest "
            f"loss of {weight.label}, and {share} of verbatims speak of it."
        )
    if not said_most:
        return "No code of the codebook was found: mend the codebook before deciding."
    tied = (
        f"no code is clearly tied to a loss of {weight.label}, and "
        if weight is not None and not weight.table.empty
        else ""
    )
    return f"{_most(shares)}: {tied}nothing else is clearly said more often."


def _most(shares: Prevalence) -> str:
    """Name the most frequent codes that cannot be told apart."""
    rows = finest(shares.overall).sort_values("estimate", ascending=False)
    top = rows.iloc[0]
    alike = rows[rows["ci_upper"].ge(top["estimate"]) & rows["estimate"].gt(0)]
    near = alike if len(alike) <= _ALIKE else alike.head(1)
    told = [
        f"{row['name']} ({_format.quantity(row['estimate'], 'share')} of verbatims)"
        for row in records(near)
    ]
    return (
        f"Read {', '.join(told[:-1])}{' and ' if len(told) > 1 else ''}{told[-1]} first"
    )


def caveats(
    shares: Prevalence,
    weight: Impact | None = None,
    *,
    agreed: Agreement,
    covered: Coverage | None = None,
) -> list[str]:
    """Say what a reader must know before acting.

    Parameters
    ----------
    shares : Prevalence
        Whether the machine's counts were corrected.
    weight : Impact, optional
        Whether there is an impact to misread.
    agreed : Agreement
        Which codes are weak.
    covered : Coverage, optional
        How much has no code.

    Returns
    -------
    list of str

    Examples
    --------
    >>> from cxlib.voc import agreement, coverage, impact
    >>> told = pd.DataFrame({"verbatim": ["late", "fine"] * 20})
    >>> coded = pd.DataFrame({"verbatim_id": ["row 1"], "code": ["delivery"]})
    >>> said = prevalence(told, coded)
    >>> weight, seen = impact(told, coded, scale=""), coverage(told, coded)
    >>> print(caveats(said, weight, agreed=agreement(None), covered=seen)[0])
    Shares are the machine's count: nobody has checked them by hand.
    """
    found = []
    bases = set(shares.overall["basis"])
    if CORRECTED not in bases and HAND not in bases:
        found.append("Shares are the machine's count: nobody has checked them by hand.")
    if agreed.weak:
        weak = ", ".join(agreed.weak)
        found.append(
            f"The coding of {weak} is not reliable enough (alpha below "
            f"{agreed.min_agreement:g})."
        )
    uncoded = 0.0 if covered is None else float(covered.table["estimate"].iloc[0])
    if uncoded > _MUCH_UNCODED:
        share = _format.quantity(uncoded, "share")
        found.append(f"{share} of verbatims have no code: themes may be missing.")
    if weight is not None and not weight.table.empty:
        found.append("Impact is association, not what a remedy would bring.")
    return found


def _code(finding: Finding) -> str:
    """Return the code that a finding's id names."""
    return finding.id.split("_", 1)[1]


def _once(frame: pd.DataFrame, verbatim: str) -> pd.DataFrame:
    """Return the first row of every text, whatever its case and punctuation."""
    plain = frame[verbatim].map(
        lambda text: " ".join(words(fold(text))) if isinstance(text, str) else ""
    )
    blank = plain == ""
    return frame[blank | ~plain.duplicated()]
