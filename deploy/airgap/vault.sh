#!/usr/bin/env bash
# Builds Vault's server from its Go module, for the tests of the key service: build/vault/vault.
#
# Only what our tests need is in it (`-tags minimal`), and it is for tests alone: run the official
# build, or OpenBao, which has the same API. Vault 1.15 and later is under the Business Source
# License 1.1, which allows this. It is kept for other copies of this repository on the machine, by
# version, in $XDG_CACHE_HOME/glasshouse. Needs Go, about 4 GB of disk while it builds, and some 13
# minutes of processor time, half of that on two cores.
set -euo pipefail
cd "$(dirname "$0")/../.."
. deploy/airgap/pins.env
kept=${XDG_CACHE_HOME:-$HOME/.cache}/glasshouse/vault-$VAULT_VERSION
to=$PWD/build/vault/vault

say() { printf 'vault: %s\n' "$*" >&2; }

build() { # from a copy of the module: its go.mod names folders that are not part of it
    local module=github.com/hashicorp/vault started=$SECONDS sources each
    command -v go >/dev/null || { say "there is no Go here; install Vault or OpenBao"; exit 3; }
    work=$(mktemp -d)
    trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
    say "building $VAULT_VERSION, which takes some minutes ..."
    sources=$(cd "$work" && go mod download -json "$module@v$VAULT_VERSION" |
        sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
    cp -r "$sources" "$work/vault"
    chmod -R u+w "$work/vault"
    for each in api api/auth/approle api/auth/kubernetes api/auth/userpass sdk; do
        (cd "$work/vault" && go mod edit -dropreplace "$module/$each")
    done
    # The sdk beside it was not published by itself. The one that it names lacks a result and has an
    # argument more, for what no test uses: these three lines go by it.
    sed -i 's/activateDeduplication(ctx context.Context, req \*logical.Request)/activateDeduplication(ctx context.Context, req *logical.Request, _ string)/' \
        "$work/vault/vault/identity_store_util.go"
    sed -i 's/ActivationFunc(ctx, nil)/ActivationFunc(ctx, nil, "")/' \
        "$work/vault/vault/logical_system_activation_flags.go"
    sed -i 's/restoredKeyName, err := b.lm/restoredKeyName, err := keyName, b.lm/' \
        "$work/vault/builtin/logical/transit/path_restore.go"
    (cd "$work/vault" && GOFLAGS=-mod=mod go build -tags minimal -trimpath -ldflags '-s -w' -o "$work/made" .) ||
        { say "it cannot be built, for the reason above"; exit 3; }
    mkdir -p "$(dirname "$kept")"
    mv "$work/made" "$kept.$$"
    mv "$kept.$$" "$kept" # only a whole one has the name
    say "built in $((SECONDS - started)) s"
}

[ -x "$kept" ] || build
mkdir -p "$(dirname "$to")"
ln -sfn "$kept" "$to"
say "$("$to" version)"
