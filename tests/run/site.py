"""A reports folder made by hand: runs with manifests, results and tables."""

from __future__ import annotations

import csv
import json
from pathlib import Path

FIGURE = {"id": "nps", "label": "NPS", "value": "20.7", "unit": "points",
          "interval": "95 % CI 17.7 to 23.5", "n": "n = 3,926",
          "statement": "s"}  # fmt: skip
FILE = {"path": "data/a.csv", "sha256": "a" * 64, "bytes": 9, "rows": 3}
CHOSEN = {
    "id": "net present value of the chosen",
    "result": "chosen",
    "statement": (
        "Within 18,000 EUR, choose Alpha and Beta (first cost 14,512 EUR): together "
        "they return 4,908 EUR over 3 years (80 % interval −6,620 to 17,616, "
        "20,000 draws), with a chance of 68.5 % of a return above zero. More follows."
    ),
    "estimate": 4907.6,
    "unit": "amount",
    "ci_lower": -6620.1,
    "ci_upper": 17616.0,
    "n": None,
}


class Site:
    """Adds runs to a reports folder whose workbook lies above it."""

    def __init__(self, root: Path) -> None:
        for name in ("notebooks", "params/alpha"):
            (root / name).mkdir(parents=True)
        self.root, self.out = root, root / "reports"

    @property
    def signoff(self) -> Path:
        return self.root / "params/alpha/_signoff.yaml"

    def page(self, programme="alpha") -> str:
        return (self.out / programme / "executive.html").read_text(encoding="utf-8")

    def add(self, name, day=1, status="ok", *, results=None, tables=None, **more):
        run_id = f"202601{day:02d}T100000Z-abcdef"
        programme = more.pop("programme", "alpha")
        folder = self.out / programme / name / run_id
        (folder / "tables").mkdir(parents=True)
        figures = more.pop("figures", [FIGURE])
        manifest = {
            "run_id": run_id,
            "programme": programme,
            "name": name,
            "status": status,
            "started": f"2026-01-{day:02d}T10:00:00.000+00:00",
            "error": "" if status == "ok" else "It broke.",
            "params_file": f"params/{programme}/{name}.yaml",
            "params": {"currency": "EUR"},
            "data": [FILE],
            "headline": {"decision": f"Decision of {name}.", "figures": figures},
        }
        if status != "ok":
            manifest["headline"] = {}
        self._write(folder / "manifest.json", manifest | more)
        self._write(folder / "results.json", {"findings": []} | (results or {}))
        (folder / "report.html").write_text('<p class="signoff" id="signoff"></p>')
        for table, rows in (tables or {}).items():
            with (folder / f"tables/{table}.csv").open("w", newline="") as file:
                writer = csv.DictWriter(file, list(rows[0]))
                writer.writeheader()
                writer.writerows(rows)
        return folder

    @staticmethod
    def _write(path: Path, value: object) -> None:
        path.write_text(json.dumps(value), encoding="utf-8")


def initiative(name, **more):
    row = {"initiative": name, "chosen": True, "upfront_amount": 5032.04}
    row |= {"npv_amount": 3641.07, "p10_amount": -1685.5, "p90_amount": 9200.7}
    return row | {"share_positive": 0.80465} | more
