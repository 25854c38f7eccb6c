#!/usr/bin/env bash
# Container images from packages alone, where no image registry can be reached.
#
#   images.sh [kafka|registry|glasshouse|prometheus]...      default: all
#
# Debian packages become the bases and Prometheus, jars of Maven Central become Kafka and the schema
# registry, wheels become Glasshouse. What is there already is used again; FRESH=1 makes it anew (for
# newer Debian packages). Needs root, debootstrap, a Docker daemon (dockerd.sh), Maven for the jars,
# and PYTHON with pip for the wheels. DEBIAN_MIRROR names another mirror; Maven and pip take theirs
# from their own settings.
set -euo pipefail
cd "$(dirname "$0")/../.."
. deploy/airgap/pins.env

CACHE=build/airgap
PYTHON=${PYTHON:-python3}
FRESH=${FRESH:-}

say() { printf 'images: %s\n' "$*" >&2; }
stop() { say "$*"; exit 2; }

step() { # step WHAT COMMAND...: runs it, its output shown only if it fails, and says how long
    local what=$1 started=$SECONDS log
    shift
    log=$(mktemp)
    say "$what ..."
    if ! "$@" >"$log" 2>&1; then
        tail -n 40 "$log" >&2
        stop "$what failed; the whole output is in $log"
    fi
    rm -f "$log"
    say "$what: $((SECONDS - started)) s"
}

has_image() { [ -z "$FRESH" ] && docker image inspect "$1" >/dev/null 2>&1; }

need() { command -v "$1" >/dev/null || stop "$1 is needed: $2"; }

base() { # base IMAGE RELEASE PACKAGES: a minimal Debian with these packages
    local image=$1 release=$2 packages=$3
    if has_image "$image"; then
        say "$image is there"
        return
    fi
    need debootstrap "apt-get install debootstrap"
    [ "$(id -u)" = 0 ] || stop "debootstrap needs root"
    local root=$CACHE/root debs=$PWD/$CACHE/debs
    rm -rf "$root"
    mkdir -p "$debs"
    step "$image: Debian $release with $packages" \
        debootstrap --variant=minbase --include="$packages" --cache-dir="$debs" \
        "$release" "$root" ${DEBIAN_MIRROR:+"$DEBIAN_MIRROR"}
    step "$image: import" import "$root" "$image"
    rm -rf "$root"
}

import() {
    tar -C "$1" --exclude='./var/cache/apt/*' --exclude='./var/lib/apt/lists/*' \
        --exclude='./var/log/*.log' --exclude='./usr/share/doc/*' --exclude='./usr/share/man/*' \
        --exclude='./usr/share/locale/*' -c . |
        docker import --change 'ENV LANG=C.UTF-8' - "$2"
}

base_java() { base "$JAVA_BASE_IMAGE" "$JAVA_DEBIAN_RELEASE" "$JAVA_PACKAGE"; }

kafka() {
    if has_image "$KAFKA_IMAGE"; then
        say "$KAFKA_IMAGE is there"
        return
    fi
    base_java
    local context=$CACHE/kafka jars
    jars=$context/libs
    mkdir -p "$context"
    if [ ! -e "$jars/kafka_2.13-$KAFKA_VERSION.jar" ] || [ -n "$FRESH" ]; then
        need mvn "apt-get install maven"
        rm -rf "$jars"
        step "Kafka $KAFKA_VERSION: jars" mvn --batch-mode --file deploy/airgap/kafka/pom.xml \
            "-Dkafka.version=$KAFKA_VERSION" -DincludeScope=runtime \
            "-DoutputDirectory=$PWD/$jars" \
            "org.apache.maven.plugins:maven-dependency-plugin:$MAVEN_DEPENDENCY_PLUGIN:copy-dependencies"
    fi
    cp -r deploy/airgap/kafka/. "$context"
    step "$KAFKA_IMAGE" docker build --build-arg "BASE=$JAVA_BASE_IMAGE" --tag "$KAFKA_IMAGE" "$context"
}

registry() {
    if has_image "$REGISTRY_IMAGE"; then
        say "$REGISTRY_IMAGE is there"
        return
    fi
    base_java
    local context=$CACHE/registry distribution=apicurio-registry-app-$REGISTRY_VERSION-all.tar.gz
    mkdir -p "$context"
    if [ ! -e "$context/$distribution" ] || [ -n "$FRESH" ]; then
        need mvn "apt-get install maven"
        rm -f "$context"/*.tar.gz
        step "Apicurio Registry $REGISTRY_VERSION: distribution" mvn --batch-mode \
            "-Dartifact=io.apicurio:apicurio-registry-app:$REGISTRY_VERSION:tar.gz:all" \
            "-DoutputDirectory=$PWD/$context" \
            "org.apache.maven.plugins:maven-dependency-plugin:$MAVEN_DEPENDENCY_PLUGIN:copy"
    fi
    cp deploy/airgap/registry/Dockerfile "$context"
    step "$REGISTRY_IMAGE" docker build --build-arg "BASE=$JAVA_BASE_IMAGE" \
        --build-arg "DISTRIBUTION=$distribution" --tag "$REGISTRY_IMAGE" "$context"
}

glasshouse() {
    base "$PYTHON_BASE_IMAGE" "$DEBIAN_RELEASE" python3,python3-venv
    local wheels=$CACHE/wheels
    if ! cmp -s deploy/requirements.lock "$wheels/requirements.lock" || [ -n "$FRESH" ]; then
        rm -rf "$wheels"
        step "wheels of deploy/requirements.lock" "$PYTHON" -m pip download --quiet --no-deps \
            --require-hashes --only-binary :all: --python-version 3.11 --dest "$wheels" \
            --requirement deploy/requirements.lock
        cp deploy/requirements.lock "$wheels"
    fi
    step "$GLASSHOUSE_IMAGE" docker build --file deploy/Dockerfile --tag "$GLASSHOUSE_IMAGE" \
        --build-arg "BASE=$PYTHON_BASE_IMAGE" --build-arg "WHEELS=$wheels" \
        --build-arg PIP_NO_INDEX=1 .
}

prometheus() {
    base "$PROMETHEUS_BASE_IMAGE" "$DEBIAN_RELEASE" prometheus
    step "$PROMETHEUS_IMAGE" docker build --tag "$PROMETHEUS_IMAGE" \
        --build-arg "BASE=$PROMETHEUS_BASE_IMAGE" deploy/airgap/prometheus
}

need docker "apt-get install docker.io"
docker version >/dev/null 2>&1 || stop "no Docker daemon answers; deploy/airgap/dockerd.sh starts one"
[ $# -gt 0 ] || set -- kafka registry glasshouse prometheus
for image; do
    case $image in
    kafka | registry | glasshouse | prometheus) "$image" ;;
    *) stop "there is no image $image: kafka, registry, glasshouse, prometheus" ;;
    esac
done
