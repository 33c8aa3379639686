"""What do functions of FastAPI and the standard library give, as far as building an application needs them?"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from strop.project.declared import terms
from strop.project.declared.contents import iterate
from strop.project.declared.modules import split
from strop.project.declared.terms import write
from strop.project.declared.values import (
    Args,
    Cls,
    Depend,
    Func,
    Keywords,
    Known,
    Mod,
    Native,
    Several,
    Table,
    Unknown,
    Value,
    named,
)

if TYPE_CHECKING:
    from strop.project.declared.follow import Machine


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
CALLS: dict[str, _Call] = {
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
