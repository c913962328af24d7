#!/usr/bin/env bash
# kept.sh DIR COMMAND...: runs the command and keeps whatever it says, errors of the harness too, in a file of its own.
set -o pipefail
dir=$1
shift
mkdir -p "$dir"
file="$dir/$(date -u +%Y%m%dT%H%M%SZ)-$$.log"
"$@" 2>&1 | tee "$file"
code=$?
echo "kept in $file"
exit "$code"
