"""The machine beside a second coder: same verbatims, same samples, same numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cxlib import voc
from cxlib.errors import DataError

ALL = "(all codes together)"


def reading(truth, miss, rng, name):
    given = np.where(rng.random(len(truth)) < miss, ~truth, truth)
    return pd.DataFrame(
        {"verbatim_id": np.arange(len(truth)).astype(str), "coder": name,
         "code": np.where(given, "late", "")}
    )  # fmt: skip


def drawn(rng, n=400, people=0.1, machine=0.1, share=0.3):
    truth = rng.random(n) < share
    two = [reading(truth, people, rng, name) for name in ("a", "b")]
    told = reading(truth, machine, rng, "m")
    return pd.concat(two), told[told["code"] != ""][["verbatim_id", "code"]]


def head(found, segment="all", code=ALL):
    return found.table.set_index(["segment", "code"]).loc[(segment, code)]


def test_both_alphas_are_those_of_agreement():
    codings, told = drawn(np.random.default_rng(1))
    row = head(voc.parity(codings, told))
    table = voc.agreement(codings, machine=told).table
    table = table[table["code"] == "late"].set_index("pair")["estimate"]
    assert row["people"] == pytest.approx(table["people with people"])
    assert row["estimate"] == pytest.approx(table["machine with people"])
    assert row["effect_size"] == pytest.approx(row["estimate"] - row["people"])
    assert row["n"] == 400


def test_gwet_oracle_through_parity(shared):
    """irrCAC cac.raw4raters as one yes/no question a category: alpha by agreement."""
    table = pd.read_csv(shared("data/irr_gwet/cac.raw4raters.csv"), index_col=0)
    codings = table.reset_index().melt("Units", var_name="coder", value_name="code")
    codings = codings.dropna().astype({"code": int}).astype({"code": str})
    codings = codings.rename(columns={"Units": "verbatim_id"})
    whole = voc.agreement(codings, unit="verbatim_id")
    alone = voc.parity(codings)
    for code in "12345":
        row = whole.table[whole.table["code"] == code].iloc[0]
        assert head(alone, code=code)["people"] == pytest.approx(row["estimate"])
    assert alone.text.startswith("People agree with each other at alpha 0.")
    same = whole.table[whole.table["code"] == "(exactly the same codes)"].iloc[0]
    assert same["estimate"] == pytest.approx(0.74342, abs=5e-6)


def test_only_verbatims_that_two_people_coded_are_compared():
    codings, told = drawn(np.random.default_rng(2))
    alone = codings["coder"].eq("b") & (codings["verbatim_id"].astype(int) >= 150)
    row = head(voc.parity(codings[~alone], told))
    assert row["n"] == 150
    one = voc.parity(codings[codings["coder"] == "a"], told)
    assert head(one)["n"] == 400
    assert np.isnan(head(one)["people"])
    assert one.text.endswith("there is nothing to set beside it.")


def test_verdicts():
    rng = np.random.default_rng(3)
    cases = {"worse": (0.02, 0.4), "better": (0.2, 0.0), "as good": (0.05, 0.05)}
    for verdict, (people, machine) in cases.items():
        found = voc.parity(*drawn(rng, 1500, people, machine))
        assert head(found)["verdict"] == verdict, verdict
    few = voc.parity(*drawn(rng, 40, 0.2, 0.2))
    assert head(few)["verdict"] == "not clear"
    assert "is not clear" in few.text
    bad = voc.parity(*drawn(rng, 1500, 0.02, 0.4))
    assert bad.text.endswith("It falls behind on late.")
    assert bad.findings[0].estimate == head(bad)["effect_size"] < 0
    rare = pd.DataFrame({"verbatim_id": ["0"], "code": ["late"]})
    once = np.arange(30) == 0
    none = pd.concat([reading(once, 0.0, rng, name) for name in "ab"])
    assert head(voc.parity(none, rare))["verdict"] == "too few"


def test_by_language_finds_the_one_that_is_coded_worse():
    rng = np.random.default_rng(4)
    truth = rng.random(900) < 0.3
    foreign = np.arange(900) >= 600
    told = reading(truth, np.where(foreign, 0.3, 0.02), rng, "m")
    told = told[told["code"] != ""]
    people = pd.concat([reading(truth, 0.05, rng, name) for name in "ab"])
    asked = pd.DataFrame(
        {"verbatim_id": np.arange(900).astype(str),
         "language": np.where(foreign, "it", "en")}
    )  # fmt: skip
    asked.loc[:3, "language"] = "de"
    found = voc.parity(people, told, responses=asked, by="language")
    assert set(found.table["segment"]) == {"all", "en", "it"}, "four are too few"
    assert head(found, "it")["n"] == 300
    alone = voc.parity(people[people["verbatim_id"].astype(int) >= 600], told)
    assert head(found, "it")["estimate"] == pytest.approx(head(alone)["estimate"])
    assert head(found, "it")["elsewhere"] < 0
    assert "Agreement is lower in it than elsewhere (" in found.text
    even = voc.parity(people, None, responses=asked, by="language")
    assert even.text.endswith("No language is coded less well than the others beyond "
                              "noise.")  # fmt: skip


def test_reasons_and_bad_columns():
    assert voc.parity(None).text == "Not measured: nothing was coded by hand."
    one = drawn(np.random.default_rng(5))[0].query("coder == 'a'")
    assert voc.parity(one).text.startswith("Not measured: no verbatim was coded by two")
    with pytest.raises(DataError, match="column 'coder' is not in codings"):
        voc.parity(one.drop(columns="coder"))


@pytest.mark.slow
def test_difference_covers_its_truth():
    rng = np.random.default_rng(6)
    big = head(voc.parity(*drawn(rng, 200_000, 0.1, 0.15), n_resamples=2))
    inside, good = [], []
    for _ in range(200):
        row = head(voc.parity(*drawn(rng, 300, 0.1, 0.15), n_resamples=200))
        low, high = row["effect_size_ci_lower"], row["effect_size_ci_upper"]
        inside.append(low <= big["effect_size"] <= high)
        bad = head(voc.parity(*drawn(rng, 300, 0.1, 0.17), n_resamples=200))
        good.append(bad["verdict"] in {"as good", "better"})
    assert 0.91 <= np.mean(inside) <= 0.98
    assert np.mean(good) <= 0.07, "a machine clearly behind passes for a coder"
