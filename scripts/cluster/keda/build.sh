#!/usr/bin/env bash
# Compiles main.go with KEDA's own Kafka scaler, from the Go module proxy, into .tools/bin/keda-kafka: build.sh VERSION. The other
# scalers, which bring the clients of every cloud, are left out.
set -euo pipefail
version=$1
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
if ! command -v go >/dev/null; then
  echo "keda-kafka is missing: install Go 1.26 or later, with which it is compiled" >&2
  exit 1
fi
echo "keda-kafka $version: compiling into .tools/bin (some minutes)"
mkdir -p .tools/bin
into=$(mktemp -d)
trap 'rm -rf "$into"' EXIT
module=$(cd "$into" && go mod download -json "github.com/kedacore/keda/v2@$version" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
cp -r "$module" "$into/keda"
chmod -R u+w "$into/keda"
find "$into/keda/pkg/scalers" -maxdepth 1 -name '*.go' ! -name kafka_scaler.go ! -name scaler.go -delete
mkdir "$into/keda/cmd/keda-kafka"
cp scripts/cluster/keda/main.go "$into/keda/cmd/keda-kafka/"
(cd "$into/keda" && CGO_ENABLED=0 nice -n 10 go build -trimpath -ldflags '-s -w' -o "$into/keda-kafka" ./cmd/keda-kafka)
mv "$into/keda-kafka" .tools/bin/keda-kafka
