"""How charts look, and how they enter a report."""

from __future__ import annotations

import base64
import io
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from cxlib.errors import ArgumentError
from cxlib.report import language as languages

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from PIL.Image import Image

MAX_BYTES = 60_000
# seaborn's "colorblind" palette, spelt out because importing seaborn costs 1 s.
PALETTE = (
    *("#0173b2", "#de8f05", "#029e73", "#d55e00", "#cc78bc"),
    *("#ca9161", "#fbafe4", "#949494", "#ece133", "#56b4e9"),
)
_INK = "#3d4653"
# Smaller and smaller until the image fits MAX_BYTES: (dpi, colours).
_STEPS = ((144, 64), (144, 32), (110, 32), (110, 16), (80, 16), (60, 8))


def set_theme(*, language: languages.Language = "en") -> None:
    """Set the look of every chart of a notebook, and its language.

    Parameters
    ----------
    language : {"en", "it"}
        Language of sentences, headings and numbers.

    Raises
    ------
    ArgumentError
        For any other language.

    Notes
    -----
    Only matplotlib's own settings are touched: sizes, the colour-blind-safe
    palette, a light grid, no frame. Calling it twice changes nothing.
    """
    languages.use(language)
    from cycler import cycler
    from matplotlib import rcParams

    style: dict[Any, Any] = {
        "figure.figsize": (7.2, 3.8),
        "figure.constrained_layout.use": True,
        "figure.facecolor": "white",
        "savefig.facecolor": "auto",
        "font.size": 10.5,
        "axes.prop_cycle": cycler(color=PALETTE),
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": "#9aa3af",
        "axes.labelcolor": _INK,
        "axes.grid": True,
        "axes.axisbelow": True,
        "axes.titlesize": 11.5,
        "axes.titlelocation": "left",
        "grid.color": "#e6e9ed",
        "grid.linewidth": 0.8,
        "text.color": _INK,
        "text.hinting": "none",
        "xtick.color": _INK,
        "ytick.color": _INK,
        "legend.frameon": False,
        "lines.linewidth": 2,
    }
    rcParams.update(style)


def show(ax: Any, *, alt: str, caption: str = "", vector: bool = False) -> None:
    """Put a chart into the notebook with its finding as alternative text.

    Parameters
    ----------
    ax : matplotlib Axes, array of Axes, Figure or seaborn grid
        What the chart function returned.
    alt : str
        What the chart shows, in a sentence: normally the result's `text`. It is
        read aloud by screen readers and printed where the image cannot be.
    caption : str
        What stands under the chart; the first sentence of `alt` where it is blank.
    vector : bool
        Draw it as SVG, sharp at any size: for diagrams of few shapes and much text,
        such as a Sankey diagram.

    Notes
    -----
    The image is a PNG of at most 60 KB: its colours are quantised first, its
    resolution lowered next. An SVG has its letters as outlines, so that it looks the
    same everywhere, and the same chart gives the same bytes. The figure is closed.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> figure, ax = plt.subplots()
    >>> show(ax, alt="")
    Traceback (most recent call last):
        ...
    cxlib.errors.ArgumentError: `alt` is empty; say in a sentence what the chart shows.
    >>> plt.close(figure)
    """
    if not alt.strip():
        raise ArgumentError("`alt` is empty; say in a sentence what the chart shows.")
    from IPython.display import display
    from matplotlib import pyplot as plt

    figure = _figure(ax)
    languages.translate_figure(figure, languages.current())
    kind = "image/svg+xml" if vector else "image/png"
    image, width, height = _svg(figure) if vector else _png(figure)
    plt.close(figure)
    told = {"alt": alt, "caption": caption} if caption else {"alt": alt}
    display(
        {kind: image, "text/plain": alt},
        metadata={kind: {**told, "width": width, "height": height}},
        raw=True,
    )


def _figure(ax: Any) -> Figure:
    """Return the figure that the axes, grid or array of axes belongs to."""
    from matplotlib.figure import Figure

    first = ax.ravel()[0] if hasattr(ax, "ravel") else ax
    figure = getattr(first, "figure", None) or first
    while not isinstance(figure, Figure):
        parent = getattr(figure, "figure", None)
        if parent is None or parent is figure:
            raise ArgumentError(
                f"`ax` is {type(ax).__name__}; give the Axes or the Figure of a chart."
            )
        figure = parent
    return figure


