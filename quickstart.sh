#!/usr/bin/env bash
# simsyncd at work, on one machine and without an account: installs what is missing, builds, starts a PostgreSQL and a
# simulated SIM API of its own on loopback, runs simsyncd against them and shows what it does. Touches nothing else on
# the machine and leaves no process behind (--keep: only the database).
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"

usage() {
  cat <<'END'
usage: ./quickstart.sh [--for DURATION] [--keep] [--sims N]
  --for 30s|2m  ends by itself after that long; else Ctrl-C ends it
  --keep        leaves the database running, and says how to look at it and how to stop it
  --sims N      how many SIMs the simulated API has (20000)
END
}

usage_error() {
  echo "quickstart.sh: $1" >&2
  usage >&2
  exit 2
}

# --- what it is told -------------------------------------------------------------------------------------------------

run_seconds= # empty: until Ctrl-C
keep=false
sims=20000

seconds_of() {
  [[ $1 =~ ^([1-9][0-9]{0,5})(s|m|h)?$ ]] || usage_error "no duration: $1 (such as 30s or 2m)"
  case ${BASH_REMATCH[2]} in
    m) echo $((BASH_REMATCH[1] * 60)) ;;
    h) echo $((BASH_REMATCH[1] * 3600)) ;;
    *) echo "${BASH_REMATCH[1]}" ;;
  esac
}

parse_arguments() {
  while [ $# -gt 0 ]; do
    case $1 in
      --for | --sims)
        [ $# -ge 2 ] || usage_error "$1 wants a value"
        if [ "$1" = --for ]; then run_seconds=$(seconds_of "$2"); else sims=$2; fi
        shift
        ;;
      --keep) keep=true ;;
      -h | --help) usage; exit 0 ;;
      *) usage_error "unknown argument $1" ;;
    esac
    shift
  done
  [[ $sims =~ ^[1-9][0-9]{0,6}$ ]] || usage_error "--sims wants a number from 1 to 9999999"
}

# --- what it starts, and how that ends -------------------------------------------------------------------------------

scratch=
database=
daemon_pid=
simulator_pid=
keep_scratch=false # after a fault its logs are of use

# In a process group of its own, so that Ctrl-C reaches this script alone and the order of the end is ours.
in_background() {
  local log=$1
  shift
  set -m
  "$@" </dev/null >>"$log" 2>&1 &
  set +m
}

stop_process() {
  local pid=$1 tenths
  [ -n "$pid" ] || return 0
  kill -TERM "$pid" 2>/dev/null || true
  for ((tenths = 0; tenths < 100; tenths++)); do
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
  kill -KILL "$pid" 2>/dev/null || true
  wait "$pid" 2>/dev/null || true
}

clean_up() {
  trap '' INT TERM HUP
  show_cursor
  stop_process "$daemon_pid"
  stop_process "$simulator_pid"
  [ -n "$scratch" ] || return 0
  if [ "$keep" = true ] && [ -n "$database" ]; then
    say_what_is_kept
    return
  fi
  tests/support/private_postgres.sh stop "$scratch/postgres"
  if [ "$keep_scratch" = false ]; then
    rm -rf "$scratch"
  fi
}

say_what_is_kept() {
  cat <<END

PostgreSQL keeps running. To look further:
  psql '$database'
To stop it and remove everything:
  $PWD/tests/support/private_postgres.sh stop $scratch/postgres && rm -rf $scratch
END
}

# $1 died: says so with the last lines of its log $2 and ends everything.
give_up() {
  keep_scratch=true
  {
    printf '\nquickstart.sh: %s has ended; the last lines of its log, %s:\n' "$1" "$2"
    tail -n 20 "$2"
  } >&2
  exit 1
}

start_postgres() {
  echo "starting a PostgreSQL of its own in $scratch/postgres"
  database=$(tests/support/private_postgres.sh start "$scratch/postgres")
}

