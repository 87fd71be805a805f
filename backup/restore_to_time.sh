#!/usr/bin/env bash
# Brings the database back as it was at a second, beside the live one: backup/restore_to_time.sh "2026-11-21 14:03:00+00" [--into FOLDER] [--keep]
# "latest" instead of a time goes as far as the storage does. The folder (/restored/18/docker, on the volume that can take the place of the live one)
# must be empty or not there yet, and is as it was when this fails. --keep leaves a PostgreSQL running there, to copy rows from.
# Exit code 1 when it could not be brought back, 2 when nothing was tried.
set -Eeuo pipefail
# shellcheck source=SCRIPTDIR/storage.sh
source "$(dirname "$0")/storage.sh"
refuse() { printf 'restore_to_time: %s\n' "$1" >&2; exit "${2-2}"; }
usage() { refuse "$1"$'\n''usage: backup/restore_to_time.sh "2026-11-21 14:03:00+00" | latest [--into FOLDER] [--keep]'; }
utc() { date --utc --date "$1" '+%Y-%m-%d %H:%M:%S+00' 2>/dev/null; }
began=$SECONDS time='' into=/restored/18/docker keep=
while [ $# -gt 0 ]; do
  case $1 in
    --into) [ -n "${2-}" ] || usage 'Into which folder?'; into=$2; shift ;;
    --keep) keep=1 ;;
    -*) usage "There is no option $1." ;;
    *) [ -z "$time" ] || usage 'One time only.'; time=$1 ;;
  esac
  shift
