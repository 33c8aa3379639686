"""Small applications, one for each way in which code builds one. `main:app` is the application (`app()` a factory)."""

from __future__ import annotations

SHAPES: dict[str, dict[str, str]] = {}

SHAPES["one file"] = {
    "main.py": """
        from typing import Annotated, Optional, Union
        from fastapi import Depends, FastAPI, Response, status
        from fastapi.responses import HTMLResponse, PlainTextResponse
        from pydantic import BaseModel

        app = FastAPI(title="One", responses={404: {"description": "no"}})

        class Item(BaseModel):
            name: str

        def session():
            yield 1

        async def user(db=Depends(session)):
            return db

        @app.get("/items", tags=["items"])
        def list_items(db=Depends(session), who=Depends(user)) -> list[Item]:
            return []

        @app.post("/items", status_code=status.HTTP_201_CREATED, response_model=Item, response_model_exclude_none=True)
        async def make(item: Item, who: Annotated[int, Depends(user)]):
            return item

        @app.put("/items/{name}", response_model=None, deprecated=True, operation_id="put_it")
        async def put(name: str) -> Item | None: ...

        @app.delete("/items/{name}", status_code=204)
        async def drop(name: str) -> None: ...

        @app.get("/page", response_class=HTMLResponse, include_in_schema=False)
        async def page(): ...

        @app.get("/text")
        async def text() -> PlainTextResponse: ...

        @app.get("/raw")
        async def raw() -> Response: ...

        @app.get("/maybe")
        async def maybe() -> Optional[Item]: ...

        @app.get("/either")
        async def either() -> Union[Item, dict[str, int]]: ...

        @app.head("/head")
        def head(): ...

        @app.api_route("/both", methods=["POST", "GET"])
        def both(): ...
    """,
}

SHAPES["routers below routers"] = {
    "main.py": """
        from fastapi import Depends, FastAPI, Header
        from api import router as everything
        from api.deps import log, tenant

        app = FastAPI(dependencies=[Depends(log)])
        app.include_router(everything, prefix="/v1", tags=["v1"], dependencies=[Depends(tenant)])
        app.include_router(everything, prefix="/v2", include_in_schema=False)
    """,
    "api/__init__.py": """
        from fastapi import APIRouter
        from . import items
        from .users import router as users

        router = APIRouter(prefix="/api")
        router.include_router(items.router)
        router.include_router(users, prefix="/users", tags=["users"])
    """,
    "api/deps.py": """
        def log(): ...
        def tenant(): ...
        def admin(): ...
        def own(): ...
    """,
    "api/items.py": """
        from fastapi import APIRouter, Depends
        from .deps import admin, own

        router = APIRouter(prefix="/items", tags=["items"], dependencies=[Depends(admin)])

        @router.get("")
        def all_items(mine=Depends(own)): ...

        @router.post("/", dependencies=[Depends(own)])
        async def add_item(): ...
    """,
    "api/users.py": """
        from fastapi import APIRouter, Depends
        import api.deps

        router = APIRouter()

        @router.get("/me", dependencies=[Depends(api.deps.own), Depends(api.deps.log)])
        def me(): ...
    """,
}

SHAPES["factory with helpers"] = {
    "main.py": """
        from contextlib import asynccontextmanager
        from fastapi import APIRouter, FastAPI
        from setup import register, routes

        @asynccontextmanager
        async def lifespan(app: FastAPI):
            yield

        def create_app(testing: bool = False, prefix: str | None = None) -> FastAPI:
            if prefix is None:
                prefix = "/api"
            application = FastAPI(lifespan=lifespan, docs_url=None)
            register(application, prefix=prefix)
            if testing:
                @application.get("/test-only")
                def test_only(): ...

            @application.get("/health")
            def health(): ...

            for router in routes():
                application.include_router(router)
            return application

        app = create_app()
    """,
    "setup.py": """
        import parts

        def register(app, *, prefix):
            app.include_router(parts.first, prefix=prefix)
            _more(app, prefix)

        def _more(target, prefix, **options):
            options.setdefault("tags", ["more"])
            target.include_router(parts.second, prefix=f"{prefix}/second", **options)

        def routes():
            return [parts.make("a"), parts.make("b")]
    """,
    "parts.py": """
        from fastapi import APIRouter

        first, second = APIRouter(), APIRouter()

        @first.get("/first")
        def one(): ...

        @second.get("")
        def two(): ...

        def make(name: str) -> APIRouter:
            router = APIRouter(prefix=f"/{name}")

            @router.get("/made")
            async def made(): ...

            router.add_api_route("/added", made, methods=["POST"])
            return router
    """,
}

