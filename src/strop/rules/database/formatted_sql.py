"""A statement that is put together from text and values.

**What.** `session.execute(text(f"SELECT * FROM orders WHERE number = '{number}'"))`.

**Why it costs.** A value with a quote in it changes the statement: whoever sends it reads or deletes what they like.
And each value makes another statement, which the database parses and plans anew.

**How it is found.** Formatted text (f-string, `%`, `.format`, `+`) in `text(...)` or where a driver executes it, with a
parameter of the function in it that is text or of no known type, in code that a route reaches. Names of tables,
columns and schemas can't be bound: they are left out by what the parameter is called, as are numbers and enumerations.

**How to fix it.** Bind it: `text("... WHERE number = :number")` with `{"number": number}`.

**When it is no problem.** The value is a constant of the source, or was checked against a list of allowed words.

**Sources.** SQLAlchemy, "Sending Parameters": https://docs.sqlalchemy.org/en/20/tutorial/dbapi_transactions.html ;
OWASP, "SQL Injection Prevention": https://cheatsheetseries.owasp.org/cheatsheets/SQL_Injection_Prevention_Cheat_Sheet.html
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
from strop.regex import regex
from strop.rules.code import reaches
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import shop
from strop.rules.sessions import is_session, served_by

RULE = Rule(
    "DB021",
    "formatted-sql",
    "database",
    "error",
    "A statement put together from text and values",
    static=True,
)
WORDS = frozenset(
    {"text", "execute", "fetch", "fetchrow", "fetchval", "executemany", "fetch_all", "fetch_one"}
)
_SAFE = ("int", "float", "bool", "uuid.UUID", "datetime.datetime", "datetime.date", "decimal.Decimal")
_NAMES = (
    "table", "column", "schema", "tenant", "view", "index", "field", "database", "dialect", "order",
    "sort", "direction", "role", "constraint", "sequence", "partition", "language", "clause", "sql", "query", "where",
)  # fmt: skip
_VALUE = regex(r"(?:[=<>(,'\"%]|\b(?:i?like|in|limit|offset|between|values|is|set))\s*$", re.I)


def notice(body: Body) -> Iterator[Mark]:
    """Formatted statements with a parameter of the function in them."""
    told: set[int] = set()
    for call in body.calls(*WORDS):
        if not call.args or not _executes(body, call):
            continue
        value = body.value(call.args[0]) if isinstance(call.args[0], ast.Name) else call.args[0]
        given = _parameter(body, value)
        if given and value.lineno not in told and _is_statement(value):
            told.add(value.lineno)
            yield body.mark(RULE.code, call, parameter=given, piece=str(_is_piece(value, given)))


def _executes(body: Body, call: ast.Call) -> bool:
    name = body.name(call.func)
    if name in ("sqlalchemy.text", "sqlalchemy.sql.text", "sqlalchemy.sql.expression.text"):
        return True
    return isinstance(call.func, ast.Attribute) and (
        is_session(body, call.func.value)
        or name.partition(".")[0]
        in ("sqlite3", "psycopg", "psycopg2", "asyncpg", "aiosqlite", "databases", "pymysql")
    )


def _is_statement(value: ast.expr) -> bool:
    """Whether the text begins like a statement or has the words of one."""
    words = " ".join(str(n.value) for n in ast.walk(value) if isinstance(n, ast.Constant)).upper().split()
    return bool(set(words) & {"SELECT", "INSERT", "UPDATE", "DELETE", "WHERE", "CALL", "MERGE"})


def _parameter(body: Body, value: ast.expr) -> str:
    """The parameter of the function that is formatted into a text; "" for none that matters."""
    for part in _parts(value):
        root = part
        while isinstance(root, ast.Attribute | ast.Subscript):
            root = root.value
        if not isinstance(root, ast.Name) or not _is_parameter(body, root):
            continue
        last = (part.attr if isinstance(part, ast.Attribute) else root.id).lower()
        kind = body.instance(part)
        if kind in _SAFE or any(word in last for word in _NAMES) or root.id in ("self", "cls"):
            continue
        if kind and kind != "str":
            continue  # an object with a meaning of its own: an enumeration, a piece of SQL
        return ast.unparse(part)
    return ""


def _is_piece(value: ast.expr, given: str) -> bool:
    """Whether it stands where no value can stand, between the words of the statement: a condition, a list of columns."""
    parts = value.values if isinstance(value, ast.JoinedStr) else []
    for before, part in zip([None, *parts], parts, strict=False):
        if isinstance(part, ast.FormattedValue) and ast.unparse(part.value) == given:
            text = str(before.value) if isinstance(before, ast.Constant) else ""
            return not _VALUE.search(text)
    return False


def _parts(value: ast.expr) -> Iterator[ast.expr]:
    match value:
        case ast.JoinedStr(values=values):
            yield from (v.value for v in values if isinstance(v, ast.FormattedValue))
        case ast.BinOp(left=ast.Constant(value=str()), op=ast.Mod(), right=right):
            yield from right.elts if isinstance(right, ast.Tuple) else (right,)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            yield from (*_parts(left), *_parts(right))
        case ast.Call(
            func=ast.Attribute(value=ast.Constant(value=str()), attr="format"), args=args, keywords=named
        ):
            yield from (*args, *(k.value for k in named))
        case ast.Name() | ast.Attribute():
            yield value


def _is_parameter(body: Body, name: ast.Name) -> bool:
    found = body.bindings(name)
    return len(found) == 1 and found[0].how == "annotation" and found[0].line == 0


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each statement that a route reaches."""
    for mark in project.source.marks.get(RULE.code, ()):
        ways = reaches(project, mark.function, ("loop", "thread", "background"))
        direct = bool(served_by(project, mark.function))
        if not ways or (mark.fact("piece") == "True" and not direct):
            continue  # a piece that a caller wrote can't be bound
        yield draft(
            RULE,
            mark.span,
            {w.route for w in ways},
            message=f"{mark.fact('parameter')} is formatted into the text of a statement",
            impact="a value with a quote in it changes the statement"
            if direct
            else "where a request decides the value, a quote in it changes the statement",
            solution=f"bind it: a :name in the text, and {mark.fact('parameter')} in the parameters",
            known="static",
            confidence=0.85 if direct else 0.6,
            severity="error" if direct else "warning",
            chain=ways[0].chain,
        )


