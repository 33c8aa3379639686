"""What time is it for the application: a clock that stands still in a request and is set between requests.

The types keep their identity (`datetime.datetime` stays the C type, so `isinstance`, pickles and drivers go
on working): only their `now`, `utcnow` and `today` are replaced, in the type's own dictionary. Monotonic
clocks go on running, so timeouts work.
"""

from __future__ import annotations

import ctypes
import datetime
import gc
import sys
import time
import warnings
from collections.abc import Callable
from types import ModuleType
from typing import Any

from . import sqlite_clock
from .late import when_imported

_SECOND = 1_000_000_000
_now_ns = 0
_installed = False
_originals: dict[tuple[type, str], Any] = {}
_functions: dict[str, Any] = {}

_localtime, _gmtime, _strftime = time.localtime, time.gmtime, time.strftime
_ctime, _asctime = time.ctime, time.asctime
_clock_gettime = getattr(time, "clock_gettime", None)
_clock_gettime_ns = getattr(time, "clock_gettime_ns", None)


def install(start: float) -> None:
    """Freeze the clock at `start` (seconds since 1970); call before the application is imported."""
    global _installed
    set_time(start)
    if _installed:
        return
    _installed = True
    _replace()
    sqlite_clock.install(lambda: _now_ns)
    when_imported("time_machine", _make_room_for_time_machine)


def set_time(seconds: float) -> None:
    """Let it be `seconds` since 1970 until the next call."""
    global _now_ns
    _now_ns = round(seconds * 1_000_000) * 1_000


def frozen() -> bool:
    """Whether the clock was installed."""
    return _installed


def _replace() -> None:
    """Put our methods and functions in the place of the real ones."""
    _set_in_type(datetime.datetime, "now", classmethod(_datetime_now))
    _set_in_type(datetime.datetime, "utcnow", classmethod(_datetime_utcnow))
    _set_in_type(datetime.date, "today", classmethod(_date_today))
    for name, function in _FUNCTIONS.items():
        original = getattr(time, name, None)
        if original is not None:
            _functions[name] = original
            setattr(time, name, function)


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


def _seconds() -> float:
    return _now_ns / _SECOND


def _datetime_now(cls: type[datetime.datetime], tz: datetime.tzinfo | None = None) -> datetime.datetime:
    return cls.fromtimestamp(_seconds(), tz)


def _datetime_utcnow(cls: type[datetime.datetime]) -> datetime.datetime:
    if sys.version_info >= (3, 12):
        warnings.warn(
            "datetime.datetime.utcnow() is deprecated and scheduled for removal in a future version. Use "
            "timezone-aware objects to represent datetimes in UTC: datetime.datetime.now(datetime.UTC).",
            DeprecationWarning,
            stacklevel=2,
        )
    at = datetime.datetime.fromtimestamp(_seconds(), datetime.timezone.utc)  # noqa: UP017 - `UTC` may be patched
    return cls(at.year, at.month, at.day, at.hour, at.minute, at.second, at.microsecond)


def _date_today(cls: type[datetime.date]) -> datetime.date:
    return cls.fromtimestamp(_seconds())


def _whole(seconds: float | None) -> float:
    return _seconds() if seconds is None else seconds


def _frozen_localtime(seconds: float | None = None, /) -> time.struct_time:
    return _localtime(_whole(seconds))


def _frozen_gmtime(seconds: float | None = None, /) -> time.struct_time:
    return _gmtime(_whole(seconds))


def _frozen_ctime(seconds: float | None = None, /) -> str:
    return _ctime(_whole(seconds))


def _frozen_asctime(*parts: Any) -> str:
    return _asctime(*parts) if parts else _asctime(_localtime(_seconds()))


def _frozen_strftime(form: str, *parts: Any) -> str:
    return _strftime(form, *parts) if parts else _strftime(form, _localtime(_seconds()))


def _frozen_gettime(clock: int, /) -> float:
    return _seconds() if clock == time.CLOCK_REALTIME else _functions["clock_gettime"](clock)


def _frozen_gettime_ns(clock: int, /) -> int:
    return _now_ns if clock == time.CLOCK_REALTIME else _functions["clock_gettime_ns"](clock)


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "time": lambda: _now_ns / _SECOND,
    "time_ns": lambda: _now_ns,
    "localtime": _frozen_localtime,
    "gmtime": _frozen_gmtime,
    "ctime": _frozen_ctime,
    "asctime": _frozen_asctime,
    "strftime": _frozen_strftime,
    "clock_gettime": _frozen_gettime,
    "clock_gettime_ns": _frozen_gettime_ns,
}


def _make_room_for_time_machine(module: ModuleType) -> None:
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
