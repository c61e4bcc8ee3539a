"""Files that nobody here wrote; numbers from ../shared/data/README.md."""

from __future__ import annotations

import pytest

from cxlib import data, scales
from cxlib.estimate import difference, estimate, score

ROUNDED = {"abs": 0.005}  # printed with two decimals


@pytest.fixture
def real(shared):
    def read(path: str, *, table: str = "responses", scale: str = "", **source: object):
        found = str(shared(f"data/{path}"))
        return data.read(table, {"path": found, **source}, scale=scale)

    return read


def test_qualtrics_sample(real):
    table = real("ingest_samples/qualtrics_3row_header.csv", format="qualtrics")
    assert table.counts == {"rows": 1}
    assert table.files[0].n_rows == 1
    columns = set(table.frame.columns)
    assert {"respondent_id", "responded_at", "Q1", "Q2"} <= columns
    private = {"IPAddress", "RecipientEmail", "RecipientLastName", "LocationLatitude"}
    assert not private & columns


def test_qualtrics_legacy_sample(real):
    table = real("ingest_samples/qualtrics_legacy_2row_bom.csv", format="qualtrics")
    assert table.frame["respondent_id"].tolist() == ["R_2YPOQ602ER1jkf1"]
    assert "Hello World!" in table.frame.iloc[0].tolist()
    assert "130.92.34.66" not in table.frame.iloc[0].tolist()


def test_surveymonkey_two_row_sample(real, cautions):
    table = real(
        "ingest_samples/surveymonkey_2row_macroman_StarWars.csv", format="surveymonkey"
    )
    assert table.counts == {"rows": 1186}
    assert table.frame.shape[1] == 38
    assert table.frame["respondent_id"].is_unique
    assert any("not UTF-8" in detail for _, detail, _ in cautions(table))


def test_surveymonkey_one_row_sample(real):
    table = real(
        "ingest_samples/surveymonkey_1row_thanksgiving.csv", format="surveymonkey"
    )
    assert table.counts == {"rows": 1058}
    assert table.frame.shape[1] == 65


@pytest.fixture
def telco(real):
    return real(
        "telco_nps_verbatims/telco.csv",
        scale="nps",
        date_format="%d/%m/%Y %H:%M",
        columns={
            "score": "NPS_SCORE",
            "verbatim": "text",
            "responded_at": "CUSTOMER_RESPONSE_DATE",
            "touchpoint": "SURVEY_SUB_TYPE",
        },
    )


def test_telco(telco):
    assert telco.counts["answered"] == 2353
    assert telco.counts["blank"] == 32
    found = score(telco.frame["score"], scales.get("nps"))
    assert found.estimate == pytest.approx(-24.69, **ROUNDED)
    assert found.std_error == pytest.approx(1.81, **ROUNDED)


@pytest.mark.parametrize(
    ("touchpoint", "n", "nps"),
    [
        ("Order", 962, -9.98),
        ("First Payment", 1130, -29.29),
        ("Equipment Received", 231, -56.71),
        ("Service in Use", 30, -76.67),
    ],
)
def test_telco_touchpoints(telco, touchpoint, n, nps):
    inside = telco.frame["touchpoint"] == touchpoint
    found = score(telco.frame["score"], scales.get("nps"), domain=inside)
    assert found.n == n
    assert found.estimate == pytest.approx(nps, **ROUNDED)


WAVES = [
    ("CNCF_Maintainers_Survey_2020_H2.csv", "2020H2", 97, 55.67),
    ("CNCF_Maintainers_Survey_2021_H1.csv", "2021H1", 93, 72.04),
    ("CNCF_Maintainers_Survey_2021_H2.csv", "2021H2", 102, 62.75),
    ("CNCF Maintainers Survey 2022 H1.csv", "2022H1", 99, 44.44),
    ("CNCF Maintainers Survey 2022 H2.csv", "2022H2", 117, 49.57),
]


def test_cncf_waves_as_one_table(shared):
    parts = [
        {"path": str(shared(f"data/cncf_maintainers/{name}")), "set": {"wave": wave}}
        for name, wave, _, _ in WAVES
    ]
    source = {
        "format": "surveymonkey",
        "columns": {"score": "*recommend CNCF*| Response"},
        "parts": parts,
    }
    table = data.read("responses", source, scale="nps_1_10")
    for _, wave, n, nps in WAVES:
        inside = table.frame["wave"] == wave
        found = score(table.frame["score"], scales.get("nps_1_10"), domain=inside)
        assert (found.n, found.estimate) == (n, pytest.approx(nps, **ROUNDED))


def test_skytrax(real, cautions):
    columns = {"score": "overall_rating", "verbatim": "content", "responded_at": "date"}
    table = real("skytrax_seat/seat.csv", scale="nps_1_10", columns=columns)
    assert table.counts["answered"] == 1257
    epoch = "dated 1970-01-01 or before: a placeholder?"
    assert ("seat.csv: responded_at", epoch, 26) in cautions(table)
    assert (table.frame["recommended"] == 1).sum() == 458


def test_cookie_cats(real):
    columns = {"user_id": "userid", "variant": "version"}
    table = real("cookie_cats/cookie_cats.csv", table="users", columns=columns)
    arms = table.frame.groupby("variant")
    assert arms.size().to_dict() == {"gate_30": 44700, "gate_40": 45489}
    assert arms["retention_7"].mean().tolist() == pytest.approx(
        [0.190201, 0.182000], abs=5e-7
    )
    each = {
        name: estimate(arm["retention_7"].to_numpy(dtype=float), "share")
        for name, arm in arms
    }
    found = difference(each["gate_30"], each["gate_40"])
    assert found.pvalue == pytest.approx(0.00155, abs=2e-5)  # unpooled, not pooled z


def test_simple_shop(real):
    table = real(
        "simple_shop_ab/ab_test_demo.csv",
        table="events",
        columns={
            "user_id": "client_id",
            "occurred_at": "timestamp",
            "touchpoint": "event",
            "variant": "user_backet",
            "value": "transaction_value",
        },
        keep={"variant": ["control", "test"]},
    )
    users = table.frame.groupby("variant")["user_id"].nunique()
    assert users.to_dict() == {"control": 573, "test": 554}
    paid = table.frame[table.frame["touchpoint"] == "payment_done"]
    buyers = paid.groupby("variant")["user_id"].nunique()
    assert buyers.to_dict() == {"control": 85, "test": 126}
    revenue = paid.groupby("variant")["value"].sum() / users
    assert revenue.tolist() == pytest.approx([119.90, 178.32], **ROUNDED)
    (kept,) = table.checks[table.checks["rule"].str.contains("keep")].itertuples()
    assert kept.detail == "kept control, test; left out not_in_test"


def test_telco_workbook(real):
    table = real(
        "ibm_telco/Telco_customer_churn_status.xlsx",
        scale="csat",
        columns={"respondent_id": "Customer ID", "score": "Satisfaction Score"},
    )
    assert table.counts["answered"] == 7043
    churned = table.frame.groupby("score")["Churn Value"].sum().astype(int)
    assert churned.to_dict() == {1: 922, 2: 518, 3: 429, 4: 0, 5: 0}
