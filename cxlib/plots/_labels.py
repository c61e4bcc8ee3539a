"""Names beside marks, where they touch no other name."""

from __future__ import annotations

import itertools

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from matplotlib.text import Annotation
from matplotlib.transforms import Bbox

from cxlib.plots import _marks
from cxlib.plots._marks import GREY, INK, PALE

_HALO = [withStroke(linewidth=2.5, foreground="white")]
_DISTANCES = (6, 14, 24, 36, 50, 66, 84, 104)
_AROUND = (
    (1, 1), (-1, 1), (1, -1), (-1, -1), (1, 0), (-1, 0), (0, 1), (0, -1),
)  # fmt: skip


def beside(
    ax: Axes,
    names: list[str],
    x: _marks.Floats,
    y: _marks.Floats,
    colours: list[str],
    taken: list[Annotation],
) -> None:
    """Name each mark where the name touches no other name and the fewest marks."""
    figure = ax.figure.get_figure(root=True)
    if figure is None:
        return
    figure.draw_without_rendering()
    pixel = figure.dpi / 72
    frame = ax.get_window_extent()
    centres = ax.transData.transform(np.column_stack([x, y]))
    marks = [Bbox.from_bounds(a - 6, b - 6, 12, 12) for a, b in centres]
    boxes = [one.get_window_extent() for one in taken]
    order = np.argsort(-y, kind="stable")
    for i in map(int, order):
        text = _written(ax, names[i], (x[i], y[i]), (0, 0), colours[i])
        size = text.get_window_extent()
        text.remove()
        options = []
        for away, (right, up) in itertools.product(_DISTANCES, _AROUND):
            move = (right * away, up * away)
            box = _box(centres[i], move, size, pixel)
            outside = not (frame.contains(*box.min) and frame.contains(*box.max))
            cost = 9 * box.count_overlaps(boxes) + box.count_overlaps(marks)
            options.append((cost + away / 40 + 90 * outside, move, box))
        _, best, box = min(options, key=lambda one: one[0])
        _written(ax, names[i], (x[i], y[i]), best, colours[i])
        boxes.append(box)


def _box(
    centre: _marks.Floats, move: tuple[int, int], size: Bbox, pixel: float
) -> Bbox:
    """Where a name of a size stands after a move, in pixels."""
    ends = []
    for at, away, length in zip(centre, move, (size.width, size.height), strict=True):
        start = at + away * pixel
        ends.append(start - length * (1 - np.sign(away)) / 2)
    return Bbox.from_bounds(ends[0], ends[1], size.width, size.height)


def _written(
    ax: Axes, name: str, at: tuple[float, float], move: tuple[int, int], colour: str
) -> Annotation:
    """A name beside its mark, with a thin line where it stands apart."""
    sides = {1: "left", -1: "right", 0: "center"}
    heights = {1: "bottom", -1: "top", 0: "center"}
    far = max(map(abs, move)) > 10
    return ax.annotate(
        name, at, xytext=move, textcoords="offset points", fontsize="small",
        ha=sides[int(np.sign(move[0]))], va=heights[int(np.sign(move[1]))],
        color=INK if colour == GREY else colour, zorder=5, path_effects=_HALO,
        arrowprops={"arrowstyle": "-", "color": PALE, "lw": 0.8} if far else None,
    )  # fmt: skip
