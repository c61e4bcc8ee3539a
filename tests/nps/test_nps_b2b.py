"""Three weightings of accounts, and that means are never cut again."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cxlib import nps, plots
from cxlib.errors import DataError


def firms(n: int = 60, seed: int = 3) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    size = draw.integers(1, 9, n)
    account = np.repeat(np.arange(n), size)
    mood = draw.normal(0, 1.5, n)[account]
    score = np.clip(np.rint(7.5 + mood + draw.normal(0, 1.5, len(account))), 0, 10)
    revenue = draw.lognormal(10, 1, n)[account]
    return pd.DataFrame({"score": score, "account": account, "revenue": revenue})


def row(found, name):
    return found.table.set_index("weighting").loc[name]


def test_each_weighting_is_the_score_with_those_weights():
    frame = firms()
    found = nps.b2b(frame, "account", revenue="revenue")
    size = frame.groupby("account")["score"].transform("size")
    weights = {
        "respondents": None, "accounts": 1 / size, "revenue": frame["revenue"] / size,
    }  # fmt: skip
    for name, weight in weights.items():
        column = None if weight is None else "w"
        rows = frame if weight is None else frame.assign(w=weight)
        whole = nps.score(rows, weights=column, cluster="account").overall
        for field in ("n", "estimate", "std_error", "ci_lower", "ci_upper", "n_eff"):
            expected = pytest.approx(getattr(whole, field), abs=1e-9)
            assert row(found, name)[field] == expected


def test_accounts_count_once_with_their_own_shares():
    frame = pd.DataFrame({"score": [10, 10, 10, 10, 7, 10], "firm": [*"aaaabb"]})
    found = nps.b2b(frame, "firm")
    assert row(found, "respondents")["estimate"] == pytest.approx(500 / 6)
    assert row(found, "accounts")["estimate"] == pytest.approx(75.0)
    assert "is not cut into classes again" in found.method


def test_equal_accounts_make_the_three_the_same():
    frame = firms().groupby("account").head(1).assign(revenue=7.0)
    table = nps.b2b(frame, "account", revenue="revenue").table
    assert table["estimate"].max() == table["estimate"].min()
    assert table["effect_size"].dropna().abs().max() == 0


def test_one_large_account_is_flagged():
    frame = firms()
    frame.loc[frame["account"] == 4, "revenue"] = 1e9
    found = nps.b2b(frame, "account", revenue="revenue")
    assert row(found, "revenue")["share_largest"] > 0.9
    assert row(found, "revenue")["n_eff"] < 3
    assert "of the revenue and weighs as much in the revenue-weighted" in found.text
    fair = nps.b2b(frame.assign(revenue=1.0), "account", revenue="revenue")
    assert "The largest account holds 1.7 % of the revenue." in fair.text


def test_unpriced_answers_are_left_out_and_counted():
    frame = firms()
    frame.loc[frame["account"].isin([1, 2]), "revenue"] = np.nan
    frame.loc[frame["account"] == 3, "revenue"] = 0
    lost = int(frame["account"].isin([1, 2, 3]).sum())
    found = nps.b2b(frame, "account", revenue="revenue")
    assert row(found, "revenue")["n"] == len(frame) - lost
    assert row(found, "revenue")["n_accounts"] == 57
    assert f"{lost} answers without revenue left out" in found.text


def test_the_gap_is_that_of_a_jackknife():
    frame = firms(200)
    found = row(nps.b2b(frame, "account", revenue="revenue"), "revenue")
    y = np.select([frame["score"] >= 9, frame["score"] <= 6], [1, -1], 0)
    account = frame["account"].to_numpy()
    size = np.bincount(account)
    weight = frame["revenue"].to_numpy() / size[account]
    gaps = []
    for one in range(200):
        keep = account != one
        gaps.append(np.average(y[keep], weights=weight[keep]) - y[keep].mean())
    gaps = np.array(gaps)
    jackknife = 100 * (199 / 200 * np.square(gaps - gaps.mean()).sum()) ** 0.5
    half = (found["effect_size_ci_upper"] - found["effect_size_ci_lower"]) / 2
    assert half / 1.972 == pytest.approx(jackknife, rel=0.05)


def test_errors_and_nothing_given():
    assert nps.b2b(firms(), None).text == (
        "No account column was given, so accounts are not compared."
    )
    with pytest.raises(DataError, match="one account only; an interval needs"):
        nps.b2b(firms().assign(account=1), "account")
    frame = firms().assign(revenue=lambda d: np.arange(len(d)) + 1.0)
    with pytest.raises(DataError, match="more than one revenue for"):
        nps.b2b(frame, "account", revenue="revenue")
    with pytest.raises(DataError, match="positive revenue for fewer than two accounts"):
        nps.b2b(firms().assign(revenue=0), "account", revenue="revenue")


def test_chart():
    import matplotlib.pyplot as plt

    ax = plots.account_scores(nps.b2b(firms(), "account", revenue="revenue").table)
    names = [tick.get_text() for tick in ax.get_yticklabels()]
    assert names == ["respondents", "accounts (60)", "revenue (60)"]
    plt.close("all")


@pytest.mark.slow
def test_account_intervals_cover():
    truth_draw = np.random.default_rng(0)
    accounts = 4000
    mood = truth_draw.normal(0, 1.5, accounts)
    size = truth_draw.integers(1, 9, accounts)
    shares = []
    for m, s in zip(mood, size, strict=True):
        score = np.clip(np.rint(7.5 + m + truth_draw.normal(0, 1.5, s)), 0, 10)
        shares.append((np.mean(score >= 9) - np.mean(score <= 6), score))
    truth = 100 * np.mean([net for net, _ in shares])
    hit = 0
    for seed in range(400):
        picked = np.random.default_rng(seed).choice(accounts, 80, replace=False)
        frame = pd.concat(
            [pd.DataFrame({"score": shares[i][1], "account": i}) for i in picked]
        )
        found = row(nps.b2b(frame, "account"), "accounts")
        hit += found["ci_lower"] <= truth <= found["ci_upper"]
    assert 0.92 <= hit / 400 <= 0.99
