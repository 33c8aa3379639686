from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from shop.models import Review


async def reviews_of_product(
    session: AsyncSession, product_id: int, limit: int
) -> Sequence[Review]:
    statement = (
        select(Review).where(Review.product_id == product_id).order_by(Review.id).limit(limit)
    )
    return (await session.scalars(statement)).all()


async def reviews_of_customer(
    session: AsyncSession, customer_id: int, limit: int
) -> Sequence[Review]:
    statement = (
        select(Review).where(Review.customer_id == customer_id).order_by(Review.id).limit(limit)
    )
    return (await session.scalars(statement)).all()
