"""What evidence does to findings, on values made by hand."""

import pytest
from msgspec.structs import replace

from strop.evidence import Block, Blocking, Exchange, Phase, ScanStep
from strop.project.function import Call, Context
from strop.project.project import Project
from strop.project.route import Dependency
from strop.project.table import Relationship, Table
from strop.rules.registry import check
from strop.span import Span, Step
from tests.rules import made

RENDER = made.call("shop/pdf.py", 31, "requests.get", "blocks", "waits for the network")
HASH = made.call("shop/pdf.py", 31, "bcrypt.hashpw", "burns", "hashes on purpose slowly")


def codes(project: Project, *exchanges: Exchange, scans: tuple[ScanStep, ...] = ()) -> list[str]:
    run = made.evidence(*exchanges, scans=scans) if exchanges else None
    return [f.code for f in check(project, run)]


def blocking(call: Call = RENDER, context: Context = "loop") -> Project:
    fetch = made.function("shop/pdf.py", "fetch", 30, 33, call, is_async=False)
    handler = made.function("shop/api.py", "list_orders", 5, 9)
    step = Step("fetch()", Span("shop/api.py", 7, "list_orders"))
    way = made.reach(fetch.id, step, context=context)
    return made.project(handler, fetch, reaches=(way,), relationships=())


def test_a_static_finding_stands_without_a_run_and_names_its_way() -> None:
    (found,) = check(blocking(), None)
    assert (found.code, found.known, found.fact("handler")) == ("ASY001", "static", "shop/api.py:list_orders")
    assert [step.text for step in found.chain] == ["GET /orders", "fetch()", "requests.get()"]


def test_what_a_run_would_have_seen_and_did_not_is_dropped() -> None:
    assert codes(blocking(), made.exchange()) == []
    assert codes(blocking(), made.exchange(path="GET /other")) == ["ASY001"]


def test_what_runs_once_is_no_finding() -> None:
    assert codes(blocking(context="once")) == []


def test_a_standstill_makes_it_measured() -> None:
    stack = (Span("shop/pdf.py", 31, "fetch"), Span("shop/api.py", 7, "list_orders"))
    held = [made.exchange(blocks=(Block(40_000, 100, stack),)) for _ in range(2)]
    (found,) = check(blocking(), made.evidence(*held))
    assert (found.known, found.cost.blocked, found.cost.total) == ("measured", 40_000, 80_000)


def test_a_hash_that_tests_made_cheap_is_still_told() -> None:
    assert codes(blocking(HASH), made.exchange(cpu=900)) == ["ASY002"]


def test_the_rows_of_an_asynchronous_statement_are_not_said_to_wait() -> None:
    block = Block(60_000, 9_000, (made.LIST,), "sqlalchemy.engine.result._raw_all_rows")
    held = [made.exchange(made.query(0), blocks=(block,)) for _ in range(3)]
    assert codes(made.project(), *held) == []


def test_what_each_process_does_first_is_not_usual() -> None:
    event = Blocking("open", Span("shop/words.py", 3, "load"))
    first = made.exchange(blocking=(event,))
    in_suite = made.exchange(blocking=(event,), test="t::one")
    assert codes(made.project(), first, made.exchange(), in_suite) == []
    assert codes(made.project(), first, made.exchange(blocking=(event,))) == ["ASY001"]


def test_a_lazy_load_is_one_finding_at_the_statement_of_its_owners() -> None:
    loads = [made.query(200 * n, made.ITEMS_OF, span=None, lazy="Order.items") for n in range(1, 21)]
    (found,) = check(made.project(), made.evidence(made.exchange(made.query(0, rows=20), *loads)))
    assert (found.code, found.span, found.fact("uselist")) == ("DB001", made.LIST, "true")
    assert (found.fact("parent_file"), found.fact("parent_line")) == ("shop/orders.py", "12")
    assert found.cost.queries == 19
    assert found.cost.total == 19 * 200


def test_two_lazy_loads_are_no_loop() -> None:
    loads = [made.query(200 * n, made.ITEMS_OF, span=None, lazy="Order.items") for n in (1, 2)]
    assert codes(made.project(), made.exchange(made.query(0, rows=2), *loads)) == []


def test_one_cause_has_all_its_routes() -> None:
    loads = [made.query(200 * n, made.ITEMS_OF, span=None, lazy="Order.items") for n in range(1, 9)]
    served = [made.exchange(made.query(0, rows=8), *loads, path=path) for path in ("GET /a", "GET /b")]
    (found,) = check(made.project(), made.evidence(*served))
    assert found.routes == ("GET /a", "GET /b")


