# shellcheck shell=bash
# shellcheck disable=SC2034 # whoever sources it reads "here"
# What every command here shares: settings, one JSON line at the end, the store, keys, and what a database holds. Sourced, not run.
# The database is libpq's matter (PGHOST, PGUSER, PGPASSFILE …), the store is S3's (AWS_… or the files named below).
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
keys=${BACKUP_KEYS:-/keys}
export PGDATABASE=${PGDATABASE:-seaworthy} PGAPPNAME=backup PGCONNECT_TIMEOUT=10
export AWS_REGION=${BACKUP_REGION:-us-east-1} AWS_EC2_METADATA_DISABLED=true AWS_MAX_ATTEMPTS=5 AWS_PAGER=
# Other providers than AWS do not know the newer checksums; what was stored is read again and compared anyway.
export AWS_REQUEST_CHECKSUM_CALCULATION=when_required AWS_RESPONSE_CHECKSUM_VALIDATION=when_required
[ ! -r /run/secrets/backup_s3_key_id ] || AWS_ACCESS_KEY_ID=$(< /run/secrets/backup_s3_key_id)
[ ! -r /run/secrets/backup_s3_key_secret ] || AWS_SECRET_ACCESS_KEY=$(< /run/secrets/backup_s3_key_secret)
export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
[ -z "${BACKUP_ENDPOINT:-}" ] || export AWS_ENDPOINT_URL_S3=$BACKUP_ENDPOINT
umask 077
work=$(mktemp -d)
# A store may be certified by our own CA, as the others are, or by one that the world knows.
cat /etc/ssl/certs/ca-certificates.crt /run/secrets/ca > "$work/ca.crt" 2>/dev/null || true
export AWS_CA_BUNDLE=$work/ca.crt

# --- one JSON line at the end, whatever happens: {"kind":…,"result":"ok"|"failed",…}
declare -A facts=()
began=$(date +%s%3N)
begin() { facts[kind]=$1; trap 'ended $?' EXIT; trap 'exit 130' INT; trap 'exit 143' TERM; }
note() { facts[$1]=$2; }
say() { printf '%s\n' "$*" >&2; }
fail() { printf '%s' "$*" > "$work/failure"; exit 1; }
seconds() { awk "BEGIN { printf \"%.1f\", ($(date +%s%3N) - $began) / 1000 }"; }
# What is done if it fails, and what is done in any case.
undo=() always=()
ended() { # exit code
  local result=ok one
  set +e
  trap - EXIT
  if [ "$1" != 0 ]; then
    result=failed
    # What a command here says of itself, else what the program said that it ran.
    facts[error]=$(cat "$work/failure" 2>/dev/null || tail -c 500 "$work/errors" 2>/dev/null | tr -s '\n' ' ')
    facts[error]=${facts[error]:-it ended with code $1}
    say "${facts[kind]}: ${facts[error]}"
    for one in "${undo[@]}"; do eval "$one" >/dev/null 2>&1; done
    [ -z "${recorded_as:-}" ] || record_failure "$recorded_as"
  fi
  for one in "${always[@]}"; do eval "$one" >/dev/null 2>&1; done
  note result "$result"; note seconds "$(seconds)"
  for one in "${!facts[@]}"; do printf '%s\0%s\0' "$one" "${facts[$one]}"; done |
    jq --raw-input --slurp --compact-output 'split("\u0000") | [range(0; length - 1; 2) as $i | { (.[$i]): (.[$i + 1] | (tonumber? // .)) }] | add
      | { kind, result } + (to_entries | sort_by(.key) | from_entries)'
  rm -rf "$work"
  exit "$1"
}
# Runs a command whose complaint is the error, where nobody says a better one.
quiet() { "$@" 2>>"$work/errors"; }
# What it complained of last; age ends with a line on where to report.
complaint() { grep -v '^age: report' "$work/errors" | tail -n 1; }

# --- the store: s3://BUCKET/DEPLOYMENT/logical/NAME/{dump,signature,manifest}. A backup without its manifest, which comes last, is none.
store=s3://${BACKUP_BUCKET:-}/${DEPLOYMENT:-production}/logical
needs_store() { [ -n "${BACKUP_BUCKET:-}" ] || fail 'Set BACKUP_BUCKET: the bucket that backups go to'; }
s3() { quiet aws s3 --only-show-errors "$@"; }
get() { s3 cp "$store/$1" -; }
# Objects that are there, as lines "NAME FILE", oldest first; NAME is TIME.KEY, such as 20261126T021700Z.age-20261101.
objects() {
  quiet aws s3api list-objects-v2 --bucket "$BACKUP_BUCKET" --prefix "${store#s3://*/}/" --output json --query 'Contents[].Key' |
    jq --raw-output '.[]? | capture("/(?<name>[0-9]{8}T[0-9]{6}Z[.](age|aes)-[A-Za-z0-9-]+)/(?<file>[a-z]+)$") | "\(.name) \(.file)"' | sort
}
# Of such lines: backups that are whole, and those that are not.
whole() { sed -n 's/ manifest$//p' <<< "$1"; }
partial() { comm -23 <(cut -d ' ' -f 1 <<< "$1" | sort -u) <(whole "$1"); }
# Lets all through, and leaves its SHA-256 and its number of bytes in two files.
hashing() { { tee /dev/fd/3 | { tee /dev/fd/4 | sha256sum | cut -d ' ' -f 1 > "$1"; } 4>&1 | wc -c > "$1.bytes"; } 3>&1; }
time_of() { local t=${1%%.*}; date -u -d "${t:0:8} ${t:9:2}:${t:11:2}:${t:13:2}" +%s; }

