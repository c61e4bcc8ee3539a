"""Two human coders on a random subset of verbatims, disagreeing at a known rate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cxlib import _checks
from cxlib.errors import DataError
from cxlib.simulate import _felt

LISTED = tuple(theme for theme in _felt.THEMES if theme != "loyalty")


@dataclass(frozen=True, slots=True, kw_only=True)
class Errors:
    """How coder B errs: share of true codes missed and of wrong codes given."""

    miss: float = 0.18
    extra: float = 0.012


def codings(
    responses: pd.DataFrame,
    *,
    rng: int | np.random.Generator = 0,
    n: int = 500,
    miss: float = 0.18,
    extra: float = 0.012,
    months: int = 0,
    drift: float = 0.0,
) -> pd.DataFrame:
    """Simulate the codes that two people give to the same verbatims.

    Parameters
    ----------
    responses : pandas.DataFrame
        From `simulate.responses(..., hidden=True)`.
    rng : int or numpy.random.Generator
        Seed or generator.
    n : int
        Verbatims coded by both, drawn at random; all of them if there are fewer.
    miss : float
        Share of true codes that coder B overlooks; coder A overlooks none.
    extra : float
        Share of codes that do not apply and that coder B gives all the same.
    months : int
        Months of 2025 over which the verbatims are coded, in equal parts and in random
        order; they stand in `coded_at`. With 0 there is no such column.
    drift : float
        How much higher coder B's share of missed codes is in the last month than in
        the first; it rises evenly.

    Returns
    -------
    pandas.DataFrame
        verbatim_id, coder, code: a row a code given. A coder who finds nothing
        gives one row with a blank code. `verbatim_id` is the respondent_id.

    Notes
    -----
    Coder A gives the true themes that the codebook lists; the theme 'loyalty' is
    in no codebook and stays uncoded. For a code of prevalence p, kappa =
    1 - (p m + (1 - p) e) / (p (1 - b) + b (1 - p)), b = p (1 - m) + (1 - p) e.

    Examples
    --------
    >>> from cxlib import simulate
    >>> answers = simulate.responses(1000, rng=1, hidden=True)
    >>> given = simulate.codings(answers, rng=1, n=100)
    >>> given["verbatim_id"].nunique(), sorted(given["coder"].unique())
    (100, ['A', 'B'])
    """
    if "themes" not in responses.columns:
        raise DataError(
            "column 'themes' is not in responses; make them with "
            "simulate.responses(..., hidden=True)."
        )
    _checks.in_range(miss, "miss", 0, 1)
    _checks.in_range(extra, "extra", 0, 1)
    _checks.in_range(months, "months", 0, 12)
    _checks.in_range(miss + drift, "miss + drift", 0, 1)
    generator = _checks.generator(rng)
    told = responses.loc[responses["verbatim"].notna(), ["respondent_id", "themes"]]
    chosen = generator.choice(len(told), size=min(n, len(told)), replace=False)
    coded = told.iloc[np.sort(chosen)]
    true = coded["themes"].str.get_dummies("|").reindex(columns=list(LISTED))
    truth = true.fillna(0).to_numpy(dtype=bool)
    u = generator.random(truth.shape)
    month = _months(len(coded), months, generator)
    missed = miss + drift * month / max(months - 1, 1)
    second = np.where(truth, u >= missed[:, None], u < extra)
    verbatim = coded["respondent_id"].to_numpy(dtype=object)
    given = pd.concat([_long(verbatim, truth, "A"), _long(verbatim, second, "B")])
    if months:
        when = pd.Series(pd.Timestamp("2025-01-15"), index=verbatim)
        when += pd.Series(month, index=verbatim) * pd.Timedelta(days=30)
        given = given.assign(coded_at=given["verbatim_id"].map(when))
    return given.sort_values(["verbatim_id", "coder"], kind="stable", ignore_index=True)


def _months(n: int, months: int, generator: np.random.Generator) -> NDArray[np.int_]:
    """Return the month, from 0, in which each verbatim is coded."""
    if not months:
        return np.zeros(n, dtype=int)
    return generator.permutation(np.arange(n) * months // max(n, 1))


def _long(
    verbatim: NDArray[np.object_], given: NDArray[np.bool_], coder: str
) -> pd.DataFrame:
    """Return one coder's codes as rows, a blank one where there are none."""
    padded = np.column_stack([given, ~given.any(axis=1)])
    row, column = np.nonzero(padded)
    names = np.array([*LISTED, None], dtype=object)
    return pd.DataFrame(
        {
            "verbatim_id": verbatim[row],
            "coder": coder,
            "code": pd.array(names[column], dtype="str"),
        }
    )


def kappa(prevalence: float, *, errors: Errors) -> float:
    """Return the Cohen's kappa of a code that the two error rates imply."""
    miss, extra = errors.miss, errors.extra
    second = prevalence * (1 - miss) + (1 - prevalence) * extra
    disagree = prevalence * miss + (1 - prevalence) * extra
    chance = prevalence * (1 - second) + second * (1 - prevalence)
    return 1 - disagree / chance
