from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from shop.models import ShelfLocation, StockMovement

UNKNOWN_SHELF = "receiving"


async def shelf_label(session: AsyncSession, product_id: int) -> str:
    location = await session.scalar(
        select(ShelfLocation).where(ShelfLocation.product_id == product_id)
    )
    if location is None:
        return UNKNOWN_SHELF
    return f"{location.aisle}-{location.shelf:02}"


async def movements_of(
    session: AsyncSession, product_id: int, limit: int
) -> Sequence[StockMovement]:
    statement = (
        select(StockMovement)
        .where(StockMovement.product_id == product_id)
        .order_by(StockMovement.id)
        .limit(limit)
    )
    return (await session.scalars(statement)).all()


async def recent_movements(session: AsyncSession, limit: int) -> Sequence[StockMovement]:
    statement = (
        select(StockMovement)
        .order_by(StockMovement.recorded_at.desc(), StockMovement.id.desc())
        .limit(limit)
    )
    return (await session.scalars(statement)).all()
