# Run as root by driver.service in the booted tree of boot_test.sh: the life of the package from its installation to its
# purge. Each line of its output is a finding (checks.sh).
set -uo pipefail
. /share/checks.sh
cd /
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 SYSTEMD_COLORS=0 SYSTEMD_PAGER=
drop_in=/etc/systemd/system/simsyncd.service.d
configuration=/etc/simsyncd/simsyncd.yaml

# --- looking ---------------------------------------------------------------------------------------------------------

property() { systemctl show -P "$1" simsyncd.service; }
is() { equals "$2" "$(property "$1")"; }
query() { runuser -u postgres -- psql -XAtqc "$1" "${2:-simsync}"; }

# eventually SECONDS COMMAND…
eventually() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    if [ "$SECONDS" -ge "$end" ]; then
      "$@"
      return
    fi
    sleep 0.2
  done
}

complete_walks() { query "SELECT count(*) FROM simsync.walk WHERE kind = 'full' AND outcome = 'complete'"; }
more_walks_than() { [ "$(complete_walks)" -gt "$1" ] || { echo "complete walks: $(complete_walks), before: $1"; return 1; }; }
raised() { [ "$(query "SELECT count(*) FROM simsync.alert WHERE rule = '$1'")" -gt 0 ] || { echo "nothing of rule $1"; return 1; }; }
walks_go_on() { eventually 40 more_walks_than $(($(complete_walks) + 1)); }

# says PATTERN: the service or systemd, of the service, at any time.
says() {
  local said
  journalctl --sync
  said=$(journalctl -o cat -u simsyncd.service)
  grep -qE -- "$1" <<<"$said" || { echo "no '$1' in:"; tail -n 30 <<<"$said"; return 1; }
}

everything() {
  find / -xdev \( -path /proc -o -path /sys -o -path /run -o -path /tmp -o -path /var/tmp -o -path /share -o -path /dev \
    -o -path /var/log -o -path /var/cache -o -path /var/lib/apt -o -path /etc/postgresql -o -path /var/lib/postgresql -o -path /var/lib/dpkg/info \
    -o -path '/var/lib/systemd/timers' -o -path '/var/lib/systemd/catalog' \) -prune -o -print | sort
}

accounts() { getent passwd; getent group; }

apt_install() {
  apt-get -y -qq --no-install-recommends -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confdef \
    -o Dpkg::Options::=--force-confold install "$1"
}

# --- installation ----------------------------------------------------------------------------------------------------

