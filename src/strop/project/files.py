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
    for path in _below(str(root), _entries(str(root)), shut):
        yield Path(path)


def _entries(folder: str) -> dict[str, os.DirEntry[str]]:
    """What is in a folder, by name, sorted; nothing where it can't be read."""
    try:
        with os.scandir(folder) as found:
            return {entry.name: entry for entry in sorted(found, key=lambda entry: entry.name)}
    except OSError:
        return {}


def _below(folder: str, inside: dict[str, os.DirEntry[str]], shut: set[Path]) -> Iterator[str]:
    """The modules of a folder with these entries, then those of the folders in it."""
    yield from (entry.path for entry in inside.values() if _is_module(entry, shut))
    for entry in inside.values():
        if not _is_folder(entry) or entry.name in _SKIPPED or entry.name.startswith("."):
            continue
        entries = _entries(entry.path)
        made = entry.name in _OFTEN_MADE and not _holds_own(inside)
        if not (made or _is_environment(entries) or (shut and _real(Path(entry.path)) in shut)):
            yield from _below(entry.path, entries, shut)


def _holds_own(inside: dict[str, os.DirEntry[str]]) -> bool:
    """Whether a folder with the name of what tools make is the project's own here: in a package, with no tool in it.
    (It may lack an `__init__.py` itself.)
    """
    return "__init__.py" in inside and not any(name in inside for name in _MAKERS)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _is_environment(inside: dict[str, os.DirEntry[str]]) -> bool:
    """Whether it is an environment, or Alembic's."""
    return "pyvenv.cfg" in inside or (
        "env.py" in inside and "versions" in inside and inside["versions"].is_dir()
    )


def _is_module(entry: os.DirEntry[str], shut: set[Path]) -> bool:
    name = entry.name
    if not name.endswith(".py") or name == "conftest.py" or name.startswith("test_"):
        return False
    if name.endswith("_test.py") or not _ends(entry):
        return False
    return not shut or _real(Path(entry.path)) not in shut


def _ends(entry: os.DirEntry[str]) -> bool:
    """Whether reading comes to an end: a pipe would not; a link that leads nowhere is said to be unreadable."""
    try:
        return entry.is_file() or (entry.is_symlink() and not Path(entry.path).exists())
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
