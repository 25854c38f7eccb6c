#!/usr/bin/env bash
# Unpacks promtool and Prometheus from Debian's package to build/prometheus, for the tests of the
# rules. Nothing is installed and no daemon is started. What is there already is used again.
set -euo pipefail
cd "$(dirname "$0")/../.."
to=$PWD/build/prometheus
[ -x "$to/usr/bin/promtool" ] && exit
command -v apt-get >/dev/null || { echo "promtool: there is no apt-get here; install Prometheus" >&2; exit 3; }
debs=$(mktemp -d)
trap 'rm -rf "$debs"' EXIT
cd "$debs"
apt-get -qq -o APT::Sandbox::User=root download prometheus ||
    { apt-get -qq update && apt-get -qq -o APT::Sandbox::User=root download prometheus; }
mkdir -p "$to"
dpkg -x prometheus_*.deb "$to"
echo "promtool: unpacked $("$to/usr/bin/promtool" --version 2>&1 | head -n 1)" >&2
