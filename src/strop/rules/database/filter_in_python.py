"""Rows are loaded to be thrown away: filtered, or cut, in Python.

**What.** `[o for o in session.scalars(select(Order)).all() if o.status == "open"]`, or `.all()[:20]`: the database
sends every row, and most are dropped.

**Why it costs.** Time and memory in proportion to the table, for a handful of rows. `WHERE` and `LIMIT` let an index
find them.

**How it is found.** Rows of a statement, or of a function that returns a list of a model, whose only use is a
comprehension with a condition on a column of the row, or a slice from the beginning.

**How to fix it.** Put the condition into the statement (`where`), and the cut (`limit`).

**When it is no problem.** The rows are used whole besides; the test only asks whether
what is taken is there; the condition asks something a database can't
(a regular expression, another service); few rows by nature. The rows are loaded once and grouped:
the condition compares with what a loop around it goes over, and a filter in the statement would ask once a turn. A note where the
statement asks for the keys of a list that the function was given (`Order.id.in_(ids)`): no more rows come than keys; and where it asks for those of one
person, and Python drops only what has one name (`!=`): that is next to nothing.

**Sources.** SQLAlchemy, "Using SELECT Statements": https://docs.sqlalchemy.org/en/20/tutorial/data_select.html
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.project.spelling import last_name
from strop.project.walk import walk
from strop.regex import regex
from strop.rules.code import reaches, tables_of
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.loading import is_mapped, load_of, statement_of
from strop.rules.rule import Rule
from strop.rules.sample import shop
from strop.rules.seldom import is_seldom

RULE = Rule(
    "DB017", "filter-in-python", "database", "warning", "Rows are loaded and dropped in Python", static=True
)
WORDS = frozenset({"all", "scalars", "fetchall", "for", "list"})
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_LOOPS = (*_COMPREHENSIONS, ast.For, ast.AsyncFor, ast.While)
_PERSON = regex(r"(^|_)(user|owner|author|member)_(id|uuid)$|^created_by(_id)?$", re.IGNORECASE)
# columns of a few values: what has another than one of them may be nearly all, or next to nothing
_KINDS = regex(r"status|state|type|kind|role|level|phase|stage|category|priority|^(is|has)_", re.IGNORECASE)
_COMPARED = (ast.Eq, ast.NotEq, ast.In, ast.NotIn, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Is, ast.IsNot)


def notice(body: Body) -> Iterator[Mark]:
    """Comprehensions that drop rows by a column, and slices of all rows."""
    for inner in body.of(*_COMPREHENSIONS):
        generators: list[ast.comprehension] = inner.generators  # type: ignore[attr-defined]  # all have them
        if len(generators) == 1 and generators[0].ifs and not _is_guard(inner, generators[0]):
            yield from _dropped(body, generators[0])
    for cut in body.of(ast.Subscript):
        if isinstance(cut.slice, ast.Slice) and cut.slice.lower is None and cut.slice.upper is not None:
            yield from _sliced(body, cut)


def _dropped(body: Body, generator: ast.comprehension) -> Iterator[Mark]:
    entity, where, sure = _rows(body, generator.iter)
    if not entity or not isinstance(generator.target, ast.Name) or not _used_once(body, generator.iter):
        return
    row = generator.target.id
    columns = [c for test in generator.ifs if (c := _column(body, test, row, entity))]
    if columns and len(columns) == len(generator.ifs) and not _is_grouping(body, generator, where):
        differs = all(map(_is_other_than, generator.ifs))
        few = differs and not any(map(_KINDS.search, columns)) and _is_of_one(body, generator.iter)
        yield body.mark(
            RULE.code,
            where,
            entity=entity.rpartition(".")[2],
            by=", ".join(columns),
            sure=sure,
            little=few or _is_keyed(body, generator.iter),
            differs=differs,
        )


def _is_other_than(test: ast.expr) -> bool:
    """`row.name != "main"`: all pass but those with one value."""
    match test:
        case ast.Compare(left=left, ops=[ast.NotEq()], comparators=[right]):
            return any(isinstance(s, ast.Constant) and s.value is not None for s in (left, right))
    return False


def _is_of_one(body: Body, rows: ast.expr) -> bool:
    """Whether the statement asks for the rows of one person: `where(Key.user_id == user_id)`."""
    load = load_of(body, rows)
    for condition in load.statement.calls("where", "filter") if load is not None else ():
        for argument in condition.args:
            match argument:
                case ast.Compare(left=ast.Attribute(attr=name), ops=[ast.Eq()]) if _PERSON.search(name):
                    return True
    return False


def _is_grouping(body: Body, generator: ast.comprehension, where: ast.expr) -> bool:
    """Whether a condition compares with what a loop changes that the rows are not loaded in: each turn takes its own."""
    loaded_in = {id(each) for each in body.around(where)}
    used = {n.id for test in generator.ifs for n in walk(test) if isinstance(n, ast.Name)}
    own = body.parent(generator)
    return any(
        used & _changed(loop)
        for loop in body.around(generator)
        if loop is not own and isinstance(loop, _LOOPS) and id(loop) not in loaded_in
    )


def _changed(loop: ast.AST) -> set[str]:
    """The names that a loop or comprehension gives a value each turn."""
    parts: list[ast.AST] = (
        [g.target for g in loop.generators]
        if isinstance(loop, _COMPREHENSIONS)
        else [getattr(loop, "target", loop), *getattr(loop, "body", ())]
    )
    return {n.id for p in parts for n in walk(p) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def _is_keyed(body: Body, rows: ast.expr) -> bool:
    """Whether the statement asks for the keys of a list that the function was given: `where(Order.id.in_(ids))`."""
    load, node = load_of(body, rows), body.node
    if load is None or not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    given = {a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)}
    for condition in load.statement.calls("where", "filter"):
        for argument in condition.args:
            match argument:
                case ast.Call(func=ast.Attribute(attr="in_"), args=[keys]):
                    if given & _sources(body, keys, 4) and statement_of(body, keys) is None:
                        return True
    return False


def _sources(body: Body, keys: ast.expr, depth: int) -> set[str]:
    """The names that a list is made of, through the assignments of its function."""
    names = [n for n in walk(keys) if isinstance(n, ast.Name)]
    found = {n.id for n in names}
    for name in names if depth else ():
        value = body.value(name)
        if value is not name and isinstance(value, ast.Call | ast.Attribute | ast.ListComp):
            found |= _sources(body, value, depth - 1)
    return found


def _is_guard(made: ast.AST, generator: ast.comprehension) -> bool:
    """Whether the test only asks that what the element is made of is there: `{r.key: r for r in rows if r.key}`."""
    given = (
        (made.key, made.value)
        if isinstance(made, ast.DictComp)
        else (made.elt,)
        if isinstance(made, ast.ListComp | ast.SetComp | ast.GeneratorExp)
        else ()
    )
    used = {ast.dump(node) for each in given for node in ast.walk(each) if isinstance(node, ast.Attribute)}
    asked = [_presence(test) for test in generator.ifs]
    return all(each is not None and ast.dump(each) in used for each in asked)


def _presence(test: ast.expr) -> ast.expr | None:
    """What a test asks to be there: `row.key`, `row.key is not None`."""
    match test:
        case ast.Compare(left=left, ops=[ast.IsNot()], comparators=[ast.Constant(value=None)]):
            return left
        case ast.Attribute():
            return test
    return None


def _sliced(body: Body, cut: ast.Subscript) -> Iterator[Mark]:
    load = load_of(body, cut.value)
    if load is None or not load.many or load.statement.has("limit") or not _used_once(body, cut.value):
        return
    for entity in load.statement.entities[:1]:
        yield body.mark(RULE.code, cut, entity=entity.rpartition(".")[2], by="its place", sure=True)


def _rows(body: Body, expr: ast.expr) -> tuple[str, ast.expr, bool]:
    """The model whose rows an expression is, where they are loaded, and whether the statement is seen."""
    load = load_of(body, expr)
    if load is not None:
        whole = load.many and len(load.statement.entities) == 1 and not load.statement.columns
        limited = load.statement.has("limit", "slice", "offset")
        return (load.statement.entities[0] if whole and not limited else ""), load.executed, True
    value = body.value(expr) if isinstance(expr, ast.Name) else expr
    value = value.value if isinstance(value, ast.Await) else value
    if not isinstance(value, ast.Call):
        return "", expr, False
    func, given = body.ref(value.func), body.ref(value)
    listed = given is not None and given.kind == "instance" and len(given.args) == 1
    if func is None or func.kind != "function" or given is None or not listed:
        return "", expr, False
    entity = given.args[0].name
    return (entity if is_mapped(body, entity) else ""), value, False


def _used_once(body: Body, expr: ast.expr) -> bool:
    """Whether the rows are used nowhere else."""
    if not isinstance(expr, ast.Name):
        return True
    return sum(n.id == expr.id and isinstance(n.ctx, ast.Load) for n in body.of(ast.Name)) == 1


def _column(body: Body, test: ast.expr, row: str, entity: str) -> str:
    """The column of the row that a condition compares, where a database can do the same."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        test = test.operand
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], _COMPARED):
        sides = [test.left, test.comparators[0]]
        own = [s for s in sides if _is_of(s, row)]
        other = [s for s in sides if not _is_of(s, row)]
        mixed = any(isinstance(n, ast.Name) and n.id == row for o in other for n in ast.walk(o))
        return _plain_column(body, own[0], entity) if len(own) == 1 and not mixed else ""
    return _plain_column(body, test, entity) if _is_of(test, row) else ""


