"""What does an expression give?"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from strop.project.declared import terms
from strop.project.declared.assign import assign
from strop.project.declared.contents import iterate
from strop.project.declared.lookup import lookup
from strop.project.declared.operate import combined, cut, element, is_weak, merged, truth, union
from strop.project.declared.terms import Expr, write
from strop.project.declared.values import (
    Cls,
    Frame,
    Func,
    Generic,
    Known,
    Lib,
    Marked,
    Several,
    Super,
    Table,
    Unknown,
    Value,
)

if TYPE_CHECKING:
    from strop.project.declared.follow import Machine


def _ident(machine: Machine, term: terms.Ident, frame: Frame) -> Value:
    return lookup(machine, term.name, frame)


def _dot(machine: Machine, term: terms.Dot, frame: Frame) -> Value:
    found = machine.attribute(machine.value(term.value, frame), term.attr)
    return Unknown(write(term)) if isinstance(found, Unknown) else found


def _joined(machine: Machine, term: terms.Joined, frame: Frame) -> Value:
    text, doubts = "", []
    for part in term.parts:
        value = machine.value(part, frame)
        if isinstance(value, Known):
            text += str(value.value)
            doubts += [value.doubt] if value.doubt else []
        else:
            doubts.append(write(part))
    return Known(text, ", ".join(doubts))


def _binary(machine: Machine, term: terms.Binary, frame: Frame) -> Value:
    left, right = machine.value(term.left, frame), machine.value(term.right, frame)
    return combined(left, right, term)


def _either(machine: Machine, term: terms.Either, frame: Frame) -> Value:
    if term.test is not None:
        holds = truth(machine.value(term.test.value, frame), term.test.op)
        if holds is not None:
            return machine.value(term.values[0 if holds else 1], frame)
    values = [machine.value(each, frame) for each in term.values]
    if term.test is None and truth(values[0], "true") is False:
        return values[-1]
    strong = [v for v in values if not is_weak(v)]
    return strong[0] if strong else values[0]


def _items(machine: Machine, term: terms.Items, frame: Frame) -> Value:
    items, rest = _spread(machine, term.items, frame)
    return Several(items, rest)


def _pairs(machine: Machine, term: terms.Pairs, frame: Frame) -> Value:
    table = Table({})
    for key, each in term.pairs:
        value = machine.value(each, frame)
        name = machine.value(key, frame) if key is not None else None
        if name is None:
            table = merged(table, value)
        elif isinstance(name, Known):
            table.pairs[name.value] = value
        elif isinstance(name, Cls | Lib):  # an exception as key of `exception_handlers`
            table.pairs[f"\0{id(name)}"] = Several([name, value])
        else:
            table.rest = True
    return table


def _each(machine: Machine, term: terms.Each, frame: Frame) -> Value:
    inner = Frame("function", frame.module, frame.file, frame, path=frame.path)
    over = machine.value(term.over, frame)
    items: list[Value] = []
    table = Table({}, rest=not isinstance(over, Several | Table))
    for item in iterate(machine, over, write(term.target)):
        assign(machine, term.target, item, inner)
        element = machine.value(term.element, inner)
        if term.value is None:
            items.append(element)
        elif isinstance(element, Known):
            table.pairs[element.value] = machine.value(term.value, inner)
    return Several(items, rest=table.rest) if term.value is None else table


def _index(machine: Machine, term: terms.Index, frame: Frame) -> Value:
    base = machine.value(term.value, frame)
    match base:
        case Lib(name) if name.rpartition(".")[2] == "Annotated":
            parts = term.index.items if isinstance(term.index, terms.Items) else (term.index,)
            return Marked(machine.value(parts[0], frame), [machine.value(p, frame) for p in parts[1:]])
        case Lib(name) if name in ("typing.Optional", "typing.Union"):
            parts = term.index.items if isinstance(term.index, terms.Items) else (term.index,)
            members = [machine.value(part, frame) for part in parts]
            return union([*members, Known(None)] if name == "typing.Optional" else members, spelled=True)
        case Lib() | Cls():
            parts = term.index.items if isinstance(term.index, terms.Items) else (term.index,)
            return Generic(base, [machine.value(part, frame) for part in parts])
        case Generic(Marked(inner, notes)):
            return Marked(inner, notes)
    if isinstance(term.index, terms.Slice):
        low, high = (
            machine.value(end, frame) if end is not None else Known(None)
            for end in (term.index.lower, term.index.upper)
        )
        return cut(base, low, high, term)
    return element(base, machine.value(term.index, frame), term)


def _apply(machine: Machine, term: terms.Apply, frame: Frame) -> Value:
    if isinstance(term.func, terms.Ident) and term.func.name == "super" and not term.args:
        return _super(machine, frame)
    func = machine.value(term.func, frame)
    args, rest = _spread(machine, term.args, frame)
    keywords: dict[str, Value] = {}
    for name, each in term.keywords:
        value = machine.value(each, frame)
        if name != "**":
            keywords[name] = value
        elif isinstance(value, Table):
            keywords |= {str(k): v for k, v in value.pairs.items()}
            rest |= value.rest
        else:
            rest = True
    if rest:
        args = [*args]  # what is spread and can't be told is left out
    return machine.call(func, args, keywords, term, frame)


def _super(machine: Machine, frame: Frame) -> Value:
    here: Frame | None = frame
    while here is not None:
        if here.owner is not None and here.receiver is not None:
            return Super(here.owner, here.receiver)
        here = here.parent
    return Unknown("super()")


def _lambda(machine: Machine, term: terms.Lambda, frame: Frame) -> Value:
    return Func(term, frame, owner=frame.owner)


def _spread(machine: Machine, given: Iterable[Expr], frame: Frame) -> tuple[list[Value], bool]:
    items: list[Value] = []
    rest = False
    for each in given:
        if not isinstance(each, terms.Spread):
            items.append(machine.value(each, frame))
            continue
        value = machine.value(each.value, frame)
        match value:
            case Several(more, open_):
                items += more
                rest |= open_
            case _:
                rest = True
    return items, rest


VALUES: dict[type, Callable[[Machine, Any, Frame], Value]] = {
    terms.Lit: lambda machine, term, frame: Known(term.value),
    terms.Ident: _ident,
    terms.Dot: _dot,
    terms.Apply: _apply,
    terms.Spread: lambda machine, term, frame: machine.value(term.value, frame),
    terms.Index: _index,
    terms.Slice: lambda machine, term, frame: Unknown(write(term)),
    terms.Items: _items,
    terms.Pairs: _pairs,
    terms.Joined: _joined,
    terms.Binary: _binary,
    terms.Either: _either,
    terms.Each: _each,
    terms.Lambda: _lambda,
    terms.Opaque: lambda machine, term, frame: Unknown(term.text),
}
