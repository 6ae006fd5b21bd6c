#!/usr/bin/env bash
# PostgreSQL for the tests of the workspace: installed where that may be done without asking, otherwise said how.
# Without it those tests are skipped, with a reason; so this script never fails. Tests start a server of their own, on a
# port and in a folder of their own.
if command -v initdb >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then
  exit 0
fi
if [ "$(uname -s)" = Darwin ]; then
  echo "No PostgreSQL here: tests of the workspace on it are skipped. To run them: brew install postgresql"
elif ! command -v apt-get >/dev/null 2>&1; then
  echo "No PostgreSQL here: tests of the workspace on it are skipped. To run them, install its server with your package manager"
elif [ "$(id -u)" != 0 ]; then
  echo "No PostgreSQL here: tests of the workspace on it are skipped. To run them: sudo apt-get install postgresql"
else
  echo "Installing PostgreSQL for the tests of the workspace (Debian's package, a minute, once)"
  export DEBIAN_FRONTEND=noninteractive
  if ! { apt-get update -qq && apt-get install -y -qq --no-install-recommends postgresql; } >/dev/null 2>&1; then
    echo "PostgreSQL could not be installed: tests of the workspace on it are skipped"
  fi
fi
exit 0
