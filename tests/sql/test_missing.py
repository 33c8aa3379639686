"""Advice is tried on real databases: without the index the plan scans, with it the scan is gone."""

import sqlite3
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strop.evidence import ScanStep
from strop.sql.missing import missing_index
from strop.sql.plan import PlanStep, parse_sqlite
from strop.sql.statement import read_statement

SCHEMA = """
CREATE TABLE customers (id INTEGER PRIMARY KEY, email TEXT, name TEXT);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers (id), status TEXT,
    placed TEXT, paid BOOLEAN, deleted TEXT);
CREATE TABLE items (id INTEGER PRIMARY KEY, order_id INTEGER REFERENCES orders (id), name TEXT);
CREATE UNIQUE INDEX email ON customers (email);
"""
ROWS = {"customers": 50, "orders": 500, "items": 2000}


@pytest.fixture
def database() -> Iterator[sqlite3.Connection]:
    with sqlite3.connect(":memory:") as connection:
        connection.executescript(SCHEMA)
        connection.executemany(
            "INSERT INTO customers (email, name) VALUES (?, ?)", [(f"{i}@x", f"n{i}") for i in range(50)]
        )
        connection.executemany(
            "INSERT INTO orders (customer_id, status, placed, paid) VALUES (?, ?, ?, ?)",
            [(i % 50 + 1, "open", str(i), 1) for i in range(500)],
        )
        connection.executemany(
            "INSERT INTO items (order_id, name) VALUES (?, ?)", [(i % 500 + 1, "x") for i in range(2000)]
        )
        yield connection
    connection.close()


def indexes(database: sqlite3.Connection) -> dict[str, list[list[str]]]:
    found: dict[str, list[list[str]]] = {table: [["id"]] for table in ROWS}
    for table in ROWS:
        for _, name, *_ in database.execute(f"PRAGMA index_list({table})").fetchall():
            found[table].append([row[2] for row in database.execute(f"PRAGMA index_info({name})")])
    return found


def plan(database: sqlite3.Connection, text: str) -> tuple[PlanStep, ...]:
    parameters = [1] * text.count("?")
    return parse_sqlite(database.execute("EXPLAIN QUERY PLAN " + text, parameters).fetchall())


def advice(database: sqlite3.Connection, text: str) -> tuple[ScanStep, ...]:
    return missing_index(read_statement(text), plan(database, text), indexes(database), ROWS)


@pytest.mark.parametrize(
    ("text", "table", "columns", "use"),
    [
        ("SELECT * FROM orders WHERE orders.customer_id = ?", "orders", ("customer_id",), "filter"),
        ("SELECT o.id FROM orders AS o WHERE o.customer_id IN (?, ?)", "orders", ("customer_id",), "filter"),
        ("SELECT * FROM orders WHERE customer_id = ? AND status = ?", "orders", ("customer_id", "status"),
         "filter"),
        ("SELECT count(*) FROM orders WHERE orders.placed >= ?", "orders", ("placed",), "filter"),
        ("SELECT * FROM orders ORDER BY orders.placed DESC LIMIT ?", "orders", ("placed",), "sort"),
        ("SELECT * FROM orders JOIN items AS i ON i.order_id = orders.id WHERE orders.id = ?", "items",
         ("order_id",), "join"),
        ("SELECT * FROM (SELECT orders.id AS id FROM orders LIMIT ?) AS anon_1 "
         "LEFT OUTER JOIN items AS items_1 ON anon_1.id = items_1.order_id", "items", ("order_id",), "join"),
        ("SELECT * FROM orders WHERE EXISTS (SELECT 1 FROM items WHERE items.order_id = orders.id)", "items",
         ("order_id",), "join"),
        ("DELETE FROM items WHERE items.order_id = ?", "items", ("order_id",), "filter"),
        ("UPDATE orders SET status = ? WHERE orders.customer_id = ?", "orders", ("customer_id",), "filter"),
    ],
)  # fmt: skip
def test_the_advised_index_ends_the_scan(
    database: sqlite3.Connection, text: str, table: str, columns: tuple[str, ...], use: str
) -> None:
    (scan,) = advice(database, text)
    assert (scan.table, scan.columns, scan.use, scan.rows) == (table, columns, use, ROWS[table])
    database.execute(f"CREATE INDEX advised ON {table} ({', '.join(columns)})")
    assert advice(database, text) == ()
    assert any(step.index == "advised" for step in plan(database, text))


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM orders",
        "SELECT * FROM orders ORDER BY orders.placed",
        "SELECT * FROM orders WHERE orders.id = ?",
        "SELECT * FROM customers WHERE customers.email = ?",
        "SELECT * FROM orders WHERE orders.status LIKE ?",
        "SELECT * FROM orders WHERE lower(orders.status) = ?",
        "SELECT * FROM orders WHERE orders.deleted IS NULL ORDER BY orders.placed LIMIT 5",
        "SELECT * FROM orders WHERE orders.paid IS 1",
        "SELECT * FROM orders WHERE orders.customer_id = ? OR orders.status = ?",
        "SELECT * FROM orders ORDER BY orders.id LIMIT ?",
        "SELECT count(*) FROM orders",
        "SELECT status, count(*) FROM orders GROUP BY status",
        "SELECT * FROM orders JOIN customers ON customers.id = orders.customer_id",
    ],
)
def test_no_index_is_advised_where_none_helps(database: sqlite3.Connection, text: str) -> None:
    assert advice(database, text) == ()


def test_an_index_that_begins_with_the_column_serves(database: sqlite3.Connection) -> None:
    steps = (PlanStep("scan", "orders", detail="SCAN orders"),)
    statement = read_statement("SELECT * FROM orders WHERE orders.customer_id = ?")
    assert missing_index(statement, steps, {"orders": [["customer_id", "placed"]]}, ROWS) == ()
    assert missing_index(statement, steps, {"orders": [["placed", "customer_id"]]}, ROWS) != ()


columns = st.sampled_from(["customer_id", "status", "placed", "id"])


@settings(max_examples=60, deadline=None)
@given(
    equal=st.lists(columns, max_size=2, unique=True),
    ranged=st.none() | columns,
    sort=st.none() | columns,
    limited=st.booleans(),
    joined=st.booleans(),
)
def test_advice_once_taken_is_never_given_again(
    equal: list[str], ranged: str | None, sort: str | None, limited: bool, joined: bool
) -> None:
    text = "SELECT * FROM orders" + (" JOIN items ON items.order_id = orders.id" if joined else "")
    where = [f"orders.{c} = ?" for c in equal] + ([f"orders.{ranged} > ?"] if ranged else [])
    text += (" WHERE " + " AND ".join(where)) if where else ""
    text += (f" ORDER BY orders.{sort}" if sort else "") + (" LIMIT 5" if limited else "")
    with sqlite3.connect(":memory:") as connection:
        connection.executescript(SCHEMA)
        for turn, scan in enumerate(advice(connection, text)):
            connection.execute(f"CREATE INDEX advised{turn} ON {scan.table} ({', '.join(scan.columns)})")
        assert advice(connection, text) == ()
    connection.close()
