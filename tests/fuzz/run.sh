#!/usr/bin/env bash
# Gives the code that reads outside data what libFuzzer thinks of: each target for some time, two side by side. One line
# for each: inputs tried, inputs a second, features of the code that they reached, and whether one broke a promise.
#   tests/fuzz/run.sh [SECONDS] [TARGET…]     60 s each and all of them unless told otherwise
# Exit code 1: something was found. It is then in tests/fuzz/corpus/TARGET/, where the tests Corpus.TARGET run it too.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."

readonly jobs=2
readonly programs=build/fuzz/tests/fuzz

# Inputs that were interesting are kept in build/, from run to run; what is in git is read, and gets what breaks something.
run() {
  local target=$1
  local kept=build/fuzz/corpus/$target log=build/fuzz/corpus/$target.log
  local arguments=(-max_total_time="$seconds" -rss_limit_mb=1024 -malloc_limit_mb=512 -timeout=10 -max_len=4096
    -print_final_stats=1 -verbosity=1 -artifact_prefix="tests/fuzz/corpus/$target/found-")
  if [ -f "tests/fuzz/$target.dict" ]; then
    arguments+=(-dict="tests/fuzz/$target.dict")
  fi
  mkdir -p "$kept"
  local code=0
  nice -n 10 "$programs/fuzz_$target" "${arguments[@]}" "$kept" "tests/fuzz/corpus/$target" >"$log" 2>&1 || code=$?
  local executions rate features
  executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  rate=$(sed -n 's/^stat::average_exec_per_sec: *//p' "$log")
  features=$(sed -n 's/.* ft: \([0-9]*\) .*/\1/p' "$log" | tail -1)
  printf '%-8s %10s inputs %7s/s %6s features  ' "$target" "${executions:-?}" "${rate:-?}" "${features:-?}"
  if [ "$code" = 0 ]; then
    echo "nothing found"
    return
  fi
  local found
  found=$(sed -n 's/.*Test unit written to //p' "$log" | tail -1)
  echo "FOUND ${found:-nothing to replay, exit code $code}"
  grep -m 3 -E 'BrokenPromise|what\(\)|^SUMMARY|runtime error' "$log" | sed 's/^/         /' || true
  echo "         see $log; again: $programs/fuzz_$target ${found:-}"
  return 1
}

seconds=60
if [[ ${1:-} =~ ^[1-9][0-9]*$ ]]; then
  seconds=$1
  shift
fi
known=$(sed -n 's/^set(targets \(.*\))$/\1/p' tests/fuzz/CMakeLists.txt)
targets=("$@")
if [ ${#targets[@]} = 0 ]; then
  read -ra targets <<<"$known"
fi
for target in "${targets[@]}"; do
  case " $known " in
    *" $target "*) ;;
    *) sed -n 's/^#   /usage: /p' "$0" >&2; echo "run.sh: no such target: $target; known here: $known" >&2; exit 2 ;;
  esac
done

tests/support/install_packages.sh build fuzz
mkdir -p build/fuzz/corpus
if ! tests/support/build.sh fuzz "${targets[@]/#/fuzz_}" >build/fuzz/build.log 2>&1; then
  tail -40 build/fuzz/build.log >&2
  exit 1
fi
found=0
for target in "${targets[@]}"; do
  # `wait -n` says how one that ended, ended.
  if [ "$(jobs -pr | wc -l)" -ge "$jobs" ]; then
    wait -n || found=1
  fi
  run "$target" &
done
while [ -n "$(jobs -p)" ]; do
  wait -n || found=1
done
exit "$found"
