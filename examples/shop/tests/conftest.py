import os
import tempfile
from collections.abc import AsyncIterator
from datetime import date, datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config

_directory = tempfile.TemporaryDirectory(prefix="shop-tests-")
_database = Path(_directory.name) / "test.db"
os.environ["SHOP_DATABASE_URL"] = f"sqlite+aiosqlite:///{_database}"
os.environ["SHOP_ARGON2_TIME_COST"] = "1"
os.environ["SHOP_ARGON2_MEMORY_KIB"] = "1024"

import httpx  # noqa: E402

from shop import models  # noqa: E402
from shop.core.database import ReportSessionFactory, dispose_engines  # noqa: E402
from shop.core.security import hash_password  # noqa: E402
from shop.main import app  # noqa: E402

PLACED = datetime(2024, 3, 1, 12, 0)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


def sample_rows() -> list[models.Base]:
    rows: list[models.Base] = [
        models.User(
            email="admin@example.com",
            password_hash=hash_password("admin-password"),
            is_admin=True,
            created_at=PLACED,
        ),
        models.User(
            email="sales@example.com",
            password_hash=hash_password("sales-password"),
            created_at=PLACED,
        ),
        models.Partner(name="Anybody", key="public"),
        models.Partner(name="Old courier", key="courier-2017", enabled=False),
        models.Category(id=1, name="Lamps", slug="lamps"),
        models.Category(id=2, name="Chairs", slug="chairs", parent_id=1),
        models.TaxRate(category_id=1, percent=10),
        models.Supplier(id=1, name="Oak works", country="DE"),
        models.Supplier(id=2, name="Steel works", country="AT", active=False),
    ]
    for supplier_id in (1, 2):
        for role in ("sales", "billing"):
            email = f"{role}@supplier{supplier_id}.example.com"
            rows.append(models.SupplierContact(supplier_id=supplier_id, role=role, email=email))
        for standard in ("ISO 9001", "FSC", "CE"):
            rows.append(
                models.SupplierCertificate(
                    supplier_id=supplier_id, standard=standard, valid_until=date(2026, 1, 1)
                )
            )
    for number in range(1, 9):
        rows.append(
            models.Product(
                id=number,
                sku=f"SKU-{number}",
                name=f"Lamp {number}" if number <= 6 else f"Chair {number}",
                price_cents=1000 * number,
                weight_grams=500 * number,
                stock=10 * number - 8,
                active=number != 6,
                category_id=1 if number <= 6 else 2,
                supplier_id=1 + number % 2,
                created_at=PLACED,
                images=[
                    models.ProductImage(url=f"/media/{number}-{side}.webp", alt=side)
                    for side in ("front", "side")
                ],
                tags=[models.ProductTag(label=label) for label in ("new", "gift", "eco")],
                price_changes=[models.PriceChange(price_cents=900 * number, changed_at=PLACED)],
            )
        )
        if number != 3:
            rows.append(models.ShelfLocation(product_id=number, aisle="A1", shelf=number))
    for number in range(1, 6):
        rows.append(
            models.Customer(
                id=number,
                name=f"Customer {number}",
                email=f"customer{number}@example.com",
                city="Hamburg",
                country="DE" if number <= 3 else "FR",
                created_at=PLACED,
                addresses=[
                    models.Address(
                        line="Mill street 1", city="Hamburg", postcode="20095", country="DE"
                    )
                ]
                if number <= 2
                else [],
            )
        )
    statuses = ["pending", "paid", "shipped", "cancelled", "paid", "shipped"]
    for number, status in enumerate(statuses, start=1):
        rows.append(
            models.Order(
                id=number,
                number=f"SO-{number:07}",
                customer_id=1 + number % 3,
                status=status,
                total_cents=4000,
                placed_at=PLACED.replace(month=number),
                items=[
                    models.OrderItem(product_id=1, quantity=1, unit_price_cents=1000),
                    models.OrderItem(product_id=3, quantity=1, unit_price_cents=3000),
                ],
            )
        )
    for number in range(1, 13):
        rows.append(
            models.Review(
                id=number,
                product_id=1 + number % 4,
                customer_id=1 + number % 5,
                rating=1 + number % 5,
                title=f"Review {number}",
                created_at=PLACED,
            )
        )
        rows.append(
            models.StockMovement(
                id=number,
                product_id=1 + number % 4,
                quantity=number,
                reason="delivery",
                recorded_at=PLACED.replace(day=number),
            )
        )
    return rows


@pytest.fixture(scope="session", autouse=True)
def database() -> None:
    config = Config()
    migrations = Path(__file__).parent.parent / "migrations"
    config.set_main_option("script_location", str(migrations))
    command.upgrade(config, "head")
    with ReportSessionFactory() as session:
        for row in sample_rows():
            session.add(row)
            session.flush()
        session.commit()


@pytest.fixture(scope="session")
async def client(anyio_backend: str, database: None) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as client:
        yield client
    await dispose_engines()
    _directory.cleanup()


async def _login(client: httpx.AsyncClient, name: str) -> dict[str, str]:
    form = {"username": f"{name}@example.com", "password": f"{name}-password"}
    response = await client.post("/login", data=form)
    assert response.status_code == 200
    return {"Authorization": f"Bearer {response.json()['access_token']}"}


@pytest.fixture(scope="session")
async def admin(client: httpx.AsyncClient) -> dict[str, str]:
    return await _login(client, "admin")


@pytest.fixture(scope="session")
async def sales(client: httpx.AsyncClient) -> dict[str, str]:
    return await _login(client, "sales")
