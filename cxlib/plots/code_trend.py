"""Chart of codes over waves, with the break where the codebook changed."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke

from cxlib import _format
from cxlib.plots import _marks
from cxlib.plots._marks import GREY, INK, Floats

_MOST = 5
_COLOURS = sns.color_palette("colorblind").as_hex()
_APART = 0.055
Row = Mapping[Hashable, Any]


def code_trend(
    table: pd.DataFrame,
    *,
    breaks: pd.DataFrame | None = None,
    changed: str = "",
    codes: Sequence[str] = (),
    weak: Collection[str] = (),
    confidence_level: float = 0.95,
    ax: Axes | None = None,
) -> Axes:
    r"""Draw the share of each code over the waves, and where the codebook broke it.

    Parameters
    ----------
    table : pandas.DataFrame
        `Prevalence.table` by wave, each wave coded under the version of its time.
    breaks : pandas.DataFrame, optional
        `Bridge.table` of the two versions.
    changed : str
        First wave coded under the new version; '' if the codebook did not change.
    codes : sequence of str
        The codes to draw; the five most frequent when not given.
    weak : collection of str
        `Agreement.weak`: codes drawn grey.
    confidence_level : float
        A break counts where its corrected p-value is below one minus this.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Notes
    -----
    The published numbers stay where they are. A line that breaks is not joined over
    the change: a hollow mark shows what the wave before would have read under the new
    version (its share plus the break), and the line goes on from there. A line that
    does not break, or of a code without a bridge, is joined, the latter dotted.

    Examples
    --------
    >>> from matplotlib import pyplot as plt
    >>> rows = {"segment": ["all", "1", "2"], "code": "a", "name": "Apple", "n": 90,
    ...         "parent": "", "estimate": [0.2, 0.1, 0.3], "ci_lower": [0.1, 0, 0.2],
    ...         "ci_upper": [0.3, 0.2, 0.4]}
    >>> ax = code_trend(pd.DataFrame(rows))
    >>> [label.get_text() for label in ax.get_xticklabels()]
    ['1\nn = 90', '2\nn = 90']
    >>> plt.close(ax.figure)
    """
    rows = _drawn(table)
    if rows.empty:
        return _marks.nothing("no trend to draw", ax)
    waves = list(dict.fromkeys(rows["segment"]))
    names = list(codes) or _frequent(rows)
    at = waves.index(changed) if changed in waves else 0
    ax = _marks.axes(ax, 4.2)
    ends = list[tuple[float, str, str]]()
    for k, code in enumerate(names):
        part = rows[rows["code"] == code].set_index("segment").reindex(waves)
        if part["estimate"].isna().all():
            continue
        colour = GREY if code in weak else _COLOURS[k % len(_COLOURS)]
        shift = (k - (len(names) - 1) / 2) * 0.05
        gap = _break(breaks, code, confidence_level) if at else None
        _line(
            ax, part, np.arange(len(waves), dtype=np.float64) + shift, colour, at, gap
        )
        told = f"{part['name'].dropna().iloc[-1]}{' (weak)' if code in weak else ''}"
        ends.append((100 * float(part["estimate"].dropna().iloc[-1]), told, colour))
    if at:
        _mark(ax, at - 0.5)
    sizes = rows.groupby("segment", sort=False)["n"].max()
    _marks.name_waves(ax, pd.DataFrame({"wave": waves, "n": sizes.to_numpy()}))
    ax.set_ylabel("% of verbatims that say something")
    ax.set_ylim(bottom=0)
    _named(ax, ends)
    return _marks.clean(ax, grid="y")


def _drawn(table: pd.DataFrame) -> pd.DataFrame:
    """Waves of the finest codes."""
    if table.empty:
        return pd.DataFrame(columns=["segment", "code", "estimate"])
    rows = _marks.finest(table)
    return pd.DataFrame(rows[rows["segment"] != "all"])


def _frequent(rows: pd.DataFrame) -> list[str]:
    shares = rows.groupby("code", observed=True)["estimate"].mean()
    return [str(code) for code in shares.nlargest(_MOST).index]


def _break(
    breaks: pd.DataFrame | None, code: str, confidence_level: float
) -> float | None:
    """Return the break of a code, 0.0 where none is clear, None where none is known."""
    if breaks is None or breaks.empty:
        return None
    found = breaks[(breaks["segment"] == "all") & (breaks["code"] == code)]
    found = found[found["estimate"].notna()]
    if found.empty:
        return None
    row: Row = found.to_dict("records")[0]
    clear = row["pvalue_adj"] < 1 - confidence_level
    return float(row["estimate"]) if clear else 0.0


def _line(
    ax: Axes, part: pd.DataFrame, x: Floats, colour: str, at: int, gap: float | None
) -> None:
    """One code's marks, intervals and line, unjoined where the codebook broke it."""
    y, low, high = (
        100 * part[c].to_numpy(dtype=float)
        for c in ("estimate", "ci_lower", "ci_upper")
    )
    ax.vlines(x, low, high, color=colour, lw=1.6, alpha=0.55)
    ax.scatter(x, y, s=34, color=colour, zorder=3)
    if not at or gap == 0.0:
        ax.plot(x, y, color=colour, lw=1.4)
        return
    ax.plot(x[:at], y[:at], color=colour, lw=1.4)
    ax.plot(x[at:], y[at:], color=colour, lw=1.4)
    over = slice(at - 1, at + 1)
    if gap is None:
        ax.plot(x[over], y[over], color=colour, lw=1.2, ls=":")
        return
    bridged = y[at - 1] + 100 * gap
    ax.plot(x[over], [bridged, y[at]], color=colour, lw=1.2, ls="--")
    _step(ax, float(x[at - 1]), (float(y[at - 1]), float(bridged)), colour, gap)


def _step(
    ax: Axes, x: float, ends: tuple[float, float], colour: str, gap: float
) -> None:
    """What the wave before reads under the new version: a hollow mark and its size."""
    published, bridged = ends
    ax.scatter(
        x, bridged, s=40, facecolors="white", edgecolors=colour, zorder=4,
        linewidths=1.5,
    )  # fmt: skip
    ax.annotate(
        "", (x, bridged), (x, published),
        arrowprops={"arrowstyle": "->", "color": colour, "lw": 1.2, "shrinkB": 3},
    )  # fmt: skip
    ax.annotate(
        _format.number(gap, "share", signed=True), (x, bridged),
        xytext=(8, 4), textcoords="offset points", ha="left", va="bottom", zorder=5,
        fontsize="small", color=colour,
        path_effects=[withStroke(linewidth=2.5, foreground="white")],
    )  # fmt: skip


def _mark(ax: Axes, place: float) -> None:
    """The line where the codebook changed."""
    ax.axvline(place, color=INK, lw=1.1, ls=(0, (4, 3)), zorder=1)
    ax.annotate(
        "new codebook (hollow: the wave before, read with it)", (place, 1.0),
        ha="center", xycoords=("data", "axes fraction"), xytext=(0, 3), va="bottom",
        textcoords="offset points", fontsize="small", color=INK,
    )  # fmt: skip


def _named(ax: Axes, ends: list[tuple[float, str, str]]) -> None:
    """Name each line at its right end, pushed apart where they would touch."""
    low, high = ax.get_ylim()
    apart, last = _APART * (high - low), -np.inf
    for y, told, colour in sorted(ends):
        last = max(y, last + apart)
        ax.annotate(
            f"{told}  {_format.number(y / 100, 'share')}", (1.01, last), va="center",
            xycoords=("axes fraction", "data"), fontsize="small", color=colour,
        )  # fmt: skip
