"""Fills the database with a shop of two years. The same rows on every run.

python -m shop.seed            writes ./shop.db anew
python -m shop.seed --reset    the same for a database server
"""

import argparse
import random
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Table, create_engine, func, insert, inspect, select, text

from shop.core.config import get_settings
from shop.core.security import hash_password
from shop.models import (
    Address,
    Base,
    Category,
    Customer,
    Order,
    OrderItem,
    OrderStatus,
    Partner,
    Payment,
    PriceChange,
    Product,
    ProductImage,
    ProductTag,
    Review,
    ShelfLocation,
    StockMovement,
    Supplier,
    SupplierCertificate,
    SupplierContact,
    TaxRate,
    User,
)

Row = dict[str, Any]

START = datetime(2023, 1, 1, 8, 0)
MINUTES = 2 * 365 * 24 * 60
CATEGORIES = 40
SUPPLIERS = 60
PRODUCTS = 1_500
CUSTOMERS = 4_000
ORDERS = 12_000
REVIEWS = 60_000
MOVEMENTS = 60_000

CITIES = [
    ("Vienna", "AT"), ("Antwerp", "BE"), ("Basel", "CH"), ("Brno", "CZ"), ("Hamburg", "DE"),
    ("Leipzig", "DE"), ("Aarhus", "DK"), ("Tartu", "EE"), ("Bilbao", "ES"), ("Turku", "FI"),
    ("Lyon", "FR"), ("Nantes", "FR"), ("Cork", "IE"), ("Bologna", "IT"), ("Utrecht", "NL"),
    ("Porto", "PT"), ("Malmö", "SE"), ("Maribor", "SI"),
]  # fmt: skip
KINDS = ["lamp", "chair", "desk", "shelf", "kettle", "blanket", "clock", "vase", "stool", "tray"]
STYLES = ["oak", "steel", "linen", "glass", "walnut", "cork", "brass", "wool", "ceramic", "paper"]
TAGS = ["new", "sale", "eco", "gift", "outdoor", "handmade", "limited", "classic"]
WORDS = (
    "solid arrived quickly colour lovely scratched as described again size fits our kitchen bit "
    "smaller than expected great"
).split()
STATUSES = [OrderStatus.PENDING, OrderStatus.PAID, OrderStatus.SHIPPED, OrderStatus.CANCELLED]


