"""A panel regression of a million customer-months against pyfixest and linearmodels.

    uv run --with pyfixest --with-editable . python benchmarks/roi_panel.py
    .venv/bin/python benchmarks/roi_panel.py [--rows 1000000] [--repeats 3]

Score and four drivers of the month before, customer and period effects, errors
clustered by customer; a balanced panel of 24 months and one with a quarter missing.
Ours starts from the frame as it came (text keys, no lag); pyfixest and linearmodels are
handed rows already lagged. CPU seconds of this process, the best of the repeats,
contenders taken in turn; the ratios are what counts. Contenders that are not installed
are left out (linearmodels is in the test extra; pyfixest: `pip install pyfixest`). Then
the other questions of the notebook on the same rows, and the peak memory of each.
"""

from __future__ import annotations

import argparse
import resource
import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd

from cxlib import roi

MONTHS, DRIVERS = 24, ("ease", "speed", "clarity", "price")
TERMS = ["score", *DRIVERS]


def cpu() -> float:
    """CPU seconds of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak() -> float:
    """Largest memory of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def panel(rows: int, *, missing: float) -> pd.DataFrame:
    """Make customers by month, a share of the rows missing at random."""
    rng = np.random.default_rng(1)
    customers = int(rows / MONTHS / (1 - missing))
    who = np.repeat(np.arange(customers), MONTHS)
    when = np.tile(np.arange(MONTHS), customers)
    names = np.array([f"C{i:07d}" for i in range(customers)], dtype=object)
    months = np.array(
        [f"{2024 + i // 12}-{i % 12 + 1:02d}" for i in range(MONTHS)], dtype=object
    )
    level = rng.normal(size=customers)[who]
    found = {name: rng.normal(size=len(who)) for name in DRIVERS}
    score = 7 + level + 0.3 * found["ease"] + rng.normal(size=len(who))
    before = np.where(when > 0, np.roll(score, 1), 7.0)
    found |= {
        "score": score,
        "revenue": 50 + 8 * level + 3 * before + when + 9 * rng.normal(size=len(who)),
        "cost": 20 - level - 0.5 * before + rng.normal(size=len(who)),
        "upsell": (rng.random(len(who)) < 0.1).astype(int),
    }
    keys = {"customer_id": names[who], "period": months[when]}
    frame = pd.DataFrame(keys | found).astype({"customer_id": "str", "period": "str"})
    return frame[rng.random(len(frame)) >= missing].reset_index(drop=True)


def lagged(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that have a row one month before, with its score and drivers."""
    month = pd.factorize(frame["period"], sort=True)[0]
    before = frame.groupby("customer_id", sort=False)[TERMS].shift(1)
    same = frame["customer_id"].eq(frame["customer_id"].shift(1))
    next_month = np.r_[False, np.diff(month) == 1] & same.to_numpy()
    rows = frame[["customer_id", "period", "revenue"]].assign(month=month)
    return pd.concat([rows, before], axis=1)[next_month].reset_index(drop=True)


def contenders(frame: pd.DataFrame) -> dict[str, Callable[[], pd.Series]]:
    """Ours, and whoever is installed; each returns its coefficients."""
    rows = lagged(frame)
    found: dict[str, Callable[[], pd.Series]] = {
        "ours": lambda: roi.fit(frame, "revenue", drivers=DRIVERS).table["estimate"]
    }
    try:
        import pyfixest

        keys = ["customer_id", "period"]
        coded = rows.assign(**{k: rows[k].astype("category").cat.codes for k in keys})
        formula = f"revenue ~ {' + '.join(TERMS)} | customer_id + period"
        for name, data in (("text keys", rows), ("keys as numbers", coded)):
            found[f"pyfixest, {name}"] = lambda data=data: pyfixest.feols(
                formula, data=data, vcov={"CRV1": "customer_id"}
            ).coef()
    except ImportError:
        pass
    try:
        from linearmodels.panel import PanelOLS

        indexed = rows.set_index(["customer_id", "month"])
        found["linearmodels"] = lambda: (
            PanelOLS(
                indexed["revenue"], indexed[TERMS], entity_effects=True,
                time_effects=True,
            )
            .fit(cov_type="clustered", cluster_entity=True)
            .params
        )  # fmt: skip
    except ImportError:
        pass
    return found


def race(frame: pd.DataFrame, repeats: int) -> None:
    """Print CPU seconds and ratios, and how far the coefficients lie apart."""
    works = contenders(frame)
    best, answers = dict.fromkeys(works, float("inf")), {}
    for name, work in works.items():
        answers[name] = work().to_numpy()
        if name == "ours":
            print(f"  peak memory after ours, frame included: {peak():,.0f} MB")
    for _ in range(repeats):
        for name, work in works.items():
            start = cpu()
            work()
            best[name] = min(best[name], cpu() - start)
    for name, seconds in best.items():
        apart = np.abs(answers[name] / answers["ours"] - 1).max()
        ratio = best["ours"] / seconds
        print(f"  {name:<26} {seconds:7.2f} s   ours / it {ratio:5.2f}   {apart:.0e}")


def questions(frame: pd.DataFrame) -> None:
    """Print CPU seconds and peak memory of the notebook's other questions."""
    outcomes = ["revenue", "cost", "upsell"]
    start = cpu()
    fits = roi.fit_outcomes(frame, outcomes, drivers=DRIVERS)
    print(f"  {'fit_outcomes, three':<26} {cpu() - start:7.2f} s   {peak():,.0f} MB")
    works: dict[str, Callable[[], object]] = {
        "placebo_lead": lambda: roi.placebo_lead(frame, fits),
        "lag_profile": lambda: roi.lag_profile(frame, fits),
        "diagnose": lambda: roi.diagnose(frame, fits),
        "specifications": lambda: roi.specifications(frame, fits),
        "panel": lambda: roi.panel(frame, outcomes=outcomes),
        "by_score": lambda: roi.by_score(frame, outcomes),
    }
    for name, work in works.items():
        start = cpu()
        work()
        print(f"  {name:<26} {cpu() - start:7.2f} s   {peak():,.0f} MB")


def main() -> None:
    """Race on both panels in one process."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--repeats", type=int, default=3)
    given = options.parse_args()
    warnings.simplefilter("ignore")
    for kind, missing in (("balanced", 0.0), ("a quarter missing", 0.25)):
        frame = panel(given.rows, missing=missing)
        print(f"\n{len(frame):,} customer-months, {kind}: CPU s")
        race(frame, given.repeats)
    questions(frame)


if __name__ == "__main__":
    main()