def test_repeated_statements_without_a_loop_in_sight_need_more_proof() -> None:
    few = [made.query(200 * n, "SELECT 1 FROM a WHERE a.id = ?") for n in range(6)]
    assert codes(made.project(), made.exchange(*few)) == []
    many = [made.query(200 * n, "SELECT 1 FROM a WHERE a.id = ?") for n in range(12)]
    assert codes(made.project(), made.exchange(*many)) == ["DB002"]


def test_a_narrower_index_is_served_by_a_wider_one() -> None:
    text = "SELECT items.id FROM items WHERE items.order_id = ?"
    both = "SELECT items.id FROM items WHERE items.order_id = ? AND items.name = ?"
    scans = (
        ScanStep(text, "items", ("order_id",), "filter", 9000, "SCAN items"),
        ScanStep(both, "items", ("order_id", "name"), "filter", 9000, "SCAN items"),
    )
    run = made.evidence(made.exchange(made.query(0, text), made.query(200, both)), scans=scans)
    (found,) = check(made.project(), run)
    assert (found.code, found.fact("columns"), found.cost.total) == ("DB005", "order_id,name", 200)


def test_an_index_is_not_advised_where_most_rows_are_wanted_or_few_are_there() -> None:
    text = "SELECT items.id FROM items WHERE items.order_id > ?"
    large = (ScanStep(text, "items", ("order_id",), "filter", 9000, "SCAN items"),)
    small = (ScanStep(text, "items", ("order_id",), "filter", 90, "SCAN items"),)
    assert codes(made.project(), made.exchange(made.query(0, text, rows=4000)), scans=large) == []
    assert codes(made.project(), made.exchange(made.query(0, text)), scans=small) == []


def test_without_a_run_a_foreign_key_that_nothing_filters_by_is_left_alone() -> None:
    assert check(made.project(), None) == ()


def test_a_background_task_is_blamed_for_what_it_asks_and_not_a_dependency() -> None:
    at = Span("shop/tasks.py", 7, "scrape")
    scrape = made.function("shop/tasks.py", "scrape", 5, 9, made.call("shop/tasks.py", 7, "session.execute"))
    check_token = made.function("shop/auth.py", "check_token", 1, 4, awaits=0)
    dependency = Dependency("shop.auth:check_token", Span("shop/auth.py", 1, "check_token"), True)
    route = replace(made.route(is_async=False), dependencies=(dependency,))
    task = Phase("background", "shop.tasks:scrape", 5_000, 4_000)
    asked = replace(made.query(6_000, span=at), on_loop=True, stack=(at,))
    served = [replace(made.exchange(asked), phases=(task,)) for _ in range(3)]
    project = made.project(scrape, check_token, routes=(route,), relationships=())
    found = [f for f in check(project, made.evidence(*served)) if f.code == "ASY001"]
    assert [f.fact("function") for f in found] == ["shop/tasks.py:scrape"]


def test_reflection_is_no_loop_over_rows() -> None:
    asked = [made.query(n * 200, "SELECT sql FROM sqlite_master WHERE name = ?") for n in range(12)]
    assert codes(made.project(), *(made.exchange(*asked) for _ in range(3))) == []


@pytest.mark.parametrize(("used", "told"), [(("Order.labels",), []), ((), ["Note.order", "Order.labels"])])
def test_a_many_to_many_statement_begins_with_the_owner(used: tuple[str, ...], told: list[str]) -> None:
    """As SQLAlchemy 2.0 writes it: a note's order is not what it loads, as long as labels are read."""
    names = ("notes", "Note"), ("orders", "Order"), ("labels", "Label")
    tables = tuple(Table(t, f"shop.models:{m}", Span("shop/models.py", 1, m), ()) for t, m in names)
    links = (
        Relationship("Note", "order", "Order", False, "select", module="shop.models"),
        Relationship("Order", "labels", "Label", True, "select", module="shop.models"),
    )
    labels = (
        "SELECT orders_1.id, labels.id FROM orders AS orders_1 JOIN links AS links_1 ON "
        "orders_1.id = links_1.order_id JOIN labels ON labels.id = links_1.label_id "
        "WHERE orders_1.id IN (__[POSTCOMPILE_primary_keys])"
    )
    asked = made.query(0, "SELECT notes.id FROM notes"), made.query(200), made.query(400, labels, rows=6)
    keys = tuple(link.key for link in links)
    served = [replace(made.exchange(*asked), loaded=keys, used=used) for _ in range(3)]
    found = check(made.project(tables=tables, relationships=links), made.evidence(*served))
    assert sorted(f.fact("relationship") for f in found if f.code == "DB004") == told
