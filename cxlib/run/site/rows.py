"""What the index and the history show of a run."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cxlib.report.states import STATES
from cxlib.report.words import moment
from cxlib.run.site.history import Report
from cxlib.run.site.lines import TEXTS
from cxlib.run.site.links import href
from cxlib.run.site.sparkline import sparkline

_FIGURES = 3
_ALERT_RANK = STATES["running"].rank - 0.5
_OPEN = 60
_MANY = 365
_JUDGED = {
    "": "",
    "same": "",
    "no interval": "",
    "within noise": "within noise",
    "unclear": "may be noise",
    "beyond noise": "beyond noise",
    "not separated": "more than the data changed",
    "not reproducible": "not reproducible",
}
UNFINISHED = "unfinished.html"


def entry(run: Mapping[str, Any]) -> str:
    """Return the page of a run, from its report's folder; its history if none."""
    if "removed" in run or run["state"] == "running":
        return "index.html"
    page = UNFINISHED if run["state"] in {"killed", "lost"} else "report.html"
    return href(run["id"], page)


def history_row(run: Mapping[str, Any]) -> dict[str, Any]:
    """Return what both pages show of one run."""
    state = STATES[run["state"]]
    return {
        "id": run["id"],
        "state": run["state"],
        "label": state.label,
        "tone": state.tone,
        "own": "" if entry(run) == "index.html" else entry(run),
        "started": run["started"],
        "seconds": run.get("seconds"),
        "error": run.get("error") or _silence(run),
        "figures": _figures(run),
        "decision": run.get("decision", ""),
        "language": run.get("language", ""),
        "alerts": [{**one, "words": _alert(one)} for one in run.get("alerts", [])],
        "removed": run.get("removed"),
    }


def index_row(report: Report) -> dict[str, Any]:
    """Return the newest run of a report, and what it said before."""
    runs = report.runs
    newest = (report.there or runs)[0]
    row = history_row(newest)
    earlier = [r for r in runs[runs.index(newest) + 1 :] if r["state"] == "ok"]
    readable = [run for run in earlier if "removed" not in run]
    base = href(report.programme, report.name)
    results = ""
    if newest.get("results") and "removed" not in newest:
        results = f"{base}/{href(newest['id'], 'results.json')}"
    stands_in = readable and newest["state"] != "ok"
    return row | {
        "programme": report.programme,
        "title": report.name,
        "rank": _rank(row),
        "href": f"{base}/{entry(newest)}",
        "history": f"{base}/index.html",
        "count": len(runs),
        "signoff": "",
        "last_good": f"{base}/{entry(readable[0])}" if stands_in else "",
        "results": results,
        "figures": [
            _compared(figure, newest, earlier)
            | {"spark": sparkline(runs, figure["id"])}
            for figure in row["figures"][:_FIGURES]
        ],
    }