def _svg(figure: Figure) -> tuple[str, int, int]:
    """Return the figure as SVG and its width and height in CSS pixels."""
    from matplotlib import rc_context

    raw = io.StringIO()
    with rc_context({"svg.hashsalt": "cx", "svg.fonttype": "path"}):
        about = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(raw, format="svg", bbox_inches="tight", metadata=about)
    source = raw.getvalue()
    size = re.search(r'<svg[^>]* width="([\d.]+)pt" height="([\d.]+)pt"', source)
    wide, high = size.groups() if size else (0, 0)
    text = "\n".join(line.rstrip() for line in source.splitlines()) + "\n"
    return text, round(float(wide) * 96 / 72), round(float(high) * 96 / 72)


def _png(figure: Figure) -> tuple[str, int, int]:
    """Return the figure as a small PNG and its width and height in CSS pixels."""
    best = b""
    rendered: dict[int, Image] = {}
    for dpi, colours in _STEPS:
        if dpi not in rendered:
            rendered[dpi] = _drawn(figure, dpi)
        packed = io.BytesIO()
        _quantised(rendered[dpi], colours).save(packed, format="png", compress_level=6)
        best = packed.getvalue()
        if len(best) <= MAX_BYTES:
            break
    wide, high = rendered[dpi].size
    text = base64.b64encode(best).decode()
    return text, round(wide * 96 / dpi), round(high * 96 / dpi)


def _drawn(figure: Figure, dpi: int) -> Image:
    """Return the pixels of the figure, and of what stands beyond it."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.layout_engine import ConstrainedLayoutEngine
    from PIL.Image import fromarray

    if not isinstance(figure.get_layout_engine(), ConstrainedLayoutEngine):
        return _tight(figure, dpi)
    canvas, before = FigureCanvasAgg(figure), figure.dpi
    try:
        figure.dpi = dpi
        canvas.draw()  # type: ignore[no-untyped-call]
        image = fromarray(np.asarray(canvas.buffer_rgba()))  # type: ignore[no-untyped-call]
        whole = _laid_out(figure) and _inside(figure)
    finally:
        figure.dpi = before
    return image if whole else _tight(figure, dpi)


def _laid_out(figure: Figure) -> bool:
    """Whether the layout found room in the figure for all axes and their labels."""
    cells = [ax.get_subplotspec() for ax in figure.axes]
    return not figure.subfigs and all(
        cell is not None
        and ax.get_position(original=True).bounds != cell.get_position(figure).bounds
        for ax, cell in zip(figure.axes, cells, strict=True)
    )


def _inside(figure: Figure) -> bool:
    """Whether what a layout leaves out stands inside: titles, lengths of labels."""
    from matplotlib.text import Text

    loose: list[Any] = [*figure.texts, *figure.legends, *figure.artists]
    for ax in figure.axes:
        loose += [ax.xaxis.label, ax.yaxis.label]
        loose += [one for one in ax.get_children() if isinstance(one, Text)]
    boxes = [one.get_window_extent() for one in loose if one.get_visible()]
    right, top = figure.bbox.max
    return all(
        min(box.x0, box.y0) > -1 and box.x1 < right + 1 and box.y1 < top + 1
        for box in boxes
        if box.width and box.height
    )


def _tight(figure: Figure, dpi: int) -> Image:
    """Return the pixels of all that is drawn, beyond the figure too."""
    from PIL.Image import open as opened

    raw = io.BytesIO()
    fast = {"compress_level": 1}
    figure.savefig(raw, dpi=dpi, format="png", bbox_inches="tight", pil_kwargs=fast)
    return opened(raw).convert("RGBA")


def _quantised(image: Image, colours: int) -> Image:
    """Return the image in so many colours; its background keeps its own."""
    from PIL.Image import fromarray

    pixels = np.asarray(image)
    packed = pixels.view(np.uint32)[..., 0]
    drawn = packed != packed[0, 0]
    palette, indices = pixels[0, 0, :3].tolist(), np.zeros(drawn.shape, dtype=np.uint8)
    if drawn.any():
        inked = packed[drawn].view(np.uint8).reshape(1, -1, 4)[..., :3]
        shades = fromarray(np.ascontiguousarray(inked)).quantize(colours - 1)
        indices[drawn] = np.asarray(shades)[0] + 1
        palette += shades.getpalette() or []
    reduced = fromarray(indices)
    reduced.putpalette(palette)
    return reduced
