"""Nine findings of the shop, each with the lines before and after its fix."""

from __future__ import annotations

from dataclasses import dataclass

from strop.finding import Cost, Known, Severity
from strop.plan import Option
from strop.span import Span, Step
from tests.report.shop_run import DETAIL


@dataclass(frozen=True)
class Case:
    """One finding with its file before and after the fix."""

    code: str
    slug: str
    domain: str
    message: str
    span: Span
    routes: tuple[str, ...]
    cost: Cost
    impact: str
    solution: str
    before: str
    after: str = ""
    fix: str = ""
    option: str = ""
    severity: Severity = "warning"
    known: Known = "measured"
    chain: tuple[Step, ...] = ()
    choice: bool = False
    options: tuple[Option, ...] = ()
    first: int = 1


ORDERS_BEFORE = """\
@router.get("/orders", response_model=list[OrderOut])
async def list_orders(session: Session, user: CurrentUser, limit: int = 200) -> list[Order]:
    query = select(Order).order_by(Order.id).limit(limit)
    if user.role == "customer":
        query = query.where(Order.customer_id == user.id)
    return list(session.scalars(query))
"""
ORDERS_AFTER = ORDERS_BEFORE.replace(
    "select(Order).order_by(Order.id)",
    "select(Order).options(selectinload(Order.items)).order_by(Order.id)",
)
LOGIN_BEFORE = """\
@router.post("/login", response_model=Token)
async def login(form: LoginForm, session: Session) -> Token:
    user = find_user(session, form.username)
    if user is None or not verify(form.password, user.password_hash):
        raise HTTPException(401, "Wrong user name or password")
    return Token(access_token=issue(user.id), token_type="bearer")
"""
LOGIN_AFTER = LOGIN_BEFORE.replace(
    "not verify(form.password, user.password_hash)",
    "not await run_in_threadpool(verify, form.password, user.password_hash)",
)
MODEL_BEFORE = """\
class Order(Base):
    __tablename__ = "orders"

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    placed_at: Mapped[datetime] = mapped_column(default=now)
"""
MODEL_AFTER = MODEL_BEFORE.replace('ForeignKey("customers.id")', 'ForeignKey("customers.id"), index=True')
REVIEWS_BEFORE = """\
    reviews = session.scalars(select(Review).where(Review.product_id == product_id)).all()
    answer = []
    for review in reviews:
        author = session.scalar(select(User).where(User.id == review.user_id))
        answer.append(ReviewOut.build(review, author))
    return answer
"""
REVIEWS_AFTER = """\
    reviews = session.scalars(select(Review).where(Review.product_id == product_id)).all()
    wanted = {review.user_id for review in reviews}
    found = session.scalars(select(User).where(User.id.in_(wanted)))
    authors = {author.id: author for author in found}
    answer = []
    for review in reviews:
        answer.append(ReviewOut.build(review, authors.get(review.user_id)))
    return answer
"""
REPORT_BEFORE = """\
    placed = session.scalars(select(Order).where(Order.placed_at >= start)).all()
    return DailyReport(day=start.date(), orders=len(placed))
"""
REPORT_AFTER = """\
    placed = session.scalar(select(func.count()).select_from(Order).where(Order.placed_at >= start))
    return DailyReport(day=start.date(), orders=placed or 0)
"""
ASSETS_BEFORE = """\
def fetch_logo(url: str) -> bytes:
    answer = requests.get(url)
    answer.raise_for_status()
    return answer.content
"""
PDF_BEFORE = """\
@router.get("/invoices/{invoice_id}/pdf")
async def download(invoice_id: int, session: Session) -> Response:
    invoice = session.get_one(Invoice, invoice_id)
    return Response(render(invoice), media_type="application/pdf")
"""
PDF_AFTER = PDF_BEFORE.replace(
    "Response(render(invoice),", "Response(await run_in_threadpool(render, invoice),"
)
SETTINGS_BEFORE = """\
def get_settings() -> Settings:
    return Settings(secret_key="canary-in-the-source")
"""
SETTINGS_AFTER = "@lru_cache\n" + SETTINGS_BEFORE
IMPORT_BEFORE = """\
    for row in read_rows(upload.file):
        session.add(Product(**row.model_dump()))
        session.commit()
    return ImportOut(count=len(rows))
"""
PRODUCTS_BEFORE = """\
@router.get("/products", response_model=list[ProductOut])
async def list_products(session: Session) -> list[Product]:
    return list(session.scalars(select(Product).order_by(Product.name)))
"""

PDF_CHAIN = (
    Step("async def download", Span("shop/api/invoices.py", 41, "download")),
    Step("render(invoice)", Span("shop/services/pdf.py", 18, "render")),
    Step("fetch_logo(url)", Span("shop/services/assets.py", 9, "fetch_logo")),
    Step(
        "requests.get(url)  waits for the network, no timeout",
        Span("shop/services/assets.py", 10, "fetch_logo"),
    ),
)

