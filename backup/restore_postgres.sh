#!/usr/bin/env bash
# Restores a logical backup: restore_postgres.sh [--list | --verify] [--backup NAME | --at TIME] [--replace] [--foreign] [--database NAME]
#        restore_postgres.sh --drop-old NAME
# Takes the newest backup, or one by name, or the last that was made before TIME. Verifies it, restores it into a scratch database, proves
# that against the manifest, and only then gives it the name of the target (PGDATABASE, or --database) in one transaction. A target that
# holds something needs --replace: its connections are closed, and it is kept under another name until --drop-old. --verify changes
# nothing. --foreign takes one of another deployment or database. Whatever fails leaves the target as it was.
# Ends with a JSON line. Exit code 0 only if the target is what the manifest says.
set -Eeuo pipefail
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"
usage() { sed -n '2,3s/^# *//p' "$0" >&2; rm -rf "$work"; exit 2; }
name='' at='' replace='' foreign='' target=$PGDATABASE act=restore
while [ $# -gt 0 ]; do
  case $1 in
    --list | --verify) act=${1#--}; shift; continue ;;
    --replace) replace=yes; shift; continue ;;
    --foreign) foreign=yes; shift; continue ;;
    --backup | --at | --database | --drop-old) [ $# -ge 2 ] || usage ;;
    *) usage ;;
  esac
  case $1 in
    --backup) name=$2 ;;
    --at) at=$(date -u -d "$2" +%s) || usage ;;
    --database) target=$2 ;;
    --drop-old) act=drop name=$2 ;;
  esac
  shift 2
done
begin "$act"
export PGDATABASE=postgres

if [ "$act" = drop ]; then
  [[ $name =~ _before_[0-9]{8}t[0-9]{6}z$ ]] || fail "$name is no database that a restore put aside (TARGET_before_TIME)"
  query --set name="$name" --file - <<< 'DROP DATABASE :"name"'
  exit 0
fi

# --- which one
needs_store
there=$(objects)
all=$(whole "$there")
if [ "$act" = list ]; then
  for one in $all; do printf '%s  %s  key %s\n' "$one" "$(date -u -d "@$(time_of "$one")" '+%F %T UTC')" "${one#*.}"; done
  for one in $(partial "$there"); do printf '%s  not whole\n' "$one"; done
  note backups "$(wc -w <<< "$all")"
  exit 0
fi
[ -n "$all" ] || fail "There is no backup in $store"
if [ -n "$at" ]; then
  for one in $all; do [ "$(time_of "$one")" -gt "$at" ] || name=$one; done
  [ -n "$name" ] || fail "There is no backup of before $(date -u -d "@$at" +%FT%TZ): the oldest is ${all%%$'\n'*}"
