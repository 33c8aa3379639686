"""The watched lines by `sys.monitoring`, Python 3.12 or newer: only code objects that hold one are looked at."""

from __future__ import annotations

import functools
import gc
import sys
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from importlib.machinery import SourceFileLoader
from types import CodeType, FunctionType
from typing import Any

from . import hooks
from .frames import kinds

assert sys.version_info >= (3, 12)

Note = Callable[[str, str, list[int]], None]


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


_plans: dict[int, _Plan] = {}  # by id of the code object, which the plan keeps


def install(watched: Mapping[str, set[int]], note: Note) -> None:
    """Tell `note` of these lines (by file) from now on, in code that is loaded and in code to come."""
    _plans.clear()
    watching = _monitor(note)
    original = SourceFileLoader.get_code

    @functools.wraps(original)
    def get_code(self: Any, fullname: str) -> CodeType | None:
        code = original(self, fullname)
        if code is not None:
            _plan(code, watched, watching)
        return code

    hooks.replace(SourceFileLoader, "get_code", get_code)
    for value in gc.get_objects():
        if isinstance(value, FunctionType):
            _plan(value.__code__, watched, watching)


def _nested(code: CodeType) -> Iterator[CodeType]:
    return (constant for constant in code.co_consts if isinstance(constant, CodeType))


def _lines(code: CodeType) -> set[int]:
    return {code.co_firstlineno, *(line for _, _, line in code.co_lines() if line)}


def _all_lines(code: CodeType) -> set[int]:
    return _lines(code).union(*map(_all_lines, _nested(code)))


def _plan(code: CodeType, watched: Mapping[str, set[int]], watching: Callable[[_Plan], None]) -> None:
    """Plan a code object and those nested in it."""
    file = kinds[code.co_filename]
    if not isinstance(file, str) or file not in watched or id(code) in _plans:
        return
    if code.co_name != "<module>":
        plan = _Plan(code, file, watched[file])
        if plan.entry or plan.at:
            _plans[id(code)] = plan
            watching(plan)
    for nested in _nested(code):
        _plan(nested, watched, watching)


def _monitor(note: Note) -> Callable[[_Plan], None]:
    monitoring = sys.monitoring
    tool = next(number for number in (4, 3, 2, 5) if monitoring.get_tool(number) is None)
    monitoring.use_tool_id(tool, "strop")
    events = monitoring.events

    def started(code: CodeType, offset: int) -> Any:
        plan = _plans.get(id(code))
        if plan is None or not plan.entry:
            return monitoring.DISABLE
        note(plan.file, plan.code.co_qualname, plan.entry)
        return None

    def executed(code: CodeType, line: int) -> Any:
        plan = _plans.get(id(code))
        lines = plan.at.get(line) if plan is not None else None
        if plan is None or lines is None:
            return monitoring.DISABLE
        note(plan.file, plan.code.co_qualname, lines)
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
