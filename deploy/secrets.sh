#!/bin/sh
# Makes the secrets of compose.yaml, one file each; what is there is kept, so run it as often as you
# like.
#
#   secrets.sh [FOLDER]           default: deploy/secrets. KAFKA_NAMES="a b": more names of brokers
#
#   kafka_ca.pem, kafka_ca.key    the authority of this site; the key goes into no container
#   kafka_broker.pem              the brokers' certificate and key, made anew a month before its end
#   kafka_NAME_password           one for each Kafka user
#   clickhouse_password           of ClickHouse's administrator, who migrates
#   clickhouse_ROLE_password      one for each role's user, glasshouse_ROLE
#   registry_password, registry.properties      who may write to the schema registry
#   grafana_password              of Grafana's admin
#   NAME.toml                     the settings to act as that user from this machine; containers
#                                 have the same file, and servers and CA file in their variables
#   (employer.key.pub, employees.key.pub and policies/ are not made here: both sides make them, see
#   "Policy" in README.md. For a trial: glasshouse policy rehearse FOLDER)
#   clickhouse_cluster.xml        what the nodes of compose.cluster.yaml show each other
#
# To change a user's password: remove its file, run this, run `provision` (Kafka) or `migrate`
# (ClickHouse) again, restart the user. For Kafka's `admin`, restart Kafka instead of `provision`.
# For all of these: docker-compose up -d --force-recreate. ClickHouse keeps the administrator's
# password in its volume: ALTER USER first, then change the file.
#
# The folder is closed to others; the files in it are not, because the users of the containers, who
# are nobody on this machine, must be able to read them once they are mounted.
set -eu
folder=${1:-$(dirname "$0")/secrets}
umask 022
mkdir -p "$folder"
chmod 0700 "$folder"
cd "$folder"

CA_DAYS=3650
BROKER_DAYS=825       # no client takes a certificate that lasts much longer
RENEW_S=2592000       # a month: there is time to plan the restart
NAMES="kafka localhost 127.0.0.1 ${KAFKA_NAMES:-}"
ADMIN=admin
USERS="producer registrar worker loader redriver operator custodian"
ROLES="analyst trainer officer auditor loader training_custodian analytics_custodian"

random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
password() { [ -s "$1" ] || random > "$1"; }
new_key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1" 2>/dev/null; }

authority() {
    [ -s kafka_ca.pem ] && return
    (umask 077 && new_key kafka_ca.key)
    printf '%s\n' '[req]' 'distinguished_name=dn' '[dn]' '[ca]' 'subjectKeyIdentifier=hash' \
        'basicConstraints=critical,CA:TRUE,pathlen:0' 'keyUsage=critical,keyCertSign' > request.tmp
    openssl req -x509 -new -key kafka_ca.key -subj "/CN=Glasshouse Kafka CA" -days $CA_DAYS \
        -config request.tmp -extensions ca -out ca.tmp
    rm request.tmp
    mv ca.tmp kafka_ca.pem
}

is_address() { case $1 in *[!0-9.]*) false ;; *) true ;; esac; }

certificate_is_good() { # it is there, of this authority, for a while, and for every name
    [ -s kafka_broker.pem ] && openssl verify -CAfile kafka_ca.pem kafka_broker.pem >/dev/null 2>&1 &&
        openssl x509 -in kafka_broker.pem -noout -checkend $RENEW_S >/dev/null || return
    for name in $NAMES; do
        kind=-checkhost
        ! is_address "$name" || kind=-checkip
        openssl x509 -in kafka_broker.pem -noout $kind "$name" | grep -q 'does match' || return
    done
}

