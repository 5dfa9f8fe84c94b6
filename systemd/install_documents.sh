#!/bin/sh
# Installs the man pages and documents under PREFIX, as Debian wants them: compressed without the time of day, so that two
# builds are equal. SOURCE_DATE_EPOCH is the date of the package's own changelog.
#   install_documents.sh PREFIX VERSION
set -eu
prefix=$1
version=$2
source=$(dirname "$(dirname "$(readlink -f "$0")")")
umask 022

install_page() {
  mkdir -p "$prefix/share/man/man$2"
  gzip -9nc "$source/docs/man/$1.$2" >"$prefix/share/man/man$2/$1.$2.gz"
}

# A package without revision has one changelog, in Debian's form; what changed is told in CHANGELOG.md beside it.
debian_changelog() {
  cat <<END
simsyncd ($version) unstable; urgency=medium

  * What changes for users is in /usr/share/doc/simsyncd/CHANGELOG.md.

 -- simsyncd authors <maintainers@simsyncd.invalid>  $(date -u -R -d "@${SOURCE_DATE_EPOCH:-$(date +%s)}")
END
}

install_page simsyncd 8
install_page simsyncd.yaml 5
documents=$prefix/share/doc/simsyncd
mkdir -p "$documents"
cp "$source"/docs/cli.md "$source"/docs/operations.md "$source"/docs/sql.md "$source"/docs/roles.md "$source"/docs/metrics.md "$source"/docs/metadata.md \
  "$source"/CHANGELOG.md "$documents/"
cp "$source/systemd/debian/copyright" "$documents/copyright"
debian_changelog | gzip -9nc >"$documents/changelog.gz"
# The documents' links lead to what is installed for programs.
ln -sfn ../../simsyncd/grafana "$documents/grafana"
ln -sfn ../../simsyncd/prometheus "$documents/prometheus"
chmod 644 "$documents"/*.md "$documents/copyright"