CASES = (
    Case(
        "DB001",
        "lazy-load",
        "database",
        "lazy load of Order.items in OrderOut",
        DETAIL,
        ("GET /orders", "GET /orders/{order_id}"),
        Cost(queries=199, rows=0, cpu=77_600, total=2_110_000),
        "201 queries a request where two suffice; 52 % of the measured cost",
        "load Order.items with the orders, in one second query",
        ORDERS_BEFORE,
        ORDERS_AFTER,
        "load_relationship",
        "selectinload",
        "error",
        first=21,
    ),
    Case(
        "ASY002",
        "cpu-on-loop",
        "async",
        "argon2 on the event loop in auth.verify",
        Span("shop/api/login.py", 15, "login"),
        ("POST /login",),
        Cost(blocked=61_000, total=1_098_000),
        "every other request of the worker waits 61 ms for each login",
        "verify in the thread pool: argon2 releases the interpreter lock",
        LOGIN_BEFORE,
        LOGIN_AFTER,
        "wrap_blocking_call",
        "run_in_threadpool",
        "error",
        first=12,
        chain=(
            Step("async def login", Span("shop/api/login.py", 13, "login")),
            Step("verify(form.password, user.password_hash)", Span("shop/auth.py", 58, "verify")),
        ),
    ),
    Case(
        "DB005",
        "missing-index",
        "database",
        "no index for orders.customer_id",
        Span("shop/models.py", 74, "Order"),
        ("GET /customers/{customer_id}/orders", "GET /orders", "GET /cart"),
        Cost(rows=59_991, cpu=8_200, total=420_000),
        "each lookup scans 60,000 rows to return 9",
        "an index on orders.customer_id, with a migration",
        MODEL_BEFORE,
        MODEL_AFTER,
        "add_index",
        "btree",
        first=70,
    ),
    Case(
        "DB002",
        "query-in-loop",
        "database",
        "one query for each review's author",
        Span("shop/api/reviews.py", 31, "list_reviews"),
        ("GET /products/{product_id}/reviews",),
        Cost(queries=50, rows=0, cpu=36_850, total=402_000),
        "52 queries a request, one for each review",
        "read the authors with one IN query before the loop",
        REVIEWS_BEFORE,
        REVIEWS_AFTER,
        "batch_query",
        "in_query",
        first=28,
    ),
    Case(
        "DB006",
        "counting-by-loading",
        "database",
        "12,400 orders loaded to be counted",
        Span("shop/api/reports.py", 19, "daily"),
        ("GET /reports/daily",),
        Cost(rows=12_399, cpu=28_900, total=144_500),
        "12,400 rows become objects, only their number is used",
        "count in the database",
        REPORT_BEFORE,
        REPORT_AFTER,
        "count_in_database",
        "count",
        first=19,
    ),
    Case(
        "ASY001",
        "blocking-call",
        "async",
        "requests.get on the event loop in services.assets.fetch_logo",
        Span("shop/api/invoices.py", 43, "download"),
        ("GET /invoices/{invoice_id}/pdf", "POST /invoices/{invoice_id}/send"),
        Cost(blocked=87_000, total=522_000),
        "the worker serves nobody while a logo is fetched",
        "await run_in_threadpool(render, invoice)",
        PDF_BEFORE,
        PDF_AFTER,
        "wrap_blocking_call",
        "run_in_threadpool",
        "error",
        chain=PDF_CHAIN,
        first=40,
    ),
    Case(
        "RUN001",
        "built-per-request",
        "runtime",
        "Settings is built for every request",
        Span("shop/settings.py", 31, "get_settings"),
        ("GET /me", "GET /cart", "POST /orders"),
        Cost(cpu=640, total=38_400),
        "0.6 ms of CPU a request to read the same environment",
        "build it once",
        SETTINGS_BEFORE,
        SETTINGS_AFTER,
        "build_once",
        "lru_cache",
        "note",
        first=30,
    ),
    Case(
        "DB007",
        "commit-per-row",
        "database",
        "a commit for each imported product",
        Span("shop/api/imports.py", 26, "import_products"),
        ("POST /imports/products",),
        Cost(cpu=0, total=31_000),
        "40 commits for a file of 40 rows",
        "one commit after the loop",
        IMPORT_BEFORE,
        first=24,
        options=(
            Option("Commit once after the loop", "", "low", "medium", "breaking", "40 commits become 1"),
            Option("Commit every 500 rows", "", "medium", "low", "breaking", "1 commit for this file"),
        ),
    ),
    Case(
        "DB008",
        "unbounded-list",
        "database",
        "GET /products has no limit",
        Span("shop/api/products.py", 17, "list_products"),
        ("GET /products",),
        Cost(rows=9_950, total=190_000),
        "10,000 rows and 4.1 MB for each answer, growing with the table",
        "a page size",
        PRODUCTS_BEFORE,
        choice=True,
        first=15,
        options=(
            Option(
                "Optional limit, unlimited by default",
                "",
                "low",
                "low",
                "compatible",
                "none until clients ask",
            ),
            Option("Default limit of 100", "", "low", "medium", "breaking", "10,000 rows become 100"),
            Option(
                "Keyset pagination with a cursor",
                "",
                "high",
                "medium",
                "breaking",
                "constant cost on any page",
            ),
        ),
    ),
)
