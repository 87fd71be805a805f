#!/usr/bin/env bash
# A physical backup: backup_physical.sh [full|incr]. Without a word it is full when the last full one is a week old, or there is none,
# else incremental. Reads back what it wrote, and lets old ones go.
# Ends with a JSON line. Exit code 0 only if the backup is whole in the store.
set -Eeuo pipefail
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=storage.sh
source "$here/storage.sh"
type=${1-}
[[ $type =~ ^(full|incr|)$ ]] && [ $# -le 1 ] || { echo 'usage: backup_physical.sh [full|incr]' >&2; rm -rf "$work"; exit 2; }
begin physical
recorded_as=physical
wrong=$(configure 2>&1) || fail "$wrong"

last_full='[.[0].backup[] | select(.type == "full" and (.error | not)) | .timestamp.start] | max // 0'
if [ -z "$type" ]; then
  known=$(inventory) || fail "$known"
  # Half a day less than a week, so that it comes at the same hour of each seventh day.
  if (($(date +%s) - $(jq "$last_full" <<< "$known") > 561600)); then type=full; else type=incr; fi
fi
note type "$type"
# Before the backup, for whoever restores it.
record_started physical "$(date +%s)"
said=$(pgbackrest backup --type="$type" 2>&1) || fail "$(reason_of "$said")"
made=$(inventory) || fail "$made"
made=$(jq --compact-output '.[0].backup[-1]' <<< "$made")
name=$(jq --raw-output .label <<< "$made")
note backup "$name"
note type "$(jq --raw-output .type <<< "$made")"
note bytes "$(jq .info.repository.delta <<< "$made")"
said=$(read_back "$name") || fail "$said"
record_success physical "${facts[bytes]}"
