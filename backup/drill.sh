#!/usr/bin/env bash
# A drill: drill.sh. Restores the newest logical and the newest physical backup into servers of its own, and proves each: no page or index
# is broken (pg_amcheck), the rows are those of the manifest, the books add up, the audit trail is whole, and the row that was written
# before the backup is there. Says how long it took from nothing to a proven database, and what would have been lost. Leaves nothing behind.
# AUDIT_OLD_KEYS has to hold the public key of the audit seals, as npm run audit:verify shows it.
set -Eeuo pipefail
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"
[ $# = 0 ] || { echo 'usage: drill.sh' >&2; exit 2; }
begin drill
recorded_as=drill
needs_store
[ -n "${AUDIT_OLD_KEYS:-}" ] || fail 'AUDIT_OLD_KEYS is not set: npm run audit:verify shows the public key of the seals'
scratch=${BACKUP_SCRATCH:-/restored}/drill
mkdir -p "$scratch" || fail "There is no place to drill in: $scratch"
exec {lock}> "$scratch/.lock"
flock --nonblock "$lock" || { recorded_as=''; fail 'Another drill is under way'; }
live=${PGHOST:-}
server() { pg_ctl --pgdata="$1/data" --silent "${@:2}"; }
start() {
  server "$1" --wait --log="$1/log" --options="-c listen_addresses= -c unix_socket_directories=$1 -c fsync=off -c max_wal_size=2GB -c archive_mode=off" start ||
    fail "A server for the drill did not start: $(tail -n 2 "$1/log" | tr '\n' ' ')"
}
always+=("for one in $scratch/*/data; do pg_ctl --pgdata=\"\$one\" --silent --mode=immediate stop; done" "rm -rf $scratch")
# What an earlier one, which was killed, left behind.
for one in "$scratch"/*/data; do [ ! -e "$one" ] || server "${one%/data}" --mode=immediate stop || true; done
rm -rf "${scratch:?}"/*/

prove() { # what, folder of the socket: its seconds since the last step are noted
  quiet pg_amcheck --host="$2" --install-missing --heapallindexed --jobs=2 "$PGDATABASE" > "$work/amcheck" ||
    fail "$1: pg_amcheck found: $(head -n 3 "$work/amcheck" | tr '\n' ' ')"
  local verdict
  verdict=$(cd "${SERVICE:-/app}" && NODE_ENV=development DATABASE_URL="postgres://postgres@${2//\//%2F}/$PGDATABASE" quiet node src/restored-verify.ts) ||
    fail "$1: the verifiers found: ${verdict:-$(tail -n 3 "$work/errors" | tr '\n' ' ')}"
  note "${1}_books" "$(jq --compact-output .books <<< "$verdict")"
}

# --- logical: into a new server, by the command that an emergency takes too
say 'drill: the newest logical backup'
from=$(date +%s%3N)
socket=$scratch/logical
mkdir -p "$socket"
quiet initdb --pgdata="$socket/data" --auth=peer --username=postgres --no-sync >/dev/null
start "$socket"
PGHOST=$socket PGDATABASE=postgres query --command 'CREATE ROLE seaworthy_app; CREATE ROLE seaworthy_owner; CREATE ROLE seaworthy_monitor' >/dev/null
restored=$(PGHOST=$socket "$here/restore_postgres.sh" 2>>"$work/errors") || fail "logical: $(jq --raw-output .error <<< "$restored")"
prove logical "$socket"
note logical_backup "$(jq --raw-output .backup <<< "$restored")"
note logical_rows "$(jq .rows <<< "$restored")"
note logical_seconds "$(awk "BEGIN { printf \"%.1f\", ($(date +%s%3N) - $from) / 1000 }")"
note logical_loss_seconds "$(($(date +%s) - $(time_of "$(jq --raw-output .backup <<< "$restored")")))"
server "$socket" --mode=immediate stop
rm -rf "$socket"

# --- physical: as far as the storage goes
say 'drill: the newest physical backup, and all that came after it'
from=$(date +%s%3N)
socket=$scratch/physical
mkdir -p "$socket"
restored=$("$here/restore_to_time.sh" latest --into "$socket/data" 2>&1) || fail "physical: $(tail -n 3 <<< "$restored" | tr '\n' ' ')"
start "$socket"
prove physical "$socket"
begun="SELECT started_at FROM backups WHERE kind = 'physical' AND started_at IS NOT NULL"
begun_here=$(PGHOST=$socket query --command "$begun")
[ -n "$begun_here" ] && [ "$begun_here" = "$(PGHOST=$live query --command "$begun")" ] ||
  fail 'physical: it lacks the row that was written before the backup'
note physical_seconds "$(awk "BEGIN { printf \"%.1f\", ($(date +%s%3N) - $from) / 1000 }")"
last=$(sed -nE 's/.*at log time (.*)/\1/p' <<< "$restored" | tail -n 1)
[ -z "$last" ] || note physical_loss_seconds "$(($(date +%s) - $(date -d "$last" +%s)))"
server "$socket" --mode=immediate stop

PGHOST=$live record_success drill ''
