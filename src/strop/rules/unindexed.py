"""Which foreign keys do served statements go by that no index begins with, by the source alone?"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator

from msgspec import Struct

from strop.finding import Finding
from strop.project.body import Body
from strop.project.function import Reach
from strop.project.mark import Mark
from strop.project.project import Project
from strop.project.table import Column, Table
from strop.project.walk import walk
from strop.regex import regex
from strop.rules import fills
from strop.rules.clients import are_read, collections_read
from strop.rules.code import reaches, table_of
from strop.rules.draft import draft
from strop.rules.growth import grows, is_flow, is_handful, is_link, owners, stays_small
from strop.rules.loading import relationship_key, statement_of
from strop.rules.protection import Protection
from strop.rules.rule import Rule
from strop.rules.wording import listed
from strop.span import Span

_EAGER = ("selectinload", "joinedload", "subqueryload")
_CHANGES = ("sqlalchemy.delete", "sqlalchemy.update", "sqlmodel.delete", "sqlmodel.update")
_CONDITIONS = ("where", "filter", "join", "outerjoin", "filter_by")
_FEW_VALUES = regex(
    r"(^|_)(type|status|state|kind|category|priority|severity|role|level)_id$"
)  # keys of short lists
_MOSTLY = 2  # times as many statements that an index serves as others: those are the exception
WORDS = frozenset({"where", "filter", "filter_by", "join", "outerjoin", *_EAGER}) | fills.WORDS


def note(body: Body, rule: str) -> Iterator[Mark]:
    """Columns that statements filter or join by, as "Order.customer_id", and models whose rows are made."""
    yield from fills.note(body, rule)
    told: set[str] = set()
    for call in body.calls(*_CONDITIONS):
        beside = sorted(_known(body, list(_statement(body, call))))
        for key in _compared(body, call):
            if (fact := f"{key} {beside}") not in told:
                told.add(fact)
                drops = "yes" if _is_removal(body, call) else ""
                yield body.mark(rule, call, column=key, beside=",".join(beside), drops=drops)
    for call in body.calls(*_EAGER):
        for key in (relationship_key(body, a) for a in call.args):
            if key and key not in told:
                told.add(key)
                yield body.mark(rule, call, loads=key)


def _statement(body: Body, call: ast.Call) -> Iterator[ast.Call]:
    """All conditions of the statement that a condition belongs to, as far as it is one expression."""
    outermost: ast.AST = call
    for each in body.around(call):
        if not isinstance(each, ast.Call | ast.Attribute):
            break
        outermost = each
    for node in (*walk(outermost), *_added(body, outermost)):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in _CONDITIONS
        ):
            yield node


def _is_removal(body: Body, call: ast.Call) -> bool:
    """Whether the statement deletes or changes the rows that it finds: `delete(Link).where(...)`."""
    below: ast.expr = call
    while isinstance(below, ast.Call) and isinstance(below.func, ast.Attribute):
        if body.name(below.func) in _CHANGES:
            return True
        below = below.func.value
    if isinstance(below, ast.Call) and body.name(below.func) in _CHANGES:
        return True
    after = body.parent(call)
    return isinstance(after, ast.Attribute) and after.attr in ("delete", "update")


def _added(body: Body, expr: ast.AST) -> Iterator[ast.AST]:
    """What other assignments of the same name are: `asked = asked.where(...)`."""
    match body.parent(expr):
        case ast.Assign(targets=[ast.Name(id=name)]):
            for other in body.of(ast.Assign):
                match other.targets:
                    case [ast.Name(id=same)] if same == name and other.value is not expr:
                        yield from walk(other.value)


def _compared(body: Body, call: ast.Call) -> Iterator[str]:
    """The columns of mapped classes that a condition compares with a value."""
    for argument in call.args:
        for node in walk(argument):
            match node:
                case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]):
                    keys = [k for k in (relationship_key(body, left), relationship_key(body, right)) if k]
                    if len(keys) == 1:  # two columns are a join: the other end's primary key serves it
                        yield keys[0]
                case ast.Call(func=ast.Attribute(value=ast.Attribute() as column, attr="in_")):
                    if key := relationship_key(body, column):
                        yield key
    if isinstance(call.func, ast.Attribute) and call.func.attr == "filter_by":
        statement = statement_of(body, call)
        for entity in statement.entities[:1] if statement is not None else ():
            yield from (f"{entity.rpartition('.')[2]}.{k.arg}" for k in call.keywords if k.arg)


def _known(body: Body, whole: list[ast.Call]) -> set[str]:
    """The columns whose values a statement gives, also by way of a join: `Line.shop_id == Order.shop_id`."""
    known = {key for each in whole for key in _compared(body, each)}
    tied = [pair for each in whole for pair in _tied(body, each)]
    for _ in tied:  # as often as the longest way may be
        known |= {key for pair in tied if known & pair for key in pair}
    return known


def _tied(body: Body, call: ast.Call) -> Iterator[set[str]]:
    """The pairs of columns that a condition says are the same."""
    for argument in call.args:
        for node in walk(argument):
            match node:
                case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]):
                    pair = {relationship_key(body, left), relationship_key(body, right)} - {""}
                    if len(pair) == 2:
                        yield pair


class _Missing(Struct, frozen=True):
    """A foreign key without an index, the ways to the statements that go by it, and whether one reads."""

    column: Column
    ways: tuple[Reach, ...]
    is_read: bool


def unindexed_keys(project: Project, rule: Rule) -> Iterator[Finding]:
    """Foreign keys without an index that a served statement filters by, or a collection is loaded by."""
    dialects = {e.dialect for e in project.imported.engines if e.dialect}
    if dialects == {"mysql"}:
        return  # InnoDB makes an index for each foreign key
    asked: dict[str, list[Reach]] = {}
    served, alone = Counter[str](), Counter[str]()  # statements that an index serves, and the others
    read: set[str] = set()
    tenants = owners(project.imported.tables)
    rare = _rarely_called(project)
    led = {f"{_owner(t)}.{c}" for t in project.imported.tables for c in _leading(t)}
    collections = _collections(project)
    shown = _shown(project)
    unfilled = fills.unfilled(project, rule.code)
    for mark in project.source.marks.get(rule.code, ()):
        if mark.fact("makes"):
            continue
        asks = mark.fact("column").partition(".")[0]
        if any(key in led and key.partition(".")[0] == asks for key in mark.fact("beside").split(",")):
            served[mark.fact("column")] += 1
            continue  # an index on another column that it compares finds the rows
        ways = reaches(project, mark.function, ("loop", "thread"))
        if ways:
            key = mark.fact("column") or mark.fact("loads")
            alone[key] += 1
            asked.setdefault(key, []).extend(ways)
            if not mark.fact("drops") and not all(w.route in rare for w in ways):
                read.add(key)
    for table in project.imported.tables:
        owner = _owner(table)
        missing: list[_Missing] = []
        for column in table.columns if table.span is not None else ():
            if not column.foreign_key or _is_indexed(table, column) or not _has_many(column):
                continue
            key = f"{owner}.{column.attribute or column.name}"
            by = collections.get((column.foreign_key.rpartition(".")[0], table.name), "")
            ways = asked.get(key) or asked.get(by, [])
            if ways:
                spare = _is_inside(table, column) and served[key] >= _MOSTLY * alone[key]
                missing.append(_Missing(column, tuple(ways), not spare and bool(read & {key, by})))
        if missing:
            keys = [m.column for m in missing if m.is_read]
            telling = [k for k in keys if k.foreign_key.rpartition(".")[0] not in tenants]
            told = [m for m in missing if m.column in telling] or missing
            few = is_handful(table) or is_link(table) or table.model in unfilled
            is_small = (
                few or stays_small(table, telling) or not grows(table, telling, project.imported.tables)
            )
            pairs = {(m.column.foreign_key.rpartition(".")[0], table.name) for m in told}
            routes = {w.route for m in told for w in m.ways}
            is_asked = is_flow(table) or bool(pairs & shown) or are_read(project, routes)
            is_small = is_small or not telling or not is_asked
            yield _static(rule, table, told, dialects, is_small=is_small)


def _rarely_called(project: Project) -> set[str]:
    """The routes that remove or change one thing, or are for administrators."""
    protection = Protection.of(project)
    return {
        route.key
        for route in project.imported.routes
        if route.method in ("DELETE", "PUT", "PATCH") or protection.is_for_operators(route.key)
    }


def _owner(table: Table) -> str:
    """The name of the class that maps it."""
    return table.model.rpartition(":")[2].rpartition(".")[2]


def _leading(table: Table) -> set[str]:
    """The attributes that an index or a key of the table begins with."""
    return {c.attribute or c.name for c in table.columns if _is_indexed(table, c)}


def _has_many(column: Column) -> bool:
    """Whether the key has many values: not that of a lookup table, nor a pointer to the one that counts now."""
    pointer = column.name.partition("_")[0] in ("current", "last", "latest", "default", "active", "primary")
    return not (
        (column.nullable and pointer) or _FEW_VALUES.search(column.name)
    ) and not column.type.startswith(("BOOL", "VARCHAR(1)", "VARCHAR(2)"))


def _collections(project: Project) -> dict[tuple[str, str], str]:
    """The first collection of each owner's table whose rows lie in a target's table, by the names of both."""
    found: dict[tuple[str, str], str] = {}
    for relationship in project.imported.relationships:
        owner, target = table_of(project, relationship) if relationship.uselist else (None, None)
        if owner is not None and target is not None:
            found.setdefault((owner.name, target.name), relationship.key)
    return found


def _shown(project: Project) -> set[tuple[str, str]]:
    """The tables of owners and targets of the collections that clients read, by the names of both."""
    read = collections_read(project)
    both = (table_of(project, r) for r in project.imported.relationships if r.key in read)
    return {(owner.name, target.name) for owner, target in both if owner is not None and target is not None}


def _is_indexed(table: Table, column: Column) -> bool:
    if column.index or column.unique:
        return True
    first_key = next((c.name for c in table.columns if c.primary), "")
    return column.name == first_key or any(i.columns[:1] == (column.name,) for i in table.indexes)


def _is_inside(table: Table, column: Column) -> bool:
    """Whether the primary key has the column behind another foreign key (the tenant), so who looks for rows knows both.

    Behind a number of the row's own, the key serves those alone that want one row; an index that begins with the
    tenant says nothing of statements that come before it is known.
    """
    key = [c for c in table.columns if c.primary]
    return bool(key) and bool(key[0].foreign_key) and column.name in [c.name for c in key[1:]]


def _static(rule: Rule, table: Table, missing: list[_Missing], dialects: set[str], is_small: bool) -> Finding:
    """One finding for a table: one migration adds all of its indexes."""
    ways = [w for m in missing for w in m.ways]
    columns = [m.column.name for m in missing]
    keys = "the foreign key" if len(columns) == 1 else "the foreign keys"
    other = " (MySQL makes its own)" if not dialects or "mysql" in dialects else ""
    return draft(
        rule,
        table.span or Span("", 0),
        {w.route for w in ways},
        message=f"no index for {keys} {listed([f'{table.name}.{c}' for c in columns])} that statements find rows by",
        impact="each such statement reads the whole table, and so does each delete of a row it points at",
        solution=f"an index on {table.name} for each of {listed(columns)}, in the model and as a migration{other}"
        if len(columns) > 1
        else f"an index on {table.name} ({columns[0]}), in the model and as a migration{other}",
        known="static",
        severity="note" if is_small else None,
        confidence=0.7,
        chain=min(ways, key=lambda w: len(w.chain)).chain,
        facts={"table": table.name, "columns": columns[0], "use": "filter"},
    )
