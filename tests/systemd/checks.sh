# Sourced by the scripts beside it: each check is a line, and one that fails does not keep the others from being made.

failures=0

# check WHAT COMMAND…: says whether the command succeeds; what it said is shown where it does not.
check() {
  local what=$1 said
  shift
  if said=$("$@" 2>&1 </dev/null); then
    echo "ok    $what${note:+: $note}"
  else
    echo "FAIL  $what${note:+: $note}"
    [ -z "$said" ] || printf '%s\n' "$said" | head -n 40 | sed 's/^/      /'
    failures=$((failures + 1))
  fi
  note=
}

# equals WANTED FOUND
equals() {
  [ "$1" = "$2" ] || { echo "wanted: $1"; echo "found:  $2"; return 1; }
}

# contains TEXT PART
contains() {
  [[ $1 == *"$2"* ]] || { echo "this does not hold '$2':"; echo "$1"; return 1; }
}

# The figure of `systemd-analyze security`, the highest that is promised.
highest_exposure=1.2

# Of what systemd-analyze security said.
exposure_of() {
  sed -n 's/.*exposure level for [^ ]*: \([0-9.]*\) .*/\1/p' <<<"$1"
}

exposed_little() {
  awk -v found="$1" -v highest="$highest_exposure" 'BEGIN { exit !(found != "" && found + 0 <= highest) }' ||
    { echo "exposure ${1:-unknown}, promised: $highest_exposure at most"; return 1; }
}

finish() {
  [ "$failures" = 0 ] || { echo "$failures checks failed"; exit 1; }
}
