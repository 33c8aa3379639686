"""What did the last reading of this project find? Kept in `.strop/cache/`, by the content of the files.

It is data and nothing else (msgpack, read into the types it must have): one that is broken, that another version of
strop or other rules wrote, or that a repository brings along in another shape is left alone and made anew. Two runs
at once each write a whole file and put it in place; the last one stays.
"""

from __future__ import annotations

import contextlib
import os
import platform
import tempfile
from collections.abc import Iterable
from functools import cache
from hashlib import blake2b
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

import strop

if TYPE_CHECKING:
    from strop.project.derive import Derived
    from strop.project.graph import Graph

FOLDER = Path(".strop") / "cache"
_FORMAT = "1"
_PACKAGES = ("project", "rules")  # whose code decides what a reading finds


class Kept(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What one file said: `hash` is of its bytes, `module` the name it had, `derived` a `Derived` in msgpack."""

    hash: str
    module: str
    derived: bytes


class Cache(msgspec.Struct, array_like=True):
    """The results of one reading; `key` is of all that decides them besides the files, `graph` a `Graph`."""

    key: str
    roots: tuple[str, ...]  # folders that modules are imported from
    files: dict[str, Kept]
    graph: bytes


_decoder = msgspec.msgpack.Decoder(Cache)
_encoder = msgspec.msgpack.Encoder()


def read_cache(root: Path, key: str) -> Cache | None:
    """What was kept for this project under this key, if anything was."""
    try:
        found = _decoder.decode((root / FOLDER / "source").read_bytes())
    except (OSError, msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return found if found.key == key else None


def write_cache(root: Path, kept: Cache) -> None:
    """Keep it; where nothing can be written nothing is kept."""
    with contextlib.suppress(OSError):
        write_file(root / FOLDER / "source", _encoder.encode(kept))


def write_file(path: Path, data: bytes) -> None:
    """Put a file of the cache in place as a whole. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    ignore = path.parent.parent / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n")
    handle, name = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


_MOST = 1 << 63


def encode_derived(derived: Derived) -> bytes:
    """The results of a file as they are kept. What source may name and no message can hold is changed: half of a
    surrogate pair becomes "?", a number of more than 64 bits the largest that fits."""
    try:
        return _encoder.encode(derived)
    except (UnicodeEncodeError, OverflowError):
        return _encoder.encode(_encodable(msgspec.to_builtins(derived)))


def _encodable(value: Any) -> Any:
    if isinstance(value, int) and not -_MOST <= value < _MOST:
        return _MOST - 1 if value > 0 else -_MOST
    if isinstance(value, str):
        return value.encode(errors="replace").decode()
    if isinstance(value, dict):
        return {_encodable(name): _encodable(each) for name, each in value.items()}
    return [_encodable(each) for each in value] if isinstance(value, list | tuple) else value


def decode_derived(data: bytes) -> Derived:
    """The results of a file. Raises MsgspecError for anything else."""
    return _derived().decode(data)


def encode_graph(graph: Graph) -> bytes:
    """A graph as it is kept: each key written once."""
    names: dict[str, int] = {}

    def number(key: str) -> int:
        return names.setdefault(key, len(names))

    files = {file: [number(key) for key in keys] for file, keys in graph.files.items()}
    keys = {number(key): [number(each) for each in asked] for key, asked in graph.keys.items()}
    prints = {number(key): value for key, value in graph.prints.items()}
    return _encoder.encode((list(names), files, keys, prints))


def decode_graph(data: bytes) -> Graph:
    """The graph again. Raises MsgspecError or IndexError for anything else."""
    from strop.project.graph import Graph

    names, files, keys, prints = msgspec.msgpack.decode(
        data, type=tuple[list[str], dict[str, list[int]], dict[int, list[int]], dict[int, str]]
    )
    return Graph(
        {file: [names[n] for n in asked] for file, asked in files.items()},
        {names[key]: [names[n] for n in asked] for key, asked in keys.items()},
        {names[key]: value for key, value in prints.items()},
    )


@cache
def _derived() -> msgspec.msgpack.Decoder[Derived]:
    from strop.project.derive import Derived  # what was kept of findings is read without it

    return msgspec.msgpack.Decoder(Derived)


def cache_key(parts: Iterable[str], whole: bool = False) -> str:
    """The key for what `parts` and the code of strop decide: that which reads files, or the `whole`."""
    code = _code(("",) if whole else _PACKAGES)
    text = "\0".join((_FORMAT, platform.python_version(), code, *parts))
    return digest(text.encode(errors="surrogatepass"))  # a file's name need not be text


def digest(data: bytes) -> str:
    """A print of some bytes."""
    return blake2b(data, digest_size=16).hexdigest()


@cache
def _code(packages: tuple[str, ...]) -> str:
    """The version of strop, and what its files look like: a developer's change counts as another version."""
    home = Path(strop.__file__).parent
    files = (entry for package in packages for entry in _walk(home / package))
    return "\0".join((metadata.version("strop"), *sorted(files)))


def _walk(folder: Path) -> Iterable[str]:
    for entry in os.scandir(folder):
        if entry.is_dir():
            yield from _walk(Path(entry.path))
        elif entry.name.endswith((".py", ".toml")):
            status = entry.stat()
            yield f"{entry.path} {status.st_size} {status.st_mtime_ns}"
