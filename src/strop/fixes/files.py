"""Which files the project has: the listing that a fix needs beyond the findings."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from strop.project.project import Project

SKIPPED = {"__pycache__", "node_modules", "site-packages", "venv", "env", "build", "dist"}


def files(project: Project, suffix: str = ".py", under: str = "") -> tuple[str, ...]:
    """Paths relative to the root, sorted; no environments, caches and hidden folders."""
    root = Path(project.root)
    return tuple(sorted(p for p in _walk(root, root / under) if p.endswith(suffix)))


def _walk(root: Path, folder: Path) -> Iterator[str]:
    for at, folders, names in os.walk(folder):
        here = Path(at)
        folders[:] = [f for f in folders if f[0] != "." and f not in SKIPPED and _is_source(here / f)]
        yield from ((here / name).relative_to(root).as_posix() for name in names)


def _is_source(folder: Path) -> bool:
    return not (folder / "pyvenv.cfg").exists() and not folder.is_symlink()


def module_name(file: str, roots: tuple[str, ...] = ("src",)) -> str:
    """The dotted name under which a file is imported, as far as its path tells."""
    path = file.removesuffix(".py").removesuffix("/__init__")
    for root in roots:
        path = path.removeprefix(f"{root}/")
    return path.replace("/", ".")
