"""Charts of journeys: what follows what, step by step, and where variants part."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path

from cxlib import _format
from cxlib.plots import _marks
from cxlib.plots._marks import BLUE, GREY, INK, PALE

END, OTHER = "(end)", "(other)"
_COLOURS = sns.color_palette("colorblind", 10).as_hex()
_NODE, _LABELLED, _GAP = 0.16, 0.018, 0.012
Bars = dict[tuple[int, str], tuple[float, float]]


def path_sankey(
    positions: pd.DataFrame, *, variant: str | None = None, top: int = 6,
    ax: Axes | None = None,
) -> Axes:  # fmt: skip
    r"""Draw where journeys go after their first, second, … step.

    Parameters
    ----------
    positions : pandas.DataFrame
        `Paths.positions`.
    variant : str, optional
        Variant to draw; the first where not given.
    top : int
        Touchpoints drawn by name, the most frequent; the others are "(other)".
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Notes
    -----
    Heights are shares of all journeys with an event; a label gives the share. Ends
    are drawn where they happen. These are counts of everybody seen, not estimates, so
    there is no interval: `plots.divergence_steps` has them.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> positions = pd.DataFrame(
    ...     {"variant": "all", "position": 1, "from": "home",
    ...      "to": ["cart", "(end)"], "n": [3, 1]}
    ... )
    >>> ax = path_sankey(positions)
    >>> [text.get_text() for text in ax.texts][:2]
    ['home\n100 %\nn = 4', 'cart\n75 %\nn = 3']
    >>> plt.close(ax.figure)
    """
    rows = _one(positions, variant)
    if rows.empty:
        return _marks.nothing("no journey to draw", ax)
    names = _named(rows, top)
    flows = _lumped(rows, names)
    total = float(flows.loc[flows["position"] == 1, "n"].sum())
    ax = _marks.axes(ax, 4.6)
    bars = _bars(flows, names, total)
    _ribbons(ax, flows, bars, names, total)
    for (position, name), (low, height) in bars.items():
        _node(ax, position, name, low, height, names, height * total)
    last = int(flows["position"].max()) + 1
    ax.set_xlim(1 - _NODE, last + _NODE)
    ax.set_ylim(min(low for low, _ in bars.values()) - 0.01, 1.01)
    ticks = [f"step {i}" for i in range(1, last + 1)]
    ax.set_xticks(range(1, last + 1), ticks)
    ax.set_xlabel(f"n = {_format.count(total)}{_who(rows)}; height: % of them")
    return _bare(ax)


def _one(table: pd.DataFrame, variant: str | None) -> pd.DataFrame:
    if table.empty:
        return table
    chosen = variant or table["variant"].iloc[0]
    return table[table["variant"] == chosen]


def _who(rows: pd.DataFrame) -> str:
    name = rows["variant"].iloc[0]
    return "" if name == "all" else f" of {name}"


def _named(rows: pd.DataFrame, top: int) -> list[str]:
    """Touchpoints drawn by name, the most frequent first, then other and end."""
    starts = rows[rows["position"] == rows["position"].min()]
    both = pd.concat(
        [
            starts[["from", "n"]].rename(columns={"from": "name"}),
            rows[["to", "n"]].rename(columns={"to": "name"}),
        ]
    )
    size = both[both["name"] != END].groupby("name")["n"].sum().reset_index()
    size = size.sort_values(["n", "name"], ascending=[False, True])
    return [*size["name"].tolist()[:top], OTHER, END]


def _lumped(rows: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Join touchpoints without a name of their own."""
    lumped = rows.assign(
        **{
            side: rows[side].where(rows[side].isin(names), OTHER)
            for side in ("from", "to")
        }
    )
    keys = ["position", "from", "to"]
    return lumped.groupby(keys)["n"].sum().reset_index()


def _bars(flows: pd.DataFrame, names: Sequence[str], total: float) -> Bars:
    """Place of each touchpoint at each step: bottom and height, in shares of all."""
    bars: Bars = {}
    for position in range(1, int(flows["position"].max()) + 2):
        if position == 1:
            here = flows[flows["position"] == 1].groupby("from")["n"].sum()
        else:
            here = flows[flows["position"] == position - 1].groupby("to")["n"].sum()
        top = 1.0
        for name in names:
            height = float(here.get(name, 0.0)) / total
            if height > 0:
                bars[position, name] = (top - height, height)
                top -= height + _GAP
    return bars


