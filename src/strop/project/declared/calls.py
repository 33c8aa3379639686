"""What does a call give, and what does it register?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from strop.project.declared import terms
from strop.project.declared.classes import fields, is_router, library_router, member
from strop.project.declared.named import lambda_path
from strop.project.declared.operate import is_weak
from strop.project.declared.outside import call_library
from strop.project.declared.terms import write
from strop.project.declared.values import (
    Cls,
    Frame,
    Func,
    Generic,
    Lib,
    Method,
    Native,
    Obj,
    Several,
    Unknown,
    Value,
    named,
)
from strop.span import Span

if TYPE_CHECKING:
    from strop.project.declared.follow import Machine


_DEEPEST = 24  # calls inside of each other
_MOST = 20_000  # statements that one call from a module may need; what needs more is not followed further


def call(
    machine: Machine,
    func: Value,
    args: list[Value],
    keywords: dict[str, Value],
    term: terms.Apply | None = None,
    frame: Frame | None = None,
) -> Value:
    """What calling a value gives, and what it registers."""
    match func:
        case Func():
            return _call_function(machine, func, args, keywords)
        case Cls():
            return _construct(machine, func, args, keywords, term, frame)
        case Native(made):
            return made(args, keywords)
        case Generic(origin):
            return call(machine, origin, args, keywords, term, frame)
        case Obj(cls=Cls() as cls) if (method := member(machine, cls, "__call__", func)) is not None:
            return call(machine, method, args, keywords, term, frame)
        case Lib() | Method() | Obj():
            return call_library(machine, func, args, keywords, term, frame)
    if term is not None and frame is not None and _includes(term):
        machine.lost.append((_span(term, frame), write(term)))
    return Unknown(write(term) if term is not None else "call")


def _call_function(machine: Machine, func: Func, args: list[Value], keywords: dict[str, Value]) -> Value:
    if func.memoised and func.remembered is not None and not args and not keywords:
        return func.remembered
    if machine.depth >= _DEEPEST:
        return Unknown(_name(func))
    machine.called.add(id(func.term))
    if not machine.depth:
        machine.until = machine.steps + _MOST
    frame = Frame("function", func.frame.module, func.frame.file, func.frame, owner=func.owner)
    frame.receiver = func.receiver
    frame.path = (
        func.term.qualname if isinstance(func.term, terms.Function) else f"{lambda_path(func.frame)}<lambda>"
    )
    _parameters(machine, func, args, keywords, frame)
    machine.depth += 1
    result = _result(machine, func, frame)
    machine.depth -= 1
    if not machine.depth and machine.steps > machine.until:
        machine.lost.append((Span(func.frame.file, func.term.line), f"{_name(func)} is too much to follow"))
    if func.memoised and not args and not keywords:
        func.remembered = result
    return result


def begin(machine: Machine, func: Func, args: list[Value]) -> None:
    """Follow a function for what it registers; of a generator all that it does."""
    machine.beginning = func.term
    call(machine, func, args, {})


def _result(machine: Machine, func: Func, frame: Frame) -> Value:
    term = func.term
    if isinstance(term, terms.Lambda):
        return machine.value(term.result, frame)
    if term.body is not None and (not term.is_generator or term is machine.beginning):
        machine.run(term.body, frame)
        strong = [v for v in frame.results if not is_weak(v)]
        if strong:
            return strong[0]
    given = machine.value(term.returns, func.frame) if term.returns is not None else None
    if isinstance(given, Cls) and not term.is_generator and not is_router(machine, given):
        return Obj(given, [], {})
    return frame.results[0] if frame.results else Unknown(f"{term.name}()")


def _parameters(
    machine: Machine, func: Func, args: list[Value], keywords: dict[str, Value], frame: Frame
) -> None:
    given = [func.receiver, *args] if func.receiver is not None else list(args)
    rest = dict(keywords)
    for each in func.term.parameters:
        match each.kind:
            case "args":
                frame.names[each.name] = Several(given)
                given = []
            case "kwargs":
                frame.names[each.name] = named(rest)
            case _ if each.kind == "plain" and given:
                frame.names[each.name] = given.pop(0)
            case _ if each.name in rest:
                frame.names[each.name] = rest.pop(each.name)
            case _ if each.default is not None:
                frame.names[each.name] = machine.value(each.default, func.frame)
            case _:
                frame.names[each.name] = _assumed(machine, each, func.frame)


def _assumed(machine: Machine, parameter: terms.Parameter, frame: Frame) -> Value:
    """What is known of an argument that nobody gives: an instance of its class."""
    given = machine.value(parameter.annotation, frame) if parameter.annotation is not None else None
    if isinstance(given, Cls) and not is_router(machine, given):
        return Obj(given, [], {})
    return Unknown(parameter.name)


def _construct(
    machine: Machine,
    cls: Cls,
    args: list[Value],
    keywords: dict[str, Value],
    term: terms.Apply | None,
    frame: Frame | None,
) -> Value:
    base = library_router(machine, cls)
    if base is not None:
        return call_library(machine, cls, args, keywords, term, frame)
    made = Obj(cls, args, keywords)
    init = member(machine, cls, "__init__", made)
    if isinstance(init, Func) and isinstance(init.term, terms.Function):
        if init.term.body is not None:
            call(machine, init, args, keywords)
    else:
        made.attrs.update(keywords)
        made.attrs.update(zip(fields(machine, cls), args, strict=False))
    return made


def _includes(term: terms.Apply) -> bool:
    return isinstance(term.func, terms.Dot) and term.func.attr in ("include_router", "add_api_route")


def _span(term: terms.Apply, frame: Frame) -> Span:
    return Span(frame.file, term.line, "", term.end_line if term.end_line != term.line else 0)


def _name(func: Func) -> str:
    return func.term.name if isinstance(func.term, terms.Function) else "lambda"
