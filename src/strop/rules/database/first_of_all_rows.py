"""All rows are fetched for the first of them.

**What.** `(await session.execute(select(Version).order_by(...))).scalars().first()`: `first()` of a result doesn't
change the statement, so the database sends every row that matches and the driver keeps them, for one.

**Why it costs.** Time and memory in proportion to the rows that match: every version of a document, every log line.

**How it is found.** `first()` on the result of a statement that is sorted and has no `limit`. Sorting says that there
can be several. `query(...).first()` of the older interface limits by itself and is left alone.

**How to fix it.** `.limit(1)` in the statement.

**When it is no problem.** A condition that at most one row meets (then the sort is not needed either): a unique key among the
columns compared is a note. So is a flag that marks the one row in force (`valid=True`, `is_current`): what was replaced
has lost it. So is a sort that doesn't ask for the newest: versions, runs and log lines are sorted by a time or a
number with the greatest first, and those are what there is more and more of.

**Sources.** SQLAlchemy, "Result.first": https://docs.sqlalchemy.org/en/20/core/connections.html#sqlalchemy.engine.Result.first
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
from strop.regex import regex
from strop.rules.code import reaches
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.loading import Statement, load_of
from strop.rules.rule import Rule
from strop.rules.sample import shop

RULE = Rule(
    "DB025", "first-of-all-rows", "database", "warning", "All rows are fetched for the first", static=True
)
WORDS = frozenset({"first"})
_GROWS = regex(
    r"creat|updat|modif|time|date|_at$|start|finish|end(ed)?$|version|revision|number|seq|order|position|^id$|_id$",
    re.IGNORECASE,
)  # a column by whose values rows follow one another
_IN_FORCE = regex(r"(^|_)(valid|active|current|latest|default|primary|in_force|live)$")
_UNIQUE = (
    "uri",
    "url",
    "hash",
    "token",
    "slug",
    "uuid",
    "digest",
    "checksum",
    "email",
)  # last word of a column's name


def notice(body: Body) -> Iterator[Mark]:
    """First rows of sorted statements without a limit."""
    for call in body.calls("first"):
        load = load_of(body, call)
        if load is None or load.fetch != "first" or load.statement.legacy:
            continue
        if load.statement.has("order_by") and not load.statement.has("limit", "fetch", "slice", "distinct"):
            if _names_one(load.statement):
                continue
            names = [e.rpartition(".")[2] for e in load.statement.entities]
            yield body.mark(
                RULE.code,
                load.executed,
                entity=names[0] if names else "rows",
                by=",".join(sorted(_compared(load.statement))),
                newest=bool(names) and _takes_newest(load.statement) and not _is_in_force(load.statement),
            )


def _compared(statement: Statement) -> set[str]:
    """The names of the columns that it compares."""
    named = {k.arg for call in statement.calls("filter_by") for k in call.keywords if k.arg}
    return named | {
        last_name(node)
        for call in statement.calls("where", "filter")
        for test in ast.walk(ast.Tuple(call.args, ast.Load()))
        if isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.Eq)
        for node in ast.walk(test.left)
        if isinstance(node, ast.Attribute)
    }


def _is_in_force(statement: Statement) -> bool:
    """Whether it asks for rows by a flag that the next row takes over."""
    for call in statement.calls("where", "filter", "filter_by"):
        given = {k.arg: k.value for k in call.keywords}
        if any(_IN_FORCE.search(name or "") and _is_true(value) for name, value in given.items()):
            return True
        for node in (each for argument in call.args for each in ast.walk(argument)):
            match node:
                case ast.Compare(left=left, ops=[ast.Eq() | ast.Is()], comparators=[value]) if _is_true(
                    value
                ):
                    flag = last_name(left)
                case ast.Call(func=ast.Attribute(value=left, attr="is_"), args=[value]) if _is_true(value):
                    flag = last_name(left)
                case _:
                    continue
            if _IN_FORCE.search(flag):
                return True
    return False


def _is_true(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is True


def _takes_newest(statement: Statement) -> bool:
    """Whether it sorts by a time or a number first, the greatest at the top: rows are kept from earlier ones on."""
    for call in statement.calls("order_by"):
        for first in call.args[:1]:
            return any(
                isinstance(node, ast.Attribute) and _GROWS.search(node.attr) for node in ast.walk(first)
            ) and any(last_name(node) == "desc" for node in ast.walk(first))
    return False


def _is_unique(project: Project, mark: Mark) -> bool:
    """Whether the columns that it compares hold a key: then one row matches, whatever it is sorted by."""
    compared = set(mark.fact("by").split(","))
    for table in project.imported.tables:
        if table.model.rpartition(":")[2].rpartition(".")[2] == mark.fact("entity"):
            keys = [set(i.columns) for i in table.indexes if i.unique]
            keys += [{c.name} for c in table.columns if c.unique]
            return any(key <= compared for key in keys)
    return False


def _names_one(statement: Statement) -> bool:
    """Whether it compares a column that names one thing by its nature: few rows match, if not one."""
    return any(
        isinstance(node, ast.Compare)
        and isinstance(node.ops[0], ast.Eq)
        and last_name(node.left).rpartition("_")[2] in _UNIQUE
        for call in statement.calls("where", "filter")
        for node in ast.walk(ast.Tuple(call.args, ast.Load()))
    )


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each statement that a route reaches."""
    for mark in project.source.marks.get(RULE.code, ()):
        ways = reaches(project, mark.function, ("loop", "thread", "background"))
        if ways:
            yield draft(
                RULE,
                mark.span,
                {w.route for w in ways},
                message=f"all rows of {mark.fact('entity')} that match are fetched for the first",
                impact="as many rows cross the wire as match; first() keeps one",
                solution="add .limit(1) to the statement",
                known="static",
                severity=None if mark.fact("newest") and not _is_unique(project, mark) else "note",
                confidence=0.8,
                chain=ways[0].chain,
            )


