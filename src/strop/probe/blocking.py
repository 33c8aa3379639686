"""Which calls that are known to block does a request make on the event loop's thread?"""

from __future__ import annotations

import functools
import sys
import time
from asyncio import _get_running_loop
from collections.abc import Callable
from types import FrameType
from typing import Any

from . import hooks
from .frames import SKIP, Place, kinds, span
from .record import current

_EVENTS = {"open", "time.sleep", "socket.connect", "subprocess.Popen", "sqlite3.connect"}

# Their files are read once, or to print an error: the line that led there is not to blame.
_INNOCENT = (
    "<frozen importlib",
    "<frozen zipimport",
    "/importlib/",
    "/linecache.py",
    "/traceback.py",
    "/logging/",
    "/tokenize.py",
    "/inspect.py",
    "/warnings.py",
)

_on = False
_added = False
_innocent: dict[str, bool] = {}


def install() -> None:
    """Record blocking calls from now on; an audit hook can't be taken out, only silenced."""
    global _on, _added
    _on = True
    if not _added:
        _added = True
        sys.addaudithook(_audit)
    hooks.at_removal(_silence)
    if sys.version_info < (3, 13):  # no audit event yet
        hooks.replace(time, "sleep", _sleeping(time.sleep))


def _sleeping(original: Callable[[float], None]) -> Callable[[float], None]:
    @functools.wraps(original)
    def sleep(seconds: float, /) -> None:
        _audit("time.sleep", (seconds,))
        original(seconds)

    return sleep


def _silence() -> None:
    global _on
    _on = False


def _audit(event: str, args: tuple[Any, ...]) -> None:
    if event in _EVENTS and _on and _get_running_loop() is not None:
        try:
            _note(event, args)
        except Exception:
            hooks.failures["blocking"] += 1


def _note(event: str, args: tuple[Any, ...]) -> None:
    record = current.get()
    if record is None or (event == "socket.connect" and args[0].gettimeout() == 0):
        return  # outside a request, or a socket that asyncio itself connects
    place = _guilty(sys._getframe(2))
    if place is None:
        return
    for entry in record.exchange["blocking"]:
        if entry["span"] is place and entry["name"] == event:
            entry["count"] += 1
            return
    record.add("blocking", {"name": event, "span": place, "count": 1})


def _guilty(frame: FrameType | None) -> Place | None:
    """The application's line that made the call, unless Python made it for a purpose of its own."""
    while frame is not None:
        name = frame.f_code.co_filename
        kind = kinds[name]
        if kind:
            return span(frame)
        if kind is not SKIP or _is_innocent(name):
            return None
        frame = frame.f_back
    return None


def _is_innocent(name: str) -> bool:
    known = _innocent.get(name)
    if known is None:
        known = _innocent[name] = any(part in name.replace("\\", "/") for part in _INNOCENT)
    return known
