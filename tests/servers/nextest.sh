#!/usr/bin/env bash
# nextest's setup script: one Postgres and one Redis for the whole run, told to the tests through $NEXTEST_ENV.
# They end with nextest itself, even when it is killed.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
lines=$(mktemp -d "${TMPDIR:-/tmp}/ingot-servers.XXXXXX")
trap 'rm -rf "$lines"' EXIT

# The server's standard input is a process that ends when nextest does. Sessions of their own, because nextest
# may kill the process group of this script.
start() {
    setsid bash -c 'tail --pid="$1" --follow /dev/null | "$2"' watch "$PPID" "$here/$1.sh" \
        >"$lines/$1" 2>"$lines/$1.err" </dev/null &
}
await() {
    for _ in $(seq 1200); do
        if [ -s "$lines/$1" ]; then
            sed -n 's/^port=\([0-9]*\).*/\1/p' "$lines/$1"
            return
        fi
        sleep 0.05
    done
    echo "$1 did not start:" >&2
    cat "$lines/$1.err" >&2
    return 1
}

start postgres
start redis
postgres=$(await postgres)
redis=$(await redis)
{
    echo "INGOT_TEST_DATABASE_URL=postgres://ingot@127.0.0.1:$postgres/postgres"
    echo "INGOT_TEST_REDIS_URL=redis://127.0.0.1:$redis/0"
} >>"$NEXTEST_ENV"
