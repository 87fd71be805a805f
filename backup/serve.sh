#!/usr/bin/env bash
# The process of the container `backup`: takes WAL for the storage, and runs the schedule. What keeps it from that it says, and leaves
# /tmp/failed for the health check. It ends when one of the two ends.
set -Eeuo pipefail
# shellcheck source=SCRIPTDIR/storage.sh
source "$(dirname "$0")/storage.sh"
trap 'kill $(jobs -p) 2>/dev/null; exit 0' TERM INT
# A signal ends it at once.
pause() { sleep "$1" & wait $!; }
failed() { echo "backup: $1" >&2; touch /tmp/failed; }

# What is set wrong does not get right by itself.
configure || { touch /tmp/failed; pause infinity; }
pgbackrest server & serving=$!
until pg_isready --quiet --host /var/run/postgresql; do pause 1; done
# Makes the place in the storage, or sees that it is that of this database.
until said=$(pgbackrest stanza-create 2>&1); do
  failed "the storage can not be used, again in 15 seconds: $(reason_of "$said")"
  pause 15
done
rm -f /tmp/failed
echo "backup: WAL goes to $BACKUP_BUCKET/$DEPLOYMENT/physical"
/backup/schedule.sh & schedule=$!
wait -n "$serving" "$schedule" || true
echo 'backup: a part of it ended' >&2
kill "$serving" "$schedule" 2>/dev/null || true
exit 1
