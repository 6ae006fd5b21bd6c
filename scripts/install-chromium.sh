#!/usr/bin/env bash
# Chromium for the tests of reports: installed where that may be done without asking, otherwise said how. Without it
# those tests are skipped, with a reason; so this script never fails.
for name in chromium chromium-browser google-chrome google-chrome-stable; do
  if command -v "$name" >/dev/null 2>&1; then
    exit 0
  fi
done
if [ "$(uname -s)" = Darwin ]; then
  echo "No Chromium here: tests of reports in a browser are skipped. To run them: brew install --cask chromium"
elif ! command -v apt-get >/dev/null 2>&1; then
  echo "No Chromium here: tests of reports in a browser are skipped. To run them, install chromium with your package manager"
elif [ "$(id -u)" != 0 ]; then
  echo "No Chromium here: tests of reports in a browser are skipped. To run them: sudo apt-get install chromium"
else
  echo "Installing Chromium for the tests of reports (Debian's package, a minute or two, once)"
  export DEBIAN_FRONTEND=noninteractive
  if ! { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; } >/dev/null 2>&1; then
    echo "Chromium could not be installed: tests of reports in a browser are skipped"
  fi
fi
exit 0
