#!/bin/sh
# Makes the secrets that compose.yaml hands to the containers as files; what is there is kept.
# The folder is closed to others; the files in it are not, because the users of the containers, who
# are nobody on this machine, must be able to read them once they are mounted.
set -eu
cd "$(dirname "$0")"
umask 022
mkdir -p secrets
chmod 0700 secrets
for name in clickhouse_password registry_password; do
    [ -s "secrets/$name" ] || od -An -N24 -tx1 /dev/urandom | tr -d ' \n' > "secrets/$name"
done
cat > secrets/glasshouse.toml <<TOML
clickhouse_user = "glasshouse"
clickhouse_password = "$(cat secrets/clickhouse_password)"
TOML
cat > secrets/registry.properties <<PROPERTIES
quarkus.security.users.embedded.plain-text=true
quarkus.security.users.embedded.users.provision=$(cat secrets/registry_password)
quarkus.security.users.embedded.roles.provision=sr-admin
PROPERTIES
echo "deploy/secrets holds the passwords: back it up where only operators can read" >&2
