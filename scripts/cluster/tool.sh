#!/usr/bin/env bash
# Puts a Go program into .tools/bin: tool.sh NAME VERSION MODULE. One that is on PATH, or that the laboratory has compiled, is
# linked; otherwise it is compiled from the Go module proxy, at a pinned version.
set -euo pipefail
name=$1 version=$2 module=$3
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
mkdir -p .tools/bin

found=$(command -v "$name" || true)
[ -n "$found" ] || found="${KIND_LAB_DIR:-/var/cache/kind-lab}/bin/$name"
if [ -x "$found" ]; then
  ln -sf "$found" ".tools/bin/$name"
  exit 0
fi

if ! command -v go >/dev/null; then
  echo "$name is missing: install it, or Go 1.26 or later, with which it is compiled" >&2
  exit 1
fi
echo "$name $version: compiling into .tools/bin (some minutes)"
GOBIN=$PWD/.tools/bin CGO_ENABLED=0 nice -n 10 go install -trimpath -ldflags '-s -w' "$module@$version"
