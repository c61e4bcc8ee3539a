"""Agreement against published coefficients and cases done by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxlib import voc
from cxlib.errors import ArgumentError, DataError

OVERALL, SAME = "(all codes together)", "(exactly the same codes)"


def long(**coders):
    """One row a unit and coder; None is not coded, '' is coded with nothing found."""
    rows = [
        (unit, coder, code)
        for coder, given in coders.items()
        for unit, codes in enumerate(given)
        if codes is not None
        for code in (codes.split("+") if codes else [""])
    ]
    return pd.DataFrame(rows, columns=["verbatim_id", "coder", "code"])


def row(result, code, pair="people with people"):
    table = result.table
    return table[(table["code"] == code) & (table["pair"] == pair)].iloc[0]


def test_gwet_four_raters_with_missing_ratings(shared):
    """irrCAC (Gwet), cac.raw4raters: values printed in the package's vignette."""
    table = pd.read_csv(shared("data/irr_gwet/cac.raw4raters.csv"), index_col=0)
    counts = np.column_stack([(table == k).sum(axis=1) for k in range(1, 6)])
    found = voc.reliability(counts)
    published = {
        "share_agree": 0.81818, "ac1": 0.77544, "ac1_std_error": 0.14295,
        "fleiss": 0.76117, "fleiss_std_error": 0.15302, "alpha": 0.74342,
        "alpha_std_error": 0.14557,
    }  # fmt: skip
    for name, value in published.items():
        assert getattr(found, name) == pytest.approx(value, abs=5e-6), name
    codings = table.reset_index().melt("Units", var_name="coder", value_name="code")
    codings = codings.dropna().astype({"code": int}).astype({"code": str})
    overall = row(voc.agreement(codings, unit="Units"), SAME)
    assert overall["n"] == 11
    assert overall["estimate"] == pytest.approx(0.74342, abs=5e-6)
    assert overall["kappa"] == pytest.approx(0.76117, abs=5e-6)
    assert overall["ac1"] == pytest.approx(0.77544, abs=5e-6)
    assert overall["ci_lower"] < overall["estimate"] < overall["ci_upper"]


def test_gwet_four_by_four_table(shared):
    """irrCAC's cont4x4diagnosis: Cohen's kappa and AC1 follow from the table."""
    table = pd.read_csv(shared("data/irr_gwet/cont4x4diagnosis.csv"), index_col=0)
    cells = table.to_numpy()
    first, second = np.repeat(np.indices((4, 4)).reshape(2, -1), cells.ravel(), axis=1)
    codings = long(a=[str(k) for k in first], b=[str(k) for k in second])
    found = row(voc.agreement(codings, n_resamples=50), SAME)
    p = cells / cells.sum()
    chance = (p.sum(axis=0) * p.sum(axis=1)).sum()
    assert found["kappa"] == pytest.approx((np.trace(p) - chance) / (1 - chance))
    mean = (p.sum(axis=0) + p.sum(axis=1)) / 2
    chance = (mean * (1 - mean)).sum() / 3
    assert found["ac1"] == pytest.approx((np.trace(p) - chance) / (1 - chance))


def test_per_code_kappa_by_hand():
    codings = long(a=["x", "x", "", "", "x+y", ""], b=["x", "", "", "", "x", "y"])
    found = row(voc.agreement(codings), "x")
    # agreement 5/6; chance .5 * 1/3 + .5 * 2/3 = .5
    assert found["share_agree"] == pytest.approx(5 / 6)
    assert found["kappa"] == pytest.approx((5 / 6 - 0.5) / 0.5)


def test_a_verbatim_not_coded_is_missing_and_a_blank_code_is_not():
    both = voc.agreement(long(a=["x", "x", "", "x"], b=["x", "x", "", None]))
    assert row(both, "x")["n"] == 3
    assert row(both, "x")["share_agree"] == 1
    blank = voc.agreement(long(a=["x", "x", "", "x"], b=["x", "x", "", ""]))
    assert row(blank, "x")["n"] == 4
    assert row(blank, "x")["share_agree"] == 0.75


def test_machine_stands_beside_people_and_found_nothing_counts():
    codings = long(a=["x", "x", "", ""] * 5, b=["x", "x", "", "x"] * 5)
    coded = pd.DataFrame(
        {"verbatim_id": [str(i) for i in range(0, 20, 4)], "code": "x"}
    )
    found = voc.agreement(codings, machine=coded)
    machine = row(found, "x", "machine with people")
    assert machine["n"] == 20
    # against a: agrees on 3 of 4; against b: on 2 of 4
    assert machine["share_agree"] == pytest.approx(5 / 8)
    assert found.weak == ("x",)
    assert "Below 0.667, so read with care: x." in found.text


def test_verdicts():
    agreed = long(a=["x", ""] * 20 + ["y"], b=["x", ""] * 20 + ["y"])
    found = voc.agreement(agreed)
    assert row(found, "x")["verdict"] == "ok"
    assert row(found, "y")["verdict"] == "too few"
    assert found.weak == ()
    assert "No code with enough uses falls below 0.667." in found.text
    same = voc.agreement(long(a=["x"] * 9, b=["x"] * 9))
    assert np.isnan(row(same, "x")["estimate"])
    assert "cannot be measured: no code varies." in same.text


def test_parents_are_given_to_people_too():
    book = voc.Codebook.from_dict(
        {"version": 1, "codes": [
            {"id": "top"}, {"id": "x", "parent": "top", "phrases": {"en": ["x"]}},
            {"id": "y", "parent": "top", "phrases": {"en": ["y"]}}]}
    )  # fmt: skip
    found = voc.agreement(long(a=["x", "y", ""], b=["y", "x", ""]), codebook=book)
    assert row(found, "top")["share_agree"] == 1
    assert row(found, "x")["share_agree"] == pytest.approx(1 / 3)


def test_nothing_to_compare():
    assert voc.agreement(None).text == "Not measured: nothing was coded by hand."
    one = voc.agreement(long(a=["x", ""]))
    assert one.text == "Not measured: no verbatim was coded by two coders."
    assert one.findings == ()
    assert one.weak == ()
    assert "Not measured" in one._repr_html_()


def test_errors():
    with pytest.raises(DataError) as caught:
        voc.agreement(long(a=["x"]).rename(columns={"coder": "who"}))
    assert str(caught.value).startswith("column 'coder' is not in codings; ")
    with pytest.raises(ArgumentError, match="`min_agreement` is 2; it must lie in"):
        voc.agreement(long(a=["x"]), min_agreement=2)
    with pytest.raises(DataError, match="no unit has two ratings"):
        voc.reliability([[1, 0], [0, 1]])


RATINGS = st.lists(
    st.tuples(*[st.sampled_from([None, "", "x", "y"])] * 3), min_size=2, max_size=12
)


@given(RATINGS, st.permutations([0, 1, 2]))
def test_coders_and_units_are_exchangeable(rows, order):
    def coefficients(table):
        coders = dict(zip("abc", zip(*table, strict=False), strict=False))
        found = voc.agreement(long(**coders), n_resamples=2).table
        if found.empty:
            return []
        return (
            found[["code", "estimate", "kappa", "ac1"]]
            .sort_values("code")
            .to_numpy()
            .tolist()
        )

    here = coefficients(rows)
    there = coefficients([tuple(r[i] for i in order) for r in rows[::-1]])
    assert str(here[:0]) == str(there[:0])
    for a, b in zip(here, there, strict=True):
        assert a[0] == b[0]
        assert np.allclose(a[1:], b[1:], equal_nan=True)
        assert all(np.isnan(v) or v <= 1 + 1e-9 for v in a[1:])
