#!/usr/bin/env bash
# The tests, on two cores: all of them under one zone of the machine, and those about time under others, because no
# answer may depend on where the machine stands. A file's tests stay together: they share what is made once for them.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ $# -gt 0 ]; then
  exec .venv/bin/python -m pytest "$@"
fi
beside=(-n 2 --dist loadfile)
for zone in Pacific/Apia America/St_Johns; do
  TZ=$zone .venv/bin/python -m pytest -q --no-header "${beside[@]}" tests/test_times.py tests/readers tests/analyses \
    -k "time or zone or demo" | tail -n 1
done
TZ=Asia/Kolkata exec .venv/bin/python -m pytest "${beside[@]}"
