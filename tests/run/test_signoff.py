"""A sign-off holds for the results that were signed, and for no others."""

from __future__ import annotations

import datetime as dt
import hashlib
import json

import pytest
import yaml
from typer.testing import CliRunner

from cxlib.__main__ import app
from cxlib.errors import ArgumentError
from cxlib.run import write_site
from cxlib.run.audiences.signing import sign
from cxlib.run.audiences.signoff import SignOff, read_signoffs
from cxlib.run.audiences.write import write_audiences
from cxlib.run.jobs import find
from tests.run.site import FIGURE, FILE, Site

ENTRY = """\
- report: nps
  run: 20260101T100000Z-abcdef
  reviewer: Ann Roe
  date: 2026-01-03
  verdict: accepted
"""


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path)
    for name in ("nps", "voc"):
        (tmp_path / f"params/alpha/{name}.yaml").write_text("{}\n")
    return made


def standing(site, name="nps"):
    return write_audiences(site.out)["alpha", name]


def digest(folder):
    return hashlib.sha256((folder / "results.json").read_bytes()).hexdigest()


def test_an_entry_is_read(site):
    site.signoff.write_text(ENTRY + "  note: 'Late: see p. 3'\n")
    found = read_signoffs(site.signoff)
    [entry] = found.entries
    assert not found.troubles
    assert entry == SignOff(
        report="nps", run="20260101T100000Z-abcdef", reviewer="Ann Roe",
        date="2026-01-03", verdict="accepted", note="Late: see p. 3",
    )  # fmt: skip


def test_a_blank_value_is_no_value(site):
    site.signoff.write_text(ENTRY + "  note:\n  results_sha256: ''\n")
    [entry] = read_signoffs(site.signoff).entries
    assert (entry.note, entry.results_sha256) == ("", "")


def test_bytes_that_are_no_text_are_a_sentence(site):
    site.signoff.write_bytes(b"- report: \xff\xfe\n")
    [trouble] = read_signoffs(site.signoff).troubles
    assert trouble.startswith("alpha/_signoff.yaml: not UTF-8 text")


