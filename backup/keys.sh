#!/usr/bin/env bash
# Keys of logical backups: keys.sh list
#                          keys.sh new [age | aes]   a new key, which new backups use from now on; older ones still read theirs
#                          keys.sh retire KEY        encrypts anew what is under KEY, a leaked one, and then deletes KEY
# `new` needs to write to the folder of keys (BACKUP_KEYS, /keys). Keep a copy of that folder where no backup is: without it they are noise.
set -Eeuo pipefail
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"
case "${1:-} $#" in
  'list 1' | 'new 1' | 'new 2' | 'retire 2') ;;
  *) sed -n '2,4s/^# *//p' "$0" >&2; rm -rf "$work"; exit 2 ;;
esac
begin "keys $1"

make() { # cipher
  local id; id=$1-$(date -u +%Y%m%d)-$(openssl rand -hex 3)
  [ -w "$keys" ] || fail "$keys can't be written to: start this with a mount that can"
  if [ ! -e "$keys/signing.key" ]; then
    quiet openssl genpkey -algorithm ed25519 -out "$keys/.new"
    quiet openssl pkey -in "$keys/.new" -pubout -out "$keys/signing.pub"
    mv "$keys/.new" "$keys/signing.key"
  fi
  case $1 in
    age)
      quiet age-keygen --output "$keys/$id.key"
      quiet age-keygen -y "$keys/$id.key" > "$keys/$id.pub" ;;
    aes) openssl rand -hex 32 > "$keys/$id.key" ;;
    *) fail "A key is one of age or aes, not of $1" ;;
  esac
  # Read by the user of the container, in a folder that nobody else can enter.
  chmod 444 "$keys"/*.key "$keys"/*.pub
  echo "$id" > "$keys/.new" && chmod 444 "$keys/.new" && mv "$keys/.new" "$keys/current"
  note key "$id"
}

retire() { # key
  local key=$1 current there one new moved=0 manifest
  current=$(current_key)
  [ "$key" != "$current" ] || fail "$key is the key of new backups: make another one first (keys.sh new)"
  [ -r "$keys/$key.key" ] || fail "There is no key $key in $keys"
  needs_store
  there=$(objects)
  for one in $(whole "$there" | grep -F ".$key" || true); do
    new=${one%%.*}.$current
    say "$one becomes $new"
    manifest=$(manifest_of "$one")
    undo=("drop $new")
    get "$one/dump" | hashing "$work/old" | decrypt "$key" | keep "$new" "$(jq .bytes <<< "$manifest")" "$manifest"
    [ "$(< "$work/old")" = "$(jq --raw-output .sha256 <<< "$manifest")" ] || fail "The dump of $one is not what was stored"
    undo=()
    drop "$one"
    moved=$((moved + 1))
  done
  rm -f "$keys/$key.key" "$keys/$key.pub"
  note key "$key"; note moved "$moved"
}

case $1 in
  list)
    for one in "$keys"/a*.key; do
      [ -e "$one" ] || continue
      one=$(basename "$one" .key)
      printf '%s%s\n' "$one" "$([ "$one" != "$(cat "$keys/current")" ] || echo '  new backups')"
    done ;;
  new) make "${2:-age}" ;;
  retire) retire "$2" ;;
esac
