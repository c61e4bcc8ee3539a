"""Pictures of a report: the notebook's PNGs and SVGs in fewer bytes."""

from __future__ import annotations

import base64
import binascii
import io
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from PIL import Image

# Method 2 packs as small as 4 and 5 at a tenth of the time.
_EFFORT = {"method": 2, "quality": 25}
# Shades this near to a more common one become that one, except in whole areas.
_NEAR, _AREA = 16, 0.002
_SVG_WASTE = re.compile(
    r"(?s)<\?xml.*?\?>|<!DOCTYPE.*?>|<!--.*?-->|<metadata>.*?</metadata>"
)
_SVG_LAYOUT = re.compile(r"(?<=>)\s+(?=<)")
_SVG_KEPT = " !$&()*+,-./:;=?@[]^_`{|}~'"


def repacked(mime: str, source: str) -> tuple[str, str]:
    """Return an embedded image in the smallest form that looks the same.

    Parameters
    ----------
    mime : str
        What the image is; `image/png` is repacked.
    source : str
        The image in base64; white space counts for nothing.

    Returns
    -------
    tuple of str
        Type and base64 text: WebP where that is smaller, else as given. An image
        that cannot be read is returned as it is.

    Notes
    -----
    The WebP is lossless. Before, of the picture's at most 256 colours those that
    differ by no more than 16 of 255 from a more common one are merged with it: the
    shades at the edges of letters and lines. A colour that fills more than 0.2 % of
    the picture is never touched.

    Examples
    --------
    >>> repacked("image/jpeg", "/9j/4A AQ")
    ('image/jpeg', '/9j/4AAQ')
    """
    source = "".join(source.split())
    if mime != "image/png":
        return mime, source
    packed = _webp(source)
    return ("image/webp", packed) if 0 < len(packed) < len(source) else (mime, source)


def data_uri(mime: str, source: str) -> str:
    """Return an image of a notebook as the address of an `img`.

    Parameters
    ----------
    mime : str
        Its type; SVG is text, every other kind base64.
    source : str
        The image as the notebook has it.

    Examples
    --------
    >>> data_uri("image/svg+xml", '<svg a="#1"> <g/></svg>')
    "data:image/svg+xml,%3Csvg a='%231'%3E%3Cg/%3E%3C/svg%3E"
    """
    if mime != "image/svg+xml":
        kind, packed = repacked(mime, source)
        return f"data:{kind};base64,{packed}"
    if "<![" in source or "<!ENTITY" in source:
        return f"data:image/svg+xml,{quote(source, safe=_SVG_KEPT)}"
    slim = _SVG_LAYOUT.sub("", _SVG_WASTE.sub("", source)).strip()
    slim = " ".join(slim.replace("'", "&apos;").replace('"', "'").split())
    return f"data:image/svg+xml,{quote(slim, safe=_SVG_KEPT)}"


def _webp(source: str) -> str:
    """Return the image as WebP in base64; nothing where it has none."""
    from PIL import Image

    packed = io.BytesIO()
    try:
        with Image.open(io.BytesIO(base64.b64decode(source, validate=True))) as image:
            _plainer(image).save(packed, "webp", lossless=True, **_EFFORT)
    except (binascii.Error, OSError, ValueError, SyntaxError, KeyError):
        return ""
    except Image.DecompressionBombError:
        return ""
    return base64.b64encode(packed.getvalue()).decode()


def _plainer(image: Image.Image) -> Any:
    """Return the image with its nearly equal colours merged; may change the given."""
    if "transparency" in image.info:
        return image.convert("RGBA")
    if image.mode != "P":
        return image if image.mode == "RGBA" else image.convert("RGB")
    image.putpalette(_merged(image.getpalette() or [], image.histogram()))
    return image.convert("RGB")


def _merged(palette: list[int], counts: list[int]) -> list[int]:
    """Return a palette in which rare shades equal the common one they are near."""
    colours = [tuple(palette[i : i + 3]) for i in range(0, len(palette), 3)]
    limit = _AREA * sum(counts)
    kept: list[tuple[int, ...]] = []
    for i in sorted(range(len(colours)), key=lambda one: -counts[one]):
        red, green, blue = colours[i]
        near = min(
            (
                (max(abs(r - red), abs(g - green), abs(b - blue)), r, g, b)
                for r, g, b in kept
            ),
            default=(_NEAR + 1,),
        )
        if near[0] <= _NEAR and counts[i] <= limit:
            colours[i] = near[1:]
        else:
            kept.append(colours[i])
    return [level for colour in colours for level in colour]
