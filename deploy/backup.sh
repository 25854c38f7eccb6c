#!/usr/bin/env bash
# Saves and restores everything of the stack on one machine: every named volume, and the secrets.
#
#   backup.sh save FOLDER       stops the stack, copies, starts it again
#   backup.sh restore FOLDER    puts it all back, in place of what is there; the stack stays down
#
# Other compose files than deploy/compose.yaml are named in COMPOSE_FILE, another project in
# COMPOSE_PROJECT_NAME, as docker-compose itself takes them. FOLDER then holds the keys, the ledger
# and people's rows: keep it as closed as the machine, and let it expire as the tables do.
set -euo pipefail
umask 077
cd "$(dirname "$0")/.."
export COMPOSE_FILE=${COMPOSE_FILE:-deploy/compose.yaml}
PROJECT=${COMPOSE_PROJECT_NAME:-deploy}
IMAGE=${APP_IMAGE:-glasshouse:0.1.0}
SECRETS=deploy/secrets

say() { printf 'backup: %s\n' "$*" >&2; }
stop() { say "$*"; exit 2; }
compose() { if command -v docker-compose >/dev/null; then docker-compose "$@"; else docker compose "$@"; fi; }
volumes() { docker volume ls --quiet --filter "label=com.docker.compose.project=$PROJECT" | sort; }
# in_volume VOLUME COMMAND...: as root without network, with the volume at /volume
in_volume() {
    local volume=$1
    shift
    docker run --rm --interactive --network none --user 0:0 --volume "$volume:/volume" \
        --entrypoint "$1" "$IMAGE" "${@:2}"
}

save() {
    local folder=$1 volume started
    [ -e "$folder" ] && stop "$folder is there already: name a new one"
    [ -n "$(volumes)" ] || stop "project $PROJECT has no volumes: is COMPOSE_PROJECT_NAME right?"
    mkdir -p "$folder.part"
    say "stopping the stack: a copy of what changes is none"
    trap 'say "starting the stack"; compose start >/dev/null' EXIT
    compose stop
    for volume in $(volumes); do
        started=$SECONDS
        in_volume "$volume" tar -C /volume -cz . < /dev/null > "$folder.part/${volume#"${PROJECT}_"}.tar.gz"
        say "$volume: $(du -h "$folder.part/${volume#"${PROJECT}_"}.tar.gz" | cut -f1), $((SECONDS - started)) s"
    done
    tar -C "$SECRETS" -cz . > "$folder.part/secrets.tgz"
    (cd "$folder.part" && sha256sum ./* > SHA256SUMS)
    mv "$folder.part" "$folder" # only a whole backup has the name
    say "saved in $folder"
}

restore() {
    local folder=$1 file name volume
    [ -e "$folder/SHA256SUMS" ] || stop "$folder holds no whole backup: it has no SHA256SUMS"
    (cd "$folder" && sha256sum --check --quiet SHA256SUMS) || stop "$folder is damaged; nothing was changed"
    mkdir -p "$SECRETS"
    chmod 0700 "$SECRETS"
    tar -C "$SECRETS" -xzf "$folder/secrets.tgz"
    compose down
    for file in "$folder"/*.tar.gz; do
        name=$(basename "$file" .tar.gz)
        volume=${PROJECT}_$name
        docker volume create --label "com.docker.compose.project=$PROJECT" \
            --label "com.docker.compose.volume=$name" "$volume" >/dev/null
        in_volume "$volume" find /volume -mindepth 1 -delete < /dev/null
        in_volume "$volume" tar -C /volume -xzp --numeric-owner < "$file"
        say "$volume"
    done
    say "restored; the stack is down. Whoever withdrew after the backup is enrolled again in it:"
    say "start Kafka alone, record those words (glasshouse consent withdraw ...), then start the rest."
    say "Whoever was erased after it is in it again: glasshouse subject erase --again --receipts FOLDER"
}

[ $# = 2 ] || { sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2; }
docker image inspect "$IMAGE" >/dev/null 2>&1 || stop "there is no image $IMAGE here: docker-compose build"
case $1 in
save | restore) "$1" "$2" ;;
*) stop "save or restore, not $1" ;;
esac
