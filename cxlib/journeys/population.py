"""Who is compared: users from a table or from events, each in one variant."""

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
    label,
    lazy,
    like,
    number,
)

MAX_TOUCHPOINTS = 50


def users_from_events(
    events: Frame,
    *,
    variant: str | None = "variant",
    user: str = "user_id",
    touchpoint: str = "touchpoint",
    value: str = "value",
    reached: Sequence[str] | None = None,
) -> Frame:
    """Build the users table from an event log that carries the variant.

    Use it when there is no table of randomised users. Users without a single event
    are unknown then: shares are of users seen, not of users assigned.

    Parameters
    ----------
    events : frame
        One row a journey step, with the variant on each.
    variant, user, touchpoint, value : str
        Columns; `value` is summed where it exists. Without a variant (None) one row a
        user.
    reached : sequence of str, optional
        Touchpoints to make a flag of; every one when not given (50 at most).

    Returns
    -------
    frame
        Of the input's kind, one row a user and variant: both columns, `n_events`,
        `value`, and a 0/1 column `reached_<touchpoint>` for each touchpoint. A user
        seen in two variants has two rows, which `sample_ratio` finds.

    Raises
    ------
    ArgumentError
        For a touchpoint in `reached` that no event has.
    DataError
        For a missing column, or more than 50 touchpoints and no `reached`.

    Notes
    -----
    A value is summed over all events of the user; blank values count as zero spent,
    which is right for money and wrong for answers: bring answers in with
    `with_scores`.

    Examples
    --------
    >>> import pandas as pd
    >>> events = pd.DataFrame(
    ...     {"user_id": ["u", "u", "v"], "variant": ["a", "a", "b"],
    ...      "touchpoint": ["cart", "paid", "cart"], "value": [0.0, 9.5, 0.0]}
    ... )
    >>> users_from_events(events)["reached_paid"].tolist()
    [1.0, 0.0]
    """
    keys = [user, *([variant] if variant else [])]
    names = [*keys, touchpoint, *([value] if has(events, value) else [])]
    rows = lazy(events, names, "events")
    rows = rows.with_columns(*(label(name) for name in [*keys[1:], touchpoint]))
    flags = []
    for i, name in enumerate(_touchpoints(rows, touchpoint, reached)):
        flag = nw.when(nw.col(touchpoint) == name).then(1.0).otherwise(0.0)
        rows = rows.with_columns(flag.alias(f"flag{i}"))
        flags.append(nw.col(f"flag{i}").max().alias(f"reached_{name}"))
    if value in names:
        rows = rows.with_columns(number(value).fill_null(0.0).alias(value))
        flags.append(nw.col(value).sum())
    each = rows.group_by(*keys).agg(nw.len().alias("n_events"), *flags)
    return like(each.sort(*keys), events)


def _touchpoints(
    rows: Lazy, touchpoint: str, reached: Sequence[str] | None
) -> list[str]:
    """Return the touchpoints to flag, checked against those there are."""
    seen = collect(rows.select(touchpoint).unique().sort(touchpoint))[touchpoint]
    known = [str(name) for name in seen.dropna()]
    for name in reached or ():
        if name not in known:
            hint = _checks.did_you_mean(name, known)
            raise ArgumentError(f"`reached` names the touchpoint '{name}'; {hint}")
    if not reached and len(known) > MAX_TOUCHPOINTS:
        raise DataError(
            f"events have {len(known)} touchpoints, over {MAX_TOUCHPOINTS}; name those "
            "that matter in `reached`."
        )
    return list(reached or known)


def exposed(users: Frame, *, variant: str = "variant", user: str = "user_id") -> Frame:
    """Keep one row for each user who was in exactly one variant.

    Use it after `sample_ratio`, which reports what this leaves out, and before
    `compare`.

    Parameters
    ----------
    users : frame
        One row a user; rows without a variant are dropped.
    variant, user : str
        Columns. Without a user column only blank variants are dropped.

    Returns
    -------
    frame
        Of the input's kind; the input itself where there is nothing to leave out.

    Notes
    -----
    Of repeated rows of a user one is kept, the smallest by its columns in order, so
    that the choice does not depend on the engine.

    Examples
    --------
    >>> import pandas as pd
    >>> users = pd.DataFrame(
    ...     {"user_id": ["u", "v", "v", "w"], "variant": ["a", "a", "b", "b"]}
    ... )
    >>> exposed(users)["user_id"].tolist()
    ['u', 'w']
    """
    names = columns_of(users)
    known = user in names
    rows = lazy(users, dict.fromkeys([variant, *names]), "users").select(*names)
    filled = rows.filter(~label(variant).is_null())
    if not known:
        whole = collect(rows.select(label(variant).is_null().sum().alias("blank")))
        return users if int(whole["blank"].iloc[0]) == 0 else like(filled, users)
    each = rows.group_by(user).agg(
        nw.len().alias("rows_of_user"),
        nw.col(variant).count().alias("filled"),
        nw.col(variant).min().alias("low"),
        nw.col(variant).max().alias("high"),
    )
    sound = each.filter(nw.col("low") == nw.col("high"))
    odd = collect(
        each.filter((nw.col("rows_of_user") > 1) | (nw.col("filled") == 0)).select(
            nw.len().alias("n")
        )
    )
    if int(odd["n"].iloc[0]) == 0:
        return users
    kept = filled.join(sound.select(user), on=user, how="semi")
    order = [name for name in names if name != user]
    kept = kept.unique(subset=[user], keep="first", order_by=order)
    return like(kept.sort(user), users)


def with_scores(
    users: Frame,
    responses: Frame,
    *,
    score: str = "score",
    user: str = "user_id",
    respondent: str = "respondent_id",
    answered_at: str = "responded_at",
) -> Frame:
    """Bring each user's survey answer into the users table.

    Parameters
    ----------
    users, responses : frame
        Joined where `user` equals `respondent`; users without an answer get a blank.
    score, user, respondent, answered_at : str
        Columns. The first answer in time counts where a user answered twice; without
        the time column, the lowest.

    Returns
    -------
    frame
        The users (of their kind) with the column `score`.

    Raises
    ------
    DataError
        If no respondent is a user, or users already have that column.

    Examples
    --------
    >>> import pandas as pd
    >>> users = pd.DataFrame({"user_id": ["u", "v"], "variant": ["a", "b"]})
    >>> answers = pd.DataFrame({"respondent_id": ["v"], "score": [9.0]})
    >>> with_scores(users, answers)["score"].tolist()
    [nan, 9.0]
    """
    names = columns_of(users)
    if score in names:
        raise DataError(f"users already have a column '{score}'; use that one.")
    timed = [answered_at] if has(responses, answered_at) else []
    answers = lazy(responses, [respondent, score, *timed], "responses")
    answers = answers.filter(~number(score).is_null() & ~nw.col(respondent).is_null())
    answers = answers.unique(
        subset=[respondent], keep="first", order_by=[*timed, score]
    ).select(
        nw.col(respondent).cast(nw.String()).alias("joins_on"),
        number(score).alias(score),
    )
    rows = lazy(users, names, "users").with_columns(
        nw.col(user).cast(nw.String()).alias("joins_on")
    )
    joined = rows.join(answers, on="joins_on", how="left").select(*names, score)
    matched = collect(joined.select(nw.col(score).count()))
    if int(matched[score].iloc[0]) == 0:
        raise DataError(
            f"no answer in responses belongs to a user: '{respondent}' of responses "
            f"and '{user}' of users share no value."
        )
    return like(joined.sort(user), users)
