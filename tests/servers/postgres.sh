#!/usr/bin/env bash
# A private Postgres for tests. Prints `port=N dir=DIR` once it accepts connections and lives until its
# standard input ends: the test that starts it holds a pipe, which the kernel closes however the test dies.
set -euo pipefail

# initdb and pg_ctl: from PATH, else the newest that Debian keeps outside of it.
bin=$(dirname "$(readlink -f "$(command -v initdb || ls -d /usr/lib/postgresql/*/bin/initdb | sort -V | tail -n 1)")")

dir=$(mktemp -d "${TMPDIR:-/tmp}/ingot-postgres.XXXXXX")
# Postgres refuses to run as root, and may not be able to read where we stand.
cd "$dir"
as_owner() { "$@"; }
if [ "$(id -u)" = 0 ]; then
    chown postgres "$dir"
    if command -v runuser >/dev/null; then
        as_owner() { runuser -u postgres -- "$@"; }
    else
        as_owner() { su -s /bin/sh postgres -c 'exec "$0" "$@"' -- "$@"; }
    fi
fi

stop() {
    # No test needs this data again, so nothing is checkpointed.
    as_owner "$bin/pg_ctl" stop --silent --mode immediate --pgdata "$dir/data" || true
    cd / && rm -rf "$dir"
} >/dev/null 2>&1
trap stop EXIT
trap 'exit 1' TERM INT HUP

# Skipping initdb's own sync loses nothing; the server's stays on, because the tests are about durability.
as_owner "$bin/initdb" --pgdata "$dir/data" --username ingot --auth trust --encoding UTF8 --locale C \
    --no-sync >"$dir/initdb.log" 2>&1 || { cat "$dir/initdb.log" >&2; exit 1; }

for _ in $(seq 20); do
    # Below the range the kernel takes ports from for outgoing connections.
    port=$((15000 + (RANDOM * 32768 + RANDOM) % 15000))
    options="-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$dir -c fsync=on
        -c synchronous_commit=on -c max_connections=300 -c timezone=UTC"
    if as_owner "$bin/pg_ctl" start --silent --wait --pgdata "$dir/data" --log "$dir/log" \
        --options "${options//$'\n'/ }" >/dev/null 2>&1 </dev/null; then
        echo "port=$port dir=$dir"
        # Nothing is ever written to the pipe; this ends when it is closed.
        cat >/dev/null
        exit 0
    fi
done
cat "$dir/log" >&2
exit 1
