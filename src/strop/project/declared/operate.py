"""What do operators give: texts and lists put together, compared and cut?"""

from __future__ import annotations

from strop.project.declared import terms
from strop.project.declared.terms import Expr, write
from strop.project.declared.values import (
    Cls,
    Depend,
    Frame,
    Func,
    Known,
    Native,
    Router,
    Several,
    Table,
    Union,
    Unknown,
    Value,
)


def combined(left: Value, right: Value, term: terms.Binary) -> Value:
    """The value of an operator between two values."""
    match term.op:
        case "|":
            return merged(left, right) if isinstance(left, Table) else union([left, right])
        case "and":
            return _both(left, right, term)
        case "+":
            return _added(left, right, term)
    return _compared(left, right, term)


def _added(left: Value, right: Value, term: terms.Binary) -> Value:
    match left, right:
        case Known(str(a), p), Known(str(b), q):
            return Known(a + b, p or q)
        case Known(int(n)), Known(int(m)):
            return Known(n + m)
        case Several(first, p), Several(second, q):
            return Several([*first, *second], bool(p or q))
        case (Several(items), _) | (_, Several(items)):
            return Several(list(items), rest=True)
        case Known(str(a)), _:
            return Known(a, write(term.right))
        case _, Known(str(b)):
            return Known(b, write(term.left))
    return Unknown(write(term))


def _both(left: Value, right: Value, term: terms.Binary) -> Value:
    for value in (left, right):
        if isinstance(value, Known) and not value.doubt and not value.value:
            return value
    return right if isinstance(left, Known) and not left.doubt else Unknown(write(term))


def _compared(left: Value, right: Value, term: terms.Binary) -> Value:
    """`==`, `!=`, `in`, `not in` of constants."""
    match term.op, left, right:
        case "==" | "!=", Known(a, ""), Known(b, ""):
            return Known((a == b) == (term.op == "=="))
        case "in" | "not in", Known(str(a), ""), Known(str(b), ""):
            return Known((a in b) == (term.op == "in"))
        case "in" | "not in", Known(a, ""), Several(items, False) if all(isinstance(i, Known) for i in items):
            return Known(any(isinstance(i, Known) and i.value == a for i in items) == (term.op == "in"))
        case "in" | "not in", Known(a, ""), Table(pairs, False):
            return Known((a in pairs) == (term.op == "in"))
        case ">" | "<" | ">=" | "<=", Known(int(n), ""), Known(int(m), ""):
            return Known({">": n > m, "<": n < m, ">=": n >= m, "<=": n <= m}[term.op])
    return Unknown(write(term))


def cut(base: Value, low: Value, high: Value, term: terms.Index) -> Value:
    """`base[low:high]`."""
    ends: list[int | None] = []
    for end in (low, high):
        if not isinstance(end, Known) or not (end.value is None or isinstance(end.value, int)):
            return Known("", write(term)) if isinstance(base, Known) else Unknown(write(term))
        ends.append(end.value)
    match base:
        case Known(str(text), doubt):
            return Known(text[ends[0] : ends[1]], doubt)
        case Several(items, rest):
            return Several(items[ends[0] : ends[1]], rest)
    return Unknown(write(term))


def element(base: Value, key: Value, term: terms.Index) -> Value:
    """`base[key]`."""
    match base, key:
        case Table(pairs), Known(name) if name in pairs:
            return pairs[name]
        case Several(items), Known(int(place)) if -len(items) <= place < len(items):
            return items[place]
        case Known(str(), doubt), _:  # a part of a text
            return Known("", doubt or write(term))
    return Unknown(write(term))


def merged(table: Table, other: Value) -> Table:
    """Both dicts as one."""
    if isinstance(other, Table):
        return Table({**table.pairs, **other.pairs}, table.rest or other.rest)
    return Table(dict(table.pairs), rest=True)


def union(values: list[Value], *, spelled: bool = False) -> Value:
    """One of several types."""
    members: list[Value] = []
    for value in values:
        members += value.members if isinstance(value, Union) else [value]
    return Union(members, spelled)


def truth(value: Value, op: str) -> bool | None:
    """Whether a test holds for a value; None where that can't be told."""
    match value:
        case Known(constant, ""):
            is_none, true = constant is None, bool(constant)
        case Several(items, False):
            is_none, true = False, bool(items)
        case Func() | Router() | Cls() | Native() | Depend():
            is_none, true = False, True
        case _:
            return None
    return {"none": is_none, "some": not is_none, "true": true, "false": not true}[op]


def is_weak(value: Value) -> bool:
    """Whether it says nothing: not known, or None."""
    return isinstance(value, Unknown) or (isinstance(value, Known) and value.value is None)


def is_local(term: Expr, frame: Frame) -> bool:
    """Whether all names in a test are of functions that are being followed: not settings, not the environment."""
    match term:
        case terms.Ident(name):
            here: Frame | None = frame
            while here is not None and here.kind == "function":
                if name in here.names:
                    return True
                here = here.parent
            return False
        case terms.Lit() | terms.Opaque():  # nothing is told of what is opaque
            return True
        case terms.Dot(value):
            return is_local(value, frame)
        case terms.Apply(terms.Dot(value), args):
            return is_local(value, frame) and all(is_local(a, frame) for a in args)
        case terms.Apply(terms.Ident(name), args) if name in ("len", "isinstance") and args:
            return is_local(args[0], frame)
        case terms.Index(value, index):
            return is_local(value, frame) and is_local(index, frame)
        case terms.Binary(_, left, right):
            return is_local(left, frame) and is_local(right, frame)
        case terms.Items(_, items):
            return all(is_local(each, frame) for each in items)
    return False
