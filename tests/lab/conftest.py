"""One running JupyterLab for all tests of a file."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from tests.lab.labserver import (
    Lab,
    address,
    copy_project,
    environment,
    make_lab,
    stop,
)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """JupyterLab as `make lab` starts it, one for all tests of a file."""
    for tool in ("make", "git"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is missing")
    base = tmp_path_factory.mktemp("lab")
    home, log, calls = base / "home", base / "server.log", base / "calls.txt"
    home.mkdir()
    project = copy_project(base / "workbook")
    server = make_lab(project, environment(project, home, calls), log)
    try:
        url = address(server, log)
        yield Lab(url=url, project=project, home=home, log=log, calls=calls)
    finally:
        stop(server)
