"""Which routes does an application get only when it is started: by the main part of a script, by a function that a command runs?

Asked of applications that have nothing when all modules are imported, and of others where the main part of their module
leads to functions that register more. What starts them is followed for what it registers on them; other applications that
it makes are none of the project's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import msgspec

from strop.project.declared import terms
from strop.project.declared.terms import Statement
from strop.project.declared.values import Frame, Func, Inclusion, Router

if TYPE_CHECKING:
    from strop.project.declared.follow import Machine

_REGISTERS = frozenset({"include_router", "mount", "add_api_route", "add_api_websocket_route", "add_route"})


def begin_empty(machine: Machine) -> None:
    """Follow what starts each application that has no routes, and what a main part leads to of the others."""
    for app in [r for r in machine.routers if r.is_app and not r.below and r.name]:
        known, empty = len(machine.routers), not app.entries
        for frame, name in _holders(machine, app):
            if not empty:
                _start_more(machine, app, frame, name)
            elif not app.entries:
                _start(machine, frame, name)
        for made in machine.routers[known:]:
            made.below = made.below or made.is_app


def _holders(machine: Machine, app: Router) -> Iterator[tuple[Frame, str]]:
    """The modules that have an application under a name, its own first."""
    module, _, name = app.name.partition(":")
    others = (each for each, file in machine.files.items() if f"{module}.{name}" in file.imports)
    for each in (module, *others):
        frame = machine.frames.get(each)
        if frame is not None and machine.value(terms.Ident(name), frame) is app:
            yield frame, name


def _start(machine: Machine, frame: Frame, name: str) -> None:
    """Run the main part of a module where it has to do with the application, else the functions that nothing calls."""
    main = machine.files[frame.module].main
    if _hands_on(main, name):
        machine.run(main, frame)
        return
    functions = [f for f in machine.functions if f.frame is frame and _may_start(machine, f, name)]
    starts = {f.term.name: f for f in functions if isinstance(f.term, terms.Function)}
    called = {call for f in starts.values() for call in _called(f)}
    own = {text for statement in main for text in _names(statement)}
    chosen = [f for key, f in starts.items() if key in own] or [
        f for key, f in starts.items() if key not in called
    ]
    for function in chosen:
        machine.call(Func(function.term, function.frame), [], {})


def _start_more(machine: Machine, app: Router, frame: Frame, name: str) -> None:
    """Run the functions that the main part of a module leads to and that register something on the application. What it
    has already it does not get again: a server imports the module, a developer starts it.
    """
    known = len(app.entries)
    included = {id(entry.router) for entry in app.entries if isinstance(entry, Inclusion)}
    bodies = {
        f.term.name: f for f in machine.functions if f.frame is frame and isinstance(f.term, terms.Function)
    }
    wanted = [text for statement in machine.files[frame.module].main for text in _names(statement)]
    led: list[str] = []
    for text in wanted:
        if text in bodies and text not in led:
            led.append(text)
            wanted += _called(bodies[text])
    for text in led:  # the outer ones first: what they call is not called again
        if _may_start(machine, bodies[text], name):
            machine.call(Func(bodies[text].term, frame), [], {})
    more = [e for e in app.entries[known:] if not isinstance(e, Inclusion) or id(e.router) not in included]
    app.entries[known:] = more


def _may_start(machine: Machine, function: Func, name: str) -> bool:
    term = function.term
    if not isinstance(term, terms.Function) or term.body is None or id(term) in machine.called:
        return False
    return all(each.name != name for each in term.parameters) and _hands_on(term.body, name)


def _hands_on(body: Iterable[Statement], name: str) -> bool:
    """Whether statements register something on what has this name, or hand it to a function."""
    for each in _within(body):
        match each:
            case terms.Apply(func=terms.Dot(value=terms.Ident(name=owner), attr=attr)) if owner == name:
                if attr in _REGISTERS:
                    return True
            case terms.Apply(args=args, keywords=keywords):
                if any(a == terms.Ident(name) for a in (*args, *(v for _, v in keywords))):
                    return True
    return False


def _called(function: Func) -> Iterator[str]:
    body = function.term.body if isinstance(function.term, terms.Function) else None
    for statement in body or ():
        yield from _names(statement)


def _names(statement: Statement) -> Iterator[str]:
    """The names of functions that a statement calls."""
    for each in _within([statement]):
        match each:
            case terms.Apply(func=terms.Ident(name=name)):
                yield name


def _within(found: object) -> Iterator[msgspec.Struct]:
    """A term and all terms in it."""
    if isinstance(found, msgspec.Struct):
        yield found
        for field in found.__struct_fields__:
            yield from _within(getattr(found, field))
    elif isinstance(found, tuple | list):
        for each in found:
            yield from _within(each)