def _is_of(expr: ast.expr, row: str) -> bool:
    return isinstance(expr, ast.Attribute) and isinstance(expr.value, ast.Name) and expr.value.id == row


def _plain_column(body: Body, expr: ast.expr, entity: str) -> str:
    """The attribute, if it is a column: no property, no method, no relationship."""
    assert isinstance(expr, ast.Attribute)
    for owner, _ in body.types.members.lineage(entity).classes:
        for binding in owner.scope.names.get(expr.attr, ()):
            value = binding.default or binding.expr
            made = value.func if isinstance(value, ast.Call) else None
            last = last_name(made)
            is_column = binding.how in ("value", "annotation") and "elationship" not in last
            return expr.attr if is_column else ""
    return ""


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each place, in code that a route reaches."""
    for mark in project.source.marks.get(RULE.code, ()):
        ways = reaches(project, mark.function, ("loop", "thread", "serialization"))
        if not ways:
            continue
        entity, by = mark.fact("entity"), mark.fact("by")
        yield draft(
            RULE,
            mark.span,
            {w.route for w in ways},
            message=f"rows of {entity} are loaded and dropped in Python by {by}",
            impact="every row is fetched and made an object, for those that pass",
            solution="cut in the statement: limit(...)"
            if by == "its place"
            else f"filter in the statement: where({_condition(project, mark)})",
            known="static",
            confidence=0.8 if mark.fact("sure") else 0.55,
            severity="warning"
            if mark.fact("sure") and not mark.fact("little") and not is_seldom(project, ways)
            else "note",
            chain=ways[0].chain,
        )


def _condition(project: Project, mark: Mark) -> str:
    """The condition to write: one that keeps rows without a value, where those pass in Python too."""
    entity, by = mark.fact("entity"), mark.fact("by").partition(",")[0]
    columns = [c for t in tables_of(project, entity) for c in t.columns if by in (c.attribute, c.name)]
    filled = bool(columns) and not any(c.nullable for c in columns)
    return (
        f"{entity}.{by} ..." if filled or not mark.fact("differs") else f"{entity}.{by}.is_distinct_from(...)"
    )


EXAMPLES = (
    Example(
        "open orders of all",
        shop("""
