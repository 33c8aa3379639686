from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload, selectinload

from shop.models import Order, OrderItem, OrderStatus
from shop.schemas.common import Page


async def list_orders(
    session: AsyncSession,
    page: Page,
    *,
    status: OrderStatus | None = None,
    customer_id: int | None = None,
) -> tuple[int, Sequence[Order]]:
    conditions = []
    if status is not None:
        conditions.append(Order.status == status)
    if customer_id is not None:
        conditions.append(Order.customer_id == customer_id)
    total = await session.scalar(select(func.count(Order.id)).where(*conditions))
    orders = await session.scalars(
        select(Order)
        .where(*conditions)
        .options(
            joinedload(Order.customer),
            selectinload(Order.items),
            selectinload(Order.payments),
        )
        .order_by(Order.placed_at.desc(), Order.id.desc())
        .limit(page.limit)
        .offset(page.offset)
    )
    return total or 0, orders.all()


async def get_order(session: AsyncSession, order_id: int) -> Order | None:
    return await session.scalar(
        select(Order)
        .where(Order.id == order_id)
        .options(selectinload(Order.items), selectinload(Order.payments))
    )


async def get_order_with_products(session: AsyncSession, order_id: int) -> Order | None:
    return await session.scalar(
        select(Order)
        .where(Order.id == order_id)
        .options(selectinload(Order.items).joinedload(OrderItem.product))
    )


async def oldest_paid(session: AsyncSession, limit: int) -> Sequence[Order]:
    """The orders that wait for the warehouse."""
    statement = (
        select(Order)
        .where(Order.status == OrderStatus.PAID)
        .options(selectinload(Order.items))
        .order_by(Order.placed_at, Order.id)
        .limit(limit)
    )
    return (await session.scalars(statement)).all()
