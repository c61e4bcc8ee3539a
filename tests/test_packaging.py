"""One list of dependencies, one lock, and no licence that binds the user."""

from __future__ import annotations

import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCK = (ROOT / "requirements.lock").read_text()
BRIEF = {"jupyterlab", "papermill", "pandas", "statsmodels", "seaborn", "scikit-learn"}


def locked():
    found = {}
    for line in LOCK.splitlines():
        requirement = Requirement(line)
        found.setdefault(requirement.name.lower(), []).append(requirement)
    return found


def declared():
    extras = PROJECT["optional-dependencies"]["test"]
    return [Requirement(d) for d in PROJECT["dependencies"] + extras]


def test_the_brief_packages_are_dependencies():
    names = {r.name for r in declared()}
    assert names >= BRIEF | {"nbval"}


@pytest.mark.parametrize("requirement", declared(), ids=lambda r: r.name)
def test_lock_satisfies_each_declared_floor(requirement):
    pins = locked()[requirement.name.lower()]
    for pin in pins:
        (exact,) = pin.specifier
        assert exact.operator == "=="
        assert exact.version in requirement.specifier


def test_lock_names_no_host_or_path():
    assert not re.search(r"https?:|file:|@ |--", LOCK)


def test_environment_yml_installs_the_same_lock():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    conda = [d for d in environment["dependencies"] if isinstance(d, str)]
    (pip,) = [d["pip"] for d in environment["dependencies"] if isinstance(d, dict)]
    assert pip == ["-r requirements.lock", "-e ."]
    assert all(re.match(r"python=|pip$", d) for d in conda)
    python = next(d for d in conda if d.startswith("python="))
    assert python.removeprefix("python=") in {"3.11", "3.12", "3.13"}


def test_installed_versions_are_the_locked_ones():
    for name in BRIEF:
        pins = [p for p in locked()[name] if p.marker is None or p.marker.evaluate()]
        assert metadata.version(name) in pins[0].specifier


def base_packages():
    """Every package that the base install pulls in, by walking the metadata."""
    seen, todo = set(), [Requirement(d).name for d in PROJECT["dependencies"]]
    while todo:
        name = todo.pop().lower()
        if name in seen:
            continue
        try:
            needs = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue
        seen.add(name)
        todo += [
            need.name
            for need in map(Requirement, needs)
            if need.marker is None or need.marker.evaluate({"extra": ""})
        ]
    return sorted(seen)


def test_base_install_holds_no_gpl():
    bound = []
    for name in base_packages():
        facts = metadata.metadata(name)
        classifiers = " ".join(facts.get_all("Classifier") or [])
        licence = f"{facts.get('License-Expression') or ''} {classifiers}"
        words = re.findall(r"\bA?GPL\b|GNU (?:Affero )?General Public", licence)
        if words and " OR " not in licence:
            bound.append(name)
    assert len(base_packages()) > 80
    assert bound == []
