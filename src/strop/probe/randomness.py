"""Where does chance come from: everything follows from a seed, anew for each request.

Covered: `random`, `os.urandom`, `secrets`, `uuid`, unseeded `random.Random()`, numpy's global generator,
bcrypt's salts and SQLite's `random()`. Not covered: compiled libraries that ask the kernel themselves.
"""

from __future__ import annotations

import base64
import hashlib
import importlib
import os
import random
import string
import sys
import uuid
import weakref
from contextvars import ContextVar
from types import ModuleType
from typing import Any

from . import sqlite_clock
from .late import when_imported

_seed = ""
_installed = False
_stream = random.Random(0)
_unseeded: weakref.WeakValueDictionary[int, random.Random] = weakref.WeakValueDictionary()
_made = 0
# Of one of several requests at once.
chance: ContextVar[random.Random | None] = ContextVar("strop_chance", default=None)
_original_seed = random.Random.seed

_STANDARD = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"
_BCRYPT = "./" + string.ascii_uppercase + string.ascii_lowercase + string.digits


def install(seed: str) -> None:
    """Let all randomness of this process follow from `seed`; call before the application is imported."""
    global _seed, _installed
    _seed = seed
    if not _installed:
        _installed = True
        _replace()
    reseed("import")


def reseed(*key: object) -> None:
    """Begin anew from the seed and `key`: the same key gives the same bytes, whatever happened before."""
    if not _installed:
        return
    number = _number(key)
    numpy = _numpy_random()
    if numpy is not None:
        numpy.seed(number & 0xFFFFFFFF)
    _original_seed(_stream, number)
    random.seed(number)
    for index, each in sorted(_unseeded.items()):
        _original_seed(each, number + index)
    uuid._last_timestamp = None  # type: ignore[attr-defined]  # else uuid1 counts on from the request before
    sqlite_clock.reseed(number)


def own(*key: object) -> random.Random:
    """A generator that gives what the system gives after `reseed` with this key: for `chance`, because a thread that is
    slow goes on drawing when it is another request's turn.
    """
    made = random.Random(0)
    _original_seed(made, _number(key))
    return made


def _number(key: tuple[object, ...]) -> int:
    return int.from_bytes(hashlib.sha256(repr((_seed, *key)).encode()).digest()[:16], "big")


def state() -> Any:
    """The state of every generator, for `restore`."""
    numpy = _numpy_random()
    return (
        random.getstate(),
        _stream.getstate(),
        {index: each.getstate() for index, each in _unseeded.items()},
        uuid._last_timestamp,  # type: ignore[attr-defined]
        None if numpy is None else numpy.get_state(),
    )


def restore(saved: Any) -> None:
    """Put every generator back to what `state` returned."""
    of_random, of_stream, of_unseeded, uuid._last_timestamp, of_numpy = saved  # type: ignore[attr-defined]
    random.setstate(of_random)
    _stream.setstate(of_stream)
    for index, each in _unseeded.items():
        if index in of_unseeded:
            each.setstate(of_unseeded[index])
    numpy = _numpy_random()
    if numpy is not None and of_numpy is not None:
        numpy.set_state(of_numpy)


def _numpy_random() -> Any:
    """numpy's generator if numpy is there; numpy imports it lazily, which must not happen inside a request."""
    if "numpy" not in sys.modules:
        return None
    try:
        return importlib.import_module("numpy.random")
    except ImportError:
        return None


class _System:
    """What replaces functions of `os`: bound methods, which do not bind again as attributes of a class."""

    def urandom(self, size: int, /) -> bytes:
        return (chance.get() or _stream).randbytes(size)

    def getrandom(self, size: int, flags: int = 0) -> bytes:
        return self.urandom(size)


_system = _System()


def _replace() -> None:
    os.urandom = _system.urandom
    if hasattr(os, "getrandom"):
        os.getrandom = _system.getrandom
    random._urandom = _system.urandom  # type: ignore[attr-defined]  # what SystemRandom and secrets read
    random.Random.seed = _seed_or_follow  # type: ignore[method-assign]
    uuid._generate_time_safe = None  # type: ignore[attr-defined]  # uuid1 then reads the clock and `random`
    uuid._UuidCreate = None  # type: ignore[attr-defined]
    random.seed = random._inst.seed  # bound before we came
    uuid._node = 0x02_00_00_00_00_01  # type: ignore[attr-defined]
    when_imported("bcrypt", _replace_gensalt)


def _seed_or_follow(self: random.Random, a: Any = None, version: int = 2) -> None:
    """`Random.seed`, where seeding from the system means following our seed."""
    global _made
    if a is not None or self is _stream:
        _original_seed(self, a, version)
        return
    if self is not random._inst:  # reseed() does the module's own
        _made += 1
        _unseeded[_made] = self
    _original_seed(self, int.from_bytes(_system.urandom(16), "big"))


def _replace_gensalt(module: ModuleType) -> None:
    """bcrypt asks the kernel from compiled code: build its salt from our bytes."""

    def gensalt(rounds: int = 12, prefix: bytes = b"2b") -> bytes:
        if prefix not in (b"2a", b"2b"):
            raise ValueError("Supported prefixes are b'2a' or b'2b'")
        if not 4 <= rounds <= 31:
            raise ValueError("Invalid rounds")
        text = (
            base64.b64encode(_system.urandom(16)).decode()[:22].translate(str.maketrans(_STANDARD, _BCRYPT))
        )
        return b"$%s$%02d$%s" % (prefix, rounds, text.encode())

    module.gensalt = gensalt  # type: ignore[attr-defined]