SHAPES["factory alone"] = {
    "main.py": """
        import fastapi

        def build():
            api = fastapi.FastAPI(openapi_url="/schema.json", redoc_url=None)
            @api.get("/")
            def root(): ...
            return api

        def app() -> fastapi.FastAPI:
            made = build()
            made.add_api_route("/more", lambda: 1)
            return made
    """,
}

SHAPES["loops over routers"] = {
    "main.py": """
        from fastapi import FastAPI
        import a, b
        from registry import NAMED

        app = FastAPI()
        for module in (a, b):
            app.include_router(module.router, prefix="/" + module.NAME)
        for name, router in NAMED.items():
            app.include_router(router, prefix=f"/named/{name}", tags=[name])
        [app.include_router(r, prefix="/again") for r in [m.router for m in (a, b)]]
        for prefix, router in zip(["/x", "/y"], [a.router, b.router]):
            app.include_router(router, prefix=prefix)
    """,
    "a.py": """
        from fastapi import APIRouter
        NAME = "a"
        router = APIRouter()
        @router.get("/one")
        def one(): ...
    """,
    "b.py": """
        from fastapi import APIRouter
        NAME = "b"
        router = APIRouter()
        @router.get("/two")
        def two(): ...
    """,
    "registry.py": """
        import a
        import b
        NAMED = {"first": a.router}
        NAMED["second"] = b.router
    """,
}

SHAPES["dependencies of every kind"] = {
    "main.py": """
        from functools import lru_cache, partial
        from typing import Annotated
        from fastapi import Depends, FastAPI, Security
        from aliases import AdminDep, DbDep, UserDep
        from deps import Checker, Filters, Page, allow, service, require, with_limit

        app = FastAPI()
        shared = Checker("shared")

        @app.get("/alias")
        def alias(db: DbDep, user: UserDep): ...

        @app.get("/admin")
        async def admin(who: AdminDep, again: UserDep): ...

        @app.get("/classes")
        def classes(page: Page = Depends(), filters: Annotated[Filters, Depends()] = None): ...

        @app.get("/callables", dependencies=[Depends(shared), Depends(Checker("own")), Depends(shared)])
        def callables(check: int = Depends(allow.check)): ...

        @app.get("/made", dependencies=[Depends(require("admin")), Depends(require("admin"))])
        def made(limited=Depends(with_limit(5)), inner=Depends(partial(service, "x")), plain=Depends(lambda: 1)): ...

        @app.get("/again")
        def again(one=Depends(require), two=Depends(require, use_cache=False), three=Depends(require)): ...
    """,
    "aliases.py": """
        from typing import Annotated
        from fastapi import Depends
        from deps import get_db, get_user, get_admin

        DbDep = Annotated[dict, Depends(get_db)]
        UserDep = Annotated[str, Depends(get_user)]
        AdminDep = Annotated[str, Depends(get_admin)]
    """,
    "deps.py": """
        from __future__ import annotations
        from typing import Annotated, AsyncIterator
        from fastapi import Depends, Request
        from functools import lru_cache

        async def get_db() -> AsyncIterator[dict]:
            yield {}

        def get_user(request: Request, db: Annotated[dict, Depends(get_db)]):
            return "u"

        async def get_admin(user: "Annotated[str, Depends(get_user)]", db=Depends(get_db)):
            return user

        class Page:
            def __init__(self, user: str = Depends(get_user), size: int = 10): ...

        class Filters:
            def __init__(self, page: Page = Depends(Page), q: str = ""): ...

        class Checker:
            def __init__(self, name: str) -> None:
                self.name = name

            async def __call__(self, user: str = Depends(get_user)):
                return self.name

            def check(self, db=Depends(get_db)):
                return 1

        allow = Checker("allow")

        @lru_cache
        def settings():
            return {}

        def service(name: str, config=Depends(settings)): ...

        def require(role: str = "any"):
            async def checked(user: str = Depends(get_user)):
                return user
            return checked

        def with_limit(limit: int):
            return lambda db=Depends(get_db): limit
    """,
}

