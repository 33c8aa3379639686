"""Where in a request is each parameter, by FastAPI's rules, and what limits it?"""

from __future__ import annotations

from strop.project.declared import terms
from strop.project.declared.classes import library_bases
from strop.project.declared.depend import Asked
from strop.project.declared.follow import Machine
from strop.project.declared.terms import write
from strop.project.declared.values import (
    Cls,
    Generic,
    Known,
    Lib,
    Marked,
    Obj,
    Union,
    Unknown,
    Value,
)
from strop.project.route import Parameter, Place
from strop.span import Span

_PLACES: dict[str, Place] = {
    "Path": "path",
    "Query": "query",
    "Header": "header",
    "Cookie": "cookie",
    "Body": "body",
    "Form": "form",
    "File": "file",
}
_LIMITS = (
    "gt", "ge", "lt", "le", "multiple_of", "min_length", "max_length", "pattern", "regex", "max_digits",
    "decimal_places", "strict", "alias", "min_items", "max_items", "embed", "include_in_schema", "deprecated",
)  # fmt: skip
_SHORT = {"Gt": "gt", "Ge": "ge", "Lt": "lt", "Le": "le", "MultipleOf": "multiple_of"}
_SHORT |= {"MinLen": "min_length", "MaxLen": "max_length"}
_SEQUENCES = frozenset({"list", "set", "tuple", "frozenset", "List", "Set", "Tuple", "FrozenSet"})
_SEQUENCES |= {"Sequence", "Iterable", "deque", "Deque"}
_COMPLEX = frozenset({"dict", "Dict", "Mapping", "MutableMapping", "UploadFile", "BaseModel", "defaultdict"})
_MODELS = ("pydantic.BaseModel", "pydantic.main.BaseModel", "sqlmodel.SQLModel", "sqlmodel.main.SQLModel")


def parameter_of(machine: Machine, asked: Asked, path_names: frozenset[str], owner: str) -> Parameter:
    """One parameter of the request."""
    kind = asked.type
    default = machine.value(asked.default, asked.frame) if asked.default is not None else None
    notes = kind.notes if isinstance(kind, Marked) else []
    base = kind.base if isinstance(kind, Marked) else kind
    given_notes: list[Value | None] = [default, *reversed(notes)]
    marker = next((m for m in given_notes if _place_of(m) is not None), None)
    place = "path" if asked.name in path_names else _place_of(marker) or _inferred(machine, base)
    given = _default(asked, default, default if _last(default) == "Field" else marker)
    return Parameter(
        asked.name,
        place,
        write(asked.annotation),
        Span(asked.frame.file, asked.line),
        (given is None and place != "path") or place == "path",
        given or "",
        _limits([*notes, *([marker] if marker is default and marker is not None else [])]),
        _model(machine, base) if place not in ("path", "header", "cookie") else "",
        owner,
    )


def _last(value: Value | None) -> str:
    return value.cls.name.rpartition(".")[2] if isinstance(value, Obj) and isinstance(value.cls, Lib) else ""


def _place_of(value: Value | None) -> Place | None:
    if isinstance(value, Obj) and isinstance(value.cls, Lib) and value.cls.name.startswith("fastapi."):
        return _PLACES.get(_last(value))
    return None


def _default(asked: Asked, default: Value | None, marker: Value | None) -> str | None:
    """The default as text; None where the parameter is required."""
    if marker is not default or marker is None:
        return write(asked.default) if asked.default is not None else None
    assert isinstance(marker, Obj)
    term = asked.default
    if not isinstance(term, terms.Apply):
        first = marker.args[0] if marker.args else marker.keywords.get("default")
        return None if first is None or _is_required(first) else _constant(first)
    named = dict(term.keywords)
    first_term = term.args[0] if term.args else named.get("default")
    if first_term is None:
        return write(named["default_factory"]) if "default_factory" in named else None
    text = write(first_term)
    return None if text in ("Ellipsis", "...") else text


def _is_required(value: Value) -> bool:
    return isinstance(value, Unknown) and value.text in ("Ellipsis", "...")


def _constant(value: Value) -> str:
    return repr(value.value) if isinstance(value, Known) else value.text if isinstance(value, Unknown) else ""


def _limits(notes: list[Value]) -> tuple[tuple[str, str], ...]:
    found: dict[str, str] = {}
    for note in notes:
        if not isinstance(note, Obj):
            continue
        last = _last(note)
        if last in _SHORT and note.args:
            found[_SHORT[last]] = _constant(note.args[0])
        for name, value in note.keywords.items():
            if name in _LIMITS:
                found[name] = _constant(value)
    return tuple(sorted(found.items()))


def _inferred(machine: Machine, kind: Value | None) -> Place:
    if _is_file(kind):
        return "file"
    return "query" if _is_scalar(machine, kind) else "body"


def _members(kind: Value | None) -> list[Value]:
    if isinstance(kind, Marked):
        return _members(kind.base)
    if isinstance(kind, Union):
        return [each for member in kind.members for each in _members(member)]
    return [kind] if kind is not None else []


def _is_file(kind: Value | None) -> bool:
    for each in _members(kind):
        if isinstance(each, Generic) and any(map(_is_file, each.args)):
            return True
        if isinstance(each, Lib) and each.name.rpartition(".")[2] == "UploadFile":
            return True
    return False


def _is_scalar(machine: Machine, kind: Value | None) -> bool:
    return not any(_is_complex(machine, each) for each in _members(kind))


def _is_complex(machine: Machine, kind: Value) -> bool:
    """Whether FastAPI reads it from the body: a model, a mapping or a sequence."""
    match kind:
        case Generic(origin, _):
            return _is_complex(machine, origin)
        case Lib(name):
            last = name.rpartition(".")[2]
            return last in _SEQUENCES or last in _COMPLEX
        case Cls():
            return is_model(machine, kind) or _is_record(machine, kind)
    return False


def is_model(machine: Machine, cls: Cls) -> bool:
    """Whether Pydantic makes a model of the class."""
    return any(
        base in _MODELS or base.endswith(("BaseModel", "SQLModel")) for base in library_bases(machine, cls)
    )


def _is_record(machine: Machine, cls: Cls) -> bool:
    """A dataclass, a TypedDict or a container."""
    decorators = (d.func if isinstance(d, terms.Apply) else d for d, _ in cls.term.decorators)
    if any(write(d).rpartition(".")[2] == "dataclass" for d in decorators):
        return True
    lasts = {base.rpartition(".")[2] for base in library_bases(machine, cls)}
    return bool(lasts & (_SEQUENCES | _COMPLEX | {"TypedDict", "RootModel"}))


def _model(machine: Machine, kind: Value | None) -> str:
    """The id of the project's class in a type."""
    for each in _members(kind):
        if isinstance(each, Cls) and _is_complex(machine, each):
            return f"{each.frame.file}:{each.term.qualname}"
        if isinstance(each, Generic):
            for inner in [each.origin, *each.args]:
                found = _model(machine, inner)
                if found:
                    return found
    return ""
