"""Shares of answers that the ordered and the free model imply for one cell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib.errors import ArgumentError, DataError
from cxlib.estimate.design import Array
from cxlib.estimate.multinomial import MultinomialFit, fit_multinomial
from cxlib.estimate.ordinal import Link, OrdinalFit
from cxlib.nps._answers import Answers
from cxlib.scales import Scale

_COLUMNS = ["answer", "against", "column", "group", "estimate", "std_error"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Models:
    """The two fits with what their terms and answers are called.

    `centre` holds the weighted mean of each term, used for numbers; a term of a group
    counts 0 unless its group is asked for.
    """

    ordered: OrdinalFit
    free: MultinomialFit | None
    link: Link
    answers: Array
    terms: tuple[Mapping[str, object], ...]
    centre: Array
    scale: Scale

    def table(self) -> pd.DataFrame:
        """One row an answer and a term of the free model."""
        if self.free is None:
            return pd.DataFrame(columns=_COLUMNS)
        names = [("(constant)", ""), *((t["column"], t["group"]) for t in self.terms)]
        rows = [
            (f"{answer:g}", f"{self.answers[0]:g}", *name, float(b), float(se))
            for answer, bs, ses in zip(
                self.answers[1:], self.free.coefficients, self.free.std_errors,
                strict=True,
            )
            for name, b, se in zip(names, bs, ses, strict=True)
        ]  # fmt: skip
        return pd.DataFrame(rows, columns=_COLUMNS)

    def shares(self, cell: Mapping[str, object]) -> pd.DataFrame:
        """Share of every answer by each model."""
        x = self._row(cell)
        free = self.free.shares(x) if self.free else np.full(len(self.answers), np.nan)
        return pd.DataFrame(
            {
                "answer": self.answers, "ordered": self.ordered.shares(x, self.link),
                "free": free,
            }
        )  # fmt: skip

    def score(self, cell: Mapping[str, object]) -> tuple[float, float]:
        """What the scale counts, averaged over the shares of each model."""
        shares = self.shares(cell)
        counted = self.scale.factor * self.scale.values(shares["answer"])
        return float(counted @ shares["ordered"]), float(counted @ shares["free"])

    def _row(self, cell: Mapping[str, object]) -> Array:
        """Predictors of the cell."""
        known = {str(t["column"]) for t in self.terms}
        unknown = sorted(set(cell) - known)
        if unknown:
            raise ArgumentError(
                f"`cell` names '{unknown[0]}', no predictor of this model; there are "
                f"{', '.join(sorted(known))}."
            )
        x = self.centre.copy()
        for i, term in enumerate(self.terms):
            column = str(term["column"])
            if term["group"]:
                x[i] = float(str(cell.get(column)) == term["group"])
            elif column in cell:
                x[i] = float(str(cell[column]))
        return x


def models(
    answers: Answers,
    x: Array,
    terms: list[dict[str, object]],
    *,
    ordered: OrdinalFit,
    link: Link,
    answer: Array,
    level: npt.ArrayLike,
) -> Models:
    """Fit the free model beside the ordered one, where it has a maximum."""
    free = None
    if link == "logit":
        try:
            free = fit_multinomial(x, level, plan=answers.plan)
        except DataError:
            free = None
    w = answers.plan.weights
    return Models(
        ordered=ordered, free=free, link=link, answers=answer, terms=tuple(terms),
        centre=np.asarray(w @ x / w.sum()), scale=answers.scale,
    )  # fmt: skip
