#!/usr/bin/env bash
# What happens to a Postgres of postgres.sh: `pg_ctl.sh DIR ORDER MODE` with ORDER `stop` or `restart` and MODE
# `fast` or `immediate`. A stopped server is started by `restart`, with the options it had.
set -euo pipefail

dir=$1 order=$2 mode=$3
bin=$(dirname "$(readlink -f "$(command -v initdb || ls -d /usr/lib/postgresql/*/bin/initdb | sort -V | tail -n 1)")")
cd "$dir"
as_owner() { "$@"; }
if [ "$(id -u)" = 0 ]; then
    if command -v runuser >/dev/null; then
        as_owner() { runuser -u postgres -- "$@"; }
    else
        as_owner() { su -s /bin/sh postgres -c 'exec "$0" "$@"' -- "$@"; }
    fi
fi
as_owner "$bin/pg_ctl" "$order" --silent --wait --mode "$mode" --pgdata "$dir/data" --log "$dir/log" \
    </dev/null >/dev/null
