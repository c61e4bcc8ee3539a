"""The index of all reports, built from the runs' manifests alone."""

from __future__ import annotations

import contextlib
import json
import os
import socket
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cxlib.report.files import write_text
from cxlib.report.states import STATES, State
from cxlib.report.words import moment
from cxlib.run.audiences import write_audiences
from cxlib.run.pages import history_page, href, index_page

_FIGURES = 3


def write_site(out: Path) -> Path:
    """Write the index and every history page under a reports folder.

    Parameters
    ----------
    out : pathlib.Path
        The reports folder: <programme>/<name>/<run id>/manifest.json.

    Returns
    -------
    pathlib.Path
        index.html. Failures come first, then the programmes by name; a run whose
        manifest cannot be read is left out.
    """
    out.mkdir(parents=True, exist_ok=True)
    with _alone(out):
        rows = []
        standings = write_audiences(out)
        for (programme, name), runs in _runs(out).items():
            runs.sort(key=lambda run: str(run["started"]), reverse=True)
            shown = [_row(run) for run in runs]
            label = f"{programme} / {name}"
            page = history_page(label, shown)
            write_text(out / programme / name / "index.html", page)
            standing = standings.get((programme, name))
            line = standing.text if standing else ""
            rows.append(_latest(runs, shown) | {"signoff": line})
        index = out / "index.html"
        write_text(index, index_page(_groups(rows), _counts(rows)))
    return index


def _runs(out: Path) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Return all manifests by programme and name, as the folders are called."""
    found: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for path in out.glob("*/*/*/manifest.json"):
        try:
            run = json.loads(path.read_text(encoding="utf-8"))
            run["status"] = _status(run)
            place = path.parent
            run |= {
                "run_id": place.name,
                "name": place.parent.name,
                "programme": place.parent.parent.name,
                "started": run["started"],
            }
        except (OSError, ValueError, KeyError, TypeError):
            continue
        found[run["programme"], run["name"]].append(run)
    return found


def _status(run: Mapping[str, Any]) -> str:
    """Return the state; a run that says 'running' may have been killed."""
    status = str(run["status"])
    if status == "running" and run.get("host") == socket.gethostname():
        return status if _alive(int(run.get("pid") or 0)) else "interrupted"
    return status if status in STATES else "failed"


def _alive(pid: int) -> bool:
    """Whether a process of this machine is there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return pid > 0


def _row(run: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the pages show of one run."""
    state: State = STATES[run["status"]]
    headline = run.get("headline") or {}
    good = run["status"] == "ok"
    return {
        "programme": run["programme"],
        "title": run["name"],
        "run_id": run["run_id"],
        "own": href(run["run_id"], _entry(run)),
        "href": href(run["programme"], run["name"], run["run_id"], _entry(run)),
        "label": state.label,
        "tone": state.tone,
        "rank": state.rank,
        "started": str(run["started"]),
        "seconds": run.get("seconds"),
        "error": _error(run),
        "figures": list(headline.get("figures", []))[:_FIGURES] if good else [],
        "decision": headline.get("decision", "") if good else "",
    }


def _entry(run: Mapping[str, Any]) -> str:
    """Return the file to open: a run that was killed has no page of its own."""
    if run["status"] in {"running", "interrupted"} and run.get("finished") is None:
        return "manifest.json"
    return "report.html"


def _error(run: Mapping[str, Any]) -> str:
    """Return the error in one line."""
    if run["status"] == "ok":
        return ""
    lines = [line.strip() for line in str(run.get("error") or "").splitlines()]
    lines = [line.removeprefix("- ") for line in lines if line]
    if len(lines) > 1 and lines[0] == "The run was not started.":
        lines = lines[1:]
    more = f" (and {len(lines) - 1} more)" if len(lines) > 1 else ""
    return f"{lines[0]}{more}" if lines else ""


def _latest(runs: list[dict[str, Any]], shown: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the newest run's row with its links and what it said before."""
    row = dict(shown[0])
    programme, name = runs[0]["programme"], runs[0]["name"]
    earlier = [one for one in shown[1:] if one["rank"] == STATES["ok"].rank]
    before = {f["id"]: f for f in earlier[0]["figures"]} if earlier else {}
    row["figures"] = [
        {**figure, "was": _was(figure, before, earlier)} for figure in row["figures"]
    ]
    row["history"] = href(programme, name, "index.html")
    row["count"] = len(runs)
    stands_in = earlier and row["rank"] != STATES["ok"].rank
    row["last_good"] = earlier[0]["href"] if stands_in else ""
    parts = [programme, name, row["label"], row["error"], row["decision"]]
    figures = [f"{one['label']} {one['value']}" for one in row["figures"]]
    row["words"] = " ".join([*parts, *figures]).lower()
    return row


def _was(
    figure: Mapping[str, Any],
    before: Mapping[str, Any],
    earlier: list[dict[str, Any]],
) -> str:
    """Return what the figure was in the completed run before."""
    old = before.get(figure["id"])
    if old is None or old["value"] == figure["value"]:
        return ""
    return f"was {old['value']} on {moment(earlier[0]['started'])[:10]}"


def _groups(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows by programme, those with the worst state first."""
    by_programme: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (row["rank"], row["title"])):
        by_programme[row["programme"]].append(row)
    groups = [{"programme": p, "runs": runs} for p, runs in by_programme.items()]
    return sorted(groups, key=lambda g: (g["runs"][0]["rank"], g["programme"]))


def _counts(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return how many reports are in each state, the worst first."""
    counted = Counter((row["rank"], row["label"], row["tone"]) for row in rows)
    return [
        {"label": label, "tone": tone, "count": count}
        for (_, label, tone), count in sorted(counted.items())
    ]


@contextlib.contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Let one process at a time build the site, so that the last one is complete."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    with (out / ".site.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
