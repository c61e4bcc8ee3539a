"""Covariates as numbers, and how far two groups differ in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib.errors import DataError
from cxlib.estimate.design import Array

Rows = npt.NDArray[np.bool_]
BLANK = "(blank)"
OTHER = "(other)"
_RARE = 20


def matrix(rows: pd.DataFrame, covariates: Sequence[str]) -> tuple[Array, list[str]]:
    """Return covariates as columns of numbers, with a name a column.

    Numbers stay, with their median where blank and a column that marks the blanks;
    anything else becomes one column a label, the commonest left out, rare together.
    """
    columns: dict[str, Array] = {}
    for name in covariates:
        given = rows[name]
        if pd.api.types.is_numeric_dtype(given) and not pd.api.types.is_bool_dtype(
            given
        ):
            columns |= _number(given.astype("float64"), name)
        else:
            columns |= _labels(label(given), name)
    moving = {name: x for name, x in columns.items() if np.ptp(x) > 0}
    if not moving:
        raise DataError("no covariate varies: there is nothing to adjust for.")
    return np.column_stack(list(moving.values())), list(moving)


def _number(given: pd.Series, name: str) -> dict[str, Array]:
    blank = given.isna().to_numpy(dtype=float)
    filled = given.fillna(given.median() if given.notna().any() else 0.0)
    found = {name: filled.to_numpy(dtype=float)}
    return found | ({f"{name} = {BLANK}": blank} if blank.any() else {})


def _labels(given: pd.Series, name: str) -> dict[str, Array]:
    counts = given.value_counts()
    rare = counts.index[counts < _RARE]
    kept = given.where(~given.isin(rare), OTHER)
    names = kept.value_counts().index[1:]
    return {f"{name} = {one}": (kept == one).to_numpy(dtype=float) for one in names}


def balance(
    x: Array,
    names: Sequence[str],
    inside: Rows,
    before: Array,
    after: Array,
    *,
    spread_of: Literal["both", "inside"] = "both",
) -> pd.DataFrame:
    """Standardised mean differences under two sets of weights.

    Both in the spread, under the first, of the two groups or of the rows inside.
    """
    first, spread = _gap(x, inside, before, spread_of)
    second, _ = _gap(x, inside, after, spread_of)
    spread = np.where(spread > 0, spread, np.nan)
    return pd.DataFrame(
        {"covariate": list(names), "before": first / spread, "after": second / spread}
    )


def _gap(
    x: Array, inside: Rows, w: Array, spread_of: Literal["both", "inside"]
) -> tuple[Array, Array]:
    means, variances = [], []
    for rows in (inside, ~inside):
        v = w[rows] / w[rows].sum()
        mean = v @ x[rows]
        means.append(mean)
        variances.append(v @ np.square(x[rows] - mean))
    spread = variances[0] if spread_of == "inside" else np.mean(variances, axis=0)
    return np.asarray(means[0] - means[1]), np.asarray(np.sqrt(spread))


def binary(column: pd.Series, value: str) -> Array:
    """1 with, 0 without, NaN where not known.

    `value` names the label that counts as with; otherwise the column must hold yes/no,
    true/false or 1/0.
    """
    text = label(column)
    known = (text != BLANK).to_numpy(dtype=bool)
    if value:
        same = (text == value).to_numpy(dtype=float)
        return np.asarray(np.where(known, same, np.nan), dtype=float)
    words = {"1": 1.0, "true": 1.0, "yes": 1.0, "0": 0.0, "false": 0.0, "no": 0.0}
    lower = text.str.casefold()
    odd = sorted(set(text[known & ~lower.isin(words).to_numpy(dtype=bool)]))
    if odd:
        shown = ", ".join(f"'{one}'" for one in odd[:5])
        raise DataError(
            f"column '{column.name}' holds {shown}, which is neither yes/no, true/"
            "false nor 1/0; name the label that counts as with the feature in `value`."
        )
    return np.asarray(lower.map(words).to_numpy(dtype=float))


def label(column: pd.Series) -> pd.Series:
    """Return labels as text: whole numbers without '.0', blanks as '(blank)'."""
    if pd.api.types.infer_dtype(column, skipna=True).startswith("mixed"):
        text = column.astype("object").map(_text).to_numpy(dtype=object)
        return pd.Series(text, index=column.index, dtype="str")
    codes, seen = pd.factorize(column, use_na_sentinel=False)
    named = pd.Series(seen).astype("object").map(_text).astype("str")
    return named.take(codes).set_axis(column.index).rename(None)


def _text(value: object) -> str:
    if pd.isna(value) or not str(value).strip():  # type: ignore[call-overload]
        return BLANK
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, pd.Timestamp) and value == value.normalize():
        return f"{value:%Y-%m-%d}"
    return str(value).strip()
