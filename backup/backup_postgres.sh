#!/usr/bin/env bash
# One logical backup: backup_postgres.sh
# pg_dump of a consistent snapshot, encrypted while it streams, uploaded, read again and compared, and what is too old is deleted. Nothing
# of it touches the disk here. With it goes a manifest, encrypted and signed: what the database held at that snapshot (contents.sql).
# Ends with a JSON line. Exit code 0 only if the backup is whole in the store.
set -Eeuo pipefail
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"
[ $# = 0 ] || { echo 'usage: backup_postgres.sh' >&2; exit 2; }
begin logical
recorded_as=logical
needs_store
key=$(current_key)

# --- a session that lasts until the dump is done. Its lock and its snapshot end with it, whatever happens.
mkfifo "$work/questions" "$work/answers"
quiet psql --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 < "$work/questions" > "$work/answers" & session=$!
exec {ask}> "$work/questions" {answers}< "$work/answers"
answer() { IFS= read -r -u "$answers" "$1" || { wait "$session" || true; exit 1; }; }
alone='' clock='' snapshot='' database='' line=''
cat >&"$ask" <<'SQL'
SET idle_in_transaction_session_timeout = 0; SET statement_timeout = 0; SET lock_timeout = '10s';
SELECT pg_try_advisory_lock(hashtext('backup'));
SELECT extract(epoch FROM clock_timestamp())::bigint;
SQL
answer alone; answer clock
# Which one goes on, and says how it ends.
[ "$alone" = t ] || { recorded_as=''; fail 'Another backup of this database is under way'; }

# --- its name is its time, by which backups are chosen and deleted
now=$(date +%s) off=$(($(date +%s) - clock))
[ "${off#-}" -le 60 ] || fail "The clock here is $off s away from that of the database: set it first"
name=$(date -u -d "@$now" +%Y%m%dT%H%M%SZ).$key
there=$(objects)
newest=$(whole "$there" | tail -n 1)
[ -z "$newest" ] || [ "$(time_of "$newest")" -lt "$now" ] ||
  fail "The clock is wrong, or was: the newest backup, $newest, is not older than now"
note backup "$name"
# Before the snapshot, for whoever restores it.
record_started logical "$now"

# --- what the database holds
cat >&"$ask" <<SQL
BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY;
SELECT pg_export_snapshot();
SELECT jsonb_build_object('database', current_database(), 'server', current_setting('server_version_num')::integer,
  'size', pg_database_size(current_database()), 'extensions', (SELECT jsonb_agg(extname ORDER BY extname) FROM pg_extension));
\\i $here/contents.sql
\\echo end
SQL
answer snapshot; answer database
contents=$work/contents
while answer line && [ "$line" != end ]; do printf '%s\n' "$line"; done > "$contents"

# --- the dump
manifest=$(jq --compact-output --arg deployment "${DEPLOYMENT:-production}" --rawfile contents "$contents" \
  '. + { deployment: $deployment, contents: ($contents | rtrimstr("\n") | split("\n")) }' <<< "$database")
undo+=("drop $name")
size=$(jq .size <<< "$database")
say "logical: $name, of a database of $size bytes"
quiet pg_dump --snapshot="$snapshot" --format=custom --compress=zstd:3 --lock-wait-timeout=30s | keep "$name" "$size" "$manifest"
printf '\\q\n' >&"$ask"
exec {ask}>&- {answers}<&-
wait "$session"
undo=()
bytes=$(< "$work/dump.bytes")
note bytes "$bytes"
record_success logical "$bytes"

# --- what is too old goes, and what never became whole
there=$(objects)
expired=$(whole "$there" | "$here/expired.sh" "$now")
# One that somebody else is making now is younger.
for old in $(partial "$there"); do [ $((now - $(time_of "$old"))) -lt 86400 ] || expired+=$'\n'$old; done
for old in $expired; do drop "$old"; done
note deleted "$(wc -w <<< "$expired")"