install_it() {
  # Dependencies first, so that what is there before and after is the package alone.
  local dependencies
  mapfile -t dependencies < <(apt-get -s --no-install-recommends install /share/simsyncd.deb |
    sed -n 's/^Inst \([^ ]*\) .*/\1/p' | grep -vx simsyncd)
  [ ${#dependencies[@]} = 0 ] || apt-get -y -qq --no-install-recommends install "${dependencies[@]}" >/dev/null
  everything >/tmp/files-before
  accounts >/tmp/accounts-before
  check "apt installs the package" apt_install /share/simsyncd.deb
  check "it is not started" is ActiveState inactive
  check "it is not enabled" equals disabled "$(systemctl is-enabled simsyncd)"
  check "the user is there, without a shell" equals /usr/sbin/nologin "$(getent passwd simsyncd | cut -d: -f7)"
  check "/etc/simsyncd is for root and its group" equals "750 root simsyncd" "$(stat -c '%a %U %G' /etc/simsyncd)"
  check "systemd-analyze verify has nothing to say" equals "" "$(systemd-analyze verify --man=no simsyncd.service 2>&1)"
}

# The example names a token that nobody has laid down yet: a fault of configuration.
exit_code_2() {
  check "without a configuration of ours it does not start" eval "! systemctl start simsyncd"
  sleep 7 # RestartSec=5
  check "exit code 2 is not tried again" is NRestarts 0
  check "its result is an exit code" is Result exit-code
  check "which is 2" is ExecMainStatus 2
  systemctl reset-failed simsyncd
}

# --- configuration ---------------------------------------------------------------------------------------------------

start_simulator() {
  systemd-run -q --unit=simulator /share/sim-api-simulator --project acme:secret-token:2000 --listen 127.0.0.1:8443 \
    --changes-per-second 5 --tls-cert /share/api.example.test.pem --tls-key /share/api.example.test.key
}

configure() {
  runuser -u postgres -- createuser simsyncd
  runuser -u postgres -- createdb -O simsyncd -E UTF8 -T template0 simsync
  install -m 755 /dev/stdin /usr/local/bin/tell <<'END'
#!/bin/sh
cat >>/tmp/told
id -un >>/tmp/told
END
  # The packaged example, edited as an operator would.
  sed -i -e 's|base_url: .*|base_url: https://api.example.test:8443|' -e 's|# ca_file: .*|ca_file: /etc/simsyncd/ca.pem|' \
    -e 's|interval: 15m  .*|interval: 1s|' -e 's|new_sims_interval: 1m.*|new_sims_interval: 1s|' \
    -e 's|recent_interval: 30s.*|recent_interval: 1s|' -e 's|per_second: 50 |per_second: 500 |' "$configuration"
  cat >>"$configuration" <<'END'
alerts:
  group_wait: 0s
  channels:
    program: {type: command, program: /usr/local/bin/tell}
  rules:
    - {name: moved, on: profile, channels: [program]}
END
  install -m 644 /share/ca.pem /etc/simsyncd/ca.pem
  install -m 600 /dev/stdin /etc/simsyncd/acme.token <<<secret-token
  mkdir -p "$drop_in"
  # The watchdog of two minutes is for machines that swap; here it has to bite while somebody waits.
  printf '[Service]\nLoadCredential=acme:/etc/simsyncd/acme.token\nWatchdogSec=15s\n' >"$drop_in/override.conf"
  systemctl daemon-reload
}

by_hand() {
  systemd-run -q --pipe --wait --collect -p User=simsyncd -p LoadCredential=acme:/etc/simsyncd/acme.token simsyncd check
}

# --- at work ---------------------------------------------------------------------------------------------------------

first_start() {
  check "simsyncd check by systemd-run, as the manual has it" by_hand
  check "systemctl enable --now: it is ready" systemctl enable -q --now simsyncd
  check "it is active" is ActiveState active
  check "full walks are complete: API by name and TLS, database by socket" walks_go_on
  check "peer authentication over the socket, as simsyncd" equals simsyncd "$(query "SELECT DISTINCT usename
    FROM pg_stat_activity WHERE datname = 'simsync' AND client_addr IS NULL AND backend_type = 'client backend'
      AND pid <> pg_backend_pid()")"
  check "systemctl status shows the figures" eventually 20 eval "systemctl status simsyncd | grep -E 'Status: \".*acme'"
  note=$(property StatusText)
  check "and this is what they say" test -n "$note"
}

# What the program of the command channel wrote into the service's own /tmp.
told() { grep -q -- "$1" /tmp/systemd-private-*-simsyncd.service-*/tmp/told; }

of_process() { sed -n "s/^$1:[[:space:]]*//p" "/proc/$(property MainPID)/status"; }

sandbox() {
  local said exposure
  said=$(systemd-analyze security simsyncd.service 2>&1)
  exposure=$(exposure_of "$said")
  note="exposure $exposure" check "systemd-analyze security of the running service" exposed_little "$exposure"
  check "no new privileges" equals 1 "$(of_process NoNewPrivs)"
  # systemd-nspawn has filters, too, which all inside inherit.
  check "system calls are filtered" test "$(of_process Seccomp_filters)" -gt \
    "$(sed -n 's/^Seccomp_filters:[[:space:]]*//p' /proc/1/status)"
  check "no capability" equals 0000000000000000 "$(of_process CapBnd)"
  check "users of its own" eval '! equals "$(readlink /proc/1/ns/user)" "$(readlink "/proc/$(property MainPID)/ns/user")"'
  check "walks go on meanwhile" walks_go_on
  check "a command channel's program gets the alert" eventually 30 told simsync.profile.transition
  check "as the service's user" eventually 10 told '^simsyncd$'
  check "nothing was denied to it" eval "! journalctl -u simsyncd -o cat | grep -iE 'not permitted|permission denied|not supported'"
}

tls_lines() {
  cat <<'END'
hostssl simsync simsyncd 127.0.0.1/32 scram-sha-256 clientcert=verify-full
END
  cat "$1"
}

# As operations.md has it: the server is verified, and asks for a certificate and a password.
database_by_tls() {
  local settings
  settings=$(query 'SHOW config_file' postgres)
  settings=${settings%/*}
  install -m 600 -o postgres -g postgres /share/db.example.test.key "$settings/db.key"
  install -m 644 /share/db.example.test.pem "$settings/db.pem"
  install -m 644 /share/ca.pem "$settings/ca.pem"
  tls_lines "$settings/pg_hba.conf" >/tmp/hba && cat /tmp/hba >"$settings/pg_hba.conf"
  query "ALTER SYSTEM SET ssl_cert_file = '$settings/db.pem'" postgres
  query "ALTER SYSTEM SET ssl_key_file = '$settings/db.key'" postgres
  query "ALTER SYSTEM SET ssl_ca_file = '$settings/ca.pem'" postgres
  query "ALTER SYSTEM SET ssl = on" postgres
  query "ALTER ROLE simsyncd PASSWORD 'db-password'" postgres
  query 'SELECT pg_reload_conf()' postgres >/dev/null
  install -m 644 /share/simsyncd.pem /etc/simsyncd/client.pem
  install -m 600 /share/simsyncd.key /etc/simsyncd/client.key
  install -m 600 /dev/stdin /etc/simsyncd/pgpass <<<'db.example.test:5432:simsync:simsyncd:db-password'
  printf 'LoadCredential=client.key:/etc/simsyncd/client.key\nLoadCredential=pgpass:/etc/simsyncd/pgpass\n' \
    >>"$drop_in/override.conf"
  cp "$configuration" /tmp/before-tls.yaml
  sed -i "s|  url: postgresql:.*|  url: postgresql://simsyncd@db.example.test/simsync?sslmode=verify-full\&sslrootcert=/etc/simsyncd/ca.pem\&sslcert=/etc/simsyncd/client.pem\&sslkey=\${CREDENTIALS_DIRECTORY}/client.key\&passfile=\${CREDENTIALS_DIRECTORY}/pgpass|" "$configuration"
  systemctl daemon-reload
  check "it starts with the database by TLS" systemctl restart simsyncd
  check "walks go on by TLS" walks_go_on
  check "each session is encrypted, with its certificate" equals t/CN=simsyncd "$(query "SELECT DISTINCT ssl || client_dn
    FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'simsyncd'" | sed 's/^true/t/')"
  cp /tmp/before-tls.yaml "$configuration"
  check "and back to the socket" systemctl restart simsyncd
}

# operations.md, "Backup and restore".
backup_and_restore() {
  local walks
  walks=$(complete_walks)
  check "pg_dump while it runs" runuser -u postgres -- pg_dump --format=custom --file=/tmp/simsync.dump simsync
  systemctl stop simsyncd
  runuser -u postgres -- dropdb simsync
  runuser -u postgres -- createdb -O simsyncd -E UTF8 -T template0 simsync
  check "pg_restore of it" runuser -u postgres -- pg_restore --dbname=simsync /tmp/simsync.dump
  check "the history is there again" test "$(complete_walks)" -ge "$walks"
  check "it starts on the restored database" systemctl start simsyncd
  check "and walks go on" walks_go_on
}

# --- reload, kill, watchdog ------------------------------------------------------------------------------------------

reloads() {
  local pid
  pid=$(property MainPID)
  sed -i 's/name: moved,/name: moved-anew,/' "$configuration"
  check "a reload with a good configuration" systemctl reload simsyncd
  check "it is active afterwards" eventually 15 is ActiveState active
  check "the new rule is at work" eventually 20 raised moved-anew
  check "it is the same process" is MainPID "$pid"
  cp "$configuration" /tmp/good.yaml
  echo 'walkk: {interval: 1s}' >>"$configuration"
  systemctl reload simsyncd
  check "a broken configuration is named in the journal" eventually 15 says 'refused.*walkk'
  check "and in systemctl status" eventually 20 eval 'contains "$(property StatusText)" walkk'
  check "it is still active" eventually 15 is ActiveState active
  check "it is still the same process" is MainPID "$pid"
  check "and walks go on" walks_go_on
  cp /tmp/good.yaml "$configuration"
}

another_process_than() {
  [ "$(property MainPID)" != 0 ] && [ "$(property MainPID)" != "$1" ] && [ "$(property ActiveState)" = active ] ||
    { echo "still $(property ActiveState), process $(property MainPID)"; return 1; }
}

killed() {
  local pid
  systemctl reset-failed simsyncd # also sets NRestarts to 0
  systemctl start simsyncd
  pid=$(property MainPID)
  kill -KILL "$pid"
  check "after kill -9 it is started again" eventually 30 another_process_than "$pid"
  check "once" is NRestarts 1
  check "and walks go on after kill -9" walks_go_on
}

watchdog() {
  local pid
  pid=$(property MainPID)
  sleep 20
  check "the watchdog leaves alone what works, for 20 s of 15" is MainPID "$pid"
  pid=$(property MainPID)
  kill -STOP "$pid"
  check "a frozen one is ended and started again" eventually 60 another_process_than "$pid"
  check "for the watchdog's sake" says "Failed with result 'watchdog'"
  check "walks go on after the watchdog" walks_go_on
}

# --- upgrade, removal, purge -----------------------------------------------------------------------------------------

upgrade() {
  local pid
  pid=$(property MainPID)
  cp "$configuration" /tmp/edited.yaml
  check "apt upgrades the package" apt_install /share/upgrade.deb
  check "it is the new version" equals 99.0 "$(dpkg-query -W -f '${Version}' simsyncd)"
  check "local edits of the configuration are kept" cmp /tmp/edited.yaml "$configuration"
  check "the new example is beside them" grep -q 'a line of the next version' "$configuration.dpkg-dist"
  check "the folder's rights are kept" equals "750 root simsyncd" "$(stat -c '%a %U %G' /etc/simsyncd)"
  check "the service was restarted" eventually 30 another_process_than "$pid"
  check "it is still enabled" equals enabled "$(systemctl is-enabled simsyncd)"
  check "and walks go on after the upgrade" walks_go_on
}

removal() {
  check "apt removes the package" apt-get -y -qq remove simsyncd
  check "nothing of it runs" eval '! pgrep -x simsyncd'
  check "the program is gone" test ! -e /usr/bin/simsyncd
  check "its configuration is kept" cmp /tmp/edited.yaml "$configuration"
  check "apt purges it" apt-get -y -qq purge simsyncd
  everything >/tmp/files-after
  accounts >/tmp/accounts-after
  check "a purge leaves no file" diff <(grep -v '/usr/local/bin/tell$' /tmp/files-before) \
    <(grep -v '/usr/local/bin/tell$' /tmp/files-after)
  check "no user and no group" diff /tmp/accounts-before /tmp/accounts-after
  check "the database is not touched" test "$(complete_walks)" -gt 0
}

echo "systemd $(systemctl --version | sed -n '1s/systemd \([0-9]*\).*/\1/p'), PostgreSQL $(query 'SHOW server_version' postgres)"
install_it
exit_code_2
start_simulator
configure
first_start
sandbox
database_by_tls
backup_and_restore
reloads
killed
watchdog
upgrade
removal
echo "all steps were gone through"
finish
