"""Runs pytest on suites of small applications, in processes of their own, as a user would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

APPS = Path(__file__).parent / "apps"


@dataclass(frozen=True)
class Ran:
    """What a run of pytest said."""

    text: str
    status: int
    folder: Path

    @property
    def counts(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "counts.json").read_text("utf-8"))
        return found

    def line(self, mark: str) -> str:
        """Where the application has the line that ends with "# mark: <mark>"."""
        for file in sorted(self.folder.glob("*.py")):
            for number, line in enumerate(file.read_text().splitlines(), 1):
                if line.endswith(f"# mark: {mark}"):
                    return f"{file.name}:{number}"
        raise AssertionError(mark)


Run = Callable[..., Ran]


def _environment() -> dict[str, str]:
    """As it is, but for what speaks of the pytest that runs now; compiled libraries are kept for the next run."""
    off = ("PYTEST_", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(off)}
    return {
        **kept,
        "PYTHONPYCACHEPREFIX": str(Path(tempfile.gettempdir()) / f"strop-plugin-tests-{os.getuid()}"),
    }


@pytest.fixture(scope="session")
def plugin() -> list[str]:
    """What loads the plugin where the environment was made before it had an entry point."""
    known = {each.name for each in entry_points(group="pytest11")}
    return [] if "strop" in known else ["-p", "strop.faces.pytest"]


@pytest.fixture(scope="module")
def run(plugin: list[str], tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Write files (name -> text; the applications of `apps` lie beside them) and run pytest on them."""

    def run_pytest(files: dict[str, str], *options: str, asyncio: bool = False) -> Ran:
        folder = tmp_path_factory.mktemp("suite")
        for app in APPS.glob("*.py"):
            (folder / app.name).write_text(app.read_text())
        for name, text in {"pytest.ini": "[pytest]\n", **files}.items():
            (folder / name).write_text(text)
        off = ["-p", "no:anyio"] if asyncio else ["-p", "no:asyncio"]
        strict = ["-W", "error", "-W", "ignore:Using `httpx`"]  # whose successor the test client wants
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "pytest",
                "-p",
                "no:cacheprovider",
                *strict,
                *off,
                *plugin,
                *options,
            ],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env=_environment(),
        )
        return Ran(done.stdout + done.stderr, done.returncode, folder)

    return run_pytest
