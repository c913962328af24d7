#!/usr/bin/env bash
# Installs what the tests need and the machine does not have: Redis, Postgres, Python packages, a browser, nextest.
# Servers of the system are neither started nor touched; the tests start their own.
set -euo pipefail
cd "$(dirname "$0")/.."

venv=${1:-.venv}
requirements=tests/python/requirements.txt

have() { command -v "$1" >/dev/null 2>&1; }
have_postgres() { have initdb || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; }
have_venv() { python3 -c 'import ensurepip, venv' >/dev/null 2>&1; }
have_browser() { have chromium || have chromium-browser || have google-chrome; }

missing=()
# The tests' scripts speak to Redis through redis-cli, which Debian packs separately.
have redis-server && have redis-cli || missing+=(redis-server redis-tools)
have_postgres || missing+=(postgresql)
have python3 && have_venv || missing+=(python3 python3-venv)
# A clock of its own for one process.
ls /usr/lib/*/faketime/libfaketimeMT.so.1 >/dev/null 2>&1 || missing+=(faketime)
have_browser || missing+=(chromium)

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif have sudo; then
        sudo "$@"
    else
        echo "setup: neither root nor sudo; install these yourself: ${missing[*]}" >&2
        exit 1
    fi
}

install_packages() {
    have apt-get || {
        echo "setup: no apt-get here; install these yourself: $*" >&2
        exit 1
    }
    # Debian starts a server when it installs one, unless this file says no. One that is there already stays.
    local policy=/usr/sbin/policy-rc.d ours=
    if [ ! -e "$policy" ]; then
        ours=$policy
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod 755 "$policy"
    fi
    local status=0
    as_root apt-get update -qq || status=$?
    [ "$status" != 0 ] || as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "$@" >/dev/null || status=$?
    [ -z "$ours" ] || as_root rm -f "$ours"
    return "$status"
}

if [ ${#missing[@]} -gt 0 ]; then
    echo "setup: installing ${missing[*]}"
    install_packages "${missing[@]}"
fi

# The requirements' own text marks a finished installation: a changed file installs again.
if ! cmp -s "$requirements" "$venv/requirements.txt"; then
    echo "setup: Python packages into $venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$requirements"
    cp "$requirements" "$venv/requirements.txt"
fi

if ! cargo nextest --version >/dev/null 2>&1; then
    echo "setup: cargo-nextest"
    # Without it `make test` runs plain `cargo test`.
    cargo install --locked --quiet cargo-nextest ||
        echo "setup: cargo-nextest could not be installed; the tests run without it" >&2
fi
