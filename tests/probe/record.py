"""Records an application of `apps` in a process of its own, where the hooks can't touch the tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import strop

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Recorded:
    """What the process reported."""

    exchanges: list[dict[str, Any]]
    answers: list[dict[str, Any]]
    failures: dict[str, int]

    @property
    def one(self) -> dict[str, Any]:
        """The exchange of the one request that was served, or of the last one."""
        assert self.failures == {}
        return self.exchanges[-1]


def request(path: str, method: str = "GET", **more: Any) -> dict[str, Any]:
    return {"path": path, "method": method, **more}


def record(app: str, *batches: Any, folder: Path | None = None, **options: Any) -> Recorded:
    """Serve batches (a path, or a list of requests that are sent together) to `apps/<app>.py`."""
    sent = [[request(batch)] if isinstance(batch, str) else batch for batch in batches]
    paths = [str(Path(strop.__file__).parent.parent), str(HERE)]
    done = subprocess.run(
        [sys.executable, str(HERE / "serve.py")],
        input=json.dumps({"app": app, "batches": sent, **options}),
        env={
            **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
            # Each test is a process: without compiled libraries most of its time were compiling.
            "PYTHONPYCACHEPREFIX": str(Path(tempfile.gettempdir()) / f"strop-probe-tests-{os.getuid()}"),
            "PYTHONPATH": os.pathsep.join(paths),
            "SHOP_FILE": str((folder or Path()) / "shop.db"),
        },
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    return Recorded(said["exchanges"], said["answers"], said["failures"])


def place(app: str, mark: str) -> tuple[str, int]:
    """File and line of the line of an application that carries "# mark: <mark>"."""
    lines = (HERE / "apps" / f"{app}.py").read_text().splitlines()
    numbers = [number for number, line in enumerate(lines, 1) if line.endswith(f"# mark: {mark}")]
    assert len(numbers) == 1, mark
    return f"{app}.py", numbers[0]


def where(span: dict[str, Any]) -> tuple[str, int]:
    return span["file"], span["line"]
