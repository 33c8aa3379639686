from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from shop.models import User


async def find_by_email(session: AsyncSession, email: str) -> User | None:
    return await session.scalar(select(User).where(User.email == email))


async def list_users(session: AsyncSession, limit: int) -> Sequence[User]:
    return (await session.scalars(select(User).order_by(User.id).limit(limit))).all()