def _ribbons(
    ax: Axes, flows: pd.DataFrame, bars: Bars, names: Sequence[str], total: float
) -> None:
    """Draw the flows between steps, stacked in the order of the names."""
    order = {name: i for i, name in enumerate(names)}
    out = {key: low + height for key, (low, height) in bars.items()}
    into = dict(out)
    placed = flows.assign(a=flows["from"].map(order), b=flows["to"].map(order))
    for row in placed.sort_values(["position", "a", "b"]).to_dict("records"):
        start = (int(row["position"]), str(row["from"]))
        stop = (start[0] + 1, str(row["to"]))
        height = float(row["n"]) / total
        a, b = out[start], into[stop]
        out[start], into[stop] = a - height, b - height
        x0, x1 = start[0] + _NODE / 2, stop[0] - _NODE / 2
        mid = (x0 + x1) / 2
        corners = [
            (x0, a), (mid, a), (mid, b), (x1, b),
            (x1, b - height), (mid, b - height), (mid, a - height), (x0, a - height),
        ]  # fmt: skip
        codes = [Path.MOVETO, *[Path.CURVE4] * 3, Path.LINETO, *[Path.CURVE4] * 3]
        shape = PathPatch(
            Path(corners, codes), fc=_colour(str(row["from"]), names), alpha=0.28,
            lw=0,
        )  # fmt: skip
        ax.add_patch(shape)


def _node(
    ax: Axes, position: int, name: str, low: float, height: float,
    names: Sequence[str], n: float,
) -> None:  # fmt: skip
    """Draw a touchpoint at a step, named where there is room."""
    box = Rectangle(
        (position - _NODE / 2, low), _NODE, height, fc=_colour(name, names), lw=0
    )
    ax.add_patch(box)
    if height < _LABELLED:
        return
    share = _percent(height)
    lines = f"{name}\n{share}" if height > 2.4 * _LABELLED else f"{name}  {share}"
    lines += f"\nn = {_format.count(n)}" if height > 5 * _LABELLED else ""
    ax.annotate(
        lines, (position, low + height / 2), ha="center", va="center",
        fontsize="x-small", color=INK, linespacing=1.05, zorder=4,
        bbox={"boxstyle": "round,pad=0.12", "fc": "white", "ec": "none", "alpha": 0.82},
    )  # fmt: skip


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.095 else f"{100 * share:.1f} %"


def _colour(name: str, names: Sequence[str]) -> str:
    """A colour for each named touchpoint; grey for the others, pale for the end."""
    if name == END:
        return PALE
    if name == OTHER or name not in names:
        return GREY
    return str(_COLOURS[list(names).index(name) % len(_COLOURS)])


def _bare(ax: Axes) -> Axes:
    ax.set_yticks([])
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    return ax


def path_icicle(
    prefixes: pd.DataFrame, *, variant: str | None = None, smallest: float = 0.015,
    ax: Axes | None = None,
) -> Axes:  # fmt: skip
    r"""Draw how journeys open: each step's boxes are parts of the box to their left.

    Parameters
    ----------
    prefixes : pandas.DataFrame
        `Paths.prefixes`.
    variant : str, optional
        Variant to draw; the first where not given.
    smallest : float
        Share of all under which openings are drawn together as "other".
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Notes
    -----
    White space is journeys that have ended. Counts of everybody seen, not estimates.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> prefixes = pd.DataFrame(
    ...     {"variant": "all", "position": [1, 2], "prefix": ["home", "home → cart"],
    ...      "touchpoint": ["home", "cart"], "n": [4, 3]}
    ... )
    >>> ax = path_icicle(prefixes)
    >>> [text.get_text() for text in ax.texts]
    ['home  100 %\nn = 4', 'cart  75 %\nn = 3']
    >>> plt.close(ax.figure)
    """
    rows = _one(prefixes, variant)
    if rows.empty:
        return _marks.nothing("no journey to draw", ax)
    total = float(rows.loc[rows["position"] == 1, "n"].sum())
    size = rows.groupby("touchpoint")["n"].sum().sort_values(ascending=False)
    names = [str(name) for name in size.index][: len(_COLOURS)]
    ax = _marks.axes(ax, 5.2)
    depth = int(rows["position"].max())
    tops = {"": 1.0}
    for position in range(1, depth + 1):
        tops = _column(ax, rows, position, tops, names, total, smallest)
    ax.set_xlim(0.98, depth + 1)
    ax.set_ylim(0, 1.01)
    ax.set_xticks(np.arange(depth) + 1.5, [f"step {i}" for i in range(1, depth + 1)])
    ax.set_xlabel(f"n = {_format.count(total)}{_who(rows)}; height: % of them")
    return _bare(ax)


