#!/usr/bin/env bash
# A backup: `pg_copy.sh dump URL FILE` writes a database to a file, `pg_copy.sh restore URL FILE` fills an empty one from it.
set -euo pipefail

order=$1 url=$2 file=$3
bin=$(dirname "$(readlink -f "$(command -v initdb || ls -d /usr/lib/postgresql/*/bin/initdb | sort -V | tail -n 1)")")
case "$order" in
dump) "$bin/pg_dump" --format=custom --file="$file" "$url" ;;
restore) "$bin/pg_restore" --exit-on-error --single-transaction --dbname="$url" "$file" ;;
*)
    echo "dump or restore, not $order" >&2
    exit 2
    ;;
esac
