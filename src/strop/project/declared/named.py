"""How is a value called, and where does it stand: the names that the imported application gives the same things."""

from __future__ import annotations

from strop.project.declared import terms
from strop.project.declared.library import qualified
from strop.project.declared.values import (
    Cls,
    Frame,
    Func,
    Generic,
    Known,
    Lib,
    Marked,
    Method,
    Obj,
    Router,
    Union,
    Unknown,
    Value,
)
from strop.span import Span

_BUILTINS = "builtins."


def plain(value: Value) -> Value:
    """The function behind the ones that stand for it."""
    for _ in range(20):
        if not (isinstance(value, Func) and value.wrapped is not None):
            break
        value = value.wrapped
    return value


def name_of(value: Value) -> str:
    """ "module:qualname" of a function or class, of the class for any other object; text for what is unknown."""
    value = plain(value)
    match value:
        case Func(term=terms.Function(qualname=qualname), frame=frame):
            return f"{frame.module}:{qualname}"
        case Func(frame=frame):
            return f"{frame.module}:{lambda_path(frame)}<lambda>"
        case Cls(term=term, frame=frame):
            return f"{frame.module}:{term.qualname}"
        case Obj(cls) | Router(cls=cls):
            return name_of(cls)
        case Lib(name):
            return qualified(name)
        case Method(receiver, name):
            return f"{name_of(receiver)}.{name}"
        case Unknown(text):
            return text
    return type(value).__name__.lower()


def lambda_path(frame: Frame) -> str:
    """What stands before `<lambda>` in its qualname."""
    match frame.kind:
        case "function":
            return f"{frame.path}.<locals>."
        case "class":
            return f"{frame.path}."
    return ""


def span_of(value: Value) -> Span | None:
    """Where a function or class is; of an object its class; None for library code."""
    value = plain(value)
    match value:
        case Func(term=terms.Function() as term, frame=frame):
            return Span(frame.file, term.line, term.qualname, term.end_line)
        case Func(term=terms.Lambda(line=line), frame=frame):
            return Span(frame.file, line, f"{lambda_path(frame)}<lambda>")
        case Cls(term=term, frame=frame):
            return Span(frame.file, term.line, term.qualname, term.end_line)
        case Obj(cls):
            return span_of(cls)
    return None


def type_text(value: Value) -> str:
    """A type as the imported application writes it: `list[shop.schemas:Order]`."""
    match value:
        case Known(None):
            return "NoneType"
        case Known(constant):
            return repr(constant)
        case Marked(base, _):
            return f"typing:Annotated[{type_text(base)}]"
        case Generic(Cls() as origin, args):
            return f"{name_of(origin)}[{', '.join(map(_display, args))}]"
        case Generic(origin, args):
            return f"{_origin(origin)}[{', '.join(map(type_text, args))}]"
        case Union(members, spelled):
            return f"{'typing.Union' if spelled else 'types:UnionType'}[{', '.join(map(type_text, members))}]"
        case Lib(name) if name.startswith(_BUILTINS):
            return name.removeprefix(_BUILTINS)
        case Lib("typing.Any"):
            return "typing:Any"
    return name_of(value)


def _display(value: Value) -> str:
    """A type argument in the name of a generic model."""
    text = type_text(value)
    return text.rpartition(":")[2] if isinstance(value, Cls) else text


_ORIGINS = {
    "typing.List": "list",
    "typing.Dict": "dict",
    "typing.Set": "set",
    "typing.Tuple": "tuple",
    "typing.FrozenSet": "frozenset",
    "typing.Type": "type",
}


def _origin(value: Value) -> str:
    if isinstance(value, Lib):
        if value.name in _ORIGINS:
            return _ORIGINS[value.name]
        module, _, last = value.name.rpartition(".")
        if module == "typing" and last[:1].isupper() and last not in ("Union", "Optional", "Literal"):
            return f"collections.abc:{last}"
    return type_text(value)
