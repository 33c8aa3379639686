"""What do calls of things from outside the project do to the application that is followed: classes, functions, methods?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from strop.project.declared import terms
from strop.project.declared.builtin import CALLS
from strop.project.declared.bundled import bundled_router
from strop.project.declared.classes import library_bases, library_router, member
from strop.project.declared.library import APPLICATIONS, canonical, is_router_class
from strop.project.declared.methods import of_dict, of_list, of_text
from strop.project.declared.register import configure, router_method
from strop.project.declared.terms import write
from strop.project.declared.values import (
    Args,
    Cls,
    Frame,
    Func,
    Keywords,
    Known,
    Layer,
    Lib,
    Method,
    Obj,
    Router,
    Several,
    Table,
    Unknown,
    Value,
)
from strop.span import Span

if TYPE_CHECKING:
    from strop.project.declared.follow import Machine


def call_library(
    machine: Machine,
    func: Value,
    args: Args,
    keywords: Keywords,
    term: terms.Apply | None,
    frame: Frame | None,
) -> Value:
    """What a call of something that the project does not define gives."""
    match func:
        case Cls():
            return _make_router(machine, func, args, keywords, term, frame)
        case Lib(name) if is_router_class(name):
            return _make_router(machine, func, args, keywords, term, frame)
        case Method(Router() as router, name):
            return router_method(machine, router, name, args, keywords, _span(term, frame))
        case Method(receiver, name):
            return _method(machine, receiver, name, args, keywords, term, frame)
        case Obj(Lib(name)) as made:
            return _applied(made, name, args)
        case Lib(name):
            known = CALLS.get(name)
            if known is not None:
                return known(machine, args, keywords, term)
            _wrap(args, keywords, func, _span(term, frame))
            return Obj(func, args, keywords)
    return Unknown(write(term) if term is not None else "call")


def _span(term: terms.Apply | None, frame: Frame | None) -> Span:
    if term is None or frame is None:
        return Span(frame.file if frame is not None else "", 0)
    end = term.end_line if term.end_line != term.line else 0
    return Span(frame.file, term.line, "", end)


def _make_router(
    machine: Machine,
    cls: Cls | Lib,
    args: Args,
    keywords: Keywords,
    term: terms.Apply | None,
    frame: Frame | None,
) -> Value:
    base = cls if isinstance(cls, Lib) else library_router(machine, cls)
    assert base is not None
    plain = base.name.startswith("starlette.")
    module = frame.module if frame is not None else ""
    router = Router(base.name in APPLICATIONS, _span(term, frame), module, cls, plain)
    machine.routers.append(router)
    init = member(machine, cls, "__init__", router) if isinstance(cls, Cls) else None
    if isinstance(init, Func) and isinstance(init.term, terms.Function) and init.term.body is not None:
        machine.call(init, args, keywords)
    if not router.configured:
        configure(machine, router, args, keywords)
    return router


def _wrap(args: Args, keywords: Keywords, cls: Lib | Cls, span: Span) -> None:
    """`Middleware(app)`: a layer put around an application by hand."""
    inner = args[0] if args else keywords.get("app")
    name = cls.name if isinstance(cls, Lib) else cls.term.name
    if not (isinstance(inner, Router) and inner.is_app and name.rpartition(".")[2].endswith("Middleware")):
        return
    if inner.span.file == span.file:  # elsewhere it is wrapped for something else than to be served
        inner.wrappers.insert(0, Layer(cls, None, keywords, span))


def _applied(made: Obj, name: str, args: Args) -> Value:
    """Calling what a library gave: a decorator keeps what it decorates."""
    if len(args) == 1 and isinstance(args[0], Func | Cls):
        return args[0]
    return Obj(Lib(f"{name}.__call__"), args, {})


def _method(
    machine: Machine,
    receiver: Value,
    name: str,
    args: Args,
    keywords: Keywords,
    term: terms.Apply | None,
    frame: Frame | None,
) -> Value:
    match receiver:
        case Known(str(text), doubt):
            return of_text(text, doubt, name, args, term)
        case Several():
            return of_list(receiver, name, args)
        case Table():
            return of_dict(receiver, name, args, term)
        case Obj(cls):
            if len(args) == 1 and isinstance(args[0], Func) and not keywords:
                return args[0]
            bases = [cls.name] if isinstance(cls, Lib) else library_bases(machine, cls)
            if not bases:
                return Unknown(name)
            bundled = bundled_router(machine, receiver, bases[0], name, _span(term, frame))
            if bundled is not None:
                return bundled
            return Obj(Lib(canonical(f"{bases[0]}.{name}")), args, keywords, {"self": receiver})
    return Unknown(write(term) if term is not None else name)
