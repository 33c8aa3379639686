"""The shop's two measured runs, of the base and of the branch: 31 routes, two of them not reached."""

from __future__ import annotations

from dataclasses import dataclass

from strop.evidence import (
    SCHEMA,
    Block,
    Blocking,
    Evidence,
    Exchange,
    Latency,
    LineCost,
    Outbound,
    Phase,
    Pool,
    Query,
    RouteCost,
    ScanStep,
    TableSize,
)
from strop.span import Span

RUN = "6f2c91"


@dataclass(frozen=True)
class Row:
    """queries, rows, CPU (us), p95 (us) of a route, before and after; its share of the measured cost."""

    route: str
    requests: int
    before: tuple[float, float, float, int]
    after: tuple[float, float, float, int]
    share: float


ROUTES = (
    Row("GET /orders", 24, (201, 1_400, 88_200, 142_000), (2, 1_400, 10_600, 19_800), 0.52),
    Row("POST /login", 18, (1, 1, 60_900, 71_300), (1, 1, 60_400, 68_900), 0.24),
    Row("GET /products/{product_id}/reviews", 20, (52, 60_052, 41_800, 66_400), (2, 59, 4_950, 9_100), 0.15),
    Row("GET /invoices/{invoice_id}/pdf", 6, (4, 9, 22_700, 184_000), (4, 9, 22_400, 97_000), 0.028),
    Row("GET /orders/{order_id}", 31, (7, 18, 5_400, 9_900), (3, 18, 3_300, 6_200), 0.014),
    Row(
        "GET /customers/{customer_id}/orders", 14, (12, 60_120, 9_900, 21_000), (2, 120, 1_700, 4_300), 0.012
    ),
    Row("GET /reports/daily", 5, (3, 12_400, 31_000, 48_000), (3, 1, 2_100, 5_200), 0.009),
    Row("GET /products", 22, (1, 10_000, 8_700, 31_000), (1, 10_000, 8_700, 31_200), 0.008),
    Row("POST /orders", 16, (11, 11, 6_200, 12_100), (5, 5, 4_100, 8_000), 0.006),
    Row("POST /orders/{order_id}/items", 9, (6, 6, 3_900, 8_300), (5, 5, 3_700, 8_100), 0.003),
    Row("GET /cart", 12, (4, 9, 2_600, 5_100), (3, 9, 2_400, 4_900), 0.002),
    Row("POST /cart/items", 11, (3, 3, 2_200, 4_400), (3, 3, 2_200, 4_400), 0.001),
    Row("GET /customers", 8, (1, 200, 3_100, 5_900), (1, 200, 3_100, 5_900), 0.001),
    Row("GET /customers/{customer_id}", 10, (2, 2, 1_500, 3_200), (2, 2, 1_500, 3_150), 0.0008),
    Row("PATCH /customers/{customer_id}", 7, (3, 3, 2_300, 4_600), (3, 3, 2_300, 4_700), 0.0006),
    Row("GET /products/{product_id}", 18, (2, 2, 1_400, 2_900), (2, 2, 1_400, 2_900), 0.0006),
    Row("POST /products", 6, (2, 1, 2_000, 4_100), (2, 1, 2_000, 4_000), 0.0004),
    Row("PUT /products/{product_id}", 5, (3, 2, 2_100, 4_200), (3, 2, 2_100, 4_300), 0.0004),
    Row("DELETE /products/{product_id}", 3, (3, 1, 1_900, 3_800), (3, 1, 1_900, 3_800), 0.0002),
    Row("POST /products/{product_id}/reviews", 9, (3, 2, 2_200, 4_400), (3, 2, 2_200, 4_500), 0.0005),
    Row("GET /categories", 10, (1, 24, 900, 2_100), (1, 24, 900, 2_100), 0.0003),
    Row("GET /categories/{slug}", 8, (2, 13, 1_100, 2_400), (2, 13, 1_100, 2_400), 0.0003),
    Row("GET /me", 14, (1, 1, 800, 1_900), (1, 1, 800, 1_900), 0.0003),
    Row("POST /logout", 4, (1, 0, 700, 1_700), (1, 0, 700, 1_700), 0.0001),
    Row("GET /health", 11, (0, 0, 210, 700), (0, 0, 210, 690), 0.0001),
    Row("GET /version", 3, (0, 0, 190, 640), (0, 0, 190, 640), 0.0001),
    Row("POST /imports/products", 2, (41, 40, 28_000, 61_000), (41, 40, 28_000, 60_500), 0.001),
    Row("GET /search", 5, (2, 320, 4_800, 9_400), (2, 320, 4_800, 9_300), 0.001),
    Row("GET /coupons/{code}", 1, (1, 1, 900, 2_000), (1, 1, 900, 2_000), 0.0001),
)
MISSED = ("DELETE /admin/cache", "GET /export")
REACHED = tuple(row.route for row in ROUTES)


def costs(final: bool) -> tuple[RouteCost, ...]:
    """What every route costs before, or on the branch."""
    found = []
    for row in ROUTES:
        queries, rows, cpu, _ = row.after if final else row.before
        blocked = 61_000.0 if row.route == "POST /login" and not final else 0.0
        found.append(
            RouteCost(
                route=row.route,
                requests=row.requests,
                queries=queries,
                queries_max=int(queries),
                rows=rows,
                rows_max=int(rows),
                cpu=cpu,
                duration=cpu * 1.3,
                blocked=blocked,
                threads=1.0 if final and row.route == "POST /login" else 0.0,
                commits=1.0 if row.route.startswith(("POST", "PUT", "PATCH", "DELETE")) else 0.0,
                response_bytes=4_100_000 if row.route == "GET /products" else 2_300 + 40 * rows,
                share=row.share,
            )
        )
    return tuple(found)


