# shellcheck shell=bash disable=SC2034 # whoever sources it reads "stanza" and "live"
# Where backups go, by the settings and secrets of this container (docs/deployment.md#backups). Sourced, not run: then `configure`.
umask 077
stanza=seaworthy live=/var/lib/postgresql/18/docker
secrets=/run/secrets
# pgBackRest reads these by itself.
export PGBACKREST_CONFIG=${PGBACKREST_CONFIG:-/tmp/pgbackrest.conf} PGBACKREST_STANZA=$stanza
trusted=/tmp/trusted.pem

secret() { cat "$secrets/$1"; }
unfit() { # says the first thing that is wrong with the settings, or fails
  local name value
  [ -n "${BACKUP_BUCKET-}" ] || { echo 'BACKUP_BUCKET is not set: name the bucket in the settings'; return; }
  [[ ${BACKUP_ENDPOINT-} =~ ^(https://[A-Za-z0-9.-]+(:[0-9]+)?)?$ ]] || { echo "BACKUP_ENDPOINT is https://HOST:PORT, or empty for AWS, not \"$BACKUP_ENDPOINT\""; return; }
  [[ ${DEPLOYMENT-} =~ ^[A-Za-z0-9._-]+$ ]] || { echo "DEPLOYMENT is a word, for it is a folder in the bucket, not \"${DEPLOYMENT-}\""; return; }
  for name in backup_s3_key_id backup_s3_key_secret backup_physical_passphrase; do
    value=$(secret "$name") || { echo "the secret $name can not be read"; return; }
    case $value in '' | not-set) echo "the secret ${name//_/-} is not set: put that of the storage into the folder of secrets"; return ;; esac
  done
  false
}

# Writes what pgBackRest has to know, once. Says what is wrong and returns 1 where the settings are of no use.
configure() {
  local wrong endpoint style=path
  if wrong=$(unfit); then echo "backup: $wrong" >&2; return 1; fi
  [ ! -s "$PGBACKREST_CONFIG" ] || return 0
  # The storage may be known to the world, or to the local CA alone.
  cat /etc/ssl/certs/ca-certificates.crt "$secrets/ca" > "$trusted"
  install -m 600 "$secrets/backup_key" /tmp/backup.key
  endpoint=${BACKUP_ENDPOINT#https://}
  [ -n "$endpoint" ] || { endpoint=s3.$BACKUP_REGION.amazonaws.com; style=host; }
  cat > "$PGBACKREST_CONFIG.new" <<TEXT && mv "$PGBACKREST_CONFIG.new" "$PGBACKREST_CONFIG"
[global]
repo1-type=s3
repo1-path=/$DEPLOYMENT/physical
repo1-s3-bucket=$BACKUP_BUCKET
repo1-s3-region=$BACKUP_REGION
repo1-s3-endpoint=$endpoint
repo1-s3-uri-style=$style
repo1-s3-key=$(secret backup_s3_key_id)
repo1-s3-key-secret=$(secret backup_s3_key_secret)
repo1-storage-ca-file=$trusted
repo1-cipher-type=aes-256-cbc
repo1-cipher-pass=$(secret backup_physical_passphrase)
# Small files go together, and of large ones only the blocks that changed.
repo1-bundle=y
repo1-block=y
# Any second of the last 30 days: a full backup goes when the next one is that old, and its WAL with it.
repo1-retention-full-type=time
repo1-retention-full=30
compress-type=zst
process-max=2
start-fast=y
io-timeout=30
log-level-file=off
log-level-console=warn
# PostgreSQL hands its WAL on here; nobody else has a certificate by this name.
tls-server-address=*
tls-server-ca-file=$secrets/ca
tls-server-cert-file=$secrets/backup_certificate
tls-server-key-file=/tmp/backup.key
tls-server-auth=archiver=$stanza

[$stanza]
pg1-path=$live
pg1-socket-path=/var/run/postgresql
TEXT
}

# What pgBackRest said when it failed, as a sentence.
reason_of() {
  local errors
  errors=$(LC_ALL=C tr -cd '[:print:]\n' <<< "$1" | sed -nE 's/^(.*ERROR: +)?(\[[0-9]+\]: )?//p' | sed -E 's/^ +//' | paste -sd ' ')
  case $errors in
    *'acquire lock'* | *'advisory lock'*) echo 'another physical backup is under way' ;;
    *CryptoError* | *'outside of section'*) echo 'it was encrypted by another passphrase than that of the secret backup-physical-passphrase' ;;
    # Without the request and the answer, where there were some.
    *) errors=${errors%% \*\*\* *}; echo "${errors::600}" ;;
  esac
}
# What the storage holds, as JSON; or a sentence, and 1.
inventory() {
  local said
  said=$(pgbackrest info --output=json 2>&1) || { reason_of "$said"; return 1; }
  # 2: it has no backup yet.
  jq --exit-status '.[0].status.code | . == 0 or . == 2' <<< "$said" >/dev/null 2>&1 && { echo "$said"; return; }
  reason_of "$(jq --raw-output '.[0].repo[0].status.message' <<< "$said" 2>/dev/null || echo "$said")"
  return 1
}
# Reads each object of a backup again, and those that it rests on, and its WAL, and compares checksums; or a sentence, and 1.
read_back() {
  local said
  said=$(pgbackrest verify --set="$1" --output=text --verbose 2>&1) || { echo "$1 can not be read back: $(reason_of "$said")"; return 1; }
  # It ends with 0 also where something is missing or damaged.
  grep -qx 'status: ok' <<< "$said" || { echo "$1 can not be read back: $(grep -E 'status: invalid|(missing|invalid|other): [1-9]' <<< "$said" | paste -sd ' ' | tr -s ' ')"; return 1; }
}
