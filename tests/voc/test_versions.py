"""Two versions of a codebook: what changed, and which trends it breaks."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PathCollection
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar

from cxlib import plots, voc
from cxlib.errors import ArgumentError


def book(version, *codes):
    return voc.Codebook.from_dict({"version": version, "codes": list(codes)})


def leaf(code, *phrases, **more):
    return {"id": code, "phrases": {"en": list(phrases) or [code]}, **more}


OLD = book(
    1, leaf("late"), leaf("price", "dear"), leaf("cost", "cost*"), leaf("fax"),
    {"id": "top", "name": {"en": "Top"}}, leaf("rude", parent="top"), leaf("gone"),
)  # fmt: skip
NEW = book(
    2, leaf("late", "late", "delay", exclude={"en": ["not late"]}),
    leaf("price", "dear", name={"en": "Price"}),
    leaf("cost", "cost*", status="merged", merged_into="price"),
    leaf("fax", status="retired"), {"id": "top", "name": {"en": "Upper"}},
    leaf("mood", parent="top"), leaf("rude"),
)  # fmt: skip


def test_every_kind_of_change_is_listed_once():
    found = voc.compare_codebooks(OLD, NEW)
    rows = set(
        found.table[["change", "code", "before", "after"]].itertuples(index=False)
    )
    assert rows == {
        ("added", "mood", "", "mood"), ("removed", "gone", "gone", ""),
        ("merged", "cost", "cost", "price"), ("retired", "fax", "fax", ""),
        ("moved", "rude", "top", "the top"), ("renamed", "top", "Top", "Upper"),
        ("renamed", "price", "", "Price"), ("phrase added", "late", "", "delay"),
        ("exclude phrase added", "late", "", "not late"),
    }  # fmt: skip
    assert found.text == (
        "From version 1 to version 2 of the codebook: 1 added (mood); 1 removed "
        "(gone); 1 merged (cost into price); 1 retired (fax); 1 moved (rude under the "
        "top); 1 × phrase added (1 code); 1 × exclude phrase added (1 code); 2 renamed."
    )
    assert set(found.touched) == {"mood", "gone", "cost", "fax", "rude", "late"}


def test_no_change_and_a_change_turned_round():
    assert voc.compare_codebooks(OLD, OLD).text == (
        "The two codebooks are the same, to the letter."
    )
    renumbered = book(7, leaf("a"))
    assert voc.compare_codebooks(book(6, leaf("a")), renumbered).text == (
        "From version 6 to version 7 of the codebook no code changed."
    )
    back = set(voc.compare_codebooks(NEW, OLD).table["change"])
    assert {"revived", "phrase removed", "removed", "added"} <= back


def test_examples_that_the_phrases_get_wrong():
    texts = {"examples": {"en": ["too dear", "costs, a@b.it"]},
             "counterexamples": {"en": ["my dear"], "it": ["caro mio"]}}  # fmt: skip
    made = book(1, leaf("price", "dear", **texts))
    found = voc.check_examples(made)
    assert len(found.table) == 4
    assert found.wrong["example"].tolist() == ["costs, [email]", "my dear"]
    assert found.wrong["phrase"].tolist() == ["", "dear"]
    assert "2 of the 4 examples of 1 code" in found.text
    assert voc.check_examples(book(1, leaf("a"))).text == (
        "The codebook gives no examples to test its phrases on."
    )
    good = voc.check_examples(book(1, leaf("a", examples={"en": ["a b"]})))
    assert good.text == "The phrases code the 1 example of 1 code as the codebook says."


def told(n=400, seed=3):
    rng = np.random.default_rng(seed)
    words = ["late", "delay", "dear", "costs", "fax", "rude", "gone", "mood"]
    has = rng.random((n, len(words))) < [0.2, 0.1, 0.15, 0.1, 0.05, 0.2, 0.05, 0.1]
    texts = [" and ".join(np.array(words)[row]) or "fine" for row in has]
    return pd.DataFrame(
        {"respondent_id": [f"r{i}" for i in range(n)], "verbatim": texts,
         "wave": rng.choice(["w1", "w2"], n), "weight": rng.uniform(0.5, 2, n),
         "account": rng.integers(0, n // 3, n)}
    )  # fmt: skip


def test_bridge_against_shares_and_mcnemar():
    said = told()
    rows = voc.bridge(said, OLD, NEW).table.set_index("code")
    late, delay = (said["verbatim"].str.contains(w) for w in ("late", "delay"))
    row = rows.loc["late"]
    assert row["share_old"] == pytest.approx(late.mean())
    assert row["share_new"] == pytest.approx((late | delay).mean())
    gained = int((delay & ~late).sum())
    assert (row["n_gained"], row["n_lost"]) == (gained, 0)
    exact = mcnemar([[0, gained], [0, 0]], exact=False, correction=False).statistic
    assert row["statistic"] ** 2 == pytest.approx(exact, rel=0.12), "Wald near score"
    price = said["verbatim"].str.contains("dear|costs")
    assert rows.loc["price", "share_old"] == pytest.approx(price.mean())
    assert rows.loc["price", "estimate"] == 0, "a merger is counted on both sides"
    assert rows.loc["price", "ci_lower"] < 0 < rows.loc["price", "ci_upper"]
    assert rows["status"].to_dict() == {
        "late": "both", "price": "both", "top": "both", "mood": "new", "rude": "both",
        "fax": "gone", "gone": "gone",
    }  # fmt: skip
    assert voc.bridge(said, OLD, NEW).broken == ("late",)


def test_bridge_turned_round_has_the_opposite_sign_and_itself_has_none():
    said = told()
    there = voc.bridge(said, OLD, book(3, *[leaf("late", "delay")])).table
    back = voc.bridge(said, book(3, *[leaf("late", "delay")]), OLD).table
    a, b = (t.set_index("code").loc["late"] for t in (there, back))
    assert a["estimate"] == -b["estimate"]
    assert a["ci_lower"] == -b["ci_upper"]
    same = voc.bridge(said, OLD, OLD, by="wave")
    assert not same.broken
    assert (same.table["estimate"].fillna(0) == 0).all()
    assert "none of 6 trends breaks beyond noise" in same.text


def test_bridge_keeps_the_design_and_draws_with_its_seed():
    said = told(900)
    plain = voc.bridge(said, OLD, NEW).table.set_index("code").loc["late"]
    weighted = voc.bridge(said, OLD, NEW, weights="weight", cluster="account")
    row = weighted.table.set_index("code").loc["late"]
    gap = said["verbatim"].str.contains("delay") & ~said["verbatim"].str.contains(
        "late"
    )
    assert row["estimate"] == pytest.approx(np.average(gap, weights=said["weight"]))
    assert row["std_error"] != plain["std_error"]
    twice = pd.concat([said, said.assign(respondent_id=said["respondent_id"] + "x")])
    copied = voc.bridge(twice, OLD, NEW, cluster="verbatim").table.set_index("code")
    assert copied.loc["late", "ci_upper"] > plain["ci_upper"]
    one, two = (voc.bridge(said, OLD, NEW, n=200, rng=5).table for _ in range(2))
    pd.testing.assert_frame_equal(one, two)
    assert one["n"].max() == 200
    with pytest.raises(ArgumentError, match="draw at least 2 verbatims"):
        voc.bridge(said, OLD, NEW, n=1)


def test_people_who_coded_both_versions_count_before_the_machine():
    said = told(200)
    ids = said["respondent_id"]
    old = pd.DataFrame({"verbatim_id": ids[:60], "coder": "a", "code": ""})
    old.loc[:9, "code"] = "late"
    new = old.assign(code=np.where(np.arange(60) < 30, "late", ""))
    found = voc.bridge(said, OLD, NEW, codings=(old, new))
    row = found.table.set_index("code").loc["late"]
    assert (row["basis"], row["n"], row["n_gained"]) == ("hand", 60, 20)
    assert row["estimate"] == pytest.approx(20 / 60)
    costs = old.assign(code=np.where(old["code"] == "late", "cost", ""))
    prices = old.assign(code=np.where(old["code"] == "late", "price", ""))
    merged = voc.bridge(said, OLD, NEW, codings=(costs, prices)).table
    assert merged.set_index("code").loc["price", "estimate"] == 0
    few = voc.bridge(said, OLD, NEW, codings=(old.head(12), new.head(12)))
    assert set(few.table["basis"]) == {"machine"}


def test_small_segments_are_hidden_and_shown():
    said = told(60).assign(wave=["w1"] * 55 + ["w2"] * 5)
    found = voc.bridge(said, OLD, NEW, by="wave")
    small = found.table[found.table["segment"] == "w2"]
    assert set(small["status"]) == {"too few"}
    assert small["share_old"].isna().all()
    assert "too few" in found._repr_html_()
    one_account = said.assign(account=(said["wave"] == "w1") * said.index)
    lone = voc.bridge(one_account, OLD, NEW, by="wave", cluster="account", min_n=3)
    assert set(lone.table.loc[lone.table["segment"] == "w2", "status"]) <= {
        "too few", "new", "gone",
    }  # fmt: skip


def test_bridge_takes_the_codes_of_any_machine():
    said = told(300)
    by_rule = [voc.code(said, one) for one in (OLD, NEW)]
    given = voc.bridge(said, OLD, NEW, coded=(by_rule[0], by_rule[1])).table
    pd.testing.assert_frame_equal(given, voc.bridge(said, OLD, NEW).table)
    only = by_rule[1][by_rule[1]["code"] == "late"]
    row = voc.bridge(said, OLD, NEW, coded=(only, only)).table.set_index("code")
    assert row.loc["late", "estimate"] == 0


def test_bridge_shows_its_numbers_and_says_them():
    found = voc.bridge(told(), OLD, NEW, by="wave")
    assert {"late"} == set(found.broken)
    html = found._repr_html_()
    assert "<th>wave</th>" in html
    assert "new" in html
    first = found.findings[0]
    assert first.id == "break_late_in_all"
    assert (first.unit, first.n) == ("share_points", 400)
    assert first.ci_lower < first.estimate < first.ci_upper
    assert first.statement in found.text
    nothing = voc.bridge(told(), book(1, leaf("a")), book(2, leaf("b")))
    assert nothing.text == "Versions 1 and 2 share no code with enough verbatims."
    assert nothing.findings == ()


def trend():
    rows = [
        {"segment": wave, "code": code, "name": code.title(), "parent": "", "n": 200,
         "estimate": share, "ci_lower": share - 0.05, "ci_upper": share + 0.05}
        for wave in ("all", "w1", "w2", "w3")
        for code, share in (("late", 0.2), ("price", 0.4), ("mood", 0.1))
    ]  # fmt: skip
    return pd.DataFrame(rows)


def dashes(ax):
    return [line.get_linestyle() for line in ax.lines if len(line.get_xdata()) == 2
            and line.get_xdata()[0] != line.get_xdata()[1]]  # fmt: skip


def test_the_chart_leaves_a_broken_line_unjoined_and_bridges_it():
    breaks = voc.bridge(told(), OLD, NEW)
    ax = plots.code_trend(trend(), breaks=breaks.table, changed="w3")
    marks = [c for c in ax.collections if isinstance(c, PathCollection)]
    hollow = [c for c in marks if np.allclose(c.get_facecolors(), 1)]
    assert len(hollow) == 1, "one line breaks"
    gap = breaks.table.set_index("code").loc["late", "estimate"]
    assert hollow[0].get_offsets()[0][1] == pytest.approx(20 + 100 * gap)
    assert sorted(set(dashes(ax))) == ["-", "--", ":"], "mood has no bridge: dotted"
    texts = [t.get_text() for t in ax.texts]
    assert any(t.startswith("new codebook") for t in texts)
    assert {"Late  20.0", "Price  40.0", "Mood  10.0"} <= set(texts)
    plt.close(ax.figure)
    ax = plots.code_trend(trend(), breaks=breaks.table, codes=["price"], weak=["price"])
    assert not any("codebook" in t.get_text() for t in ax.texts)
    assert [t.get_text() for t in ax.texts] == ["Price (weak)  40.0"]
    plt.close(ax.figure)
    ax = plots.code_trend(pd.DataFrame())
    assert ax.texts[0].get_text() == "no trend to draw"
    plt.close(ax.figure)


@pytest.mark.slow
@pytest.mark.parametrize("clustered", [False, True])
def test_bridge_covers_its_truth_and_alarms_as_often_as_declared(clustered):
    """Phrases lost and gained in a population whose breaks are known: .04 and 0."""
    rng = np.random.default_rng(11)
    old = book(1, leaf("late", "late", "lost"), leaf("dear", "out"))
    new = book(2, leaf("late", "late", "gained"), leaf("dear", "in"))
    words = ["late", "lost", "gained", "out", "in", "fine"]
    covered, alarms = [], []
    n, size, times = 300, 5 if clustered else 1, 250
    for _ in range(times):
        each = rng.choice(words, n // size, p=[0.3, 0.06, 0.10, 0.05, 0.05, 0.44])
        frame = {"verbatim": np.repeat(each, size), "account": np.arange(n) // size}
        found = voc.bridge(
            pd.DataFrame(frame), old, new, cluster="account" if clustered else None
        )
        row = found.table.set_index("code").loc["late"]
        covered.append(row["ci_lower"] <= 0.04 <= row["ci_upper"])
        alarms.append("dear" in found.broken)
    low = stats.binom.ppf(0.001, times, 0.95) / times
    high = stats.binom.ppf(0.999, times, 0.05) / times
    assert low <= np.mean(covered) <= 0.99, np.mean(covered)
    assert np.mean(alarms) <= high, np.mean(alarms)
    print(clustered, np.mean(covered), np.mean(alarms))
