"""Charts of worth: what is drawn, how it is labelled, what they do with nothing."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

from cxlib import plots, roi, simulate


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_segments_show_own_pooled_and_all(company, fits):
    found = roi.value_by_segment(company, fits, segment="plan", margin=0.4)
    whole = float(found.overall.total["estimate"])
    ax = plots.value_by_segment(found.table, overall=whole, currency="EUR")
    own, pooled = ax.collections[1], ax.collections[3]
    np.testing.assert_allclose(own.get_offsets()[:, 0], found.table["own"].dropna())
    np.testing.assert_allclose(pooled.get_offsets()[:, 0], found.table["estimate"])
    assert np.allclose(own.get_facecolors()[0], 1)
    low = [part[0][0] for part in ax.collections[2].get_segments()]
    np.testing.assert_allclose(low, found.table["ci_lower"])
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names == found.table["segment"].tolist()
    assert any(text.endswith(f"n = {found.table['n'][0]:,}") for text in texts(ax))
    assert any(np.allclose(line.get_xdata(), whole) for line in ax.lines)


def test_lifetime_is_hollow_beyond_the_data(company):
    curve = roi.lifetime_value(company, margin=0.4, horizon=3).curve
    ax = plots.lifetime_value(curve, currency="EUR")
    ends = [part[:, 1].tolist() for part in ax.collections[0].get_segments()]
    np.testing.assert_allclose(ends, curve[["ci_lower", "ci_upper"]])
    white = [np.allclose(face, 1) for face in ax.collections[1].get_facecolors()]
    assert white == curve["beyond"].tolist()
    assert "n = 600 customers" in ax.get_xlabel()


def test_what_was_foretold_beside_what_came():
    found = roi.repeat_value(simulate.purchases(300, rng=1), margin=0.3)
    ax = plots.repeat_check(found.check)
    rows = found.check.iloc[1:]
    made = ax.collections[2].get_offsets()[:, 0]
    np.testing.assert_allclose(made, rows["actual"])
    assert texts(ax)[0].endswith(f"n = {rows['n'].iloc[0]:,}")


def test_contacts_show_cost_share_and_n():
    found = roi.cost_to_serve(simulate.contacts(400, rng=1))
    ax = plots.contact_costs(found.table, currency="EUR")
    assert ax.get_xlabel() == "cost of a contact, EUR"
    first = found.table.iloc[0]
    assert texts(ax)[0] == (
        f"{first['estimate']:.2f}  {100 * first['share']:.0f} %  n = {first['n']:,.0f}"
    )


def test_nothing_is_drawn_as_nothing(company, fits):
    blank = roi.value_by_segment(company, fits, segment="", margin=0.4)
    stayed = roi.lifetime_value(company.assign(retained=1), margin=0.4)
    none = roi.cost_to_serve(simulate.contacts(0))
    empty = roi.repeat_value(
        simulate.purchases(30, rng=1).drop_duplicates("customer_id"), margin=0.3
    )
    for ax in (
        plots.value_by_segment(blank.table), plots.lifetime_value(stayed.curve),
        plots.contact_costs(none.table), plots.repeat_check(empty.check),
    ):  # fmt: skip
        assert not ax.axison
        assert len(ax.texts) == 1
