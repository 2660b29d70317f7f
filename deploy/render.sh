#!/bin/sh
# Renders what a release offers for download, into a folder:
#
#   sh deploy/render.sh FOLDER IMAGE
#
# prerequisites.yaml  the CRD and the customers' namespace, which stay when the programs are removed
# install.yaml        the programs, with IMAGE in the place of eny-pds
#
# KUBECTL names the kubectl to use.
set -eu

folder=$1 image=$2
kubectl=${KUBECTL:-kubectl}
here=$(cd "$(dirname "$0")" && pwd)

mkdir -p "$folder"
{
  "$kubectl" kustomize "$here/../crds"
  echo ---
  "$kubectl" kustomize "$here/customers"
} >"$folder/prerequisites.yaml"
"$kubectl" kustomize "$here/overlays/production" >"$folder/install.yaml.part"
sed "s|image: eny-pds:.*|image: $image|" "$folder/install.yaml.part" >"$folder/install.yaml"
rm "$folder/install.yaml.part"
