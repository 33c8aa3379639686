"""A review with every kind of thing in it, for the formats to be tested on."""

from __future__ import annotations

from strop.actions.found import rule_cards
from strop.finding import Finding
from strop.report.excerpt import Excerpt
from strop.report.review.result import Reported, Review, Suppression
from strop.span import Span, Step

HANDLER = Step("GET /invoices/{id}/pdf", Span("app/api/invoices.py", 41, "download", 58))
LOGO = Span("app/services/assets.py", 9, "fetch_logo")
BLOCKING = Finding(
    "ASY001",
    "blocking-call",
    "async",
    "error",
    0.95,
    "static",
    LOGO,
    ("GET /invoices/{id}/pdf", "GET /quotes/{id}/pdf", "POST /invoices/{id}/send"),
    "requests.get waits for the network on the event loop, without a timeout",
    "every other request of this worker waits meanwhile",
    "await run_in_threadpool(render, invoice)",
    chain=(
        HANDLER,
        Step("render(invoice)", Span("app/api/invoices.py", 44, "download")),
        Step("fetch_logo(url)", Span("app/services/pdf.py", 18, "render")),
        Step("requests.get(url)", LOGO),
    ),
)
LIST = Finding(
    "DB008",
    "unbounded-list",
    "database",
    "warning",
    0.8,
    "static",
    Span("app/api/orders.py", 12, "list_orders", 15),
    ("GET /orders",),
    "all rows of orders are loaded",
    "memory and time grow with the table",
    "add limit and offset",
)
SHIPPED = Finding(
    "DB009", "small-pool", "database", "note", 0.6, "static", Span("deploy/my app.env", 0), (),
    "5 connections for 40 threads", "requests wait", "pool_size=40",
)  # fmt: skip
EXCERPT = Excerpt(
    "app/services/assets.py",
    8,
    ("async def fetch_logo(url: str) -> bytes:", "    return requests.get(url).content", ""),
    (9,),
)

REVIEW = Review(
    entries=(
        Reported(BLOCKING, "00c0ffee00c0ffee", EXCERPT),
        Reported(LIST, "0123456789abcdef"),
        Reported(SHIPPED, "fedcba9876543210"),
    ),
    suppressed=(
        Reported(
            LIST,
            "1111111111111111",
            None,
            Suppression("comment", "fifty rows at most", "app/api/orders.py:30"),
        ),
        Reported(
            LIST, "2222222222222222", None, Suppression("baseline", "known before", ".strop-baseline.json")
        ),
    ),
    rules=tuple(card for card in rule_cards() if card.code in ("ASY001", "DB008", "DB009", "STR001")),
    hidden=12,
    routes=31,
    files=48,
    lines=5120,
    changed=4,
    base="main",
    resolved=960,
    calls=1000,
    unresolved=(Step("self.plugins[name](order)", Span("app/services/plugins.py", 20, "run")),),
    unread=(("app/broken.py", "line 3: invalid syntax"),),
    blind=1,
    notes=("no commit is shared with main (a shallow clone?): compared with main itself",),
    prefix="backend/",
    strop="0.0.0",
)
