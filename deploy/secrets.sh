#!/bin/sh
# Prints the programs' Secrets as a manifest, made of what the environment holds, so that no value is in a file:
#
#   sh deploy/secrets.sh | kubectl apply --server-side -f -
#
# Arguments name further settings to put into all three, where a setting is to come from there too: SUPABASE_URL.
# Exit code 2: something is missing, and nothing is printed.
set -eu

webhook="STRIPE_WEBHOOK_SECRET SUPABASE_SERVICE_ROLE_KEY $*"
operator="PDS_API_TOKEN SUPABASE_SERVICE_ROLE_KEY $*"
backfill="STRIPE_SECRET_KEY SUPABASE_SERVICE_ROLE_KEY $*"

missing=
for name in $(printf '%s\n' $webhook $operator $backfill | sort -u); do
  [ -n "$(printenv "$name")" ] || missing="$missing $name"
done
if [ -n "$missing" ]; then
  echo "missing in the environment:$missing" >&2
  exit 2
fi

secret() { # PROGRAM NAME…
  printf '%s\n' --- "apiVersion: v1" "kind: Secret" "type: Opaque"
  printf '%s\n' "metadata:" "  name: pds-$1" "  namespace: pds-system" \
    "  labels:" "    app.kubernetes.io/name: eny-pds" "    app.kubernetes.io/component: $1" "    app.kubernetes.io/part-of: eny-pds"
  shift
  echo "data:"
  for name in "$@"; do
    echo "  $name: $(printf '%s' "$(printenv "$name")" | base64 | tr -d '\n')"
  done
}

secret webhook $webhook
secret operator $operator
secret backfill $backfill