# About 25 changes a second: enough to see movement, and most SIMs still rest, as in a real inventory.
start_simulator() {
  echo "starting the simulated SIM API with $sims SIMs"
  in_background "$scratch/simulator.log" "$programs/tests/simulator/sim-api-simulator" \
    --listen 127.0.0.1:0 --port-file "$scratch/simulator.port" --project "demo:$token:$sims" \
    --seed 1 --changes-per-second 25 --mix status=4,profile=8,metadata=1,create=1,delete=0.1
  simulator_pid=$!
  until [ -s "$scratch/simulator.port" ]; do
    kill -0 "$simulator_pid" 2>/dev/null || give_up "the simulated SIM API" "$scratch/simulator.log"
    sleep 0.05
  done
}

# Intervals as short as a demonstration wants them; systemd/simsyncd.yaml has those of a real installation.
write_config() {
  cat >"$scratch/simsyncd.yaml" <<END
api:
  base_url: http://127.0.0.1:$(cat "$scratch/simulator.port")
  requests_per_second: 2000
projects:
  - id: demo
    token_file: $scratch/token
database:
  url: $database
walk:
  interval: 10s
  new_sims_interval: 2s
profiles:
  providers: [p3, p14, p15]
  interval: 5s
  recent_interval: 2s
http:
  listen: 127.0.0.1:0
END
}

start_daemon() {
  echo "starting simsyncd; its log: $scratch/simsyncd.log"
  in_background "$scratch/simsyncd.log" "$programs/daemon/simsyncd" --config "$scratch/simsyncd.yaml" run
  daemon_pid=$!
}

make_scratch() {
  scratch=$(mktemp -d /tmp/simsyncd-quickstart.XXXXXX)
  chmod 711 "$scratch" # root's PostgreSQL runs as another user
  token=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  (umask 077 && printf '%s\n' "$token" >"$scratch/token")
}

# --- what it shows ---------------------------------------------------------------------------------------------------

query() {
  PGCONNECT_TIMEOUT=5 psql -X -q "$database" "$@"
}

# One line of counts, then the newest transitions, the fields divided by '|'. First sights are inventory, not news:
# they are shown only until the first real transition.
look_sql="
SELECT to_char((SELECT count(*) FROM simsync.sim WHERE missing_since IS NULL), 'FM9,999,999'),
       to_char(count(*), 'FM9,999,999'),
       to_char(count(*) FILTER (WHERE last_polled_at > now() - interval '10 s'), 'FM9,999,999'),
       to_char((SELECT count(*) FROM simsync.esim_profile_transition WHERE from_status IS NOT NULL), 'FM9,999,999'),
       to_char((SELECT count(*) FROM simsync.sim_change), 'FM9,999,999')
FROM simsync.esim_profile;
SELECT to_char(observed_at, 'HH24:MI:SS'), sim_id, coalesce(from_status, '(first seen)'), to_status
FROM simsync.esim_profile_transition
ORDER BY from_status IS NULL, transition_id DESC LIMIT 5;"

# Prints nothing until the daemon has made its tables.
look() {
  query -At -c "$look_sql" 2>/dev/null || true
}

elapsed() {
  printf '%d:%02d' $((SECONDS / 60)) $((SECONDS % 60))
}

block_lines=0

show_cursor() {
  if [ "$block_lines" != 0 ]; then
    printf '\033[?25h\033[?7h'
  fi
}

