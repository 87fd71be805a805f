#!/usr/bin/env bash
# A replica of PostgreSQL, to read from and to go on with (docs/runbooks/postgres-failover.md). On a new volume it copies the primary first. Its slot keeps
# there what it was not told yet, up to max_slot_wal_keep_size: one that was away for longer needs a new volume.
set -euo pipefail
umask 077
# PostgreSQL takes no key that others may read, and libpq no such passwords.
install -m 600 /run/secrets/postgres_key /tmp/postgres.key
install -m 600 /run/secrets/archiver_key /tmp/archiver.key
echo "postgres:5432:*:seaworthy_replica:$(cat /run/secrets/postgres_replica_password)" > /tmp/primary
primary='host=postgres user=seaworthy_replica passfile=/tmp/primary sslmode=verify-full sslrootcert=/run/secrets/ca application_name=replica'
# Refused where it is as it should be already. What else is wrong, the copy or the log of the replica says, which is unhealthy then.
slot() { psql --no-psqlrc --quiet "$primary replication=true" --command "$1" >/dev/null 2>&1 || true; }

# Of a primary that was lost (scripts/promote-standby). It may have acknowledged what nobody else has: it is kept, and never started.
if [ -e "$PGDATA/former-primary" ]; then
  rm -rf "$PGDATA.former"
  mv "$PGDATA" "$PGDATA.former"
fi
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  # That of a copy before; one from which somebody reads stays.
  slot 'DROP_REPLICATION_SLOT replica'
  slot 'CREATE_REPLICATION_SLOT replica PHYSICAL RESERVE_WAL'
  # Half a copy never stands where a whole one does.
  rm -rf "$PGDATA.new" "$PGDATA"
  mkdir -p "${PGDATA%/*}"
  pg_basebackup --dbname="$primary" --pgdata="$PGDATA.new" --wal-method=stream --slot=replica --checkpoint=fast
  touch "$PGDATA.new/standby.signal"
  mv "$PGDATA.new" "$PGDATA"
fi
# Without it, this would be a second primary.
[ -e "$PGDATA/standby.signal" ] || { echo 'These are not the data of a standby: docs/runbooks/postgres-failover.md' >&2; exit 1; }
# After a failover the primary is another one, and has no slot yet.
slot 'CREATE_REPLICATION_SLOT replica PHYSICAL RESERVE_WAL'
exec postgres -c config_file=/etc/postgresql/postgresql.conf -c "primary_conninfo=$primary" -c primary_slot_name=replica
