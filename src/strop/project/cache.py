"""How is something kept in `.strop/cache/`: under which key, in which bytes, and put in place how?"""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Iterable
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

import strop

if TYPE_CHECKING:
    from strop.project.derive import Derived

FOLDER = Path(".strop") / "cache"
_FORMAT = "2"
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL
_PACKAGES = ("project", "rules")  # whose code decides what a reading finds


def write_file(path: Path, data: bytes) -> None:
    """Put a file of the cache in place as a whole. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    ignore = path.parent.parent / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n")
    beside = path.with_name(f"{path.name}.{os.getpid()}.{time.time_ns()}")
    try:
        with os.fdopen(os.open(beside, _NEW, 0o600), "wb") as file:  # it quotes source
            file.write(data)
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise


_encoder = msgspec.msgpack.Encoder()
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


@cache
def _derived() -> msgspec.msgpack.Decoder[Derived]:
    from strop.project.derive import Derived  # what was kept of findings is read without it

    return msgspec.msgpack.Decoder(Derived)


def cache_key(parts: Iterable[str], whole: bool = False) -> str:
    """The key for what `parts` and the code of strop decide: that which reads files, or the `whole`."""
    code = _code(("",) if whole else _PACKAGES)
    text = "\0".join((_FORMAT, platform.python_version(), code, *parts))
    return digest(text.encode(errors="surrogatepass"))  # a file's name need not be text


def installed(libraries: Iterable[str]) -> tuple[str, ...]:
    """What installers noted of these libraries: folders that have a name and a version. (`importlib.metadata` takes
    ten times as long to be loaded as this takes.)
    """
    wanted = tuple(f"{library}-" for library in libraries)
    return tuple(sorted(path for folder in sys.path for path in _noted(folder, wanted)))


def _noted(folder: str, wanted: tuple[str, ...]) -> Iterable[str]:
    try:
        with os.scandir(folder or ".") as found:
            names = [entry.name for entry in found if entry.name.endswith((".dist-info", ".egg-info"))]
    except OSError:
        return ()
    return [f"{folder}/{name}" for name in names if name.lower().startswith(wanted)]


def digest(data: bytes) -> str:
    """A print of some bytes."""
    return blake2b(data, digest_size=16).hexdigest()


@cache
def _code(packages: tuple[str, ...]) -> str:
    """The version of strop, and what its files look like: a developer's change counts as another version."""
    home = str(Path(strop.__file__).parent)
    below = tuple(f"{home}/{package}" for package in packages)
    return "\0".join((strop.__version__, *(entry for entry in _own_files(home) if entry.startswith(below))))


@cache
def _own_files(home: str) -> list[str]:
    return sorted(_walk(home))


def _walk(folder: str) -> Iterable[str]:
    for entry in os.scandir(folder):
        if entry.is_dir():
            yield from _walk(entry.path)
        elif entry.name.endswith((".py", ".toml")):
            status = entry.stat()
            yield f"{entry.path} {status.st_size} {status.st_mtime_ns}"
