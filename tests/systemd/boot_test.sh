#!/usr/bin/env bash
# The package in a booted Debian of its own: a fresh tree of this machine's release, with systemd and PostgreSQL, booted by
# systemd-nspawn without a network. booted.sh, inside, installs, runs, breaks, upgrades and removes the package; here its
# findings are printed and counted. Exit code 77, with the reason, where the machine cannot boot one.
#   boot_test.sh PACKAGE SIMULATOR
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
package=$(readlink -f "$1")
simulator=$(readlink -f "$2")

skip() {
  echo "the package was not tried in a booted system: $*"
  exit 77
}

# --- what it needs of the machine ------------------------------------------------------------------------------------

[ "$(id -u)" = 0 ] || skip "this needs root"
for program in debootstrap systemd-nspawn unshare openssl; do
  command -v "$program" >/dev/null || skip "$program is missing (tests/support/install_packages.sh test)"
done
unshare -m sh -c 'mount --make-rprivate / && mount -t tmpfs tmpfs /run' 2>/dev/null ||
  skip "mounting in a namespace of its own is not allowed here"
release=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
mirror=$(apt-get indextargets --format '$(SITE) $(CODENAME) $(ORIGIN)' 'Created-By: Packages' 2>/dev/null |
  awk -v release="$release" '$2 == release && $3 == "Debian" { print $1; exit }')
[ -n "$mirror" ] || skip "apt knows no mirror of Debian $release"

scratch=$(mktemp -d /tmp/simsyncd-boot.XXXXXX)
trap 'rm -rf "$scratch"' EXIT
tree=$scratch/tree
share=$scratch/share
mkdir "$share"

# --- the tree --------------------------------------------------------------------------------------------------------

# Without libnss-systemd: peer authentication has to do without. policy-rc.d: nothing starts in the chroot.
make_tree() {
  debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,postgresql,openssl,ca-certificates "$release" "$tree" \
    "$mirror" >"$scratch/debootstrap.log" 2>&1 || { tail -n 5 "$scratch/debootstrap.log"; skip "debootstrap failed"; }
}

# What the package depends on is fetched now; inside there is no network, and apt takes it from its cache.
fetch_dependencies() {
  mkdir -p "$tree/share"
  cp "$package" "$tree/share/"
  chroot "$tree" sh -c "apt-get -qq update &&
    apt-get -y -qq --no-install-recommends --download-only install /share/$(basename "$package")" >"$scratch/apt.log" 2>&1 ||
    { tail -n 15 "$scratch/apt.log"; echo "FAIL  the package's dependencies cannot be had"; exit 1; }
  rm "$tree/share/"*
}

# The package again, as the next version would be: with another example configuration.
make_upgrade() {
  local folder=$scratch/upgrade
  dpkg-deb -R "$package" "$folder"
  sed -i 's/^Version: .*/Version: 99.0/' "$folder/DEBIAN/control"
  echo '# a line of the next version' >>"$folder/etc/simsyncd/simsyncd.yaml"
  (cd "$folder" && md5sum etc/simsyncd/simsyncd.yaml >>DEBIAN/md5sums)
  dpkg-deb --root-owner-group -b "$folder" "$share/upgrade.deb" >/dev/null
}

# An authority, and what it says of the API, of PostgreSQL and of the service that logs in there.
make_certificates() {
  local name
  cd "$share"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=test-authority -keyout ca.key -out ca.pem 2>/dev/null
  for name in api.example.test db.example.test simsyncd; do
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$name" -keyout "$name.key" -out "$name.csr" 2>/dev/null
    openssl x509 -req -in "$name.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out "$name.pem" \
      -extfile <(echo "subjectAltName=DNS:$name") 2>/dev/null
  done
  cd - >/dev/null
}

install_driver() {
  cp "$here/booted.sh" "$here/checks.sh" "$share/"
  cp "$package" "$share/simsyncd.deb"
  cp "$simulator" "$share/sim-api-simulator"
  cat >"$tree/etc/systemd/system/driver.service" <<'END'
[Unit]
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/bin/bash /share/booted.sh
StandardOutput=file:/share/findings
StandardError=file:/share/errors
TimeoutStartSec=infinity
ExecStopPost=/bin/sh -c 'journalctl --no-pager -o short-precise >/share/journal 2>&1; systemctl exit 0'
END
  mkdir -p "$tree/etc/systemd/system/graphical.target.wants"
  ln -s ../driver.service "$tree/etc/systemd/system/graphical.target.wants/"
  echo '127.0.0.1 localhost api.example.test db.example.test' >"$tree/etc/hosts"
  : >"$tree/etc/machine-id"
}

# --- the boot --------------------------------------------------------------------------------------------------------

boot() {
  unshare -m bash -c 'mount --make-rprivate /; mount -t tmpfs tmpfs /run; mkdir -p /run/systemd/nspawn
    exec timeout -k 5 600 systemd-nspawn -q -D "$1" --volatile=overlay --register=no --keep-unit --private-network \
      --bind="$2":/share --boot' - "$tree" "$share" </dev/null >"$scratch/console.log" 2>&1
}

SECONDS=0
make_tree
fetch_dependencies
make_upgrade
make_certificates
install_driver
tree_made=$SECONDS
code=0
boot || code=$?
[ -s "$share/findings" ] || { tail -n 10 "$scratch/console.log"; skip "systemd-nspawn did not boot (exit code $code)"; }

cat "$share/findings"
echo "the tree took $tree_made s, what was done in it $((SECONDS - tree_made)) s"
if grep -q ^FAIL "$share/findings" || ! grep -qx 'all steps were gone through' "$share/findings"; then
  echo "--- stderr inside"
  tail -n 20 "$share/errors"
  echo "--- the end of its journal (exit code $code)"
  grep -v ' audit\[' "$share/journal" | tail -n "${SIMSYNC_BOOT_JOURNAL:-80}" || true
  exit 1
fi
