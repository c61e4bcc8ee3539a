#!/bin/sh
# Install cron and systemd-analyze for the schedule tests on Debian or Ubuntu; does
# nothing where they are. No daemon is started.
set -eu
if command -v cron >/dev/null 2>&1 && command -v systemd-analyze >/dev/null 2>&1; then
    exit 0
fi
if ! command -v apt-get >/dev/null 2>&1; then
    echo "Install cron and systemd with this system's package manager; the tests of" \
         "schedules/ skip without them." >&2
    exit 1
fi
as_root=""
[ "$(id -u)" = 0 ] || as_root="sudo"
$as_root apt-get update -qq
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends \
    cron systemd
