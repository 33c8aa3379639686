from collections.abc import AsyncIterator, Iterator

from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session, sessionmaker

from shop.core.config import get_settings

engine = create_async_engine(get_settings().database_url)
SessionFactory = async_sessionmaker(engine, expire_on_commit=False)

# Reports and the legacy warehouse endpoints predate the async rewrite.
report_engine = create_engine(get_settings().sync_database_url)
ReportSessionFactory = sessionmaker(report_engine)


async def get_session() -> AsyncIterator[AsyncSession]:
    async with SessionFactory() as session:
        yield session


def get_report_session() -> Iterator[Session]:
    with ReportSessionFactory() as session:
        yield session


async def dispose_engines() -> None:
    await engine.dispose()
    report_engine.dispose()
