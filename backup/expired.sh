#!/usr/bin/env bash
# Which backups are too old: `expired.sh NOW < NAMES`, with names such as 20261126T021700Z.age-1 and NOW in seconds since 1970.
# Kept are the newest of each of the last 7 days and of each of the last 4 weeks that have one, as long as it is not older than
# 30 days; and the newest of all for ever. Where a name is of the future, a clock was wrong, and nothing is said to be too old.
set -Eeuo pipefail
: "${1:?usage: expired.sh NOW < NAMES}"
sort -r | TZ=UTC awk -v now="$1" -v days="${BACKUP_KEEP_DAYS:-7}" -v weeks="${BACKUP_KEEP_WEEKS:-4}" -v age="${BACKUP_KEEP_AGE_DAYS:-30}" '
  {
    at = mktime(substr($1, 1, 4) " " substr($1, 5, 2) " " substr($1, 7, 2) " " substr($1, 10, 2) " " substr($1, 12, 2) " " substr($1, 14, 2))
    if (at < 0 || at > now + 60) exit
    # Weeks begin on Mondays; 1 January 1970 was a Thursday.
    day = int(at / 86400); week = int((day + 3) / 7)
    keep = NR == 1
    if (at >= now - age * 86400) {
      if (!(day in byDay) && dayCount < days) { byDay[day]; dayCount++; keep = 1 }
      if (!(week in byWeek) && weekCount < weeks) { byWeek[week]; weekCount++; keep = 1 }
    }
    if (!keep) print $1
  }'
