#!/usr/bin/env bash
# Build the images of ../Dockerfile where there is no container daemon, and no registry of
# images either: buildah builds, on a base made from Debian's own packages.
#
#   deploy/build-without-daemon.sh [cpu|gpu|train]        the image is localhost/vasari:TARGET
#
# On Debian as root: apt-get install buildah mmdebstrap (and podman, to run what was built).
# From the environment:
#   BASE              an image to build on instead; with it nothing is bootstrapped
#   SUITE             Debian's release (bookworm); its Python must be 3.11 or later
#   STORAGE_DRIVER    buildah's: overlay, or vfs where overlay cannot be mounted (vfs keeps a
#                     whole copy for every layer)
#   BUILD_FLAGS       further words for `buildah build`
# What pip is told on this host (index, proxy, certificate, time-out) it is told in the build,
# by secrets that stay in no layer.
set -euo pipefail
cd "$(dirname "$0")/.."

target=${1:-cpu}
suite=${SUITE:-bookworm}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

say() { printf '%s\n' "$*" >&2; }

for tool in buildah mmdebstrap; do
  if ! command -v "$tool" >/dev/null && ! [ "$tool" = mmdebstrap -a -n "${BASE:-}" ]; then
    say "Expected $tool to be installed; it is not."
    exit 2
  fi
done

# A slim base: what Debian calls essential, Python, and the C++ library that numpy and LiteRT
# are linked to. No package manager, no documents but the licences.
make_base() {
  say "Making $1 from the packages of Debian $suite"
  mmdebstrap --quiet --variant=essential \
    --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr \
    --include=usr-is-merged,python3-venv,libstdc++6 \
    --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-include=/usr/share/doc/*/copyright' \
    "$suite" "$scratch/base.tar"
  container=$(buildah from scratch)
  buildah add --quiet "$container" "$scratch/base.tar" / >/dev/null
  buildah config --env PATH=/usr/local/bin:/usr/bin:/bin "$container"
  buildah commit --quiet --rm "$container" "$1" >/dev/null
}

if [ -z "${BASE:-}" ]; then
  BASE=localhost/vasari-base:$suite
  buildah inspect --type image "$BASE" >/dev/null 2>&1 || make_base "$BASE"
fi

# A file:// index or a folder of wheels of this host is not to be reached from the build.
certificate=
{
  echo '[global]'
  for name in index-url extra-index-url trusted-host proxy timeout cert; do
    value=$(python3 -m pip config get "global.$name" 2>/dev/null \
      || python3 -m pip config get ":env:.$name" 2>/dev/null || true)
    case $name:$value in
      *:|*:file://*) ;;
      cert:*) certificate=$value; echo 'cert = /run/secrets/ca.pem' ;;
      *) echo "$name = $value" ;;
    esac
  done
} >"$scratch/pip.conf"
secrets=(--secret "id=pip.conf,src=$scratch/pip.conf")
if [ -n "$certificate" ]; then
  secrets+=(--secret "id=ca.pem,src=$certificate")
fi

revision=$(git rev-parse HEAD 2>/dev/null || echo unknown)
version=$(sed -n 's/^__version__ = "\(.*\)"/\1/p' app/__init__.py)
say "Building localhost/vasari:$target on $BASE"
# The docker format, for OCI's has no health check. chroot: it needs neither a daemon nor
# the right to make namespaces for each step.
# shellcheck disable=SC2086  # BUILD_FLAGS is words
buildah build --quiet --layers --format docker --isolation chroot \
  --target "$target" --tag "localhost/vasari:$target" \
  --build-arg "BASE=$BASE" "${secrets[@]}" \
  --label "org.opencontainers.image.version=$version" \
  --label "org.opencontainers.image.revision=$revision" \
  --label "org.opencontainers.image.created=$(date --utc +%Y-%m-%dT%H:%M:%SZ)" \
  ${BUILD_FLAGS:-} . >/dev/null
buildah images --format '{{.Name}}:{{.Tag}} {{.Size}}' "localhost/vasari:$target"
