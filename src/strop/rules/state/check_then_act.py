"""Two requests at the same time both pass a check that only one may pass.

**What.** The code looks whether a row exists, refuses if so, and else writes it; neither a unique constraint nor a lock
keeps another request from doing the same in between.

**Why it costs.** A double click, a retry or two workers give two rows where everything else expects one: "multiple rows
were found" from then on, two subscriptions, a coupon that is redeemed twice.

**How it is found.** In what a route reaches: a `select` that compares columns of a model, a branch that raises when
something was found, and after it the model's constructor or an `update` of it, in the same function or in the one that
called the check. No unique constraint of the model lies within the compared columns, no `with_for_update` and no lock
is in sight.

**How to fix it.** A unique constraint, and the `IntegrityError` answered as a conflict; or a lock for what the check is
about (`select ... with_for_update()` on the parent row, an advisory lock).

**When it is no problem.** Rows whose duplicates harm nobody; serializable transactions. A note where the lookup takes the first of several rows (`.first()`): with
`.one_or_none()` a second row makes it fail from then on; and where the check is made for one value alone
(`if kind == "summary"`): a constraint on all rows would keep the others out too, a partial unique index does not.

**Sources.** SQLAlchemy, "with_for_update": https://docs.sqlalchemy.org/en/20/core/selectable.html#sqlalchemy.sql.expression.GenerativeSelect.with_for_update ;
PostgreSQL, "Transaction Isolation": https://www.postgresql.org/docs/current/transaction-iso.html
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.function import Call, Reach
from strop.project.mark import Mark
from strop.project.project import Project
from strop.project.spelling import last_name
from strop.project.table import Table
from strop.rules.code import reaches
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import shop
from strop.rules.wording import listed
from strop.span import Step

RULE = Rule(
    "STA007", "check-then-act", "state", "warning", "Both of two requests pass the check", static=True
)

_LOCKS = (
    "with_for_update",
    "IntegrityError",
    "on_conflict_do_nothing",
    "on_conflict_do_update",
    "advisory",
    "pg_advisory_xact_lock",
    "lock",
)


def notice(body: Body) -> Iterator[Mark]:
    """Checks that raise when a row is found, and constructors and updates of models."""
    locked = any(word in body.words for word in _LOCKS)
    breaks = _breaks(body)
    for guard in body.of(ast.If):
        if any(isinstance(s, ast.Raise) for s in guard.body) and not locked:
            source = _looked_up(body, guard.test)
            if source is None:
                continue
            model, columns = _compared(body, source)
            if model:
                only = _only(body, guard, columns)
                told = ",".join(columns)
                yield body.mark(RULE.code, guard, checks=model, columns=told, breaks=breaks, only=only)
            elif isinstance(source, ast.Call):
                yield body.mark(RULE.code, guard, asks=_function(body, source))
    for call in body.of(ast.Call):
        ref = body.ref(call.func)
        if ref is not None and ref.kind == "class" and ref.name in body.types.found.classes:
            yield body.mark(RULE.code, call, writes=ref.name)
        elif body.name(call.func) in ("sqlalchemy.update", "sqlalchemy.insert") and call.args:
            yield body.mark(RULE.code, call, writes=body.name(call.args[0]))
    yield from _lookups(body)


def _only(body: Body, guard: ast.If, columns: tuple[str, ...]) -> str:
    """The condition around a check that asks one of its columns for one value: `kind == "summary"`; "" without."""
    for node in body.around(guard):
        for test in ast.walk(node.test) if isinstance(node, ast.If) else ():
            match test:
                case ast.Compare(left=left, ops=[ast.Eq() | ast.Is() | ast.In()], comparators=[value]) if (
                    last_name(left) in columns and _is_constant(body, value)
                ):
                    return f"{last_name(left)} {'in' if isinstance(test.ops[0], ast.In) else '='} {ast.unparse(value)}"
    return ""


def _is_constant(body: Body, expr: ast.expr) -> bool:
    """A literal, several of them, or a member of an enumeration."""
    if isinstance(expr, ast.Tuple | ast.List | ast.Set):
        return all(_is_constant(body, each) for each in expr.elts)
    if isinstance(expr, ast.Attribute):
        ref = body.ref(expr.value)
        return ref is not None and ref.kind == "class"
    return isinstance(body.value(expr), ast.Constant)


def _breaks(body: Body) -> bool:
    """Whether a second row makes the lookup itself fail, from then on."""
    return next(body.calls("one", "one_or_none", "scalar_one", "scalar_one_or_none"), None) is not None


def _lookups(body: Body) -> Iterator[Mark]:
    """A function that gives what it found by comparing columns."""
    if body.function is None or "with_for_update" in body.words:
        return
    for result in body.function.results:
        source = _origin(body, result)
        model, columns = _compared(body, source) if source is not None else ("", ())
        if model:
            yield body.mark(RULE.code, result, gives=model, columns=",".join(columns), breaks=_breaks(body))
            return


def _looked_up(body: Body, test: ast.expr) -> ast.expr | None:
    """What a test for "something was found" looks at."""
    match test:
        case ast.Compare(left=left, ops=[ast.IsNot()], comparators=[ast.Constant(value=None)]):
            return _origin(body, left)
        case ast.Compare(left=left, ops=[ast.Gt()], comparators=[ast.Constant(value=0)]):
            return _origin(body, left)
        case ast.Name() | ast.Call() | ast.Await() | ast.NamedExpr():
            return _origin(body, test)
    return None


def _origin(body: Body, expr: ast.expr) -> ast.expr | None:
    """The call that a value comes from, through names, `await` and `.first()`."""
    for _ in range(6):
        match expr:
            case ast.Await(value=inner) | ast.NamedExpr(value=inner):
                expr = inner
            case ast.Call(func=ast.Attribute(value=inner, attr=attr), args=[]) if attr in _UNWRAPS:
                expr = inner
            case ast.Call(func=ast.Name(id="len" | "bool"), args=[inner]):
                expr = inner
            case ast.Name():
                found = [b for b in body.bindings(expr) if b.how == "value" and b.expr is not None]
                if len(found) != 1 or found[0].expr is None:
                    return None
                expr = found[0].expr
            case _:
                return expr
    return expr


_UNWRAPS = frozenset(
    {
        "first",
        "one_or_none",
        "scalar_one_or_none",
        "scalars",
        "scalar",
        "all",
        "unique",
        "one",
        "scalar_one",
        "count",
        "exists",
    }
)


def _compared(body: Body, expr: ast.expr) -> tuple[str, tuple[str, ...]]:
    """The model that a statement selects and the columns that it compares for equality."""
    statement = _statement(body, expr)
    if statement is None:
        return "", ()
    model, columns = "", []
    for node in ast.walk(statement):
        if isinstance(node, ast.Call) and not model:
            last = last_name(node.func)
            if last in ("select", "query", "exists") and node.args:
                given = node.args[0]
                owner = given.value if isinstance(given, ast.Attribute) else given
                name = body.name(owner)
                model = name if name in body.types.found.classes else ""
        if (
            isinstance(node, ast.Compare)
            and isinstance(node.ops[0], ast.Eq)
            and isinstance(node.left, ast.Attribute)
        ):
            columns.append(node.left.attr)
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "filter_by"
        ):
            columns.extend(k.arg for k in node.keywords if k.arg)
    return (model, tuple(dict.fromkeys(columns))) if columns else ("", ())


def _statement(body: Body, expr: ast.expr) -> ast.expr | None:
    """The statement that a call executes, where it is written here."""
    if (
        isinstance(expr, ast.Call)
        and isinstance(expr.func, ast.Attribute)
        and expr.func.attr in ("execute", "exec", "scalar", "scalars")
    ):
        return body.value(expr.args[0]) if expr.args else None
    text = ast.unparse(expr)
    return expr if ".query(" in text or text.startswith("select(") else None


def _function(body: Body, call: ast.Call) -> str:
    """The id of the project's function that is called."""
    ref = body.ref(call.func)
    node = body.types.found.functions.get(ref.name) if ref is not None and ref.kind == "function" else None
    return node.id if node is not None else ""


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each function that acts."""
    marks = project.source.marks.get(RULE.code, ())
    gives = {m.function: m for m in marks if m.fact("gives")}
    writes: dict[str, list[Mark]] = defaultdict(list)
    for mark in marks:
        if mark.fact("writes"):
            writes[mark.function].append(mark)
    tables = {t.model.replace(":", "."): t for t in project.imported.tables if t.model}
    told: set[str] = set()
    for mark in marks:
        lookup = mark if mark.fact("checks") else gives.get(mark.fact("asks")) if mark.fact("asks") else None
        if lookup is None or mark.function in told:
            continue
        model = lookup.fact("checks") or lookup.fact("gives")
        table = tables.get(model)
        columns = lookup.fact("columns").split(",")
        if table is None or _is_unique(table, columns):
            continue
        act = next(
            (w for w in writes[mark.function] if w.fact("writes") == model and w.span.line > mark.span.line),
            None,
        )
        ways = reaches(project, mark.function, ("loop", "thread", "background"))
        if act is not None and ways and not _is_locked(project, mark.function, ways):
            told.add(mark.function)
            breaks = bool(lookup.fact("breaks"))
            yield _finding(mark, act, table, columns, ways, breaks=breaks)


def _is_unique(table: Table, columns: list[str]) -> bool:
    """Whether a constraint of the table already keeps a second row out."""
    asked = set(columns)
    single = {c.attribute or c.name for c in table.columns if c.unique or c.primary} | {
        c.name for c in table.columns if c.unique or c.primary
    }
    several = [set(i.columns) for i in table.indexes if i.unique]
    primary = {c.name for c in table.columns if c.primary}
    return bool(asked & single) or any(s <= asked for s in several) or bool(primary and primary <= asked)


def _is_locked(project: Project, function: str, ways: list[Reach]) -> bool:
    def locks(call: Call) -> bool:
        return any(word in f"{call.name} {call.text}".lower() for word in ("lock", "for_update"))

    around = [project.source.functions.get(f"{s.span.file}:{s.span.symbol}") for s in ways[0].chain]
    here = project.source.functions.get(function)
    return any(f is not None and any(locks(c) for c in f.calls) for f in (*around, here))


def _finding(
    mark: Mark, act: Mark, table: Table, columns: list[str], ways: list[Reach], *, breaks: bool
) -> Finding:
    name = table.model.rpartition(":")[2]
    only = mark.fact("only")
    mend = f"a unique constraint on {', '.join(columns)}"
    if only:
        mend = f"a partial unique index on {', '.join(columns)}, where {only} (other rows may repeat)"
    return draft(
        RULE,
        mark.span,
        {w.route for w in ways},
        message=f"two requests can both find no {name} with this {listed(columns)} and both write one: no unique constraint of {table.name} is on {'it' if len(columns) == 1 else 'them'}",
        impact="a double click or a retry leaves two rows where the code expects one"
        + (": from then on the lookup itself fails" if breaks else ""),
        solution=f"{mend}, and IntegrityError answered as a conflict; or a lock",
        known="static",
        confidence=0.7,
        chain=(*ways[0].chain, Step("the check", mark.span), Step("the write", act.span)),
        facts={"table": table.name, "columns": ",".join(columns)},
        severity=None if breaks and not only else "note",
    )


EXAMPLES = (
    Example(
        "a second row makes the lookup fail",
        shop("""
