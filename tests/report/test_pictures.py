"""Pictures: repacked without losing a pixel, and left alone where that is unsafe."""

from __future__ import annotations

import base64
import io

import pytest
from PIL import Image, ImageDraw

from cxlib.report.pictures import repacked


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


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_no_pixel_changes_and_the_picture_is_smaller(mode: str) -> None:
    image = _chart().quantize(64) if mode == "P" else _chart(mode)
    given = _png(image)
    mime, packed = repacked("image/png", given)
    again = Image.open(io.BytesIO(base64.b64decode(packed)))
    assert mime == "image/webp"
    assert len(packed) < len(given)
    assert again.convert("RGBA").tobytes() == image.convert("RGBA").tobytes()


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
