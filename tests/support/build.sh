#!/usr/bin/env bash
# Configures and builds a preset of CMakePresets.json in build/PRESET: all of it, or the targets named.
#   build.sh PRESET [--jobs N] [TARGET…]
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."

# As many compilers as there are cores, but no more than memory has room for: the largest files need over a gigabyte.
default_jobs() {
  local by_memory
  by_memory=$(awk '/^MemAvailable:/ { print int($2 / 1500000) }' /proc/meminfo)
  local by_cores
  by_cores=$(nproc)
  if [ "$by_memory" -lt 1 ]; then
    echo 1
  elif [ "$by_memory" -lt "$by_cores" ]; then
    echo "$by_memory"
  else
    echo "$by_cores"
  fi
}

configure() {
  mkdir -p build
  local log=build/configure-$preset.log
  # A newer compiler's new warning must stop our CI, not somebody's first build.
  local werror=OFF
  if [ "${CI:-}" = true ]; then
    werror=ON
  fi
  if ! cmake --preset "$preset" "-DSIMSYNC_WERROR=$werror" >"$log" 2>&1; then
    cat "$log" >&2
    exit 1
  fi
}

preset=
jobs=
targets=()
while [ $# -gt 0 ]; do
  case $1 in
    --jobs) jobs=$2; shift ;;
    *)
      if [ -z "$preset" ]; then
        preset=$1
      else
        targets+=("$1")
      fi
      ;;
  esac
  shift
done

configure
if [ ${#targets[@]} = 0 ]; then
  cmake --build "build/$preset" --parallel "${jobs:-$(default_jobs)}"
else
  cmake --build "build/$preset" --parallel "${jobs:-$(default_jobs)}" --target "${targets[@]}"
fi
