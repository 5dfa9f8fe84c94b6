#!/usr/bin/env bash
# A PostgreSQL cluster of one's own: in one folder, on loopback and a free port, gone without a trace when stopped and
# the folder removed. Knows nothing of, and does not touch, any other cluster of the machine. Works as root (then it
# runs as the user postgres, for PostgreSQL refuses root) and as any other user.
#
#   start DIR [--fast]   makes the cluster (or takes the one stopped there), prints its libpq URL on stdout. DIR is the
#                        cluster's alone. --fast: for tests; does not survive a crash of the machine
#   standby DIR URL      the same as a standby of the running cluster at URL, which it follows with a delay (async)
#   promote DIR          makes a standby a primary
#   crash DIR            ends it as a power cut would, but for what was written
#   stop DIR             stops it; no fault if it does not run
#
# SIMSYNC_POSTGRES_TREE names the tree of another Debian whose PostgreSQL is taken instead (postgres_tree.sh makes it):
# then only as root, and DIR lies in /tmp.
set -euo pipefail

usage() {
  echo "usage: private_postgres.sh start DIR [--fast] | standby DIR URL | promote DIR | crash DIR | stop DIR"
}

fail() {
  echo "private_postgres.sh: $*" >&2
  exit 1
}

# As whom PostgreSQL runs. In a tree it sees our /tmp; these mounts are its own and go with its last process.
as() {
  if [ -n "$tree" ]; then
    unshare --mount bash -ec 'mount --rbind /tmp "$0/tmp"; mount --rbind /dev "$0/dev"; mount --rbind /proc "$0/proc"
      exec chroot "$0" setpriv --reuid=postgres --regid=postgres --clear-groups "$@"' "$tree" "$@"
  elif [ "$(id -u)" = 0 ]; then
    setpriv --reuid=postgres --regid=postgres --clear-groups "$@"
  else
    "$@"
  fi
}

# The number of that user and its group, which another Debian may count differently.
owner() {
  awk -F: '$1 == "postgres" { print $3 ":" $4 }' "$tree/etc/passwd"
}

