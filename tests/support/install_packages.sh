#!/usr/bin/env bash
# Installs what is missing of the named sections of packages.txt, and nothing else. Does nothing, and asks for no
# rights, when all is there.
set -euo pipefail

list="$(dirname "$(readlink -f "$0")")/packages.txt"

usage() {
  echo "usage: install_packages.sh [--list | --missing] SECTION…   sections: build package test postgres quickstart lint bench coverage fuzz"
}

fail() {
  echo "install_packages.sh: $*" >&2
  exit 1
}

# The packages of the sections given, one a line.
packages_of() {
  awk -v wanted="$*" '
    BEGIN { count = split(wanted, sections, " ") }
    /^#/ || NF == 0 { next }
    { for (i = 1; i <= count; i++) if (index("," $2 ",", "," sections[i] ",")) { print $1; next } }
  ' "$list"
}

missing_of() {
  local entry packages=()
  for entry in "$@"; do
    [[ $entry = *\?* ]] && command -v "${entry#*\?}" >/dev/null && continue
    packages+=("${entry%%\?*}")
  done
  not_installed_of "${packages[@]}"
}

not_installed_of() {
  local installed
  # dpkg-query exits 1 when it does not know one of them: that is an answer here, not a failure.
  installed=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' "$@" 2>/dev/null || true)
  local package
  for package in "$@"; do
    grep -qxF "installed $package" <<<"$installed" || echo "$package"
  done
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  else
    sudo "$@"
  fi
}

require_rights() {
  if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
    fail "cannot install: neither root nor sudo; as root, run: apt-get install --no-install-recommends $*"
  fi
}

# Debian's PostgreSQL package makes a cluster "main" and starts it. Nobody here needs it, so while the first server is
# installed, and only then, a drop-in tells it not to.
drop_in_dir=/etc/postgresql-common/createcluster.d
drop_in=$drop_in_dir/simsyncd-no-main-cluster.conf
made_drop_in_dir=false

prevent_main_cluster() {
  if [ -d /etc/postgresql-common ] || ! grep -qxF postgresql <<<"$1"; then
    return
  fi
  trap allow_main_cluster EXIT
  as_root mkdir -p "$drop_in_dir"
  made_drop_in_dir=true
  echo "create_main_cluster = false" | as_root tee "$drop_in" >/dev/null
}

allow_main_cluster() {
  if [ "$made_drop_in_dir" = true ]; then
    as_root rm -f "$drop_in"
    as_root rmdir --ignore-fail-on-non-empty -p "$drop_in_dir" 2>/dev/null || true
  fi
}

run_apt() {
  # -o: another apt at work, such as a new machine's first upgrade, is waited for instead of failed on.
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@" \
    </dev/null >>"$log" 2>&1
}

install_missing() {
  log=$(mktemp -t simsyncd-apt.XXXXXX)
  echo "installing with apt-get: $*"
  prevent_main_cluster "$(printf '%s\n' "$@")"
  if ! run_apt update; then
    # A stale or partly unreachable index may still have all that is needed; the installation will tell.
    echo "install_packages.sh: apt-get update failed, trying with what apt knows" >&2
  fi
  if ! run_apt install -y --no-install-recommends "$@"; then
    tail -n 15 "$log" >&2
    fail "apt-get could not install them; its output is in $log"
  fi
  rm -f "$log"
}

mode=install
sections=()
for argument in "$@"; do
  case $argument in
    --list | --missing) mode=${argument#--} ;;
    build | package | test | postgres | quickstart | lint | bench | coverage | fuzz) sections+=("$argument") ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; fail "no such section: $argument" ;;
  esac
done
if [ ${#sections[@]} = 0 ]; then
  usage >&2
  exit 2
fi

mapfile -t packages < <(packages_of "${sections[@]}")
if [ "$mode" = list ]; then
  printf '%s\n' "${packages[@]%%\?*}"
  exit 0
fi
if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  fail "this is no Debian: install the equivalents of: ${packages[*]%%\?*}"
fi

mapfile -t missing < <(missing_of "${packages[@]}")
if [ "$mode" = missing ]; then
  [ ${#missing[@]} = 0 ] || printf '%s\n' "${missing[@]}"
elif [ ${#missing[@]} != 0 ]; then
  require_rights "${missing[@]}"
  install_missing "${missing[@]}"
fi
