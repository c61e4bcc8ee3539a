"""Themes not yet seen: published figures, properties, coverage on simulated truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from cxlib import voc
from cxlib.errors import ArgumentError, DataError

# Spiders under girdled hemlocks, Chao et al. (2014), doi:10.1890/13-0133.1, data
# "spider" of R package iNEXT: coverage 0.929, Chao1 43.893.
GIRDLED = [46, 22, 17, 15, 15, 9, 8, 6, 6, 4, *[2] * 4, *[1] * 12]
BOOK = voc.Codebook.from_dict(
    {"version": 1, "codes": [{"id": c, "phrases": {"en": [c]}} for c in "abc"]}
)


def hand(counts, coder="a"):
    """One code a verbatim, so many verbatims of each."""
    codes = np.repeat([f"c{i}" for i in range(len(counts))], counts)
    return pd.DataFrame(
        {"verbatim_id": np.arange(len(codes)), "coder": coder, "code": codes}
    )


def now(found):
    return found.table[found.table["basis"] == "coded"].iloc[-1]


def test_published_coverage_and_richness():
    found = voc.unseen(hand(GIRDLED))
    assert now(found)["estimate"] == pytest.approx(0.9289, abs=5e-5)
    assert now(found)["n_codes"] == 26
    assert 26 + found.unseen_codes == pytest.approx(43.893, abs=5e-4)
    last = found.table.iloc[-1]
    assert last["n_coded"] == 336
    assert last["estimate"] == pytest.approx(0.964, abs=5e-4)
    assert last["n_codes"] == pytest.approx(34.731, abs=5e-4)


def test_expected_codes_in_fewer_verbatims_are_those_of_resampling():
    given = hand(GIRDLED)
    table = voc.unseen(given).table
    half = table[table["n_coded"] == 84].iloc[0]
    rng = np.random.default_rng(1)
    codes = given["code"].to_numpy()
    drawn = [rng.permutation(codes) for _ in range(2000)]
    assert half["n_codes"] == pytest.approx(
        np.mean([len(set(x[:84])) for x in drawn]), abs=0.15
    )
    new = [x[84] not in set(x[:84]) for x in drawn]
    assert 1 - half["estimate"] == pytest.approx(np.mean(new), abs=0.025)


def test_coding_the_verbatims_it_asks_for_covers_the_target():
    found = voc.unseen(hand(GIRDLED), target=0.95)
    assert 0 <= found.more_lower <= found.more <= found.more_upper
    assert f"Code about {np.ceil(found.more):.0f} more" in found.text
    at = np.interp(168 + found.more, found.table["n_coded"], found.table["estimate"])
    assert at == pytest.approx(0.95, abs=0.002)
    assert voc.unseen(hand(GIRDLED), target=0.9).more == 0
    far = voc.unseen(hand(GIRDLED), target=0.995)
    assert far.more == np.inf
    assert far.text.endswith(
        "99.5 % lies beyond what 168 more can be foretold to reach."
    )


def test_order_coders_and_blanks_do_not_matter():
    one = hand(GIRDLED)
    twice = pd.concat([one, one.assign(coder="b")]).sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(voc.unseen(one).table, voc.unseen(twice).table)
    blank = pd.DataFrame({"verbatim_id": [f"x{i}" for i in range(20)], "code": ""})
    more = voc.unseen(pd.concat([one, blank]))
    assert now(more)["n"] == 188
    assert now(more)["n_codes"] == 26


def test_chosen_verbatims_are_not_counted():
    one = hand(GIRDLED).assign(sample="audit")
    chosen = pd.DataFrame(
        {"verbatim_id": ["y1", "y2"], "code": ["new", "newer"], "sample": "chosen"}
    )
    found = voc.unseen(pd.concat([one, chosen]))
    pd.testing.assert_frame_equal(found.table, voc.unseen(one).table)


def test_a_closed_codebook_says_how_often_no_code_fits():
    codes = ["a", "b", "c", ""] * 10
    given = pd.DataFrame({"verbatim_id": range(40), "code": codes})
    found = voc.unseen(given, codebook=BOOK)
    assert found.text == (
        "Coders chose among 3 codes, so themes that these lack cannot be counted; "
        "no code fits 25.0 % of verbatims (95 % CI 14.2 to 40.2, n = 40)."
    )
    assert found.findings[0].estimate == 0.25
    assert "no code fits, %" in found._repr_html_()
    opened = voc.unseen(given.replace("c", "brand new"), codebook=BOOK)
    assert "gave 3 codes" in opened.text, "a code of the coder's own: open coding"


def test_every_code_seen_often_still_has_an_interval():
    found = voc.unseen(hand([30, 20, 10]))
    row = now(found)
    assert row["estimate"] == 1
    assert row["ci_lower"] == pytest.approx(1 - (1 - 0.05 ** (1 / 60)))
    assert found.text.endswith("That is at or above the 95.0 % aimed at.")
    once = voc.unseen(hand([1] * 30)).table
    assert once["estimate"].between(0, 1).all()
    assert (once["ci_lower"] <= once["estimate"]).all()
    assert (once["estimate"] <= once["ci_upper"]).all()


def test_too_little_says_so():
    assert voc.unseen(None).text == "Not computed: nothing was coded by hand."
    assert voc.unseen(hand([9, 1])).text == (
        "Not computed: 10 verbatims were coded by hand at random, and 20 are needed."
    )
    none = pd.DataFrame({"verbatim_id": range(30), "code": ""})
    assert "coders found nothing in 30" in voc.unseen(none).text
    assert voc.unseen(none).findings == ()
    with pytest.raises(ArgumentError, match="`target` is 1"):
        voc.unseen(hand(GIRDLED), target=1)
    with pytest.raises(DataError, match="column 'code' is not in the hand codes"):
        voc.unseen(pd.DataFrame({"verbatim_id": ["a"]}))


@pytest.mark.slow
@pytest.mark.parametrize(("n_codes", "n"), [(30, 60), (100, 100), (300, 300)])
def test_interval_covers_the_truth_of_its_own_sample(n_codes, n):
    """Verbatims with several codes, Zipf shares; truth is what this sample missed."""
    rng = np.random.default_rng(n)
    chance = 1.3 / np.arange(1, n_codes + 1) / (1 / np.arange(1, n_codes + 1)).sum()
    covered, ahead = [], []
    for _ in range(300):
        has = rng.random((n, n_codes)) < chance
        rows, codes = np.nonzero(has)
        blank = np.flatnonzero(~has.any(axis=1))
        given = pd.DataFrame(
            {"verbatim_id": [*rows, *blank], "code": [*codes, *[""] * len(blank)]}
        )
        table = voc.unseen(given).table
        row = table[table["basis"] == "coded"].iloc[-1]
        truth = chance[has.any(axis=0)].sum() / chance.sum()
        covered.append(row["ci_lower"] <= truth <= row["ci_upper"])
        ahead.append(table.iloc[-1]["estimate"])
    assert np.mean(covered) >= stats.binom.ppf(0.001, 300, 0.95) / 300 - 0.01
    later = (chance * (1 - (1 - chance) ** (2 * n))).sum() / chance.sum()
    assert np.mean(ahead) == pytest.approx(later, abs=0.02)
