#!/usr/bin/env bash
# Checks for the programs that must come from the system: Node with npm, a JRE 17+, Maven; with the argument `node` only the
# first, which is all that the targets of the cluster need; with `test` also
# what only the tests use, with `browser` what the browser tests use, with `chaos` what wrong clocks need, with
# `bench` what the benchmark's Python peer needs, with `load` what loads the ingest API. What is missing is installed on
# Debian as root; elsewhere one line says what to install.
set -euo pipefail

missing=()
command -v node >/dev/null && command -v npm >/dev/null || missing+=(nodejs npm)

java_major() { java -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -1; }
if [ "${1:-}" != node ]; then
  if ! command -v java >/dev/null || [ "$(java_major)" -lt 17 ] 2>/dev/null; then missing+=(openjdk-17-jre-headless); fi
  command -v mvn >/dev/null || missing+=(maven)
fi

if [ "${1:-}" = test ]; then
  command -v kcat >/dev/null || missing+=(kcat)
  command -v openssl >/dev/null || missing+=(openssl)
fi

if [ "${1:-}" = chaos ]; then
  compgen -G '/usr/lib/*/faketime/libfaketime.so.1' >/dev/null || missing+=(faketime)
fi

if [ "${1:-}" = browser ] && [ ! -x "${CHROMIUM:-}" ]; then
  command -v chromium chromium-browser google-chrome >/dev/null || missing+=(chromium fonts-inter fonts-jetbrains-mono)
fi

if [ "${1:-}" = load ]; then command -v wrk >/dev/null || missing+=(wrk); fi

if [ "${1:-}" = bench ]; then python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv); fi

[ "${#missing[@]}" -eq 0 ] && exit 0

if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
  # A newer Debian has a newer JRE only; its default one serves as well.
  if ! apt-cache show openjdk-17-jre-headless kcat >/dev/null 2>&1; then apt-get update -qq; fi
  if ! apt-cache show openjdk-17-jre-headless >/dev/null 2>&1; then
    missing=("${missing[@]/openjdk-17-jre-headless/default-jre-headless}")
  fi
  echo "Installing with apt-get: ${missing[*]}"
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  exit 0
fi

echo "Please install: Node 18+ with npm, a Java runtime 17+, Maven 3.6+; for the tests also kcat and openssl, for the browser tests Chromium, for wrong clocks faketime, for the benchmark Python 3 with venv, for the producer's wrk (missing here: ${missing[*]})" >&2
exit 1
