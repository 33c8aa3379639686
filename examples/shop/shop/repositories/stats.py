from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from shop.models import Customer, Order, OrderStatus, Review
from shop.schemas.reports import ShopStats


async def collect_stats(session: AsyncSession) -> ShopStats:
    customers = await session.execute(select(Customer.id))
    open_orders = await session.execute(
        select(Order.id).where(Order.status.in_([OrderStatus.PENDING, OrderStatus.PAID]))
    )
    reviews = await session.execute(select(Review.id))
    low_ratings = await session.execute(select(Review.id).where(Review.rating <= 2))
    return ShopStats(
        customers=len(customers.all()),
        open_orders=len(open_orders.all()),
        reviews=len(reviews.all()),
        low_ratings=len(low_ratings.all()),
    )
