from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from shop.api import (
    admin,
    auth,
    categories,
    customers,
    health,
    legacy,
    orders,
    products,
    reports,
    reviews,
    shipping,
    stock,
    suppliers,
)
from shop.core.database import dispose_engines
from shop.middleware import SecurityHeadersMiddleware, VersionHeaderMiddleware

VERSION = "1.4.0"
ROUTERS = (
    health,
    auth,
    categories,
    products,
    suppliers,
    customers,
    orders,
    reviews,
    stock,
    shipping,
    legacy,
    reports,
    admin,
)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    await dispose_engines()


def create_app() -> FastAPI:
    app = FastAPI(title="Shop", version=VERSION, lifespan=lifespan)
    app.add_middleware(VersionHeaderMiddleware, version=VERSION)
    app.add_middleware(SecurityHeadersMiddleware)
    for module in ROUTERS:
        app.include_router(module.router)
    return app


app = create_app()
