"""Which files beside the code say how it is built, started and watched? Their names, and what is in them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from strop.project.cache import digest
from strop.project.digests import digest_of
from strop.project.parse import LARGEST
from strop.project.shipped.revisions import is_revision
from strop.regex import regex

_SHUT = frozenset(
    {"node_modules", "site-packages", "__pycache__", "venv", "env", "dist", "target", "vendor", "tests"}
)
LOCKS = frozenset({"uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock"})
REQUIREMENTS = regex(r"requirements[\w.-]*\.(txt|lock)$")
IMAGE = regex(r"(^|[./_-])(dockerfile|containerfile)([./_-]|$)", re.I)
PROXY = regex(r"(^nginx[\w.-]*\.conf(\.template)?$|^Caddyfile$|^traefik.*\.(ya?ml|toml)$|^haproxy\.cfg$)")
PROXY_FOLDER = regex(r"(^|/)nginx(/[\w.-]+)*/[\w.-]+\.conf(\.template)?$")
LINES = regex(r"^(Procfile[\w.]*|supervisord?[\w.-]*\.conf|[\w.@-]+\.service)$")
MAKEFILE = regex(r"^(GNUm|M|m)akefile$|\.mk$")
CONFIGURATION = regex(r"^(gunicorn|uvicorn|hypercorn)[\w.]*\.py$")
_LARGEST = 8_000_000  # bytes


def shipped_files(root: Path) -> Iterator[tuple[str, bytes]]:
    """Every such file below root, as a path relative to it, with its bytes: none of a link, of what is too large
    or can't be read.
    """
    for path in shipped_paths(root):
        yield path.relative_to(root).as_posix(), _bytes(path)


def shipped_paths(root: Path) -> Iterator[Path]:
    """Where these files lie."""
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(n for n in folders if n not in _SHUT and not n.startswith("."))
        for name in sorted(names):
            if _is_wanted(name, folder):
                yield Path(folder, name)
    yield from sorted(Path(root, ".github", "workflows").glob("*.y*ml"))


def _is_wanted(name: str, folder: str) -> bool:
    if name.endswith((".yaml", ".yml", ".sh", ".conf", ".lock", ".service", ".toml", ".txt")):
        if name.endswith(".conf") and PROXY_FOLDER.search(f"{folder}/{name}"):
            return True
        known = name in LOCKS or name == "pyproject.toml" or bool(REQUIREMENTS.search(name))
        plain = name.endswith((".yaml", ".yml", ".sh", ".service")) or bool(
            LINES.match(name) or PROXY.match(name)
        )
        return known or plain
    if "." not in name and folder.rpartition("/")[2] in (
        "docker",
        "init_scripts",
        "scripts",
        "bin",
        "deploy",
        "deployment",
    ):
        return True  # start scripts without an ending
    if is_revision(name, folder):
        return True
    if name.endswith(".template") and PROXY_FOLDER.search(f"{folder}/{name}"):
        return True
    if MAKEFILE.search(name):
        return True
    return bool(IMAGE.search(name) or LINES.match(name) or PROXY.match(name) or CONFIGURATION.match(name))


def print_of(path: Path) -> str:
    """A print of what `shipped_files` gives of such a file; one that stays as it is is read once."""
    try:
        if path.is_symlink() or path.stat().st_size > LARGEST:
            return digest(_bytes(path))
    except OSError:
        return digest(b"")
    return digest_of(path)


def _bytes(path: Path) -> bytes:
    try:
        return b"" if path.is_symlink() or path.stat().st_size > _LARGEST else path.read_bytes()
    except OSError:
        return b""
