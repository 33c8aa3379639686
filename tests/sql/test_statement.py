import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import (
    Column,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    delete,
    exists,
    func,
    select,
    update,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.engine.default import DefaultDialect

from strop.sql.statement import Use, read_statement

meta = MetaData()
orders = Table(
    "orders",
    meta,
    Column("id", Integer, primary_key=True),
    Column("customer_id", Integer),
    Column("status", String),
    Column("paid", Integer),
)
items = Table(
    "items",
    meta,
    Column("id", Integer, primary_key=True),
    Column("order_id", ForeignKey("orders.id")),
    Column("name", String),
)
DIALECTS: list[tuple[str, Dialect]] = [
    ("sqlite", DefaultDialect(paramstyle="qmark")),
    ("postgresql", DefaultDialect(paramstyle="pyformat")),
    ("postgresql", DefaultDialect(paramstyle="numeric_dollar")),
    ("mysql", DefaultDialect(paramstyle="format")),
    ("oracle", DefaultDialect(paramstyle="named")),
]


@pytest.mark.parametrize(("name", "dialect"), DIALECTS)
def test_a_listing_is_read_alike_in_every_dialect(name: str, dialect: Dialect) -> None:
    query = (
        select(orders)
        .where(orders.c.customer_id == 3, orders.c.status.in_(["a", "b"]), orders.c.id > 2)
        .order_by(orders.c.paid.desc(), orders.c.id)
        .limit(5)
        .offset(2)
    )
    read = read_statement(str(query.compile(dialect=dialect)), name)
    assert read.parsed
    assert (read.kind, read.table, read.tables) == ("select", "orders", ("orders",))
    assert read.filters == (
        Use("orders", "customer_id"),
        Use("orders", "status"),
        Use("orders", "id", "range"),
    )
    assert read.sorts == (Use("orders", "paid"), Use("orders", "id"))
    assert read.limited
    assert not read.limited_inside
    assert not read.aggregated


@pytest.mark.parametrize(("name", "dialect"), DIALECTS)
def test_a_join_to_a_limited_subquery(name: str, dialect: Dialect) -> None:
    page = select(orders).limit(10).subquery()
    query = select(page, items).join_from(page, items, items.c.order_id == page.c.id, isouter=True)
    read = read_statement(str(query.compile(dialect=dialect)), name)
    assert read.parsed
    assert (read.table, read.joined, read.selected) == ("orders", ("items",), ("items",))
    assert read.joins == (Use("items", "order_id"),)
    assert (read.limited, read.limited_inside) == (False, True)


def test_aliases_are_resolved() -> None:
    one, two = orders.alias(), items.alias()
    query = select(one.c.id).join(two, two.c.order_id == one.c.id).where(two.c.name == "x")
    read = read_statement(str(query))
    assert read.filters == (Use("items", "name"),)
    assert read.joins == (Use("items", "order_id"), Use("orders", "id"))
    assert read.real("items_1") == "items"


@pytest.mark.parametrize(
    ("query", "aggregates"),
    [
        (select(func.count()).select_from(orders), ("count",)),
        (select(func.coalesce(func.sum(orders.c.paid), 0), func.max(orders.c.id)), ("sum", "max")),
        (select(orders.c.status, func.count()).group_by(orders.c.status), ()),
        (select(orders.c.id), ()),
        (select(select(func.count(items.c.id)).scalar_subquery()), ()),
    ],
)
def test_aggregates_are_told_when_they_are_all_that_is_asked(
    query: object, aggregates: tuple[str, ...]
) -> None:
    assert read_statement(str(query)).aggregates == aggregates


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("orders.paid IS NULL", [Use("orders", "paid", "null")]),
        ("orders.paid IS 1", [Use("orders", "paid", "flag")]),
        ("orders.paid", [Use("orders", "paid", "flag")]),
        ("NOT orders.paid", [Use("orders", "paid", "flag")]),
        ("orders.paid = true", [Use("orders", "paid", "flag")]),
        ("orders.paid = 1", [Use("orders", "paid", "flag")]),
        ("orders.paid = 7", [Use("orders", "paid")]),
        ("lower(orders.status) = ?", [Use("orders", "status", "other")]),
        ("orders.status LIKE ?", [Use("orders", "status", "other")]),
        ("orders.id = ? OR orders.paid = ?", [Use("orders", "id", "other"), Use("orders", "paid", "other")]),
        ("orders.id BETWEEN ? AND ?", [Use("orders", "id", "range")]),
        ("paid = ?", [Use("orders", "paid")]),
        ("? = orders.paid", [Use("orders", "paid")]),
        ("orders.id != ?", [Use("orders", "id", "other")]),
        ("orders.id IN (SELECT items.order_id FROM items WHERE items.name = ?)",
         [Use("orders", "id"), Use("items", "name")]),
    ],
)  # fmt: skip
def test_how_a_column_is_compared(where: str, expected: list[Use]) -> None:
    assert list(read_statement(f"SELECT orders.id FROM orders WHERE {where}").filters) == expected


def test_a_correlated_subquery_joins() -> None:
    query = select(orders.c.id).where(exists().where(items.c.order_id == orders.c.id))
    assert read_statement(str(query)).joins == (Use("items", "order_id"), Use("orders", "id"))


def test_a_named_query_is_no_table() -> None:
    recent = select(orders.c.id).where(orders.c.paid == 1).cte("recent")
    read = read_statement(str(select(items.c.name).join(recent, recent.c.id == items.c.order_id)))
    assert read.tables == ("items", "orders")


def test_writes() -> None:
    assert read_statement(str(update(orders).where(orders.c.id == 1).values(paid=2))).kind == "update"
    read = read_statement(str(delete(orders).where(orders.c.customer_id == 1)))
    assert (read.kind, read.table, read.filters) == ("delete", "orders", (Use("orders", "customer_id"),))
    read = read_statement(str(items.insert().values(name="x")))
    assert (read.kind, read.table) == ("insert", "items")


@pytest.mark.parametrize(
    "text", ["PRAGMA foreign_keys", "BEGIN", "", "SAVEPOINT x", "SHOW server_version", "("]
)
def test_what_is_no_query(text: str) -> None:
    assert read_statement(text).kind == "other"


def test_what_no_parser_reads_is_read_by_words() -> None:
    read = read_statement("SELECT ))( FROM public.orders JOIN \"items\" ON 'FROM lies' WHERE (((")
    assert (read.parsed, read.tables) == (False, ("orders", "items"))


WORDS = """SELECT FROM WHERE JOIN ON AND OR NOT IN ( ) , . * = < > ? :x_1 %(y)s $1::INT 'a' " ` orders items
id LIMIT ORDER BY GROUP UNION WITH AS NULL IS COUNT __[POSTCOMPILE_a] INSERT INTO VALUES UPDATE SET DELETE
CASE WHEN THEN END EXISTS LATERAL :: [ ] -- /* */ %% 1 2.5"""


@given(
    st.lists(st.sampled_from(WORDS.split()), max_size=25).map(" ".join),
    st.sampled_from(["sqlite", "postgresql", "mysql", "oracle"]),
)
def test_odd_statements_never_raise(text: str, dialect: str) -> None:
    read = read_statement(text, dialect)
    assert read.text == text


@given(st.text(max_size=60))
def test_any_text_never_raises(text: str) -> None:
    assert read_statement("SELECT " + text).kind == "select"
