"""Reports in Italian: known sentences and their numbers, everything else untouched."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import matplotlib.pyplot as plt
import nbformat
import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

import cxlib.report.language as languages
from cxlib.errors import ArgumentError
from cxlib.report.exporter import ReportExporter
from cxlib.report.language import Translator, catalogue, translate, translator
from cxlib.report.language.catalogue import compiled
from cxlib.report.language.notebook import bundle, use

FOLDER = Path(catalogue.__file__).parent
PO = sorted(FOLDER.glob("*/*.po"))
ITALIAN = translator("it")


def page(html: str) -> str:
    soup = BeautifulSoup(html, "html.parser")
    translate(soup, ITALIAN)
    return str(soup)


@pytest.fixture
def _english_again():
    yield
    use("en")


@pytest.mark.parametrize(
    ("english", "italian"),
    [
        ("Contents", "Contenuti"),
        ("3,926 answers", "3.926 risposte"),
        ("1,234.5", "1.234,5"),
        ("−0.5 (−1,200.25 to +3.0)", "−0,5 (da −1.200,25 a +3,0)"),
        ("n = 3,926", "n = 3.926"),
        ("2026-01-31", "2026-01-31"),
        ("3.11.7", "3.11.7"),
        ("store v1.2", "store v1.2"),
        (
            "NPS is 20.7 points (95 % CI 17.7 to 23.5, n = 3,926).",
            "NPS: 20,7 punti (IC 95 % da 17,7 a 23,5, n = 3.926).",
        ),
    ],
)
def test_known_sentences_and_numbers(english, italian):
    assert ITALIAN.text(english) == italian


@pytest.mark.parametrize(
    ("english", "italian"),
    [
        ("at 80 %", "all'80 %"),
        ("at 1 %", "all'1 %"),
        ("at 1.5 %", "all'1,5 %"),
        ("at 11 %", "all'11 %"),
        ("at 1,000 %", "al 1.000 %"),
        ("at 12 %", "al 12 %"),
        ("at 95 %", "al 95 %"),
    ],
)
def test_an_article_elides_before_a_vowel(english, italian, monkeypatch):
    words = Translator("it")
    known = compiled("at {v}", "al {v}")
    found = replace(words._catalogue, messages=(known,))
    monkeypatch.setattr(words, "_catalogue", found)
    assert words.text(english) == italian


def test_an_unknown_sentence_keeps_its_words_and_its_numbers():
    text = "Nobody has put this into words: 1,234.5 of them."
    assert ITALIAN.text(text) == text


def test_one_known_sentence_in_two():
    pieces = list(ITALIAN.parts("Zyx is not in there. 3,926 answers"))
    assert pieces[0] == ("Zyx is not in there.", False)
    assert pieces[-1] == ("3.926 risposte", True)


def test_a_sentence_is_tried_before_its_clauses(monkeypatch):
    words = Translator("it")
    known = compiled("Measure first: {x}.", "Prima misurare {x}.")
    monkeypatch.setattr(
        words, "_catalogue", replace(words._catalogue, messages=(known,))
    )
    text = "Zyx is new. Measure first: alpha and beta. Nobody knows this."
    assert words.text(text) == (
        "Zyx is new. Prima misurare alpha e beta. Nobody knows this."
    )


def test_english_changes_nothing():
    text = "NPS is 20.7 points (95 % CI 17.7 to 23.5, n = 3,926)."
    assert translator("en").text(text) == text


@given(st.text(max_size=80))
def test_never_fails_and_keeps_what_it_does_not_know(text):
    shown = ITALIAN.text(text)
    if re.search(r"[^\W\d_]", text) is None and "," not in text and "." not in text:
        assert shown == text


@given(st.floats(-1e9, 1e9).filter(lambda x: abs(x) > 1e-3))
def test_numbers_come_back(value):
    english = f"{value:,.2f}".replace("-", "−")
    italian = ITALIAN.text(english)
    assert italian.replace(".", "").replace(",", ".") == english.replace(",", "")


def test_a_long_unknown_text_in_a_hole_is_no_match():
    one = "a text of more than six words that no message of the catalogue knows"
    text = f"{one} is 20.7 points (95 % CI 17.7 to 23.5, n = 3,926)."
    assert ITALIAN.text(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("## Which one does it, and by how much?", None),
        ("Zyx is new: alpha is better.", "Zyx is new: alpha va meglio."),
        ("Nobody knows. Zyx is better.", "Nobody knows. Zyx va meglio."),
        ("Those who are with zyx", None),
        ("Only 25 users with or without zyx;", None),
        ("Zyx with St. Gallen", "Zyx con St. Gallen"),
    ],
)
def test_unknown_english_is_no_name(monkeypatch, text, shown):
    words = Translator("it")
    short = {"{x} is better.": "{x} va meglio.", "{x} by {x1}": "{x} per {x1}"}
    short["{x} with {x1}"] = "{x} con {x1}"
    known = tuple(compiled(*pair) for pair in short.items())
    monkeypatch.setattr(words, "_catalogue", replace(words._catalogue, messages=known))
    assert words.text(text) == (shown or text)


def test_what_is_translated_already_may_stand_in_a_hole():
    words = Translator("it")
    shown = words.markdown("Which of many small segments stand out?")
    assert words.text(f"Link to {shown}") == f"Collegamento a {shown}"


def test_a_name_from_the_data_is_kept():
    text = "Checkout and payment, share of verbatims"
    assert ITALIAN.text(text) == "Checkout and payment, quota dei commenti"


def test_a_list_of_names_may_be_long():
    names = "Delivery, Shop staff, Price, Product quality, Returns and refunds"
    text = f"It falls behind on {names}."
    assert ITALIAN.text(text) == f"Resta indietro su {names}."


def test_the_marks_of_a_heading_are_not_words_of_a_name():
    source = "## Shop staff, share of verbatims"
    assert ITALIAN.markdown(source) == "## Shop staff, quota dei commenti"


@pytest.mark.parametrize("path", PO, ids=lambda path: path.stem)
def test_a_catalogue_is_sound(path):
    """Each message once, the same holes on both sides, numbers only in holes."""
    seen = set()
    for context, source, target in catalogue.entries(path):
        assert (context, source) not in seen, source
        seen.add((context, source))
        compiled(source, target)
        assert not re.search(r"<[a-z/]", target), f"markup in {target!r}"


def test_no_message_stands_in_two_catalogues():
    seen: dict[tuple, str] = {}
    for path in PO:
        for context, source, _ in catalogue.entries(path):
            other = seen.setdefault((path.parent.name, context, source), path.name)
            assert other == path.name, f"{source!r} is in {other} and {path.name}"


def test_other_holes_are_refused():
    with pytest.raises(ArgumentError, match="other holes"):
        compiled("{n} answers", "{n1} risposte")


def test_unknown_language_is_refused():
    with pytest.raises(ArgumentError, match="'de'; use one of 'en', 'it'"):
        Translator("de")


def test_a_page_says_what_stays_english():
    html = page("<html lang='en'><p>Contents</p><p>This is not in there.</p></html>")
    assert '<html lang="it">' in html
    assert "<p>Contenuti</p>" in html
    assert '<p lang="en">This is not in there.</p>' in html


def test_code_names_and_labels_of_the_data_are_left():
    html = page(
        "<code>3,926 answers</code><td>call_centre</td><b translate='no'>1.5</b>"
    )
    assert html == (
        '<code>3,926 answers</code><td>call_centre</td><b translate="no">1.5</b>'
    )


def test_hostile_text_stays_escaped():
    html = page("<p>&lt;script&gt;alert(1)&lt;/script&gt; is 1.5</p>")
    assert "<script>" not in html


def test_a_chart_speaks_the_language():
    figure, ax = plt.subplots()
    ax.plot([0, 1500], [0.0, 2.5])
    ax.set_xlabel("3,926 answers")
    ax.set_yticks([0, 2.5], ["0.0", "2.5"])
    languages.translate_figure(figure, ITALIAN)
    figure.canvas.draw()
    assert ax.get_xlabel() == "3.926 risposte"
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["0,0", "2,5"]
    plt.close(figure)


def test_axes_inside_axes_speak_it_too():
    figure, ax = plt.subplots()
    inset = ax.inset_axes((0, 0, 1, 1))
    inset.set_xticks([0, 2.5], ["0.0", "2.5"])
    above = ax.secondary_xaxis("top", functions=(lambda x: 2 * x, lambda x: x / 2))
    above.set_xticks([0.5], ["0.5"])
    languages.translate_figure(figure, ITALIAN)
    figure.canvas.draw()
    assert [tick.get_text() for tick in inset.get_xticklabels()] == ["0,0", "2,5"]
    assert [tick.get_text() for tick in above.get_xticklabels()] == ["0,5"]
    plt.close(figure)


def test_an_answer_keeps_its_ids_and_states():
    mime = "application/vnd.cx.answer+json"
    answer = {
        "decision": "3,926 answers",
        "figures": [{"id": "Contents", "value": "1.5"}],
    }
    shown = bundle(mime, answer, ITALIAN)
    assert shown["decision"] == "3.926 risposte"
    assert shown["figures"] == [{"id": "Contents", "value": "1,5"}]


def test_a_notebook_that_asks_for_italian_gets_an_italian_page():
    cells = [
        nbformat.v4.new_markdown_cell("# Contents\n\n- 3,926 answers"),
        nbformat.v4.new_code_cell(
            'report_language: str = "it"  # of words',
            metadata={"tags": ["parameters"]}, execution_count=1,
        ),
    ]  # fmt: skip
    html, _ = ReportExporter().from_notebook_node(nbformat.v4.new_notebook(cells=cells))
    soup = BeautifulSoup(html, "html.parser")
    assert soup.html["lang"] == "it"
    assert soup.title.string == "Contenuti"
    assert soup.select_one("main li").get_text() == "3.926 risposte"


def test_names_of_parameters_stay():
    cell = nbformat.v4.new_code_cell(
        'score: str = "score"  # of words\nreport_language: str = "it"',
        metadata={"tags": ["parameters"]}, execution_count=1,
    )  # fmt: skip
    notebook = nbformat.v4.new_notebook(cells=[cell])
    html, _ = ReportExporter().from_notebook_node(notebook)
    names = BeautifulSoup(html, "html.parser").select(".parameters tbody th")
    assert [one.get_text() for one in names] == ["score", "report_language"]


@pytest.mark.parametrize(
    ("english", "italian"),
    [
        (
            "One point more on score goes, one month later, with revenue +3.92 EUR "
            "(95 % CI 3.38 to 4.46, n = 576 customers) and cost to serve −0.53 EUR "
            "(95 % CI −0.62 to −0.44, n = 5,755 rows of 576 customers), a month.",
            "Un punto in più di punteggio si accompagna, un mese dopo, a: ricavi "
            "+3,92 EUR (IC 95 % da 3,38 a 4,46, n = 576 clienti) e costo di servizio "
            "−0,53 EUR (IC 95 % da −0,62 a −0,44, n = 5.755 righe di 576 clienti), "
            "al mese.",
        ),
        (
            "Lag 1 is the largest seen, but lags 0, 2 and 3 may be.",
            "Il ritardo 1 è il maggiore tra quelli visti, ma possono esserlo i ritardi "
            "0, 2 e 3.",
        ),
        ("revenue: score, lag 1", "ricavi: punteggio, ritardo 1"),
    ],
)
def test_lists_of_values_fill_one_hole(english, italian):
    assert ITALIAN.text(english) == italian


def test_a_hole_does_not_swallow_the_next_sentence():
    text = (
        "A present customer is worth 42.46 EUR of margin over 5 years (95 % CI 35.59 "
        "to 49.33, n = 800 customers)."
    )
    second = "The value of a point does not count revenue. Zyx is not in there."
    assert ITALIAN.text(f"{text} {second}").endswith(
        "(IC 95 % da 35,59 a 49,33, n = 800 clienti). Il valore di un punto non conta "
        "ricavi. Zyx is not in there."
    )
    assert ITALIAN.text(second) == (
        "Il valore di un punto non conta ricavi. Zyx is not in there."
    )


def test_a_customers_words_are_never_translated():
    shown = "<p>3,926 answers</p><span translate='no'>3,926 answers</span>"
    output = nbformat.v4.new_output("display_data", {"text/html": shown})
    cells = [
        nbformat.v4.new_code_cell(
            'report_language: str = "it"  # of words',
            metadata={"tags": ["parameters"]}, execution_count=1,
        ),
        nbformat.v4.new_code_cell("1", execution_count=2, outputs=[output]),
    ]  # fmt: skip
    html, _ = ReportExporter().from_notebook_node(nbformat.v4.new_notebook(cells=cells))
    soup = BeautifulSoup(html, "html.parser")
    assert soup.find("p", string="3.926 risposte") is not None
    assert soup.find("span", translate="no").string == "3,926 answers"


@pytest.mark.parametrize(
    ("english", "italian"),
    [
        (
            "Since the run of 2026-11-26 19:43 UTC the settings changed (target). "
            "NPS went from 20.7 to 1,021.9 points (+1.2), within the ±2.0 points "
            "expected by chance.",
            "Dall'esecuzione del 2026-11-26 19:43 UTC sono cambiate le impostazioni "
            "(target). NPS è passato da 20,7 a 1.021,9 punti (+1,2), entro i ±2,0 "
            "punti attesi per caso.",
        ),
        (
            "NPS 20.7 points (95 % CI 17.7 to 23.5, n = 3,926): below the minimum of "
            "25 points, beyond noise.",
            "NPS 20,7 punti (IC 95 % da 17,7 a 23,5, n = 3.926): sotto il minimo di "
            "25 punti, oltre il rumore.",
        ),
    ],
)
def test_changes_and_alerts(english, italian):
    assert ITALIAN.text(english) == italian


def test_a_sentence_whose_first_letter_was_made_small():
    known = "Those who answer are not asked twice."
    words = Translator("it")
    words._catalogue = replace(words._catalogue, exact={known: "Nessuno due volte."})
    assert words.text(f"t{known[1:]}") == "nessuno due volte."
    assert words.text("contents") == "contents"


def test_what_the_script_says_is_translated():
    html = page('<main data-csv="CSV as shown"><b data-other="Hide code">x</b></main>')
    assert 'data-csv="CSV come mostrato"' in html
    assert 'data-other="Nascondi il codice"' in html