def _column(
    ax: Axes, rows: pd.DataFrame, position: int, tops: dict[str, float],
    names: Sequence[str], total: float, smallest: float,
) -> dict[str, float]:  # fmt: skip
    """Draw one step's openings below the tops of those they continue."""
    here = rows[rows["position"] == position]
    parent = [str(p).rpartition(" → ")[0] for p in here["prefix"]]
    here = here.assign(parent=parent, share=here["n"] / total)
    found: dict[str, float] = {}
    for name, own in here.groupby("parent", sort=False):
        if name not in tops:
            continue
        top = tops[str(name)]
        big = own[own["share"] >= smallest].sort_values("n", ascending=False)
        for row in big.to_dict("records"):
            found[str(row["prefix"])] = top
            label = str(row["touchpoint"])
            _box(ax, position, top, label, float(row["n"]), names, total)
            top -= float(row["share"])
        rest = own[own["share"] < smallest]
        if len(rest):
            n = float(rest["n"].sum())
            _box(ax, position, top, f"{len(rest)} other", n, names, total)
    return found


def _box(
    ax: Axes, position: int, top: float, label: str, n: float, names: Sequence[str],
    total: float,
) -> None:  # fmt: skip
    """Draw one opening with its share and number where there is room."""
    height = n / total
    box = Rectangle(
        (position, top - height), 0.98, height, fc=_colour(label, names), alpha=0.45,
        ec="white", lw=1,
    )  # fmt: skip
    ax.add_patch(box)
    if height >= _LABELLED:
        told = f"{label}  {_percent(height)}"
        told += f"\nn = {_format.count(n)}" if height >= 3 * _LABELLED else ""
        ax.annotate(
            told, (position + 0.03, top - height / 2), ha="left", va="center",
            fontsize="x-small", color=INK, annotation_clip=True,
        )  # fmt: skip


def divergence_steps(
    table: pd.DataFrame, *, confidence_level: float = 0.95, ax: Axes | None = None
) -> Axes:
    """Draw each touchpoint's clearest difference, in the order of the way.

    Parameters
    ----------
    table : pandas.DataFrame
        `Divergence.table`.
    confidence_level : float
        Filled marks are beyond chance at this level, after correction.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> ax = divergence_steps(pd.DataFrame({"effect_size": []}))
    >>> ax.texts[0].get_text()
    'no touchpoint has enough users to compare'
    >>> plt.close(ax.figure)
    """
    rows = table[table["statistic"].notna()] if len(table) else table
    if rows.empty:
        return _marks.nothing("no touchpoint has enough users to compare", ax)
    ax = _marks.axes(ax, 1.0 + 0.4 * len(rows))
    names = ["effect_size", "effect_size_ci_lower", "effect_size_ci_upper"]
    value, low, high = (100 * rows[c].to_numpy(dtype=float) for c in names)
    place = np.arange(len(rows), dtype=float)
    real = (rows["pvalue_adj"] < 1 - confidence_level).to_numpy(dtype=bool)
    inks = [BLUE if r else GREY for r in real]
    ax.axvline(0, color=INK, lw=1, zorder=1)
    ax.hlines(place, low, high, color=inks, lw=2)
    faces = [BLUE if r else "white" for r in real]
    ax.scatter(value, place, s=46, c=faces, edgecolors=inks, linewidths=1.6, zorder=3)
    several = len(rows["treatment_arm"].unique()) > 1
    labels = []
    for at, ink, row in zip(place, inks, rows.to_dict("records"), strict=True):
        arm = f"  ({row['treatment_arm']})" if several else ""
        labels.append(f"{row['touchpoint']} → {row['to']}{arm}")
        n = _format.count(row["n_control"] + row["n_treatment"])
        told = f"n = {n}" + ("\nparts here" if row["parts_here"] else "")
        ax.annotate(
            told, (1.01, at), xycoords=("axes fraction", "data"), va="center",
            fontsize="small", color=ink, linespacing=1.1,
        )  # fmt: skip
    ax.set_yticks(place, labels)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    control = rows["control_arm"].iloc[0]
    ax.set_xlabel(f"difference to {control}, percentage points of departures")
    return _marks.clean(ax)
