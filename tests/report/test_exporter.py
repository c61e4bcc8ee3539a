"""The exporter: self-contained, accessible, and unmoved by hostile text."""

from __future__ import annotations

import base64
import hashlib
import re

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import (
    new_code_cell,
    new_markdown_cell,
    new_notebook,
    new_output,
)

from cxlib.report.answer import PENDING
from cxlib.report.clean import sanitise
from cxlib.report.exporter import ReportExporter
from cxlib.report.page import asset

PNG = base64.b64encode(b"\x89PNG").decode()
CORNER = """<table><thead><tr><th></th><th>n</th><th>plan</th></tr></thead>
<tbody><tr><th>0</th><td>1</td><td>pro</td></tr></tbody></table>"""


def ran(source, *outputs, count=1, tags=()):
    cell = new_code_cell(source, outputs=list(outputs), execution_count=count)
    cell.metadata["tags"] = list(tags)
    return cell


def display(**data):
    return new_output("display_data", {k.replace("_", "/"): v for k, v in data.items()})


def image(alt=None):
    output = new_output("display_data", {"image/png": PNG})
    if alt:
        output.metadata["image/png"] = {"alt": alt}
    return output


def error(name="KeyError", value="'plan'"):
    return new_output("error", ename=name, evalue=value, traceback=["Traceback …", "x"])


def export(*cells, **metadata):
    notebook = new_notebook(cells=list(cells), metadata=metadata)
    before = nbformat.writes(notebook)
    page, _ = ReportExporter().from_notebook_node(notebook)
    assert nbformat.writes(notebook) == before, "the notebook was changed"
    return page


def soup(*cells, **metadata):
    return BeautifulSoup(export(*cells, **metadata), "html.parser")


def test_plain_notebook_becomes_a_plain_report():
    page = soup(
        new_markdown_cell("# Title\n\n## First"), ran("1", display(text_plain="1"))
    )
    assert page.title.text == "Title"
    assert page.select_one(".badge").text == "Completed"
    assert [a.text for a in page.select("#contents a")] == ["First"]
    assert page.html["lang"] == "en"
    assert page.select_one(".where").text == "Report"


def test_unexecuted_and_empty_notebooks():
    assert soup(new_code_cell("1")).select_one(".badge").text == "Not run"
    assert soup().title.text == "Report"


