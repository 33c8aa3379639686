#!/usr/bin/env bash
# strop in an environment of its own: the application's is left as it is.
set -euo pipefail
"$PYTHON" -m venv "$RUNNER_TEMP/strop"
"$RUNNER_TEMP/strop/bin/python" -m pip install --quiet --disable-pip-version-check "$(dirname "$GITHUB_ACTION_PATH")[postgres]"
