"""Themes of coded verbatims as 0/1 columns of the users who wrote them."""

from __future__ import annotations

from collections.abc import Sequence

import narwhals as nw

from cxlib import _checks
from cxlib.errors import ArgumentError, DataError
from cxlib.journeys._frames import (
    Frame,
    Lazy,
    collect,
    columns_of,
    has,
    key,
    label,
    lazy,
    like,
)

MAX_CODES = 50


def with_codes(
    users: Frame,
    codings: Frame,
    *,
    user: str = "user_id",
    verbatim: str = "verbatim_id",
    codes: Sequence[str] | None = None,
) -> Frame:
    """Bring each user's coded themes into the users table, one column a code.

    Use it to compare how often a theme is named by variant: declare each column as
    ``Proportion(..., survey=True)``, so that who answered is checked as well.

    Parameters
    ----------
    users : frame
        With the columns `user` and `verbatim`, the id of the user's own verbatim.
    codings : frame
        `verbatim_id`, `code` and, where there are several coders, `coder`: one row a
        code that a coder gave; a row with a blank code was read and fits none.
    user, verbatim : str
        Columns of users.
    codes : sequence of str, optional
        Codes to bring in; every one when not given (50 at most).

    Returns
    -------
    frame
        The users (of their kind) with `code_<id>`: 1 where more than half of the
        verbatim's coders gave the code, 0 where they read it and did not, blank where
        nobody coded a verbatim of the user.

    Raises
    ------
    ArgumentError
        For a code in `codes` that no coding has.
    DataError
        For a missing column, a code column that users already have, more than 50 codes
        and no `codes`, or codings of which none belongs to a user.

    Notes
    -----
    Two coders who disagree make a 0: a theme needs a majority. The difference between
    variants is then a little too small, never biased towards one of them, as long as
    coders did not know the variant.

    Examples
    --------
    >>> import pandas as pd
    >>> users = pd.DataFrame({"user_id": ["u", "v", "w"], "verbatim_id": [1, 2, None]})
    >>> codings = pd.DataFrame({"verbatim_id": [1, 2], "code": ["price", None]})
    >>> with_codes(users, codings)["code_price"].tolist()
    [1.0, 0.0, nan]
    """
    names = columns_of(users)
    coder = ["coder"] if has(codings, "coder") else []
    given = lazy(codings, ["verbatim_id", *coder, "code"], "codings")
    given = given.with_columns(label("code"), key(given, "verbatim_id"))
    if not coder:
        given = given.with_columns(nw.lit("one").alias("coder"))
    chosen = _chosen(given, codes, names)
    given = given.select("verbatim_id", "coder", "code").unique()
    votes = given.with_columns(
        nw.when(nw.col("code") == code).then(1.0).otherwise(0.0).alias(f"code_{code}")
        for code in chosen
    ).group_by("verbatim_id")
    each = votes.agg(
        nw.col("coder").n_unique().alias("readers"),
        *(nw.col(f"code_{code}").sum() for code in chosen),
    ).select(nw.col("verbatim_id").alias("joins_on"), *map(_majority, chosen))
    rows = lazy(users, [user, verbatim, *names], "users")
    rows = rows.with_columns(key(rows, verbatim).alias("joins_on"))
    columns = [f"code_{code}" for code in chosen]
    joined = rows.join(each, on="joins_on", how="left").select(*names, *columns)
    matched = collect(joined.select(nw.col(columns[0]).count().alias("n")))
    if int(matched["n"].iloc[0]) == 0:
        raise DataError(
            f"no coded verbatim belongs to a user: 'verbatim_id' of codings and "
            f"'{verbatim}' of users share no value."
        )
    return like(joined.sort(user), users)


def _majority(code: str) -> nw.Expr:
    """1 where more than half of the readers gave the code, else 0."""
    most = 2 * nw.col(f"code_{code}") > nw.col("readers")
    return nw.when(most).then(1.0).otherwise(0.0).alias(f"code_{code}")


def _chosen(
    given: Lazy, codes: Sequence[str] | None, names: Sequence[str]
) -> list[str]:
    """Return the codes to bring in, checked against those there are."""
    seen = collect(given.select("code").unique().sort("code"))["code"]
    known = [str(code) for code in seen.dropna()]
    for code in codes or ():
        if code not in known:
            hint = _checks.did_you_mean(code, known)
            raise ArgumentError(f"`codes` names the code '{code}'; {hint}")
    if not codes and len(known) > MAX_CODES:
        raise DataError(
            f"codings have {len(known)} codes, over {MAX_CODES}; name those that "
            "matter in `codes`."
        )
    chosen = list(codes or known)
    if not chosen:
        raise DataError("codings hold no code: every `code` is blank.")
    taken = [f"code_{code}" for code in chosen if f"code_{code}" in names]
    if taken:
        raise DataError(f"users already have a column '{taken[0]}'; rename it.")
    return chosen
