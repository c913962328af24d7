#!/usr/bin/env bash
# A small disk for tests: `disk.sh MIB` mounts that many MiB of memory on a folder, prints `dir=DIR`, and lives until its
# standard input ends. Mounting needs root, or a namespace that allows it; it says so where it may not.
set -euo pipefail

dir=$(mktemp -d "${TMPDIR:-/tmp}/ingot-disk.XXXXXX")
stop() {
    cd /
    # A server that still ends there keeps it until it is gone; no other process sees it any more.
    umount --lazy "$dir"
    rmdir "$dir"
} >/dev/null 2>&1
trap stop EXIT
trap 'exit 1' TERM INT HUP

mount -t tmpfs -o "size=$1m,mode=1777" ingot-disk "$dir"
echo "dir=$dir"
cat >/dev/null
