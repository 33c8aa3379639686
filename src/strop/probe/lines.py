"""Which of the watched lines did a request execute?

From Python 3.12 `sys.monitoring` tells of lines in the few code objects that hold watched ones; other
lines of those switch themselves off when first met. Before, a trace function looks at every call.
A line without code of its own counts with the statement it belongs to, a signature with the call.
"""

from __future__ import annotations

import functools
import gc
import sys
import threading
from bisect import bisect_right
from collections.abc import Callable, Iterator
from importlib.machinery import SourceFileLoader
from types import CodeType, FrameType, FunctionType
from typing import Any

from . import hooks, record
from .frames import kinds
from .record import current


class _Plan:
    """What to note of one code object: at its start, and by executed line."""

    __slots__ = ("at", "code", "entry", "file")

    def __init__(self, code: CodeType, file: str, watched: set[int]) -> None:
        self.code = code
        self.file = file
        self.entry: list[int] = []
        self.at: dict[int, list[int]] = {}
        own = sorted(_lines(code))
        inner = [(nested.co_firstlineno, max(_all_lines(nested))) for nested in _nested(code)]
        first = code.co_firstlineno
        for line in sorted(watched):
            if not first <= line <= own[-1]:
                continue
            if line in own and line > first:
                self.at[line] = [*self.at.get(line, ()), line]
            elif not any(low <= line <= high for low, high in inner):
                before = own[bisect_right(own, line) - 1]
                place = self.entry if before <= first else self.at.setdefault(before, [])
                place.append(line)

    def note(self, lines: list[int]) -> None:
        now = current.get()
        if now is not None:
            if now.lines is None:
                now.lines = {}
            for line in lines:
                key = (self.file, line)
                if key not in now.lines:
                    symbol = self.code.co_qualname
                    now.lines[key] = {"file": self.file, "line": line, "symbol": symbol}


_watched: dict[str, set[int]] = {}
_plans: dict[int, _Plan] = {}  # by id of the code object, which the plan keeps


def stop() -> None:
    """Watch no longer, so that what follows costs what it costs without."""
    _watched.clear()
    if sys.version_info < (3, 12):
        _plans.clear()


def _nested(code: CodeType) -> Iterator[CodeType]:
    return (constant for constant in code.co_consts if isinstance(constant, CodeType))


def _lines(code: CodeType) -> set[int]:
    return {code.co_firstlineno, *(line for _, _, line in code.co_lines() if line)}


def _all_lines(code: CodeType) -> set[int]:
    return _lines(code).union(*map(_all_lines, _nested(code)))


def install(watch: dict[str, list[int]] | None) -> None:
    """Watch these lines (`{file relative to the root: lines}`) from now on."""
    _plans.clear()
    _watched.clear()
    if not watch:
        return
    _watched.update((file, set(lines)) for file, lines in watch.items())
    watching: Callable[[_Plan], None]
    if sys.version_info >= (3, 12):
        watching = _monitor()
    else:
        watching = _trace()
    original = SourceFileLoader.get_code

    @functools.wraps(original)
    def get_code(self: Any, fullname: str) -> CodeType | None:
        code = original(self, fullname)
        if code is not None:
            _plan(code, watching)
        return code

    hooks.replace(SourceFileLoader, "get_code", get_code)
    for value in gc.get_objects():
        if isinstance(value, FunctionType):
            _plan(value.__code__, watching)


def _plan(code: CodeType, watching: Callable[[_Plan], None]) -> None:
    """Plan a code object and those nested in it."""
    file = kinds[code.co_filename]
    if not isinstance(file, str) or file not in _watched or id(code) in _plans:
        return
    if code.co_name != "<module>":
        plan = _Plan(code, file, _watched[file])
        if plan.entry or plan.at:
            _plans[id(code)] = plan
            watching(plan)
    for nested in _nested(code):
        _plan(nested, watching)


if sys.version_info >= (3, 12):

    def _monitor() -> Callable[[_Plan], None]:
        monitoring = sys.monitoring
        tool = next(number for number in (4, 3, 2, 5) if monitoring.get_tool(number) is None)
        monitoring.use_tool_id(tool, "strop")
        events = monitoring.events

        def started(code: CodeType, offset: int) -> Any:
            plan = _plans.get(id(code))
            if plan is None or not plan.entry:
                return monitoring.DISABLE
            plan.note(plan.entry)
            return None

        def executed(code: CodeType, line: int) -> Any:
            plan = _plans.get(id(code))
            lines = plan.at.get(line) if plan is not None else None
            if plan is None or lines is None:
                return monitoring.DISABLE
            plan.note(lines)
            return None

        def watching(plan: _Plan) -> None:
            monitoring.set_local_events(tool, plan.code, events.PY_START | events.LINE)

        def remove() -> None:
            for plan in _plans.values():
                monitoring.set_local_events(tool, plan.code, 0)
            monitoring.free_tool_id(tool)
            _plans.clear()

        monitoring.register_callback(tool, events.PY_START, started)
        monitoring.register_callback(tool, events.LINE, executed)
        hooks.at_removal(remove)
        return watching


def _trace() -> Callable[[_Plan], None]:
    def tracer(frame: FrameType, event: str, arg: Any) -> Any:
        if not _plans:  # stopped meanwhile: each thread takes its tracer off at its next call
            sys.settrace(None)
            return None
        plan = _plans.get(id(frame.f_code))
        if plan is None:
            return None
        if plan.entry:
            plan.note(plan.entry)
        return line if plan.at else None

    def line(frame: FrameType, event: str, arg: Any) -> Any:
        if event == "line":
            plan = _plans.get(id(frame.f_code))
            lines = plan.at.get(frame.f_lineno) if plan is not None else None
            if plan is not None and lines is not None:
                plan.note(lines)
        return line

    def begin() -> None:
        if _plans and sys.gettrace() is None:  # a debugger or coverage keeps its own
            sys.settrace(tracer)

    def remove() -> None:
        record.on_begin = None
        threading.settrace(None)
        if sys.gettrace() is tracer:
            sys.settrace(None)
        _plans.clear()

    record.on_begin = begin
    threading.settrace(tracer)
    hooks.at_removal(remove)
    return lambda plan: None
