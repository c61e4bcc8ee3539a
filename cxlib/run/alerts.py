"""Alerts of a run: which fired, which are new, and since when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cxlib.report.files import read_json


def recorded(results: Mapping[str, Any], folder: Path, started: str) -> dict[str, Any]:
    """Return what the manifest says of thresholds.

    Parameters
    ----------
    results : mapping
        results.json of the run.
    folder : pathlib.Path
        The run's own folder; its neighbours are earlier runs.
    started : str
        When the run started, ISO text in UTC.

    Returns
    -------
    dict
        alerts : list of {id, label, level: "bad", text, words, side, threshold, unit,
        estimate, ci_lower, ci_upper, confidence_level, n, pvalue, new, since}. `new`
        where the last completed run did not have the alert; `since` is the start of
        the first of the completed runs in a row that had it.
        thresholds : {false_alarm_rate, text, note, checks}, where there are any;
        each check as an alert, with `level` "good", "watch" or "bad".
    """
    alerts = [dict(one) for one in results.get("alerts") or [] if one]
    found: dict[str, Any] = {"alerts": alerts}
    if results.get("thresholds"):
        found["thresholds"] = results["thresholds"]
    if alerts:
        before = {_key(one): one for one in _before(folder).get("alerts") or []}
        for one in alerts:
            old = before.get(_key(one))
            one["new"] = old is None
            one["since"] = started if old is None else old.get("since", started)
    return found


def _key(alert: Mapping[str, Any]) -> tuple[str, str]:
    """Return what makes two alerts the same one: finding and side."""
    return str(alert.get("id")), str(alert.get("side"))


def _before(folder: Path) -> Mapping[str, Any]:
    """Return the manifest of the last completed run before this one, or nothing."""
    return next(_completed(folder), {})


def _completed(folder: Path) -> Iterator[Mapping[str, Any]]:
    """Yield the manifests of earlier completed runs, the newest first."""
    there = {path.parent.name: path for path in folder.parent.glob("*/manifest.json")}
    for name in sorted((one for one in there if one < folder.name), reverse=True):
        record = read_json(there[name])
        if record.get("status") == "ok":
            yield record
