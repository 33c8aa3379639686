from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from shop.models import Category, Order, OrderItem, OrderStatus, Product
from shop.schemas.common import Page


async def list_products(
    session: AsyncSession, page: Page, *, category_id: int | None = None, search: str | None = None
) -> tuple[int, Sequence[Product]]:
    conditions = [Product.active]
    if category_id is not None:
        conditions.append(Product.category_id == category_id)
    if search:
        conditions.append(Product.name.icontains(search, autoescape=True))
    total = await session.scalar(select(func.count(Product.id)).where(*conditions))
    products = await session.scalars(
        select(Product)
        .where(*conditions)
        .options(joinedload(Product.supplier).raiseload("*"))
        .order_by(Product.id)
        .limit(page.limit)
        .offset(page.offset)
    )
    return total or 0, products.all()


async def get_product_detail(session: AsyncSession, product_id: int) -> Product | None:
    statement = (
        select(Product)
        .where(Product.id == product_id)
        .options(
            joinedload(Product.images),
            joinedload(Product.tags),
            joinedload(Product.price_changes),
        )
    )
    return (await session.scalars(statement)).unique().one_or_none()


async def find_by_sku(session: AsyncSession, sku: str) -> Product | None:
    return await session.scalar(select(Product).where(Product.sku == sku))


async def count_in_category(session: AsyncSession, category: Category, *, active: bool) -> int:
    statement = select(func.count(Product.id)).where(
        Product.category_id == category.id, Product.active == active
    )
    return await session.scalar(statement) or 0


async def sold_in_category(
    session: AsyncSession, category_id: int, limit: int
) -> Sequence[tuple[int, int]]:
    """Product ids of a category with the quantity sold, best first."""
    sold = func.sum(OrderItem.quantity)
    rows = await session.execute(
        select(OrderItem.product_id, sold)
        .join(Product, Product.id == OrderItem.product_id)
        .join(Order, Order.id == OrderItem.order_id)
        .where(Product.category_id == category_id, Order.status != OrderStatus.CANCELLED)
        .group_by(OrderItem.product_id)
        .order_by(sold.desc(), OrderItem.product_id)
        .limit(limit)
    )
    return [(product_id, int(quantity)) for product_id, quantity in rows]


async def map_by_sku(session: AsyncSession, skus: Sequence[str]) -> dict[str, Product]:
    found = await session.scalars(select(Product).where(Product.sku.in_(skus)))
    return {product.sku: product for product in found}
