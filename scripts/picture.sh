#!/usr/bin/env bash
# Takes the picture of the workbench that README shows: a page of today in a real browser. Needs chromedriver.
set -euo pipefail
cd "$(dirname "$0")/.."
BROWSER_TESTS=on "${CARGO:-cargo}" test --locked --test it browser::workbench::a_ruleset
target="${CARGO_TARGET_DIR:-target}"
cp "$target/tmp/screenshots/workbench-explained-1280-light.png" docs/workbench/queue.png
cp "$target/tmp/screenshots/workbench-findings-1280-light.png" docs/workbench/ruleset.png
echo "docs/workbench/queue.png and docs/workbench/ruleset.png are of today"
