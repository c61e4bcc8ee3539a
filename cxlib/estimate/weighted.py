"""An estimate whose weights were themselves estimated: its interval."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cxlib.estimate.design import Design, design, design_se
from cxlib.estimate.point import Estimate, _interval, _shares, _spread
from cxlib.scales import Kind


def weighted_estimate(
    values: npt.ArrayLike,
    kind: Kind,
    *,
    weights: npt.ArrayLike,
    influence: npt.ArrayLike,
    plan: Design | None = None,
    confidence_level: float = 0.95,
) -> Estimate:
    """Estimate a weighted mean, share or net score from its own influence values.

    Use it where the weights came from the same data (raking, response propensities),
    so that the standard error of fixed weights is not the right one.

    Parameters
    ----------
    values : array_like, shape (n,)
        Answers as `estimate` takes them, none missing.
    kind : {"mean", "share", "net"}
    weights : array_like, shape (n,)
        Weights of the answers, up to scale.
    influence : array_like, shape (m,)
        One influence value for each row of `plan`, which may hold more rows than
        answered.
    plan : Design, optional
        Design of the m rows; independent rows when not given.
    confidence_level : float

    Returns
    -------
    Estimate

    Notes
    -----
    Intervals as in `estimate`: adjusted Wald (net) and Wilson (share) on the smaller
    of Kish's effective n and the one that the standard error implies, Student t for a
    mean.

    Examples
    --------
    >>> y, w = np.array([1.0, 0, -1, 1, 1, 0]), np.ones(6)
    >>> e = weighted_estimate(y, "net", weights=w, influence=(y - y.mean()) / 6)
    >>> round(e.estimate, 3), round(e.std_error, 3), round(e.n_eff, 3)
    (0.333, 0.333, 6.0)
    """
    y, w = np.asarray(values, dtype=float), np.asarray(weights, dtype=float)
    u = np.asarray(influence, dtype=float)
    plan = plan or design(len(u))
    point = float((w * y).sum() / w.sum())
    std_error, df = design_se(u, plan)
    n = len(y)
    n_eff = float(w.sum() ** 2 / np.square(w).sum())
    spread = _spread(y, point, w)
    if spread > 0 and std_error > 0:
        n_eff = min(n_eff, spread / std_error**2)
    shares = None if kind == "mean" else np.clip(_shares(y, w), 0, 1)
    ends = _interval(kind, point, std_error, df, shares, n_eff, plan, confidence_level)
    centre, spread, lower, upper = (float(end) for end in ends)
    return Estimate(
        kind=kind, n=n, estimate=point, std_error=std_error, ci_lower=lower,
        ci_upper=upper, df=df, n_eff=n_eff, deff=n / n_eff, centre=centre,
        centre_se=spread, confidence_level=confidence_level,
    )  # fmt: skip
