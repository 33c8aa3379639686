"""Which statements of a run scan a table where an index could serve: EXPLAIN on the world's own databases."""

from __future__ import annotations

import ast
import contextlib
import datetime
import decimal
import re
import sqlite3
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from strop.evidence import Exchange, ScanStep, TableSize
from strop.project.project import Imported
from strop.sql.missing import missing_index
from strop.sql.plan import PlanStep, parse_postgres, parse_sqlite
from strop.sql.statement import read_statement
from strop.tree import expression_tree
from strop.world import postgres
from strop.world.databases import Databases

VALUES: Mapping[str, Callable[..., object]] = {
    "UUID": uuid.UUID,
    "Decimal": decimal.Decimal,
    "datetime.datetime": datetime.datetime,
    "datetime.date": datetime.date,
}
STEP = 50  # virtual machine steps between two looks of the progress handler


def sizes(databases: Databases) -> tuple[TableSize, ...]:
    """Rows of each table of the measured databases."""
    return tuple(TableSize(name, rows) for name, rows in sorted(databases.sizes().items()))


def explain(exchanges: Iterable[Exchange], databases: Databases, imported: Imported) -> tuple[ScanStep, ...]:
    """Scans in the plans of the run's SELECT statements that an index would turn into searches."""
    statements = sorted({q.statement for e in exchanges for q in e.queries if _reads(q.statement)})
    indexes = {
        table.name: [
            [c.name for c in table.columns if c.primary],
            *([c.name] for c in table.columns if c.unique or c.index),
            *(list(index.columns) for index in table.indexes),
        ]
        for table in imported.tables
    }
    rows = databases.sizes()
    found: list[ScanStep] = []
    for text in statements:
        steps = plan(text, databases)
        statement = read_statement(text) if steps else None
        if statement is not None:
            found += missing_index(statement, steps, indexes, rows)
    return tuple(dict.fromkeys(found))


def plan(statement: str, databases: Databases) -> tuple[PlanStep, ...]:
    """How the world's database would run a statement; empty when it can't say."""
    for path in databases.sqlite_files():
        with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
            text, count = _positional(statement)
            with contextlib.suppress(sqlite3.Error):
                return parse_sqlite(database.execute(f"explain query plan {text}", [None] * count).fetchall())
    for address in databases.servers():
        steps = _plan_postgres(statement, address)
        if steps:
            return steps
    return ()


def _plan_postgres(statement: str, address: postgres.Address) -> tuple[PlanStep, ...]:
    import psycopg

    with postgres.connect(address) as database, contextlib.suppress(psycopg.Error):
        database.execute("set enable_seqscan = off")  # a scan that is left has no index to use
        rows = database.execute(
            f"explain (generic_plan, format json) {_numbered(statement)}".encode(), prepare=False
        )
        row = rows.fetchone()
        return parse_postgres(row[0]) if row else ()
    return ()


def count_work(
    exchanges: Iterable[Exchange], samples: Mapping[str, tuple[str, ...]], databases: Databases
) -> int:
    """What the database does for the SELECTs of these exchanges: SQLite's virtual machine steps, PostgreSQL's
    blocks. Both are counted, not timed; a statement without a sample of its values is left out.
    """
    times = Counter(
        q.statement for e in exchanges for q in e.queries if q.statement in samples and _reads(q.statement)
    )
    return sum(count * _work(text, samples[text], databases) for text, count in times.items())


def samples_of(exchanges: Iterable[Exchange]) -> dict[str, tuple[str, ...]]:
    """Values of each statement's first execution, as the probe wrote them down."""
    return {
        q.statement: q.parameters
        for e in exchanges
        for q in e.queries
        if q.parameters or not _valued(q.statement)
    }


def _work(statement: str, values: tuple[str, ...], databases: Databases) -> int:
    named, bound = _bound(values)
    for path in databases.sqlite_files():
        steps = _sqlite_steps(path, statement, bound)
        if steps is not None:
            return steps
    for address in databases.servers():
        blocks = _postgres_blocks(address, statement, named or bound)
        if blocks is not None:
            return blocks
    return 0


def _sqlite_steps(path: Path, statement: str, values: list[object]) -> int | None:
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += STEP
        return 0

    text, marks = _positional(statement)
    if marks != len(values):
        return None
    with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
        database.set_progress_handler(count, STEP)
        try:
            database.execute(text, values).fetchall()
        except (sqlite3.Error, OverflowError):
            return None
    return steps


def _postgres_blocks(
    address: postgres.Address, statement: str, values: list[object] | dict[str, object]
) -> int | None:
    import psycopg

    text = re.sub(r"\$\d+(::\w+)?", "%s", re.sub(r"\(?__\[POSTCOMPILE_(\w+)\]\)?", r"(%(\1)s)", statement))
    if not isinstance(values, dict):
        text = re.sub(r"%\(\w+\)s", "%s", text)
    with postgres.connect(address) as database, contextlib.suppress(psycopg.Error):
        with database.transaction(force_rollback=True):
            database.execute("set local transaction_read_only = on")
            row = database.execute(
                f"explain (analyze, buffers, format json) {text}".encode(), values
            ).fetchone()
        top = row[0][0]["Plan"] if row else {}
        return int(top.get("Shared Hit Blocks", 0)) + int(top.get("Shared Read Blocks", 0))
    return None


def _bound(values: tuple[str, ...]) -> tuple[dict[str, object], list[object]]:
    """The values of a sample by name, where the driver has names, and in order."""
    pairs = [re.fullmatch(r"(?s)([A-Za-z_]\w*)=(.*)", text) for text in values]
    if values and all(pairs):
        named = {pair[1]: _value(pair[2]) for pair in pairs if pair}
        return named, list(named.values())
    return {}, [_value(text) for text in values]


def _value(text: str) -> object:
    """The value that a `repr` shows: literals, and the calls by which dates and ids show themselves."""
    try:
        tree = expression_tree(text)
        if isinstance(tree, ast.Call) and ast.unparse(tree.func) in VALUES and not tree.keywords:
            return VALUES[ast.unparse(tree.func)](*map(ast.literal_eval, tree.args))
        return ast.literal_eval(tree)
    except (ValueError, SyntaxError, TypeError):
        return text


def _valued(statement: str) -> bool:
    return bool(re.search(r"\?|%\(|%s|\$\d|(?<![:\w]):\w", statement))


def _reads(statement: str) -> bool:
    return statement.lstrip().lower().startswith(("select", "with"))


def _positional(statement: str) -> tuple[str, int]:
    """The statement with `?` for each value, IN lists with one value, and how many there are."""
    text = re.sub(r"\(?__\[POSTCOMPILE_\w+\]\)?", "(?)", statement)
    text = re.sub(r"(?<![:\w]):\w+", "?", text)
    return text, text.count("?")


def _numbered(statement: str) -> str:
    """The statement with $1, $2 ... for values, as PostgreSQL's generic plans want it."""
    text = re.sub(r"\(?__\[POSTCOMPILE_\w+\]\)?", "(%s)", statement)
    counter = iter(range(1, 10_000))
    return re.sub(r"%\(\w+\)s|%s", lambda _: f"${next(counter)}", text)
