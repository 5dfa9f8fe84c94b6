#!/usr/bin/env bash
# Breaks the program on purpose, one line at a time, and shows which test sees it: each NAME.patch here says what it breaks,
# what has to be built, and which tests are asked. Works on a copy of what is committed, in build/mutations; needs
# a few minutes each the first time.
#   run.sh [NAME…]        exit code 1: something was not seen, or a patch does not apply any more
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
here=$PWD/tests/mutations
tree=$PWD/build/mutations/tree
scratch=

clean_up() {
  if [ -n "$scratch" ]; then
    tests/support/private_postgres.sh stop "$scratch/postgres"
    rm -rf "$scratch"
  fi
}
trap clean_up EXIT

value_of() { # a line of a patch's head
  sed -n "s/^$1: //p" "$here/$2.patch" | head -1
}

# Prints the tests that failed, or nothing.
tests_that_see() {
  local name=$1 log=$2 targets
  read -ra targets <<<"$(value_of targets "$name")"
  if ! (cd "$tree" && tests/support/build.sh release "${targets[@]}") >"$log" 2>&1; then
    echo "(it does not compile)"
    return
  fi
  ctest --test-dir "$tree/build/release" -j 3 --no-tests=error --stop-on-failure -R "$(value_of tests "$name")" \
    </dev/null >>"$log" 2>&1 || sed -n 's/^\t* *[0-9]* - \(.*\) (\(Failed\|Timeout\|SEGFAULT\|Subprocess aborted\)).*/\1/p' "$log"
}

names=("$@")
if [ ${#names[@]} = 0 ]; then
  for patch in "$here"/*.patch; do names+=("$(basename "$patch" .patch)"); done
fi
for name in "${names[@]}"; do
  [ -e "$here/$name.patch" ] || { echo "run.sh: there is no tests/mutations/$name.patch" >&2; exit 2; }
done

tests/support/install_packages.sh build test
if [ ! -e "$tree/.git" ]; then
  rm -rf "$tree"
  mkdir -p "$(dirname "$tree")"
  git clone --quiet --shared . "$tree"
fi
git -C "$tree" fetch --quiet origin HEAD
scratch=$(mktemp -d /tmp/simsyncd-mutations.XXXXXX)
chmod 711 "$scratch" # root's PostgreSQL runs as another user
SIMSYNC_TEST_DATABASE=$(tests/support/private_postgres.sh start "$scratch/postgres" --fast)
export SIMSYNC_TEST_DATABASE

unseen=0
printf '%-22s %-62s %s\n' mutation breaks 'seen by'
for name in "${names[@]}"; do
  git -C "$tree" reset --quiet --hard FETCH_HEAD
  if git -C "$tree" apply "$here/$name.patch" 2>/dev/null; then
    seen=$(tests_that_see "$name" "$scratch/$name.log" | sort -u | head -3 | paste -sd ' ' -)
    if [ -z "$seen" ] || [[ $seen == \(* ]]; then
      unseen=$((unseen + 1))
      mv "$scratch/$name.log" "build/mutations/$name.log"
      seen="${seen:-NOBODY} (build/mutations/$name.log)"
    fi
  else
    unseen=$((unseen + 1))
    seen='DOES NOT APPLY: make it anew'
  fi
  printf '%-22s %-62s %s\n' "$name" "$(value_of breaks "$name")" "$seen"
done
git -C "$tree" reset --quiet --hard FETCH_HEAD
if [ "$unseen" != 0 ]; then
  echo "$unseen of ${#names[@]} were not seen"
  exit 1
fi
