#!/usr/bin/env bash
# A private Redis for tests: `redis.sh [PORT [OPTION…]]`. Prints `port=N pid=N` once it answers and lives until
# its standard input ends. Without PORT it takes a free one; OPTIONs go to redis-server.
set -euo pipefail

wanted=${1:-}
shift || true
dir=$(mktemp -d "${TMPDIR:-/tmp}/ingot-redis.XXXXXX")
pid=
stop() {
    [ -z "$pid" ] || kill -KILL "$pid" || true
    rm -rf "$dir"
} >/dev/null 2>&1
trap stop EXIT
trap 'exit 1' TERM INT HUP

# Another test's server on this port would answer too, so ours must say its own process id.
answers() { redis-cli -h 127.0.0.1 -p "$port" info server 2>/dev/null | grep -q "^process_id:$pid"; }

for _ in $(seq 20); do
    port=${wanted:-$((15000 + (RANDOM * 32768 + RANDOM) % 15000))}
    redis-server --port "$port" --bind 127.0.0.1 --dir "$dir" --save '' --appendonly no \
        --maxmemory-policy noeviction "$@" >"$dir/log" 2>&1 </dev/null &
    pid=$!
    for _ in $(seq 200); do
        if ! kill -0 "$pid" 2>/dev/null; then break; fi
        if answers; then
            echo "port=$port pid=$pid"
            cat >/dev/null
            exit 0
        fi
        sleep 0.02
    done
    wait "$pid" || true
done
cat "$dir/log" >&2
exit 1
