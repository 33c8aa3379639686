from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from shop.core.config import PricingSettings
from shop.models import PriceChange, Product
from shop.repositories import products
from shop.schemas.catalogue import (
    Bestseller,
    ImportResult,
    PriceUpdate,
    ProductDetail,
    ProductIn,
    ProductListed,
    ProductOut,
    ProductPatch,
)
from shop.services.money import format_money

BATCH_SIZE = 500


def listed(product: Product, pricing: PricingSettings, locale: str) -> ProductListed:
    return ProductListed(
        **ProductOut.model_validate(product).model_dump(),
        price=format_money(product.price_cents, pricing.currency, locale),
        supplier=product.supplier.name,
    )


def detailed(product: Product) -> ProductDetail:
    return ProductDetail(
        **ProductOut.model_validate(product).model_dump(),
        description=product.description,
        created_at=product.created_at,
        images=product.images,
        tags=[tag.label for tag in product.tags],
        price_changes=product.price_changes,
    )


async def bestsellers(session: AsyncSession, category_id: int, limit: int) -> list[Bestseller]:
    ranking = []
    for product_id, sold in await products.sold_in_category(session, category_id, limit):
        product = await session.get(Product, product_id)
        if product is None:
            continue
        ranking.append(
            Bestseller(product_id=product.id, sku=product.sku, name=product.name, sold=sold)
        )
    return ranking


def apply_patch(product: Product, patch: ProductPatch) -> PriceChange | None:
    """Changes the product; a new price also gives a line of its history."""
    old_price = product.price_cents
    for name, value in patch.model_dump(exclude_unset=True, exclude_none=True).items():
        setattr(product, name, value)
    if product.price_cents == old_price:
        return None
    return PriceChange(product_id=product.id, price_cents=product.price_cents)


async def import_products(session: AsyncSession, rows: Sequence[ProductIn]) -> ImportResult:
    created = updated = 0
    for row in rows:
        product = await products.find_by_sku(session, row.sku)
        if product is None:
            session.add(Product(**row.model_dump()))
            created += 1
        else:
            for name, value in row.model_dump().items():
                setattr(product, name, value)
            updated += 1
        await session.commit()
    return ImportResult(created=created, updated=updated)


async def update_prices(session: AsyncSession, rows: Sequence[PriceUpdate]) -> ImportResult:
    """Price lists have up to 20,000 lines; batches keep the write lock short."""
    updated = skipped = 0
    for start in range(0, len(rows), BATCH_SIZE):
        batch = rows[start : start + BATCH_SIZE]
        found = await products.map_by_sku(session, [row.sku for row in batch])
        for row in batch:
            product = found.get(row.sku)
            if product is None or product.price_cents == row.price_cents:
                skipped += 1
                continue
            product.price_cents = row.price_cents
            session.add(PriceChange(product_id=product.id, price_cents=row.price_cents))
            updated += 1
        await session.commit()
    return ImportResult(created=0, updated=updated, skipped=skipped)
