"""What does an expression ask the database for? Statements that are built step by step, and the rows they give."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from msgspec import Struct, field
from msgspec.structs import replace

from strop.project.body import Body

EXECUTES = frozenset({"execute", "scalars", "scalar", "exec", "stream", "stream_scalars"})
MANY = frozenset({"all", "fetchall", "scalars", "unique", "mappings", "tuples", "columns", "yield_per"})
ONE = frozenset(
    {
        "first",
        "one",
        "one_or_none",
        "scalar",
        "scalar_one",
        "scalar_one_or_none",
        "fetchone",
        "get",
        "get_one",
    }
)
_ROOTS = frozenset({"sqlalchemy.select", "sqlalchemy.orm.Session.query"})
_LOADERS = frozenset({"joinedload", "selectinload", "subqueryload", "contains_eager", "immediateload"})
_OTHER_OPTIONS = frozenset(
    {"load_only", "defer", "undefer", "raiseload", "noload", "lazyload", "with_loader_criteria"}
)
_DEEPEST = 8


class Option(Struct, frozen=True):
    """One relationship that an option loads: the key "Order.items", and how."""

    key: str
    how: str


class Statement(Struct):
    """A `select(...)` or `session.query(...)` with what was added to it, as far as it can be followed."""

    root: ast.Call
    entities: tuple[str, ...] = ()  # dotted names of the project's classes that are selected whole
    columns: tuple[ast.expr, ...] = ()  # what else is selected
    steps: list[tuple[str, ast.Call]] = field(default_factory=list)
    legacy: bool = False  # session.query

    def has(self, *names: str) -> bool:
        """Whether one of these methods was applied."""
        return any(name in names for name, _ in self.steps)

    def calls(self, *names: str) -> Iterator[ast.Call]:
        """The applications of these methods."""
        for name, call in self.steps:
            if name in names:
                yield call

    @property
    def narrowed(self) -> bool:
        """Whether it has a condition or a limit."""
        return self.has("where", "filter", "filter_by", "limit", "having", "slice", "fetch", "select_from")


class Load(Struct, frozen=True):
    """One execution of a statement: what is fetched of it, and the call that fetches."""

    statement: Statement
    call: ast.Call  # the outermost call that can be told
    executed: ast.Call  # what goes to the database
    fetch: str = "rows"  # the last method: all, first, scalars ...

    @property
    def many(self) -> bool:
        """Whether it gives a list of rows."""
        return self.fetch not in ONE


def statement_of(body: Body, expr: ast.expr, depth: int = _DEEPEST) -> Statement | None:
    """The statement that an expression is; None where its root can't be seen."""
    steps: list[tuple[str, ast.Call]] = []
    while True:
        match expr:
            case ast.Await(value=inner):
                expr = inner
            case ast.Call(func=ast.Attribute(value=inner, attr=name)) if body.name(expr.func) not in _ROOTS:
                if name in EXECUTES and not _is_statement(body, inner):
                    return None
                steps.append((name, expr))
                expr = inner
            case ast.Call() if body.name(expr.func) in _ROOTS:
                found = _root(body, expr)
                found.steps = steps[::-1]
                return found
            case ast.Name() if depth:
                return _named(body, expr, steps[::-1], depth)
            case _:
                return None


def _is_statement(body: Body, expr: ast.expr) -> bool:
    return body.instance(expr) in ("sqlalchemy.orm.Query", "sqlalchemy.Select")


def _named(body: Body, name: ast.Name, steps: list[tuple[str, ast.Call]], depth: int) -> Statement | None:
    """A statement that was built step by step: what every assignment that may be seen has added."""
    found: Statement | None = None
    for binding in body.bindings(name):
        if binding.how != "value" or binding.expr is None or binding.index >= 0:
            return None
        one = statement_of(body, binding.expr, depth - 1)
        if one is None:
            return None
        if found is None:
            found = replace_steps(one, list(one.steps))
        else:
            found.steps.extend(s for s in one.steps if s not in found.steps)
    if found is not None:
        found.steps.extend(steps)
    return found


def replace_steps(statement: Statement, steps: list[tuple[str, ast.Call]]) -> Statement:
    """The same statement with other steps."""
    return replace(statement, steps=steps)


def _root(body: Body, call: ast.Call) -> Statement:
    entities, columns = [], []
    for argument in call.args:
        ref = body.ref(argument)
        if ref is not None and ref.kind == "class" and ref.name in body.types.found.classes:
            entities.append(ref.name)
        else:
            columns.append(argument)
    legacy = body.name(call.func) == "sqlalchemy.orm.Session.query"
    return Statement(call, tuple(entities), tuple(columns), [], legacy)


def load_of(body: Body, expr: ast.expr, depth: int = _DEEPEST) -> Load | None:
    """What an expression loads; names are followed to where they were assigned once."""
    if not depth:
        return None
    match expr:
        case ast.Await(value=inner):
            return load_of(body, inner, depth - 1)
        case ast.Name():
            found = body.bindings(expr)
            if (
                len(found) == 1
                and found[0].how == "value"
                and found[0].expr is not None
                and found[0].index < 0
            ):
                return load_of(body, found[0].expr, depth - 1)
            return None
        case ast.Call(func=ast.Name(id="list" | "tuple" | "sorted" | "set"), args=[inner, *_]):
            return load_of(body, inner, depth - 1)
        case ast.Call(func=ast.Attribute(value=inner, attr=name)):
            return _called(body, expr, inner, name, depth)
    return None


