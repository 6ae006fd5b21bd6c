#!/usr/bin/env bash
# Writes the lock files anew: versions and hashes for every platform, no index URL. Needs network and uv.
set -eu
cd "$(dirname "$0")/.."
compile() {
  target=$1
  shift
  uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
    --quiet --output-file "requirements/$target.lock" "$@"
}
compile build --upgrade requirements/build.in
compile core --upgrade pyproject.toml
compile dev --upgrade --all-extras --group dev --constraint requirements/core.lock pyproject.toml
compile bench --upgrade --group bench --constraint requirements/dev.lock pyproject.toml
