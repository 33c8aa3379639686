import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from shop.core.database import report_engine
from shop.models import Base
from shop.services.money import format_money, round_to

pytestmark = pytest.mark.anyio


async def test_health(client):
    assert (await client.get("/health")).json() == {"status": "ok"}
    assert (await client.get("/health/ready")).json() == {"status": "ready"}


async def test_headers(client):
    headers = (await client.get("/health")).headers
    assert headers["X-Shop-Version"] == "1.4.0"
    assert headers["X-Content-Type-Options"] == "nosniff"


async def test_openapi_names_every_operation_once(client):
    paths = (await client.get("/openapi.json")).json()["paths"]
    names = [operation["operationId"] for path in paths.values() for operation in path.values()]
    assert len(names) == len(set(names)) >= 45


async def test_recent_stock_movements(client):
    movements = (await client.get("/stock-movements?limit=200")).json()
    moments = [movement["recorded_at"] for movement in movements]
    assert moments == sorted(moments, reverse=True)


async def test_shipping_countries(client):
    countries = (await client.get("/shipping/countries")).json()
    assert {"code": "PT", "name": "Portugal"} in countries


async def test_shipping_quote(client):
    query = {"country": "DE", "postcode": "20095", "weight_grams": 1500}
    quote = (await client.get("/shipping/quote", params=query)).json()
    assert quote == {"country": "DE", "zone": 6, "fee_cents": 1455, "free": False}


async def test_shipping_is_free_for_big_orders(client):
    quote = (await client.get("/shipping/quote", params={"value_cents": 5000})).json()
    assert (quote["fee_cents"], quote["free"]) == (0, True)


async def test_shipping_to_nowhere(client):
    response = await client.get("/shipping/quote", params={"country": "XX"})
    assert response.status_code == 404


async def test_legacy_orders(client):
    orders = (await client.get("/legacy/orders?limit=2&after_id=1")).json()
    assert [order["id"] for order in orders] == [2, 3]
    assert orders[0]["customer"]["name"] == "Customer 3"
    assert len(orders[0]["items"]) == 2
    assert (await client.get("/legacy/orders/3")).json() == orders[1]


async def test_legacy_refuses_unknown_partners(client):
    for key in ("nobody", "courier-2017"):
        response = await client.get("/legacy/orders", headers={"X-Partner-Key": key})
        assert response.status_code == 403


async def test_top_products(client, sales):
    rows = (await client.get("/reports/top-products", headers=sales)).json()
    revenue = [row["revenue_cents"] for row in rows]
    assert revenue == sorted(revenue, reverse=True)


async def test_sales_by_month(client, sales):
    rows = (await client.get("/reports/sales-by-month?year=2024", headers=sales)).json()
    assert rows[:2] == [
        {"month": "2024-01", "orders": 1, "revenue_cents": 4000},
        {"month": "2024-02", "orders": 1, "revenue_cents": 4000},
    ]
    assert "2024-04" not in [row["month"] for row in rows]


async def test_sales_by_category(client, sales):
    rows = (await client.get("/reports/sales-by-category", headers=sales)).json()
    assert rows[0]["name"] == "Lamps"
    assert rows[0]["revenue_cents"] >= 24_000


async def test_customer_value(client, sales):
    rows = (await client.get("/reports/customer-value", headers=sales)).json()
    values = {row["id"]: row["lifetime_value_cents"] for row in rows}
    assert (values[1], values[2], values[3]) == (8000, 4000, 8000)


async def test_low_stock(client, sales):
    report = (await client.get("/reports/low-stock?below=13", headers=sales)).json()
    assert report["count"] == len(report["products"])
    assert [product["id"] for product in report["products"]][:1] == [1]


def test_migrations_match_the_models(database):
    with report_engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, Base.metadata) == []


@pytest.mark.parametrize(
    ("cents", "currency", "locale", "text"),
    [
        (123456, "EUR", "en", "€ 1,234.56"),
        (123456, "EUR", "de", "1.234,56 €"),
        (5, "SEK", "en", "SEK 0.05"),
    ],
)
def test_format_money(cents, currency, locale, text):
    assert format_money(cents, currency, locale) == text


def test_round_to():
    assert [round_to(cents, 5) for cents in (0, 2, 3, 12, 13)] == [0, 0, 5, 10, 15]
    assert round_to(7, 1) == 7
