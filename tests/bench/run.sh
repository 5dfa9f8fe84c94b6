#!/usr/bin/env bash
# Measures the release build and prints one table. Uses a PostgreSQL of its own at its default settings; leaves nothing.
#   tests/bench/run.sh [SIMS]   (1000000, which takes about six minutes)
#   tests/bench/run.sh polls    the polls alone
#   tests/bench/run.sh alerts   the alerts alone, about three minutes
#   tests/bench/run.sh stocktake [SIMS]   a stocktake alone (1000000, a minute)
#   tests/bench/run.sh history [SIMS [ROWS]]   the reports alone (1000000 and 10000000, about five minutes)
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."

tests/support/install_packages.sh build test bench
tests/support/build.sh release simsync-bench

scratch=$(mktemp -d /tmp/simsyncd-bench.XXXXXX)
chmod 711 "$scratch" # root's PostgreSQL runs as another user
clean_up() {
  tests/support/private_postgres.sh stop "$scratch/postgres"
  rm -rf "$scratch"
}
trap clean_up EXIT
SIMSYNC_TEST_DATABASE=$(tests/support/private_postgres.sh start "$scratch/postgres")
# Counts statements; comes with the server, but has to be loaded at its start.
psql -Xq -c "ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'" "$SIMSYNC_TEST_DATABASE"
tests/support/private_postgres.sh stop "$scratch/postgres"
SIMSYNC_TEST_DATABASE=$(tests/support/private_postgres.sh start "$scratch/postgres")
export SIMSYNC_TEST_DATABASE
build/release/tests/bench/simsync-bench "$@"