EXAMPLES = (
    Example(
        "the latest order",
        shop("""
@app.get("/latest", response_model=OrderRow)
async def read_latest(customer_id: int, session: AsyncSession = Depends(get_async_session)):
    asked = select(Order).where(Order.customer_id == customer_id).order_by(Order.id.desc())
    result = await session.execute(asked)
    return result.scalars().first()
"""),
        bad=True,
    ),
    Example(
        "one row is asked for",
        shop("""
@app.get("/latest", response_model=OrderRow)
async def read_latest(customer_id: int, session: AsyncSession = Depends(get_async_session)):
    asked = select(Order).where(Order.customer_id == customer_id).order_by(Order.id.desc()).limit(1)
    result = await session.execute(asked)
    return result.scalars().first()
"""),
        bad=False,
        mends="the latest order",
    ),
    Example(
        "sorted by what doesn't grow: a note",
        shop("""
@app.get("/by-name", response_model=OrderRow)
async def read_by_name(customer_id: int, session: AsyncSession = Depends(get_async_session)):
    result = await session.execute(select(Order).where(Order.customer_id == customer_id).order_by(Order.status))
    return result.scalars().first()
"""),
        bad=True,
    ),
    Example(
        "the row in force: a note",
        shop("""
class Price(Base):
    __tablename__ = "prices"
    id: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int]
    valid: Mapped[bool]


@app.get("/price")
async def read_price(product_id: int, session: AsyncSession = Depends(get_async_session)):
    asked = select(Price).filter_by(product_id=product_id).filter_by(valid=True).order_by(Price.id.desc())
    found = (await session.scalars(asked)).first()
    return {"id": found.id if found else None}
"""),
        bad=True,
    ),
    Example(
        "the older interface, and a key that one row has",
        shop("""
@app.get("/latest", response_model=OrderRow)
def read_latest(number: str, session: Session = Depends(get_session)):
    found = session.scalars(select(Order).where(Order.number == number)).first()
    return found or session.query(Order).order_by(Order.id.desc()).first()
"""),
        bad=False,
    ),
)