def latencies(final: bool) -> tuple[Latency, ...]:
    """Latency under uvicorn of every route but one."""
    return tuple(
        Latency(row.route, 400, p95 // 2, p95, int(p95 * 1.4), 120.0, late=300)
        for row in ROUTES
        for p95 in ((row.after if final else row.before)[3],)
        if row.route != "POST /imports/products"
    )


ORDERS = Span("shop/api/orders.py", 23, "list_orders")
DETAIL = Span("shop/schemas.py", 41, "OrderOut")
SELECT_ORDERS = (
    "SELECT orders.id, orders.customer_id, orders.placed_at FROM orders ORDER BY orders.id LIMIT ?"
)
SELECT_ITEMS = "SELECT items.id, items.order_id, items.sku FROM items WHERE ? = items.order_id"
SELECT_ITEMS_IN = "SELECT items.order_id, items.id, items.sku FROM items WHERE items.order_id IN (?)"


def orders_exchange(final: bool) -> Exchange:
    """GET /orders: 1 + 200 queries and a stall before, two queries after."""
    first = Query(
        SELECT_ORDERS, 4_100, 2_300, 200, ORDERS, on_loop=True, stack=(ORDERS,), parameters=("200",)
    )
    queries: tuple[Query, ...]
    if final:
        queries = (first, Query(SELECT_ITEMS_IN, 6_900, 4_200, 1_200, ORDERS, on_loop=True, stack=(ORDERS,)))
        end = 19_400
    else:
        lazy = (
            Query(
                SELECT_ITEMS, 9_000 + number * 620, 410, 6, DETAIL, relationship="Order.items", on_loop=True
            )
            for number in range(200)
        )
        queries = (first, *lazy)
        end = 141_800
    user = Phase("dependency", "shop.auth:current_user", 300, 2_900, thread=True, wait=240)
    session = Phase("dependency", "shop.database:get_session", 3_250, 500)
    handler = Phase("handler", "shop.api.orders:list_orders", 3_900, 7_700 if final else 3_800)
    serialize = Phase("serialize", "OrderOut", 11_700 if final else 7_900, 6_500 if final else 132_700)
    block = Block(
        38_000, 33_000, (DETAIL, ORDERS), "sqlalchemy.orm.strategies:LazyLoader._load_for_state", 12_000
    )
    return Exchange(
        cell="7c1e04",
        route="GET /orders",
        method="GET",
        path="/orders?limit=200&token=canary-in-the-query",
        status=200,
        duration=end,
        cpu=10_600 if final else 88_200,
        first_byte=end - 300,
        response_bytes=58_400,
        threads=1,
        test="tests/test_orders.py::test_list_orders",
        phases=(user, session, handler, serialize),
        queries=queries,
        blocks=() if final else (block, Block(71_000, 60_100, (DETAIL,), "", 58_000)),
        pool=(Pool(120, end - 4_000),),
        loaded=("Order.items",) if final else (),
        used=("Order.items",),
    )


def login_exchange(final: bool) -> Exchange:
    """POST /login: argon2 on the loop, then in the thread pool."""
    verify = Span("shop/auth.py", 58, "verify")
    return Exchange(
        cell="11aa02",
        route="POST /login",
        method="POST",
        path="/login",
        status=200,
        duration=68_000 if final else 70_000,
        cpu=60_600,
        threads=1 if final else 0,
        phases=(Phase("handler", "shop.api.login:login", 900, 66_800),),
        queries=(Query("SELECT users.id FROM users WHERE users.email = ?", 1_400, 800, 1, verify),),
        blocks=() if final else (Block(61_000, 60_100, (verify,), "argon2.low_level:verify_secret", 2_100),),
        blocking=() if final else (Blocking("time.sleep", verify),),
        outbound=(Outbound("POST", "https://audit.example/events", 66_000, 900, verify, True),),
    )


def evidence(final: bool) -> Evidence:
    """The run of the base, or of the branch."""
    lines = (
        LineCost(DETAIL, 4_800, 28_800, 1_968_000, ("GET /orders",), "Order.items", SELECT_ITEMS),
        LineCost(
            Span("shop/api/reviews.py", 31, "list_reviews"),
            1_000,
            1_000,
            402_000,
            ("GET /products/{product_id}/reviews",),
            "",
            "SELECT users.id, users.name FROM users WHERE users.id = ?",
        ),
        LineCost(
            Span("shop/api/customers.py", 47, "customer_orders"),
            14,
            1_680,
            96_000,
            ("GET /customers/{customer_id}/orders",),
            "",
            "SELECT orders.id FROM orders WHERE orders.customer_id = ?",
        ),
    )
    scan = ScanStep(
        "SELECT orders.id FROM orders WHERE orders.customer_id = ?",
        "orders",
        ("customer_id",),
        "filter",
        60_000,
        "SCAN orders",
    )
    return Evidence(
        schema=SCHEMA,
        run=RUN,
        app="shop.main:app",
        dialect="sqlite",
        versions=(("fastapi", "0.121.2"), ("sqlalchemy", "2.0.44")),
        source="suite",
        reached=REACHED,
        missed=MISSED,
        exchanges=(orders_exchange(final), login_exchange(final)),
        routes=costs(final),
        lines=() if final else lines,
        latencies=latencies(final),
        sizes=(TableSize("orders", 60_000), TableSize("products", 10_000)),
        scans=() if final else (scan,),
        probe_cost=92.0,
        notes=("GET /search answers from a stub: its outbound call was refused",),
    )