# Draws the block over the one before it. Long lines are cut by the terminal (?7l): wrapped ones would break the count.
draw_block() {
  local block
  block=$(print_block)
  printf '\033[?25l\033[?7l'
  [ "$block_lines" = 0 ] || printf '\033[%dA' "$block_lines"
  printf '\033[J%s\n\033[?7h' "$block"
  local newlines=${block//[!$'\n']/}
  block_lines=$((${#newlines} + 1))
}

print_block() {
  local sims_now profiles polled transitions changes time sim from to
  {
    IFS='|' read -r sims_now profiles polled transitions changes || true
    printf '\nsimsyncd at work for %s%s\n' "$(elapsed)" "${run_seconds:+ of $run_seconds s}   (Ctrl-C ends it)"
    printf '  %10s SIMs mirrored        %10s changes of SIMs recorded\n' "${sims_now:--}" "${changes:--}"
    printf '  %10s eSIM profiles known  %10s transitions of profiles recorded\n' "${profiles:--}" "${transitions:--}"
    printf '  %10s of them polled in the last 10 s\n' "${polled:--}"
    printf 'newest transitions\n'
    while IFS='|' read -r time sim from to; do
      printf '  %s  %s  %s → %s\n' "$time" "$sim" "$from" "$to"
    done
  } < <(look)
}

print_line() {
  local sims_now profiles polled transitions changes time sim from to newest=
  {
    IFS='|' read -r sims_now profiles polled transitions changes || true
    if IFS='|' read -r time sim from to; then
      newest="; newest: $time $sim $from → $to"
    fi
  } < <(look)
  printf '%s  %s SIMs, %s changes; %s profiles, %s polled in the last 10 s, %s transitions%s\n' "$(elapsed)" \
    "${sims_now:--}" "${changes:--}" "${profiles:--}" "${polled:--}" "${transitions:--}" "$newest"
}

summary_sql="
SELECT type, status, coalesce(profile_status, '-') AS profile, sum(sims) AS sims
FROM simsync.inventory_summary GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;"

newest_sql="
SELECT observed_at::timestamptz(0), sim_id, from_status, to_status, (observed_at - reported_at)::interval(1) AS seen_after
FROM simsync.esim_profile_transition WHERE from_status IS NOT NULL ORDER BY transition_id DESC LIMIT 10;"

print_summary() {
  printf '\nThe inventory (simsync.inventory_summary):\n'
  query -P footer=off -c "$summary_sql" || true
  printf 'The newest transitions (simsync.esim_profile_transition):\n'
  query -P footer=off -c "$newest_sql" || true
}

say_how_to_look() {
  printf "To look further while this runs:\n  psql '%s'\n" "$database"
}

# --- the run ---------------------------------------------------------------------------------------------------------

ended=false
summary_after=60

check_alive() {
  kill -0 "$daemon_pid" 2>/dev/null || give_up simsyncd "$scratch/simsyncd.log"
  kill -0 "$simulator_pid" 2>/dev/null || give_up "the simulated SIM API" "$scratch/simulator.log"
}

is_over() {
  [ "$ended" = true ] || { [ -n "$run_seconds" ] && [ "$SECONDS" -ge "$run_seconds" ]; }
}

watch() {
  local terminal=false last_line=-3
  if [ -t 1 ] && [ "${TERM:-dumb}" != dumb ]; then
    terminal=true
  fi
  SECONDS=0
  trap 'ended=true' INT TERM HUP
  until is_over; do
    check_alive
    if [ "$terminal" = true ]; then
      draw_block || true # a Ctrl-C may end what it asks
    elif [ $((SECONDS - last_line)) -ge 5 ]; then
      last_line=$SECONDS
      print_line || true
    fi
    if [ "$SECONDS" -ge "$summary_after" ]; then
      summary_after=1000000000
      print_summary
      say_how_to_look
      show_cursor
      block_lines=0
    fi
    sleep 1 || true # a signal to the group ends it early
  done
}

parse_arguments "$@"
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

tests/support/install_packages.sh build quickstart
echo "building simsyncd and the simulated SIM API (minutes the first time, no time later)"
tests/support/build.sh release simsyncd sim-api-simulator
programs=build/release
make_scratch
start_postgres
start_simulator
write_config
start_daemon
watch
print_summary
if [ "$keep" = false ]; then
  echo "Ending simsyncd, the simulated API and PostgreSQL, and removing $scratch (--keep keeps the database)."
fi
