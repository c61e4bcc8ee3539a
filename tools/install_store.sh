#!/bin/sh
# For the tests of --store: moto (an S3 server) and gcp-storage-emulator, in an
# environment of their own, since they hold packages back; does nothing where both are.
set -eu
venv=${1:-.venv-store}
if [ -x "$venv/bin/moto_server" ] && [ -x "$venv/bin/gcp-storage-emulator" ]; then
    exit 0
fi
if command -v uv >/dev/null 2>&1; then
    uv venv --quiet --allow-existing --python .venv/bin/python "$venv"
    uv pip install --quiet --python "$venv/bin/python" -r requirements-store.lock
else
    .venv/bin/python -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
        -r requirements-store.lock
fi
