"""The course of one headline figure over the runs, as a line of an SVG."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape

HEIGHT = 24
Point = tuple[float, float, float]
Stretch = list[tuple[int, list[int]]]


def sparkline(
    runs: Sequence[Mapping[str, Any]], identifier: str, *, last: int = 20
) -> Markup:
    """Draw a figure's estimates, with their intervals as a band.

    Parameters
    ----------
    runs : sequence of mapping
        Lines of history.json, the newest first.
    identifier : str
        The id of the figure.
    last : int, optional
        How many runs are drawn.

    Returns
    -------
    markupsafe.Markup
        An SVG with a title in words; empty where fewer than two runs have a number.
        A run without one leaves a gap. Runs that are going on are left out.

    Examples
    --------
    >>> def run(value):
    ...     figure = {"id": "nps", "estimate": value, "value": f"{value}"}
    ...     return {"state": "ok", "figures": [figure]}
    >>> sparkline([run(20.7), run(18.2)], "nps").count("last 2 runs: from 18.2 to 20.7")
    1
    """
    ended = [run for run in runs if run["state"] != "running"][:last][::-1]
    figures = [_figure(run, identifier) for run in ended]
    shown = [one for one in figures if one]
    if len(shown) < 2:
        return Markup()
    points = [_point(one) for one in figures]
    low = min(point[1] for point in points if point)
    high = max(point[2] for point in points if point)
    scaled = [_scaled(point, low, high) for point in points]
    band, line = _paths(scaled)
    last_x = max(x for x, point in enumerate(scaled) if point)
    title = escape(_title(ended, figures))
    shape = f'viewBox="0 0 {len(ended) - 1} {HEIGHT}" preserveAspectRatio="none"'
    return Markup(
        f'<svg class="spark" {shape} role="img"><title>{title}</title>'
        f'{band}<path d="{line}"/><path class="end" d="M{last_x} '
        f'{_at(scaled, last_x)}h0"/></svg>'
    )


def _figure(run: Mapping[str, Any], identifier: str) -> Mapping[str, Any] | None:
    """Return the run's figure of that id, if it has a number."""
    for one in run.get("figures", ()):
        if one["id"] == identifier and one.get("estimate") is not None:
            return one  # type: ignore[no-any-return]
    return None


def _point(figure: Mapping[str, Any] | None) -> Point | None:
    """Return estimate, lower and upper end; the ends are the estimate without any."""
    if figure is None:
        return None
    value = figure["estimate"]
    low, high = figure.get("ci_lower", value), figure.get("ci_upper", value)
    return value, min(low, value), max(high, value)


def _scaled(point: Point | None, low: float, high: float) -> list[int] | None:
    """Return a point in the drawing's own whole units, from above."""
    if point is None:
        return None
    if high == low:
        return [HEIGHT // 2] * 3
    scale = (HEIGHT - 4) / (high - low)
    return [round(2 + scale * (high - value)) for value in point]


def _at(scaled: Sequence[list[int] | None], x: int) -> int:
    """Return the height of the line at a run that has one."""
    return (scaled[x] or [0])[0]


def _stretches(
    scaled: Sequence[list[int] | None],
) -> Iterator[list[tuple[int, list[int]]]]:
    """Yield the stretches of runs between gaps."""
    stretch: Stretch = []
    for x, point in enumerate(scaled):
        if point is not None:
            stretch.append((x, point))
        elif stretch:
            yield stretch
            stretch = []
    if stretch:
        yield stretch


def _paths(scaled: Sequence[list[int] | None]) -> tuple[str, str]:
    """Return the band, if any, and the line's path; one run alone is a dot."""
    band, line = [], []
    for stretch in _stretches(scaled):
        middle = " ".join(f"{x} {point[0]}" for x, point in stretch)
        line.append(f"M{middle}" if len(stretch) > 1 else f"M{middle}h0")
        if len(stretch) > 1 and any(point[1] != point[2] for _, point in stretch):
            upper = " ".join(f"{x} {point[2]}" for x, point in stretch)
            lower = " ".join(f"{x} {point[1]}" for x, point in reversed(stretch))
            band.append(f"M{upper} {lower}z")
    shape = "".join(band)
    drawn = f'<path class="band" d="{shape}"/>' if shape else ""
    return drawn, "".join(line)


def _title(
    runs: Sequence[Mapping[str, Any]], figures: Sequence[Mapping[str, Any] | None]
) -> str:
    """Return the drawing in words."""
    shown = [one for one in figures if one]
    without = len(runs) - len(shown)
    gap = f"; {without} without this number" if without else ""
    unit = f" {shown[-1]['unit']}" if shown[-1].get("unit") else ""
    return str(
        f"last {len(runs)} runs: from {shown[0]['value']} to {shown[-1]['value']}{unit}"
        f"{gap}"
    )
