"""Which applications does the project have, and which of them is the main one?"""

from __future__ import annotations

from pathlib import PurePosixPath

from strop.project.declared import terms
from strop.project.declared.begun import begin_empty
from strop.project.declared.calls import begin
from strop.project.declared.classes import library_router
from strop.project.declared.follow import Machine
from strop.project.declared.library import APPLICATIONS
from strop.project.declared.values import Cls, Func, Inclusion, Lib, Operation, Router, Unknown
from strop.span import Span

_ASIDE = frozenset({"docs", "docs_src", "examples", "example", "scripts", "benchmarks", "samples", "tools"})
_USUAL_FILES = ("main", "app", "asgi", "api", "server", "application", "__init__", "wsgi")
_USUAL_NAMES = ("app", "application", "api", "")


def applications(machine: Machine) -> list[Router]:
    """Applications that are not mounted in another, the one with most operations first."""
    for name, file in machine.files.items():
        if file.active:
            machine.load(name)
    start_up(machine, 0)
    _call_factories(machine)
    begin_empty(machine)
    found = [r for r in machine.routers if r.is_app and not r.below]
    return sorted(found, key=_rank)


def start_up(machine: Machine, known: int) -> None:
    """Follow what applications do when they start, those made since `known` routers: some register routes only then.
    Of mounted ones nothing runs."""
    for app in machine.routers[known:]:
        if not app.is_app or app.below:
            continue
        given = app.attrs.get("lifespan_context") or app.options.get("lifespan")
        if isinstance(given, Func):
            begin(machine, given, [app])
        for each in app.startup:
            if isinstance(each, Func):
                begin(machine, each, [])


def _call_factories(machine: Machine) -> None:
    """Call functions that give an application and that nothing called: a server does. What another of them
    calls is a part of that one's application."""
    made: list[tuple[int, list[Router]]] = []
    inner: set[int] = set()
    for function in list(machine.functions):
        term = function.term
        if (
            not isinstance(term, terms.Function)
            or id(term) in machine.called
            or not _may_make(machine, function)
        ):
            continue
        outer, machine.called = machine.called, set()
        known = len(machine.routers)
        result = machine.call(Func(term, function.frame), [], {})
        start_up(machine, known)
        new = [r for r in machine.routers[known:] if r.is_app]
        made.append((id(term), new))
        if isinstance(result, Router) and not result.name:
            result.name = f"{function.frame.module}:{term.qualname}"
        inner |= machine.called - {id(term)}
        machine.called = outer
    for term_id, apps in made:
        if term_id in inner:
            for app in apps:
                app.below = True
    machine.called |= inner


def _may_make(machine: Machine, function: Func) -> bool:
    """Whether a function's body makes an application, or its annotation says that it gives one."""
    term = function.term
    if not isinstance(term, terms.Function) or term.body is None or term.is_generator:
        return False
    if term.returns is not None:
        given = machine.value(term.returns, function.frame)
        if isinstance(given, Lib):
            return given.name in APPLICATIONS
        if isinstance(given, Cls) and (base := library_router(machine, given)) is not None:
            return base.name in APPLICATIONS
    return any(_makes(each) for each in term.body)


def _makes(statement: terms.Statement) -> bool:
    match statement:
        case (
            terms.Bind(_, terms.Apply(func))
            | terms.Give(terms.Apply(func))
            | terms.Note(value=terms.Apply(func))
        ):
            return terms.write(func).rpartition(".")[2].endswith("FastAPI")
        case terms.Branch(blocks=blocks):
            return any(_makes(each) for block in blocks for each in block)
    return False


def _rank(app: Router) -> tuple[bool, int, int, int, str, int]:
    path = PurePosixPath(app.span.file)
    name = app.name.partition(":")[2]
    return (
        bool(_ASIDE & set(path.parts)),
        -_operations(app, set()),
        _USUAL_NAMES.index(name) if name in _USUAL_NAMES else len(_USUAL_NAMES),
        _USUAL_FILES.index(path.stem) if path.stem in _USUAL_FILES else len(_USUAL_FILES),
        app.span.file,
        app.span.line,
    )


def _operations(router: Router, seen: set[int]) -> int:
    """How many operations a router has, with those of what it includes."""
    if id(router) in seen:
        return 0
    seen.add(id(router))
    inner = [e.router for e in router.entries if isinstance(e, Inclusion) and isinstance(e.router, Router)]
    own = sum(isinstance(entry, Operation) for entry in router.entries)
    return own + sum(_operations(each, seen) for each in inner)


def lost_includes(machine: Machine) -> list[tuple[Span, str]]:
    """Places where a router is included that can't be told, or into one that can't be told."""
    found = list(machine.lost)
    for router in machine.routers:
        found += [
            (entry.span, entry.router.text)
            for entry in router.entries
            if isinstance(entry, Inclusion) and isinstance(entry.router, Unknown)
        ]
    return found


def orphans(machine: Machine) -> list[Router]:
    """Routers with operations that no include names."""
    return [
        router
        for router in machine.routers
        if not router.is_app
        and not router.below
        and router.name
        and any(isinstance(entry, Operation | Inclusion) for entry in router.entries)
    ]
