#!/usr/bin/env bash
# One comment on the pull request: written once, then changed. Where the token may not (a fork's), the summary has it.
set -euo pipefail
mark='<!-- strop prove -->'
body="$RUNNER_TEMP/strop-comment.md"
{ echo "$mark"; head -c 60000 "$REPORT"; } > "$body"  # GitHub takes 65,536 characters
comments="repos/$GITHUB_REPOSITORY/issues/$NUMBER/comments"
find=".[] | select(.body | startswith(\"$mark\")) | .id"
if ! found=$(gh api --paginate "$comments" --jq "$find"); then
  echo "::notice::the comments can't be read with this token: the verdict is in the summary of the job"
  exit 0
fi
id=$(head -n 1 <<< "$found")
if [ -n "$id" ]; then
  sent=(--method PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$id")
else
  sent=(--method POST "$comments")
fi
if ! gh api "${sent[@]}" --field "body=@$body" > /dev/null; then
  echo "::notice::no comment can be written with this token (permissions: pull-requests: write; a fork's has none): the verdict is in the summary of the job"
fi
