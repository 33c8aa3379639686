"""Where a route's work runs: on the loop, in a thread, once, in the background, in serialization."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from strop.project.effects import effects
from strop.project.reach import reaches
from strop.project.route import Middleware
from strop.span import Span
from tests.project.example import application, chain, contexts, function, read, route

SHOP = {
    "shop/main.py": """
    from shop.services import load_zones, quote
    from shop.settings import get_settings

    async def on_loop(x):
        return quote(x)

    def in_thread(x):
        return quote(x)
    """,
    "shop/services.py": """
    import json
    from pathlib import Path
    from functools import lru_cache

    def quote(x):
        return find_zone(x) or countries()

    def find_zone(x):
        return load_zones()

    def load_zones():
        return json.loads(Path("zones.json").read_text())

    @lru_cache
    def countries():
        return read_countries()

    def read_countries():
        return Path("countries.json").read_text()
    """,
    "shop/settings.py": "def get_settings(): ...\n",
}


def test_the_handler_decides_between_loop_and_thread(tmp_path: Path) -> None:
    source = read(tmp_path, SHOP)
    assert contexts(source, application(route(source, "on_loop")), "load_zones") == {"loop"}
    assert contexts(source, application(route(source, "in_thread")), "load_zones") == {"thread"}


def test_chains_begin_at_the_route_and_name_each_call(tmp_path: Path) -> None:
    source = read(tmp_path, SHOP)
    imported = application(route(source, "on_loop", path="/quote"))
    assert chain(source, imported, "load_zones") == ["GET /quote", "quote(x)", "find_zone(x)", "load_zones()"]
    way = reaches(imported, source)[function(source, "load_zones").id][0]
    assert [str(step.span) for step in way.chain] == [
        "shop/main.py:4", "shop/main.py:5", "shop/services.py:6", "shop/services.py:9",
    ]  # fmt: skip


def test_memoised_work_happens_once(tmp_path: Path) -> None:
    source = read(tmp_path, SHOP)
    imported = application(route(source, "on_loop"))
    assert contexts(source, imported, "countries") == {"once"}
    assert contexts(source, imported, "read_countries") == {"once"}


def test_every_route_is_named_with_its_shortest_chain(tmp_path: Path) -> None:
    source = read(
        tmp_path,
        {
            "app.py": """
            async def one():
                helper()
                work()

            async def two():
                helper()

            def helper():
                work()

            def work(): ...
            """
        },
    )
    imported = application(route(source, "one", path="/1"), route(source, "two", path="/2"))
    ways = reaches(imported, source)[function(source, "work").id]
    assert [(w.route, len(w.chain)) for w in ways] == [("GET /1", 2), ("GET /2", 3)]


def test_cycles_of_calls_end(tmp_path: Path) -> None:
    source = read(
        tmp_path, {"app.py": "async def handler():\n    a()\n\ndef a():\n    b()\n\ndef b():\n    a()\n"}
    )
    assert contexts(source, application(route(source, "handler")), "b") == {"loop"}


def test_dependencies_run_by_their_own_kind(tmp_path: Path) -> None:
    source = read(
        tmp_path,
        {
            "app.py": """
            async def handler(): ...

            def in_thread():
                a()

            async def on_loop():
                b()

            class Filters:
                def __init__(self, q: str = ""):
                    c()

            def a(): ...
            def b(): ...
            def c(): ...
            """
        },
    )
    imported = application(route(source, "handler", dependencies=("in_thread", "on_loop", "Filters")))
    assert contexts(source, imported, "a") == {"thread"}
    assert contexts(source, imported, "b") == {"loop"}
    assert contexts(source, imported, "c") == {"thread"}
    assert chain(source, imported, "b") == ["GET /x", "depends on on_loop", "b()"]


def test_threads_background_and_streams(tmp_path: Path) -> None:
    source = read(
        tmp_path,
        {
            "app.py": """
            from fastapi import BackgroundTasks
            from fastapi.concurrency import run_in_threadpool

            async def handler(tasks: BackgroundTasks):
                await run_in_threadpool(threaded)
                tasks.add_task(mail)
                tasks.add_task(amail)

            def threaded():
                below()

            def below(): ...
            def mail(): ...

            async def amail():
                after()

            def after(): ...
            """
        },
    )
    imported = application(route(source, "handler"))
    assert contexts(source, imported, "below") == {"thread"}
    assert contexts(source, imported, "mail") == {"thread"}
    assert contexts(source, imported, "amail") == {"background"}
    assert contexts(source, imported, "after") == {"background"}


def test_a_handler_whose_decorator_uses_a_thread_is_not_on_the_loop(tmp_path: Path) -> None:
    source = read(
        tmp_path,
        {
            "app.py": """
            import functools
            from anyio import to_thread

            def threaded(func):
                @functools.wraps(func)
                async def wrapper(*args):
                    return await to_thread.run_sync(func, *args)
                return wrapper

            @threaded
            def handler():
                work()

            def work(): ...
            """
        },
    )
    imported = application(replace(route(source, "handler"), is_async=True))
    assert contexts(source, imported, "work") == {"thread"}


def test_middleware_runs_for_every_http_route(tmp_path: Path) -> None:
    source = read(
        tmp_path,
        {
            "app.py": """
            from starlette.middleware.base import BaseHTTPMiddleware

            class Version(BaseHTTPMiddleware):
                async def dispatch(self, request, call_next):
                    header()

            async def handler(): ...
            async def socket(): ...
            def header(): ...
            """
        },
    )
    imported = application(
        route(source, "handler", path="/a"),
        route(source, "socket", path="/b", kind="websocket"),
        middleware=(Middleware("app:Version", Span("app.py", 3)),),
    )
    assert chain(source, imported, "header") == ["GET /a", "middleware Version", "header()"]


def test_startup_and_import_have_no_route(tmp_path: Path) -> None:
    source = read(
        tmp_path,
        {
            "app.py": """
            from contextlib import asynccontextmanager
            from fastapi import FastAPI

            @asynccontextmanager
            async def lifespan(app):
                warm()
                yield

            app = FastAPI(lifespan=lifespan)

            @app.on_event("startup")
            def begin():
                late()

            def warm(): ...
            def late(): ...
            def make(): ...
            async def handler(): ...

            client = make()
            """
        },
    )
    imported = application(route(source, "handler"), lifespan="app:lifespan")
    assert contexts(source, imported, "warm") == {"startup"}
    assert contexts(source, imported, "late") == {"startup"}
    assert contexts(source, imported, "make") == {"import"}
    assert chain(source, imported, "make") == ["import app", "make()"]


MODELS = {
    "schemas.py": """
    from pydantic import BaseModel, computed_field, field_validator

    class Line(BaseModel):
        price: int

        @field_validator("price")
        def check(cls, value):
            return value

    class OrderOut(BaseModel):
        lines: list[Line]
        total: int
        name: str

        @computed_field
        @property
        def label(self) -> str:
            return "x"
    """,
    "app.py": """
    from schemas import Line, OrderOut

    class Order:
        lines: list["Row"]

        @property
        def total(self):
            return sum(line.price for line in self.lines)

        @property
        def weight(self):
            return 1

    class Row:
        @property
        def price(self):
            return 2

    async def with_row() -> Order: ...
    async def with_model() -> OrderOut: ...
    async def takes(line: Line): ...
    """,
}


def test_the_response_model_reads_properties_of_what_the_handler_returns(tmp_path: Path) -> None:
    source = read(tmp_path, MODELS)
    imported = application(route(source, "with_row", response_model="list[schemas:OrderOut]"))
    assert contexts(source, imported, "Order.total") == {"serialization"}
    assert contexts(source, imported, "Row.price") == {"serialization"}
    assert contexts(source, imported, "Order.weight") == set()
    assert contexts(source, imported, "OrderOut.label") == {"serialization"}
    assert contexts(source, imported, "Line.check") == {"serialization"}


def test_an_instance_of_the_response_model_is_not_validated_again(tmp_path: Path) -> None:
    source = read(tmp_path, MODELS)
    imported = application(route(source, "with_model", response_model="schemas:OrderOut"))
    assert contexts(source, imported, "Line.check") == set()
    assert contexts(source, imported, "OrderOut.label") == {"serialization"}


def test_bodies_are_validated_on_the_loop(tmp_path: Path) -> None:
    source = read(tmp_path, MODELS)
    imported = application(route(source, "takes"))
    assert contexts(source, imported, "Line.check") == {"loop"}
    assert chain(source, imported, "Line.check") == ["GET /x", "validates Line"]


def test_what_nothing_reaches_has_no_way(tmp_path: Path) -> None:
    source = read(tmp_path, {**SHOP, "shop/unused.py": "def unused():\n    also()\n\ndef also(): ...\n"})
    assert contexts(source, application(route(source, "on_loop")), "also") == set()


def test_effects_come_with_the_shortest_chain(tmp_path: Path) -> None:
    source = read(tmp_path, SHOP)
    found = effects(source.functions)[function(source, "on_loop").id]
    assert [(effect.kind, effect.name) for effect, _ in found] == [("blocks", "pathlib.Path.read_text")]
    assert [step.text for step in found[0][1]] == [
        "quote(x)", "find_zone(x)", "load_zones()", 'Path("zones.json").read_text()',
    ]  # fmt: skip


def test_effects_that_are_not_the_callers(tmp_path: Path) -> None:
    source = read(
        tmp_path,
        {
            "app.py": """
            import time
            from fastapi import BackgroundTasks
            from fastapi.concurrency import run_in_threadpool
            from sqlalchemy.orm import Session

            def sleep():
                time.sleep(1)

            def load(session: Session):
                session.execute("x")

            async def threaded(session):
                await run_in_threadpool(sleep)
                await run_in_threadpool(load, session)

            def later(tasks: BackgroundTasks):
                tasks.add_task(sleep)

            def direct():
                sleep()
            """
        },
    )
    found = effects(source.functions)
    kinds = {
        name: {effect.kind for effect, _ in found.get(function(source, name).id, ())}
        for name in ("threaded", "later", "direct")
    }
    assert kinds == {"threaded": {"queries"}, "later": set(), "direct": {"blocks"}}
