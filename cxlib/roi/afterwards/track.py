"""Promises held against deliveries, and our own intervals against themselves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from cxlib import _checks
from cxlib.estimate import promises
from cxlib.estimate.design import Array
from cxlib.result import Assumption
from cxlib.roi.afterwards import _claims
from cxlib.roi.afterwards.tracked import (
    EARLY,
    EDITED,
    KEPT,
    LATE,
    OPEN,
    ORDER,
    OVERDUE,
    Tracked,
)

MIN_N = 5


def track(
    claims: pd.DataFrame | None,
    *,
    on: str,
    delivered_level: float = 0.95,
    by: Sequence[str] = ("evidence", "owner"),
    currency: str = "",
    confidence_level: float = 0.95,
) -> Tracked:
    """Hold past promises against what was delivered.

    Use it at every quarter's end: it says which promises nobody has measured, how many
    of our own intervals held, and by how much to cut new promises.

    Parameters
    ----------
    claims : pandas.DataFrame or None
        The register, one row a promise: claim_id, promised and due_on at least; see
        `register` for the rest.
    on : str
        The day on which promises are due or not.
    delivered_level : float
        Level of the intervals delivered_low to delivered_high.
    by : sequence of str
        Columns by which coverage is told apart; groups under five stay blank.
    currency : str
    confidence_level : float

    Returns
    -------
    Tracked
        Also where nothing is due yet.

    Raises
    ------
    DataError
        With every cell that cannot be meant.

    Notes
    -----
    An interval held where delivered lies no further from promised than the level's
    normal quantile times the root of both variances, promise's and measurement's:
    without the latter a noisy measurement would count against a right interval. A
    delivery without an interval is taken as exact, which is the harsher rule. Only
    promises with an interval count. A promise that was edited since it was sealed, made
    after its delivery was measured, or measured before it was due, does not count.
    Coverage has the exact (Clopper-Pearson) interval, promises being taken as
    independent. `worst` and `best` say what the overdue could make of it.

    Bias: slope through the origin of delivered on promised, each over its own standard
    deviation, benefits only, HC3. It takes what was promised as given, so it is the
    factor for the next promise made in the same way.

    References
    ----------
    Gneiting, T. and Raftery, A. E. (2007). JASA 102, 359-378.
    doi:10.1198/016214506000001437. Clopper, C. J. and Pearson, E. S. (1934). Biometrika
    26, 404-413. doi:10.1093/biomet/26.4.404. Lovallo, D. and Kahneman, D. (2003).
    Delusions of success. Harvard Business Review 81(7), 56-63.

    Examples
    --------
    >>> rows = pd.DataFrame({
    ...     "claim_id": ["a", "b"], "initiative": ["checkout", "courier"],
    ...     "metric": "margin", "promised": [100.0, 50.0], "low": [60.0, 30.0],
    ...     "high": [140.0, 70.0], "level": 0.8, "made_on": "2024-01-01",
    ...     "due_on": ["2025-01-01", "2025-06-01"], "delivered": [70.0, None],
    ...     "measured_on": ["2025-01-15", None]})
    >>> track(rows, on="2025-12-31").text.split(". ")[1].split(":")[0]
    '1 of 1 promised intervals, of 80 % each, held (95 % CI 3 to 100 %)'
    """
    _checks.in_range(confidence_level, "confidence_level", 0, 1, ends="()")
    _checks.in_range(delivered_level, "delivered_level", 0, 1, ends="()")
    day = _claims.date_of(on, "on")
    frame = _claims.read_register(claims)
    _checks.columns(frame, by, "claims")
    frame["status"] = _status(frame, day)
    frame = _measured(frame, delivered_level)
    late = (day - frame["due_on"]).dt.days
    frame["days_overdue"] = np.where(frame["status"] == OVERDUE, late, 0)
    kept = frame[frame["status"] == KEPT]
    known = kept[kept["covered"].notna()]
    gains = known[known["kind"] == _claims.BENEFIT]
    return Tracked(
        table=_ordered(frame), unit="amount",
        calibration=_calibration(frame, confidence_level),
        groups=_groups(known, by, confidence_level),
        factor=promises.delivery_factor(
            gains["promised"], gains["delivered"], gains["scale"],
            confidence_level=confidence_level,
        ),
        width=promises.width_factor(
            known["surprise"], confidence_level=confidence_level
        ),
        on=f"{day:%Y-%m-%d}", n_unsealed=int((frame["seal"] == "").sum()),
        currency=currency, confidence_level=confidence_level,
        assumptions=_ASSUMPTIONS if len(kept) else (),
        method=_method(frame, len(kept), len(known)),
    )  # fmt: skip


def _status(frame: pd.DataFrame, day: pd.Timestamp) -> pd.Series:
    measured = frame["delivered"].notna() & (frame["measured_on"] <= day)
    due = frame["due_on"] <= day
    status = pd.Series(OPEN, index=frame.index, dtype="str")
    status = status.mask(due & ~measured, OVERDUE)
    status = status.mask(measured, KEPT)
    status = status.mask(measured & (frame["measured_on"] < frame["due_on"]), EARLY)
    status = status.mask(measured & (frame["made_on"] >= frame["measured_on"]), LATE)
    return status.mask(_claims.edited(frame), EDITED)


def _measured(frame: pd.DataFrame, delivered_level: float) -> pd.DataFrame:
    """Add surprise, covered, ratio and score of what can be compared."""
    p, d = (frame[c].to_numpy(dtype=float) for c in ("promised", "delivered"))
    level = frame["level"].to_numpy(dtype=float)
    spread = promises.sigma(p, frame["low"], frame["high"], level)
    error = promises.sigma(
        d, frame["delivered_low"], frame["delivered_high"], delivered_level
    )
    error = np.nan_to_num(error[0]), np.nan_to_num(error[1])
    z = promises.surprise(p, spread, d, error)
    known = np.isfinite(p) & np.isfinite(d) & np.isfinite(spread[0])
    limit = promises.quantile(level)
    score = promises.interval_score(frame["low"], frame["high"], d, level=level)
    ratio = np.divide(d, p, out=np.full(len(p), np.nan), where=p != 0)
    return frame.assign(
        surprise=np.where(known, z, np.nan),
        covered=np.where(known, (np.abs(z) <= limit + 1e-12).astype(float), np.nan),
        ratio=ratio, interval_score=np.where(known, score, np.nan),
        scale=np.where(known, _scale(spread, error), np.nan),
    )  # fmt: skip


def _scale(spread: tuple[Array, Array], error: tuple[Array, Array]) -> Array:
    own, measured = ((a + b) / 2 for a, b in (spread, error))
    return np.hypot(own, measured)


def _ordered(frame: pd.DataFrame) -> pd.DataFrame:
    """Overdue promises first, the longest on top."""
    names = [
        "claim_id", "initiative", "metric", "kind", "unit", "status", "made_on",
        "due_on", "days_overdue", "promised", "low", "high", "level", "delivered",
        "delivered_low", "delivered_high", "surprise", "covered", "ratio",
        "interval_score", "evidence", "owner",
    ]  # fmt: skip
    place = frame["status"].map({status: i for i, status in enumerate(ORDER)})
    order = frame.assign(place=place).sort_values(
        ["place", "days_overdue", "due_on", "claim_id"],
        ascending=[True, False, True, True],
    )
    return order[names].reset_index(drop=True)


def _calibration(frame: pd.DataFrame, confidence_level: float) -> pd.DataFrame:
    rows = []
    given = frame[frame["level"].notna() & frame["low"].notna()]
    for level, part in given.groupby("level"):
        kept = part[(part["status"] == KEPT) & part["covered"].notna()]
        n, hits = len(kept), int(kept["covered"].sum())
        late = int((part["status"] == OVERDUE).sum())
        ends = promises.exact_share(hits, n, confidence_level=confidence_level)
        rows.append(
            {
                "level": float(str(level)), "n": n, "n_covered": hits,
                "estimate": hits / n if n else np.nan, "ci_lower": ends[0],
                "ci_upper": ends[1], "n_overdue": late,
                "worst": hits / (n + late) if n + late else np.nan,
                "best": (hits + late) / (n + late) if n + late else np.nan,
            }
        )  # fmt: skip
    columns = ["level", "n", "n_covered", "estimate", "ci_lower", "ci_upper",
               "n_overdue", "worst", "best"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def _groups(
    known: pd.DataFrame, by: Sequence[str], confidence_level: float
) -> pd.DataFrame:
    rows = []
    for name in by:
        for group, part in known.groupby(name):
            n, hits = len(part), float(part["covered"].sum())
            ends = promises.exact_share(int(hits), n, confidence_level=confidence_level)
            shown = (hits, hits / n, *ends) if n >= MIN_N else (np.nan,) * 4
            rows.append([name, str(group) or "(none)", n, *shown])
    columns = ["by", "group", "n", "n_covered", "estimate", "ci_lower", "ci_upper"]
    return pd.DataFrame(rows, columns=columns)


def _method(frame: pd.DataFrame, kept: int, known: int) -> str:
    parts = [
        "An interval held where delivered lies within it once the measurement's own "
        "error is added; exact interval of the share."
    ]
    if kept > known:
        parts.append(f"{kept - known} measured promises had no interval.")
    early = int((frame["status"] == EARLY).sum())
    if early:
        parts.append(f"{early} measured before they were due do not count yet.")
    open_ = int((frame["seal"] == "").sum())
    if open_:
        parts.append(f"{open_} promises have no seal: an edit would not be seen.")
    return " ".join(parts)


_ASSUMPTIONS = (
    Assumption(
        text="What was delivered was measured as it was promised: same metric, "
        "customers and period, against what would have come without it.",
        quality="medium", impact="high",
    ),
    Assumption(
        text="Promises succeed or fail independently of each other.",
        quality="low", impact="medium",
    ),
)  # fmt: skip