SHAPES["security"] = {
    "main.py": """
        from typing import Annotated
        from fastapi import APIRouter, Depends, FastAPI, Security
        from fastapi.security import APIKeyHeader, HTTPBearer, OAuth2PasswordBearer, OAuth2PasswordRequestForm
        from fastapi.security import SecurityScopes, api_key

        app = FastAPI()
        oauth = OAuth2PasswordBearer(tokenUrl="token", scopes={"read": "r"})
        bearer = HTTPBearer(auto_error=False)
        key = APIKeyHeader(name="X-Key")

        class OwnBearer(HTTPBearer):
            async def __call__(self, request):
                return await super().__call__(request)

        class TokenBearer(HTTPBearer):
            pass

        def scoped(scopes: SecurityScopes, token: str = Depends(oauth)): ...

        def active(user=Security(scoped, scopes=["me"])): ...

        @app.post("/token")
        def login(form: Annotated[OAuth2PasswordRequestForm, Depends()]): ...

        @app.get("/scoped", dependencies=[Security(active, scopes=["items"])])
        def read(user=Security(active, scopes=["read"]), plain=Depends(scoped)): ...

        @app.get("/bearer")
        def with_bearer(token=Depends(bearer), again=Security(bearer)): ...

        @app.get("/key")
        def with_key(value: Annotated[str, Security(key)], query=Depends(api_key.APIKeyQuery(name="q"))): ...

        @app.get("/own")
        def own(a=Depends(OwnBearer()), b=Depends(TokenBearer())): ...

        protected = APIRouter(dependencies=[Depends(bearer)])

        @protected.get("/protected")
        def inside(): ...

        app.include_router(protected)
    """,
}

SHAPES["subclasses"] = {
    "main.py": """
        from base import Application, ApiRouter, UserRouter, SlashRouter
        from fastapi.responses import ORJSONResponse, PlainTextResponse

        app = Application()
        users = UserRouter(tags=["users"], prefix="/users")
        plain = ApiRouter(default_response_class=PlainTextResponse)
        slashed = SlashRouter(prefix="/slash")

        class Registry:
            router = ApiRouter(prefix="/registry")

            def __init__(self):
                self.inner = ApiRouter(prefix="/inner")
                self.inner.add_api_route("/x", self.answer)

            def answer(self, q: str = ""): ...

        registry = Registry()

        @users.get("/me")
        def me(): ...

        @plain.get("/plain")
        def text(): ...

        @Registry.router.get("/of-class")
        def of_class(): ...

        @slashed.get("/one", include_in_schema=False)
        def one(): ...

        app.include_router(users)
        app.include_router(plain, prefix="/p")
        app.include_router(Registry.router)
        app.include_router(registry.inner)
        app.include_router(slashed)
    """,
    "base.py": """
        from typing import Any
        from fastapi import APIRouter, Depends, FastAPI

        def audit(): ...
        def user(): ...

        class Application(FastAPI):
            def __init__(self, **extra: Any) -> None:
                super().__init__(title="Sub", dependencies=[Depends(audit)], **extra)

        ApiRouter = APIRouter

        class UserRouter(APIRouter):
            def __init__(self, tags: list[str] | None = None, prefix: str = "", **kwargs: Any):
                super().__init__(tags=tags, prefix=prefix, dependencies=[Depends(user)], **kwargs)

        class SlashRouter(APIRouter):
            def api_route(self, path: str, *, include_in_schema: bool = True, **kwargs: Any):
                if path.endswith("/") and len(path) > 1:
                    path = path[:-1]
                add = super().api_route(path, include_in_schema=include_in_schema, **kwargs)
                add_other = super().api_route(path + "/", include_in_schema=False, **kwargs)

                def decorator(func):
                    result = add(func)
                    add_other(func)
                    return result

                return decorator
    """,
}

