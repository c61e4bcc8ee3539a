#!/bin/sh
# Install Chromium for the browser tests on Debian or Ubuntu; does nothing where it is.
set -eu
if command -v chromium >/dev/null 2>&1; then
    exit 0
fi
if ! command -v apt-get >/dev/null 2>&1; then
    echo "Install Chromium with this system's package manager; the tests look for" \
         "'chromium' on PATH and skip without it." >&2
    exit 1
fi
as_root=""
[ "$(id -u)" = 0 ] || as_root="sudo"
$as_root apt-get update -qq
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends \
    chromium fonts-dejavu-core
