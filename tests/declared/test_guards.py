"""What stands before a route, asked of the model."""

from __future__ import annotations

from pathlib import Path

from strop.project.guards import below, is_certain, outer, schemes, scopes
from tests.declared.readers import declared, write
from tests.declared.shapes import SHAPES


def test_schemes_scopes_and_levels(tmp_path: Path) -> None:
    write(tmp_path, SHAPES["security"])
    routes = {each.path: each for each in declared(tmp_path).routes}
    assert schemes(routes["/scoped"]) == ("fastapi.security.oauth2.OAuth2PasswordBearer",)
    assert scopes(routes["/scoped"]) == {"items", "read", "me"}
    assert schemes(routes["/own"]) == ("fastapi.security.http.HTTPBearer",)
    assert [each.level for each in outer(routes["/protected"])] == ["router"]
    assert {each.name for each in below(routes["/scoped"], "main:active")} == {"main:scoped"}
    assert is_certain(routes["/scoped"])


def test_what_is_not_known_is_not_certain(tmp_path: Path) -> None:
    write(tmp_path, {"main.py": """
        from fastapi import Depends, FastAPI
        from somewhere import make

        app = FastAPI()

        @app.get("/", dependencies=[Depends(make("x"))])
        def root(): ...
    """})  # fmt: skip
    (route,) = [each for each in declared(tmp_path).routes if each.path == "/"]
    assert not is_certain(route)
    assert [each.name for each in route.dependencies] == ["somewhere:make"]
