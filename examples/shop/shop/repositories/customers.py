from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from shop.models import Customer
from shop.schemas.common import Page


async def list_customers(
    session: AsyncSession, page: Page, *, country: str | None = None
) -> tuple[int, Sequence[Customer]]:
    statement = select(Customer).order_by(Customer.id)
    if country is not None:
        statement = statement.where(Customer.country == country)
    total = len((await session.scalars(statement)).all())
    customers = await session.scalars(statement.limit(page.limit).offset(page.offset))
    return total, customers.all()


async def directory(session: AsyncSession) -> Sequence[Customer]:
    return (await session.scalars(select(Customer).order_by(Customer.name, Customer.id))).all()


async def get_with_addresses(session: AsyncSession, customer_id: int) -> Customer | None:
    return await session.scalar(
        select(Customer).where(Customer.id == customer_id).options(selectinload(Customer.addresses))
    )


async def find_by_email(session: AsyncSession, email: str) -> Customer | None:
    return await session.scalar(select(Customer).where(Customer.email == email))