SHAPES["decorators"] = {
    "main.py": """
        from fastapi import APIRouter, Depends, FastAPI
        from wrap import cached, checked, listed, logged, swallowed

        app = FastAPI()
        router = APIRouter()

        @app.get("/wrapped")
        @logged
        async def wrapped(n: int, user=Depends(checked)): ...

        @router.get("/cached")
        @cached(expire=60)
        @logged
        def remembered(): ...

        @app.get("/swallowed")
        @swallowed
        def lost(user=Depends(checked)): ...

        @listed(router, "/listed", dependencies=[Depends(checked)])
        def in_list(): ...

        @router.get("/twice")
        @router.post("/once")
        def twice(): ...

        app.include_router(router)
    """,
    "wrap.py": """
        import functools
        from functools import wraps

        def checked(): ...

        def logged(func):
            @functools.wraps(func)
            async def inner(*args, **kwargs):
                return await func(*args, **kwargs)
            return inner

        def cached(expire: int):
            def decorator(func):
                @wraps(func)
                def call(*args, **kwargs):
                    return func(*args, **kwargs)
                return call
            return decorator

        def swallowed(func):
            def replacement(a: int = 1):
                return func()
            return replacement

        def listed(router, path, **options):
            def decorator(func):
                router.add_api_route(path, func, methods=["GET"], response_model=list[str], **options)
                return func
            return decorator
    """,
}

SHAPES["class-based views"] = {
    "main.py": """
        from fastapi import APIRouter, Depends, FastAPI
        from views import controller

        app = FastAPI()
        router = APIRouter(prefix="/notes", tags=["notes"])

        def session(): ...
        def user(db=Depends(session)): ...

        class Base:
            db: int = Depends(session)

        @controller(router)
        class Notes(Base):
            who: int = Depends(user)

            @property
            def repository(self):
                return self.db

            @router.get("")
            def list_notes(self, q: str = ""): ...

            @router.get("/{note_id}", response_model=dict[str, int])
            async def read_note(self, note_id: int, db=Depends(session)): ...

        app.include_router(router)
    """,
    "views.py": """
        import inspect
        from typing import get_type_hints
        from fastapi import Depends

        def controller(router):
            def decorator(cls):
                return _view(router, cls)
            return decorator

        def _view(router, cls):
            names = []
            parameters = []
            for name, hint in get_type_hints(cls).items():
                names.append(name)
                parameters.append(inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=hint, default=getattr(cls, name)))

            def init(self, **given):
                for name in names:
                    setattr(self, name, given[name])

            cls.__init__ = init
            cls.__signature__ = inspect.Signature(parameters)
            methods = {m for _, m in inspect.getmembers(cls, inspect.isfunction)}
            routes = [r for r in router.routes if r.endpoint in methods]
            for route in routes:
                router.routes.remove(route)
                signature = inspect.signature(route.endpoint)
                first, *rest = signature.parameters.values()
                first = first.replace(default=Depends(cls))
                rest = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in rest]
                route.endpoint.__signature__ = signature.replace(parameters=[first, *rest])
            for route in routes:
                path = route.path[len(router.prefix):]
                router.add_api_route(path, route.endpoint, methods=list(route.methods), response_model=route.response_model)
            return cls
    """,
}

SHAPES["mounts and others"] = {
    "main.py": """
        from fastapi import APIRouter, FastAPI, WebSocket, Depends
        from fastapi.staticfiles import StaticFiles
        from starlette.applications import Starlette
        from starlette.middleware.gzip import GZipMiddleware
        from starlette.requests import Request
        from starlette.routing import Mount, Route

        def who(): ...

        app = FastAPI()
        inner = FastAPI(dependencies=[Depends(who)])
        deepest = FastAPI(openapi_url=None)

        @deepest.get("/deep")
        def deep(): ...

        @inner.get("/x")
        def x(): ...

        inner.add_middleware(GZipMiddleware)
        inner.mount("/deeper", deepest)

        @app.websocket("/ws/{room}")
        async def ws(socket: WebSocket, room: str, user=Depends(who)): ...

        async def plain(request: Request): ...

        app.add_route("/plain", plain, methods=["GET", "POST"])

        def page(request): ...

        app.add_route("/page", page)
        app.mount("/inner/", inner)
        app.mount("/static", StaticFiles(directory="."), name="static")
        app.mount("/starlette", Starlette(routes=[Route("/s", page, methods=["GET"]), Mount("/t", routes=[])]))

        router = APIRouter(prefix="/sockets")

        @router.websocket("")
        async def other(socket: WebSocket): ...

        app.include_router(router, dependencies=[Depends(who)])
    """,
}

