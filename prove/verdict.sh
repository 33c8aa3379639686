#!/usr/bin/env bash
# The status of the job: strop's own says 0 identical, 1 different, 4 insufficient, anything else no verdict.
set -euo pipefail
case "$FAIL_ON:$STATUS" in
  *:0 | never:1 | never:4 | different:4) exit 0 ;;
  different:* | insufficient:* | never:*) exit "$STATUS" ;;
  *) echo "::error::fail-on is different, insufficient or never, not '$FAIL_ON'"; exit 2 ;;
esac
