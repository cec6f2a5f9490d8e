#!/usr/bin/env bash
# Write the locks: requirements/*.txt for pip, tests/clients/node/package-lock.json for npm.
# Every file has its published hash; no lock names an index, so whatever registry a machine is set up with is used.
# A release is adopted no sooner than a week after it appears. Pins stay as they are unless UPGRADE=1.
set -euo pipefail
cd "$(dirname "$0")/.."

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"$(scripts/python.sh)" -m venv "$scratch/uv"
"$scratch/uv/bin/pip" install -qq --disable-pip-version-check "uv==0.13.8"

compile() { # compile NAME ARGUMENT...
  local name=$1
  shift
  "$scratch/uv/bin/uv" pip compile --quiet --no-config --universal --python-version 3.11 \
    --generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
    --exclude-newer "7 days" ${UPGRADE:+--upgrade} "$@" --output-file "requirements/$name.txt" >/dev/null
  echo "requirements/$name.txt: $(grep -c '^[a-z0-9].*==' "requirements/$name.txt") distributions"
}

compile test pyproject.toml --extra demo --extra otel --extra analytics --extra aws --extra spiffe \
  --extra azure --group build --group lint --group test
# The smaller locks are parts of the large one: one version of everything, wherever it is installed.
compile demo pyproject.toml --extra demo --group build --constraint requirements/test.txt
compile runtime pyproject.toml --constraint requirements/test.txt
compile clients-node --group clients-node
compile clients-az --group clients-az
compile clients-graph --group clients-graph

# npm's lock is written by the npm that will read it. package.json pins what we use; --before holds back the rest.
"$(scripts/python.sh)" -m venv "$scratch/node"
"$scratch/node/bin/pip" install -qq --disable-pip-version-check --require-hashes --no-deps \
  -r requirements/clients-node.txt
before=$("$scratch/node/bin/python" -c \
  'import datetime as d; print((d.datetime.now(d.UTC) - d.timedelta(days=7)).date().isoformat())')
cd tests/clients/node
[ -z "${UPGRADE:-}" ] || rm -f package-lock.json
PATH="$scratch/node/bin:$PATH" npm install --package-lock-only --ignore-scripts --before="$before" --silent
echo "tests/clients/node/package-lock.json: $(grep -c '"integrity"' package-lock.json) packages"
