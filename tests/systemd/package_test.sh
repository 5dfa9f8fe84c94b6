#!/usr/bin/env bash
# What is in the Debian package, without installing it: files, rights, control data, man pages, lintian; and that the same
# build packed twice is the same package.
#   package_test.sh PACKAGE BUILD_DIR
set -uo pipefail
here=$(dirname "$(readlink -f "$0")")
. "$here/checks.sh"
package=$(readlink -f "$1")
build=$2
source=$here/../..
scratch=$(mktemp -d /tmp/simsyncd-package.XXXXXX)
trap 'rm -rf "$scratch"' EXIT
export LC_ALL=C.UTF-8 MANWIDTH=100
root=$scratch/root
dpkg-deb -x "$package" "$root" && dpkg-deb -e "$package" "$scratch/control" || exit 1

wanted_files() {
  cat <<'END'
etc/simsyncd/simsyncd.yaml
usr/bin/simsyncd
usr/lib/systemd/system/simsyncd.service
usr/lib/sysusers.d/simsyncd.conf
usr/share/bash-completion/completions/simsyncd
usr/share/doc/simsyncd/CHANGELOG.md
usr/share/doc/simsyncd/changelog.gz
usr/share/doc/simsyncd/cli.md
usr/share/doc/simsyncd/copyright
usr/share/doc/simsyncd/grafana
usr/share/doc/simsyncd/metadata.md
usr/share/doc/simsyncd/metrics.md
usr/share/doc/simsyncd/operations.md
usr/share/doc/simsyncd/prometheus
usr/share/doc/simsyncd/roles.md
usr/share/doc/simsyncd/sql.md
usr/share/man/man5/simsyncd.yaml.5.gz
usr/share/man/man8/simsyncd.8.gz
usr/share/simsyncd/grafana/simsyncd.json
usr/share/simsyncd/prometheus/simsyncd.rules.yaml
usr/share/zsh/vendor-completions/_simsyncd
END
}

files() { (cd "$root" && find . ! -type d | sed 's|^\./||' | LC_ALL=C sort); }

# Owner and rights of all, as dpkg will unpack them.
unusual_rights() {
  dpkg-deb -c "$package" | awk '
    $2 != "root/root" { print; next }
    /^d/ && $1 != "drwxr-xr-x" { print }
    /^-/ && $1 != ($6 == "./usr/bin/simsyncd" ? "-rwxr-xr-x" : "-rw-r--r--") { print }'
}

same_as() { cmp "$source/$1" "$root/$2"; }

depends_on() { grep -qE "(^|, )$1( |,|$)" <<<"$(dpkg-deb -f "$package" Depends)" || { dpkg-deb -f "$package" Depends; return 1; }; }

# Position independent, all relocations read-only before it begins, no symbol table left.
hardened() {
  readelf -dW "$root/usr/bin/simsyncd" | grep -q 'FLAGS_1.*NOW.*PIE' || { echo "not PIE, or not bound at once"; return 1; }
  readelf -lW "$root/usr/bin/simsyncd" | grep -q GNU_RELRO || { echo "no RELRO"; return 1; }
  readelf --dyn-syms -W "$root/usr/bin/simsyncd" >"$scratch/symbols"
  grep -q __stack_chk_fail "$scratch/symbols" || { echo "no stack protector"; return 1; }
  grep -qE '__[a-z]+_chk' <(grep -v __stack_chk_fail "$scratch/symbols") || { echo "not fortified"; return 1; }
}

stripped() { ! readelf -SW "$root/usr/bin/simsyncd" | grep -E '\.(symtab|debug_)'; }

# man's own words about a page, none wanted; and that there is something to read.
page_renders() {
  local page=$root/usr/share/man/$1
  equals "" "$(man --warnings -l -Tutf8 "$page" 2>&1 >"$scratch/page")" && [ "$(wc -l <"$scratch/page")" -gt 50 ] &&
    equals "" "$(zcat "$page" | mandoc -Tlint -Wwarning)"
}

# Links of the documents that lead to a file, and not into the web or to a place on their own page.
broken_links() {
  local document link
  for document in "$root"/usr/share/doc/simsyncd/*.md; do
    grep -o ']([^)# ]*[)#]' "$document" | sed 's/^](//; s/[)#]$//' | while read -r link; do
      case $link in '' | http*) continue ;; esac
      [ -e "$(dirname "$document")/$link" ] || echo "${document##*/}: $link"
    done
  done
}

# All times in it are SOURCE_DATE_EPOCH.
packed_again() {
  SOURCE_DATE_EPOCH=$(stat -c %Y "$root/etc") "$source/systemd/build_package.sh" "$build" "$scratch/again" &&
    cmp "$package" "$scratch/again/${package##*/}"
}

check "its files are all that is promised, and no other" diff <(wanted_files | LC_ALL=C sort) <(files)
check "they belong to root, and all may read them" equals "" "$(unusual_rights)"
check "its version is the program's" equals "simsyncd $(dpkg-deb -f "$package" Version)" "$("$root/usr/bin/simsyncd" --version)"
check "the configuration is a conffile" equals /etc/simsyncd/simsyncd.yaml "$(cat "$scratch/control/conffiles")"
check "the configuration is the example" same_as systemd/simsyncd.yaml etc/simsyncd/simsyncd.yaml
check "the unit is the unit" same_as systemd/simsyncd.service usr/lib/systemd/system/simsyncd.service
for library in libc6 libpq5 libsystemd0 libstdc++6; do
  check "it depends on $library" depends_on "$(sed 's/+/[+]/g' <<<"$library")"
done
check "it depends on what its unit and scripts call" eval "depends_on procps && depends_on systemd && depends_on ca-certificates"
for script in postinst prerm postrm; do
  check "$script is sound shell" sh -n "$scratch/control/$script"
done
check "the program is hardened" hardened
check "and stripped" stripped
check "simsyncd(8) renders" page_renders man8/simsyncd.8.gz
check "simsyncd.yaml(5) renders" page_renders man5/simsyncd.yaml.5.gz
check "the documents' links lead to what is there" equals "" "$(broken_links)"
check "lintian has neither error nor warning" lintian --fail-on error,warning "$package"
check "packed twice, it is the same" packed_again
finish
