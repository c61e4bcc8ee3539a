#!/bin/sh
# Take the README's pictures of the sample programme's newest reports (needs Chromium).
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$root/docs"
for notebook in nps_segmentation voc_coding journey_comparison roi_regression; do
    page=$(ls -d "$root/reports/sample/$notebook"/2*/report.html | tail -n 1)
    profile=$(mktemp -d)
    chromium --headless --no-sandbox --disable-gpu --no-first-run \
        --disable-background-networking --host-resolver-rules="MAP * ~NOTFOUND" \
        --user-data-dir="$profile" --hide-scrollbars --window-size=1080,1150 \
        --screenshot="$root/docs/$notebook.png" "file://$page" 2>/dev/null
    rm -rf "$profile"
done
