"""Reports go to a real S3 server and a real Google Storage emulator, and come back."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest
from pyarrow import fs

from cxlib.errors import ArgumentError, StoreError
from cxlib.run.remote import Mirror, pull, push, runs
from cxlib.run.store import Store

ROOT = Path(__file__).parents[2]
BIN = ROOT / ".venv-store" / "bin"

pytestmark = pytest.mark.slow


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def answers(port: int) -> bool:
    with socket.socket() as one:
        one.settimeout(1)
        return one.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module", params=["s3", "gs"])
def server(request, tmp_path_factory):
    """A server of each kind, and the environment that reaches it."""
    port = free_port()
    if request.param == "s3":
        command = [BIN / "moto_server", "-H", "127.0.0.1", "-p", str(port)]
    else:
        command = [BIN / "gcp-storage-emulator", "start", "--host=127.0.0.1",
                   f"--port={port}", "--in-memory"]  # fmt: skip
    if not command[0].is_file():
        pytest.skip("the servers are missing: make store")
    log = (tmp_path_factory.mktemp("server") / "log").open("wb")
    process = subprocess.Popen(command, stdout=log, stderr=log)
    limit = time.monotonic() + 60
    while not answers(port) and time.monotonic() < limit:
        time.sleep(0.1)
    yield request.param, port
    process.kill()
    process.wait()


@pytest.fixture
def address(server, monkeypatch, request):
    """The address of a bucket of the test's own."""
    kind, port = server
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    bucket = f"reports-{abs(hash(request.node.name)) % 10**8}"
    options = f"scheme=http&endpoint_override=127.0.0.1:{port}"
    if kind == "s3":
        options += "&region=eu-south-1"
        system = fs.FileSystem.from_uri(f"s3://{bucket}?{options}"
                                        "&allow_bucket_creation=true")[0]  # fmt: skip
    else:
        system = fs.GcsFileSystem(
            anonymous=True, scheme="http", project_id="test",
            endpoint_override=f"127.0.0.1:{port}",
        )  # fmt: skip
    system.create_dir(bucket)
    who = "" if kind == "s3" else "anonymous@"
    return f"{kind}://{who}{bucket}/nightly?{options}"


def a_run(out: Path, run_id: str, *, status: str = "ok") -> Path:
    folder = out / "shop" / "nps_segmentation" / run_id
    (folder / "tables").mkdir(parents=True)
    record = {"status": status, "started": "2026-11-26T01:00:00", "run_id": run_id}
    (folder / "manifest.json").write_text(json.dumps(record))
    (folder / "results.json").write_text("{}")
    (folder / "report.html").write_text(f"<title>{run_id}</title>")
    (folder / "tables" / "score.csv").write_text("n\n1\n")
    (folder / ".report.html.123-ab").write_text("a spare")
    (out / "index.html").write_text("<title>Reports</title>")
    (out / ".site.lock").touch()
    return folder


def test_runs_go_there_whole_and_come_back_small(address, tmp_path):
    here, fresh = tmp_path / "here", tmp_path / "fresh"
    a_run(here, "1")
    a_run(here, "2", status="running")
    store = Store.open(address)
    assert push(store, here) == 5
    names = {path.as_posix() for path in store.files()}
    run = "shop/nps_segmentation/1"
    assert names == {"index.html", f"{run}/manifest.json", f"{run}/results.json",
                     f"{run}/report.html", f"{run}/tables/score.csv"}  # fmt: skip
    assert pull(store, fresh) == {run}
    assert (fresh / run / "results.json").read_text() == "{}"
    assert not (fresh / run / "report.html").exists()


def test_only_what_is_new_is_sent(address, tmp_path):
    a_run(tmp_path, "1")
    store = Store.open(address)
    push(store, tmp_path)
    a_run(tmp_path, "2")
    assert push(store, tmp_path) == 5
    assert push(store, tmp_path) == 1


def test_a_run_deleted_here_is_deleted_there_and_no_other(address, tmp_path):
    for run_id in ("1", "2"):
        a_run(tmp_path, run_id)
    store = Store.open(address)
    push(store, tmp_path)
    before = pull(store, tmp_path)
    shutil.rmtree(tmp_path / "shop/nps_segmentation/1")
    push(store, tmp_path, before=before)
    left = {path.parts[2] for path in store.files() if len(path.parts) > 3}
    assert left == {"2"}


def test_pages_are_served_as_pages(address, server, tmp_path):
    kind, port = server
    if kind == "gs":
        pytest.skip("the emulator does not serve the content type it was given")
    a_run(tmp_path, "1")
    store = Store.open(address)
    push(store, tmp_path)
    place = f"http://127.0.0.1:{port}/{store.base}/index.html"
    with urllib.request.urlopen(place) as answer:
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"


def test_a_real_run_is_sent(address, tmp_path):
    """`cx run --store` on a machine made for the night, twice: history comes back."""
    environment = {k: v for k, v in os.environ.items() if k != "CX_ROOT"}
    for night in ("first", "second"):
        done = subprocess.run(
            [ROOT / ".venv/bin/python", "-m", "cxlib", "run",
             "params/sample/experiment_plan.yaml",
             "--out", tmp_path / night, "--store", address],
            cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
            timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        assert "files sent to" in done.stdout
        assert "endpoint_override" not in done.stdout
    found = {path.as_posix() for path in Store.open(address).files()}
    reports = [path for path in found if path.endswith("/report.html")]
    assert len(reports) == 2
    assert len(runs(tmp_path / "second")) == 2
    assert "2 runs" in (tmp_path / "second" / "index.html").read_text()


def test_a_store_that_is_gone_loses_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    a_run(tmp_path, "1")
    mirror = Mirror(tmp_path, Store.open(
        f"s3://b/p?scheme=http&region=x&endpoint_override=127.0.0.1:{free_port()}"
    ))  # fmt: skip
    told = mirror.send()
    assert told.startswith("s3://b/p cannot be read: ")
    assert "whole on this machine" in told
    assert mirror.troubles == [told]


def test_a_missing_bucket_is_a_sentence(address, tmp_path):
    a_run(tmp_path, "1")
    elsewhere = address.replace("reports-", "nowhere-")
    with pytest.raises(StoreError, match="cannot be"):
        push(Store.open(elsewhere), tmp_path)


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("ftp://b/p", "use s3://bucket/prefix"),
        ("s3://", "use s3://bucket/prefix"),
        ("s3://id:secret@b/p", "holds a key for s3://b/p"),
        ("s3://b/p?secret_key=abc", "holds a key for s3://b/p"),
    ],
)
def test_addresses_that_are_refused(address, told):
    with pytest.raises(ArgumentError, match=told) as caught:
        Store.open(address)
    assert "secret" not in str(caught.value) or "abc" not in str(caught.value)
