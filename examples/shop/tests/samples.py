"""The rows that every test finds in its database."""

from datetime import date, datetime

from shop import models
from shop.core.security import hash_password

PLACED = datetime(2024, 3, 1, 12, 0)


def sample_rows() -> list[models.Base]:
    """In the order in which they can be inserted."""
    return [
        *accounts(),
        *categories_and_suppliers(),
        *products(),
        *customers(),
        *orders(),
        *reviews_and_movements(),
    ]


def accounts() -> list[models.Base]:
    return [
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
    ]


def categories_and_suppliers() -> list[models.Base]:
    rows: list[models.Base] = [
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
    return rows


def products() -> list[models.Base]:
    rows: list[models.Base] = []
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
    return rows


def customers() -> list[models.Base]:
    rows: list[models.Base] = []
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
    return rows


def orders() -> list[models.Base]:
    rows: list[models.Base] = []
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
    return rows


def reviews_and_movements() -> list[models.Base]:
    rows: list[models.Base] = []
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
