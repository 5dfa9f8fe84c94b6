#!/usr/bin/env bash
# Writes cli.md from what the program's --help says. Knows no command by name.
#   docs/cli.sh SIMSYNCD >docs/cli.md
set -euo pipefail
simsyncd=$(readlink -f "$1")
export LC_ALL=C.UTF-8

help_of() { "$simsyncd" "$@" --help; }

commands_of() { help_of "$@" | awk '/^Subcommands:/ { inside = 1; next } /^$/ { inside = 0 } inside && /^  [^ ]/ { print $1 }'; }

# The first line: what the command does.
purpose_of() { help_of "$@" | head -n 1; }

# Every command with all its words, one a line.
all_commands() {
  local command
  for command in $(commands_of); do
    echo "$command"
    commands_of "$command" | sed "s/^/$command /"
  done
}

# A help text as Markdown: how it is called, a table of arguments and options, the footer with its examples as code.
section_of() {
  help_of "$@" | awk -v command="simsyncd${*:+ $*}" '
    function trimmed(text) { gsub(/^ +| +$/, "", text); return text }
    function cell(text) { gsub(/\|/, "\\|", text); return text }
    function list(text) { gsub(/ /, ", ", text); return text }
    # What CLI11 puts behind a name becomes words: a default, REQUIRED, Excludes, Needs, a check.
    function take_row(left, text, note) {
      if (left ~ /^-h,--help/) return
      note = ""
      if (match(left, / Excludes: .*/)) { note = note "; not with " list(substr(left, RSTART + 11)); left = substr(left, 1, RSTART - 1) }
      if (match(left, / Needs: .*/)) { note = note "; only with " list(substr(left, RSTART + 8)); left = substr(left, 1, RSTART - 1) }
      needed = sub(/ REQUIRED/, "", left)
      repeated = sub(/ \.\.\.$/, "", left)
      if (match(left, /=.*/)) { note = "; otherwise " substr(left, RSTART + 1) note; left = substr(left, 1, RSTART - 1) }
      if (left !~ /^-/) {
        sub(/^[^ ]+ /, "", left)
        sub(/:.*/, "", left)
        arguments = arguments " " (needed ? left : "[" left "]") (repeated ? "…" : "")
      } else {
        sub(/:.*/, "", left)
        options = 1
      }
      rows = rows "| `" cell(left) "` | " cell(text) cell(note) (repeated ? "; may be given several times" : "") " |\n"
    }
    function flush_row() { if (left != "") take_row(trimmed(left), trimmed(text)); left = text = "" }
    BEGIN { blanks = sprintf("%30s", "") }
    NR == 1 { purpose = $0; next }
    /^Usage:/ { next }
    /^(Positionals|Options):$/ { section = "rows"; next }
    /^Subcommands:$/ { section = "commands"; subcommands = 1; next }
    /^$/ && section != "footer" { flush_row(); section = ""; next }
    # A long name has its text on the next line.
    section == "rows" && substr($0, 1, 30) == blanks { left = left_whole; text = text_whole substr($0, 31); text_whole = text " "; next }
    section == "rows" {
      flush_row()
      left = substr($0, 1, 29); text = substr($0, 31)
      left_whole = $0; text_whole = ""
      next
    }
    section == "commands" { next }
    { section = "footer"; footer[++lines] = $0 }
    END {
      flush_row()
      print purpose ".\n"
      if (!subcommands) print "```\n" command (options ? " [OPTIONS]" : "") arguments "\n```"
      if (rows != "") print (subcommands ? "" : "\n") "| argument | meaning |\n| --- | --- |\n" rows
      else print ""
      for (i = 1; i <= lines; ++i) {
        code = footer[i] ~ /^  /
        if (code && !was_code) print "```"
        if (!code && was_code) print "```\n"
        if (!code && footer[i] ~ /^(Examples?|Exit codes?):/ && i > 1 && !was_code) print ""
        print code ? substr(footer[i], 3) : footer[i]
        was_code = code
      }
      if (was_code) print "```"
      if (lines > 0) print ""
    }'
}

anchor_of() { tr ' ' - <<<"simsyncd $*"; }

cat <<'END'
# The commands of simsyncd

This is what `simsyncd COMMAND --help` says, on one page; `docs/cli.sh` makes it, so change the help and not this file.
The man page, simsyncd(8), says more of what lies around the commands.

END
echo '| command | does |'
echo '| --- | --- |'
all_commands | while read -r command; do
  # A group has nothing to do by itself.
  [ -n "$(commands_of $command)" ] || echo "| [\`$command\`](#$(anchor_of "$command")) | $(purpose_of $command | sed 's/|/\\|/g') |"
done
echo
echo '## simsyncd'
echo
section_of
all_commands | while read -r command; do
  [[ $command = *' '* ]] && echo "### simsyncd $command" || echo "## simsyncd $command"
  echo
  section_of $command
done | cat -s | sed '$ { /^$/d }'
