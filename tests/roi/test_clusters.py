"""Errors clustered by other columns: against linearmodels, by brute force, by level."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from linearmodels.panel import PanelOLS

from cxlib import roi
from cxlib.errors import DataError
from cxlib.roi.regressions import _sandwich
from cxlib.roi.regressions._design import prepare, select
from cxlib.roi.regressions._spec import Specification


@pytest.fixture
def accounts(make):
    frame = make(90, 6, seed=4)
    number = frame["customer_id"].str[1:].astype(int)
    rng = np.random.default_rng(4)
    frame["account"] = "A" + (number % 12).astype(str)
    frame["country"] = "B" + (number % 4).astype(str)
    frame["agent"] = rng.integers(0, 25, len(frame))
    frame["extra"] = rng.normal(size=len(frame))
    return frame


def rows_of(found, relation):
    return found.table[found.table["relation"] == relation].iloc[0]


def test_both_ways_equals_linearmodels(accounts):
    fit = roi.fit(accounts, "revenue", drivers=["extra"], lag=0)
    found = roi.clustered_errors(accounts, fit, by=["agent", "period"])
    rows = accounts.assign(t=accounts["period"].str[-2:].astype(int))
    rows = rows.set_index(["customer_id", "t"])
    keys = pd.DataFrame({"a": rows["agent"], "p": rows["period"].str[-2:].astype(int)})
    theirs = {
        name: PanelOLS(
            rows["revenue"], rows[["score", "extra"]], entity_effects=True,
            time_effects=True,
        ).fit(
            cov_type="clustered", clusters=part, group_debias=False,
            debiased=False, auto_df=False, count_effects=False,
        ).std_errors["score"]
        for name, part in {"both": keys, "agent": keys[["a"]]}.items()
    }  # fmt: skip
    prepared = prepare(
        accounts, Specification(outcome="revenue", drivers=("extra",), lag=0)
    )
    rows = select(prepared)
    pulled = _sandwich.pulled(rows)
    agent = pd.factorize(prepared_labels(accounts, "agent"))[0]
    raw = np.square(np.bincount(agent, pulled.pull)).sum() ** 0.5
    n, k = len(agent), pulled.estimated
    assert raw == pytest.approx(theirs["agent"], rel=1e-8)
    groups = agent.max() + 1
    wanted = raw * (groups / (groups - 1) * (n - 1) / (n - k)) ** 0.5
    line = found.table[found.table["clusters"] == "agent"].iloc[0]
    assert line["relation"] == "crossed"
    assert line["std_error"] == pytest.approx(wanted, rel=1e-8)
    both = rows_of(found, "both ways")
    period = pd.factorize(prepared_labels(accounts, "period"))[0]
    crossing = pd.factorize(agent * 100 + period)[0]
    squares = [
        np.square(np.bincount(c, pulled.pull)).sum() for c in (agent, period, crossing)
    ]
    uncorrected = max(squares[0] + squares[1] - squares[2], 1e-12) ** 0.5
    assert uncorrected == pytest.approx(theirs["both"], rel=1e-6)
    assert both["df"] == 5
    assert both["std_error"] >= line["std_error"]


def prepared_labels(frame, name):
    return frame.sort_values(["customer_id", "period"])[name].to_numpy()


def test_nested_columns_are_clustered_by_the_coarser(accounts):
    fit = roi.fit(accounts, "revenue")
    found = roi.clustered_errors(accounts, fit, by=["account", "country"])
    assert found.table["relation"].tolist() == [
        "as fitted",
        "customers nested",
        "customers nested",
    ]
    again = roi.fit(accounts, "revenue", cluster="account")
    line = found.table[found.table["clusters"] == "account"].iloc[0]
    assert line["std_error"] == pytest.approx(again.row["std_error"], rel=1e-10)
    assert line["method"] == again.se_type == "CRV3"
    assert 0 < line["wild_pvalue"] < 0.05


@pytest.mark.parametrize("model", ["pooled", "one_way", "two_way"])
def test_the_wild_bootstrap_equals_refitting_every_draw(accounts, model):
    spec = Specification(outcome="revenue", drivers=("extra",), model=model)
    frame = accounts.drop(index=accounts.index[[3, 40, 41, 200]])
    frame["revenue"] = np.random.default_rng(1).normal(size=len(frame))
    prepared = prepare(frame[[*frame.columns]], spec)
    rows = select(prepared)
    number = prepared.long.frame["customer_id"].str[1:].astype(int).to_numpy()
    codes = (number % 12)[rows.keep]
    found = _sandwich.pulled(rows)
    fast = _sandwich.wild(
        found, rows, codes, n_boot=299, generator=np.random.default_rng(7)
    )
    effects = [np.ones(len(codes))]
    if model != "pooled":
        effects = [pd.get_dummies(rows.entity, dtype=float)]
    if model == "two_way":
        effects.append(pd.get_dummies(rows.time, dtype=float))
    null = np.column_stack([rows.x[:, 1:], *effects])
    design = np.column_stack([rows.x, *effects])
    fitted = null @ np.linalg.lstsq(null, rows.y, rcond=None)[0]
    inverse = np.linalg.pinv(design)
    project = rows.x[:, 0] - null @ np.linalg.lstsq(null, rows.x[:, 0], rcond=None)[0]

    def statistic(y):
        coef = inverse @ y
        sums = np.bincount(codes, project * (y - design @ coef))
        return abs(coef[0]) * (project @ project) / np.square(sums).sum() ** 0.5

    points = np.sqrt([0.5, 1.0, 1.5])
    signs = np.random.default_rng(7).choice(np.r_[-points, points], size=(299, 12))
    drawn = [statistic(fitted + s[codes] * (rows.y - fitted)) for s in signs]
    seen = statistic(rows.y)
    assert fast == pytest.approx((1 + np.sum(np.array(drawn) >= seen)) / 300)


def test_what_cannot_be_clustered_says_so(company, fits, accounts):
    found = roi.clustered_errors(company, fits, by=["plan"])
    assert found.reasons == {"retained": "the model is not a straight line"}
    assert "Retained: errors are clustered as fitted only" in found.text
    assert len(found.display.columns) == 5
    accounts["half"] = accounts["customer_id"].str[1:].astype(int) % 2
    fit = roi.fit(accounts, "revenue")
    alone = roi.clustered_errors(accounts, fit, by=["half"])
    assert alone.table["relation"].tolist() == ["as fitted"]
    with pytest.raises(DataError) as raised:
        roi.clustered_errors(accounts, fit, by=["acount"])
    assert str(raised.value) == (
        "column 'acount' is not in periods; did you mean 'account'?"
    )


@pytest.mark.slow
@pytest.mark.parametrize("groups", [8, 15])
def test_the_wild_bootstrap_holds_its_level(groups):
    """Accounts that move together, the score of an account too, no effect."""
    runs, wrong, naive = 160, 0, 0
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        who, months = groups * 6, 6
        shared = rng.normal(size=(2, groups, months)).repeat(6, axis=1)
        own = rng.normal(size=(2, who, months))
        score, money = shared + own
        frame = pd.DataFrame(
            {
                "customer_id": np.repeat(np.arange(who), months),
                "period": np.tile(np.arange(months), who),
                "account": np.repeat(np.arange(groups), 6 * months),
                "score": score.ravel(), "revenue": money.ravel(),
            }
        )  # fmt: skip
        fit = roi.fit(frame, "revenue", lag=0)
        found = roi.clustered_errors(frame, fit, by=["account"], n_boot=399, rng=seed)
        wrong += found.table["wild_pvalue"].iloc[1] < 0.05
        naive += fit.row["pvalue"] < 0.05
    assert wrong / runs < 0.09
    assert naive / runs > 0.15