class ShopMaker:
    """Rows of every table, in the order in which they can be inserted."""

    def __init__(self) -> None:
        self.random = random.Random(20230101)
        self.prices: list[int] = [0]

    def moment(self) -> datetime:
        return START + timedelta(minutes=self.random.randrange(MINUTES))

    def tables(self) -> Iterator[tuple[type[Base], Iterable[Row]]]:
        yield User, self.users()
        yield Partner, self.partners()
        yield Category, self.categories()
        yield TaxRate, self.tax_rates()
        yield Supplier, self.suppliers()
        yield SupplierContact, self.supplier_contacts()
        yield SupplierCertificate, self.supplier_certificates()
        yield Product, self.products()
        yield ProductImage, self.product_images()
        yield ProductTag, self.product_tags()
        yield PriceChange, self.price_changes()
        yield ShelfLocation, self.shelf_locations()
        yield Customer, self.customers()
        yield Address, self.addresses()
        orders, items, payments = self.sales()
        yield Order, orders
        yield OrderItem, items
        yield Payment, payments
        yield Review, self.reviews()
        yield StockMovement, self.stock_movements()

    def users(self) -> Iterator[Row]:
        for name in ("admin", "sales", "warehouse"):
            salt = f"shop-seed-{name}".ljust(16, "-").encode()[:16]
            yield {
                "email": f"{name}@example.com",
                "password_hash": hash_password(f"{name}-password", salt=salt),
                "is_admin": name == "admin",
                "created_at": START,
            }

    def partners(self) -> Iterator[Row]:
        yield {"name": "Anybody", "key": "public", "enabled": True}
        yield {"name": "Warehouse", "key": "warehouse-2019", "enabled": True}
        yield {"name": "Old courier", "key": "courier-2017", "enabled": False}

    def categories(self) -> Iterator[Row]:
        for number in range(1, CATEGORIES + 1):
            name = f"{STYLES[number % 10]} {KINDS[number // 4 % 10]}s".capitalize()
            yield {
                "name": name,
                "slug": f"{name.lower().replace(' ', '-')}-{number}",
                "parent_id": None if number <= 8 else (number - 1) % 8 + 1,
            }

    def tax_rates(self) -> Iterator[Row]:
        for number in range(1, CATEGORIES + 1, 2):
            yield {"category_id": number, "percent": self.random.choice([5, 7, 10, 19])}

    def suppliers(self) -> Iterator[Row]:
        for number in range(1, SUPPLIERS + 1):
            city, country = self.random.choice(CITIES)
            yield {
                "name": f"{city} {self.random.choice(STYLES)} works {number}",
                "country": country,
                "active": number % 9 != 0,
            }

    def supplier_contacts(self) -> Iterator[Row]:
        for number in range(1, SUPPLIERS + 1):
            for role in ("sales", "billing", "quality", "logistics"):
                yield {
                    "supplier_id": number,
                    "role": role,
                    "email": f"{role}@supplier{number}.example.com",
                }

    def supplier_certificates(self) -> Iterator[Row]:
        for number in range(1, SUPPLIERS + 1):
            for standard in ("ISO 9001", "ISO 14001", "FSC", "SA8000", "CE", "OEKO-TEX"):
                valid_until = date(2025, 1, 1) + timedelta(days=self.random.randrange(1000))
                yield {
                    "supplier_id": number,
                    "standard": standard,
                    "valid_until": valid_until,
                }

    def products(self) -> Iterator[Row]:
        for number in range(1, PRODUCTS + 1):
            style, kind = self.random.choice(STYLES), self.random.choice(KINDS)
            price = self.random.randrange(490, 49_900, 10)
            self.prices.append(price)
            yield {
                "sku": f"SKU-{number:05}",
                "name": f"{style} {kind} no. {number}".capitalize(),
                "description": f"A {kind} of {style}. " + "Made to last. " * (number % 5),
                "price_cents": price,
                "weight_grams": self.random.randrange(80, 40_000, 20),
                "stock": self.random.randrange(200),
                "active": number % 17 != 0,
                "category_id": self.random.randint(1, CATEGORIES),
                "supplier_id": self.random.randint(1, SUPPLIERS),
                "created_at": self.moment(),
            }

    def product_images(self) -> Iterator[Row]:
        for number in range(1, PRODUCTS + 1):
            for side in ("front", "side", "back", "detail", "room", "parcel"):
                yield {
                    "product_id": number,
                    "url": f"/media/{number:05}-{side}.webp",
                    "alt": f"{side} view",
                }

    def product_tags(self) -> Iterator[Row]:
        for number in range(1, PRODUCTS + 1):
            for label in self.random.sample(TAGS, 5):
                yield {"product_id": number, "label": label}

    def price_changes(self) -> Iterator[Row]:
        for number in range(1, PRODUCTS + 1):
            for step in range(12):
                factor = self.random.randint(80, 120)
                yield {
                    "product_id": number,
                    "price_cents": self.prices[number] * factor // 100,
                    "changed_at": START + timedelta(days=60 * step, minutes=number),
                }

    def shelf_locations(self) -> Iterator[Row]:
        for number in range(1, PRODUCTS + 1):
            if number % 25:
                aisle = f"{'ABCDEFGH'[number % 8]}{number % 30}"
                yield {"product_id": number, "aisle": aisle, "shelf": number % 12 + 1}

    def customers(self) -> Iterator[Row]:
        for number in range(1, CUSTOMERS + 1):
            city, country = self.random.choice(CITIES)
            yield {
                "name": f"Customer {number:05}",
                "email": f"customer{number}@example.com",
                "city": city,
                "country": country,
                "created_at": self.moment(),
            }

    def addresses(self) -> Iterator[Row]:
        for number in range(1, CUSTOMERS + 1):
            for _ in range(1 + number % 2):
                city, country = self.random.choice(CITIES)
                yield {
                    "customer_id": number,
                    "line": f"{self.random.choice(WORDS).capitalize()} street {number % 120 + 1}",
                    "city": city,
                    "postcode": f"{self.random.randrange(1000, 99999):05}",
                    "country": country,
                }

    def sales(self) -> tuple[list[Row], list[Row], list[Row]]:
        orders: list[Row] = []
        items: list[Row] = []
        payments: list[Row] = []
        for number in range(1, ORDERS + 1):
            placed_at = self.moment()
            status = self.random.choices(STATUSES, weights=[1, 2, 16, 1])[0]
            total = 0
            for product_id in self.random.sample(range(1, PRODUCTS + 1), 2 + number % 4):
                quantity = self.random.randint(1, 4)
                price = self.prices[product_id]
                total += quantity * price
                items.append(
                    {
                        "order_id": number,
                        "product_id": product_id,
                        "quantity": quantity,
                        "unit_price_cents": price,
                    }
                )
            orders.append(
                {
                    "number": f"SO-{number:07}",
                    "customer_id": self.random.randint(1, CUSTOMERS),
                    "status": status,
                    "total_cents": total,
                    "placed_at": placed_at,
                }
            )
            if status in (OrderStatus.PAID, OrderStatus.SHIPPED):
                payments.append(
                    {
                        "order_id": number,
                        "method": self.random.choice(["card", "transfer", "invoice"]),
                        "amount_cents": total,
                        "paid_at": placed_at + timedelta(hours=number % 48),
                    }
                )
        return orders, items, payments

    def reviews(self) -> Iterator[Row]:
        for _ in range(REVIEWS):
            words = self.random.choices(WORDS, k=8)
            yield {
                "product_id": self.random.randint(1, PRODUCTS),
                "customer_id": self.random.randint(1, CUSTOMERS),
                "rating": self.random.choice([1, 2, 3, 4, 4, 5, 5, 5]),
                "title": f"{words[0]} {words[1]}".capitalize(),
                "body": " ".join(words).capitalize() + ".",
                "created_at": self.moment(),
            }

    def stock_movements(self) -> Iterator[Row]:
        for _ in range(MOVEMENTS):
            yield {
                "product_id": self.random.randint(1, PRODUCTS),
                "quantity": self.random.randint(-20, 60),
                "reason": self.random.choice(["sale", "delivery", "count", "damage"]),
                "recorded_at": self.moment(),
            }


