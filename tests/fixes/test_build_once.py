from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.fixes.check import Case, check_noop, check_transformed

FACTORY = """
    from app.config import Settings


    def get_settings() -> Settings:
        \"\"\"What the environment says.\"\"\"
        return Settings()
"""


def case(folder: Path, source: str, at: str, name: str = "Settings", **files: str) -> Case:
    return Case(
        folder,
        "build_once",
        {"app/deps.py": source, **{f"app/{key}.py": text for key, text in files.items()}},
        facts={"kind": "settings", "name": name, "function": ""},
        at=at,
    )


def test_a_factory_is_cached(tmp_path: Path) -> None:
    after = FACTORY.replace("from app", "from functools import lru_cache\n\n    from app").replace(
        "    def get", "    @lru_cache\n    def get"
    )
    check_transformed(case(tmp_path, FACTORY, "Settings()"), "cached-factory", app_deps=after)


def test_an_import_that_is_there_is_used(tmp_path: Path) -> None:
    source = FACTORY.replace("from app", "import functools\n\n    from app").replace(
        "()", "(debug: bool = False)", 1
    )
    after = source.replace("    def get", "    @functools.lru_cache\n    def get")
    check_transformed(case(tmp_path, source, "Settings()"), "cached-factory", app_deps=after)


def test_what_a_handler_builds_moves_to_a_cached_function(tmp_path: Path) -> None:
    source = """
    from functools import lru_cache

    from fastapi import APIRouter

    from app.config import PriceSettings

    router = APIRouter()


    @router.get("/")
    def home() -> str:
        settings = PriceSettings(_env_file=".env")  # read again and again
        return settings.name
    """
    after = source.replace(
        '    @router.get("/")',
        "    @lru_cache\n    def _price_settings() -> PriceSettings:\n"
        '        return PriceSettings(_env_file=".env")\n\n\n    @router.get("/")',
    ).replace('settings = PriceSettings(_env_file=".env")', "settings = _price_settings()")
    check_transformed(
        case(tmp_path, source, "settings =", "PriceSettings"), "cached-function", app_deps=after
    )


READY = """
    from sqlalchemy import text
    from sqlalchemy.ext.asyncio import create_async_engine

    from app.deps import SettingsDep


    async def ready(settings: SettingsDep) -> dict[str, str]:
        engine = create_async_engine(settings.database_url)
        try:
            async with engine.connect() as connection:
                await connection.execute(text("SELECT 1"))
        except ValueError as error:
            raise Broken from error
        finally:
            await engine.dispose()
        return {"status": "ready"}
"""
DATABASE = "from app.config import get\n\nengine = create_async_engine(get().database_url)\n"


def test_an_engine_of_its_own_gives_way_to_the_shared_one(tmp_path: Path) -> None:
    after = """
    from sqlalchemy import text

    from app.database import engine
    from app.deps import SettingsDep


    async def ready(settings: SettingsDep) -> dict[str, str]:
        try:
            async with engine.connect() as connection:
                await connection.execute(text("SELECT 1"))
        except ValueError as error:
            raise Broken from error
        return {"status": "ready"}
    """
    made = case(tmp_path, READY, "engine = ", "create_async_engine", database=DATABASE)
    check_transformed(made, "shared-engine", app_deps=after)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("def get_settings()", "async def get_settings()", "async"),
        ("    def get", "    @inject\n    def get", "decorated"),
        ("get_settings()", "get_settings(request: Request)", "hashable"),
        ("get_settings()", "get_settings(names: list[str])", "hashable"),
        ("get_settings()", "get_settings(*names: str)", "hashable"),
        ("get_settings()", "get_settings(name)", "hashable"),
        ("return Settings()", "x = 1\n        return Settings(x)", "constants"),
    ],
)
def test_no_change_of_a_factory(tmp_path: Path, old: str, new: str, reason: str) -> None:
    check_noop(case(tmp_path, FACTORY.replace(old, new), "Settings("), reason=reason)


@pytest.mark.parametrize(
    ("use", "reason"),
    [
        ("async def f():\n    async with get_settings() as s:\n        pass", "how to close"),
        ("get_settings().close()", "closes"),
        ("def f():\n    client = get_settings()\n    client.aclose()", "lifespan"),
        ("def f(settings):\n    settings.debug = True", "changes settings.debug"),
    ],
)
def test_what_somebody_closes_or_changes_is_not_shared(tmp_path: Path, use: str, reason: str) -> None:
    use = f"from app.deps import get_settings\n\n\n{use}\n"
    check_noop(case(tmp_path, FACTORY, "Settings()", uses=use), reason=reason)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("async with Client() as client:\n        pass", "how to close"),
        ("x = Client(); x.close()", "lifespan"),
        ("Client().close()", "closed"),
        ("x = Client(url)", "not constants"),
        ("x = await Client()", "awaited"),
        ("_client = Client()", "already"),
    ],
)
def test_no_change_of_what_a_handler_builds(tmp_path: Path, line: str, reason: str) -> None:
    source = f"async def home(url):\n    {line}\n    return 1\n"
    check_noop(case(tmp_path, source, "Client(", "Client"), reason=reason)


