"""The executive page: all answers of a programme, how sure, what sets them apart."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxlib.run.audiences.areas import by_area
from cxlib.run.audiences.fit import fit
from cxlib.run.audiences.latest import latest
from cxlib.run.audiences.write import write_audiences
from tests.run.site import CHOSEN, FIGURE, FILE, Site, initiative


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


def words(page):
    body = page[page.index("<body") :]
    text = re.sub(r"<[^>]+>", " ", body)
    return re.sub(r"\s+", " ", text).replace(" ,", ",")


def made(site):
    write_audiences(site.out)
    return words(site.page())


def test_every_answer_is_there_with_interval_and_n(site):
    for name in ("voc_coding", "nps_segmentation", "journey_comparison", "churn"):
        site.add(name)
    text = made(site)
    for name in ("voc_coding", "nps_segmentation", "journey_comparison", "churn"):
        assert f"Decision of {name}." in text
    assert text.count("NPS 20.7 points 95 % CI 17.7 to 23.5, n = 3,926") == 4
    order = ["What customers say", "How they score us", "Their journeys"]
    places = [text.index(one) for one in [*order, "Other questions"]]
    assert places == sorted(places)


def test_a_programme_of_one_notebook_has_a_page(site):
    site.add("churn", title="Who leaves?")
    text = made(site)
    assert "1 report, completed" in text
    assert "Who leaves?" in text
    assert "Business case" not in text


def test_the_report_that_speaks_for_an_area_comes_first(site):
    site.add("voc_coding")
    site.add("voc_impact")
    site.add("voc_impact.stores", 1, "failed")
    [(area, reports)] = by_area(latest(site.out)["alpha"])
    assert area.title == "What customers say"
    names = [report.name for report in reports]
    assert names == ["voc_impact", "voc_coding", "voc_impact.stores"]


def test_a_failed_run_is_said_and_the_last_good_answer_stands_in(site):
    old = site.add("nps_segmentation", 1)
    site.add("nps_segmentation", 2, "failed")
    site.add("voc_coding", 2, "data")
    text = made(site)
    assert "The latest run, of 2026-01-02 10:00 UTC, failed. This answer is of" in text
    assert "This answer is of 2026-01-01." in text
    assert f'href="nps_segmentation/{old.name}/report.html"' in site.page()
    assert "ended with: data stop; no earlier run completed, so there is no" in text
    assert "2 reports, 0 completed" in text


def test_the_business_case_says_what_to_fund_at_which_odds(site):
    tables = {
        "chosen": [initiative("Alpha"), initiative("Gamma", chosen=False)],
        "roadmap": [
            {"initiative": "Alpha", "quarter": "2026-Q1", "evidence": "randomised"}
        ],
    }
    cost = {"id": "first costs on the roadmap", "estimate": 14512.0}
    figures = [{**FIGURE, "id": CHOSEN["id"], "label": "Net present value",
                "value": "4,908", "unit": "EUR", "n": "",
                "interval": "80 % interval −6,620 to 17,616"}]  # fmt: skip
    results = {"findings": [CHOSEN, cost]}
    site.add("roi_choice", results=results, tables=tables, figures=figures)
    text = made(site)
    assert "Within 18,000 EUR, choose Alpha and Beta" in text
    assert "More follows" not in text
    assert "4,908 EUR 80 % interval −6,620 to 17,616, 20,000 draws" in text
    assert "Chance of losing money 31.5 % share of simulated futures, 20,000" in text
    assert "First costs 14,512 EUR" in text
    assert "Alpha 2026-Q1 5,032 3,641 −1,686 to 9,201 20 % randomised" in text
    assert "Gamma" not in text


def test_a_case_falls_back_on_what_there_is(site):
    value = {"id": "value of a score point", "estimate": 82.2,
             "statement": "One point goes with 82 EUR."}  # fmt: skip
    site.add("roi_regression", results={"findings": [value]})
    text = made(site)
    assert "Business case One point goes with 82 EUR" in text
    assert "Chance of losing" not in text


def test_what_a_sceptic_says_stands_beside_the_case(site):
    site.add("roi_choice", results={"findings": [CHOSEN]})
    said = {"id": "net present value for the CFO", "estimate": -1.0,
            "statement": "Under the assumptions of the CFO, 1 pays."}  # fmt: skip
    site.add("roi_investment", results={"findings": [said]})
    text = made(site)
    assert "Each on its own. Decision of roi_investment." in text
    assert "All that is planned, to a sceptic. Under the assumptions of the CFO" in text
    assert text.count("Decision of roi_investment.") == 1


def test_initiatives_that_another_report_would_not_fund_are_named(site):
    tables = {"chosen": [initiative("Alpha"), initiative("Beta")]}
    site.add("roi_choice", title="The plan", results={"findings": [CHOSEN]},
             tables=tables)  # fmt: skip
    decision = (
        "Fund Alpha (80 %); measure first: Beta (54 %); do not fund: Gamma (9 %)."
    )
    site.add("roi_investment", title="One by one", headline={"decision": decision})
    text = made(site)
    assert (
        "“The plan” would begin Beta; of the same “One by one” says: measure first: "
        "Beta (54 %)."
    ) in text
    assert "would begin Alpha" not in text


def test_different_exports_of_one_file_are_said(site):
    site.add("nps_segmentation", title="One")
    other = {**FILE, "sha256": "b" * 64}
    site.add("voc_coding", title="Two", data=[other], figures=[])
    text = made(site)
    assert "These answers rest on different exports of data/a.csv: “One” (run" in text


def test_answers_of_different_days_and_code_are_said(site):
    site.add("nps_segmentation", 1, title="Old", git={"commit": "a" * 40})
    site.add("voc_coding", 9, title="New", git={"commit": "b" * 40}, figures=[])
    text = made(site)
    assert "different days: Old of 2026-01-01, New of 2026-01-09." in text
    assert "“Old” with aaaaaaaa; “New” with bbbbbbbb" in text


def test_one_name_with_two_values_is_said_unless_it_is_a_variant(site):
    site.add("nps_segmentation", title="One")
    site.add("nps_segmentation.app", figures=[{**FIGURE, "value": "3.1"}])
    assert "Before you quote" not in made(site)
    site.add("nps_survey", title="Two", figures=[{**FIGURE, "value": "26.4"}])
    text = made(site)
    assert "NPS is 20.7 points in “One” and 26.4 points in “Two”, from the same" in text


def test_agreeing_reports_have_nothing_against_them(site):
    site.add("nps_segmentation")
    site.add("voc_coding")
    assert "Before you quote" not in made(site)


def test_the_weakest_assumptions_come_one_a_report_first(site):
    def grades(*pairs):
        return {"assumptions": [
            {"text": text, "quality": quality, "impact": impact, "results": []}
            for text, quality, impact in pairs]}  # fmt: skip

    first = grades(("A1", "low", "high"), ("A2", "low", "high"), ("S", "high", "low"))
    site.add("nps_segmentation", results=first)
    site.add("voc_coding", results=grades(("B", "medium", "high")))
    site.add("churn", results=grades(("C", "low", "medium"), ("S", "high", "low")))
    page = site.out and made(site)
    weak = page[page.index("The weakest assumptions") :]
    assert "Of 5 assumptions, 2 matter much and are weakly supported" in weak
    assert re.findall(r"\b([A-C]\d?) (?:low|medium) support", weak) == ["A1", "C", "B"]


def test_alerts_and_threshold_states_are_words(site):
    figure = {**FIGURE, "state": "bad", "threshold": "25 at least"}
    alert = {"id": "nps", "text": "NPS is below 25 points."}
    site.add("nps_segmentation", figures=[figure], alerts=[alert])
    text = made(site)
    assert "1 alert: a threshold is crossed" in text
    assert "NPS is below 25 points." in text
    assert "✕ 25 at least" in text


HOSTILE = "<script>alert(1)</script>"


def test_hostile_text_is_escaped(site):
    figure = {**FIGURE, "label": HOSTILE, "state": '"><script>', "threshold": HOSTILE}
    headline = {"decision": HOSTILE, "figures": [figure]}
    weak = [{"text": HOSTILE, "quality": "low", "impact": "high"}]
    alerts = [{"text": HOSTILE}]
    site.add("nps_x", title=HOSTILE, headline=headline, alerts=alerts,
             results={"assumptions": weak})  # fmt: skip
    write_audiences(site.out)
    page = site.page()
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 5


@pytest.mark.parametrize(
    "broken",
    [
        "{", "[]", '{"status": "ok"}',
        json.dumps({"status": "ok", "started": "x", "headline": "text"}),
        json.dumps({"status": "ok", "started": "x", "headline": {"figures": [1]}}),
        json.dumps({"status": "ok", "started": "x", "data": {"a": 1}}),
    ],
)  # fmt: skip
def test_a_manifest_that_is_not_ours_is_passed_over(site, broken):
    site.add("nps_segmentation", 1)
    (site.add("nps_segmentation", 2) / "manifest.json").write_text(broken)
    assert "This answer" not in made(site)
    assert "Decision of nps_segmentation." in made(site)


def test_results_that_are_not_ours_leave_the_answer(site):
    folder = site.add("roi_choice")
    (folder / "results.json").write_text('{"findings": "none", "assumptions": [1]}')
    assert "Decision of roi_choice." in made(site)


def test_a_page_is_written_only_when_something_changed(site):
    site.add("nps_segmentation", 1)
    site.add("nps_segmentation", 1, programme="beta")
    write_audiences(site.out)
    pages = [site.out / name / "executive.html" for name in ("alpha", "beta")]
    before = [page.stat().st_ino for page in pages]
    write_audiences(site.out)
    assert [page.stat().st_ino for page in pages] == before
    site.add("nps_segmentation", 2)
    write_audiences(site.out)
    after = [page.stat().st_ino for page in pages]
    assert after[0] != before[0]
    assert after[1] == before[1]


def test_no_run_gives_no_page(tmp_path):
    assert write_audiences(tmp_path) == {}
    assert list(tmp_path.iterdir()) == []


texts = st.text("abc ", max_size=400)
keys = ("label", "value", "unit", "interval", "n", "mark")
figures = st.lists(st.just(dict.fromkeys(keys, "x" * 20)), max_size=2)
items = st.fixed_dictionaries(
    {"title": st.just("T"), "decision": texts, "brief": texts, "lapse": texts,
     "signed": texts, "figures": figures}
)  # fmt: skip
areas = st.lists(
    st.fixed_dictionaries({"items": st.lists(items, min_size=1, max_size=30)}),
    max_size=5,
)


@given(areas=areas, notes=st.lists(texts, max_size=9))
def test_leading_answers_are_always_printed_and_nothing_is_lost(areas, notes):
    page = fit({"areas": areas, "alerts": [], "conflicts": notes, "case": None,
                "weak": {"rows": []}})  # fmt: skip
    for area in page["areas"]:
        assert area["items"][0]["printed"]
        hidden = sum(not item["printed"] for item in area["items"])
        assert hidden == len(area["unprinted"])
    assert page["size"] in {"", "roomy"}
