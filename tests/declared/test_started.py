"""Routes that an application gets only when it is started, and several applications of one project."""

from __future__ import annotations

from pathlib import Path

import pytest

from strop.project.project import Imported
from strop.project.reach import reaches
from strop.project.read import read_project
from tests.declared.readers import declared, write

SETUP = """
    from fastapi import APIRouter

    router = APIRouter()

    @router.get("/things")
    def things(): ...

    def register(app):
        app.include_router(router)
"""
MAIN = """
    import sys
    import uvicorn
    from fastapi import FastAPI
    from setup import register

    app = FastAPI(openapi_url=None)
"""


def paths(found: Imported) -> list[str]:
    return [route.path for route in found.routes]


@pytest.mark.parametrize(
    "rest",
    [
        """
    if __name__ == "__main__":
        register(app)
        uvicorn.run(app)
    """,
        """
    def run(port: int = 8000):
        register(app)
        uvicorn.run(app, port=port)
    """,
        """
    def configure():
        register(app)

    def run():
        configure()
        uvicorn.run(app)

    if __name__ == "__main__":
        run()
    """,
        """
    def run(serve: bool = True):
        register(app)
        if serve:
            uvicorn.run(app)

    if __name__ == "__main__":
        run()
    else:
        if "gunicorn" in sys.modules:
            run(False)
    """,
    ],
    ids=["main part", "command", "command that calls another", "when imported by a server"],
)
def test_what_starts_it_gives_it_its_routes_once(rest: str, tmp_path: Path) -> None:
    write(tmp_path, {"setup.py": SETUP, "main.py": MAIN + rest})
    assert paths(declared(tmp_path)) == ["/things"]


def test_another_module_may_start_it(tmp_path: Path) -> None:
    start = "from main import app\nfrom setup import register\n\ndef main():\n    register(app)\n"
    write(tmp_path, {"setup.py": SETUP, "main.py": MAIN, "start.py": start})
    assert paths(declared(tmp_path)) == ["/things"]


def test_what_has_routes_is_not_started_again(tmp_path: Path) -> None:
    rest = "\n    register(app)\n\n    def run():\n        register(app)\n        app.get('/more')(run)\n"
    write(tmp_path, {"setup.py": SETUP, "main.py": MAIN + rest})
    assert paths(declared(tmp_path)) == ["/things"]


def test_what_the_main_part_leads_to_gives_more_routes_and_none_twice(tmp_path: Path) -> None:
    rest = """
    @app.get("/health")
    def health(): ...

    def prepare():
        from more import router
        app.include_router(router)
        register(app)

    def run():
        prepare()
        uvicorn.run(app)

    if __name__ == "__main__":
        run()
    """
    more = "from fastapi import APIRouter\n\nrouter = APIRouter()\n\n@router.get('/more')\ndef more(): ...\n"
    write(tmp_path, {"setup.py": SETUP, "more.py": more, "main.py": MAIN + rest})
    assert paths(declared(tmp_path)) == ["/health", "/more", "/things"]
    write(tmp_path, {"main.py": f"{MAIN}\n    register(app)\n{rest}"})
    assert paths(declared(tmp_path)) == ["/things", "/health", "/more"]


def test_an_application_that_a_function_of_another_module_makes_is_started_too(tmp_path: Path) -> None:
    made = (
        "from fastapi import FastAPI\n\ndef create():\n    app = FastAPI(openapi_url=None)\n    return app\n"
    )
    main = """
    from made import create
    from setup import register

    app = create()

    def run():
        register(app)
    """
    write(tmp_path, {"setup.py": SETUP, "made.py": made, "main.py": main})
    assert paths(declared(tmp_path)) == ["/things"]


def test_an_application_that_is_made_for_a_start_alone_is_none(tmp_path: Path) -> None:
    rest = """
    if __name__ == "__main__":
        other = FastAPI()
        register(other)
        register(app)
    """
    write(tmp_path, {"setup.py": SETUP, "main.py": MAIN + rest})
    found = declared(tmp_path)
    assert paths(found) == ["/things"]


def test_an_application_that_is_made_in_one_of_two_ways_is_one(tmp_path: Path) -> None:
    main = """
    import os
    from fastapi import FastAPI
    from setup import register

    if os.environ.get("DEBUG"):
        app = FastAPI(debug=True, openapi_url=None)
    else:
        app = FastAPI(openapi_url=None, docs_url=None)

    register(app)
    """
    write(tmp_path, {"setup.py": SETUP, "main.py": main})
    found = declared(tmp_path)
    assert paths(found) == ["/things"]
    assert found.options == (("openapi_url", "None"),)


TWO = {
    "aside/main.py": """
    import time
    from fastapi import FastAPI

    async def warm(app):
        time.sleep(1)
        yield

    app = FastAPI(title="Aside", openapi_url=None, lifespan=warm)

    @app.middleware("http")
    async def slow(request, call_next):
        time.sleep(1)
        return await call_next(request)

    @app.get("/aside")
    async def aside(): ...
    """,
    "main/setup.py": """
    from fastapi import FastAPI

    def build():
        application = FastAPI(title="Main", openapi_url=None)

        @application.get("/one")
        async def one(): ...

        @application.get("/two")
        async def two(): ...

        return application
    """,
}


def test_the_application_with_most_operations_is_the_main_one(tmp_path: Path) -> None:
    write(tmp_path, TWO)
    found = declared(tmp_path)
    assert found.title == "Main"
    assert paths(found) == ["/one", "/two", "/aside"]


def test_middleware_runs_for_the_routes_of_its_application_and_each_lifespan_at_a_start(
    tmp_path: Path,
) -> None:
    write(tmp_path, TWO)
    project = read_project(tmp_path)
    ways = {
        way.route or way.context
        for id_, found in reaches(project.imported, project.source).items()
        if id_.endswith((":slow", ":warm"))
        for way in found
    }
    assert ways == {"GET /aside", "startup"}