from fastapi import HTTPException


@app.post("/customers")
def create(name: str, session: Session = Depends(get_session)):
    existing = session.scalars(select(Customer).where(Customer.name == name)).one_or_none()
    if existing:
        raise HTTPException(409, "there is one")
    session.add(Customer(name=name))
    session.commit()
    return name
"""),
        bad=True,
    ),
    Example(
        "a customer with this name, the first of several: a note",
        shop("""
from fastapi import HTTPException


@app.post("/customers")
def create(name: str, session: Session = Depends(get_session)):
    existing = session.scalar(select(Customer).where(Customer.name == name))
    if existing:
        raise HTTPException(409, "there is one")
    session.add(Customer(name=name))
    session.commit()
    return name
"""),
        bad=True,
    ),
    Example(
        "one summary for each order, of many documents: a note",
        shop("""
from fastapi import HTTPException


class Paper(Base):
    __tablename__ = "papers"
    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    kind: Mapped[str]


@app.post("/orders/{order_id}/papers")
def create(order_id: int, kind: str, session: Session = Depends(get_session)):
    if kind == "summary":
        asked = select(Paper).where(Paper.kind == "summary", Paper.order_id == order_id)
        existing = session.scalars(asked).one_or_none()
        if existing:
            raise HTTPException(409, "there is one")
    session.add(Paper(order_id=order_id, kind=kind))
    session.commit()
    return kind
