"""What `cx check` does beyond the gate: read the data as the notebook will."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cxlib.errors import CxError
from cxlib.run.gate import TABLES
from cxlib.run.jobs import Job, shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The state of a params file and its data, and the lines that say so."""

    status: str
    lines: tuple[str, ...]


def check_data(job: Job) -> Checked:
    """Read every table of a job as its notebook would.

    Parameters
    ----------
    job : Job
        As the gate returned it; with troubles, no data are read.

    Returns
    -------
    Checked
        `status` is 'ok', 'params' or 'data'.
    """
    file = shown(job.path, job.root)
    if job.troubles:
        found = [
            f"{file}:{one.line}: {one.text}" if one.line else f"{file}: {one.text}"
            for one in job.troubles
        ]
        return Checked(status=job.status, lines=tuple(found))
    status, lines = "ok", [f"{file}: parameters fit {shown(job.notebook, job.root)}"]
    for table, problem, text in _tables(job):
        lines.append(f"  {table}: {text}".replace("\n", "\n  "))
        if problem and status != "params":
            status = problem
    return Checked(status=status, lines=tuple(lines))


def _tables(job: Job) -> Iterator[tuple[str, str, str]]:
    """Yield each table with what is wrong with it and what to say of it."""
    from cxlib import data

    values: dict[str, Any] = {one.name: one.default for one in job.parameters} | dict(
        job.params
    )
    for table in TABLES:
        source = values.get(table)
        if not source:
            continue
        scale = values.get("scale") if table == "responses" else None
        engine: Any = values.get("engine") or "pandas"
        try:
            read = data.read(
                table, source, scale=scale or None, engine=engine, root=job.root
            )
        except CxError as error:
            kind = "params" if error.exit_code == 2 else "data"
            yield table, kind, str(error)
        else:
            yield table, "", read.text.removeprefix(f"{table}: ")