# --- keys: age-ID.{key,pub} or aes-ID.key (keys.sh makes them), `current` names that of new backups. signing.{key,pub} say who made one.
current_key() {
  local key; key=$(cat "$keys/current" 2>/dev/null) || fail "There is no key for backups in $keys: make one (keys.sh new)"
  [ -r "$keys/$key.pub" ] || [ -r "$keys/$key.key" ] || fail "The key $key, which $keys/current names, is not there"
  [ -r "$keys/signing.key" ] || fail "There is no $keys/signing.key (keys.sh new)"
  echo "$key"
}
encrypt() { # key id. `recipients`, where it is there, names more who can read all: a key in a safe.
  case $1 in
    age-*) quiet age --encrypt --recipients-file "$keys/$1.pub" ${more_recipients:+--recipients-file "$keys/recipients"} ;;
    aes-*) quiet openssl enc -aes-256-cbc -pbkdf2 -iter 600000 -md sha256 -salt -pass "file:$keys/$1.key" ;;
  esac
}
more_recipients=; [ ! -s "$keys/recipients" ] || more_recipients=yes
decrypt() { # key id
  [ -r "$keys/$1.key" ] || { echo "The key $1 is not in $keys" >> "$work/errors"; return 1; }
  case $1 in
    age-*) quiet age --decrypt --identity "$keys/$1.key" ;;
    aes-*) quiet openssl enc -d -aes-256-cbc -pbkdf2 -iter 600000 -md sha256 -pass "file:$keys/$1.key" ;;
  esac
}

# --- a backup as a whole
keep() { # name, bytes at most, manifest: stores what comes in, encrypted, under that name, and reads it again. The manifest makes it whole.
  local name=$1 key=${1#*.} digest bytes
  encrypt "$key" | hashing "$work/dump" | s3 cp - "$store/$name/dump" --storage-class "${BACKUP_STORAGE_CLASS:-STANDARD}" --expected-size "$2"
  digest=$(< "$work/dump") bytes=$(< "$work/dump.bytes")
  get "$name/dump" | hashing "$work/again" >/dev/null
  [ "$(< "$work/again")" = "$digest" ] || fail "The store does not give back what it was given: $(< "$work/again.bytes") bytes of $bytes, or others"
  jq --compact-output --arg name "$name" --arg digest "$digest" --argjson bytes "$bytes" \
    '. + { name: $name, sha256: $digest, bytes: $bytes }' <<< "$3" | encrypt "$key" > "$work/manifest"
  quiet openssl pkeyutl -sign -rawin -inkey "$keys/signing.key" -in "$work/manifest" -out "$work/signature"
  s3 cp "$work/signature" "$store/$name/signature"
  s3 cp "$work/manifest" "$store/$name/manifest"
  get "$name/manifest" | cmp --silent - "$work/manifest" || fail 'The store does not give back the manifest that it was given'
}
manifest_of() { # name: its manifest, if we made it
  local name=$1 key=${1#*.} manifest
  [ -r "$keys/signing.pub" ] || fail "There is no $keys/signing.pub, which says whose backups these are"
  get "$name/manifest" > "$work/manifest"
  get "$name/signature" > "$work/signature"
  openssl pkeyutl -verify -pubin -rawin -inkey "$keys/signing.pub" -in "$work/manifest" -sigfile "$work/signature" >/dev/null 2>&1 ||
    fail "The manifest of $name is not signed by us: it was changed, or somebody else made it"
  manifest=$(decrypt "$key" < "$work/manifest") || fail "The manifest of $name can't be read with the key $key: $(complaint)"
  [ "$(jq --raw-output .name <<< "$manifest")" = "$name" ] || fail "What is stored as $name is another backup: $(jq --raw-output .name <<< "$manifest")"
  echo "$manifest"
}
# What makes it whole goes first: half a backup never looks like one.
drop() { s3 rm "$store/$1/manifest"; s3 rm --recursive "$store/$1/"; }

# --- the database
query() { quiet psql --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 "$@"; }
# The table `backups`, which a worker reads for its metrics: kind, column, and what else there is to say.
record_started() { record "$1" started_at "$(date -u -d "@$2" +%FT%TZ)"; }
record_failure() { record "$1" failed_at now >/dev/null 2>&1 || true; }
record_success() { record "$1" finished_at now "$2" "$(seconds)"; }
record() { # kind, column, time, bytes, seconds
  query --set kind="$1" --set column="$2" --set at="$3" --set bytes="${4:-}" --set seconds="${5:-}" --file - <<< "
    INSERT INTO backups (kind, :\"column\", bytes, seconds) VALUES (:'kind', :'at', nullif(:'bytes', '')::bigint, nullif(:'seconds', '')::double precision)
    ON CONFLICT (kind) DO UPDATE SET :\"column\" = excluded.:\"column\", bytes = coalesce(excluded.bytes, backups.bytes),
      seconds = coalesce(excluded.seconds, backups.seconds)"
}