done
[ -n "$time" ] || usage 'To which time?'
into=$(realpath --canonicalize-missing "$into")
case $into/ in "${live%/18/docker}"/*) refuse "$into is where the live database is: choose another folder." ;; esac
if [ -e "$into" ] && [ -n "$(ls -A "$into")" ]; then refuse "$into is not empty: nothing is restored over what is there."; fi
if [ "$time" != latest ]; then
  [[ $time =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}[T\ ][0-9]{2}:[0-9]{2}(:[0-9]{2})?\ ?(Z|UTC|[+-][0-9]{2}(:?[0-9]{2})?)$ ]] ||
    usage "\"$time\" is not a time with a zone, such as \"2026-11-21 14:03:00+00\"."
  target=$(utc "$time") || usage "\"$time\" is no time."
  (($(date --date "$target" +%s) <= $(date +%s))) || refuse "$target is in the future."
fi
configure || exit 2

# --- what the storage has
unusable() { refuse "The storage can not be read: $1" 1; }
known=$(inventory) || unusable "$known"
[ "$(jq '.[0].backup | length' <<< "$known")" != 0 ] || unusable 'it holds no backup yet'
of_backups() { jq --raw-output "[.[0].backup[] | select(.error | not)] | $1" <<< "$known"; }
first=$(utc "@$(of_backups 'map(.timestamp.stop) | min')")
# When the last WAL came: what was committed after it, the storage does not have.
archive=archive/$stanza/$(jq --raw-output '.[0].archive[-1].id' <<< "$known")
folder=$(pgbackrest repo-ls "$archive" | grep -E '^[0-9A-F]{16}$' | tail -n 1) || unusable "there is no WAL"
last=$(utc "@$(pgbackrest repo-ls --output=json "$archive/$folder" | jq '[.[].time // 0] | max')")
possible="The first possible time is $first, the last $last."
if [ "$time" != latest ]; then
  (($(date --date "$target" +%s) >= $(date --date "$first" +%s))) || refuse "$target is before the first backup ended. $possible"
  (($(date --date "$target" +%s) <= $(date --date "$last" +%s))) || refuse "Nothing that was committed as late as $target has come to the storage yet. $possible"
  chosen=$(of_backups "map(select(.timestamp.stop <= $(date --date "$target" +%s))) | max_by(.timestamp.stop)")
else
  chosen=$(of_backups 'max_by(.timestamp.stop)')
fi
above=$into; until [ -d "$above" ]; do above=${above%/*}; above=${above:-/}; done
[ -w "$above" ] || refuse "$above can not be written to."
# As large as it was, and a quarter of a gigabyte for the WAL that comes after it.
need=$(($(jq .info.size <<< "$chosen") + 268435456)) free=$(df --output=avail --block-size=1 "$above" | tail -n 1)
((free > need)) || refuse "$above has $((free / 1048576)) MB free, and $((need / 1048576)) MB are needed."

# --- from here on something is there, and goes again when it is not whole
work=$(mktemp --directory /tmp/restored.XXXXXX) log=$work/log
end_server() { pg_ctl stop --pgdata="$into" --mode=fast --silent >/dev/null 2>&1 || true; }
undo() {
  end_server
  if [ -d "$into" ]; then find "$into" -mindepth 1 -delete; fi
  until [ "$into" = "$above" ] || ! rmdir "$into" 2>/dev/null; do into=${into%/*}; done
  rm -rf "$work"
}
trap undo EXIT
mkdir -p "$into" && chmod 700 "$into"
to=(--type=default)
[ "$time" = latest ] || to=(--type=time --target="$target" --target-action=promote)
said=$(pgbackrest restore --pg1-path="$into" --set="$(jq --raw-output .label <<< "$chosen")" "${to[@]}" 2>&1) || refuse "$(reason_of "$said")" 1

# Nobody but this user comes in, and what it writes to the log of changes is kept for the archive until it is the live one.
echo 'local all postgres peer' > "$work/pg_hba.conf"
server=(-c "unix_socket_directories=$work" -c "hba_file=$work/pg_hba.conf" -c listen_addresses= -c hot_standby=off -c archive_mode=on -c archive_command=
  -c ssl=off -c shared_buffers=64MB -c logging_collector=off -c max_connections=100 -c "config_file=$into/postgresql.conf")
# It takes nobody before it is where it has to be, and is gone when it can't get there.
up() {
  pg_ctl start --no-wait --silent --pgdata="$into" --log="$log" --options="$(printf '%q ' "${server[@]}")" >/dev/null 2>&1 || return
  until pg_isready --quiet --host "$work"; do
    sleep 0.2
    pg_ctl status --pgdata="$into" >/dev/null 2>&1 || return
  done
}
up || {
  reached=$(sed -nE 's/.*last completed transaction was at log time (.*)/\1/p' "$log" | tail -n 1)
  case $(grep -E 'FATAL|PANIC' "$log" | tail -n 1) in
    *'recovery ended before configured recovery target'*)
      refuse "The WAL of the storage ends before $target, or a piece of it is missing: the last transaction before its end is of ${reached:-the backup itself}." 1 ;;
    *) refuse "PostgreSQL did not come up: $(sed -nE 's/.*(FATAL|PANIC): +//p' "$log" | tail -n 1)" 1 ;;
  esac
}
ask() { psql --no-psqlrc --host "$work" --username postgres --quiet --tuples-only --no-align --command "$1"; }
# Whatever follows this database must not stop at the same second.
for setting in restore_command recovery_target_time recovery_target_action recovery_target_timeline; do ask "ALTER SYSTEM RESET $setting"; done
reached=$(sed -nE 's/.*(recovery stopping .*|last completed transaction was at log time .*)/\1/p' "$log" | head -n 1)
trap - EXIT
if [ -n "$keep" ]; then at="a PostgreSQL runs there: psql -h $work -U postgres seaworthy"; else end_server; rm -rf "$work"; at='nothing runs there'; fi

cat <<TEXT
restored to $([ "$time" = latest ] && echo 'the end of what is archived' || echo "$target"), from the backup $(jq --raw-output .label <<< "$chosen"), in $((SECONDS - began)) seconds
$reached
in $into; $at
To copy rows back, to put it in the place of the live one, or to take it away again: docs/runbooks/backups.md
TEXT
