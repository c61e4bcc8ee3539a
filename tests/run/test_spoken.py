"""Pages around Italian reports: whole pages, each number put into Italian once."""

from __future__ import annotations

import json
from html import escape

import pytest
from bs4 import BeautifulSoup

from cxlib.report.language import translator
from cxlib.run.audiences.executive import executive
from cxlib.run.audiences.latest import latest
from cxlib.run.audiences.review import review
from cxlib.run.audiences.signoff import SignOff, SignOffs, Standing, shown_line
from cxlib.run.audiences.write import write_audiences
from cxlib.run.site.build import write_site
from cxlib.run.site.pages import problem_page
from cxlib.run.summary import summary
from tests.run.site import CHOSEN, FIGURE, Site, initiative
from tests.run.test_review import RESULTS, notebook

ENGLISH = {"decision": "The target of 1,024.0 points is missed.", "figures": [FIGURE]}
ITALIAN = {
    "decision": "L'obiettivo di 1.024,0 punti è mancato.",
    "figures": [FIGURE | {"value": "20,7", "unit": "punti", "n": "n = 3.926",
                          "interval": "IC 95 % da 17,7 a 23,5"}],
    "english": ENGLISH,
}  # fmt: skip


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


def add(site, name, **more):
    more = {"language": "it", "headline": ITALIAN} | more
    return site.add(name, **more)


def soup(html):
    return BeautifulSoup(html, "html.parser")


def words(html):
    return " ".join(soup(html).get_text(" ").split()).replace(" ,", ",")


def test_a_programme_of_italian_runs_has_an_italian_executive_page(site):
    add(site, "nps_segmentation")
    write_audiences(site.out)
    text = words(site.page())
    assert soup(site.page()).html["lang"] == "it"
    assert "Come ci valutano" in text
    assert "L'obiettivo di 1.024,0 punti è mancato." in text
    assert "20,7 punti IC 95 % da 17,7 a 23,5, n = 3.926" in text


def test_a_programme_of_both_languages_has_an_english_page_throughout(site):
    add(site, "nps_segmentation")
    site.add("churn")
    write_audiences(site.out)
    text = words(site.page())
    assert soup(site.page()).html["lang"] == "en"
    assert "The target of 1,024.0 points is missed." in text
    assert "Decision of churn." in text
    assert "mancato" not in text


def test_the_business_case_is_found_in_an_italian_programme(site):
    add(site, "roi_choice", results={"findings": [CHOSEN]},
        tables={"chosen": [initiative("Alpha"), initiative("Beta")]})  # fmt: skip
    wary = {"decision": "Da misurare", "figures": [],
            "english": {"decision": "measure first Beta.", "figures": []}}  # fmt: skip
    add(site, "roi_investment", headline=wary)
    write_audiences(site.out)
    text = words(site.page())
    assert "Probabilità di perdere denaro 31,5 %" in text
    assert "comincerebbe Beta" in text


def test_figures_of_two_languages_are_compared_in_one(site):
    add(site, "nps_segmentation")
    site.add("nps_survey", headline=ENGLISH)
    page = executive(latest(site.out)["alpha"], SignOffs())
    assert "read both before quoting" not in words(page)


def test_the_reviewers_page_is_italian_and_reads_the_notebooks_english(site):
    folder = add(site, "good", results=RESULTS)
    record = json.loads((folder / "manifest.json").read_text())
    record |= {"home": "../../../index.html", "packages": {}, "notebook": "n"}
    standing = Standing(kind="none", text="Not reviewed yet.", tone="idle")
    page = review(record, folder, notebook=notebook(), standing=standing)
    text = words(page)
    assert soup(page).html["lang"] == "it"
    assert "L'obiettivo di 1.024,0 punti è mancato." in text
    assert "Che cosa è stato controllato" in text
    assert "NPS: 20,7 punti" in text
    assert soup(page).find(id="signoff").get_text() == "Non ancora rivisto."


def test_a_signoff_line_is_replaced_in_either_language():
    signed = SignOff(report="nps", reviewer="Ann", date="2026-01-31",
                     verdict="accepted", run="r1")  # fmt: skip
    said = f"Accepted by {signed.reviewer} on {signed.date} for run {signed.run}."
    standing = Standing(kind="signed", text=said, tone="good")
    old = '<p class="signoff" id="signoff" lang="en">A <span>b</span></p><p>c</p>'
    new = shown_line(old, standing.spoken(translator("it")))
    text = "Accettato da Ann il 2026-01-31 per l'esecuzione r1."
    assert new == f'<p class="signoff good" id="signoff">{escape(text)}</p><p>c</p>'
    assert standing.spoken(translator("en")) == standing


def test_the_line_of_an_italian_report_follows_the_sign_off(site):
    folder = add(site, "nps")
    site.signoff.write_text(
        f"- {{report: nps, run: {folder.name}, reviewer: Ann, date: 2026-01-31, "
        "verdict: accepted}\n"
    )
    write_audiences(site.out)
    assert "Accettato da Ann il 2026-01-31" in (folder / "report.html").read_text()


def test_a_problem_page_is_in_the_language_that_was_asked_for():
    record = {
        "status": "params", "programme": "a", "name": "b", "home": "x", "run_id": "r",
        "started": "2026-01-31T10:15:00", "params_file": "p.yaml", "params": {},
        "notebook": "n", "git": None, "error": "It broke.", "language": "it",
    }  # fmt: skip
    page = problem_page(record, [])
    assert soup(page).h1.get_text() == "Questo report non è stato fatto"
    english = problem_page(record | {"language": "en"}, [])
    assert soup(english).h1.get_text() == "This report was not made"


def test_the_index_says_which_of_its_texts_are_italian(site):
    add(site, "nps")
    site.add("churn")
    write_site(site.out)
    index = soup((site.out / "index.html").read_text(encoding="utf-8"))
    assert index.html["lang"] == "en"
    said = {one.get_text(): one.get("lang") for one in index.select(".decision")}
    assert said == {ITALIAN["decision"]: "it", "Decision of churn.": None}
    assert [one.get("lang") for one in index.select("ul.figures")].count("it") == 1


@pytest.mark.parametrize("form", ["text", "html"])
def test_a_summary_of_italian_runs_is_italian(site, form):
    add(site, "nps")
    text = summary([site.out], format=form)
    assert "CX: 1 completati, nessun allarme (alpha)" in text
    assert "NPS 20,7 punti" in text.replace("\n  ", " ")
    site.add("churn")
    assert "CX: 2 completed, no alert (alpha)" in summary([site.out], format=form)
