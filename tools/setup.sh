#!/bin/sh
# Make the virtual environment and install requirements.lock into it, with bytecode.
# PYTHON=/path/to/python chooses the interpreter; uv is used where it is installed.
set -eu
venv=${1:-.venv}

new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
    for candidate in "${PYTHON:-}" python3 python3.13 python3.12 python3.11 python; do
        if [ -n "$candidate" ] && new_enough "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    echo "cx-workbook needs Python 3.11 or newer; set PYTHON=/path/to/python3.11." >&2
    exit 1
}

python=$(find_python)
echo "Setting up $venv with $("$python" --version) (once, about two minutes) ..."
if command -v uv >/dev/null 2>&1; then
    uv venv --quiet --allow-existing --python "$python" "$venv"
    install() { uv pip install --quiet --compile-bytecode --python "$venv/bin/python" "$@"; }
else
    "$python" -m venv "$venv" || {
        echo "Python's venv module is missing; on Debian: apt-get install python3-venv" >&2
        exit 1
    }
    install() { "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "$@"; }
fi
install -r requirements.lock
install --no-deps --no-build-isolation -e .
"$venv/bin/python" -m compileall -q cxlib