@pytest.mark.parametrize(
    ("database", "reason"),
    [
        ("engine = create_async_engine(get().other_url)\n", "no module-level engine"),
        ("engine = create_engine(get().database_url)\n", "no module-level engine"),
        (DATABASE + "other = create_async_engine(get().database_url)\n", "no module-level engine"),
    ],
)
def test_no_engine_to_share(tmp_path: Path, database: str, reason: str) -> None:
    made: Any = case(tmp_path, READY, "engine = ", "create_async_engine", database=database)
    check_noop(made, reason=reason)


def test_what_a_module_builds_is_built_once(tmp_path: Path) -> None:
    check_noop(case(tmp_path, "settings = Settings()\n", "Settings()"), reason="once")


CLIENTS = """
    import httpx

    from app.config import LIMIT


    def rates_client() -> httpx.AsyncClient:
        return httpx.AsyncClient(timeout=LIMIT)


    async def rate_of(currency: str) -> float:
        async with rates_client() as client:  # one for each request
            # the sandbox
            answer = await client.get(
                f"/{currency}",
            )

            answer.raise_for_status()
        return answer.json()
"""
MAIN = """
    from contextlib import asynccontextmanager

    from fastapi import FastAPI

    from app.database import dispose


    @asynccontextmanager
    async def lifespan(app: FastAPI):
        app.state.ready = True
        yield
        await dispose()


    app = FastAPI(lifespan=lifespan)
"""
MAIN_AFTER = MAIN.replace(
    "import dispose\n", "import dispose\n    from app.deps import rates_client\n"
).replace("yield\n", "yield\n        await rates_client().aclose()\n        rates_client.cache_clear()\n")


def test_a_client_is_closed_by_the_lifespan(tmp_path: Path) -> None:
    after = """
    from functools import lru_cache

    import httpx

    from app.config import LIMIT


    @lru_cache
    def rates_client() -> httpx.AsyncClient:
        return httpx.AsyncClient(timeout=LIMIT)


    async def rate_of(currency: str) -> float:
        client = rates_client()
        # the sandbox
        answer = await client.get(
            f"/{currency}",
        )

        answer.raise_for_status()
        return answer.json()
    """
    made = case(tmp_path, CLIENTS, "httpx.AsyncClient(", "AsyncClient", main=MAIN)
    check_transformed(made, "lifespan", app_deps=after, app_main=MAIN_AFTER)


def test_a_client_of_a_handler_moves_to_a_cached_function(tmp_path: Path) -> None:
    source = """
    import httpx


    async def rate_of(currency: str) -> float:
        async with httpx.AsyncClient(timeout=5) as client:
            answer = await client.get("/")
        return answer.json()
    """
    after = """
    from functools import lru_cache

    import httpx


    @lru_cache
    def _async_client() -> httpx.AsyncClient:
        return httpx.AsyncClient(timeout=5)


    async def rate_of(currency: str) -> float:
        client = _async_client()
        answer = await client.get("/")
        return answer.json()
    """
    main = MAIN_AFTER.replace("rates_client", "_async_client")
    made = case(tmp_path, source, "httpx.AsyncClient(", "AsyncClient", main=MAIN)
    check_transformed(made, "lifespan", app_deps=after, app_main=main)


@pytest.mark.parametrize(
    ("file", "old", "new", "reason"),
    [
        ("main", "lifespan=lifespan", "", "no lifespan"),
        (
            "main",
            "        yield",
            "        try:\n            yield\n        finally:\n            pass",
            "yield once",
        ),
        ("main", "@asynccontextmanager", "@mine", "yield once"),
        ("deps", " as client", "", "undone"),
        ("deps", "rates_client() as", "rates_client(1) as", "several"),
        ("deps", "# the sandbox", 'text = """\n            sandbox"""', "several lines"),
        ("deps", "rates_client() as client", "rates_client() as client, other() as x", "undone"),
        ("deps", "httpx.AsyncClient(", "httpx.Pool(", "how to close"),
    ],
)
def test_no_lifespan(tmp_path: Path, file: str, old: str, new: str, reason: str) -> None:
    texts = {"main": MAIN, "deps": CLIENTS}
    assert old in texts[file]
    texts[file] = texts[file].replace(old, new)
    name = "Pool" if "Pool" in new else "AsyncClient"
    made = case(tmp_path, texts["deps"], f"httpx.{name}(", name, main=texts["main"])
    check_noop(made, reason=reason)
