#!/bin/sh
# What the edge shows: the certificate that ACME brought (certbot.sh), that of the local CA while there is none. The image runs this before
# nginx. A loop stays beside nginx and looks every few seconds, because nothing in the image tells of a file that changed.
set -eu
issued=${EDGE_ISSUED:-/var/lib/certificates/edge.pem}
certificate=${EDGE_CERTIFICATE:-/run/secrets/edge_certificate}
key=${EDGE_KEY:-/run/secrets/edge_key}
shown=${EDGE_SHOWN:-/tmp/certificate.pem}
every=${EDGE_LOOK_SECONDS:-10}
umask 077

# Certificate and key are one file, so that nginx never reads halves of two.
take() { if [ -s "$issued" ]; then cat "$issued"; else cat "$certificate" "$key"; fi > "$shown.new"; }
same() { cmp -s "$shown.new" "$1"; }
server() { nginx -p "${EDGE_PREFIX:-/tmp/}" -c "${EDGE_CONFIGURATION:-/etc/edge/nginx.conf}" -e stderr "$@"; }

# What nginx refuses is put back, so that no restart finds it, and is tried again when it has changed.
follow() {
  while sleep "$every" && [ -d "${shown%/*}" ]; do
    take || continue
    if same "$shown" || same "$shown.refused"; then continue; fi
    cp "$shown" "$shown.before" || continue
    mv "$shown.new" "$shown"
    if ! server -t -q; then
      echo 'edge: the new certificate is of no use, the one before stays' >&2
      cp "$shown" "$shown.refused" || :
      mv "$shown.before" "$shown"
    # Old connections end with the worker that has them, new ones get the new certificate.
    elif server -s reload; then
      echo 'edge: another certificate is shown' >&2
    else
      mv "$shown.before" "$shown"
    fi
  done
}

take
mv "$shown.new" "$shown"
# By way of an edge that runs, a better one comes.
if ! server -t -q; then
  echo 'edge: what was issued is of no use, the local certificate is shown' >&2
  mv "$shown" "$shown.refused"
  cat "$certificate" "$key" > "$shown"
fi
follow </dev/null &
