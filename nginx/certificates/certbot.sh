#!/bin/sh
# Gets the edge's certificate by ACME, and another one before it ends: certbot decides when, by the issuer's advice or when a third of the
# time is left. To set DOMAIN and ACME_EMAIL is to accept the terms of the issuer. Where they are not set, nobody is asked.
set -eu
domain=${DOMAIN:-} email=${ACME_EMAIL:-}
directory=${ACME_DIRECTORY_URL:-https://acme-v02.api.letsencrypt.org/directory}
state=${ACME_STATE:-/var/lib/acme}
webroot=${ACME_WEBROOT:-/var/www/acme}
issued=${EDGE_ISSUED:-/var/lib/certificates/edge.pem}
scratch=${ACME_SCRATCH:-/tmp}
every=${ACME_EVERY_SECONDS:-43200}
# Let's Encrypt takes five failures of a name in an hour.
again=${ACME_AGAIN_SECONDS:-900}
umask 077
trap 'exit 0' TERM INT

# A signal ends it at once.
pause() { sleep "$1" & wait $!; }

ask() {
  certbot certonly --non-interactive --agree-tos --email "$email" --server "$directory" --webroot --webroot-path "$webroot" \
    --cert-name edge --domains "$domain" --keep-until-expiring --renew-with-new-domains --key-type ecdsa \
    --config-dir "$state" --work-dir "$scratch/certbot" --logs-dir "$scratch/certbot"
}

# The edge sees this one file, and not the key of the account.
publish() {
  cat "$state/live/edge/fullchain.pem" "$state/live/edge/privkey.pem" > "$issued.new" && mv "$issued.new" "$issued"
}

if [ -z "$domain" ] || [ -z "$email" ]; then
  echo 'certbot: DOMAIN and ACME_EMAIL are not set, so nobody is asked: the edge shows what it has'
  while :; do pause 86400; done
fi
while :; do
  if ask && publish; then
    rm -f "$scratch/failed"
    pause "$every"
  else
    # The health check looks for it.
    : > "$scratch/failed"
    echo "certbot: no certificate for $domain this time, again in $again s" >&2
    pause "$again"
  fi
done
