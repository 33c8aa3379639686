"""Which files are the project's own source: not tests, migrations, environments or generated folders."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

_SKIPPED = frozenset(
    {
        "tests",
        "test",
        "migrations",
        "node_modules",
        "site-packages",
        "__pycache__",
        "venv",
    }
)
_OFTEN_MADE = frozenset({"build", "dist", "env"})  # the project's own inside of a package
_MAKERS = ("setup.py", "pyproject.toml")  # what writes such folders, beside it


def source_files(root: Path, exclude: tuple[str, ...] = ()) -> Iterator[Path]:
    """Every Python file of the project below root, sorted; `exclude` are paths relative to root."""
    shut = {_real(root / entry) for entry in exclude}
    for folder, folders, names in os.walk(root):
        here = Path(folder)
        folders[:] = sorted(name for name in folders if _is_source(here / name, shut))
        yield from (here / name for name in sorted(names) if _is_module(here / name, shut))


def _is_source(folder: Path, shut: set[Path]) -> bool:
    if folder.name in _SKIPPED or folder.name.startswith(".") or folder.is_symlink():
        return False
    if folder.name in _OFTEN_MADE and not _is_own(folder):
        return False
    if shut and _real(folder) in shut:
        return False
    return not ((folder / "pyvenv.cfg").exists() or _is_alembic(folder))


def _is_own(folder: Path) -> bool:
    """Whether a folder with the name of what tools make lies in a package, and no tool beside it; `__init__.py` may be missing."""
    return _is_package(folder.parent) and not any((folder.parent / name).exists() for name in _MAKERS)


def _is_package(folder: Path) -> bool:
    return (folder / "__init__.py").exists()


def _is_alembic(folder: Path) -> bool:
    return (folder / "env.py").exists() and (folder / "versions").is_dir()


def _is_module(path: Path, shut: set[Path]) -> bool:
    name = path.name
    if not name.endswith(".py") or name == "conftest.py" or name.startswith("test_"):
        return False
    if name.endswith("_test.py") or not _ends(path):
        return False
    return not shut or _real(path) not in shut


def _ends(path: Path) -> bool:
    """Whether reading comes to an end: a pipe would not; a link that leads nowhere is said to be unreadable."""
    try:
        return path.is_file() or (path.is_symlink() and not path.exists())
    except OSError:
        return True


def _real(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError):  # a link to itself
        return path


def file_name(root: Path, path: Path) -> str:
    """A file relative to root, with slashes; bytes that are no text are spelled out, and no file has that name."""
    return path.relative_to(root).as_posix().encode(errors="backslashreplace").decode()


def module_name(file: str, sources: tuple[str, ...]) -> str:
    """The dotted name under which a file (relative to root) is imported, from the deepest source folder."""
    best = ""
    for source in sources:
        prefix = "" if source in (".", "") else source.strip("/") + "/"
        if file.startswith(prefix) and len(prefix) > len(best):
            best = prefix
    dotted = file[len(best) :].removesuffix(".py").replace("/", ".")
    return dotted.removesuffix(".__init__") if dotted != "__init__" else ""
