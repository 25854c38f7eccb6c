#!/usr/bin/env bash
# A Docker daemon, for machines that have none running (a build machine, an air-gapped site).
#
#   dockerd.sh start     use the one that answers, or install what is missing (Debian, root) and start one
#   dockerd.sh stop      stop the one that `start` started; no other
#   dockerd.sh status    exit status 0 if a daemon answers
#
# Where there can be none it says why and ends with status 3: no fault of whoever called it.
set -euo pipefail

RUN=${DOCKERD_DIR:-/var/run/glasshouse-dockerd}
LOG=$RUN/dockerd.log
START_S=30

say() { printf 'dockerd: %s\n' "$*" >&2; }
cannot() { say "no Docker daemon here: $*"; exit 3; }
answers() { command -v docker >/dev/null && docker version >/dev/null 2>&1; }
release() { docker version --format '{{.Server.Version}}, {{.Server.Os}}/{{.Server.Arch}}'; }

install_packages() {
    local missing=() entry
    for entry in dockerd:docker.io docker:docker.io debootstrap:debootstrap iptables:iptables; do
        command -v "${entry%%:*}" >/dev/null || missing+=("${entry##*:}")
    done
    [ ${#missing[@]} -eq 0 ] && return
    command -v apt-get >/dev/null || cannot "${missing[*]} missing, and there is no apt-get"
    say "installing ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}" \
        >"$RUN/install.log" 2>&1 || cannot "installing failed, see $RUN/install.log"
}

# start_with OPTIONS: whether a daemon with these options comes up and can run its storage driver.
start_with() {
    setsid dockerd --pidfile "$RUN/dockerd.pid" "$@" >"$LOG" 2>&1 &
    local pid=$! waited
    for waited in $(seq $((START_S * 2))); do
        answers && return
        kill -0 "$pid" 2>/dev/null || return 1
        sleep 0.5
    done
    kill "$pid" 2>/dev/null || true
    return 1
}

start() {
    if answers; then
        say "one answers already ($(release))"
        return
    fi
    [ "$(uname -s)" = Linux ] || cannot "this is not Linux"
    [ "$(id -u)" = 0 ] || cannot "starting one needs root"
    mkdir -p "$RUN"
    install_packages
    local options
    # The daemon's own choice first; then without what a small kernel may lack.
    for options in "" "--storage-driver=vfs" "--storage-driver=vfs --iptables=false --ip6tables=false"; do
        # shellcheck disable=SC2086
        if start_with $options; then
            say "started ($(release))${options:+ with $options}; its log is $LOG"
            return
        fi
    done
    cannot "dockerd ends at once: $(grep -hE 'level=(fatal|error)|failed' "$LOG" | tail -n 1)"
}

stop() {
    [ -s "$RUN/dockerd.pid" ] || { say "none was started from here"; return; }
    local pid
    pid=$(cat "$RUN/dockerd.pid")
    kill "$pid" 2>/dev/null || true
    while kill -0 "$pid" 2>/dev/null; do sleep 0.2; done
    rm -f "$RUN/dockerd.pid"
    say "stopped"
}

case ${1:-} in
start) start ;;
stop) stop ;;
status) answers && say "$(release)" ;;
*) say "usage: dockerd.sh start|stop|status"; exit 2 ;;
esac
