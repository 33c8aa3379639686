"""What do calls of FastAPI, Starlette and the standard library do to the application that is followed?"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from strop.project.declared import terms
from strop.project.declared.bundled import bundled_router
from strop.project.declared.classes import library_bases, library_router, member
from strop.project.declared.contents import iterate
from strop.project.declared.library import APPLICATIONS, canonical, is_router_class
from strop.project.declared.modules import split
from strop.project.declared.register import configure, router_method
from strop.project.declared.terms import write
from strop.project.declared.values import (
    Cls,
    Depend,
    Frame,
    Func,
    Known,
    Lib,
    Method,
    Mod,
    Native,
    Obj,
    Router,
    Several,
    Table,
    Unknown,
    Value,
    named,
)
from strop.span import Span

if TYPE_CHECKING:
    from strop.project.declared.follow import Machine

Args = list[Value]
Keywords = dict[str, Value]


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
            return _applied(machine, made, name, args)
        case Lib(name):
            known = _CALLS.get(name)
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
    from strop.project.declared.values import Layer

    inner = args[0] if args else keywords.get("app")
    name = cls.name if isinstance(cls, Lib) else cls.term.name
    if not (isinstance(inner, Router) and inner.is_app and name.rpartition(".")[2].endswith("Middleware")):
        return
    if inner.span.file == span.file:  # elsewhere it is wrapped for something else than to be served
        inner.wrappers.insert(0, Layer(cls, None, keywords, span))


# Calls of library functions


def _depends(machine: Machine, args: Args, keywords: Keywords, term: terms.Apply | None) -> Value:
    call = args[0] if args else keywords.get("dependency")
    if isinstance(call, Known) and call.value is None:
        call = None
    scopes = keywords.get("scopes") or (args[1] if len(args) > 1 else None)
    names = (
        [str(s.value) for s in scopes.items if isinstance(s, Known)] if isinstance(scopes, Several) else []
    )
    cached = keywords.get("use_cache")
    text = write(term.args[0]) if term is not None and term.args else write(term)
    return Depend(call, text, tuple(names), not (isinstance(cached, Known) and cached.value is False))


def _wraps(machine: Machine, args: Args, keywords: Keywords, term: terms.Apply | None) -> Value:
    wrapped = args[0] if args else None

    def decorate(given: list[Value], _: dict[str, Value]) -> Value:
        if given and isinstance(given[0], Func):
            given[0].wrapped = wrapped
        return given[0] if given else Unknown("wraps")

    return Native(decorate)


def _update_wrapper(machine: Machine, args: Args, keywords: Keywords, term: terms.Apply | None) -> Value:
    if len(args) > 1 and isinstance(args[0], Func):
        args[0].wrapped = args[1]
    return args[0] if args else Unknown("update_wrapper")


def _partial(machine: Machine, args: Args, keywords: Keywords, term: terms.Apply | None) -> Value:
    if not args or not isinstance(args[0], Func):
        return args[0] if args else Unknown("partial")
    func = args[0]
    plain = [p.name for p in func.term.parameters if p.kind == "plain"]
    given = (*func.given, *plain[: len(args) - 1], *keywords)
    return Func(func.term, func.frame, func.owner, func.receiver, func.wrapped, func.kind, given=given)


def _first(machine: Machine, args: Args, keywords: Keywords, term: terms.Apply | None) -> Value:
    return args[0] if args else Unknown(write(term))


def _listed(machine: Machine, args: Args, keywords: Keywords, term: terms.Apply | None) -> Value:
    match args:
        case []:
            return Several([])
        case [Several(items, rest)]:
            return Several(list(items), rest)
        case [Table(pairs, rest)]:
            return Several([Known(key) for key in pairs], rest)
        case [Cls() as kind]:
            return Several(list(iterate(machine, kind, "list")))
    return Several([], rest=True)


def _dict(machine: Machine, args: Args, keywords: Keywords, term: terms.Apply | None) -> Value:
    table = named(keywords)
    for each in args:
        if isinstance(each, Table):
            table.pairs = {**each.pairs, **table.pairs}
        else:
            table.rest = True
    return table


def _text(machine: Machine, args: Args, keywords: Keywords, term: terms.Apply | None) -> Value:
    match args:
        case [Known(value, doubt)]:
            return Known(str(value), doubt)
        case []:
            return Known("")
    return Unknown(write(term))


def _getattr(machine: Machine, args: Args, keywords: Keywords, term: terms.Apply | None) -> Value:
    match args:
        case [owner, Known(str(name), ""), *default]:
            found = machine.attribute(owner, name)
            return default[0] if default and isinstance(found, Unknown) else found
    return Unknown(write(term))


def _environ(machine: Machine, args: Args, keywords: Keywords, term: terms.Apply | None) -> Value:
    default = args[1] if len(args) > 1 else keywords.get("default")
    return default if default is not None else Unknown(write(term))


def _import(machine: Machine, args: Args, keywords: Keywords, term: terms.Apply | None) -> Value:
    match args:
        case [Known(str(name), ""), *_] if not name.startswith("."):
            module, rest = split(machine, name)
            if module and not rest:
                machine.load(module)
                return Mod(module)
    return Unknown(write(term))


def _length(machine: Machine, args: Args, keywords: Keywords, term: terms.Apply | None) -> Value:
    match args:
        case [Known(str(text), "")]:
            return Known(len(text))
        case [Several(items, False)]:
            return Known(len(items))
    return Unknown(write(term))


def _cast(machine: Machine, args: Args, keywords: Keywords, term: terms.Apply | None) -> Value:
    return args[1] if len(args) > 1 else Unknown(write(term))


def _new_type(machine: Machine, args: Args, keywords: Keywords, term: terms.Apply | None) -> Value:
    return args[1] if len(args) > 1 else Unknown(write(term))


def _class_view(machine: Machine, args: Args, keywords: Keywords, term: terms.Apply | None) -> Value:
    def decorate(given: list[Value], _: dict[str, Value]) -> Value:
        if given and isinstance(given[0], Cls):
            given[0].view = True
        return given[0] if given else Unknown("cbv")

    return Native(decorate)


def _enumerate(machine: Machine, args: Args, keywords: Keywords, term: terms.Apply | None) -> Value:
    items = list(iterate(machine, args[0], "enumerate")) if args else []
    return Several([Several([Known(place), item]) for place, item in enumerate(items)])


def _zip(machine: Machine, args: Args, keywords: Keywords, term: terms.Apply | None) -> Value:
    columns = [list(iterate(machine, each, "zip")) for each in args]
    return Several([Several(list(row)) for row in zip(*columns, strict=False)])


_Call = Callable[["Machine", Args, Keywords, terms.Apply | None], Value]
_CALLS: dict[str, _Call] = {
    "fastapi.params.Depends": _depends,
    "fastapi.params.Security": _depends,
    "fastapi.Depends": _depends,
    "fastapi.Security": _depends,
    "functools.wraps": _wraps,
    "functools.update_wrapper": _update_wrapper,
    "functools.partial": _partial,
    "functools.lru_cache": _first,
    "functools.cache": _first,
    "copy.copy": _first,
    "copy.deepcopy": _first,
    "builtins.len": _length,
    "builtins.list": _listed,
    "builtins.tuple": _listed,
    "builtins.set": _listed,
    "builtins.sorted": _listed,
    "builtins.reversed": _listed,
    "builtins.dict": _dict,
    "builtins.str": _text,
    "builtins.getattr": _getattr,
    "builtins.enumerate": _enumerate,
    "builtins.zip": _zip,
    "os.getenv": _environ,
    "os.environ.get": _environ,
    "importlib.import_module": _import,
    "typing.cast": _cast,
    "typing.NewType": _new_type,
    "fastapi_utils.cbv.cbv": _class_view,
    "fastapi_restful.cbv.cbv": _class_view,
}


# Calls of instances and methods


def _applied(machine: Machine, made: Obj, name: str, args: Args) -> Value:
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
            return _of_text(text, doubt, name, args, term)
        case Several():
            return _of_list(machine, receiver, name, args)
        case Table():
            return _of_dict(receiver, name, args, term)
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


_TEXTS: dict[str, Callable[..., str]] = {
    "lower": str.lower,
    "upper": str.upper,
    "title": str.title,
    "capitalize": str.capitalize,
    "strip": str.strip,
    "lstrip": str.lstrip,
    "rstrip": str.rstrip,
    "removesuffix": str.removesuffix,
    "removeprefix": str.removeprefix,
    "replace": str.replace,
    "format": str.format,
}


def _of_text(text: str, doubt: str, name: str, args: Args, term: terms.Apply | None) -> Value:
    change = _TEXTS.get(name)
    plain = [str(a.value) for a in args if isinstance(a, Known)]
    if change is not None and len(plain) == len(args):
        try:
            return Known(change(text, *plain), doubt)
        except (TypeError, IndexError, KeyError, ValueError):
            return Known(text, doubt or write(term))
    match name, args:
        case "startswith", [Known(str(start), "")] if not doubt:
            return Known(text.startswith(start))
        case "endswith", [Known(str(end), "")] if not doubt:
            return Known(text.endswith(end))
        case "join", [Several(items, rest)]:
            parts = [str(i.value) for i in items if isinstance(i, Known)]
            return Known(text.join(parts), doubt or (write(term) if rest or len(parts) < len(items) else ""))
        case "split", [Known(str(by))] if by:
            return Several([Known(part, doubt) for part in text.split(by)])
    return Unknown(write(term) if term is not None else name)


def _of_list(machine: Machine, receiver: Several, name: str, args: Args) -> Value:
    match name, args:
        case "append", [value]:
            receiver.items.append(value)
        case "extend", [Several(items, rest)]:
            receiver.items += items
            receiver.rest |= rest
        case "insert", [Known(int(place)), value]:
            receiver.items.insert(place, value)
        case "copy", _:
            return Several(list(receiver.items), receiver.rest)
    return Unknown(name)


def _of_dict(receiver: Table, name: str, args: Args, term: terms.Apply | None) -> Value:
    match name, args:
        case "items", []:
            return Several([Several([Known(k), v]) for k, v in receiver.pairs.items()], receiver.rest)
        case "values", []:
            return Several(list(receiver.pairs.values()), receiver.rest)
        case "keys", []:
            return Several([Known(k) for k in receiver.pairs], receiver.rest)
        case "get" | "pop" | "setdefault", [Known(key), *default]:
            if key in receiver.pairs:
                found = receiver.pairs[key]
                if name == "pop":
                    del receiver.pairs[key]
                return found
            if receiver.rest:
                return Unknown(write(term))
            value = default[0] if default else Known(None)
            if name == "setdefault":
                receiver.pairs[key] = value
            return value
        case "update", [Table(pairs, rest)]:
            receiver.pairs.update(pairs)
            receiver.rest |= rest
        case "copy", _:
            return Table(dict(receiver.pairs), receiver.rest)
    return Unknown(write(term) if term is not None else name)
