"""What databases say of statements: plans, scans that an index would serve, and work that is counted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from strop.evidence import Exchange, Query, TableSize
from strop.measure.explain import count_work, explain, plan, samples_of, sizes
from strop.project.project import Imported
from strop.world import postgres
from strop.world.databases import Databases, Originals
from strop.world.postgres import Address
from tests.measure.offered import databases, table

ROWS = 400
IMPORTED = Imported("a", (), tables=(table("orders", "id", "user_id", "state"),))
BY_USER = "SELECT orders.id FROM orders WHERE orders.user_id = ?"
BY_USER_POSTGRES = "SELECT orders.id FROM orders WHERE orders.user_id = %(user_id_1)s"
INDEX = ['create index if not exists "ix_orders_user_id" on "orders" ("user_id")']


def exchange(*queries: Query) -> Exchange:
    return Exchange("c", "GET /", "GET", "/", 200, 1, 1, queries=queries)


def query(statement: str, *parameters: str) -> Query:
    return Query(statement, 0, 1, 1, None, parameters=parameters)


def rows() -> str:
    return ", ".join(f"({n}, {n % 100}, 's{n % 3}')" for n in range(ROWS))


@pytest.fixture
def sqlite(tmp_path: Path) -> Databases:
    return databases(
        tmp_path,
        "create table orders (id integer primary key, user_id integer, state text);"
        f"insert into orders values {rows()};",
    )


@pytest.fixture(scope="module")
def server(own_server: Address, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    with postgres.connect(own_server) as control:
        control.execute("create database explained")
    with postgres.connect(own_server.at("explained")) as database:
        database.execute("create table orders (id integer primary key, user_id integer, state text)")
        database.execute(f"insert into orders values {rows()}".encode())
    folder = tmp_path_factory.mktemp("explain")
    originals = Originals(folder / "originals")
    made = Databases(originals, folder, folder / "tree", folder / "home", folder / "tmp")
    asked = {"ask": "server", "dialect": "postgresql", "host": own_server.host, "port": "5432"}
    made.answer({**asked, "user": own_server.user, "password": "", "database": "explained"})
    made.keep()
    yield made
    made.close()
    originals.close()
    with postgres.connect(own_server) as control:
        control.execute("drop database explained")


@pytest.fixture(params=["sqlite", "server"])
def each(request: pytest.FixtureRequest) -> tuple[Databases, str]:
    """Each database, and the statement as its driver writes it."""
    held: Databases = request.getfixturevalue(request.param)
    return held, BY_USER if request.param == "sqlite" else BY_USER_POSTGRES


def test_a_scan_that_an_index_would_serve_is_found_once(each: tuple[Databases, str]) -> None:
    held, statement = each
    found = explain([exchange(query(statement)), exchange(query(statement))], held, IMPORTED)
    assert [(s.table, s.columns, s.use, s.rows) for s in found] == [("orders", ("user_id",), "filter", ROWS)]


def test_a_search_by_key_and_a_whole_table_are_no_scans_to_mend(each: tuple[Databases, str]) -> None:
    held, statement = each
    by_key = statement.replace("user_id", "id")
    assert plan(by_key, held)[0].kind == "search"
    assert explain([exchange(query(by_key), query("SELECT orders.id FROM orders"))], held, IMPORTED) == ()


def test_an_index_that_the_application_declares_is_heeded(each: tuple[Databases, str]) -> None:
    held, statement = each
    (orders,) = IMPORTED.tables
    columns = tuple(replace(c, index=c.name == "user_id") for c in orders.columns)
    declared = replace(IMPORTED, tables=(replace(orders, columns=columns),))
    assert explain([exchange(query(statement))], held, declared) == ()


def test_what_is_no_select_or_no_statement_has_no_plan(each: tuple[Databases, str]) -> None:
    held, _ = each
    odd = [
        "INSERT INTO orders VALUES (1)",
        "SELECT nothing FROM nowhere",
        "PRAGMA user_version",
        "SELECT ((",
        "",
    ]
    assert explain([exchange(*map(query, odd))], held, IMPORTED) == ()
    assert [plan(statement, held) for statement in odd[1:]] == [()] * 4
    assert held.sizes() == {"orders": ROWS}
    assert held.changes() == ()


def test_the_work_of_a_statement_is_less_with_an_index(each: tuple[Databases, str]) -> None:
    held, statement = each
    value = "7" if "?" in statement else "user_id_1=7"
    sent = [exchange(query(statement, value), query(statement)), exchange(query(statement))]
    samples = samples_of(sent)
    assert samples == {statement: (value,)}
    before = count_work(sent, samples, held)
    assert before == 3 * count_work([exchange(query(statement))], samples, held) > 0
    many = (
        f"insert into orders with recursive k (n) as (select {ROWS} union all select n + 1 from k where n < 4000)"
        " select n, n, 's' from k"
    )
    held.execute([many])
    held.keep()
    full = count_work(sent, samples, held)
    assert full > before
    held.execute(INDEX)
    assert count_work(sent, samples, held) < full
    held.execute(["drop index ix_orders_user_id", f"delete from orders where id >= {ROWS}"])
    held.keep()


def test_values_of_every_kind_are_bound_again(sqlite: Databases) -> None:
    sent = [
        query("SELECT id FROM orders WHERE state = ? AND id > ?", "'s1'", "3"),
        query("SELECT id FROM orders WHERE state IN (__[POSTCOMPILE_state_1])", "state_1='s1'"),
        query("SELECT id FROM orders WHERE state = :s", "s=datetime.datetime(2026, 9, 1, 12, 0)"),
        query("SELECT id FROM orders WHERE state = ?", "UUID('00000000-0000-4000-8000-000000000001')"),
        query("SELECT sum(id) FROM orders"),
    ]
    samples = samples_of([exchange(*sent)])
    work = [count_work([exchange(q)], samples, sqlite) for q in sent]
    assert [number for number, steps in enumerate(work) if steps == 0] == [3]  # a UUID that SQLite can't bind


def test_a_statement_without_its_values_is_left_out(each: tuple[Databases, str]) -> None:
    held, statement = each
    sent = [exchange(query(statement))]
    assert samples_of(sent) == {}
    assert count_work(sent, samples_of(sent), held) == 0
    assert count_work(sent, {statement: ("1", "2", "3")}, held) == 0


def test_counting_never_writes(each: tuple[Databases, str]) -> None:
    held, _ = each
    gone = "WITH gone AS (DELETE FROM orders RETURNING id) SELECT count(*) FROM gone"
    assert count_work([exchange(query(gone))], {gone: ()}, held) == 0
    assert held.changes() == ()


def test_sizes(each: tuple[Databases, str]) -> None:
    assert sizes(each[0]) == (TableSize("orders", ROWS),)


def test_without_a_database_there_is_no_plan(tmp_path: Path) -> None:
    assert explain([exchange(query(BY_USER))], databases(tmp_path), IMPORTED) == ()
