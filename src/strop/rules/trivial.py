"""Does a function only compute, and little? Then a thread for it costs more than it does."""

from __future__ import annotations

import builtins

from strop.project.function import Call, Class, Function
from strop.project.project import Project

_DEEPEST = 5  # helpers between the dependency and its last call; deeper is not trivial
_DOES_IO = {"open", "input", "print", "exec", "eval", "compile", "__import__", "breakpoint"}
_BUILTINS = frozenset(name for name in dir(builtins) if name not in _DOES_IO)
_VALUES = ("str.", "bytes.", "dict.", "list.", "set.", "tuple.", "int.", "float.", "frozenset.")
_HARMLESS = frozenset(
    {
        "fastapi.HTTPException",
        "starlette.exceptions.HTTPException",
        "dataclasses.replace",
        "typing.cast",
        "re.Pattern.match",
        "re.Pattern.fullmatch",
        "re.Pattern.search",
        "datetime.timedelta",
        "datetime.datetime",
        "datetime.date",
        "uuid.UUID",
        "decimal.Decimal",
    }
)
_MODELS = ("pydantic.BaseModel", "pydantic.main.BaseModel", "enum.", "typing.NamedTuple", "typing.Generic")
_MAKERS = (".__init__", ".__new__", ".__post_init__", ".model_post_init")


def is_trivial(project: Project, function: Function, depth: int = 0) -> bool:
    """Whether everything that a `def` function does, through all that it calls, is known to cost next to nothing."""
    if depth > _DEEPEST or function.is_async or function.is_generator:
        return False
    return all(_is_harmless(project, call, depth) for call in function.calls)


def _is_harmless(project: Project, call: Call, depth: int) -> bool:
    if call.effect is not None and call.effect.kind != "clock":
        return False
    target = project.source.functions.get(call.target)
    if target is not None:
        return not call.loop and is_trivial(project, target, depth + 1)
    owner = next((c for c in project.source.classes.values() if c.name == call.name), None)
    if owner is not None:
        return _is_plain_class(project, owner, depth)
    return call.name in _BUILTINS or call.name in _HARMLESS or call.name.startswith(_VALUES)


def _is_plain_class(project: Project, owner: Class, depth: int) -> bool:
    """Whether making an instance is as harmless: a model or dataclass, with harmless validators and `__init__`."""
    known = all(base.startswith(_MODELS) or base == "object" for base in owner.library_bases)
    above = (owner.id, *owner.bases)
    own = (project.source.functions.get(name + maker) for name in above for maker in _MAKERS)
    validators = (project.source.functions.get(name) for name in owner.validators)
    inside = [f for f in (*own, *validators) if f is not None]
    return known and all(is_trivial(project, f, depth + 1) for f in inside)
