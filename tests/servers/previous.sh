#!/usr/bin/env bash
# Builds the `ingot` of the release before into FOLDER and prints the binary's path: `previous.sh FOLDER`. That is the commit
# before the first migration of the newest day: migrations that are released together bear one date. PREVIOUS names another.
set -euo pipefail
cd "$(dirname "$0")/../.."

mkdir -p "$1"
folder=$(cd "$1" && pwd)
day=$(basename -a migration/src/m[0-9]*.rs | sort | tail -1 | cut -d_ -f1)
first=$(git log --diff-filter=A --format=%H -- "migration/src/${day}_*.rs" | tail -1)
commit=${PREVIOUS:-$first^}
git -C . rev-parse --quiet --verify "$commit" >/dev/null || {
    echo "there is no commit before the migrations of $day in this clone; name one with PREVIOUS" >&2
    exit 1
}
[ -d "$folder/source" ] || git worktree add --quiet --detach "$folder/source" "$commit" >&2
git -C "$folder/source" checkout --quiet --detach "$commit" >&2
(cd "$folder/source" && CARGO_TARGET_DIR="$folder/target" "${CARGO:-cargo}" build --workspace --bin ingot >&2)
echo "$folder/target/debug/ingot"
