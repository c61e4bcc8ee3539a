"""Pictures: fewer bytes for the same look, and left alone where that is unsafe."""

from __future__ import annotations

import base64
import io
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest
from PIL import Image, ImageChops, ImageDraw

from cxlib.report.pictures import data_uri, repacked


def _chart(mode: str = "RGB") -> Image.Image:
    """Return a picture with the look of a chart: flat areas and thin lines."""
    image = Image.new(mode, (400, 200), "white")
    pen = ImageDraw.Draw(image)
    for i in range(40):
        pen.line((10 * i, 0, 5 * i, 200), fill=(i * 6, 90, 200))
    pen.text((30, 30), "NPS 26.4", fill=(10, 10, 10))
    return image


def _png(image: Image.Image) -> str:
    raw = io.BytesIO()
    image.save(raw, "png")
    return base64.b64encode(raw.getvalue()).decode()


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_no_pixel_changes_and_the_picture_is_smaller(mode: str) -> None:
    image = _chart(mode)
    given = _png(image)
    mime, packed = repacked("image/png", given)
    assert mime == "image/webp"
    assert len(packed) < len(given)
    assert _opened(packed).tobytes() == image.convert("RGBA").tobytes()


def test_shades_at_edges_merge_and_areas_keep_their_colour() -> None:
    large = _chart().resize((1200, 600), Image.Resampling.BICUBIC).quantize(64)
    _, packed = repacked("image/png", _png(large))
    merged, kept = _opened(packed).convert("RGB"), large.convert("RGB")
    gaps = ImageChops.difference(merged, kept).getextrema()
    assert max(high for _, high in gaps) <= 16
    assert len(merged.getcolors()) < len(kept.getcolors())
    area = 0.002 * large.width * large.height
    was = {colour: n for n, colour in kept.getcolors() if n > area}
    now = {colour: n for n, colour in merged.getcolors()}
    assert was
    assert all(now.get(colour, 0) >= n for colour, n in was.items())


def test_areas_of_nearly_one_colour_stay_apart() -> None:
    image = Image.new("RGB", (100, 100), (100, 100, 100))
    image.paste((104, 100, 100), (0, 0, 100, 50))
    _, packed = repacked("image/png", _png(image.quantize(2)))
    assert len(_opened(packed).getcolors()) == 2


SVG = """<?xml version="1.0"?>
<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://a.example/svg11.dtd">
<svg xmlns="http://www.w3.org/2000/svg" width="9">
 <!-- 0 -->
 <path id="it's" d="M 0 1
L 2 3" fill="#fff"/>
</svg>"""


def test_a_vector_chart_is_text_without_its_wrapping() -> None:
    uri = data_uri("image/svg+xml", SVG)
    head, _, body = uri.partition(",")
    assert head == "data:image/svg+xml"
    assert not set('"#<>') & set(body)
    assert "a.example" not in body
    given, kept = ElementTree.fromstring(SVG), ElementTree.fromstring(unquote(body))
    assert kept.attrib == given.attrib
    assert kept[0].attrib == {**given[0].attrib, "d": "M 0 1 L 2 3"}


def test_a_vector_chart_with_entities_is_left_as_it_is() -> None:
    odd = '<!DOCTYPE svg [<!ENTITY a "b">]><svg>&a;</svg>'
    assert unquote(data_uri("image/svg+xml", odd)).endswith(odd)


def _opened(packed: str) -> Image.Image:
    image = Image.open(io.BytesIO(base64.b64decode(packed)))
    return image.convert("RGBA")


def test_a_transparent_palette_stays_transparent() -> None:
    image = _chart().quantize(16)
    raw = io.BytesIO()
    image.save(raw, "png", transparency=0)
    _, packed = repacked("image/png", base64.b64encode(raw.getvalue()).decode())
    again = Image.open(io.BytesIO(base64.b64decode(packed))).convert("RGBA")
    assert again.getextrema()[3][0] == 0


@pytest.mark.parametrize(
    "broken",
    ["", "not base64 <", _png(_chart())[:400], base64.b64encode(b"?").decode()],
)
def test_what_cannot_be_read_is_left_as_it_is(broken: str) -> None:
    assert repacked("image/png", broken) == ("image/png", "".join(broken.split()))