SHAPES["layers"] = {
    "main.py": """
        from fastapi import FastAPI, HTTPException, Request
        from fastapi.exceptions import RequestValidationError
        from fastapi.middleware.cors import CORSMiddleware
        from starlette.middleware import Middleware
        from starlette.middleware.base import BaseHTTPMiddleware
        from starlette.middleware.gzip import GZipMiddleware

        class Timing(BaseHTTPMiddleware):
            async def dispatch(self, request, call_next):
                return await call_next(request)

        class Pure:
            def __init__(self, app, name: str = ""):
                self.app = app

            async def __call__(self, scope, receive, send):
                await self.app(scope, receive, send)

        class NotFound(Exception): ...

        async def handle(request: Request, error: Exception): ...

        async def dispatch(request, call_next): ...

        app = FastAPI(
            middleware=[Middleware(GZipMiddleware, minimum_size=10), Middleware(Pure, name="first")],
            exception_handlers={NotFound: handle, 404: handle},
        )
        app.add_middleware(CORSMiddleware, allow_origins=["*"])
        app.add_middleware(Timing)
        app.add_middleware(BaseHTTPMiddleware, dispatch=dispatch)

        @app.middleware("http")
        async def outermost(request, call_next): ...

        @app.exception_handler(RequestValidationError)
        async def invalid(request, error): ...

        app.add_exception_handler(HTTPException, handle)

        @app.on_event("startup")
        async def start(): ...

        @app.on_event("shutdown")
        async def stop(): ...

        @app.get("/")
        def root(): ...
    """,
}

SHAPES["settings and constants"] = {
    "main.py": """
        from enum import Enum
        from fastapi import APIRouter, FastAPI
        from config import PREFIX, Tags, get_settings, settings
        from http import HTTPStatus
        from starlette import status as codes

        app = FastAPI(openapi_url=f"{settings.API}/openapi.json", docs_url=f"{settings.API}/docs", redoc_url=None)
        router = APIRouter(prefix=PREFIX, tags=[Tags.things])

        @router.get("/{}".format("formatted"), status_code=HTTPStatus.ACCEPTED)
        def formatted(): ...

        @router.post("/" + get_settings().name.lower(), status_code=codes.HTTP_409_CONFLICT)
        def lowered(): ...

        app.include_router(router, prefix=settings.API)
    """,
    "config.py": """
        from enum import Enum
        from functools import lru_cache
        from pydantic import BaseModel, Field

        VERSION = 3
        PREFIX = f"/v{VERSION}"

        class Tags(str, Enum):
            things = "Things"

        class Base(BaseModel):
            API: str = "/api"

        class Settings(Base):
            name: str = Field("NAME", description="n")

        settings = Settings()

        @lru_cache
        def get_settings() -> Settings:
            return Settings()
    """,
}

SHAPES["generic models"] = {
    "main.py": """
        from typing import Any, Generic, List, Literal, TypeVar
        from fastapi import APIRouter, FastAPI
        from pydantic import BaseModel

        T = TypeVar("T")

        class Page(BaseModel, Generic[T]):
            items: list[T]

        class Out(BaseModel):
            n: int

        app = FastAPI()

        @app.get("/page", response_model=Page[Out])
        def page(): ...

        @app.get("/typed")
        def typed() -> Page[Out]: ...

        @app.get("/list", response_model=List[Out], response_model_exclude={"n"}, response_model_by_alias=False)
        def listed(): ...

        @app.get("/any")
        def anything() -> Any: ...

        @app.get("/optional", response_model=Out | None)
        def optional(): ...

        @app.get("/nested")
        def nested() -> dict[str, list[Page[Out]]]: ...
    """,
}

SHAPES["conditions"] = {
    "main.py": """
        from typing import TYPE_CHECKING, Annotated
        try:
            import missing_library
        except ImportError:
            missing_library = None
        if TYPE_CHECKING:
            from other import Thing
        from fastapi import Depends, FastAPI
        from other import router

        app = FastAPI()
        if router is not None:
            app.include_router(router, prefix="/other")
        if __name__ == "__main__":
            app.include_router(router, prefix="/script")

        def dep(thing: "Thing | None" = None): ...

        @app.get("/x")
        def x(d: Annotated[int, Depends(dep)]): ...
    """,
    "other.py": """
        from fastapi import APIRouter

        class Thing: ...

        router = None
        router = APIRouter()

        @router.get("")
        def root(): ...
    """,
}
