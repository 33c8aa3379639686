"""Routes that an application registers only when it starts, with the dependencies that they then have."""

from __future__ import annotations

import asyncio
import warnings
from pathlib import Path
from typing import Any

import pytest

from strop.project.difference import differences
from tests.declared.readers import application, declared, imported, write

API = """
    from fastapi import APIRouter, Depends, FastAPI, Header

    class Users:
        def __init__(self, table):
            self.table = table

    def init_users(app, users):
        async def current_user(token: str = Header()):
            return users.table[token]

        @app.get("/me")
        async def me(user=Depends(current_user)):
            return user

        return current_user

    def init_orders(app, user_dep):
        router = APIRouter(prefix="/orders", dependencies=[Depends(user_dep)])

        @router.get("/{order_id}")
        async def order(order_id: int):
            return order_id

        @router.websocket("/live")
        async def live(socket):
            await socket.accept()

        app.include_router(router)

    def init(app: FastAPI):
        inner = APIRouter()
        user_dep = init_users(inner, Users({}))
        init_orders(inner, user_dep)
        app.include_router(inner, prefix="/api")
"""
STARTS = {
    "event": """
        from fastapi import FastAPI
        from api import init

        app = FastAPI()

        def main():
            init(app)

        @app.on_event("startup")
        async def startup():
            main()
    """,
    "handler": """
        from fastapi import FastAPI
        from api import init

        async def startup():
            init(app)

        app = FastAPI(on_startup=[startup])
    """,
    "lifespan": """
        from contextlib import asynccontextmanager
        from fastapi import FastAPI
        from api import init

        @asynccontextmanager
        async def lifespan(application: FastAPI):
            init(application)
            try:
                yield
            finally:
                print("stopped")

        def create_app() -> FastAPI:
            return FastAPI(lifespan=lifespan)

        app = create_app()
    """,
    "mounted": """
        from contextlib import asynccontextmanager
        from fastapi import FastAPI
        from api import init

        @asynccontextmanager
        async def lifespan(application: FastAPI):
            init(application)
            yield

        @asynccontextmanager
        async def never_run(application: FastAPI):
            application.add_api_route("/never", lambda: None)
            yield

        inner = FastAPI(lifespan=never_run)
        app = FastAPI(lifespan=lifespan)
        app.mount("/inner", inner)
    """,
}


async def started(app: Any) -> None:
    """Start the application, and stop it again."""
    async with app.router.lifespan_context(app):
        pass


@pytest.mark.parametrize("start", STARTS)
def test_routes_of_the_start_are_those_of_the_started_application(
    start: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, {"api.py": API, "main.py": STARTS[start]})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # `on_event` is deprecated; applications use it
        app = application(tmp_path, "main:app", monkeypatch)
        asyncio.run(started(app))
        theirs = imported(tmp_path, app)
    ours = declared(tmp_path)
    found = [str(each) for each in differences(theirs, ours)]
    assert not found, "\n".join(found)
    order = next(r for r in ours.routes if r.path == "/api/orders/{order_id}")
    assert [d.name for d in order.dependencies] == ["api:init_users.<locals>.current_user"]
    assert not order.uncertain
