#!/bin/sh
# Prints the programs' Secrets as a manifest, made of what the environment holds, so that no value is in a file:
#
#   sh deploy/secrets.sh [--without-portal] [SETTING…] | kubectl apply --server-side -f -
#
# SETTING… are further settings to put into all of them, where a setting is to come from there too: SUPABASE_URL.
# The portal's STRIPE_SECRET_KEY is PORTAL_STRIPE_SECRET_KEY in the environment, a key other than the backfill's. Its
# SUPABASE_JWT_SECRET is put in where there is one; a project with public keys needs none.
# Exit code 2: something is missing, and nothing is printed.
set -eu

without_portal=
if [ "${1:-}" = --without-portal ]; then
  without_portal=yes
  shift
fi

# Each is SETTING, or SETTING=VARIABLE where the environment has another name for it.
webhook="STRIPE_WEBHOOK_SECRET SUPABASE_SERVICE_ROLE_KEY $*"
operator="PDS_API_TOKEN SUPABASE_SERVICE_ROLE_KEY $*"
backfill="STRIPE_SECRET_KEY SUPABASE_SERVICE_ROLE_KEY $*"
portal="PDS_API_TOKEN STRIPE_SECRET_KEY=PORTAL_STRIPE_SECRET_KEY ${SUPABASE_JWT_SECRET:+SUPABASE_JWT_SECRET} $*"
[ -z "$without_portal" ] || portal=

missing=
for name in $(printf '%s\n' $webhook $operator $backfill $portal | sed 's/.*=//' | sort -u); do
  [ -n "$(printenv "$name")" ] || missing="$missing $name"
done
if [ -n "$missing" ]; then
  echo "missing in the environment:$missing" >&2
  exit 2
fi

secret() { # PROGRAM SETTING…
  printf '%s\n' --- "apiVersion: v1" "kind: Secret" "type: Opaque"
  printf '%s\n' "metadata:" "  name: pds-$1" "  namespace: pds-system" \
    "  labels:" "    app.kubernetes.io/name: eny-pds" "    app.kubernetes.io/component: $1" "    app.kubernetes.io/part-of: eny-pds"
  shift
  echo "data:"
  for name in "$@"; do
    echo "  ${name%%=*}: $(printf '%s' "$(printenv "${name##*=}")" | base64 | tr -d '\n')"
  done
}

secret webhook $webhook
secret operator $operator
secret backfill $backfill
[ -n "$without_portal" ] || secret portal $portal