def migrate() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent.parent / "migrations"))
    command.upgrade(config, "head")


def advance_sequence(connection: Connection, table: Table) -> None:
    """Rows with given ids don't move the sequences of PostgreSQL."""
    highest = connection.scalar(select(func.max(table.c.id)))
    connection.execute(
        text("SELECT setval(pg_get_serial_sequence(:name, 'id'), :highest)"),
        {"name": table.name, "highest": highest},
    )


def fill(connection: Connection) -> int:
    written = 0
    for model, rows in ShopMaker().tables():
        batch = [{"id": number, **row} for number, row in enumerate(rows, start=1)]
        connection.execute(insert(model.__table__), batch)
        if connection.dialect.name == "postgresql":
            advance_sequence(connection, model.__table__)
        written += len(batch)
    return written


def seed(*, reset: bool = False) -> int:
    engine = create_engine(get_settings().sync_database_url)
    try:
        if engine.dialect.name == "sqlite" and engine.url.database:
            Path(engine.url.database).unlink(missing_ok=True)
        elif inspect(engine).has_table("users"):
            if not reset:
                raise SystemExit("The database has tables already; --reset replaces them.")
            Base.metadata.drop_all(engine)
            with engine.begin() as connection:
                connection.execute(text("DROP TABLE IF EXISTS alembic_version"))
        migrate()
        with engine.begin() as connection:
            return fill(connection)
    finally:
        engine.dispose()


def main() -> None:
    parser = argparse.ArgumentParser(description="Fill the database with sample data.")
    parser.add_argument("--reset", action="store_true", help="replace what a server holds")
    written = seed(reset=parser.parse_args().reset)
    print(f"{written} rows written")


if __name__ == "__main__":
    main()
