#!/usr/bin/env bash
# A PostgreSQL of another major version, in the tree of the Debian that has it: prints the folder, for
# SIMSYNC_POSTGRES_TREE (private_postgres.sh). Made once, in build/, within a minute. As root.
#
#   postgres_tree.sh 13|17
#
# Exit code 75 where it cannot be had: no root, no debootstrap, no mirror.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."

cannot() {
  echo "postgres_tree.sh: $*" >&2
  exit 75
}

# Whether a tree may be made here at all: mounts and device files are needed.
require_rights() {
  [ "$(id -u)" = 0 ] || cannot "only root can make and enter the tree of another Debian"
  command -v debootstrap >/dev/null || cannot "debootstrap is not installed"
  unshare --mount true 2>/dev/null || cannot "no mounts may be made here"
}

# The mirror that apt uses.
mirror() {
  local found
  found=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 2>/dev/null | grep -m 1 '/debian/\?$' || true)
  echo "${found:-http://deb.debian.org/debian}"
}

major=${1:-}
case $major in
  13) suite=bullseye ;;
  17) suite=trixie ;;
  *) echo "usage: postgres_tree.sh 13|17" >&2; exit 2 ;;
esac
tree=$PWD/build/postgres-$major
if [ ! -e "$tree/complete" ]; then
  require_rights
  mkdir -p build
  rm -rf --one-file-system "$tree"
  if ! debootstrap --variant=minbase --include=postgresql "$suite" "$tree" "$(mirror)" >"build/postgres-$major.log" 2>&1; then
    tail -n 3 "build/postgres-$major.log" >&2
    cannot "no tree of $suite could be made; build/postgres-$major.log says why"
  fi
  [ -x "$tree/usr/lib/postgresql/$major/bin/postgres" ] || cannot "$suite has another PostgreSQL"
  touch "$tree/complete"
fi
echo "$tree"
