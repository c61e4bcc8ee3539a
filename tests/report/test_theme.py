"""Charts in a report: small, described, closed."""

from __future__ import annotations

import base64
import io

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt
from PIL import Image

from cxlib import report
from cxlib.errors import ArgumentError
from cxlib.report.theme import MAX_BYTES


@pytest.fixture
def shown(monkeypatch):
    """What `display` was given."""
    calls = []
    monkeypatch.setattr(
        "IPython.display.display", lambda data, **more: calls.append((data, more))
    )
    return calls


@pytest.fixture(autouse=True)
def _restore():
    with mpl.rc_context():
        yield


def draw():
    report.set_theme()
    axes = plt.subplots(1, 2, squeeze=False)[1]
    axes[0, 0].plot([1, 2], [3, 1])
    return axes


@pytest.mark.parametrize(
    "pick", [lambda a: a, lambda a: a[0, 0], lambda a: a[0, 0].figure]
)
def test_axes_arrays_and_figures_are_shown_and_closed(shown, pick):
    report.show(pick(draw()), alt="It falls.")
    [(data, more)] = shown
    meta = more["metadata"]["image/png"]
    image = Image.open(io.BytesIO(base64.b64decode(data["image/png"])))
    assert image.mode == "P"
    assert meta["alt"] == data["text/plain"] == "It falls."
    assert meta["width"] == round(image.width * 96 / 144)
    assert plt.get_fignums() == []


def test_a_caption_is_kept_where_one_is_given(shown):
    report.show(draw(), alt="It falls.")
    report.show(draw(), alt="It falls.", caption="The fall.")
    metas = [more["metadata"]["image/png"] for _, more in shown]
    assert [meta.get("caption") for meta in metas] == [None, "The fall."]


def test_seaborn_grids_are_shown(shown):
    import seaborn as sns

    grid = sns.displot(x=[1, 2, 3])
    report.show(grid, alt="Even.")
    assert len(shown) == 1


def test_heavy_chart_still_fits(shown):
    rng = np.random.default_rng(1)
    ax = plt.subplots(figsize=(9, 6))[1]
    ax.imshow(rng.random((300, 300)))
    report.show(ax, alt="Noise.")
    [(data, _)] = shown
    assert len(base64.b64decode(data["image/png"])) <= MAX_BYTES


def test_background_and_filled_areas_keep_their_colour(shown):
    figure, ax = plt.subplots(facecolor="#fdf6e3")
    ax.bar([1, 2], [3, 1], color=["#0173b2", "#de8f05"])
    report.show(figure, alt="It falls.")
    with Image.open(io.BytesIO(base64.b64decode(shown[0][0]["image/png"]))) as image:
        pixels = image.convert("RGB")
    found = {shade for _, shade in pixels.getcolors(256)}
    assert pixels.getpixel((0, 0)) == (0xFD, 0xF6, 0xE3)
    assert {(0x01, 0x73, 0xB2), (0xDE, 0x8F, 0x05)} <= found
    assert len(found) <= 64


def size(shown):
    """Width and height of what was shown last, as shares of the figure's."""
    meta = shown[-1][1]["metadata"]["image/png"]
    return meta["width"] / (96 * 7.2), meta["height"] / (96 * 3.8)


def test_a_laid_out_chart_is_as_large_as_its_figure(shown):
    report.show(draw(), alt="It falls.")
    assert size(shown) == pytest.approx((1, 1), abs=0.005)


@pytest.mark.parametrize(
    "beyond",
    [
        lambda ax: ax.figure.text(1.3, 0.5, "beside"),
        lambda ax: ax.figure.legend(["far"], bbox_to_anchor=(1.4, 0.5)),
        lambda ax: ax.figure.suptitle("a title wider than the figure " * 6),
        lambda ax: ax.set_title("a title wider than the figure " * 6),
        lambda ax: ax.set_yticks([1, 3], ["a label wider than the figure " * 6] * 2),
        lambda ax: ax.figure.set_layout_engine("none") or ax.set_position([0, 0, 2, 1]),
    ],
)
@pytest.mark.filterwarnings("ignore:constrained_layout not applied")
def test_what_stands_beyond_the_figure_is_not_cut_off(shown, beyond):
    ax = draw()[0, 0]
    beyond(ax)
    report.show(ax, alt="It falls.")
    assert size(shown)[0] > 1.1


def test_a_title_over_all_is_laid_out(shown):
    ax = draw()[0, 0]
    ax.figure.suptitle("Both")
    report.show(ax, alt="It falls.")
    assert size(shown) == pytest.approx((1, 1), abs=0.005)


def test_a_chart_of_nothing_is_shown_too(shown):
    figure, ax = plt.subplots()
    ax.axis("off")
    report.show(figure, alt="Nothing to see.")
    assert len(shown) == 1


def test_vector_chart_is_an_svg_without_text_or_date(shown):
    for _ in range(2):
        report.show(draw(), alt="It falls.", vector=True)
    (first, more), (second, _) = shown
    svg = first["image/svg+xml"]
    assert svg == second["image/svg+xml"]
    assert svg.rstrip().endswith("</svg>")
    assert "<text" not in svg
    assert "dc:date" not in svg
    told = more["metadata"]["image/svg+xml"]
    assert told["alt"] == "It falls."
    assert 300 < told["width"] < 900


def test_same_chart_same_bytes(shown):
    for _ in range(2):
        report.show(draw(), alt="It falls.")
    assert shown[0][0]["image/png"] == shown[1][0]["image/png"]


@pytest.mark.parametrize("alt", ["", "  "])
def test_alt_is_required(alt):
    axes = draw()
    with pytest.raises(ArgumentError, match="`alt` is empty; say in a sentence"):
        report.show(axes, alt=alt)
    plt.close("all")


def test_something_else_is_refused():
    with pytest.raises(
        ArgumentError, match="`ax` is list; give the Axes or the Figure"
    ):
        report.show([1], alt="x")
