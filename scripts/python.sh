#!/usr/bin/env bash
# Print the Python that the environments are made with: $PYTHON, or the first that is 3.11 or later and runs.
# A name on PATH proves nothing (version managers leave shims that only fail), so each candidate is asked. The system's own
# build comes first where it can make environments: distributions optimise theirs, version managers often do not, and that
# decides a sixth of our CPU time.
set -euo pipefail

if [ -z "${PYTHON:-}" ]; then
  for candidate in /usr/bin/python3.11 /usr/bin/python3.12 /usr/bin/python3.13 /usr/bin/python3.14; do
    if "$candidate" -c 'import ensurepip, venv' >/dev/null 2>&1; then
      echo "$candidate"
      exit 0
    fi
  done
fi

for candidate in ${PYTHON:-python3.11 python3.12 python3.13 python3.14 python3}; do
  if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
    echo "$candidate"
    exit 0
  fi
done
if [ -n "${PYTHON:-}" ]; then
  echo "PYTHON=$PYTHON does not run, or is older than Python 3.11." >&2
else
  echo "Python 3.11 or later is needed, and none was found. Name one: make PYTHON=/path/to/python3.11" >&2
fi
exit 2
