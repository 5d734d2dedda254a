#!/usr/bin/env bash
# Puts a Go program into .tools/bin: tool.sh NAME VERSION MODULE. One that is on PATH, or that the laboratory has compiled, is
# linked when it is of the same major version; otherwise it is compiled from the Go module proxy, at a pinned version.
set -euo pipefail
name=$1 version=$2 module=$3
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
mkdir -p .tools/bin
program=$(basename "$module")

major() { "$1" version --short 2>/dev/null || "$1" version 2>/dev/null || "$1" -v 2>/dev/null; }
fits() { [ -x "$1" ] && major "$1" | grep -qE "(^|[^0-9.])${version%%.*}\."; }

for found in "$(command -v "$program" || true)" "${KIND_LAB_DIR:-/var/cache/kind-lab}/bin/$program" "${KIND_LAB_DIR:-/var/cache/kind-lab}/bin/$name"; do
  if [ -n "$found" ] && fits "$found"; then
    ln -sf "$found" ".tools/bin/$name"
    exit 0
  fi
done

if ! command -v go >/dev/null; then
  echo "$name is missing: install it, or Go 1.26 or later, with which it is compiled" >&2
  exit 1
fi
echo "$name $version: compiling into .tools/bin (some minutes)"
into=$(mktemp -d)
trap 'rm -rf "$into"' EXIT
GOBIN=$into CGO_ENABLED=0 nice -n 10 go install -trimpath -ldflags '-s -w' "$module@$version"
mv "$into/$program" ".tools/bin/$name"
