"""What do statements do? One after the other; of branches that can't be decided all are taken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from strop.project.declared import terms
from strop.project.declared.assign import assign
from strop.project.declared.classes import members
from strop.project.declared.contents import iterate
from strop.project.declared.decorate import decorated
from strop.project.declared.modules import bring
from strop.project.declared.operate import is_local, is_weak, truth
from strop.project.declared.terms import Statement, write
from strop.project.declared.values import (
    Cls,
    Frame,
    Func,
    Known,
    Native,
    Router,
    Several,
    Table,
    Unknown,
    Value,
)

if TYPE_CHECKING:
    from strop.project.declared.follow import Machine


def run(machine: Machine, body: tuple[Statement, ...], frame: Frame) -> bool:
    """Follow statements; True when a `return` ends them."""
    for each in body:
        machine.steps += 1
        if machine.depth and machine.steps > machine.until:
            return True
        if _RUNS[type(each)](machine, each, frame):
            return True
    return False


def _bind(machine: Machine, term: terms.Bind, frame: Frame) -> bool:
    assign(machine, term.target, machine.value(term.value, frame), frame)
    return False


def _note(machine: Machine, term: terms.Note, frame: Frame) -> bool:
    if term.value is not None:
        assign(machine, terms.Ident(term.name), machine.value(term.value, frame), frame)
    return False


def _do(machine: Machine, term: terms.Do, frame: Frame) -> bool:
    machine.value(term.value, frame)
    return False


def _give(machine: Machine, term: terms.Give, frame: Frame) -> bool:
    frame.results.append(machine.value(term.value, frame))
    return True


def _loop(machine: Machine, term: terms.Loop, frame: Frame) -> bool:
    over = machine.value(term.over, frame)
    for item in iterate(machine, over, write(term.target)):
        assign(machine, term.target, item, frame)
        run(machine, term.body, frame)
    if isinstance(over, Several) and not over.items and not over.rest:
        _look(machine, term, frame)
    return False


def _look(machine: Machine, term: terms.Loop, frame: Frame) -> None:
    """Note what a loop over an empty list would include: the list may be filled in ways that can't be followed."""
    machine.ghost += 1
    assign(machine, term.target, Unknown(write(term.target)), frame)
    run(machine, term.body, frame)
    machine.ghost -= 1


def _branch(machine: Machine, term: terms.Branch, frame: Frame) -> bool:
    decided = _decide(machine, term.test, frame)
    if decided is not None:
        return run(machine, term.blocks[0 if decided else 1], frame)
    before = dict(frame.names)
    with _chosen(machine, term.test, frame):
        machine.forks += 1
        fork = machine.forks if term.apart else 0
        ended = [_follow(machine, term.blocks[0], frame, fork, 0)]
        for place, block in enumerate(term.blocks[1:], 1):
            first = {n: v for n, v in frame.names.items() if before.get(n) is not v}
            ended.append(_follow(machine, block, frame, fork, place))
            for name, value in first.items():
                other = frame.names.get(name)
                if not is_weak(value) and other is not value:
                    frame.names[name] = value
                    _join(value, other)
    return all(ended)


def _follow(machine: Machine, block: tuple[Statement, ...], frame: Frame, fork: int, place: int) -> bool:
    """Follow one branch; it is noted which, where what two of them register is never there together."""
    if not fork:
        return run(machine, block, frame)
    machine.arms.append((fork, place))
    ended = run(machine, block, frame)
    machine.arms.pop()
    return ended


def _join(value: Value, other: Value | None) -> None:
    """Of an application that is made in one of several ways one is followed, with the options that all of them have."""
    if isinstance(value, Router) and isinstance(other, Router) and other.is_app and not other.entries:
        other.below = True
        value.options = {name: given for name, given in value.options.items() if name in other.options}


@contextmanager
def _chosen(machine: Machine, test: terms.Test | None, frame: Frame) -> Iterator[None]:
    """While a branch is taken of which a caller's argument decides whether it is: `if enabled["list"]:` of a factory."""
    asks = test is not None and frame.kind == "function" and is_local(test.value, frame)
    if test is not None and asks and not isinstance(test.value, terms.Opaque):
        machine.choices.append(write(test.value))
        yield
        machine.choices.pop()
    else:
        yield


def _decide(machine: Machine, test: terms.Test | None, frame: Frame) -> bool | None:
    """Whether a simple test holds; None where that depends on what can't be told."""
    if test is None:
        return None
    value = machine.value(test.value, frame)
    if isinstance(value, Known | Several) and not is_local(test.value, frame):
        return truth(value, test.op) if _is_member(machine, test.value, frame) else None
    return truth(value, test.op)


def _is_member(machine: Machine, test: terms.Expr, frame: Frame) -> bool:
    """Whether it asks if something of a function is in a collection that is written out: no setting changes that."""
    if not isinstance(test, terms.Binary) or test.op not in ("in", "not in"):
        return False
    return is_local(test.left, frame) and isinstance(machine.value(test.right, frame), Several | Table)


def _function(machine: Machine, term: terms.Function, frame: Frame) -> bool:
    frame.names[term.name] = decorated(machine, term, frame)
    return False


def _class(machine: Machine, term: terms.Class, frame: Frame) -> bool:
    cls = Cls(term, frame)
    frame.names[term.name] = cls
    if _has_operations(term):
        known = sum(len(router.entries) for router in machine.routers)
        members(machine, cls)
        cls.view = bool(term.decorators) and sum(len(r.entries) for r in machine.routers) > known
    for decorator, _ in term.decorators:
        value = machine.value(decorator, frame)
        if not cls.view and isinstance(value, Func | Native):
            machine.call(value, [cls], {})
    return False


def _has_operations(term: terms.Class) -> bool:
    return any(isinstance(each, terms.Function) and each.decorators for each in term.body)


_RUNS: dict[type, Callable[[Machine, Any, Frame], bool]] = {
    terms.Bind: _bind,
    terms.Note: _note,
    terms.Do: _do,
    terms.Give: _give,
    terms.Loop: _loop,
    terms.Branch: _branch,
    terms.Bring: bring,
    terms.Function: _function,
    terms.Class: _class,
}
