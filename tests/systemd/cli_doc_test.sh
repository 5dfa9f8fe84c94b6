#!/usr/bin/env bash
# docs/cli.md is what the program's help says today, and shows all of it.
#   cli_doc_test.sh SIMSYNCD
set -uo pipefail
here=$(dirname "$(readlink -f "$0")")
. "$here/checks.sh"
simsyncd=$1
docs=$here/../../docs

made() { diff "$docs/cli.md" <("$docs/cli.sh" "$simsyncd") || { echo "make it anew: docs/cli.sh $simsyncd >docs/cli.md"; return 1; }; }

# What stands in a help text, in the words of the page.
words_of() { "$simsyncd" "$@" --help | grep -oE -- '--[a-z][a-z-]*' | grep -vx -- --help | sort -u; }

# The part about a command: from its heading to the next one.
part_about() { awk -v heading="simsyncd${1:+ $1}" '/^##+ / { inside = substr($0, index($0, " ") + 1) == heading } inside' "$docs/cli.md"; }

shown() {
  local part
  part=$(part_about "$1")
  [ -n "$part" ] || { echo "no part of its own"; return 1; }
  diff <(words_of $1) <(grep -oE -- '--[a-z][a-z-]*' <<<"$part" | grep -vx -- --help | sort -u)
}

check "docs/cli.md is what docs/cli.sh makes" made
check "simsyncd" shown ""
while read -r command; do
  check "simsyncd $command" shown "$command"
done < <(sed -n 's/^| \[`\([a-z ]*\)`\].*/\1/p' "$docs/cli.md")
check "there is a part for each command that --help names" equals \
  "$("$simsyncd" --help | sed -n '/^Subcommands:/,/^$/s/^  \([a-z]\+\) .*/\1/p' | sort)" \
  "$(sed -n 's/^## simsyncd \([a-z]*\)$/\1/p' "$docs/cli.md" | sort)"
check "no empty cell" equals "" "$(grep -nE '^\|(.*``|.*\| +\|$)' "$docs/cli.md")"
finish
