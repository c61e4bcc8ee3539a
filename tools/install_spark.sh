#!/bin/sh
# Install Java (Debian, Ubuntu) and pyspark into the virtual environment for
# `engine: spark`; does nothing where both are.
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
if "$venv/bin/python" -c "import pyspark" >/dev/null 2>&1; then
    exit 0
fi
wanted=$("$venv/bin/python" -c "
import tomllib
extras = tomllib.load(open('pyproject.toml', 'rb'))['project']['optional-dependencies']
print(*extras['spark'])")
if command -v uv >/dev/null 2>&1; then
    # shellcheck disable=SC2086
    uv pip install --python "$venv/bin/python" $wanted
else
    # shellcheck disable=SC2086
    "$venv/bin/python" -m pip install $wanted
fi