certificate() {
    certificate_is_good && return
    names=
    for name in $NAMES; do
        kind=DNS
        ! is_address "$name" || kind=IP
        names=$names${names:+,}$kind:$name
    done
    printf '%s\n' '[req]' 'distinguished_name=dn' '[dn]' '[broker]' "subjectAltName=$names" \
        'basicConstraints=critical,CA:FALSE' 'keyUsage=critical,digitalSignature' \
        'extendedKeyUsage=serverAuth' 'subjectKeyIdentifier=hash' 'authorityKeyIdentifier=keyid' \
        > request.tmp
    new_key broker.tmp
    openssl req -new -key broker.tmp -subj "/CN=kafka" -config request.tmp |
        openssl x509 -req -CA kafka_ca.pem -CAkey kafka_ca.key -set_serial "0x$(random | cut -c -32)" \
            -days $BROKER_DAYS -extfile request.tmp -extensions broker 2>error.tmp >> broker.tmp ||
        { cat error.tmp >&2; exit 1; }
    rm request.tmp error.tmp
    chmod 0644 broker.tmp
    mv broker.tmp kafka_broker.pem
    echo "secrets: a new certificate for the brokers; they take it when they are restarted" >&2
}

kafka_settings() { # USER
    cat <<TOML
kafka_servers = "127.0.0.1:19092"
kafka_tls = true
kafka_ca_file = "$PWD/kafka_ca.pem"
kafka_user = "$1"
kafka_password = "$(cat "kafka_$1_password")"
schema_registry_url = "http://127.0.0.1:18081/apis/ccompat/v7"
TOML
}

registry_settings() { # who may write to it, for admin.toml
    cat <<TOML
schema_registry_user = "provision"
schema_registry_password = "$(cat registry_password)"
TOML
}

registry_users() { # the same, as the registry reads it
    cat <<PROPERTIES
quarkus.security.users.embedded.plain-text=true
quarkus.security.users.embedded.users.provision=$(cat registry_password)
quarkus.security.users.embedded.roles.provision=sr-admin
PROPERTIES
}

clickhouse_settings() { # USER FILE
    cat <<TOML
clickhouse_url = "http://127.0.0.1:18123"
clickhouse_user = "$1"
clickhouse_password = "$(cat "$2")"
TOML
}

custodian_settings() { # who reads and erases one person's rows is a user for each purpose
    cat <<TOML
training_custodian_password = "$(cat clickhouse_training_custodian_password)"
analytics_custodian_password = "$(cat clickhouse_analytics_custodian_password)"
TOML
}

signatures() { # where policies and both sides' public keys are, for every settings file
    cat <<TOML
policy_dir = "$PWD/policies"
employer_public_key = "$PWD/employer.key.pub"
employees_public_key = "$PWD/employees.key.pub"
TOML
}

authority
certificate
password clickhouse_password
password registry_password
password grafana_password
registry_users > registry.properties
for user in $ADMIN $USERS; do
    password "kafka_${user}_password"
    { kafka_settings "$user"; signatures; } > "$user.toml"
done
echo 'kafka_sasl_mechanism = "PLAIN"' >> $ADMIN.toml
# What these files hold comes out of the stack's key file: `glasshouse keys public`.
echo "sealing_file = \"$PWD/producer_sealing.json\"" >> producer.toml
echo "sealing_file = \"$PWD/registrar_sealing.json\"" | tee -a registrar.toml >> $ADMIN.toml
registry_settings >> $ADMIN.toml
for role in $ROLES; do
    password "clickhouse_${role}_password"
    clickhouse_settings "glasshouse_$role" "clickhouse_${role}_password" > "$role.tmp"
done
clickhouse_settings glasshouse clickhouse_password > migrate.toml
cat migrate.toml >> $ADMIN.toml
signatures >> migrate.toml
cat loader.tmp >> loader.toml
cat operator.toml officer.tmp > officer.toml # who proves the books looks at both
cat officer.tmp >> redriver.toml # and who publishes dead letters again finds them in the books
{ cat officer.tmp; custodian_settings; } >> custodian.toml # who acts for a person needs both too
mv analyst.tmp analyst.toml
mv trainer.tmp trainer.toml
mv auditor.tmp auditor.toml
rm loader.tmp officer.tmp training_custodian.tmp analytics_custodian.tmp
[ -s clickhouse_cluster.xml ] || cat > clickhouse_cluster.xml <<XML
<clickhouse>
    <cluster_secret>$(random)</cluster_secret>
    <interserver_password>$(random)</interserver_password>
</clickhouse>
XML
echo "secrets: $PWD holds keys and passwords: back it up where only operators can read" >&2