def _called(body: Body, call: ast.Call, inner: ast.expr, name: str, depth: int) -> Load | None:
    if name in EXECUTES and call.args and not _is_statement(body, inner):
        statement = statement_of(body, call.args[0])
        fetch = "scalar" if name == "scalar" else "rows"
        return Load(statement, call, call, fetch) if statement is not None else None
    if name in MANY or name in ONE:
        before = load_of(body, inner, depth - 1)
        if before is not None:
            fetch = before.fetch if name == "unique" else name
            return replace(before, call=call, fetch=fetch)
        statement = statement_of(body, inner)
        if statement is not None and statement.legacy:
            return Load(statement, call, call, name)
    return None


def loads(body: Body) -> Iterator[Load]:
    """Every execution in a body whose statement can be told, outermost calls only."""
    seen: set[int] = set()
    for call in (*body.calls(*MANY, *ONE), *body.calls(*EXECUTES)):
        above = body.parent(call)
        if isinstance(above, ast.Await):
            above = body.parent(above)
        if isinstance(above, ast.Attribute) and above.attr in MANY | ONE:
            continue  # part of a longer one
        found = load_of(body, call)
        if found is not None and id(found.executed) not in seen:
            seen.add(id(found.executed))
            yield found


def options_of(body: Body, statement: Statement) -> tuple[tuple[Option, ...], bool]:
    """The relationships that the options of a statement load, and whether all options can be told."""
    found: list[Option] = []
    complete = True
    for call in statement.calls("options"):
        for argument in _given(body, call):
            chain = _chain(argument)
            known = bool(chain) and all(name in _LOADERS | _OTHER_OPTIONS for name, _ in chain)
            complete = complete and known
            for name, loader in chain if known else ():
                if name not in _LOADERS:
                    continue
                for target in loader.args:
                    key = relationship_key(body, target)
                    complete = complete and bool(key)
                    found.append(Option(key or "?", name))
    return tuple(found), complete


def _given(body: Body, call: ast.Call) -> Iterator[ast.expr]:
    """The arguments, with the elements of literal lists in the place of `*options`."""
    for argument in call.args:
        yield from elements(body, argument) if isinstance(argument, ast.Starred) else (argument,)


def elements(body: Body, given: ast.Starred) -> Iterator[ast.expr]:
    """The elements of the list that stands behind `*given`, with those that are appended; itself where none is seen.

    What a flag appends counts too: where a load chooses, what it may bring is not for certain missing.
    """
    value = body.value(given.value)
    if not isinstance(value, ast.List | ast.Tuple):
        yield given
        return
    yield from value.elts
    listed = given.value.id if isinstance(given.value, ast.Name) else ""
    for call in body.calls("append", "extend") if listed else ():
        match call:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=how), args=[one]) if (
                name == listed
            ):
                more = one.elts if isinstance(one, ast.List | ast.Tuple) and how == "extend" else [one]
                yield from more


def _chain(expr: ast.expr) -> list[tuple[str, ast.Call]]:
    """The loaders of `joinedload(A.b).selectinload(B.c)`, in that order; empty for anything else."""
    steps: list[tuple[str, ast.Call]] = []
    while isinstance(expr, ast.Call):
        func = expr.func
        if isinstance(func, ast.Name):
            return [(func.id, expr), *steps[::-1]]
        if not isinstance(func, ast.Attribute):
            return []
        steps.append((func.attr, expr))
        expr = func.value
    return steps[::-1] if isinstance(expr, ast.Name | ast.Attribute) else []  # orm.joinedload(...)


def relationship_key(body: Body, expr: ast.expr) -> str:
    """ "Order.items" of an attribute of a mapped class; "" for anything else."""
    if isinstance(expr, ast.Call):  # Order.items.and_(...), Order.items.of_type(...)
        return relationship_key(body, expr.func.value) if isinstance(expr.func, ast.Attribute) else ""
    if not isinstance(expr, ast.Attribute):
        return ""
    ref = body.ref(expr.value)
    if ref is not None and ref.kind == "class" and ref.name in body.types.found.classes:
        return f"{ref.name.rpartition('.')[2]}.{expr.attr}"
    name = expr.value
    return f"{name.id}.{expr.attr}" if isinstance(name, ast.Name) and name.id[:1].isupper() else ""


def is_mapped(body: Body, class_name: str) -> bool:
    """Whether a class of the project maps a table."""
    if class_name not in body.types.found.classes:
        return False
    owners = [owner for owner, _ in body.types.members.lineage(class_name).classes]
    if any(name in owner.scope.names for owner in owners for name in ("__tablename__", "__table__")):
        return True
    return any(base.endswith((".DeclarativeBase", ".SQLModel")) for base in body.bases(class_name))