EXAMPLES = (
    Example(
        "a number from the query",
        shop("""
from sqlalchemy import text


@app.get("/orders")
def find_orders(number: str, session: Session = Depends(get_session)):
    return session.execute(text(f"SELECT id FROM orders WHERE number = '{number}'")).scalars().all()
"""),
        bad=True,
    ),
    Example(
        "bound",
        shop("""
from sqlalchemy import text


@app.get("/orders")
def find_orders(number: str, session: Session = Depends(get_session)):
    asked = text("SELECT id FROM orders WHERE number = :number")
    return session.execute(asked, {"number": number}).scalars().all()
"""),
        bad=False,
        mends="a number from the query",
    ),
    Example(
        "a condition that callers write, its values bound",
        shop("""
from sqlalchemy import text


def count(session: Session, match: str, values: dict):
    return session.scalar(text(f"SELECT count(*) FROM orders WHERE {match}"), values)


@app.get("/count")
def count_orders(least: int, session: Session = Depends(get_session)):
    return count(session, "id > :least", {"least": least})
"""),
        bad=False,
    ),
    Example(
        "names of tables, numbers, and constants of the source",
        shop("""
from sqlalchemy import text

OPEN = "open"


def count(session: Session, table_name: str, least: int):
    return session.scalar(text(f"SELECT count(*) FROM {table_name} WHERE id > {least} AND status = '{OPEN}'"))


@app.get("/count")
def count_orders(least: int, session: Session = Depends(get_session)):
    return count(session, "orders", least)
"""),
        bad=False,
    ),
)
