#!/usr/bin/env bash
# The proof as Markdown: into a file, and into the summary of the job.
set -euo pipefail
report="$RUNNER_TEMP/strop-prove.md"
bases=.strop/cache/bases
list() { ls "$bases" 2> /dev/null || true; }
before=$(list)
read -r -a arguments <<< "$ARGUMENTS"
[ -z "$PYTHON" ] || arguments+=(--python "$PYTHON")
status=0
"$RUNNER_TEMP/strop/bin/strop" prove "$RANGE" "${arguments[@]}" --format markdown 2>&1 > "$report" \
  | tee "$RUNNER_TEMP/strop-said.txt" >&2 || status=$?
if [ ! -s "$report" ]; then  # the command ended before a verdict: what it said is why
  { echo "### ⚠️ no verdict"; echo; echo '```'; tail -n 12 "$RUNNER_TEMP/strop-said.txt"; echo '```'; } > "$report"
fi
cat "$report" >> "$GITHUB_STEP_SUMMARY"
verdict=$(sed -n -E '1,3s/^### .* (IDENTICAL|IDENTICAL-EXCEPT-UNSPECIFIED|DIFFERENT|INSUFFICIENT)$/\1/p' "$report")
after=$(list)
known=""
[ "$after" = "$before" ] || known=$(sha256sum <<< "$after" | cut -c 1-16)
{ echo "status=$status"; echo "verdict=$verdict"; echo "report=$report"; echo "known=$known"; } >> "$GITHUB_OUTPUT"
