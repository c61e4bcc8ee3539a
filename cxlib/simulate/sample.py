"""Write the sample: every table of one made-up company, and its truth."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cxlib import _checks
from cxlib.simulate import _planted, book
from cxlib.simulate.clicks import events
from cxlib.simulate.coding import codings
from cxlib.simulate.contacts import contacts
from cxlib.simulate.deliveries import claims, claims_truth, rollout, rollout_truth
from cxlib.simulate.experiment import users
from cxlib.simulate.investments import initiatives
from cxlib.simulate.outreach import invitations
from cxlib.simulate.panel import periods
from cxlib.simulate.purchases import purchases
from cxlib.simulate.survey import responses
from cxlib.simulate.truth import Table, truth

COMPANY = "Terzapiazza"
TIME = "%Y-%m-%dT%H:%M:%S"
TRUTHS: tuple[Table, ...] = ("responses", "codings", "users", "periods")
# with the default seed this stream gives a typical draw: see data/README.md
ANSWERS = 9
CODED, USERS_PER_ROW, CUSTOMERS_PER_ROW = 600, 1.5, 0.15
BUYERS_PER_ROW, CALLERS_PER_ROW, STORES_PER_ROW = 0.2, 0.3, 0.01


def write_sample(
    directory: str | os.PathLike[str], *, rows: int = 4000, seed: int = 20260101
) -> dict[str, Any]:
    """Write the sample tables, the codebook and the truth.

    Parameters
    ----------
    directory : path
        Folder for the files; made if it is not there.
    rows : int
        Survey answers; users are 1.5 times and panel customers .15 times as many.
    seed : int
        Seed. The same rows and seed give the same bytes.

    Returns
    -------
    dict
        The truth, as written to truth.json.

    Notes
    -----
    Each file is written beside its name and then moved, so a reader sees the old
    file or the new one. Each table has its own stream of random numbers.

    Examples
    --------
    >>> import tempfile
    >>> from cxlib import simulate
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     known = simulate.write_sample(folder, rows=200)
    >>> known["company"]
    'Terzapiazza'
    """
    _checks.in_range(rows, "rows", 20, float("inf"))
    folder = Path(directory)
    folder.mkdir(parents=True, exist_ok=True)
    tables, known = tables_of(rows, seed)
    for name, table in tables.items():
        _write(folder / f"{name}.csv", _csv(table))
    _write(folder / "codebook.yaml", book.TEXT)
    _write(
        folder / "truth.json", json.dumps(known, indent=1, ensure_ascii=False) + "\n"
    )
    return known


def tables_of(rows: int, seed: int) -> tuple[dict[str, pd.DataFrame], dict[str, Any]]:
    """Return the tables by name, and the truth."""
    seeds = np.random.SeedSequence(seed).spawn(ANSWERS + 3)
    streams = [np.random.default_rng(s) for s in seeds]
    answers = responses(rows, rng=streams[ANSWERS], hidden=True)
    answers, planted = _planted.plant(answers, streams[1])
    visitors = users(round(USERS_PER_ROW * rows), rng=streams[2])
    stores = max(12, round(STORES_PER_ROW * rows))
    tables = {
        "responses": answers.drop(columns=["themes", "propensity"]),
        "invitations": invitations(answers, rng=streams[3]),
        "codings": codings(answers, rng=streams[4], n=CODED),
        "users": visitors,
        "events": events(visitors, rng=streams[5]),
        "periods": periods(round(CUSTOMERS_PER_ROW * rows), rng=streams[6]),
        "initiatives": initiatives(),
        "purchases": purchases(round(BUYERS_PER_ROW * rows), rng=streams[10]),
        "contacts": contacts(round(CALLERS_PER_ROW * rows), rng=streams[11]),
        "rollout": rollout(stores, rng=streams[7]),
        "claims": claims(rng=streams[8]),
    }
    known: dict[str, Any] = {name: truth(name) for name in TRUTHS}
    known |= {"rollout": rollout_truth(stores), "claims": claims_truth()}
    return tables, {"company": COMPANY, "rows": rows, "seed": seed, **known, **planted}


def _csv(table: pd.DataFrame) -> str:
    """Return a table as CSV: whole numbers without a point, ISO times."""
    shown = table.copy()
    for name in ("score", "ease", "speed", "staff", "price", "delivery"):
        if name in shown:
            shown[name] = shown[name].astype("Int64")
    return shown.to_csv(index=False, date_format=TIME, lineterminator="\n")


def _write(path: Path, text: str) -> None:
    """Write a file at once or not at all."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
            stream.write(text)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