def test_no_file_and_an_empty_file_hold_nothing(site):
    assert read_signoffs(site.signoff).entries == ()
    site.signoff.write_text("# nothing yet\n")
    found = read_signoffs(site.signoff)
    assert (found.entries, found.troubles) == ((), ())


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("accepted", "ok", "alpha/_signoff.yaml:5: verdict 'ok': write one of "
         "accepted, accepted with remarks, rejected."),
        ("2026-01-03", "3 Jan", "alpha/_signoff.yaml:4: date '3 Jan': write it as "
         "2026-01-31."),
        ("reviewer", "reviwer", "alpha/_signoff.yaml:3: 'reviwer' is not known here; "
         "did you mean 'reviewer'?"),
        ("  reviewer: Ann Roe\n", "", "alpha/_signoff.yaml:1: the entry has no "
         "reviewer; add it."),
        ("  run: 20260101T100000Z-abcdef\n", "", "alpha/_signoff.yaml:1: the entry "
         "names no run; add `run:` with the id of what was signed."),
        ("20260101T100000Z-abcdef", "../../etc", "alpha/_signoff.yaml:2: run "
         "'../../etc' is no name of a report's folder."),
        ("Ann Roe", "[Ann]", "alpha/_signoff.yaml:3: reviewer must be text."),
        ("Ann Roe", "no", "alpha/_signoff.yaml:3: [0].reviewer: YAML reads no as "
         "false; quote it ('no') for the text, write false for the truth value."),
        ("- report: nps", "- report: nps\n  report: voc", "alpha/_signoff.yaml:2: "
         "[0].report: given twice, in lines 1 and 2; keep one."),
        ("- report", "report", "alpha/_signoff.yaml:2: not valid YAML at line 2, "),
        (ENTRY, "report: nps\n", "alpha/_signoff.yaml:1: the file must be a list, one "
         "`- report: …` an entry."),
        (ENTRY, "- nps\n", "alpha/_signoff.yaml:1: an entry must map words to values, "
         "such as `report: nps_survey`."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_a_sentence_with_file_and_line(site, old, new, said):
    site.add("nps")
    site.signoff.write_text(ENTRY.replace(old, new))
    troubles = read_signoffs(site.signoff).troubles
    assert any(one.startswith(said) for one in troubles), troubles
    write_audiences(site.out)
    assert "alpha/_signoff.yaml:" in site.page()


def test_one_bad_entry_does_not_take_the_others_along(site):
    site.signoff.write_text(ENTRY + ENTRY.replace("accepted", "ok"))
    found = read_signoffs(site.signoff)
    assert len(found.entries) == len(found.troubles) == 1


def test_a_programme_without_a_file_says_nothing(site):
    folder = site.add("nps")
    assert standing(site).kind == "off"
    assert "reviewed" not in site.page()
    assert (folder / "report.html").read_text() == (
        '<p class="signoff" id="signoff"></p>'
    )


def test_the_signed_run_says_who_and_when_on_every_page(site):
    folder = site.add("nps")
    site.add("voc", figures=[])
    site.signoff.write_text(ENTRY)
    now = standing(site)
    assert now.kind == "signed"
    said = "Accepted by Ann Roe on 2026-01-03 for run 20260101T100000Z-abcdef."
    for page in (site.page(), (folder / "report.html").read_text()):
        assert '<p class="signoff good"' in page
        assert said in page
    assert "1 reviewed and signed" in site.page()
    assert standing(site, "voc").text == "Not reviewed yet."
    assert said in write_site(site.out).read_text()


def test_a_later_run_is_not_covered_and_says_what_differs(site):
    old = site.add("nps", 1)
    site.signoff.write_text(f"{ENTRY}  results_sha256: {digest(old)}\n")
    figures = [{**FIGURE, "value": "18.2"}]
    data = [{**FILE, "sha256": "b" * 64}]
    params = {"currency": "EUR", "target": 20}
    results = {"findings": [{"id": "x"}]}
    new = site.add("nps", 2, figures=figures, data=data, params=params, results=results)
    now = standing(site)
    assert now.kind == "earlier"
    assert now.text == (
        "Not reviewed. Accepted by Ann Roe on 2026-01-03 for run "
        "20260101T100000Z-abcdef; this run differs: NPS 20.7 → 18.2 points; data "
        "(data/a.csv) and settings (target) changed."
    )
    assert "Not reviewed." in (new / "report.html").read_text()
    assert "Accepted by Ann" in (old / "report.html").read_text()
    assert "Not reviewed" not in (old / "report.html").read_text()


def test_a_later_run_with_identical_results_is_covered(site):
    old = site.add("nps", 1)
    site.signoff.write_text(f"{ENTRY}  results_sha256: {digest(old)}\n")
    site.add("nps", 2)
    now = standing(site)
    assert now.kind == "same"
    assert "this run's results are identical to those of run 20260101" in now.text


def test_without_a_hash_a_later_run_is_never_covered(site):
    site.add("nps", 1)
    site.add("nps", 2)
    site.signoff.write_text(ENTRY)
    assert standing(site).kind == "earlier"


def test_inputs_cover_every_run_of_theirs(site):
    site.add("nps", 1, inputs_sha256="c" * 64)
    entry = ENTRY.replace("run: 20260101T100000Z-abcdef", f"inputs: {'c' * 64}")
    site.signoff.write_text(entry)
    assert standing(site).kind == "same"
    site.add("nps", 2, inputs_sha256="d" * 64)
    assert standing(site).kind == "earlier"


def test_results_changed_after_signing_void_it(site):
    folder = site.add("nps")
    sign(site.root / "params/alpha/nps.yaml", site.out, reviewer="Ann Roe")
    assert standing(site).kind == "signed"
    results = json.loads((folder / "results.json").read_text())
    (folder / "results.json").write_text(json.dumps(results | {"findings": [{}]}))
    now = standing(site)
    assert (now.kind, now.tone) == ("altered", "bad")
    assert "The sign-off does not hold." in now.text


def test_a_signed_run_that_was_deleted_is_said(site):
    site.add("nps", 2)
    site.signoff.write_text(ENTRY)
    assert "the signed one is no longer here to compare" in standing(site).text


def test_a_rejection_is_no_sign_of_quality(site):
    site.add("nps")
    site.signoff.write_text(ENTRY.replace("accepted", "rejected") + "  note: Wrong n\n")
    now = standing(site)
    assert now.tone == "bad"
    assert now.text.endswith("abcdef. Remark: Wrong n")


def test_hostile_names_are_escaped(site):
    folder = site.add("nps")
    hostile = "</p><script>alert(1)</script>"
    site.signoff.write_text(ENTRY.replace("Ann Roe", hostile))
    write_audiences(site.out)
    for page in (site.page(), (folder / "report.html").read_text()):
        assert "<script" not in page
        assert "&lt;script&gt;" in page


def test_sign_appends_and_leaves_the_rest_as_it_was(site):
    folder = site.add("nps")
    kept = "# Reviewed in our Monday meeting.\n" + ENTRY.replace("nps", "voc")
    site.signoff.write_text(kept)
    params = site.root / "params/alpha/nps.yaml"
    note = "Only for  the board:\nsee § 3"
    verdict = "accepted with remarks"
    file = sign(params, site.out, reviewer="Zoë", verdict=verdict, note=note)
    text = file.read_text(encoding="utf-8")
    assert text.startswith(kept)
    entry = yaml.safe_load(text)[-1]
    assert entry == {
        "report": "nps", "reviewer": "Zoë", "date": dt.date.today().isoformat(),
        "verdict": verdict, "run": folder.name, "note": "Only for the board: see § 3",
        "results_sha256": digest(folder),
    }  # fmt: skip
    assert standing(site).kind == "signed"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"verdict": "fine"}, "`verdict` is 'fine'; use one of 'accepted', "),
        ({"reviewer": "  "}, "`reviewer` is empty; say who has reviewed the run."),
        ({"run": "20260101T100000Z-abcdeg"}, "did you mean '20260101T100000Z-abcdef'?"),
        ({"note": "the token=abc123"}, "`note` looks like a secret; it would be shown"),
    ],
)
def test_sign_refuses_what_it_cannot_take(site, change, said):
    site.add("nps")
    words = {"reviewer": "Ann Roe"} | change
    with pytest.raises(ArgumentError, match=r".") as error:
        sign(site.root / "params/alpha/nps.yaml", site.out, **words)
    assert said in str(error.value)
    assert not site.signoff.exists()


