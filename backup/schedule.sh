#!/usr/bin/env bash
# Makes each kind of backup when it is due, and drills: schedule.sh. One at a time, so that none overlaps another. When one was last done
# stands in the table `backups`, so that a restart neither forgets nor repeats one; what failed is tried again after an hour.
# Times are UTC: HH:MM for each day, or a day of the week before it. BACKUP_SCHEDULE=off leaves all of it to somebody else.
set -Eeuo pipefail
cd "$(dirname "$0")"
plan=(
  "logical|${BACKUP_LOGICAL_AT:-02:17}|./backup_postgres.sh"
  "physical|${BACKUP_PHYSICAL_AT:-03:17}|./backup_physical.sh"
  "drill|${BACKUP_DRILL_AT:-Sun 04:17}|./drill.sh"
)
export PGDATABASE=${PGDATABASE:-seaworthy} PGAPPNAME=backup PGCONNECT_TIMEOUT=10

last_due() { # when it was last due, in seconds since 1970
  local at; at=$(date -u -d "$1" +%s) || return
  until [ "$at" -le "$(date +%s)" ]; do at=$((at - ${2:-86400})); done
  echo "$at"
}
is_due() { # kind, when
  local every=86400; [[ $2 == *' '* ]] && every=604800
  psql --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 --set kind="$1" --set due="$(last_due "$2" $every)" --file - <<< "
    SELECT NOT EXISTS (SELECT FROM backups WHERE kind = :'kind' AND
      (finished_at >= to_timestamp(:due) OR failed_at > now() - interval '1 hour'))" | grep -qx t
}
for one in "${plan[@]}"; do
  IFS='|' read -r kind at _ <<< "$one"
  last_due "$at" >/dev/null || { echo "schedule: \"$at\", the time of $kind, is neither HH:MM nor a day and HH:MM" >&2; exit 2; }
done
until [ "${BACKUP_SCHEDULE:-on}" = on ]; do sleep infinity & wait $!; done
while true; do
  for one in "${plan[@]}"; do
    IFS='|' read -r kind at command <<< "$one"
    # A database that is away is asked again in a while.
    if is_due "$kind" "$at"; then "$command" || true; fi
  done
  # A signal ends it at once.
  sleep "${BACKUP_LOOK_SECONDS:-30}" & wait $!
done
