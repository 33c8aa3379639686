"""A text of the request becomes SQL text.

**What.** A parameter or field is built into what `text()` makes a statement of.

**Why it costs.** The client writes the statement: it reads other tables, or changes them.

**How it is found.** What handlers and dependencies get from a request (query, form, body, headers, file names) is
followed through assignments, text building and calls of the project's functions; parameters that FastAPI parses
into numbers, UUIDs or enumerations are left out, and so is what the code tests or cleans on the way.

**How to fix it.** Bind values (`text("... = :name").bindparams(name=name)`), and choose columns and directions from a
table of allowed ones.

**When it is no problem.** The product lets its users write SQL, on a connection that may only read what is theirs.

**Sources.** https://docs.sqlalchemy.org/en/20/core/sqlelement.html#sqlalchemy.sql.expression.text ;
https://cheatsheetseries.owasp.org/cheatsheets/SQL_Injection_Prevention_Cheat_Sheet.html
"""

from __future__ import annotations

from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.project import Project
from strop.rules.carried import carried
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain

RULE = Rule("SEC008", "sql-from-request", "security", "error", "SQL text from the request", static=True)


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each statement that gets the text."""
    yield from carried(
        RULE,
        project,
        "sql",
        message="{source} becomes SQL text in {function}",
        impact="whoever may send the request reads or changes any table",
        solution="bind the value, or choose columns and directions from a table of allowed ones",
        confidence=0.85,
    )


EXAMPLES = (
    Example(
        "a literal whose quotes are doubled",
        plain("""
from sqlalchemy import create_engine, text

engine = create_engine("sqlite:///shop.db")


@app.get("/orders")
def orders(customer: str):
    quoted = customer.replace("'", "''")
    with engine.connect() as connection:
        return connection.execute(text(f"SELECT id FROM orders WHERE customer = '{quoted}'")).scalars().all()
"""),
        bad=False,
    ),
    Example(
        "an order by from the query",
        plain("""
from sqlalchemy import create_engine, text

engine = create_engine("sqlite:///shop.db")


@app.get("/orders")
def orders(sort: str = "id"):
    with engine.connect() as connection:
        return connection.execute(text(f"SELECT id FROM orders ORDER BY {sort}")).scalars().all()
"""),
        bad=True,
    ),
    Example(
        "one of the columns",
        plain("""
from sqlalchemy import create_engine, text

engine = create_engine("sqlite:///shop.db")
COLUMNS = ("id", "number")


@app.get("/orders")
def orders(sort: str = "id"):
    if sort not in COLUMNS:
        raise HTTPException(422, "no such column")
    with engine.connect() as connection:
        return connection.execute(text(f"SELECT id FROM orders ORDER BY {sort}")).scalars().all()
"""),
        bad=False,
        mends="an order by from the query",
    ),
    Example(
        "a bound value",
        plain("""
from sqlalchemy import create_engine, text

engine = create_engine("sqlite:///shop.db")


@app.get("/orders")
def orders(number: str):
    with engine.connect() as connection:
        return connection.execute(text("SELECT id FROM orders WHERE number = :n"), {"n": number}).scalars().all()
"""),
        bad=False,
    ),
)
