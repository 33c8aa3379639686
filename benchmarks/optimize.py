"""Run `strop optimize` on one of the real backends of this folder and print what came of it.

    python benchmarks/optimize.py spoolman|mealie|fst CLONE [OPTION OF STROP]...

CLONE is what the script of that name under benchmarks/targets prepared (its docstring says how); for fst
the PostgreSQL variables that it printed must be set. Everything here that knows a backend is this table.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Backend:
    """How a backend is started."""

    app: str
    folder: str = "."
    environ: tuple[str, ...] = ()
    login: tuple[str, ...] = ()


BACKENDS = {
    "spoolman": Backend(
        "spoolman.main:app",
        environ=(
            "EXTERNAL_DB_URL=",
            "SPOOLMAN_AUTOMATIC_BACKUP=FALSE",
            "SPOOLMAN_DIR_DATA={root}/data",
            "SPOOLMAN_DIR_BACKUPS={root}/data/backups",
            "SPOOLMAN_DIR_LOGS={root}/data/logs",
        ),
    ),
    "mealie": Backend(
        "mealie.app:app",
        environ=("PRODUCTION=false", "BASE_URL=http://127.0.0.1:9000"),
        login=("/api/auth/token", "changeme@example.com", "MyPassword"),
    ),
    "fst": Backend(
        "app.main:app",
        folder="backend",
        login=("/api/v1/login/access-token", "admin@example.com", "changethis"),
    ),
}


def main() -> int:
    """Run it, print the figures."""
    name, clone, *more = sys.argv[1:]
    backend = BACKENDS[name]
    root = Path(clone).resolve()
    command = [sys.executable, "-m", "strop", "optimize", str(root / backend.folder), "--app", backend.app]
    command += [part for pair in backend.environ for part in ("--env", pair)]
    command += ["--login", *backend.login] if backend.login else []
    environment = {**os.environ, "VIRTUAL_ENV": str(root.with_name(f"{root.name}-venv"))}
    began = time.monotonic()
    status = subprocess.run([*command, *more], env=environment, check=False).returncode
    print(f"exit {status} after {time.monotonic() - began:.0f} s")
    reports = (root / backend.folder / ".strop" / "runs").glob("*/report.json")
    newest = max(reports, key=lambda path: path.stat().st_mtime, default=None)
    if newest is not None:
        report = json.loads(newest.read_text())
        for gain in (report.get("verdict") or {}).get("gains", ()):
            print(
                f"{gain['name']:12} {gain['before']:14,.1f} -> {gain['after']:14,.1f}  low {gain['low']:7.1%}  A/A {gain['noise']:.1%}"
            )
        print(newest.with_suffix(".html"))
    return status


if __name__ == "__main__":
    sys.exit(main())
