"""Small projects on disk, with and without git."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

SLOW = """\
import time

from fastapi import FastAPI

from pictures import render

app = FastAPI()


@app.get("/picture")
async def read_picture() -> str:
    return render("logo")


@app.get("/export")
async def export() -> str:
    time.sleep(1)
    return "done"
"""
PICTURES = """\
import time


def render(name: str) -> str:
    return fetch(name).upper()


def fetch(name: str) -> str:
    time.sleep(0.03)
    return name
"""
SLOW_FILES = {"main.py": SLOW, "pictures.py": PICTURES}


def write(folder: Path, files: Mapping[str, str]) -> Path:
    """Write the files below a folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    return folder


def git(folder: Path, *arguments: str) -> str:
    """Run git as somebody, without the machine's settings."""
    identity = ("-c", "user.name=somebody", "-c", "user.email=somebody@localhost")
    done = subprocess.run(
        ["git", *identity, "-c", "protocol.file.allow=always", *arguments],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin:/usr/local/bin", "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def commit(folder: Path, message: str = "a change") -> str:
    """Commit everything; the first time, the repository is made."""
    if not (folder / ".git").exists():
        git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "-m", message)
    return git(folder, "rev-parse", "HEAD")


def edit(folder: Path, name: str, old: str, new: str) -> None:
    """Replace a text that occurs in a file."""
    path = folder / name
    text = path.read_bytes().decode()
    assert old in text
    path.write_bytes(text.replace(old, new).encode())
