#!/usr/bin/env bash
# Builds the `ingot` of the commit before the newest migration into FOLDER and prints the binary's path: `previous.sh FOLDER`.
set -euo pipefail
cd "$(dirname "$0")/../.."

mkdir -p "$1"
folder=$(cd "$1" && pwd)
newest=$(git log --diff-filter=A --format=%H -1 -- 'migration/src/m*.rs')
git -C . rev-parse --quiet --verify "$newest^" >/dev/null || {
    echo "there is no commit before the newest migration in this clone" >&2
    exit 1
}
[ -d "$folder/source" ] || git worktree add --quiet --detach "$folder/source" "$newest^" >&2
git -C "$folder/source" checkout --quiet --detach "$newest^" >&2
(cd "$folder/source" && CARGO_TARGET_DIR="$folder/target" "${CARGO:-cargo}" build --workspace --bin ingot >&2)
echo "$folder/target/debug/ingot"
