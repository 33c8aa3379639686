"""Copy the shop into a scratch folder, give it a history and rows, and let strop optimise it.

    python examples/demo.py FOLDER

The copy is made anew each time; the report's place is printed last.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

SHOP = Path(__file__).parent / "shop"
HISTORY = (
    ("Set up the project", ("pyproject.toml", "README.md", ".gitignore", "alembic.ini")),
    ("Model the shop and its first migration", ("shop/__init__.py", "shop/core", "shop/models", "migrations")),
    ("Serve orders, products and customers", ("shop",)),
    ("Test what the back office relies on", ("tests",)),
    ("Add the rest", (".",)),
)
IDENTITY = ("-c", "user.name=shop team", "-c", "user.email=team@shop.example", "-c", "commit.gpgsign=false")


def git(folder: Path, *arguments: str) -> None:
    """Run git quietly in the copy."""
    subprocess.run(["git", *IDENTITY, *arguments], cwd=folder, check=True, stdout=subprocess.DEVNULL)


def make_copy(folder: Path) -> None:
    """The shop with a history of its own."""
    shutil.rmtree(folder, ignore_errors=True)
    ignored = shutil.ignore_patterns("__pycache__", "*.db", ".pytest_cache", ".ruff_cache", "*.egg-info")
    shutil.copytree(SHOP, folder, ignore=ignored)
    git(folder, "init", "--quiet", "--initial-branch=main")
    for subject, paths in HISTORY:
        present = [path for path in paths if (folder / path).exists()]
        git(folder, "add", *present)
        git(folder, "commit", "--quiet", "--allow-empty", "-m", subject)


def main() -> int:
    """Make the copy, seed it, optimise it."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "demo").resolve()
    make_copy(folder)
    subprocess.run([sys.executable, "-m", "shop.seed"], cwd=folder, check=True)
    strop = Path(sys.executable).with_name("strop")
    done = subprocess.run([str(strop), "optimize", str(folder)], check=False, env={**os.environ})
    if done.returncode not in (0, 1, 5):
        return done.returncode
    reports = sorted((folder / ".strop" / "runs").glob("*/report.html"), key=lambda path: path.stat().st_mtime)
    print(f"\nThe report: {reports[-1]}\nThe branch: git -C {folder} log --oneline main..")
    return 0


if __name__ == "__main__":
    sys.exit(main())
