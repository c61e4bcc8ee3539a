"""Choosing as an integer program: x says what is in, y what several return together."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from cxlib.errors import DataError
from cxlib.roi.choice._rules import Rules
from cxlib.roi.choice._values import Values

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
TAIL, SCENARIOS, SECONDS = 0.1, 200, 20.0


def program(values: Values, gain: Array, rules: Rules) -> Bools:
    """Maximise the sum of gains of the terms that count.

    A term of several initiatives is the product y of their x. Only the bound that the
    sign of its gain could break is written: y <= each x where it gains,
    y >= sum of x - (size - 1) where it loses.
    """
    rows, most = _all_rows(values, rules, gain)
    return _solved(-gain, rows, most, rules)


def program_averse(values: Values, rules: Rules, aversion: float) -> Bools:
    """Maximise mean - aversion x (mean - mean of the worst tenth) over 200 draws.

    The mean of the worst tenth is the largest t - sum(u) / (0.1 S) with u >= t - NPV
    and u >= 0 (Rockafellar and Uryasev 2000).
    """
    few = values.amounts[:SCENARIOS]
    s, terms = few.shape
    rows, most = _all_rows(values, rules, None)
    tail = sparse.hstack([-few, np.ones((s, 1)), -sparse.eye_array(s)])
    empty = sparse.csr_array((rows.shape[0], s + 1))
    whole = sparse.vstack([sparse.hstack([rows, empty]), tail], format="csr")
    loss = np.concatenate(
        [-(1 - aversion) * few.mean(axis=0), [-aversion],
         np.full(s, aversion / (TAIL * s))]
    )  # fmt: skip
    return _solved(loss, whole, np.concatenate([most, np.zeros(s)]), rules, terms)


def _all_rows(
    values: Values, rules: Rules, gain: Array | None
) -> tuple[sparse.csr_array, Array]:
    """Return `rows @ (x, y) <= most`; both bounds of every product without gains."""
    n, terms = rules.rows.shape[1], len(values.members)
    lines: list[dict[int, float]] = []
    bound: list[float] = []
    for at in range(n, terms):
        some = values.members[at]
        if gain is None or gain[at] > 0:
            lines += [{at: 1.0, i: -1.0} for i in some]
            bound += [0.0] * len(some)
        if gain is None or gain[at] < 0:
            lines.append({at: -1.0} | dict.fromkeys(some, 1.0))
            bound.append(len(some) - 1.0)
    entries = [(r, at, v) for r, line in enumerate(lines) for at, v in line.items()]
    row, column, value = zip(*entries, strict=True) if entries else ((), (), ())
    products = sparse.csr_array((value, (row, column)), shape=(len(lines), terms))
    scale = np.maximum(np.abs(rules.rows).max(axis=1, initial=0.0), 1e-300)
    simple = np.pad(rules.rows / scale[:, None], ((0, 0), (0, terms - n)))
    found = sparse.vstack([sparse.csr_array(simple), products], format="csr")
    return found, np.concatenate([rules.most / scale + 1e-9, bound])


def _solved(
    loss: Array,
    rows: sparse.csr_array,
    most: Array,
    rules: Rules,
    terms: int | None = None,
) -> Bools:
    n, ends = rules.rows.shape[1], len(loss) if terms is None else terms
    low, high = np.zeros(len(loss)), np.ones(len(loss))
    low[:n], high[:n] = rules.must, ~rules.never
    high[ends:] = np.inf
    low[ends : ends + 1] = -np.inf
    size = max(float(np.abs(loss).max(initial=0.0)), 1e-300)
    found = milp(
        loss / size,
        integrality=np.arange(len(loss)) < n,
        bounds=Bounds(low, high),
        constraints=LinearConstraint(rows, -np.inf, most) if len(most) else None,
        options={"time_limit": SECONDS, "mip_rel_gap": 1e-9},
    )
    if found.x is None:
        raise DataError(f"no set could be found: {found.message}")
    return np.asarray(found.x[:n] > 0.5)
