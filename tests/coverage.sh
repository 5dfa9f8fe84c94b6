#!/usr/bin/env bash
# How much of config/, storage/ and sync/ the tests run, by lines and branches: a table of their folders, and of the files
# the lines that nothing ran. Branches that only an exception of the library takes are left out.
#   tests/coverage.sh [--lines] [LABELS]     LABELS: unit,db,e2e,faults unless told otherwise; --lines: with those lines
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."

lines=false
labels=unit,db,e2e,faults
while [ $# -gt 0 ]; do
  case $1 in
    --lines) lines=true ;;
    -*) sed -n 's/^#   /usage: /p' "$0" >&2; exit 2 ;;
    *) labels=$1 ;;
  esac
  shift
done

tests/support/install_packages.sh build test coverage
# Counts add up over runs; those of another build would not fit.
find build/coverage -name '*.gcda' -delete 2>/dev/null || true
# What ran of failing tests counts too, but does not make them good.
code=0
./test.sh --preset coverage --only "$labels" || code=$?
report=build/coverage/coverage.json
gcovr --root . --object-directory build/coverage --exclude-throw-branches --exclude-unreachable-branches \
  --filter config/ --filter storage/ --filter sync/ --json "$report" build/coverage >/dev/null
tests/coverage_table.py $("$lines" && echo --lines) "$report"
exit "$code"
