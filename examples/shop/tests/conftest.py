import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config

# The settings are read when the shop is imported, so they come first.
_directory = tempfile.TemporaryDirectory(prefix="shop-tests-")
_database = Path(_directory.name) / "test.db"
os.environ["SHOP_DATABASE_URL"] = f"sqlite+aiosqlite:///{_database}"
os.environ["SHOP_ARGON2_TIME_COST"] = "1"
os.environ["SHOP_ARGON2_MEMORY_KIB"] = "1024"

import httpx

from shop.core.database import ReportSessionFactory, dispose_engines
from shop.main import app
from tests.samples import sample_rows


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
def database() -> None:
    config = Config()
    migrations = Path(__file__).parent.parent / "migrations"
    config.set_main_option("script_location", str(migrations))
    command.upgrade(config, "head")
    with ReportSessionFactory() as session:
        for row in sample_rows():
            session.add(row)
            session.flush()
        session.commit()


@pytest.fixture(scope="session")
async def client(anyio_backend: str, database: None) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as client:
        yield client
    await dispose_engines()
    _directory.cleanup()


async def _login(client: httpx.AsyncClient, name: str) -> dict[str, str]:
    form = {"username": f"{name}@example.com", "password": f"{name}-password"}
    response = await client.post("/login", data=form)
    assert response.status_code == 200
    return {"Authorization": f"Bearer {response.json()['access_token']}"}


@pytest.fixture(scope="session")
async def admin(client: httpx.AsyncClient) -> dict[str, str]:
    return await _login(client, "admin")


@pytest.fixture(scope="session")
async def sales(client: httpx.AsyncClient) -> dict[str, str]:
    return await _login(client, "sales")
