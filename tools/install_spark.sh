#!/bin/sh
# For `engine: spark`: Java (Debian, Ubuntu) where it is missing, and the pyspark of
# requirements-spark.lock in the virtual environment; does nothing where both are.
set -eu
venv="${1:-.venv}"
if ! command -v java >/dev/null 2>&1 && [ -z "${JAVA_HOME:-}" ]; then
    if ! command -v apt-get >/dev/null 2>&1; then
        echo "Install Java 17 or newer with this system's package manager, or set" \
             "JAVA_HOME; Spark runs on it." >&2
        exit 1
    fi
    as_root=""
    [ "$(id -u)" = 0 ] || as_root="sudo"
    $as_root apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq \
        --no-install-recommends default-jre-headless
fi
if command -v uv >/dev/null 2>&1; then
    uv pip install --quiet --python "$venv/bin/python" -r requirements-spark.lock
else
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
        -r requirements-spark.lock
fi
