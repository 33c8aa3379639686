"""Projects and evidence made by hand, for what an example can't say shortly."""

from __future__ import annotations

from strop.evidence import SCHEMA, Block, Blocking, Evidence, Exchange, Phase, Query, ScanStep, TableSize
from strop.finding import Cost, Finding
from strop.project.function import Call, Context, Effect, Function, Reach
from strop.project.functions import Functions
from strop.project.project import Imported, Project, Source
from strop.project.route import Route
from strop.project.table import Column, Relationship, Table
from strop.span import Span, Step

LIST = Span("shop/orders.py", 12, "all_orders")
ROUTE = "GET /orders"
TABLES = (
    Table(
        "orders",
        "shop.models:Order",
        Span("shop/models.py", 9, "Order"),
        (Column("id", "INTEGER", primary=True),),
    ),
    Table(
        "items",
        "shop.models:Item",
        Span("shop/models.py", 20, "Item"),
        (Column("id", "INTEGER", primary=True), Column("order_id", "INTEGER", foreign_key="orders.id")),
    ),
)
ITEMS = Relationship("Order", "items", "Item", True, "select", module="shop.models")
ORDERS = "SELECT orders.id FROM orders"
ITEMS_OF = "SELECT items.id FROM items WHERE ? = items.order_id"


def project(
    *functions: Function,
    routes: tuple[Route, ...] = (),
    reaches: tuple[Reach, ...] = (),
    tables: tuple[Table, ...] = TABLES,
    relationships: tuple[Relationship, ...] = (ITEMS,),
) -> Project:
    """A project of these parts."""
    imported = Imported("shop", routes or (route(),), tables=tables, relationships=relationships)
    found: dict[str, tuple[Reach, ...]] = {}
    for reach in reaches:
        found[reach.function] = (*found.get(reach.function, ()), reach)
    return Project("/nowhere", imported, Source(Functions({f.id: f for f in functions})), found)


def route(path: str = "/orders", name: str = "list_orders", is_async: bool = True) -> Route:
    """A GET whose handler stands in shop/api.py."""
    return Route("GET", path, f"shop.api:{name}", Span("shop/api.py", 5, name), is_async)


def function(
    file: str, symbol: str, first: int, last: int, *calls: Call, is_async: bool = True, awaits: int = 1
) -> Function:
    """A function with its calls."""
    return Function(f"{file}:{symbol}", Span(file, first, symbol, last), is_async, calls, awaits=awaits)


def call(file: str, line: int, name: str, kind: str = "", note: str = "", loop: int = 0) -> Call:
    """A call site, with an effect if `kind` names one."""
    effect = Effect(kind, name, note) if kind else None
    return Call(Span(file, line), f"{name}()", name, effect=effect, loop=loop)


def reach(function_id: str, *steps: Step, context: Context = "loop", path: str = ROUTE) -> Reach:
    """A way from the route to a function."""
    start = Step(path, Span("shop/api.py", 5, "list_orders"))
    return Reach(function_id, context, path, (start, *steps))


def query(
    start: int, statement: str = ORDERS, rows: int = 1, span: Span | None = LIST, lazy: str = ""
) -> Query:
    """A statement of 100 us."""
    return Query(statement, start, 100, rows, span, lazy)


def exchange(
    *queries: Query,
    path: str = ROUTE,
    cpu: int = 9_000,
    test: str = "",
    blocks: tuple[Block, ...] = (),
    blocking: tuple[Blocking, ...] = (),
) -> Exchange:
    """An answered request with these statements, 10 ms long."""
    handler = Phase("handler", "shop.api:list_orders", 0, 10_000)
    method, _, where = path.partition(" ")
    return Exchange(
        "c1", path, method, where, 200, 10_000, cpu, test=test, phases=(handler,), queries=queries, blocks=blocks,
        blocking=blocking,
    )  # fmt: skip


def evidence(
    *exchanges: Exchange, sizes: dict[str, int] | None = None, scans: tuple[ScanStep, ...] = ()
) -> Evidence:
    """A run of these requests."""
    return Evidence(
        schema=SCHEMA,
        run="r",
        app="shop:app",
        dialect="sqlite",
        versions=(),
        source="har",
        reached=tuple({e.route for e in exchanges}),
        missed=(),
        exchanges=exchanges,
        routes=(),
        lines=(),
        sizes=tuple(TableSize(t, n) for t, n in (sizes or {}).items()),
        scans=scans,
    )


def finding(
    code: str, span: Span = LIST, total: float = 0, routes: tuple[str, ...] = (ROUTE,), **facts: str
) -> Finding:
    """A finding of any code."""
    return Finding(
        code, "slug", "database", "warning", 0.9, "measured" if total else "static", span, routes,
        "message", "impact", "solution", cost=Cost(total=total), facts=tuple(sorted(facts.items())),
    )  # fmt: skip
