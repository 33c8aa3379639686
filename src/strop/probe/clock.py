"""What time is it for the application: a clock that stands still in a request and is set between requests.

The types keep their identity (`datetime.datetime` stays the C type, so `isinstance`, pickles and drivers go
on working): only their `now`, `utcnow` and `today` are replaced, in the type's own dictionary. Monotonic
clocks go on running, so timeouts work.
"""

from __future__ import annotations

import contextlib
import ctypes
import datetime
import gc
import importlib
import sys
import time
import warnings
from time import struct_time
from types import ModuleType
from typing import Any

from . import file_times, places, sqlite_clock
from .late import when_imported

_SECOND = 1_000_000_000
_LOOK = 1_000
_REPLACED = (
    "time", "time_ns", "localtime", "gmtime", "ctime", "asctime", "strftime",
    "clock_gettime", "clock_gettime_ns",
)  # fmt: skip
_now_ns = 0
_ticking = False
_installed = False
_originals: dict[tuple[type, str], Any] = {}
_functions: dict[str, Any] = {}

_localtime, _gmtime, _strftime = time.localtime, time.gmtime, time.strftime
_ctime, _asctime = time.ctime, time.asctime
_clock_gettime: Any = getattr(time, "clock_gettime", None)
_clock_gettime_ns: Any = getattr(time, "clock_gettime_ns", None)


def install(start: float) -> None:
    """Freeze the clock at `start` (seconds since 1970); call before the application is imported."""
    global _installed
    set_time(start)
    if _installed:
        return
    _installed = True
    with contextlib.suppress(ImportError):
        importlib.import_module("_time_machine")  # notes the C functions now, before ours stand there
    _replace()
    sqlite_clock.install(now_ns)
    file_times.install(now_ns)
    when_imported("time_machine", _make_room_for)


def set_time(seconds: float) -> None:
    """Let it be `seconds` since 1970 until the next call."""
    global _now_ns, _ticking
    _ticking = False
    _now_ns = round(seconds * 1_000_000) * 1_000


def tick() -> None:
    """Let the clock go on, by a microsecond whenever somebody looks: for the code of tests themselves."""
    global _ticking
    _ticking = True


def now_ns() -> int:
    """The frozen time in nanoseconds, without a tick."""
    return _now_ns


def frozen() -> bool:
    """Whether the clock was installed."""
    return _installed


def _replace() -> None:
    """Put our methods and functions in the place of the real ones."""
    _set_in_type(datetime.datetime, "now", classmethod(_datetime_now))
    _set_in_type(datetime.datetime, "utcnow", classmethod(_datetime_utcnow))
    _set_in_type(datetime.date, "today", classmethod(_date_today))
    replacement = _Time()
    for name in _REPLACED:
        original = getattr(time, name, None)
        if original is not None:
            _functions.setdefault(name, original)
            setattr(time, name, getattr(replacement, name))


def _put_back() -> None:
    """Undo `_replace`."""
    for (cls, name), original in _originals.items():
        _type_dict(cls)[name] = original
        ctypes.pythonapi.PyType_Modified(ctypes.py_object(cls))
    for name, original in _functions.items():
        setattr(time, name, original)


def _type_dict(cls: type) -> dict[str, Any]:
    (found,) = (each for each in gc.get_referents(cls.__dict__) if isinstance(each, dict))
    return found


def _set_in_type(cls: type, name: str, value: object) -> None:
    table = _type_dict(cls)
    _originals.setdefault((cls, name), table[name])
    table[name] = value
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(cls))


def _read() -> int:
    """The time in nanoseconds, for somebody who notes a moment; between requests that takes a microsecond."""
    global _now_ns
    if _ticking:
        _now_ns += _LOOK
    return _now_ns


def _glance(depth: int = 2) -> int:
    """The time in nanoseconds; only a look of the application or its tests takes time.

    Logging and connection pools look too, and how often must not show in what is written later.
    """
    global _now_ns
    if _ticking and places.relative(sys._getframe(depth).f_code.co_filename):
        _now_ns += _LOOK
    return _now_ns


def _datetime_now(cls: type[datetime.datetime], tz: datetime.tzinfo | None = None) -> datetime.datetime:
    return cls.fromtimestamp(_read() / _SECOND, tz)


def _datetime_utcnow(cls: type[datetime.datetime]) -> datetime.datetime:
    if sys.version_info >= (3, 12):
        warnings.warn(
            "datetime.datetime.utcnow() is deprecated and scheduled for removal in a future version. Use "
            "timezone-aware objects to represent datetimes in UTC: datetime.datetime.now(datetime.UTC).",
            DeprecationWarning,
            stacklevel=2,
        )
    at = datetime.datetime.fromtimestamp(_read() / _SECOND, datetime.UTC)
    return cls(at.year, at.month, at.day, at.hour, at.minute, at.second, at.microsecond)


def _date_today(cls: type[datetime.date]) -> datetime.date:
    return cls.fromtimestamp(_read() / _SECOND)


class _Time:
    """What replaces the functions of `time`: bound methods, which do not bind again as attributes of a class.

    `logging.Formatter.converter = time.localtime` relies on that of the built-in function.
    """

    def time(self) -> float:
        return _glance() / _SECOND

    def time_ns(self) -> int:
        return _glance()

    def localtime(self, seconds: float | None = None, /) -> struct_time:
        return _localtime(_glance() / _SECOND if seconds is None else seconds)

    def gmtime(self, seconds: float | None = None, /) -> struct_time:
        return _gmtime(_glance() / _SECOND if seconds is None else seconds)

    def ctime(self, seconds: float | None = None, /) -> str:
        return _ctime(_glance() / _SECOND if seconds is None else seconds)

    def asctime(self, *parts: Any) -> str:
        return _asctime(*parts) if parts else _asctime(_localtime(_glance() / _SECOND))

    def strftime(self, form: str, *parts: Any) -> str:
        return _strftime(form, *parts) if parts else _strftime(form, _localtime(_glance() / _SECOND))

    def clock_gettime(self, clock: int, /) -> float:
        return _glance() / _SECOND if clock == time.CLOCK_REALTIME else _clock_gettime(clock)

    def clock_gettime_ns(self, clock: int, /) -> int:
        return _glance() if clock == time.CLOCK_REALTIME else _clock_gettime_ns(clock)


def _make_room_for(module: ModuleType) -> None:
    """Step aside while the tests travel: time-machine patches C functions, and would take ours for those."""
    start, stop = module.travel.start, module.travel.stop
    depth = 0

    def travel_start(self: Any) -> Any:
        nonlocal depth
        if depth == 0:
            _put_back()
        depth += 1
        return start(self)

    def travel_stop(self: Any) -> Any:
        nonlocal depth
        try:
            return stop(self)
        finally:
            depth -= 1
            if depth == 0:
                _replace()

    module.travel.start, module.travel.stop = travel_start, travel_stop