def test_a_run_that_did_not_complete_is_not_signed(site):
    params = site.root / "params/alpha/nps.yaml"
    with pytest.raises(ArgumentError, match="has no run under"):
        sign(params, site.out, reviewer="Ann")
    good = site.add("nps", 1)
    bad = site.add("nps", 2, "failed")
    with pytest.raises(ArgumentError, match="name a completed run with --run"):
        sign(params, site.out, reviewer="Ann")
    with pytest.raises(ArgumentError, match="did not complete"):
        sign(params, site.out, reviewer="Ann", run=bad.name)
    sign(params, site.out, reviewer="Ann", run=good.name)
    assert read_signoffs(site.signoff).entries[0].run == good.name


@pytest.mark.parametrize("text", [ENTRY.replace("accepted", "ok"), "[]\n", "[x"])
def test_sign_leaves_a_file_that_it_cannot_add_to(site, text):
    site.add("nps")
    site.signoff.write_text(text)
    with pytest.raises(ArgumentError):
        sign(site.root / "params/alpha/nps.yaml", site.out, reviewer="Ann")
    assert site.signoff.read_text() == text


def test_the_command_signs_and_refreshes_the_pages(site):
    folder = site.add("nps")
    write_site(site.out)
    arguments = ["sign", str(site.root / "params/alpha/nps.yaml"), "--reviewer", "Ann"]
    done = CliRunner().invoke(app, [*arguments, "--note", "Fine."])
    assert done.exit_code == 0, done.output
    assert "Commit it" in done.output
    assert "Remark: Fine." in (folder / "report.html").read_text()
    assert "Remark: Fine." in site.page()


def test_a_signoff_file_is_no_params_file(site):
    site.signoff.write_text(ENTRY)
    names = [path.name for path in find([site.root / "params"])]
    assert names == ["nps.yaml", "voc.yaml"]
