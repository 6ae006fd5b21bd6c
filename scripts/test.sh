#!/usr/bin/env bash
# The tests: all of them under one zone of the machine, and those about time under others, because no answer may
# depend on where the machine stands.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ $# -gt 0 ]; then
  exec .venv/bin/python -m pytest "$@"
fi
for zone in Pacific/Apia America/St_Johns; do
  TZ=$zone .venv/bin/python -m pytest -q --no-header tests/test_times.py tests/readers tests/analyses -k "time or zone or demo" | tail -n 1
done
TZ=Asia/Kolkata exec .venv/bin/python -m pytest
