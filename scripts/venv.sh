#!/usr/bin/env bash
# Makes .venv and installs a lock into it, once per lock: scripts/venv.sh core|dev|bench
# Needs Python 3.11 or newer, and nothing else.
set -eu
cd "$(dirname "$0")/.."
lock=${1:-core}
venv=.venv
stamp=$venv/.installed-$lock

sum=$(cat "requirements/$lock.lock" requirements/build.lock pyproject.toml | cksum)
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$sum" ] && [ -x $venv/bin/python ]; then
  exit 0
fi

find_python() {
  for name in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
    if command -v "$name" >/dev/null 2>&1 && "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$name"
      return
    fi
  done
  echo "watchfloor needs Python 3.11 or newer, and found none. Install it, or name it: make PYTHON=/path/to/python3" >&2
  exit 2
}

if [ ! -x $venv/bin/python ] || ! $venv/bin/python -m pip --version >/dev/null 2>&1; then
  python=$(find_python)
  echo "Making $venv with $("$python" --version)"
  if ! "$python" -m venv --clear $venv >/dev/null 2>&1; then
    # Debian keeps the part of venv that installs pip in a package of its own.
    if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
      echo "Installing Debian's python3-venv"
      apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv >/dev/null
    else
      echo "$python cannot make a virtual environment. On Debian: sudo apt install python3-venv" >&2
      exit 2
    fi
    "$python" -m venv --clear $venv
  fi
fi

echo "Installing requirements/$lock.lock (a minute or two, once)"
pip() { $venv/bin/python -m pip --disable-pip-version-check --quiet --no-input "$@" 2> >(grep -v '^WARNING: Location' >&2); }
pip install --require-hashes --only-binary :all: -r requirements/build.lock -r "requirements/$lock.lock"
pip install --no-deps --no-build-isolation --editable .
echo "$sum" > "$stamp"
exit 0
