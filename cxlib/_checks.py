"""Word every argument error the same way: what, the value, what is allowed."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from numbers import Real

import numpy as np
import pandas as pd

from cxlib.errors import ArgumentError, DataError


def did_you_mean(word: str, options: Iterable[object]) -> str:
    """Return `` did you mean 'x'?`` for the closest option, else the options."""
    names = [str(option) for option in options]
    folded = {name.casefold(): name for name in names}
    close = difflib.get_close_matches(str(word).casefold(), folded, n=1, cutoff=0.6)
    if close:
        return f"did you mean '{folded[close[0]]}'?"
    if not names:
        return "there are none."
    shown = ", ".join(f"'{name}'" for name in names[:12])
    return f"there are {shown}{', …' if len(names) > 12 else '.'}"


def one_of(value: object, name: str, allowed: Collection[object]) -> None:
    """Raise unless `value` is one of `allowed`."""
    if value not in allowed:
        options = ", ".join(repr(option) for option in allowed)
        raise ArgumentError(f"`{name}` is {value!r}; use one of {options}.")


def in_range(
    value: float, name: str, low: float, high: float, *, ends: str = "[]"
) -> None:
    """Raise unless `value` lies between `low` and `high`; `ends` as in '[)'."""
    if not isinstance(value, Real) or isinstance(value, bool):
        raise ArgumentError(f"`{name}` is {value!r}; it must be a number.")
    above = value >= low if ends[0] == "[" else value > low
    below = value <= high if ends[1] == "]" else value < high
    if not (above and below):
        raise ArgumentError(
            f"`{name}` is {value!r}; it must lie in {ends[0]}{low}, {high}{ends[1]}."
        )


def columns(frame: pd.DataFrame, names: Iterable[str], table: str) -> None:
    """Raise unless the table is of pandas and every column is in it, once."""
    if not isinstance(frame, pd.DataFrame):
        kind = type(frame)
        package = kind.__module__.split(".")[0]
        called = (
            kind.__name__ if package == "builtins" else f"{package}.{kind.__name__}"
        )
        raise ArgumentError(
            f"`{table}` is a {called}; give a pandas.DataFrame (polars and pyarrow "
            "have `.to_pandas()`)."
        )
    for name in names:
        if name not in frame.columns:
            raise DataError(
                f"column '{name}' is not in {table}; "
                f"{did_you_mean(name, frame.columns)}"
            )
        if not frame.columns.is_unique and list(frame.columns).count(name) > 1:
            raise DataError(
                f"{table} has more than one column '{name}'; keep one of them."
            )


def generator(rng: int | np.random.Generator) -> np.random.Generator:
    """Return a generator from a seed or a generator; never the global stream."""
    return rng if isinstance(rng, np.random.Generator) else np.random.default_rng(rng)
