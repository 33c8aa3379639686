"""What can't be told is said to be uncertain: it never looks like a route without protection."""

from __future__ import annotations

from pathlib import Path

import msgspec

from strop.project.declared.declare import declare
from strop.project.declared.terms import Declarations
from strop.project.source import Reading
from tests.declared.readers import declared, write


def test_a_dependency_of_unknown_making_still_appears(tmp_path: Path) -> None:
    write(tmp_path, {"main.py": """
        from fastapi import Depends, FastAPI
        from guards import current_user, registry

        app = FastAPI(dependencies=registry.dependencies())

        @app.get("/", dependencies=[Depends(current_user(active=True)), registry["admin"]])
        def root(user=Depends(registry.user)): ...
    """})  # fmt: skip
    (route,) = [each for each in declared(tmp_path).routes if each.path == "/"]
    names = [each.name for each in route.dependencies]
    assert any("current_user" in name for name in names)
    assert any("registry.user" in name.replace(":", ".") for name in names)
    assert all(
        each.uncertain for each in route.dependencies if "registry" in each.name and "user" not in each.name
    )
    assert "dependencies of the app" in route.uncertain
    assert "dependencies of the route" in route.uncertain


def test_a_router_that_is_included_by_unknown_means_is_told(tmp_path: Path) -> None:
    write(tmp_path, {
        "main.py": """
            import pkgutil, importlib
            import plugins
            from fastapi import FastAPI

            app = FastAPI()
            for found in pkgutil.iter_modules(plugins.__path__):
                app.include_router(importlib.import_module(f"plugins.{found.name}").router)
        """,
        "plugins/__init__.py": "",
        "plugins/one.py": """
            from fastapi import APIRouter
            router = APIRouter(prefix="/one")

            @router.get("/x")
            def x(): ...
        """,
    })  # fmt: skip
    (route,) = [each for each in declared(tmp_path).routes if each.path == "/one/x"]
    assert "main.py:8" in route.uncertain


def test_a_router_that_nothing_includes_is_no_route(tmp_path: Path) -> None:
    write(tmp_path, {"main.py": """
        from fastapi import APIRouter, FastAPI
        app = FastAPI()
        dead = APIRouter()

        @dead.get("/dead")
        def never(): ...
    """})  # fmt: skip
    assert "/dead" not in {each.path for each in declared(tmp_path).routes}


def test_a_library_of_routers_says_that_no_application_is_there(tmp_path: Path) -> None:
    write(tmp_path, {"routes.py": """
        from fastapi import APIRouter
        router = APIRouter(prefix="/lib")

        @router.get("/x")
        def x(): ...
    """})  # fmt: skip
    (route,) = declared(tmp_path).routes
    assert route.path == "/lib/x"
    assert "no application" in route.uncertain


def test_a_part_of_a_path_that_cannot_be_told_is_noted(tmp_path: Path) -> None:
    write(tmp_path, {"main.py": """
        from fastapi import APIRouter, FastAPI
        from somewhere import PREFIX
        app = FastAPI()
        router = APIRouter()

        @router.get("/x")
        def x(): ...

        app.include_router(router, prefix=f"/api/{PREFIX}")
    """})  # fmt: skip
    (route,) = [each for each in declared(tmp_path).routes if each.path.endswith("/x")]
    assert route.path == "/api/x"
    assert "PREFIX" in route.uncertain


def test_branches_of_settings_are_all_taken(tmp_path: Path) -> None:
    write(tmp_path, {"main.py": """
        from fastapi import FastAPI
        from pydantic_settings import BaseSettings

        class Settings(BaseSettings):
            debug: bool = False

        settings = Settings()
        app = FastAPI()
        if settings.debug:
            @app.get("/debug")
            def debug(): ...
        else:
            @app.get("/normal")
            def normal(): ...
    """})  # fmt: skip
    assert {"/debug", "/normal"} <= {each.path for each in declared(tmp_path).routes}


def test_a_loop_without_end_ends(tmp_path: Path) -> None:
    write(tmp_path, {"main.py": """
        from fastapi import FastAPI

        def build(app, depth):
            for each in range(10):
                build(app, depth + 1)
                build(app, depth + 1)

        app = FastAPI()
        build(app, 0)

        def again(router):
            router.include_router(router)
            return again(router)

        again(app.router)

        @app.get("/after")
        def after(): ...
    """})  # fmt: skip
    assert "/after" in {each.path for each in declared(tmp_path).routes}


def test_declarations_can_be_written_and_read_back(tmp_path: Path) -> None:
    from tests.declared.shapes import SHAPES

    for place, files in enumerate(SHAPES.values()):
        write(tmp_path / str(place), files)
    reading = Reading.of(tmp_path, (".",))
    every = [declare(reading.types, module) for module in reading.found.modules.values()]
    packed = msgspec.msgpack.encode(every)
    assert msgspec.msgpack.decode(packed, type=list[Declarations]) == every


def test_what_a_factory_registers_where_its_caller_wants_it_is_told(tmp_path: Path) -> None:
    write(tmp_path, {"main.py": """
        from fastapi import FastAPI

        app = FastAPI()

        def add(router, enabled, name, path, func):
            if enabled[name]:
                router.add_api_route(path, func)

        def crud(disabled):
            def rows(): ...
            enabled = {key: not disabled.get(key) for key in ("list", "count")}
            add(app, enabled, "list", "/rows", rows)
            app.add_api_route("/always", rows)

        crud({"list": True})
    """})  # fmt: skip
    doubts = {each.path: each.uncertain for each in declared(tmp_path).routes}
    assert doubts["/rows"] == "only where enabled[name] holds"
    assert doubts["/always"] == ""


def test_what_a_loop_leaves_out_is_no_route(tmp_path: Path) -> None:
    write(tmp_path, {"main.py": """
        from fastapi import FastAPI

        app = FastAPI()
        ELSEWHERE = {"/rank"}

        def add(router):
            for path in ["/chat", "/rank"]:
                if path in ELSEWHERE:
                    continue
                def serve(): ...
                router.add_api_route(path, serve)

        add(app)
    """})  # fmt: skip
    assert [each.path for each in declared(tmp_path).routes if each.span] == ["/chat"]