@app.get("/open")
def list_open(session: Session = Depends(get_session)):
    orders = session.scalars(select(Order).order_by(Order.id)).all()
    return [order.number for order in orders if order.status == "open"]
"""),
        bad=True,
    ),
    Example(
        "the statement says which",
        shop("""
@app.get("/open")
def list_open(session: Session = Depends(get_session)):
    orders = session.scalars(select(Order).where(Order.status == "open").order_by(Order.id)).all()
    return [order.number for order in orders]
"""),
        bad=False,
        mends="open orders of all",
    ),
    Example(
        "all are used, and some besides; a condition that only Python can ask",
        shop("""
@app.get("/all")
def list_all(session: Session = Depends(get_session)):
    orders = session.scalars(select(Order).limit(100)).all()
    open_ones = [order.number for order in orders if order.status == "open"]
    customers = session.scalars(select(Customer)).all()
    return [len(orders), open_ones, [c.id for c in customers if c.name.casefold().endswith("e")]]
"""),
        bad=False,
    ),
    Example(
        "a test that only asks whether the key is there",
        shop("""
@app.get("/numbers")
def map_numbers(session: Session = Depends(get_session)):
    rows = session.scalars(select(Order).where(Order.customer_id == 7)).all()
    return {row.number: row.status for row in rows if row.number is not None}
"""),
        bad=False,
    ),
    Example(
        "grouped by what the loop goes over",
        shop("""
@app.get("/customers/orders")
def group_orders(session: Session = Depends(get_session)):
    customers = session.scalars(select(Customer)).all()
    orders = session.scalars(select(Order).where(Order.status == "open")).all()
    groups = {}
    for customer in customers:
        groups[customer.name] = [order.number for order in orders if order.customer_id == customer.id]
    return groups
"""),
        bad=False,
    ),
    Example(
        "of the keys that the request lists: a note",
        shop("""
@app.post("/orders/known")
def known_orders(ids: list[int], session: Session = Depends(get_session)):
    asked = list(dict.fromkeys(ids))
    orders = session.scalars(select(Order).where(Order.id.in_(asked))).all()
    return {order.id: order.number for order in orders if order.status in ("open", "paid")}
"""),
        bad=True,
    ),
    Example(
        "one person's, but for one name: a note",
        shop("""
class Shelf(Base):
    __tablename__ = "shelves"
    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int]
    name: Mapped[str | None]


@app.get("/shelves/{owner_id}")
def list_shelves(owner_id: int, session: Session = Depends(get_session)):
    shelves = session.scalars(select(Shelf).where(Shelf.owner_id == owner_id)).all()
    return [shelf.id for shelf in shelves if shelf.name != "attic"]
"""),
        bad=True,
    ),
)
