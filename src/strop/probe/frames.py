"""Which line of the application is responsible for what happens now?

A walk up the stack stops at the first file of the application, or where the framework calls the
application: what lies above (middleware, a test, `uvicorn.run` in a main file) did not cause it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Final

Place = dict[str, Any]

SKIP: Final = None  # library code
STOP: Final = False  # the framework or the event loop: nothing above is the cause

_STOPS = (
    "fastapi/routing.py",
    "fastapi/dependencies/utils.py",
    "starlette/routing.py",
    "starlette/background.py",
    "starlette/concurrency.py",
    "starlette/responses.py",
    "starlette/middleware/base.py",
    "starlette/middleware/errors.py",
    "asyncio/base_events.py",
    "asyncio/events.py",
    "asyncio/runners.py",
    "probe/boundary.py",
)
_FOREIGN = {"site-packages", "dist-packages", ".venv", ".tox", ".nox", "__pypackages__"}
OWN = str(Path(__file__).parent)


class _Kinds(dict[str, "str | bool | None"]):
    """What a file is, by `co_filename`: a path relative to the root for the application's own."""

    root = Path()

    def __missing__(self, name: str) -> str | bool | None:
        kind = self[name] = self._judge(name)
        return kind

    def _judge(self, name: str) -> str | bool | None:
        if name.replace("\\", "/").endswith(_STOPS):
            return STOP
        if name.startswith(("<", OWN)):
            return SKIP
        for root, file in ((self.root, Path(name).absolute()), (self.root.resolve(), Path(name).resolve())):
            if file.is_relative_to(root):
                relative = file.relative_to(root)
                return SKIP if _FOREIGN.intersection(relative.parts) else relative.as_posix()
        return SKIP


kinds = _Kinds()
_ends: dict[str, _End] = {}  # by statement
_spans: dict[tuple[int, int], tuple[Place, CodeType]] = {}


def set_root(root: str) -> None:
    """Set the absolute folder whose files are the application."""
    kinds.clear()
    _spans.clear()
    _ends.clear()
    kinds.root = Path(root).absolute()


def span(frame: FrameType) -> Place:
    """The place of a frame of the application. One dict a place: never change it."""
    code = frame.f_code
    key = (id(code), frame.f_lasti)
    known = _spans.get(key)
    if known is None:
        place = {"file": kinds[code.co_filename], "line": frame.f_lineno, "symbol": code.co_qualname}
        # The code object is kept so that its id stays its own.
        known = _spans[key] = (place, code)
    return known[0]


def _outer_greenlet(depth: int) -> FrameType | None:
    """Where the greenlet `depth` levels up waits: async SQLAlchemy runs the cursor in a child."""
    module: Any = sys.modules.get("greenlet")
    if module is None:
        return None
    green = module.getcurrent()
    for _ in range(depth):
        green = green and green.parent
    frame: FrameType | None = green.gr_frame if green else None
    return frame


def application_frame(frame: FrameType | None) -> FrameType | None:
    """The innermost frame of the application, from `frame` of this thread outwards."""
    depth = 0
    while True:
        while frame is not None:
            kind = kinds[frame.f_code.co_filename]
            if kind:
                return frame
            if kind is STOP:
                return None
            frame = frame.f_back
        depth += 1
        frame = _outer_greenlet(depth)
        if frame is None:
            return None


class _End:
    """Where the walk from a statement to the application ended the last time."""

    __slots__ = ("code", "depth", "line", "place", "source")

    def __init__(self, depth: int, code: CodeType) -> None:
        self.depth = depth  # of the library's last frame, seen from `cause`
        self.code = code
        self.source: CodeType | None = None  # of the application's frame above it
        self.line = -1  # its f_lasti
        self.place: Place | None = None


def cause(statement: str) -> Place | None:
    """The place in the application that caused the statement that the hook's caller executes.

    The library's frames between a statement and what caused it are the same each time, so the walk is
    done once a statement, and then its end is looked at directly.
    """
    known = _ends.get(statement)
    if known is not None:
        try:
            end = sys._getframe(known.depth)
        except ValueError:  # the stack is not as deep
            return _walk(statement)
        if end.f_code is known.code:
            above = end.f_back
            if above is not None:
                if above.f_code is known.source and above.f_lasti == known.line:
                    return known.place
                if kinds[known.code.co_filename] is STOP:
                    return None
                if kinds[above.f_code.co_filename]:
                    return _remember(known, above)
            else:
                outer = application_frame(_outer_greenlet(1))
                return None if outer is None else span(outer)
    return _walk(statement)


def _walk(statement: str) -> Place | None:
    """Find the cause, and note the last frame of the library before it."""
    depth = 1
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        kind = kinds[frame.f_code.co_filename]
        above = frame.f_back
        if kind is STOP or above is None or kinds[above.f_code.co_filename]:
            known = _ends[statement] = _End(depth, frame.f_code)
            if kind is STOP:
                return None
            if above is not None:
                return _remember(known, above)
            outer = application_frame(frame)
            return None if outer is None else span(outer)
        frame = above
        depth += 1
    return None


def _remember(known: _End, frame: FrameType) -> Place:
    known.place = span(frame)
    known.source, known.line = frame.f_code, frame.f_lasti
    return known.place


def stack(frame: FrameType | None, here: bool = True) -> list[Place]:
    """All frames of the application from `frame` outwards, innermost first.

    `here` says that the frame belongs to the calling thread, whose greenlets can be asked.
    """
    found: list[Place] = []
    depth = 0
    while True:
        while frame is not None:
            kind = kinds[frame.f_code.co_filename]
            if kind:
                found.append(span(frame))
            elif kind is STOP:
                return found
            frame = frame.f_back
        depth += 1
        frame = _outer_greenlet(depth) if here else None
        if frame is None:
            return found


def caller() -> Place | None:
    """The place in the application that led to the calling hook."""
    frame = application_frame(sys._getframe(1))
    return None if frame is None else span(frame)
