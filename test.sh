#!/usr/bin/env bash
# Builds and runs the tests. Needs nothing running: installs what is missing, starts a PostgreSQL of its own and stops
# it again, whatever happens. Ends with ctest's own last lines and exit code.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"

usage() {
  cat <<'END'
usage: ./test.sh [--quick] [--preset release|asan|tsan|debug] [--jobs N] [-- ctest arguments…]
  --quick    the unit tests only: no database, seconds
  --preset   which build; release unless told otherwise
  --jobs N   compilers and tests side by side; else as many compilers as cores, and two tests
Examples:
  ./test.sh --quick -- -R WalkPlan
  ./test.sh --preset asan -- -L 'unit|db'
END
}

usage_error() {
  echo "test.sh: $1" >&2
  usage >&2
  exit 2
}

scratch=
ctest_pid=

# Ends what was started here, and only that. The tests run in a process group of their own, so that programs they
# started go with them.
clean_up() {
  trap '' INT TERM HUP
  if [ -n "$ctest_pid" ]; then
    kill -TERM -- "-$ctest_pid" 2>/dev/null || true
    wait "$ctest_pid" 2>/dev/null || true
    kill -KILL -- "-$ctest_pid" 2>/dev/null || true
  fi
  if [ -n "$scratch" ]; then
    tests/support/private_postgres.sh stop "$scratch/postgres"
    rm -rf "$scratch"
  fi
}

start_postgres() {
  scratch=$(mktemp -d /tmp/simsyncd-test.XXXXXX)
  chmod 711 "$scratch" # root's PostgreSQL runs as another user
  SIMSYNC_TEST_DATABASE=$(tests/support/private_postgres.sh start "$scratch/postgres" --fast)
  export SIMSYNC_TEST_DATABASE
}

run_ctest() {
  local code=0
  set -m
  ctest --test-dir "build/$preset" --output-on-failure --no-tests=error "$@" </dev/null &
  ctest_pid=$!
  set +m
  wait "$ctest_pid" || code=$?
  return "$code"
}

quick=false
preset=release
jobs=
while [ $# -gt 0 ]; do
  case $1 in
    --quick) quick=true ;;
    --preset | --jobs)
      [ $# -ge 2 ] || usage_error "$1 wants a value"
      if [ "$1" = --preset ]; then preset=$2; else jobs=$2; fi
      shift
      ;;
    -h | --help) usage; exit 0 ;;
    --) shift; break ;;
    *) usage_error "unknown argument $1" ;;
  esac
  shift
done
case $preset in release | asan | tsan | debug) ;; *) usage_error "no such preset: $preset" ;; esac
case $jobs in *[!0-9]* | 0) usage_error "--jobs wants a number" ;; esac

selection=()
if [ "$quick" = true ]; then
  selection=(-L unit)
fi

trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

if [ "$preset" = asan ]; then
  export LSAN_OPTIONS="suppressions=$PWD/tests/support/lsan.supp:print_suppressions=0"
fi
tests/support/install_packages.sh build test
tests/support/build.sh "$preset" ${jobs:+--jobs "$jobs"}
if [ "$quick" = false ]; then
  start_postgres
fi
run_ctest -j "${jobs:-2}" "${selection[@]}" "$@"
