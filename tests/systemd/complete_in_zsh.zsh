#!/usr/bin/env zsh
# What zsh itself offers when TAB is pressed behind WORDS, one candidate a line: an interactive zsh in a terminal of its
# own, whose compadd also writes down what it is given.
#   complete_in_zsh.zsh FOLDER_OF_COMPLETIONS WORDS
zmodload zsh/zpty
export COMPLETIONS=$1 CANDIDATES=$(mktemp)
# compadd with -O, -A or -D offers nothing, but fills arrays. No comment inside: an interactive shell knows none.
read -r -d '' setup <<'END'
PROMPT=
fpath=($COMPLETIONS $fpath)
autoload -Uz compinit
compinit -u -D
bindkey '^I' list-choices
compadd() {
  local -a found
  if [[ " $* " != *' -'[OAD]' '* ]]; then
    builtin compadd -A found "$@"
    print -rl -- $found >>$CANDIDATES
  fi
  builtin compadd "$@"
}
print ready
END
zpty shell zsh -f -i
zpty -w shell "$setup"
zpty -r -m shell said '*ready*ready*'
zpty -w -n shell "$2"$'\t'
# It has ended once nothing more comes.
integer size=-1
repeat 100; do
  sleep 0.1
  now=$(wc -c <$CANDIDATES)
  (( now > 0 && now == size )) && break
  size=now
done
# No trap: the shell in the terminal would inherit it.
grep . $CANDIDATES | sort -u
rm -f $CANDIDATES
zpty -d shell
