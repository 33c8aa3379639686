from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from shop.models import TaxRate

STANDARD_PERCENT = 20


async def percent_for(session: AsyncSession, category_id: int) -> int:
    percent = await session.scalar(
        select(TaxRate.percent).where(TaxRate.category_id == category_id)
    )
    return STANDARD_PERCENT if percent is None else percent
