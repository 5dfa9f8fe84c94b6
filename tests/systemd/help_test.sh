#!/usr/bin/env bash
# The man pages and the completions know every command, option and choice that --help has, and no other; the configuration's
# page knows every key of the example.
#   help_test.sh SIMSYNCD
set -uo pipefail
here=$(dirname "$(readlink -f "$0")")
. "$here/checks.sh"
simsyncd=$1
source=$here/../..
completions=$source/daemon/completion
export LC_ALL=C.UTF-8 MANWIDTH=100

# --- what --help says ------------------------------------------------------------------------------------------------

help_of() { "$simsyncd" "$@" --help; }
commands_of() { help_of "$@" | sed -n '/^Subcommands:/,$s/^  \([a-z]\+\) .*/\1/p'; }
options_of() { help_of "$@" | sed -n '/^Options:/,/^$/s/^  \(-h,\)\?\(--[a-z-]\+\).*/\2/p'; }

# Every command with all its words, one a line; the first is the program without one.
all_commands() {
  local command
  echo
  for command in $(commands_of); do
    echo "$command"
    commands_of "$command" | sed "s/^/$command /"
  done
}

# --- what completion offers ------------------------------------------------------------------------------------------

bash_offers() {
  bash --norc -c '. "$1/simsyncd.bash"; read -ra COMP_WORDS <<<"$2"; [[ $2 != *" " ]] || COMP_WORDS+=("")
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _simsyncd; printf "%s\n" "${COMPREPLY[@]}"' - "$completions" "$1" | sort -u
}

zsh_offers() { timeout 60 zsh -f "$here/complete_in_zsh.zsh" "$completions" "$1"; }

# offers SHELL WORDS WANTED…: exactly these.
offers() { diff <(printf '%s\n' "${@:3}" | sort -u) <("$1_offers" "$2"); }

complete_everything() {
  local shell=$1 command words
  while read -r command; do
    mapfile -t words < <(options_of $command)
    check "$shell: options of 'simsyncd${command:+ $command}'" offers "$shell" "simsyncd ${command:+$command }--" "${words[@]}"
    mapfile -t words < <(commands_of $command)
    [ ${#words[@]} = 0 ] ||
      check "$shell: commands of 'simsyncd${command:+ $command}'" offers "$shell" "simsyncd ${command:+$command }" "${words[@]}"
  done < <(all_commands)
  check "$shell: reports" offers "$shell" 'simsyncd report ' inventory transitions stock stuck gaps
  check "$shell: formats" offers "$shell" 'simsyncd --config x status --output ' table json csv
  check "$shell: states of messages" offers "$shell" 'simsyncd alerts list --state ' pending dead delivered
  check "$shell: statuses of SIMs" offers "$shell" 'simsyncd sim list --status ' inactive active retired
  check "$shell: types of SIMs" offers "$shell" 'simsyncd sim search --type ' eSIM pSIM
  check "$shell: only what begins so" offers "$shell" 'simsyncd report --si' --sims --since
}

# --- the man pages ---------------------------------------------------------------------------------------------------

page() { man -l -Tutf8 "$source/docs/man/$1" | sed 's/\x1b\[[0-9;]*m//g; s/.\x08//g'; }

# The part about a command: from its own line to the next at the same depth.
part_about() {
  awk -v command="$1" '
    /^     [^ ]/ || /^   ?[^ ]/ || /^[^ ]/ { inside = index($0 " ", "     " command " ") == 1 }
    inside' <<<"$manual"
}

mentions() {
  local word
  for word in "${@:2}"; do
    grep -qE -- "(^|[^a-z_-])$word([^a-z_-]|\$)" <<<"$1" || { echo "no word of $word"; return 1; }
  done
}

documented() {
  local command=$1
  local part options
  part=$(part_about "$command")
  [ -n "$part" ] || { echo "no part of its own"; return 1; }
  mapfile -t options < <(options_of $command | grep -vx -- --help)
  mentions "$part" "${options[@]}" &&
    equals "" "$(comm -13 <(printf '%s\n' "${options[@]}" | sort -u) <(grep -oE -- '--[a-z-]+' <<<"$part" | sort -u))"
}

# Keys of the example, also those that are commented out; not those of channels and rules of yours, which have names.
example_keys() { sed -n 's/^\(# \?\)\? *\(- \)\?\([a-z_]\+\):.*/\3/p' "$source/systemd/simsyncd.yaml" | sort -u | grep -vxE 'ops|pager'; }

inline_keys() { grep -oE '[{,] ?[a-z_]+: ' "$source/systemd/simsyncd.yaml" | grep -oE '[a-z_]+' | sort -u; }

manual=$(page simsyncd.8)
# Only where it is written as a key: as words of the language, many are everywhere.
configuration_manual=$(grep -E '^\.(It )?Cm |Li metadata|^\.Pq a map' "$source/docs/man/simsyncd.yaml.5"; grep '^\.Ss' "$source/docs/man/simsyncd.yaml.5")
check "simsyncd(8) has the options of all commands" mentions "$manual" $(options_of)
while read -r command; do
  [ -z "$command" ] || [ -n "$(commands_of $command)" ] || check "simsyncd(8): $command" documented "$command"
done < <(all_commands)
check "simsyncd.yaml(5) has each key of the example" mentions "$configuration_manual" $(example_keys) $(inline_keys)
complete_everything bash
if command -v zsh >/dev/null; then
  complete_everything zsh
else
  check "zsh is there to try its completion (tests/support/install_packages.sh test)" false
fi
finish