# Prints the folder with the programs of the newest PostgreSQL that is installed, as its user sees it.
newest_binaries() {
  local newest
  newest=$(printf '%s\n' "$tree"/usr/lib/postgresql/*/bin/initdb | sort -V | tail -n 1)
  [ -x "$newest" ] || fail "no PostgreSQL server in $tree/usr/lib/postgresql; tests/support/install_packages.sh test installs it"
  newest=$(dirname "$newest")
  echo "${newest#"$tree"}"
}

make_folder() {
  mkdir -p "$dir"
  if [ "$(id -u)" = 0 ]; then
    chown "$(owner)" "$dir"
  fi
  as test -x "$dir" -a -w "$dir" || fail "the user postgres cannot reach $dir: each folder above it needs o+x"
}

make_cluster() {
  as "$binaries/initdb" -D "$data" -A trust -U postgres -E UTF8 --locale=C.UTF-8 -N \
    >"$dir/initdb.log" 2>&1 || { cat "$dir/initdb.log" >&2; fail "initdb failed"; }
}

settings() {
  echo "listen_addresses = '127.0.0.1'"
  echo "port = $1"
  echo "unix_socket_directories = '$dir'"
  echo "cluster_name = 'simsyncd-private'"
  # Sanitizers make tests slow and standbys make them many; 100 connections are soon used up.
  echo "max_connections = 200"
  if [ "$fast" = true ]; then
    printf '%s\n' "fsync = off" "synchronous_commit = off" "full_page_writes = off"
  fi
}

# Writes the settings into a file of their own, made anew at each start.
configure() {
  settings "$1" >"$dir/settings.conf"
  grep -qxF "include '$dir/settings.conf'" "$data/postgresql.conf" ||
    echo "include '$dir/settings.conf'" >>"$data/postgresql.conf"
}

# A port that is free now can be taken before PostgreSQL has it, so the only test is to start. The range lies below
# the kernel's own for outgoing connections. A cluster that was stopped gets its old port again where that is free.
start_on_free_port() {
  local attempt old_port
  old_port=$(sed -n 's/^port = //p' "$dir/settings.conf" 2>/dev/null || true)
  for ((attempt = 1; attempt <= 50; attempt++)); do
    port=${old_port:-$((15000 + RANDOM % 15000))}
    old_port=
    configure "$port"
    : >"$dir/start.log"
    if as "$binaries/pg_ctl" -D "$data" -l "$dir/postgres.log" -w -s -t 60 start >"$dir/start.log" 2>&1; then
      return
    fi
    tail -n 20 "$dir/postgres.log" | grep -q 'could not bind\|Address already in use' || break
    : >"$dir/postgres.log"
  done
  cat "$dir/start.log" >&2
  tail -n 20 "$dir/postgres.log" >&2
  fail "PostgreSQL did not start"
}

# The postmaster's pid, if it runs and is this cluster's: after a crash its pid file may name a stranger.
running_pid() {
  local pid=
  [ -r "$data/postmaster.pid" ] && read -r pid <"$data/postmaster.pid"
  [ -n "$pid" ] && [ "/proc/$pid/cwd" -ef "$data" ] && echo "$pid"
}

start() {
  [ ${#dir} -le 80 ] || fail "$dir is too long a name for a Unix socket"
  ! running_pid >/dev/null || fail "already running in $dir"
  make_folder
  [ -e "$data/PG_VERSION" ] || make_cluster
  start_on_free_port
  echo "postgresql://postgres@127.0.0.1:$port/postgres"
}

standby() {
  [ -n "$url" ] || { usage >&2; exit 2; }
  make_folder
  as "$binaries/pg_basebackup" -D "$data" -d "$url" -R -X stream -c fast >"$dir/basebackup.log" 2>&1 ||
    { cat "$dir/basebackup.log" >&2; fail "pg_basebackup failed"; }
  # The primary's own settings are not the standby's.
  sed -i "/^include '/d" "$data/postgresql.conf"
  start
}

promote() {
  as "$binaries/pg_ctl" -D "$data" -w -s -t 60 promote
}

crash() {
  as "$binaries/pg_ctl" -D "$data" -m immediate -w -s -t 20 stop
}

# fast: open transactions are rolled back, sessions closed; immediate, if something hinders that.
stop() {
  running_pid >/dev/null || return 0
  as "$binaries/pg_ctl" -D "$data" -m fast -w -s -t 20 stop >/dev/null 2>&1 ||
    as "$binaries/pg_ctl" -D "$data" -m immediate -w -s -t 10 stop
}

command=
dir=
url=
fast=false
for argument in "$@"; do
  case $argument in
    --fast) fast=true ;;
    -h | --help) usage; exit 0 ;;
    -*) usage >&2; exit 2 ;;
    *)
      if [ -z "$command" ]; then
        command=$argument
      elif [ -z "$dir" ]; then
        dir=$argument
      else
        url=$argument
      fi
      ;;
  esac
done
[ -n "$dir" ] || { usage >&2; exit 2; }
case $command in start | standby | promote | crash | stop) ;; *) usage >&2; exit 2 ;; esac

tree=${SIMSYNC_POSTGRES_TREE:-}
if [ -n "$tree" ]; then
  [ "$(id -u)" = 0 ] || fail "the PostgreSQL of another Debian runs only as root"
  case $dir in /tmp/*) ;; *) fail "with SIMSYNC_POSTGRES_TREE, DIR has to lie in /tmp" ;; esac
fi
dir=$(readlink -m "$dir")
data=$dir/data
binaries=$(newest_binaries)
umask 022 # its user reads what is written here
cd / # PostgreSQL's programs complain where their user may not go
"$command"
