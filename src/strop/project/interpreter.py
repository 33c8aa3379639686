"""Which interpreter can import the application, and what is installed beside it? Looked up, never run."""

from __future__ import annotations

import os
import re
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from strop.problem import EXIT_USAGE, Problem

_MATTER = frozenset(
    {"fastapi", "starlette", "pydantic", "pydantic-core", "pydantic-settings", "sqlalchemy", "sqlmodel"}
    | {"uvicorn", "uvloop", "httptools", "anyio", "httpx", "requests", "alembic", "asyncpg", "psycopg"}
    | {"psycopg2", "psycopg2-binary", "aiosqlite", "pymysql", "aiomysql", "redis", "orjson", "pytest"}
    | {"pytest-asyncio", "greenlet", "gunicorn", "python-multipart"}
)
_ENVIRONMENTS = ("UV_PROJECT_ENVIRONMENT", "VIRTUAL_ENV", "CONDA_PREFIX")


def find_python(root: Path, top: Path | None, given: str) -> Path:
    """The interpreter to use: the one that is named, else the nearest environment that has FastAPI.

    Raises Problem T110 when the named file does not exist, T104 when none has FastAPI.
    """
    if given:
        return _named(root, given)
    looked = []
    for python in _candidates(root, top):
        if has_fastapi(python):
            return python
        looked.append(str(python))
    raise Problem(
        "T104",
        "no interpreter was found that has FastAPI",
        where=tuple(dict.fromkeys(looked)),
        do='install the project into .venv, or name its interpreter: --python PATH, or python = "PATH" under '
        "[tool.strop] in pyproject.toml",
    )


def find_installed(root: Path, top: Path | None, given: str) -> Path | None:
    """The interpreter that is named, else that of the nearest environment which has FastAPI; None without one. The
    interpreter that runs strop is none of the project's.

    Raises Problem T110 when the named file does not exist, T104 when it has no FastAPI.
    """
    if given:
        return _named(root, given)
    return next((python for python in _environments(root, top) if has_fastapi(python)), None)


def _named(root: Path, given: str) -> Path:
    path = root / Path(given).expanduser()
    python = _python_in(path) if path.is_dir() else path
    if python is None or not python.exists():
        raise Problem(
            "T110",
            f"python: there is no interpreter at {path}",
            do="give the path of the interpreter that runs the application, or of its environment",
            status=EXIT_USAGE,
        )
    if not has_fastapi(python):
        raise Problem("T104", f"{python} has no FastAPI", do="install the project's dependencies into it")
    return Path(os.path.abspath(python))  # noqa: PTH100  (resolve() would leave the environment by its link)


def _candidates(root: Path, top: Path | None) -> Iterator[Path]:
    yield from _environments(root, top)
    yield Path(sys.executable)


def _environments(root: Path, top: Path | None) -> Iterator[Path]:
    folders = [place / name for place in (root, top) if place is not None for name in (".venv", "venv")]
    folders += [root / os.environ[name] for name in _ENVIRONMENTS if os.environ.get(name)]
    for folder in folders:
        python = _python_in(folder)
        if python is not None:
            yield python


def _python_in(environment: Path) -> Path | None:
    for name in ("bin/python", "bin/python3", "Scripts/python.exe"):
        if (environment / name).exists():
            return environment / name
    return None


def has_fastapi(python: Path) -> bool:
    """Whether one of the interpreter's package folders holds FastAPI."""
    return any((folder / "fastapi" / "__init__.py").exists() for folder in package_folders(python))


def package_folders(python: Path) -> list[Path]:
    """The interpreter's site-packages, by the layout of its installation."""
    if python == Path(sys.executable):
        return _own_folders()
    folders = _below(python.parent.parent)
    if (python.parent.parent / "pyvenv.cfg").exists():
        if _sees_system(python.parent.parent):
            folders += _below(python.resolve().parent.parent)
        return folders
    return folders + _below(python.resolve().parent.parent)


def _own_folders() -> list[Path]:
    own = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), *sys.path]
    return [p for p in map(Path, dict.fromkeys(own)) if p.name in ("site-packages", "dist-packages")]


def _below(prefix: Path) -> list[Path]:
    patterns = ("lib/python3*/site-packages", "lib64/python3*/site-packages", "lib/python3*/dist-packages")
    found = [folder for pattern in patterns for folder in sorted(prefix.glob(pattern))]
    return found + [f for f in (prefix / "Lib/site-packages",) if f.is_dir()]


def _sees_system(environment: Path) -> bool:
    text = (environment / "pyvenv.cfg").read_text("utf-8", errors="replace")
    return bool(re.search(r"include-system-site-packages\s*=\s*true", text, re.IGNORECASE))


def read_versions(python: Path) -> tuple[tuple[str, str], ...]:
    """Installed distributions that decide what is right: name and version, sorted."""
    found: dict[str, str] = {}
    for folder in package_folders(python):
        for info in sorted(folder.glob("*.dist-info")):
            name, _, version = info.name.removesuffix(".dist-info").partition("-")
            name = re.sub(r"[-_.]+", "-", name).lower()
            if name in _MATTER:
                found.setdefault(name, version)
    return tuple(sorted(found.items()))
