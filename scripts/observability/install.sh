#!/usr/bin/env bash
# Prometheus (with promtool) and Alertmanager for the alerting tests and `make up`. Installed on Debian as root, without
# starting Debian's own services: ours run on other ports with other data. Elsewhere one line says what to install.
set -euo pipefail

missing=()
command -v prometheus >/dev/null && command -v promtool >/dev/null || missing+=(prometheus)
command -v prometheus-alertmanager >/dev/null || command -v alertmanager >/dev/null || missing+=(prometheus-alertmanager)
[ "${#missing[@]}" -eq 0 ] && exit 0

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  echo "Please install Prometheus 2.42+ (with promtool) and Alertmanager 0.25+ (missing here: ${missing[*]})" >&2
  exit 1
fi

policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  trap 'rm -f "$policy"' EXIT
fi
if ! apt-cache show "${missing[@]}" >/dev/null 2>&1; then apt-get update -qq; fi
echo "Installing with apt-get: ${missing[*]}"
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
# Without a policy of its own a machine would start them with its next boot.
if [ -d /run/systemd/system ]; then systemctl disable --now prometheus prometheus-alertmanager >/dev/null 2>&1 || true; fi
