"""Which modules are imported, in which order, and what does a full dotted name mean?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from strop.project.declared import terms
from strop.project.declared.decorate import decorated
from strop.project.declared.library import canonical
from strop.project.declared.terms import Expr, Statement
from strop.project.declared.values import Cls, Frame, Func, Later, Lib, Mod, Several, Value

if TYPE_CHECKING:
    from strop.project.declared.follow import Machine


def load(machine: Machine, name: str) -> None:
    """Import a module or package: what it imports first, then its statements if they may matter."""
    parts = name.split(".")
    for count in range(1, len(parts) + 1):
        _load(machine, ".".join(parts[:count]))


def _load(machine: Machine, name: str) -> None:
    if name in machine.loaded or name not in machine.files:
        return
    machine.loaded.add(name)
    file = machine.files[name]
    if file.active:
        machine.run(file.body, namespace(machine, name))
        return
    for target in file.imports:
        _follow_import(machine, target)


def _follow_import(machine: Machine, target: str) -> None:
    """Import the module of the project that an imported name is, or lies in."""
    module, _ = split(machine, target)
    if module:
        load(machine, module)


def namespace(machine: Machine, name: str) -> Frame:
    """The namespace of a module; of one that is of no interest, what is asked for is found later."""
    if name not in machine.frames:
        file = machine.files.get(name)
        frame = Frame("module", name, file.file if file is not None else "", None)
        machine.frames[name] = frame
        if file is not None and not file.active:
            _prepare(machine, file.body, frame)
    return machine.frames[name]


def _prepare(machine: Machine, body: tuple[Statement, ...], frame: Frame) -> None:
    """Bind the names of a module without following anything."""
    for each in body:
        match each:
            case terms.Bind(terms.Ident(name), value):
                _put_off(machine, name, value, frame)
            case terms.Note(name=name, value=value):
                if value is not None:
                    _put_off(machine, name, value, frame)
            case terms.Function(decorators=()):
                frame.names[each.name] = Func(each, frame)
            case terms.Function():
                _put_off_function(machine, each, frame)
            case terms.Class():
                frame.names[each.name] = Cls(each, frame)
            case terms.Bring():
                bring(machine, each, frame)
            case terms.Branch(_, blocks):
                for block in reversed(blocks):
                    _prepare(machine, block, frame)
            case terms.Loop() | terms.Bind() | terms.Do() | terms.Give():
                continue


def _put_off(machine: Machine, name: str, value: Expr, frame: Frame) -> None:
    frame.names[name] = Later(lambda: machine.value(value, frame), frame.names.get(name))


def _put_off_function(machine: Machine, term: terms.Function, frame: Frame) -> None:
    frame.names[term.name] = Later(lambda: decorated(machine, term, frame), frame.names.get(term.name))


def bring(machine: Machine, term: terms.Bring, frame: Frame) -> bool:
    """An import statement: its module is followed, its name is bound to what it will mean."""
    target = term.target
    if frame.kind != "module" or machine.files[frame.module].active:
        _follow_import(machine, target)
    if term.name == "*":
        module, rest = split(machine, target)
        stars = frame.names.setdefault("*", Several([]))
        if module and not rest and isinstance(stars, Several):
            stars.items.append(Mod(module))
        return False
    frame.names[term.name] = Later(lambda: dotted(machine, target), frame.names.get(term.name))
    return False


def split(machine: Machine, dotted: str) -> tuple[str, list[str]]:
    """The longest prefix that is a module or package of the project ("" for none), and the rest."""
    parts = dotted.split(".")
    for count in range(len(parts), 0, -1):
        prefix = ".".join(parts[:count])
        if prefix in machine.files or prefix in machine.packages:
            return prefix, parts[count:]
    return "", parts


def dotted(machine: Machine, name: str) -> Value:
    """What a full dotted name means."""
    module, rest = split(machine, name)
    if not module:
        return Lib(canonical(name))
    value: Value = Mod(module)
    for part in rest:
        value = machine.attribute(value, part)
    return value


def packages(modules: Iterable[str]) -> frozenset[str]:
    """The packages around these modules."""
    prefixes: set[str] = set()
    for name in modules:
        parts = name.split(".")
        prefixes.update(".".join(parts[:count]) for count in range(1, len(parts)))
    return frozenset(prefixes)
