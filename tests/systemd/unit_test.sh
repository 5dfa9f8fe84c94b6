#!/usr/bin/env bash
# The unit as it is in the sources, on any machine with systemd's tools: known to systemd, and hardened as promised.
#   unit_test.sh SIMSYNCD
set -uo pipefail
here=$(dirname "$(readlink -f "$0")")
. "$here/checks.sh"
simsyncd=$1
unit=$here/../../systemd/simsyncd.service
scratch=$(mktemp -d /tmp/simsyncd-unit.XXXXXX)
trap 'rm -rf "$scratch"' EXIT

# verify looks for the program. What it does not understand is a warning on stderr only.
verified() {
  sed "s|^ExecStart=/usr/bin/simsyncd|ExecStart=$simsyncd|" "$unit" >"$scratch/simsyncd.service"
  local said
  said=$(systemd-analyze verify --man=no "$scratch/simsyncd.service" 2>&1) || { echo "$said"; return 1; }
  ! grep -F simsyncd.service <<<"$said"
}

has_line() {
  grep -qxF -- "$1" "$unit" || { echo "no line $1"; return 1; }
}

check "systemd-analyze verify has nothing to say" verified
said=$(systemd-analyze security --offline=true --no-pager "$unit" 2>&1)
exposure=$(exposure_of "$said")
note="exposure $exposure" check "systemd-analyze security --offline, at most $highest_exposure" exposed_little "$exposure"
for line in Type=notify Restart=on-failure RestartPreventExitStatus=2 'ExecReload=/bin/kill -HUP $MAINPID' \
  WatchdogSec=2min LimitCORE=0 User=simsyncd; do
  check "$line" has_line "$line"
done
check "sysusers.d makes the user that the unit names" \
  grep -qE '^u simsyncd - "[^"]+" /nonexistent /usr/sbin/nologin$' "$here/../../systemd/simsyncd.sysusers.conf"
finish
