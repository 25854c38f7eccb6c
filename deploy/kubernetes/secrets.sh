#!/bin/sh
# The Secrets that base/ and autoscaling/ name, as YAML, from what ../secrets.sh made and from the
# key file of `glasshouse keys init`; and the policies with both sides' public keys, which are none:
#
#   deploy/kubernetes/secrets.sh keys.json [FOLDER] | kubectl apply -f -
#
# Who may read Secrets in the namespace may act as everybody: let only operators.
set -eu
keys=$1
folder=${2:-$(dirname "$0")/../secrets}

secret() {
    name=$1
    shift
    kubectl create secret generic "$name" --namespace glasshouse --dry-run=client --output yaml "$@"
    echo ---
}

kubectl create configmap policies --namespace glasshouse --dry-run=client --output yaml \
    "--from-file=$folder/policies" "--from-file=$folder/employer.key.pub" \
    "--from-file=$folder/employees.key.pub"
echo ---
ca=--from-file=$folder/kafka_ca.pem
secret keys "--from-file=keys.json=$keys"
secret worker "$ca" "--from-file=$folder/worker.toml"
secret loader "$ca" "--from-file=$folder/loader.toml"
secret migrate "--from-file=$folder/migrate.toml"
secret provision "$ca" "--from-file=$folder/admin.toml" \
    "--from-file=$folder/kafka_producer_password" "--from-file=$folder/kafka_registrar_password" \
    "--from-file=$folder/kafka_worker_password" "--from-file=$folder/kafka_loader_password" \
    "--from-file=$folder/kafka_redriver_password" "--from-file=$folder/kafka_operator_password" \
    "--from-file=$folder/kafka_custodian_password"
secret operator --from-literal=username=operator "--from-file=ca=$folder/kafka_ca.pem" \
    "--from-file=password=$folder/kafka_operator_password"
