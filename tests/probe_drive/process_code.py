"""Runs a piece of Python with the walls of the probe, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any


def run_code(code: str, cwd: Path, python: str = sys.executable) -> Any:
    """What `code` leaves in the name `result`, by way of JSON."""
    program = f"import json\n{textwrap.dedent(code)}\nprint('\\n' + json.dumps(result))"
    done = subprocess.run(
        [python, "-W", "error", "-c", program], cwd=cwd, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])
