#!/usr/bin/env bash
# Builds the Debian package and prints its name, such as build/package/simsyncd_0.1.0_amd64.deb.
#   build_package.sh              builds what it needs, without tests; packages of the sections build and package of
#                                 tests/support/packages.txt have to be there (tests/support/install_packages.sh)
#   build_package.sh BUILD_DIR [INTO]   packs what a release build, configured already, has built; into the same folder
#                                 unless another is named
# The same sources, compiler and SOURCE_DATE_EPOCH give the same package, byte for byte; unless it is set, it is the
# time of the last commit.
set -euo pipefail
umask 022
cd "$(dirname "$(readlink -f "$0")")/.."

fail() {
  echo "build_package.sh: $*" >&2
  exit 1
}

folder=${1:-build/package}
into=${2:-$folder}
if [ -z "${SOURCE_DATE_EPOCH:-}" ]; then
  SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || stat -c %Y CHANGELOG.md)
fi
export SOURCE_DATE_EPOCH

command -v dpkg-shlibdeps >/dev/null || fail "dpkg-shlibdeps is missing: tests/support/install_packages.sh build package"
if [ $# = 0 ]; then
  tests/support/build.sh package simsyncd >&2
fi
[ -x "$folder/daemon/simsyncd" ] || fail "there is no $folder/daemon/simsyncd; build it first"

mkdir -p "$into"
into=$(readlink -f "$into")
log=$into/cpack.log
# cpack's own words are of interest only when something is wrong.
(cd "$folder" && cpack -G DEB -B "$into") >"$log" 2>&1 || { cat "$log" >&2; fail "cpack failed"; }
sed -n 's/^CPack: - package: \(.*\) generated\.$/\1/p' "$log"
