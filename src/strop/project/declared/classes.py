"""What does a class have: the names of its body, its bases, and what an instance gets from them?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from strop.project.declared import terms
from strop.project.declared.library import is_router_class
from strop.project.declared.lookup import force
from strop.project.declared.values import Cls, Frame, Func, Generic, Lib, Value

if TYPE_CHECKING:
    from strop.project.declared.follow import Machine


def members(machine: Machine, cls: Cls) -> Frame:
    """The names of a class body, followed once."""
    if cls.body is None:
        around = cls.frame
        cls.body = Frame("class", around.module, around.file, around, owner=cls, path=cls.term.qualname)
        machine.run(cls.term.body, cls.body)
    return cls.body


def lineage(machine: Machine, cls: Cls) -> list[Cls | Lib]:
    """The class and its bases, in the order of look-up as far as it can be told."""
    if cls.line is None:
        cls.line = [cls]  # a cycle of bases ends here
        above: list[Cls | Lib] = []
        for base in cls.term.bases:
            value = machine.value(base, cls.frame)
            value = value.origin if isinstance(value, Generic) else value
            if isinstance(value, Cls):
                above += lineage(machine, value)
            elif isinstance(value, Lib):
                above.append(value)
        cls.line = [cls, *_last_of_each(above)]
    return cls.line


def library_bases(machine: Machine, cls: Cls) -> list[str]:
    """Dotted names of the library's classes above it."""
    return [base.name for base in lineage(machine, cls) if isinstance(base, Lib)]


def library_router(machine: Machine, cls: Cls) -> Lib | None:
    """The class of FastAPI or Starlette that a project's application or router extends."""
    return next((b for b in lineage(machine, cls) if isinstance(b, Lib) and is_router_class(b.name)), None)


def is_router(machine: Machine, cls: Cls) -> bool:
    """Whether instances of the class are applications or routers."""
    return library_router(machine, cls) is not None


def fields(machine: Machine, cls: Cls) -> list[str]:
    """The annotated names of a class, those of its bases first."""
    found: dict[str, None] = {}
    for base in reversed(lineage(machine, cls)):
        if isinstance(base, Cls):
            found.update(dict.fromkeys(s.name for s in base.term.body if isinstance(s, terms.Note)))
    return list(found)


def member(machine: Machine, cls: Cls, name: str, receiver: Value | None) -> Value | None:
    """What a class of the project or one above it defines under a name, bound to the receiver."""
    for base in lineage(machine, cls):
        if not isinstance(base, Cls):
            continue
        names = members(machine, base).names
        if name in names:
            assert base.body is not None
            return bound(machine, force(machine, base.body, name), cls, receiver)
    return None


def bound(machine: Machine, value: Value, cls: Cls, receiver: Value | None) -> Value:
    """A member as it is seen on an instance (on the class where there is no receiver)."""
    if not isinstance(value, Func):
        return value
    if value.kind == "property" and receiver is not None:
        return machine.call(_with_receiver(value, receiver), [], {})
    if value.kind == "staticmethod":
        return value
    if value.kind == "classmethod":
        return _with_receiver(value, cls)
    return _with_receiver(value, receiver) if receiver is not None else value


def _with_receiver(func: Func, receiver: Value) -> Func:
    return Func(
        func.term, func.frame, func.owner, receiver, func.wrapped, func.kind, func.memoised, given=func.given
    )


def _last_of_each(line: list[Cls | Lib]) -> list[Cls | Lib]:
    """A base that stands twice is looked up last."""
    found: dict[object, Cls | Lib] = {}
    for each in line:
        key: object = each.name if isinstance(each, Lib) else id(each)
        found.pop(key, None)
        found[key] = each
    return list(found.values())
