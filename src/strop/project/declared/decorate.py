"""What does a decorated function become? Its decorators are called, the lowest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from strop.project.declared import terms
from strop.project.declared.values import Frame, Func, Lib, Obj, Router, Value
from strop.span import Span

if TYPE_CHECKING:
    from strop.project.declared.follow import Machine


def decorated(machine: Machine, term: terms.Function, frame: Frame) -> Value:
    """What the name of a function is bound to."""
    function = Func(term, frame, owner=frame.owner if frame.kind == "class" else None)
    if frame.kind == "module":
        machine.functions.append(function)
    value: Value = function
    for decorator, line in reversed(term.decorators):
        made = machine.value(decorator, frame)
        outer, machine.site = machine.site, Span(frame.file, line, term.qualname)
        value = _decorate(machine, made, value, function)
        machine.site = outer
    return value


def _decorate(machine: Machine, decorator: Value, value: Value, function: Func) -> Value:
    if isinstance(decorator, Lib):
        last = decorator.name.rpartition(".")[2]
        if last in ("staticmethod", "classmethod"):
            function.kind = last
        elif last in ("property", "cached_property", "computed_field"):
            function.kind = "property"
        elif last in ("lru_cache", "cache"):
            function.memoised = True
        return value
    if isinstance(decorator, Obj) and isinstance(decorator.cls, Lib):
        function.memoised |= decorator.cls.name in ("functools.lru_cache", "functools.cache")
        return value
    result = machine.call(decorator, [value], {})
    return result if isinstance(result, Func | Router | Obj) and not _is_library(result) else value


def _is_library(value: Value) -> bool:
    return isinstance(value, Obj) and isinstance(value.cls, Lib)
