"""A query for one row by one key, and the same for many keys."""

from __future__ import annotations

import libcst as cst
from msgspec import Struct

from strop.fixes.chain import methods
from strop.fixes.code import Code, called_name, dotted, walk
from strop.fixes.query import chain_base
from strop.fixes.unfit import Unfit
from strop.project.project import Project
from strop.project.table import Table

ONE = {"scalar_one_or_none", "first", "one_or_none"}


class Lookup(Struct, frozen=True):
    """`session.get(Model, key)` or `session.scalar(select(what).where(Model.column == key))` as source text."""

    session: str
    awaited: bool
    select: str  # how the file says select, "" where it does not yet
    what: str  # "Model" or "Model.attribute"
    column: str  # "Model.column"
    key: cst.BaseExpression
    others: tuple[str, ...]  # further conditions

    @property
    def attribute(self) -> str:
        """The name of the key's column."""
        return self.column.rpartition(".")[2]

    @property
    def whole(self) -> bool:
        """Whether entities are looked up, not one of their columns."""
        return self.column.rpartition(".")[0] == self.what

    def many(self, select: str, keys: str) -> str:
        """The expression that gives the rows of many keys: entities, or pairs of key and value."""
        conditions = ", ".join((f"{self.column}.in_({keys})", *self.others))
        columns = self.what if self.whole else f"{self.column}, {self.what}"
        method = "scalars" if self.whole else "execute"
        wait = "await " if self.awaited else ""
        return f"{wait}{self.session}.{method}({select}({columns}).where({conditions}))"


def read_lookup(project: Project, code: Code, value: cst.BaseExpression) -> Lookup:
    """The lookup that an expression is; Unfit if it is another, or might find several rows."""
    node = value
    if isinstance(node, cst.Call) and called_name(node) in ONE and isinstance(node.func, cst.Attribute):
        node = node.func.value
        if isinstance(node, cst.Call) and called_name(node) == "scalars" and not node.args:
            node = node.func.value if isinstance(node.func, cst.Attribute) else node
        kinds = {"execute", "scalars"}
    else:
        kinds = {"scalar", "get"}
    awaited = isinstance(node, cst.Await)
    call = node.expression if isinstance(node, cst.Await) else node
    if (
        not isinstance(call, cst.Call)
        or called_name(call) not in kinds
        or not isinstance(call.func, cst.Attribute)
    ):
        raise Unfit(f"{code.source(value)[:50]} is not a plain lookup of one row")
    session = dotted(call.func.value)
    if not session:
        raise Unfit("the session is computed")
    if called_name(call) == "get":
        return _get(project, code, call, session, awaited)
    return _scalar(project, code, call, session, awaited)


def _get(project: Project, code: Code, call: cst.Call, session: str, awaited: bool) -> Lookup:
    if len(call.args) != 2 or any(a.keyword or a.star for a in call.args):
        raise Unfit("session.get has options")
    model = dotted(call.args[0].value)
    table = table_of(project, model)
    keys = [column for column in table.columns if column.primary]
    if len(keys) != 1:
        raise Unfit(f"the key of {model} has {len(keys)} columns")
    name = keys[0].attribute or keys[0].name
    return Lookup(session, awaited, "", model, f"{model}.{name}", call.args[1].value, ())


def _scalar(project: Project, code: Code, call: cst.Call, session: str, awaited: bool) -> Lookup:
    if len(call.args) != 1:
        raise Unfit("the statement is executed with arguments")
    statement = call.args[0].value
    base = statement
    while isinstance(base, cst.Call) and called_name(base) != "select":
        base = base.func.value if isinstance(base.func, cst.Attribute) else chain_base(base)
    if not isinstance(base, cst.Call) or len(base.args) != 1:
        raise Unfit("the statement is not a select of one thing in the loop")
    calls = list(methods(code, base))
    odd = [called_name(c) for c in calls if called_name(c) != "where"]
    if odd or not calls:
        raise Unfit(f"{odd[0] if odd else 'no condition'} makes the statement more than a lookup by key")
    what = dotted(base.args[0].value)
    conditions = [argument.value for c in calls for argument in c.args]
    column, key = _equality(code, conditions[0])
    model = column.rpartition(".")[0]
    if not what or what.split(".")[: len(model.split("."))] != model.split("."):
        raise Unfit(f"{what or 'what is selected'} is not of the class that is searched")
    _must_be_unique(table_of(project, model), column.rpartition(".")[2])
    others = tuple(code.source(c) for c in conditions[1:])
    return Lookup(session, awaited, code.source(base.func), what, column, key, others)


def _equality(code: Code, condition: cst.BaseExpression) -> tuple[str, cst.BaseExpression]:
    if isinstance(condition, cst.Comparison) and len(condition.comparisons) == 1:
        target = condition.comparisons[0]
        column = dotted(condition.left)
        if isinstance(target.operator, cst.Equal) and column.count("."):
            return column, target.comparator
    raise Unfit(f"the condition {code.source(condition)[:50]} is not a column == key")


def table_of(project: Project, model: str) -> Table:
    """The table of a mapped class."""
    name = model.rpartition(".")[2]
    found = [t for t in project.imported.tables if t.model.rpartition(":")[2] == name]
    if len(found) != 1:
        raise Unfit(f"the table of {model or 'what is looked up'} is not known")
    return found[0]


def _must_be_unique(table: Table, attribute: str) -> None:
    column = next((c for c in table.columns if (c.attribute or c.name) == attribute), None)
    if column is None:
        raise Unfit(f"{table.name} has no column {attribute}")
    single = {index.columns for index in table.indexes if index.unique}
    keys = [c for c in table.columns if c.primary]
    if not (column.unique or (column.name,) in single or (column.primary and len(keys) == 1)):
        raise Unfit(f"{table.name}.{column.name} is not unique: which of several rows is meant is not said")
    if any(word in column.type.upper() for word in ("CHAR", "TEXT", "STRING")) and column.foreign_key == "":
        # A database may find "a" for "A"; a dictionary does not.
        raise Unfit(f"{table.name}.{column.name} is text, which a database may compare otherwise than Python")


def names_in(node: cst.CSTNode) -> set[str]:
    """The names that an expression reads."""
    attributes = {a.attr for a in walk(node) if isinstance(a, cst.Attribute)}
    return {n.value for n in walk(node) if isinstance(n, cst.Name) and n not in attributes}
