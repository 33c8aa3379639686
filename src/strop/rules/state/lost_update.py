"""A number of a row is read, changed in Python and written back.

**What.** `product.stock -= quantity` on a mapped object.

**Why it costs.** Two requests at the same time read the same number, both write their own result, and one change is
lost: stock that was sold twice, a balance that is wrong, with nothing in the log.

**How it is found.** An augmented assignment to a number column of a mapped object, in what a route reaches, in a
function that doesn't lock the row (`with_for_update`) and whose callers on that way don't either.

**How to fix it.** Let the database compute: `product.stock = Product.stock - quantity`, or
`update(Product).values(stock=Product.stock - quantity)` with the condition in the `where`; or lock the row.

**When it is no problem.** An object that was just made and that nobody else can see; a row version
(`version_id_col`) that turns the second write into an error; serializable transactions. A count of views or uses that nothing is compared with
is a note: of stock, credits and limits one lost change matters.

**Sources.** SQLAlchemy, "Using SQL expressions in INSERT/UPDATE":
https://docs.sqlalchemy.org/en/20/orm/persistence_techniques.html#embedding-sql-insert-update-expressions-into-a-flush
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.function import Call, Class, Reach
from strop.project.mark import Mark
from strop.project.project import Project
from strop.regex import regex
from strop.rules.code import function_at, reaches
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import shop
from strop.rules.way import way_down
from strop.rules.wording import listed
from strop.span import Step

RULE = Rule(
    "STA008", "lost-update", "state", "warning", "Two requests can overwrite each other's number", static=True
)
KINDS = ("function",)

_SEQUENCE = regex(r"version|revision")  # a number that is compared, not counted
# of a number that somebody counts on, one lost change matters; a count of uses is a little too small
_SPENT = regex(
    r"balance|credit|stock|quantit|remain|quota|amount|seat|point|budget|inventor|available|paid|money|total_(price|cost)|"
    r"wallet|reserved|limit|attempt|usage|redeem|used",
    re.IGNORECASE,
)
_NUMBER = regex(r"\b(int|float|Decimal|Integer|BigInteger|SmallInteger|Numeric|Float)\b")


def notice(body: Body) -> Iterator[Mark]:
    """`row.number += ...` where the row is of a class of the project."""
    if "with_for_update" in body.words:
        return
    for node in body.of(ast.AugAssign):
        target = node.target
        if not isinstance(target, ast.Attribute) or not isinstance(node.op, (ast.Add, ast.Sub)):
            continue
        owner = body.instance(target.value)
        if owner in body.types.found.classes and not _made_here(body, target.value):
            yield body.mark(
                RULE.code,
                node,
                owner=owner,
                column=target.attr,
                text=body.brief(node, 70),
                weighs=_weighs(body, node, target.attr),
            )


def _weighs(body: Body, node: ast.AugAssign, column: str) -> bool:
    """Whether somebody counts on the number: it is spent, named for what is spent, or compared in this function."""
    compared = any(
        isinstance(n, ast.Attribute) and n.attr == column for c in body.of(ast.Compare) for n in ast.walk(c)
    )
    return isinstance(node.op, ast.Sub) or bool(_SPENT.search(column)) or compared


def _made_here(body: Body, expr: ast.expr) -> bool:
    """An object that this function has just constructed, or the object itself."""
    if not isinstance(expr, ast.Name):
        return False
    for binding in body.bindings(expr):
        if binding.how == "self":
            return True
        if isinstance(binding.expr, ast.Call) and binding.how == "value":
            ref = body.types.infer(binding.expr.func, binding.scope)
            if ref is not None and ref.kind == "class" and ref.name in body.types.found.classes:
                return True
    return False


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each function with such statements."""
    if not project.source.marks.get(RULE.code):
        return
    classes = {c.name: c for c in project.source.classes.values()}
    functions: dict[str, list[Mark]] = defaultdict(list)
    for mark in project.source.marks.get(RULE.code, ()):
        owner = classes.get(mark.fact("owner"))
        if owner is not None and _is_number(project, owner, mark.fact("column")):
            functions[mark.function].append(mark)
    every = project.source.functions.values() if functions else ()
    locking = {f.id for f in every if any(_is_lock(c) for c in f.calls)}
    for function, marks in functions.items():
        ways = reaches(project, function, ("loop", "thread", "background"))
        ways = [w for w in ways if not _locks(project, w.chain, locking)]
        if ways and way_down(project, function, locking) is None:
            yield _finding(marks, ways)


