#!/usr/bin/env bash
# Installs the engine's peers into folders that git ignores, each package at the version that is written down here:
# Python's in .venv, Node's in bullmq/node_modules, Rust's in rust/target.
set -euo pipefail
cd "$(dirname "$0")"

have() { command -v "$1" >/dev/null 2>&1; }
missing=()
have python3 && python3 -c 'import ensurepip, venv' >/dev/null 2>&1 || missing+=("python3 with venv (Debian: python3 python3-venv)")
have node && [ "$(node --version | sed 's/^v\([0-9]*\).*/\1/')" -ge 20 ] || missing+=("node 20 or newer (nodejs.org)")
have npm || missing+=("npm (comes with node)")
have cargo || missing+=("cargo (rustup.rs)")
have redis-server && have redis-cli || missing+=("redis-server and redis-cli (Debian: redis-server redis-tools)")
have initdb || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing+=("initdb (Debian: postgresql)")
if [ ${#missing[@]} -gt 0 ]; then
    printf 'the peers need what this machine does not have:\n' >&2
    printf '  %s\n' "${missing[@]}" >&2
    exit 1
fi

# A folder's own copy of the list marks a finished installation: a changed list installs again.
if ! cmp -s celery/requirements.txt .venv/requirements.txt; then
    echo "peers: Python packages"
    python3 -m venv .venv
    .venv/bin/pip install --quiet --disable-pip-version-check --no-deps -r celery/requirements.txt
    cp celery/requirements.txt .venv/requirements.txt
fi
if ! cmp -s bullmq/package-lock.json bullmq/node_modules/installed.json; then
    echo "peers: Node packages"
    (cd bullmq && npm ci --no-audit --no-fund --ignore-scripts --loglevel=error)
    cp bullmq/package-lock.json bullmq/node_modules/installed.json
fi
echo "peers: Rust"
CARGO_TARGET_DIR=rust/target cargo build --quiet --release --locked --manifest-path rust/Cargo.toml
