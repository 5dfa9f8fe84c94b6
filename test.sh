#!/usr/bin/env bash
# Builds and runs the tests. Needs nothing running: installs what is missing, starts a PostgreSQL of its own and stops
# it again, whatever happens. Ends with ctest's own last lines and exit code.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"

usage() {
  cat <<'END'
usage: ./test.sh [--quick | --only LABELS] [--preset release|asan|tsan|coverage|debug] [--postgres 13|17] [--jobs N]
                 [-- ctest arguments…]
  --quick    the unit tests only: no database, seconds
  --only     builds and runs the tests with these labels, such as unit,db
  --postgres another PostgreSQL than the machine's, from the tree of another Debian (root); exit code 75 where it cannot
             be had. Without ctest arguments: only the tests that show whether its SQL is understood
  --preset   which build; release unless told otherwise
  --jobs N   compilers and tests side by side; else as many compilers as cores, and three tests: most
             of their time they wait
Examples:
  ./test.sh --quick -- -R WalkPlan
  ./test.sh --preset asan --only unit,db,faults
END
}

usage_error() {
  echo "test.sh: $1" >&2
  usage >&2
  exit 2
}

# Every statement of the product is carried out by one of these: all of the store, the reports and their queries, the
# roles, and the program from the first sync to a service that loses its database.
postgres_tests='^(Alert(Conditions|Raising|Outbox)|ChangedSince|CoverageGap|DatabaseCheck|DatabaseTls|FirstSync'
postgres_tests+='|ForgetHistory|Freshness|HistoryTest|Inventory|Leases|Migrat|ProfileStore|ProgressStore|ReaderRole'
postgres_tests+='|Report(Views|Test)|RolesPage|ServiceAndServer|Session|Sim(Finder|Story)|SqlDoc|Store|Unchanged|WalkStore)'

scratch=
findings=
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

# What sanitizers find goes into files: a program that is killed, or whose stderr a test reads, must not hide it.
gather_findings() {
  findings=$scratch/findings
  mkdir -m 1777 "$findings"
  export ASAN_OPTIONS=log_path=$findings/report UBSAN_OPTIONS=print_stacktrace=1:log_path=$findings/report
  export LSAN_OPTIONS="suppressions=$PWD/tests/support/lsan.supp:print_suppressions=0"
  export TSAN_OPTIONS=log_path=$findings/report
  export SIMSYNC_WALK_WORLDS=${SIMSYNC_WALK_WORLDS:-2500}
}

# Fails if there are any.
print_findings() {
  [ -n "$findings" ] && [ -n "$(ls -A "$findings")" ] || return 0
  cat "$findings"/*
  echo "test.sh: the sanitizer had something to say of $(ls "$findings" | wc -l) processes, see above" >&2
  return 1
}

start_postgres() {
  if [ -n "$postgres" ]; then
    SIMSYNC_POSTGRES_TREE=$(tests/support/postgres_tree.sh "$postgres")
    export SIMSYNC_POSTGRES_TREE
  fi
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

only=
preset=release
postgres=
jobs=
while [ $# -gt 0 ]; do
  case $1 in
    --quick) only=unit ;;
    --preset | --jobs | --only | --postgres)
      [ $# -ge 2 ] || usage_error "$1 wants a value"
      case $1 in --preset) preset=$2 ;; --jobs) jobs=$2 ;; --only) only=$2 ;; --postgres) postgres=$2 ;; esac
      shift
      ;;
    -h | --help) usage; exit 0 ;;
    --) shift; break ;;
    *) usage_error "unknown argument $1" ;;
  esac
  shift
done
case $preset in release | asan | tsan | coverage | debug) ;; *) usage_error "no such preset: $preset" ;; esac
case $jobs in *[!0-9]* | 0) usage_error "--jobs wants a number" ;; esac
case $postgres in '' | 13 | 17) ;; *) usage_error "--postgres knows 13 and 17" ;; esac
if [ -n "$postgres" ] && [ $# = 0 ]; then set -- -R "$postgres_tests"; fi

targets=()
selection=()
if [ -n "$only" ]; then
  for label in ${only//,/ }; do
    case $label in unit | db | e2e | faults | simulation) targets+=("${label}_tests") ;; *) usage_error "no such label: $label" ;; esac
  done
  selection=(-L "^(${only//,/|})\$")
fi

trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

scratch=$(mktemp -d /tmp/simsyncd-test.XXXXXX)
chmod 711 "$scratch" # root's PostgreSQL runs as another user
if [ "$preset" = asan ] || [ "$preset" = tsan ]; then gather_findings; fi
tests/support/install_packages.sh build test ${postgres:+postgres}
tests/support/build.sh "$preset" ${jobs:+--jobs "$jobs"} "${targets[@]}"
if [ "$only" != unit ]; then
  start_postgres
fi
code=0
run_ctest -j "${jobs:-3}" "${selection[@]}" "$@" || code=$?
print_findings || code=1
exit "$code"
