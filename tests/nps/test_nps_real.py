"""Real exports, and the sample's planted truth, through `data.read`.

Reference figures were computed independently of this project.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from cxlib import data, nps

ROOT = Path(__file__).resolve().parents[2]


def params(programme, notebook="nps_segmentation"):
    path = ROOT / "tests" / "params" / programme / f"{notebook}.yaml"
    return yaml.safe_load(path.read_text())


def read(programme, notebook="nps_segmentation"):
    p = params(programme, notebook)
    return p, data.read("responses", p["responses"], scale=p["scale"], root=ROOT)


def test_telco_score_and_touchpoints(shared):
    shared("data/telco_nps_verbatims")
    p, survey = read("telco")
    found = nps.score(survey.frame, counts=survey.counts)
    assert found.counts == {"asked": 2385, "answered": 2353, "blank": 32, "invalid": 0}
    assert found.overall.estimate == pytest.approx(-24.69, abs=0.005)
    assert found.overall.std_error == pytest.approx(1.81, abs=0.005)
    rows = nps.by_segment(survey.frame, p["segment"]).table.set_index("segment")
    expected = {
        "Order": (-9.98, 962), "First Payment": (-29.29, 1130),
        "Equipment Received": (-56.71, 231), "Service in Use": (-76.67, 30),
    }  # fmt: skip
    for name, (score, n) in expected.items():
        assert rows.loc[name, "estimate"] == pytest.approx(score, abs=0.005)
        assert rows.loc[name, "n"] == n


def test_cncf_five_waves(shared):
    shared("data/cncf_maintainers")
    p, survey = read("cncf")
    found = nps.trend(survey.frame, p["wave"], scale=p["scale"])
    expected = {
        "2020H2": (55.67, 97), "2021H1": (72.04, 93), "2021H2": (62.75, 102),
        "2022H1": (44.44, 99), "2022H2": (49.57, 117),
    }  # fmt: skip
    assert found.table["wave"].tolist() == list(expected)
    for row in found.table.to_dict("records"):
        score, n = expected[row["wave"]]
        assert row["estimate"] == pytest.approx(score, abs=0.005)
        assert row["n"] == n
        assert 5.1 < row["std_error"] < 7.25
    assert (found.table["pvalue_adj"].dropna() > 0.05).all()
    drop = nps.change(
        survey.frame, p["wave"], before=p["wave_from"], after=p["wave_to"],
        scale=p["scale"], method="t",
    ).overall  # fmt: skip
    assert drop.estimate == pytest.approx(-27.6, abs=0.05)
    assert drop.std_error == pytest.approx(8.9, abs=0.05)
    assert drop.ci_upper < 0


def test_skytrax_drivers(shared):
    shared("data/skytrax_seat")
    p, survey = read("skytrax", "nps_drivers")
    score = nps.score(survey.frame, scale=p["scale"]).overall
    assert (score.n, round(score.estimate, 2)) == (1257, -56.80)
    found = nps.drivers(survey.frame, p["drivers"], scale=p["scale"])
    assert found.n == 1184
    assert found.r2 == pytest.approx(0.770, abs=0.0005)
    slope = found.table.set_index("driver")["coefficient"]
    expected = {
        "seat_legroom_rating": 0.581, "seat_recline_rating": 0.576,
        "seat_width_rating": 0.675, "aisle_space_rating": 0.326,
        "viewing_tv_rating": 0.183,
    }  # fmt: skip
    for name, value in expected.items():
        assert slope[name] == pytest.approx(value, abs=0.0005)


@pytest.fixture(scope="module")
def sample():
    p = yaml.safe_load((ROOT / "params/sample/nps_segmentation.yaml").read_text())
    survey = data.read("responses", p["responses"], scale=p["scale"], root=ROOT)
    truth = json.loads((ROOT / "data/sample/truth.json").read_text())["responses"]
    return survey.frame, {"weights": p["weights"], "cluster": p["cluster"]}, truth


def inside(row, truth, spread=1.5):
    """Within one and a half interval widths: one seed, about twenty comparisons."""
    half = (row["ci_upper"] - row["ci_lower"]) / 2
    return abs(row["estimate"] - truth) < spread * half


def test_sample_truth_is_recovered(sample):
    frame, design, truth = sample
    score = nps.score(frame, **design).overall.as_row()
    assert inside(score, truth["nps"]["weighted"]["overall"])
    rows = nps.by_segment(frame, ["channel", "plan", "region"], **design).table
    shown = rows[rows["estimate"].notna()]
    assert len(shown) >= 10
    for row in shown.to_dict("records"):
        assert inside(row, truth["nps"]["weighted"][row["by"]][row["segment"]])
    waves = nps.trend(frame, "wave", **design).table
    for row in waves.to_dict("records"):
        assert inside(row, truth["nps"]["weighted"]["wave"][row["wave"]])


def test_sample_change_is_recovered(sample):
    frame, design, truth = sample
    planted = truth["last change"]["weighted"]
    found = nps.change(frame, "wave", by="channel", **design)
    parts = found.table.set_index(["segment", "component"])
    assert inside(found.overall.as_row(), planted["total"])
    for name in ("rate", "mix"):
        assert inside(parts.loc[("all", name)], planted[name])
        for segment, value in planted[f"{name} by channel"].items():
            assert inside(parts.loc[(segment, name)], value)
    own = found.table[(found.table["component"] == "change")].set_index("segment")
    real = own.index[(own["pvalue_adj"] < 0.05) & (own.index != "all")]
    assert real.tolist() == ["app"]
    args = nps.score(frame, **design), nps.by_segment(frame, "channel", **design)
    assert "Look first at app" in nps.decision(*args, found)


def test_sample_small_region_is_hidden(sample):
    frame, design, _ = sample
    rows = nps.by_segment(frame, "region", **design).table.set_index("segment")
    assert rows["status"].str.startswith("hidden").sum() == 2
    assert rows.loc["Abroad", "status"] == "hidden (n < 10)"
    told = nps.change(frame, "wave", by="region", **design).table["segment"]
    assert "Abroad" not in set(told)