def test_policy_allows_the_one_script_and_nothing_else():
    page = soup(new_markdown_cell("# T"))
    policy = page.select_one("meta[http-equiv]")["content"]
    [script] = page.select("script")
    digest = base64.b64encode(hashlib.sha256(script.string.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "img-src data:" in policy
    assert page.select("link, iframe, object, embed, base") == []
    assert not re.search(r"""(src|href)=["']https?:""", str(page))


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)></svg>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href=' java\tscript:alert(1)'>x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<iframe src=https://evil.example></iframe>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<link rel=dns-prefetch href=//evil.example>",
    "<style>body{display:none}</style>",
    "<p style='background:url(https://evil.example/x)'>x</p>",
    "<form action=https://evil.example><input type=image src=//evil.example></form>",
    "<img srcset='https://evil.example 2x'>",
    "<video src=https://evil.example></video>",
    "<math><mi xlink:href='javascript:alert(1)'>x</mi></math>",
    "<p id=main>x</p>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
    "<div><base href=https://evil.example></div>",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_html_is_harmless_wherever_it_appears(text):
    page = soup(
        new_markdown_cell(f"quote: {text}"),
        ran("1", display(text_html=text), display(text_markdown=f"> {text}")),
        ran("2", display(text_plain=text), new_output("stream", text=text)),
        ran("3", display(text_latex=text)),
    )
    main = page.select_one("main")
    assert (
        page.select("main :is(script, style, iframe, meta, link, base, form, svg)")
        == []
    )
    assert page.select("main :is(video, object, embed, noscript)") == []
    for element in main.find_all(True):
        assert not [name for name in element.attrs if name.startswith("on")]
        target = str(element.get("href", "")) + str(element.get("src", ""))
        assert "script:" not in target.replace("\t", "")
        assert "data:text" not in target
        assert "evil.example" not in str(element.get("style", "")) + target
    assert len(page.select("#main")) == 1
    assert len(page.select("script")) == 1


def test_sanitise_keeps_what_reports_need():
    kept = '<p class="finding">a <strong>b</strong></p>'
    assert sanitise(kept) == kept
    assert sanitise('<a href="https://a.example">a</a>').startswith("<a href=")
    picture = f'<img alt="x" src="data:image/png;base64,{PNG}">'
    assert sanitise(picture) == picture


def test_remote_and_local_images_are_named_not_loaded(tmp_path):
    (tmp_path / "secret.png").write_bytes(b"SECRET")
    text = f"![map](https://evil.example/x.png) ![local]({tmp_path}/secret.png)"
    page = export(ran("1", display(text_markdown=text)))
    assert "[image not shown: map]" in page
    assert "[image not shown: local]" in page
    assert base64.b64encode(b"SECRET").decode() not in page


def test_authors_own_images_are_embedded(tmp_path):
    (tmp_path / "own.png").write_bytes(b"OWN")
    notebook = new_notebook(cells=[new_markdown_cell("![mine](own.png)")])
    where = {"metadata": {"path": str(tmp_path)}}
    page, _ = ReportExporter().from_notebook_node(notebook, where)
    assert f"base64,{base64.b64encode(b'OWN').decode()}" in page


def test_tex_becomes_mathml_and_bad_tex_stays_text():
    page = export(new_markdown_cell(r"$\hat p = x/n$ and $\frac{1$"))
    assert "<math" in page
    assert "MathJax" not in page


def test_captions_state_the_finding_and_alternative_texts_do_not_repeat_it():
    finding = "NPS fell by 3 points (95 % CI 1 to 5, n = 900). It is below target."
    page = soup(
        new_markdown_cell("## Who `fell`?"),
        ran("1", image("Only here (95 % CI 1 to 2).")),
        ran("2", display(text_html=f"<p>{finding}</p>"), image(finding)),
        ran("3", image(finding)),
        ran("4", image()),
    )
    assert {i["alt"] for i in page.select("img")} == {"Chart: Who fell?"}
    captions = [" ".join(c.text.split()) for c in page.select("figcaption")]
    assert captions == [
        "Figure 1. Only here (95 % CI 1 to 2).",
        "Figure 2. NPS fell by 3 points.",
        "Figure 3. It is below target.",
        "Figure 4. Who fell?",
    ]


def test_a_caption_given_with_the_chart_is_used_as_it_is():
    drawn = image("NPS fell by 3 points.")
    drawn.metadata["image/png"]["caption"] = "The fall."
    page = soup(new_markdown_cell("## Who?"), ran("1", drawn))
    assert page.select_one("figcaption").text.split() == [
        "Figure",
        "1.",
        "The",
        "fall.",
    ]
    assert page.select_one("img")["alt"] == "NPS fell by 3 points."


def test_tables_have_scopes_no_empty_headers_and_their_own_box():
    page = soup(new_markdown_cell("## Base"), ran("1", display(text_html=CORNER)))
    assert all(th.get_text(strip=True) for th in page.select("th"))
    scopes = [(th.text, th["scope"]) for th in page.select("main th")]
    assert scopes == [("n", "col"), ("plan", "col"), ("0", "row")]
    box = page.select_one("main table").parent
    assert (box["role"], box["aria-label"], box["tabindex"]) == (
        "region",
        "Table 1: Base",
        "0",
    )
    cells = [td.get("class") for td in page.select("main tbody td")]
    assert cells == [None, ["words"]]


def test_heading_ids_are_unique_and_contents_point_to_them():
    page = soup(new_markdown_cell("## Same\n\n### Same\n\n## Other <b>bold</b>"))
    ids = [heading["id"] for heading in page.select("main :is(h2, h3)")]
    links = [a["href"] for a in page.select("#contents a")]
    assert len(set(ids)) == 3
    assert links == [f"#{one}" for one in ids]
    assert all(a["aria-label"] for a in page.select(".anchor-link"))


def test_displayed_headings_stay_below_their_section():
    shown = display(text_html="<h1>Big</h1><h5>Small</h5>")
    page = soup(new_markdown_cell("# T\n\n## Part"), ran("1", shown))
    names = [heading.name for heading in page.select("main :is(h1, h2, h3, h4, h5)")]
    assert names == ["h1", "h2", "h2", "h3"]
    assert len(page.select("#contents a")) == 1


def test_landmarks_and_skip_link():
    page = soup(new_markdown_cell("# T"))
    assert page.select_one("a.skip")["href"] == "#main"
    assert page.select_one("nav[aria-label], nav[aria-labelledby]")
    for landmark in ("header", "nav", "main", "footer"):
        assert len(page.select(landmark)) == 1


def test_code_is_folded_and_parameters_become_a_table():
    source = 'segment: str = "plan"  # column\nlevel: float = 0.95  # interval'
    page = soup(
        ran(source, tags=["parameters"]),
        ran('segment = "<b>region"', tags=["injected-parameters"], count=2),
        ran("shown", display(text_plain="x"), count=3),
    )
    assert [d.get("open") for d in page.select("details.code")] == [None]
    rows = [[cell.text for cell in row] for row in page.select(".parameters tr")][1:]
    rows = [[text for text in row if text.strip()] for row in rows]
    assert rows == [
        ["segment", "<b>region", "given", "column"],
        ["level", "0.95", "default", "interval"],
    ]


def test_failed_notebook_without_a_runner():
    page = soup(
        ran("ok", new_output("stream", text="before")),
        ran("raise", error(), count=2),
        new_code_cell("later"),
    )
    assert page.select_one(".badge").text == "Failed"
    banner = page.select_one("[role=alert]")
    assert "KeyError: 'plan'" in banner.text
    assert banner.a["href"] == "#failed"
    assert "KeyError: 'plan'" in page.select_one("#failed").text
    assert [p.text for p in page.select(".notrun p")] == ["Not run"]
    assert "before" in page.select_one("main").text


@pytest.mark.parametrize(
    ("name", "label"), [("DataError", "Data stop"), ("ArgumentError", "Bad parameters")]
)
def test_our_errors_read_as_sentences(name, label):
    page = soup(ran("x", error(name, "Too few answers.\n  - first\n  - second")))
    assert page.select_one(".badge").text == label
    assert page.select_one(".banner .lead").text == "Too few answers."
    assert [li.text for li in page.select(".banner li")] == ["first", "second"]
    assert "Traceback" not in page.text
    assert name not in page.select_one("main").text


def test_expected_error_does_not_fail_the_report():
    cell = ran("raise", error(), tags=["raises-exception"])
    assert soup(cell, ran("1", count=2)).select_one(".badge").text == "Completed"


def test_failing_parameters_cell_is_shown():
    page = soup(
        ran("seed: int = 1/0", error("ZeroDivisionError", "x"), tags=["parameters"])
    )
    assert "1" in page.select_one("#failed code, #failed pre").text


def test_open_slot_says_that_the_run_stopped():
    slot = display(
        text_html=f"<div class='cx-answer cx-pending'><p>{PENDING}</p></div>"
    )
    stopped = export(ran("slot", slot), ran("raise", error(), count=2))
    assert "The run stopped before it could answer." in stopped
    assert PENDING not in stopped
    assert PENDING in export(ran("slot", slot))


def test_provenance_of_the_runner_is_shown():
    run = {
        "run_id": "20260131T101500Z-abc",
        "programme": "north<i>",
        "name": "nps",
        "status": "ok",
        "error": "",
        "started": "2026-01-31T10:15:00.000+00:00",
        "seconds": 75.2,
        "seed": 7,
        "params": {},
        "git": {"commit": "0123456789abcdef", "dirty": True},
        "packages": {"pandas": "3.1.1"},
        "data": [
            {"path": "data/a.csv", "rows": 2353, "bytes": 12000, "sha256": "f" * 64}
        ],
        "files": ["tables/a b.csv"],
        "home": "../../../index.html",
    }
    page = soup(new_markdown_cell("# T"), cx=run)
    text = " ".join(page.footer.get_text(" ").split())
    assert "20260131T101500Z-abc" in text
    assert "0123456789ab with uncommitted changes" in text
    assert "data/a.csv 2,353 12.0 KB ffffffffffffffff" in text
    assert "pandas 3.1.1" in text
    assert page.select_one(".files a")["href"] == "tables/a%20b.csv"
    assert page.select_one(".where a")["href"] == "../../../index.html"
    head = " ".join(page.select_one(".state").text.split())
    assert head.startswith("Completed 2026-01-31 10:15 UTC took 1 min 15 s")
    assert "<i>" not in str(page.select_one(".where"))


def test_command_line_of_nbconvert_takes_the_exporter(tmp_path):
    path = tmp_path / "a.ipynb"
    nbformat.write(new_notebook(cells=[new_markdown_cell("# T")]), path)
    page, resources = ReportExporter().from_filename(str(path))
    assert resources["output_extension"] == ".html"
    assert "<title>T</title>" in page


def test_no_input_option_hides_the_code():
    exporter = ReportExporter(exclude_input=True)
    notebook = new_notebook(cells=[ran("secret()", display(text_plain="x"))])
    page, _ = exporter.from_notebook_node(notebook)
    assert "secret" not in page


def test_css_keeps_contrast_at_aa():
    text = asset("report.css")
    pairs = dict(re.findall(r"--(\w+): light-dark\((#\w+, #\w+)\)", text))
    assert pairs
    for i in range(2):
        colours = {name: both.split(", ")[i] for name, both in pairs.items()}
        for back in ("bg", "soft", "answer"):
            for front in (
                "fg",
                "mute",
                "link",
                "good",
                "bad",
                "warn",
                "k",
                "s",
                "c",
            ):
                ratio = contrast(colours[front], colours[back])
                assert ratio >= 4.5, (front, back, i, ratio)


def contrast(one, other):
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def luminance(colour):
    digits = colour[1:] if len(colour) == 7 else "".join(2 * c for c in colour[1:])
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [
        p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
