"""Choosing as an integer program: x says what is in, z which subset of each group."""

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


def program(
    values: Values, gain: Array, rules: Rules, *, seconds: float = SECONDS
) -> tuple[Bools, bool]:
    """Maximise the gains of the subsets that a set is made of; say if it is proven.

    At most one subset z of each group, and x = the sum of the z that hold it: with x
    whole, z is whole of itself.
    """
    rows, low, high = _rows(values, rules)
    loss = np.concatenate([np.zeros(rules.rows.shape[1]), -gain])
    return _solved(loss, (rows, low, high), rules, seconds=seconds)


def program_averse(values: Values, rules: Rules, aversion: float) -> Bools:
    """Maximise mean - aversion x (mean - mean of the worst tenth) over 200 draws.

    The mean of the worst tenth is the largest t - sum(u) / (0.1 S) with u >= t - NPV
    and u >= 0 (Rockafellar and Uryasev 2000).
    """
    few = values.amounts[:SCENARIOS]
    s, n = len(few), rules.rows.shape[1]
    rows, low, high = _rows(values, rules)
    tail = sparse.hstack(
        [sparse.csr_array((s, n)), -few, np.ones((s, 1)), -sparse.eye_array(s)]
    )
    wide = sparse.hstack([rows, sparse.csr_array((rows.shape[0], s + 1))])
    whole = sparse.vstack([wide, tail], format="csr")
    loss = np.concatenate(
        [np.zeros(n), -(1 - aversion) * few.mean(axis=0), [-aversion],
         np.full(s, aversion / (TAIL * s))]
    )  # fmt: skip
    low = np.concatenate([low, np.full(s, -np.inf)])
    high = np.concatenate([high, np.zeros(s)])
    return _solved(loss, (whole, low, high), rules, extra=s + 1)[0]


def _rows(values: Values, rules: Rules) -> tuple[sparse.csr_array, Array, Array]:
    """Return `low <= rows @ (x, z) <= high`: the rules, and what ties z to x."""
    n, k = rules.rows.shape[1], len(values.members)
    groups = max(values.group) + 1
    holds = sparse.lil_array((n, k))
    for at, some in enumerate(values.members):
        for i in some:
            holds[i, at] = 1.0
    one = sparse.csr_array(
        (np.ones(k), (values.group, np.arange(k))), shape=(groups, k)
    )
    scale = np.maximum(np.abs(rules.rows).max(axis=1, initial=0.0), 1e-300)
    m = len(rules.most)
    found = sparse.vstack(
        [
            sparse.hstack([rules.rows / scale[:, None], sparse.csr_array((m, k))]),
            sparse.hstack([-sparse.eye_array(n), holds]),
            sparse.hstack([sparse.csr_array((groups, n)), one]),
        ],
        format="csr",
    )
    high = np.concatenate([rules.most / scale + 1e-9, np.zeros(n), np.ones(groups)])
    low = np.full(len(high), -np.inf)
    low[m : m + n] = 0.0
    return found, low, high


def _solved(
    loss: Array,
    limits: tuple[sparse.csr_array, Array, Array],
    rules: Rules,
    *,
    seconds: float = SECONDS,
    extra: int = 0,
) -> tuple[Bools, bool]:
    """Solve; `extra` variables after x and z are the free t and the u."""
    rows, least, most = limits
    n, ends = rules.rows.shape[1], len(loss) - extra
    low, high = np.zeros(len(loss)), np.ones(len(loss))
    low[:n], high[:n] = rules.must, ~rules.never
    high[ends:] = np.inf
    low[ends : ends + 1] = -np.inf
    size = max(float(np.abs(loss).max(initial=0.0)), 1e-300)
    found = milp(
        loss / size,
        integrality=np.arange(len(loss)) < n,
        bounds=Bounds(low, high),
        constraints=LinearConstraint(rows, least, most),
        options={"time_limit": seconds, "mip_rel_gap": 1e-9},
    )
    if found.x is None:
        raise DataError(f"no set could be found: {found.message}")
    return np.asarray(found.x[:n] > 0.5), found.status == 0