def _finding(marks: list[Mark], ways: list[Reach]) -> Finding:
    first = marks[0]
    columns = list(dict.fromkeys(f"{m.fact('owner').rpartition('.')[2]}.{m.fact('column')}" for m in marks))
    return draft(
        RULE,
        first.span,
        {w.route for w in ways},
        message=f"{listed(columns)} {'is' if len(columns) == 1 else 'are'} read, changed in Python and written back: {first.fact('text')}",
        impact="of two requests at the same time one change is lost, without an error",
        solution=f"let the database compute it from the column: {columns[0]} + ... as the value; or lock the row with with_for_update()",
        known="static",
        confidence=0.75,
        chain=(*ways[0].chain, Step(first.fact("text"), first.span)),
        facts={"columns": ", ".join(columns)},
        severity=None if any(m.fact("weighs") for m in marks) else "note",
    )


def _is_lock(call: Call) -> bool:
    """`FOR UPDATE`, an advisory lock, or an upsert, which locks the row that it meets."""
    return any(
        word in f"{call.text} {call.name}"
        for word in ("with_for_update", "advisory", "on_conflict_do_update")
    )


def _is_number(project: Project, owner: Class, column: str) -> bool:
    """Whether a mapped class has this column and it holds a number."""
    lineage = [owner, *(project.source.classes[b] for b in owner.bases if b in project.source.classes)]
    table = any(m.name == "__tablename__" for c in lineage for m in c.members) or any(
        k == "table" for k, _ in owner.keywords
    )
    member = next((m for c in lineage for m in c.members if m.name == column), None)
    versioned = any(
        m.name == "__mapper_args__" and "version_id_col" in m.value for c in lineage for m in c.members
    )
    return (
        table
        and not versioned
        and _SEQUENCE.search(column) is None
        and member is not None
        and _NUMBER.search(f"{member.annotation} {member.value}") is not None
    )


def _locks(project: Project, chain: tuple[Step, ...], locking: set[str]) -> bool:
    """Whether a function on the way takes a lock for the row, itself or through what it calls."""
    for step in chain[1:]:
        caller = function_at(project, step.span)
        if caller is not None and any(c.target in locking or "lock" in c.name.lower() for c in caller.calls):
            return True
        if caller is not None and caller.id in locking:
            return True
    return False


EXAMPLES = (
    Example(
        "a quantity that is sold",
        shop("""
@app.post("/items/{item_id}/sell")
def sell(item_id: int, session: Session = Depends(get_session)):
    item = session.get(Item, item_id)
    item.quantity -= 1
    session.commit()
    return item.quantity
"""),
        bad=True,
    ),
    Example(
        "the database computes",
        shop("""
@app.post("/items/{item_id}/sell")
def sell(item_id: int, session: Session = Depends(get_session)):
    item = session.get(Item, item_id)
    item.quantity = Item.quantity - 1
    session.commit()
    return item.quantity
"""),
        bad=False,
        mends="a quantity that is sold",
    ),
    Example(
        "the row is locked, or new",
        shop("""
@app.post("/items/{item_id}/sell")
def sell(item_id: int, session: Session = Depends(get_session)):
    item = session.get(Item, item_id, with_for_update=True)
    item.quantity -= 1
    session.commit()
    return item.quantity


@app.post("/items")
def create(session: Session = Depends(get_session)):
    item = Item(order_id=1, quantity=1)
    item.quantity += 1
    session.add(item)
    session.commit()
    return item.quantity
"""),
        bad=False,
    ),
)