fi
name=${name:-${all##*$'\n'}}
grep -qxF "$name" <<< "$all" || fail "There is no whole backup $name in $store (--list)"
note backup "$name"
key=${name#*.}

# --- is it ours, whole, and for here
manifest=$(manifest_of "$name")
of() { jq --raw-output "$1" <<< "$manifest"; }
if [ -z "$foreign" ]; then
  [ "$(of .deployment)" = "${DEPLOYMENT:-production}" ] || fail "$name is a backup of the deployment $(of .deployment), not of ${DEPLOYMENT:-production}: say --foreign if that is meant"
  [ "$(of .database)" = "$target" ] || fail "$name is a backup of the database $(of .database), not of $target: say --foreign if that is meant"
fi
if [ "$act" = restore ]; then
  server=$(query --command 'SHOW server_version_num')
  [ $((server / 10000)) -ge $(($(of .server) / 10000)) ] || fail "$name is of PostgreSQL $(($(of .server) / 10000)), which is newer than the $((server / 10000)) here"
  lacking=$(query --set wanted="$(of '.extensions | join(",")')" --file - <<< "SELECT string_agg(wanted, ', ')
    FROM unnest(string_to_array(:'wanted', ',')) AS wanted WHERE wanted NOT IN (SELECT name FROM pg_available_extensions)")
  [ -z "$lacking" ] || fail "This server lacks extensions that $name needs: $lacking"
  for role in seaworthy_app seaworthy_owner; do
    [ -n "$(query --command "SELECT to_regrole('$role')")" ] || fail "This server lacks the login $role: create the logins first (stores/logins.sql)"
  done
  if [ -z "$replace" ] && [ "$(query --set target="$target" --file - <<< "SELECT count(*) FROM pg_database WHERE datname = :'target'")" = 1 ]; then
    held=$(PGDATABASE=$target query --command "SELECT count(*) FROM pg_class WHERE oid >= 16384 AND relkind IN ('r', 'p') AND relnamespace::regnamespace::text !~ '^pg_'")
    [ "$held" = 0 ] || fail "The database $target is not empty, it has $held tables: say --replace to put it aside"
  fi
fi
say "$act: $name, $(of .bytes) bytes"
get "$name/dump" | hashing "$work/dump" >/dev/null
[ "$(< "$work/dump")" = "$(of .sha256)" ] || fail "The dump of $name is not what was stored: $(< "$work/dump.bytes") bytes of $(of .bytes), or others"
if [ "$act" = verify ]; then
  # Read to the end: the program that lists may stop before.
  get "$name/dump" | decrypt "$key" | { pg_restore --list 2>>"$work/errors" && cat >/dev/null; } > "$work/list" || fail "The dump of $name can't be read: $(complaint)"
  note entries "$(grep -c '^[0-9]' "$work/list")"
  exit 0
fi

# --- into a scratch database, which has to hold what the manifest says
time=$(date -u +%Y%m%dt%H%M%Sz)
scratch=${target}_restored_$time old=${target}_before_$time
# What an earlier restore, which was killed, left behind: nobody is connected to it.
for one in $(query --set like="${target}_restored_%" --file - <<< "SELECT datname FROM pg_database WHERE datname LIKE :'like' AND NOT EXISTS (SELECT FROM pg_stat_activity AS a WHERE a.datname = pg_database.datname)"); do
  query --set name="$one" --file - <<< 'DROP DATABASE :"name"'
done
undo+=("query --set name=$scratch --file - <<< 'DROP DATABASE IF EXISTS :\"name\" WITH (FORCE)'")
query --set name="$scratch" --file - <<'SQL'
CREATE DATABASE :"name" OWNER seaworthy_owner TEMPLATE template0;
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"name" TO seaworthy_app;
SQL
get "$name/dump" | hashing "$work/restored" | decrypt "$key" | quiet pg_restore --exit-on-error --dbname="$scratch"
[ "$(< "$work/restored")" = "$(of .sha256)" ] || fail "The store gave back another dump at the second time"
holds=$(PGDATABASE=$scratch PGOPTIONS='-c statement_timeout=0' query --single-transaction --file "$here/contents.sql")
expected=$(of '.contents[]')
[ "$holds" = "$expected" ] || fail "What was restored is not what the backup had: $(
  diff <(echo "$expected") <(echo "$holds") | sed -n 's/^</the backup has/p; s/^>/restored is/p' | paste -sd ';')"
# Written before the snapshot of this very backup: it is in there.
[ "$(PGDATABASE=$scratch query --command "SELECT extract(epoch FROM started_at)::bigint FROM backups WHERE kind = 'logical'")" = "$(time_of "$name")" ] ||
  fail 'What was restored lacks the row that was written before the backup'
note tables "$(grep -c '^table ' <<< "$holds")"
note rows "$(sed -nE 's/^table .*\|([0-9]+) rows.*/\1/p' <<< "$holds" | awk '{ n += $1 } END { print n + 0 }')"
note migration "$(sed -n 's/^migration|//p' <<< "$holds")"
PGDATABASE=$scratch query --command ANALYZE

# --- and gets the name of the target. While the first renaming waits for the last connection to end, it lets no new one begin.
is_there=$(query --set target="$target" --file - <<< "SELECT count(*) FROM pg_database WHERE datname = :'target'")
query --set scratch="$scratch" --set target="$target" --set old="$old" --set is_there="$is_there" --file - <<'SQL' & swap=$!
BEGIN;
\if :is_there
ALTER DATABASE :"target" RENAME TO :"old";
\endif
ALTER DATABASE :"scratch" RENAME TO :"target";
COMMIT;
SQL
while kill -0 "$swap" 2>/dev/null; do
  query --set target="$target" --set scratch="$scratch" --file - <<< "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname IN (:'target', :'scratch')" >/dev/null
done
wait "$swap" || fail "The database $target could not be put aside: $(complaint)"
undo=()
[ "$is_there" = 0 ] || note kept "$old"