"""),
        bad=True,
    ),
    Example(
        "found by a helper: a note",
        shop("""
from fastapi import HTTPException


def find(session: Session, name: str):
    return session.scalars(select(Customer).where(Customer.name == name)).first()


@app.post("/customers")
def create(name: str, session: Session = Depends(get_session)):
    if find(session, name) is not None:
        raise HTTPException(409, "there is one")
    session.add(Customer(name=name))
    session.commit()
    return name
"""),
        bad=True,
    ),
    Example(
        "the database keeps the second one out",
        {
            name: text.replace("name: Mapped[str]\n", "name: Mapped[str] = mapped_column(unique=True)\n")
            for name, text in shop("""
from fastapi import HTTPException


@app.post("/customers")
def create(name: str, session: Session = Depends(get_session)):
    existing = session.scalar(select(Customer).where(Customer.name == name))
    if existing:
        raise HTTPException(409, "there is one")
    session.add(Customer(name=name))
    session.commit()
    return name
""").items()
        },
        bad=False,
        mends="a customer with this name, the first of several: a note",
    ),
    Example(
        "a check that something is there",
        shop("""
from fastapi import HTTPException


@app.post("/orders")
def create(customer: str, session: Session = Depends(get_session)):
    found = session.scalar(select(Customer).where(Customer.name == customer))
    if found is None:
        raise HTTPException(404, "nobody")
    session.add(Order(number="SO-1", status="open", customer_id=found.id))
    session.commit()
    return customer
"""),
        bad=False,
    ),
)
