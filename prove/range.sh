#!/usr/bin/env bash
# The range to prove, and the commit where both sides part, which is what the evidence is kept by.
set -euo pipefail
known() { git rev-parse --quiet --verify "$1^{commit}" > /dev/null; }
for commit in "$BASE" "$HEAD"; do
  known "$commit" || git fetch --quiet --no-tags origin "$commit" || true
  known "$commit" || { echo "::error::there is no commit '$commit': check out with fetch-depth: 0"; exit 1; }
done
if ! base=$(git merge-base "$BASE" "$HEAD"); then
  git fetch --quiet --no-tags --unshallow origin || true
  base=$(git merge-base "$BASE" "$HEAD") || { echo "::error::no common commit: check out with fetch-depth: 0"; exit 1; }
fi
{ echo "base=$base"; echo "range=$BASE..$HEAD"; } >> "$GITHUB_OUTPUT"
