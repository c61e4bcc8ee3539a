"""Promises against deliveries: by hand, refusals, seals, and on simulated records."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from cxlib import data, roi, simulate
from cxlib.errors import ArgumentError, DataError
from cxlib.estimate import promises
from cxlib.roi.afterwards.tracked import EARLY, EDITED, KEPT, LATE, OPEN, OVERDUE

ON = "2025-12-31"


def row(**options):
    basic = {
        "claim_id": "a", "made_on": "2024-01-01", "initiative": "checkout",
        "metric": "margin", "promised": 100.0, "low": 60.0, "high": 140.0, "level": 0.8,
        "due_on": "2025-01-01", "evidence": "quasi", "owner": "Ada",
        "delivered": 70.0, "measured_on": "2025-02-01",
    }  # fmt: skip
    return basic | options


def book(*rows):
    return pd.DataFrame([row(claim_id=f"c{i}") | given for i, given in enumerate(rows)])


def ten(held=7):
    """Ten measured promises of 80 %, of which some held; the rest came to nothing."""
    values = [90.0 if i < held else 5.0 for i in range(10)]
    return book(*({"delivered": v} for v in values))


def test_seven_of_ten_intervals_of_80_percent_held():
    found = roi.track(ten(), on=ON)
    line = found.calibration.iloc[0]
    assert (line["n"], line["n_covered"], line["estimate"]) == (10, 7, 0.7)
    assert line["ci_lower"] == pytest.approx(0.3475, abs=5e-5)
    assert line["ci_upper"] == pytest.approx(0.9333, abs=5e-5)
    assert (
        "7 of 10 promised intervals, of 80 % each, held (95 % CI 35 to 93 %)"
        in found.text
    )
    assert "too narrow" in roi.track(ten(2), on=ON).text
    many = pd.concat([ten(10).assign(claim_id=f"x{i}") for i in range(3)])
    many["claim_id"] = range(30)
    assert "they were too wide" in roi.track(many, on=ON).text


def test_the_status_of_each_promise_overdue_first():
    found = roi.track(
        book(
            {},
            {"delivered": None, "measured_on": None, "due_on": "2026-06-30"},
            {"delivered": None, "measured_on": None},
            {"delivered": None, "measured_on": None, "due_on": "2024-06-01"},
            {"measured_on": "2024-06-01"},
            {"made_on": "2025-03-01"},
            {"seal": "s000000000000"},
        ),
        on=ON,
    )
    assert found.table["status"].tolist() == [
        OVERDUE, OVERDUE, EDITED, LATE, KEPT, EARLY, OPEN,
    ]  # fmt: skip
    assert found.table["days_overdue"].tolist()[:3] == [578, 364, 0]
    assert found.calibration["n"].tolist() == [1]
    assert "1 promise was changed after it was made and is left out" in found.text
    assert "1 promise was made after its delivery was measured" in found.text
    assert (found.calibration["worst"] < found.calibration["best"]).all()
    assert len(found.display.columns) <= 5


def test_measured_after_the_day_is_not_known_yet():
    found = roi.track(book({"measured_on": "2026-02-01"}), on=ON)
    assert found.table["status"].tolist() == [OVERDUE]


def test_the_error_of_the_measurement_does_not_count_against_the_promise():
    hard = roi.track(book({"delivered": 55.0}), on=ON).table
    assert hard["covered"].tolist() == [0.0]
    noisy = book({"delivered": 55.0, "delivered_low": 15.0, "delivered_high": 95.0})
    soft = roi.track(noisy, on=ON).table
    assert soft["covered"].tolist() == [1.0]
    own, measured = 40 / 1.2815515655, 40 / 1.9599639845
    wanted = -45 / np.hypot(own, measured)
    assert soft["surprise"].iloc[0] == pytest.approx(wanted)
    assert hard["interval_score"].iloc[0] == pytest.approx(80 + 10 * 5)


def test_bias_and_the_factor_for_the_next_promise():
    rows = [{"promised": p, "low": p * 0.6, "high": p * 1.4, "delivered": p * d}
            for p, d in zip([50, 100, 200, 80, 300, 120],
                            [0.5, 0.6, 0.4, 0.5, 0.55, 0.45], strict=True)]  # fmt: skip
    found = roi.track(book(*rows), on=ON)
    assert found.factor.estimate == pytest.approx(0.5)
    assert found.shrink == pytest.approx(0.5)
    assert "multiply new promises by 0.50" in found.text
    told_from_one = roi.track(ten(9), on=ON)
    assert told_from_one.factor.ci_upper > 1
    assert told_from_one.shrink == 1.0


def test_costs_count_in_coverage_and_not_in_the_bias():
    rows = [{"kind": "cost", "delivered": 150.0} for _ in range(5)]
    found = roi.track(book(*rows), on=ON)
    assert np.isnan(found.factor.estimate)
    assert found.calibration["n"].tolist() == [5]


def test_small_groups_stay_blank():
    rows = [{"owner": "Ada"}] * 5 + [{"owner": "Bo"}] * 4
    groups = roi.track(book(*rows), on=ON).groups.set_index("group")
    assert groups.loc["Ada", "estimate"] == 1
    assert groups.loc["Bo"].drop(["by", "n"]).isna().all()
    shown = roi.track(book(*rows), on=ON).grouped()
    assert shown.text.startswith("2 of 3 groups hold enough")
    assert "too few" in shown.display["intervals that held"].tolist()


def test_nothing_due_and_nothing_at_all_are_results():
    early = book({"delivered": None, "measured_on": None, "due_on": "2027-01-01"})
    found = roi.track(early, on=ON)
    assert "there is nothing to hold against them yet" in found.text
    assert found.findings == ()
    assert roi.track(None, on=ON).text == "No promise is in the register yet."
    assert "<table" not in roi.track(None, on=ON)._repr_html_()
    assert roi.effort(None).text.startswith("Too few past costs and times")
    assert roi.register(None, {}, made_on=ON).text.startswith("No promise was given")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"claim_id": ""}, "is blank or not unique"),
        ({"promised": None}, "'promised': is blank"),
        ({"due_on": None}, "'due_on': is blank or no date"),
        ({"low": 120.0}, "is above the promise"),
        ({"high": None}, "one end is missing"),
        ({"high": 90.0}, "is below the promise"),
        ({"level": 80}, "is no share between 0 and 1"),
        ({"kind": "gain"}, "is none of benefit, cost, time"),
        ({"unit": "EUR"}, "is none of amount, share"),
        ({"kind": "cost", "delivered": 0.0}, "is not above zero"),
        ({"delivered_low": 80.0, "delivered_high": 90.0}, "do not enclose"),
        ({"measured_on": None}, "is blank where something was delivered"),
    ],
)
def test_every_cell_that_cannot_be_meant_is_named(given, words):
    with pytest.raises(DataError, match=words):
        roi.track(book(given), on=ON)


def test_arguments():
    with pytest.raises(ArgumentError, match="`on` is 'soon'; give a date"):
        roi.track(ten(), on="soon")
    with pytest.raises(DataError, match="column 'team' is not in claims"):
        roi.track(ten(), on=ON, by=["team"])
    with pytest.raises(DataError, match="column 'due_on' is not in claims"):
        roi.track(ten().drop(columns="due_on"), on=ON)


FOUND = {
    "id": "npv", "estimate": 90.0, "ci_lower": 20.0, "ci_upper": 160.0,
    "unit": "amount", "statement": "NPV +90", "results": "r.json",
}  # fmt: skip
TERMS = {"due_on": "2026-12-31", "owner": "Ada", "level": 0.8}


def test_the_register_grows_once_and_never_changes_a_promise():
    given = {"Checkout": FOUND | TERMS}
    first = roi.register(None, given, made_on="2026-01-02")
    assert first.table["claim_id"].tolist() == ["checkout-npv"]
    assert first.text == "Of 1 promises given: 1 to append, 0 there already."
    again = roi.register(first.claims, given, made_on="2026-02-02")
    assert again.table.empty
    assert again.claims["made_on"].tolist() == [pd.Timestamp("2026-01-02")]
    better = {"Checkout": FOUND | TERMS | {"estimate": 50.0, "ci_lower": 10.0}}
    moved = roi.register(first.claims, better, made_on="2026-02-02")
    assert moved.table.empty
    assert moved.states["status"].tolist() == ["kept as first promised"]
    assert moved.claims["promised"].tolist() == [90.0]
    assert "Checkout (a new promise needs a `claim_id` of its own)" in moved.text


def test_the_register_survives_a_file(tmp_path):
    first = roi.register(None, {"Checkout": FOUND | TERMS}, made_on="2026-01-02")
    first.claims.to_csv(tmp_path / "claims.csv", index=False)
    read = data.read("claims", {"path": str(tmp_path / "claims.csv")}).frame
    again = roi.register(read, {"Checkout": FOUND | TERMS}, made_on="2026-03-01")
    assert again.states["status"].tolist() == ["there already"]
    assert roi.track(read, on="2026-03-01").table["status"].tolist() == [OPEN]
    read["promised"] = 60.0
    assert roi.track(read, on="2026-03-01").table["status"].tolist() == [EDITED]
    with pytest.raises(DataError, match=r"1 promises .* were edited .*'checkout-npv'"):
        roi.register(read, {}, made_on="2026-03-01")


@settings(max_examples=15)
@given(
    column=st.sampled_from(["promised", "low", "high", "level", "due_on", "metric"]),
    value=st.floats(0.05, 0.95),
)
def test_any_edit_of_a_promise_breaks_its_seal(column, value):
    sealed = roi.register(ten(), {}, made_on=ON).claims
    day = pd.Timestamp("2025-01-02") + pd.Timedelta(days=int(100 * value))
    new = {"due_on": day, "metric": f"m {value}", "promised": 100 + value,
           "low": 60 - value, "high": 140 + value, "level": value * 0.8}  # fmt: skip
    sealed.loc[3, column] = new[column]
    status = roi.track(sealed, on=ON).table.set_index("claim_id")["status"]
    assert status.to_dict() == {f"c{i}": EDITED if i == 3 else KEPT for i in range(10)}


def test_refusals_of_the_register():
    with pytest.raises(ArgumentError, match="promise for 'Checkout' has no `due_on`"):
        roi.register(None, {"Checkout": FOUND}, made_on=ON)
    with pytest.raises(ArgumentError, match="due on 2025-01-01, not after it is made"):
        roi.register(None, {"C": FOUND | {"due_on": "2025-01-01"}}, made_on=ON)
    with pytest.raises(DataError, match="'npv' for 'C' has no estimate to promise"):
        roi.register(None, {"C": FOUND | TERMS | {"estimate": None}}, made_on=ON)


def test_promises_are_read_from_a_report(tmp_path):
    path = tmp_path / "results.json"
    path.write_text(json.dumps({"findings": [FOUND]}), "utf-8")
    given = {"results": str(path), "finding": "npv", **TERMS}
    read = data.read_promises({"Checkout": given})
    assert roi.register(None, read, made_on=ON).table["owner"].tolist() == ["Ada"]
    with pytest.raises(ArgumentError, match=r"has 'ownr'; did you mean 'owner'\?"):
        data.read_promises({"Checkout": given | {"ownr": "Bo"}})


def test_effort_by_hand():
    rows = book(*({"kind": "time", "unit": "count", "promised": 10.0, "low": None,
                   "high": None, "level": None, "delivered": d}
                  for d in (10.0, 20.0, 40.0)))  # fmt: skip
    line = roi.effort(rows).table.iloc[0]
    assert line["estimate"] == pytest.approx(2)
    half = stats.t.isf(0.025, 2) * np.log(2) / 3**0.5
    assert line["ci_upper"] == pytest.approx(2 * np.exp(half))
    ahead = stats.t.ppf(0.8, 2) * np.log(2) * (4 / 3) ** 0.5
    assert line["p80"] == pytest.approx(2 * np.exp(ahead))
    assert line["share_over"] == pytest.approx(2 / 3)
    assert "no habit can be told" in roi.effort(rows).text


def test_the_sample_tells_its_truth():
    claims = simulate.claims(rng=3)
    found = roi.track(claims, on=ON)
    assert len(found.of(OVERDUE)) == 3
    assert not len(found.of(EDITED))
    assert found.n_unsealed == 0
    assert re.search(r"3 are overdue: Refund in two days", found.text)


@given(st.integers(0, 30), st.integers(0, 30))
def test_exact_interval_holds_its_share(hits, misses):
    n = hits + misses
    low, high = promises.exact_share(hits, n)
    assert 0 <= low <= (hits / n if n else 0.5) <= high <= 1
    if 0 < hits < n:
        assert stats.binom.sf(hits - 1, n, low) == pytest.approx(0.025)
        assert stats.binom.cdf(hits, n, high) == pytest.approx(0.025)


def test_decision_and_caveats_speak_of_what_was_found():
    rows = [{"promised": 100.0, "delivered": 30.0 + i} for i in range(8)]
    late = {"delivered": None, "measured_on": None, "initiative": "courier"}
    kept = roi.track(book(*rows, late), on=ON)
    none = roi.staggered(None, "y"), roi.interrupted(None, "y", at="")
    told = roi.tracking_decision(*none, kept=kept, plans=roi.effort(None))
    assert "First measure what is overdue: courier." in told
    assert "In the next business case promise 0.33 of what it says" in told
    mind = roi.tracking_caveats(*none, kept=kept)
    assert mind == ["9 promises bear no seal: an edit would not be seen."]


def records(rng, *, n, wide=1.0, bias=1.0, noise=0.3, runs=2000):
    """Past promises: 80 % intervals, true spread `wide` times as wide, biased."""
    promised = rng.uniform(50, 300, (runs, n))
    own = 0.35 * promised
    truth = promised * bias + wide * own * rng.normal(size=(runs, n))
    error = noise * own
    return promised, own, truth + error * rng.normal(size=(runs, n)), error


@pytest.mark.slow
@pytest.mark.parametrize("noise", [0.0, 0.6, 1.2])
def test_honest_intervals_hold_at_their_level_whatever_the_measurement(noise):
    rng = np.random.default_rng(5)
    promised, own, seen, error = records(rng, n=10, noise=noise)
    z = promises.surprise(promised, (own, own), seen, (error, error))
    held = np.abs(z) <= promises.quantile(0.8)
    low, high = stats.binom.interval(0.998, held.size, 0.8)
    assert low <= held.sum() <= high
    ends = np.array([promises.exact_share(int(k), 10) for k in range(11)])
    inside = (ends[:, 0] <= 0.8) & (ends[:, 1] >= 0.8)
    assert inside[held.sum(axis=1)].mean() >= 0.95
    plain = np.abs(seen - promised) <= promises.quantile(0.8) * own
    assert plain.mean() < 0.79 or noise == 0


@pytest.mark.slow
@pytest.mark.parametrize(("n", "bias", "wide"), [(8, 1.0, 1.0), (12, 0.6, 1.5)])
def test_coverage_of_the_delivery_factor(n, bias, wide):
    rng, hits, runs = np.random.default_rng(6), 0, 1500
    promised, own, seen, error = records(rng, n=n, bias=bias, wide=wide, runs=runs)
    for p, d, s in zip(promised, seen, np.hypot(own, error), strict=True):
        found = promises.delivery_factor(p, d, s)
        hits += found.ci_lower <= bias <= found.ci_upper
    low, high = stats.binom.interval(0.998, runs, 0.95)
    assert low <= hits <= high + 0.01 * runs


@pytest.mark.slow
def test_coverage_of_the_width_factor():
    rng, hits, runs = np.random.default_rng(7), 0, 1500
    promised, own, seen, error = records(rng, n=12, wide=1.6, noise=0.0, runs=runs)
    z = promises.surprise(promised, (own, own), seen, (error, error))
    for one in z:
        found = promises.width_factor(one)
        hits += found.ci_lower <= 1.6 <= found.ci_upper
    low, high = stats.binom.interval(0.998, runs, 0.95)
    assert low <= hits <= high


@pytest.mark.slow
def test_coverage_of_the_reference_class_and_of_its_80th_percentile():
    rng, hits, under, runs = np.random.default_rng(8), 0, 0, 2000
    ratios = np.exp(0.3 + 0.4 * rng.normal(size=(runs, 7)))
    for one in ratios:
        found, p80 = promises.reference_class(np.ones(6), one[:6])
        hits += found.ci_lower <= np.exp(0.3) <= found.ci_upper
        under += one[6] <= p80
    for count, level in ((hits, 0.95), (under, 0.8)):
        low, high = stats.binom.interval(0.998, runs, level)
        assert low <= count <= high
