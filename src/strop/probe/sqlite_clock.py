"""What time is it for SQLite, and what does its `random()` say: its own clock and generator obey too.

SQLite reads the time through its file system layer. Where the library can be reached, the function there is
replaced: every connection, `DEFAULT CURRENT_TIMESTAMP` and `'now'` obey, and nothing else is slower. Where it
can't (statically linked interpreters), each connection gets SQL functions of the same names.
"""

from __future__ import annotations

import ctypes
import sqlite3
from collections.abc import Callable
from typing import Any

_EPOCH_MS = 210_866_760_000_000  # 1970-01-01 in SQLite's milliseconds since the Julian epoch
_PRNG_SEED = 28  # SQLITE_TESTCTRL_PRNG_SEED

_TIME = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(ctypes.c_double))
_TIME_INT = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(ctypes.c_int64))


class _Vfs(ctypes.Structure):
    """The head of `sqlite3_vfs`, as sqlite3.h declares it."""


_Vfs._fields_ = [
    ("version", ctypes.c_int),
    ("file_size", ctypes.c_int),
    ("max_path", ctypes.c_int),
    ("next", ctypes.POINTER(_Vfs)),
    ("name", ctypes.c_char_p),
    ("data", ctypes.c_void_p),
    *((name, ctypes.c_void_p) for name in ("open", "delete", "access", "full_path", "dl_open", "dl_error")),
    *((name, ctypes.c_void_p) for name in ("dl_sym", "dl_close", "randomness", "sleep")),
    ("current_time", ctypes.c_void_p),
    ("last_error", ctypes.c_void_p),
    ("current_time_int", ctypes.c_void_p),  # from version 2 on
]

_now_ns: Callable[[], int] = lambda: 0  # noqa: E731 - replaced by install
_library: Any = None
_by_functions = False
_kept: list[Any] = []  # C callbacks must outlive the library's use of them


def install(now_ns: Callable[[], int]) -> None:
    """Let SQLite take the time from `now_ns` (nanoseconds since 1970)."""
    global _now_ns, _by_functions
    _now_ns = now_ns
    library = _find_library()
    if library is None or not _replace_clock(library):
        _by_functions = True


def reseed(number: int) -> None:
    """Let SQLite's `random()` and `randomblob()` follow from `number`, where the library can be reached."""
    library = _find_library()
    if library is not None:
        library.sqlite3_test_control(_PRNG_SEED, ctypes.c_int(number % 0x7FFFFFFE + 1), ctypes.c_void_p(None))


def prepare(connection: sqlite3.Connection) -> None:
    """Give a new connection the SQL functions that tell the time, if the library's clock could not be set."""
    if _by_functions:
        _create_functions(connection)


def _find_library() -> Any:
    global _library
    if _library is None:
        import _sqlite3

        try:
            library = ctypes.CDLL(getattr(_sqlite3, "__file__", None))
            library.sqlite3_vfs_find.restype = ctypes.POINTER(_Vfs)
            library.sqlite3_libversion.restype = ctypes.c_char_p
            library.sqlite3_test_control.argtypes = [ctypes.c_int]  # the rest is variadic
            same = library.sqlite3_libversion().decode() == sqlite3.sqlite_version
        except (OSError, AttributeError):
            same = False
        _library = library if same else False
    return _library or None


def _replace_clock(library: Any) -> bool:
    def days(_: int, answer: Any) -> int:
        answer[0] = (_EPOCH_MS + _now_ns() // 1_000_000) / 86_400_000
        return 0

    def milliseconds(_: int, answer: Any) -> int:
        answer[0] = _EPOCH_MS + _now_ns() // 1_000_000
        return 0

    calls = _TIME(days), _TIME_INT(milliseconds)
    _kept.extend(calls)
    vfs = library.sqlite3_vfs_find(None)
    while vfs:
        vfs.contents.current_time = ctypes.cast(calls[0], ctypes.c_void_p)
        if vfs.contents.version >= 2:
            vfs.contents.current_time_int = ctypes.cast(calls[1], ctypes.c_void_p)
        vfs = vfs.contents.next
    return _obeys()


def _obeys() -> bool:
    with sqlite3.connect(":memory:") as connection:
        (seconds,) = connection.execute("SELECT strftime('%s', 'now')").fetchone()
    connection.close()
    return int(seconds) == _now_ns() // 1_000_000_000


def _create_functions(connection: sqlite3.Connection) -> None:
    """Shadow SQLite's time functions; each is computed by a plain connection with 'now' replaced."""
    plain = sqlite3.connect(":memory:", check_same_thread=False)

    def now() -> str:
        seconds, rest = divmod(_now_ns() // 1_000_000, 1000)
        (text,) = plain.execute("SELECT strftime('%Y-%m-%d %H:%M:%S', ?, 'unixepoch')", (seconds,)).fetchone()
        return f"{text}.{rest:03d}"

    def shadow(name: str, at: int) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            values = list(args) if len(args) > at else [*args, "now"]
            if isinstance(values[at], str) and values[at].lower() == "now":
                values[at] = now()
            marks = ",".join("?" * len(values))
            return plain.execute(f"SELECT {name}({marks})", values).fetchone()[0]

        return call

    for name, at in (("date", 0), ("time", 0), ("datetime", 0), ("julianday", 0), ("strftime", 1)):
        connection.create_function(name, -1, shadow(name, at), deterministic=True)
    if sqlite3.sqlite_version_info >= (3, 38, 0):
        connection.create_function("unixepoch", -1, shadow("unixepoch", 0), deterministic=True)
    connection.create_function("current_timestamp", 0, lambda: now()[:19])
    connection.create_function("current_date", 0, lambda: now()[:10])
    connection.create_function("current_time", 0, lambda: now()[11:19])