def groups(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows by programme, those with the worst state first."""
    by_programme: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (row["rank"], row["title"])):
        by_programme[row["programme"]].append(row)
    long = sum(map(len, by_programme.values())) > _OPEN
    found = [
        {
            "programme": programme,
            "runs": runs,
            "counts": counts(runs),
            **_folded(runs, long=long),
        }
        for programme, runs in by_programme.items()
    ]
    return sorted(found, key=lambda g: (g["runs"][0]["rank"], g["programme"]))


def _folded(runs: list[Mapping[str, Any]], *, long: bool) -> dict[str, Any]:
    """Return which rows are first seen: on a long page only those that need a look."""
    urgent = [run for run in runs if run["rank"] < STATES["running"].rank]
    first = urgent if long and urgent else runs
    return {
        "open": not long or bool(urgent),
        "first": first,
        "rest": runs[len(first) :],
    }


def months(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows of a history by month, as they come."""
    by_month: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        by_month[row["started"][:7]].append(row)
    return [
        {"month": month, "runs": runs, "counts": counts(runs)}
        for month, runs in by_month.items()
    ]


def month_name(month: str) -> str:
    """Return '2026-11' as 'November 2026'; anything else as it is.

    Examples
    --------
    >>> month_name("2026-11")
    'November 2026'
    """
    try:
        return dt.date.fromisoformat(f"{month}-01").strftime("%B %Y")
    except ValueError:
        return month


def courses(runs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the newest completed run's figures with their course over many runs."""
    newest = next((run for run in runs if run["state"] == "ok"), {})
    drawn = [
        {**figure, "spark": sparkline(runs, figure["id"], last=_MANY)}
        for figure in _figures(newest)
    ]
    return [figure for figure in drawn if figure["spark"]]


def counts(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return how many rows are in each state, alerts between failures and the rest."""
    listed = list(rows)
    counted = Counter((STATES[r["state"]].rank, r["state"]) for r in listed)
    found: list[tuple[float, dict[str, Any]]] = []
    for (rank, key), count in counted.items():
        state = STATES[key]
        chip = {"key": key, "label": state.label.lower(), "tone": state.tone}
        found.append((rank, {**chip, "count": count}))
    alerts = sum(len(row["alerts"]) for row in listed if row["state"] == "ok")
    if alerts:
        label = "alert" if alerts == 1 else "alerts"
        chip = {"key": "alert", "label": label, "tone": "warn", "count": alerts}
        found.append((_ALERT_RANK, chip))
    return [chip for _, chip in sorted(found, key=lambda one: (one[0], one[1]["key"]))]


def _rank(row: Mapping[str, Any]) -> float:
    """Return the order of the index: failures, then alerts, then the rest."""
    rank = STATES[row["state"]].rank
    return _ALERT_RANK if row["alerts"] and row["state"] == "ok" else rank


def _figures(run: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a run's figures with every text there is, if only as an empty one."""
    return [{**dict.fromkeys(TEXTS, ""), **one} for one in run.get("figures", [])]


def _alert(alert: Mapping[str, Any]) -> str:
    """Return an alert in words: what it says, and since when it does."""
    text = str(alert["text"] or alert["label"] or alert["id"])
    if alert["new"]:
        return f"New alert: {text}"
    since = f" since {alert['since'][:10]}" if alert["since"] else ""
    return f"Alert{since}: {text}"


def _silence(run: Mapping[str, Any]) -> str:
    """Return what is known of a run that never said how it ended."""
    if run["state"] == "killed":
        return "The process was gone before the run had ended."
    if run["state"] == "lost":
        host = run.get("host") or "an unknown machine"
        return f"Still marked as running on {host}, which cannot be asked from here."
    return ""


def _compared(
    figure: Mapping[str, Any],
    run: Mapping[str, Any],
    earlier: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Return a figure with what it was in the completed run before, in words."""
    olds = earlier[0].get("figures", []) if earlier else []
    old = next((one for one in olds if one["id"] == figure["id"]), None)
    if old is None or old["value"] == figure["value"]:
        return {**figure, "was": ""}
    words = f"was {old['value']} on {moment(earlier[0]['started'])[:10]}"
    told = [_difference(figure, old), _verdict(figure, run, earlier[0])]
    more = ", ".join(filter(None, told))
    return {**figure, "was": f"{words}: {more}" if more else words}


def _difference(new: Mapping[str, Any], old: Mapping[str, Any]) -> str:
    """Return the difference with the decimals of the figure, where it has numbers."""
    if new.get("estimate") is None or old.get("estimate") is None:
        return ""
    if (new.get("unit") or "") != (old.get("unit") or ""):
        return ""
    scale = 100 if str(new.get("kind", "")).startswith("share") else 1
    decimals = len(str(new["value"]).partition(".")[2])
    step = scale * (new["estimate"] - old["estimate"])
    shown = f"{step:+,.{decimals}f}"
    if not set(shown) - set("+-0."):
        shown = f"{step:+.1g}" if step else "+0"
    return shown.replace("-", "−")


def _verdict(
    figure: Mapping[str, Any], run: Mapping[str, Any], before: Mapping[str, Any]
) -> str:
    """Return 'within noise' or the like, if the run was compared with that one."""
    changes = run.get("changes", {})
    if changes.get("since") != before["id"]:
        return ""
    verdict = str(changes["verdicts"].get(figure["id"], ""))
    if verdict in _JUDGED:
        return _JUDGED[verdict]
    return f"because of {verdict}"
