"""How good a coder is: precision, recall, F1 and kappa from weighted counts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cxlib.voc._pairs import spread

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
MARKS = ("kappa", "f1", "precision", "recall")


def cells(given: Bools, truth: Array) -> Array:
    """Return each verbatim's counts, shape (n, codes, 4).

    Both, only the machine, only people, neither; where people differ, in parts.
    """
    yes = given.astype(float)
    parts = [yes * truth, yes * (1 - truth), (1 - yes) * truth, (1 - yes) * (1 - truth)]
    return np.stack(parts, axis=-1)


def marks(sums: Array) -> dict[str, Array]:
    """Return the marks of summed `cells`, shape (..., 4); NaN where undefined."""
    both, machine, people, neither = np.moveaxis(sums, -1, 0)
    n = both + machine + people + neither
    with np.errstate(divide="ignore", invalid="ignore"):
        chance = (both + machine) * (both + people)
        chance = (chance + (people + neither) * (machine + neither)) / n**2
        kappa = ((both + neither) / n - chance) / (1 - chance)
        return {
            "kappa": np.where(1 - chance > 1e-12, kappa, np.nan),
            "f1": 2 * both / (2 * both + machine + people),
            "precision": both / (both + machine),
            "recall": both / (both + people),
        }


def score_rows(
    given: Bools, fired: Bools, truth: Array, draws: Array, level: float
) -> list[dict[str, float]]:
    """Return the marks of a coder and of the rules beside it, one row a code.

    Parameters
    ----------
    given, fired : ndarray of bool, shape (n, codes)
        What the coder and the rules say of the scored verbatims.
    truth : ndarray, shape (n, codes)
        Share of coders who gave the code.
    draws : ndarray, shape (samples, n)
        How often each verbatim is in each sample; the first row is the data.
    level : float
        Confidence level.

    Returns
    -------
    list of dict
        One a code, then one of the mean over codes, then one of all codes pooled.
    """
    coder, rules = _drawn(given, truth, draws), _drawn(fired, truth, draws)
    return [
        _row(
            {name: value[:, k] for name, value in coder.items()},
            {name: value[:, k] for name, value in rules.items()},
            level,
        )
        for k in range(truth.shape[1] + 2)
    ]


def _drawn(given: Bools, truth: Array, draws: Array) -> dict[str, Array]:
    """Return marks by sample (row) of each code, of their mean and of all pooled."""
    each = cells(given, truth)
    n, codes = truth.shape
    sums = (draws @ each.reshape(n, codes * 4)).reshape(len(draws), codes, 4)
    single, pooled = marks(sums), marks(sums.sum(axis=1, keepdims=True))
    varies = truth.sum(axis=0) > 0
    found = {}
    for name in MARKS:
        seen = np.isfinite(single[name]) & varies
        total = np.where(seen, single[name], 0).sum(axis=1, keepdims=True)
        count = seen.sum(axis=1, keepdims=True)
        mean = np.where(count > 0, total / np.maximum(count, 1), np.nan)
        found[name] = np.hstack([single[name], mean, pooled[name]])
    return found


def _row(
    coder: dict[str, Array], rules: dict[str, Array], level: float
) -> dict[str, float]:
    row: dict[str, float] = {}
    for name in MARKS:
        error, low, high = spread(coder[name][1:], float(coder[name][0]), level)
        ends = {"ci_lower": low, "ci_upper": high}
        if name == "kappa":
            row |= {"estimate": float(coder[name][0]), "std_error": error} | ends
        else:
            row[name] = float(coder[name][0])
            row |= {f"{name}_{end}": value for end, value in ends.items()}
    row |= {f"rule_{name}": float(rules[name][0]) for name in MARKS}
    gain = coder["kappa"] - rules["kappa"]
    _, low, high = spread(gain[1:], float(gain[0]), level)
    return row | {"gain": float(gain[0]), "gain_ci_lower": low, "gain_ci_upper": high}
