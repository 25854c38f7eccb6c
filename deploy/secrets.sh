#!/bin/sh
# Makes the secrets that compose.yaml hands to the containers as files; what is there is kept.
# The folder is closed to others; the files in it are not, because the users of the containers, who
# are nobody on this machine, must be able to read them once they are mounted.
set -eu
cd "$(dirname "$0")"
umask 022
mkdir -p secrets
chmod 0700 secrets
[ -s secrets/clickhouse_password ] || od -An -N24 -tx1 /dev/urandom | tr -d ' \n' > secrets/clickhouse_password
[ -s secrets/grafana_password ] || od -An -N24 -tx1 /dev/urandom | tr -d ' \n' > secrets/grafana_password
cat > secrets/glasshouse.toml <<TOML
clickhouse_user = "glasshouse"
clickhouse_password = "$(cat secrets/clickhouse_password)"
TOML
echo "deploy/secrets holds the ClickHouse password: back it up where only operators can read" >&2
