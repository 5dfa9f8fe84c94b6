# Completion of simsyncd(8) for bash. tests/systemd holds it against what --help says.

# The command as written so far, "alerts list" for instance; nothing where none is.
_simsyncd_command() {
  local i word command=
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    case $word in
      --config) ((i++)) ;; # its value is no command
      -*) ;;
      *)
        command=${command:+$command }$word
        [[ $command = @(alerts|sim|metadata) ]] || break
        ;;
    esac
  done
  printf '%s' "$command"
}

_simsyncd_options() {
  case $1 in
    '') echo --config --version ;;
    sync) echo --project --dry-run --verify --output ;;
    check) echo --output ;;
    status) echo --project --output ;;
    explain) echo --project --all --output ;;
    report) echo --at --sims --since --until --project --provider --output ;;
    'sim metadata') echo --remove --wait --no-wait --project --output ;;
    'metadata import') echo --dry-run --key --remove-empty --project --output ;;
    stocktake) echo --column --project --provider --type --no-search --most-searches --no-record --all --output ;;
    'alerts test') echo --send --since --project --output ;;
    'alerts list') echo --state --project --output ;;
    'alerts retry') echo --channel --project ;;
    'sim list')
      echo --project --provider --status --type --user --limit --all --after --before --no-record --output
      ;;
    'sim get' | 'sim profile') echo --project --no-record --output ;;
    'sim search') echo --file --type --project --no-record --output ;;
    'sim credentials') echo --png --reveal --project --output ;;
  esac
  echo --help
}

_simsyncd_words() {
  case $1 in
    '') echo run sync check migrate status explain report alerts sim metadata stocktake approve ;;
    report) echo inventory transitions stock stuck gaps ;;
    alerts) echo test list retry ;;
    sim) echo list get profile search credentials metadata ;;
    metadata) echo import ;;
  esac
}

_simsyncd() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command
  COMPREPLY=()
  case $previous in
    --output) mapfile -t COMPREPLY < <(compgen -W 'table json csv' -- "$current"); return ;;
    --state) mapfile -t COMPREPLY < <(compgen -W 'pending dead delivered' -- "$current"); return ;;
    --status) mapfile -t COMPREPLY < <(compgen -W 'inactive active retired' -- "$current"); return ;;
    --type) mapfile -t COMPREPLY < <(compgen -W 'eSIM pSIM' -- "$current"); return ;;
    --at | --since | --until)
      mapfile -t COMPREPLY < <(compgen -W 'now today yesterday 24h 7d 30d' -- "$current")
      return
      ;;
    --config | --file | --png)
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      return
      ;;
    # Only the configuration, the database and the API know these.
    --project | --provider | --channel | --user | --after | --before | --limit | --remove | --key | --wait) return ;;
    --column | --most-searches) return ;; # only who asks
  esac
  command=$(_simsyncd_command)
  if [[ $command = stocktake && $current != -* ]]; then
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
    return
  fi
  if [[ $current = -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$(_simsyncd_options "$command")" -- "$current")
  else
    mapfile -t COMPREPLY < <(compgen -W "$(_simsyncd_words "$command")" -- "$current")
  fi
}

complete -F _simsyncd simsyncd
