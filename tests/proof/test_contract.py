"""Gate 1: what the application itself says of its contract; how a handler runs is not part of it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from strop.project.project import Imported
from strop.project.route import Dependency, ExceptionHandler, Middleware, Route
from strop.proof.contract import compare_contracts
from strop.span import Span

HERE, THERE = Span("app/main.py", 5, "show"), Span("app/main.py", 9, "show")
SHOW = Route("GET", "/x", "app.main:show", HERE, True, dependencies=(Dependency("app.deps:me", HERE, False),))
ADD = Route("POST", "/x", "app.main:add", HERE, False)
BASE = Imported(
    "app.main:app",
    (SHOW, ADD),
    (Middleware("app:Timed", HERE), Middleware("starlette:Gzip", None)),
    (ExceptionHandler("KeyError", "app.main:absent"),),
    openapi='{"a": 1}',
    mounted=(("/v2", "{}"),),
)


def changed(route: Route) -> Imported:
    return replace(BASE, routes=(route, ADD))


@pytest.mark.parametrize(
    "after",
    [
        BASE,
        changed(replace(SHOW, span=THERE)),
        changed(replace(SHOW, is_async=False)),
        changed(replace(SHOW, dependencies=(Dependency("app.deps:me", THERE, True),))),
        changed(replace(SHOW, dependencies=(Dependency("app.people:caller", THERE, False),))),
        changed(replace(SHOW, name="app.shown:show_it")),
        replace(BASE, handlers=(ExceptionHandler("KeyError", "app.errors:absent"),)),
        replace(BASE, middleware=(Middleware("app.layers:Timed", THERE), BASE.middleware[1])),
    ],
)
def test_what_clients_can_not_see(after: Imported) -> None:
    assert compare_contracts(BASE, after) == ()


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (replace(BASE, openapi='{"a":1}'), "OpenAPI of the application differs"),
        (
            replace(BASE, openapi='{"a": 2, "b": {}, "c": 0}'),
            "OpenAPI of the application differs at $.a: 1 before, 2 after, and at 2 more",
        ),
        (
            replace(BASE, mounted=(("/v2", '{"a": 1}'),)),
            "OpenAPI of /v2 differs at $.a: nothing before, 1 after",
        ),
        (replace(BASE, mounted=()), "OpenAPI of /v2 differs"),
        (replace(BASE, routes=(ADD, SHOW)), "routes differ in number or order"),
        (replace(BASE, routes=(SHOW,)), "routes differ in number or order"),
        (changed(replace(SHOW, status=204)), "GET /x: status differs"),
        (changed(replace(SHOW, dependencies=())), "GET /x: dependencies differs"),
        (replace(BASE, middleware=BASE.middleware[:1]), "the middleware stack differs"),
        (
            replace(BASE, middleware=(BASE.middleware[0], Middleware("starlette:Cors", None))),
            "the middleware stack differs",
        ),
        (replace(BASE, handlers=()), "the exception handlers differ"),
        (
            replace(BASE, handlers=(ExceptionHandler("ValueError", "app.main:absent"),)),
            "the exception handlers differ",
        ),
        (
            replace(BASE, handlers=(ExceptionHandler("KeyError", "fastapi.handlers:any"),)),
            "the exception handlers differ",
        ),
    ],
)
def test_what_they_can_see(after: Imported, expected: str) -> None:
    assert compare_contracts(BASE, after) == (expected,)


def test_what_another_function_takes_the_place_of_is_told() -> None:
    guarded = replace(ADD, dependencies=SHOW.dependencies)
    both = replace(BASE, routes=(SHOW, guarded))
    other = (Dependency("app.deps:anybody", HERE, False),)
    one = replace(both, routes=(SHOW, replace(guarded, dependencies=other)))
    assert compare_contracts(both, one) == ("POST /x: dependencies differs",)  # the old one is still there
    split = replace(
        both, routes=(replace(SHOW, dependencies=(Dependency("app.deps:you", HERE, False),)), *one.routes[1:])
    )
    assert compare_contracts(both, split) == (
        "GET /x: dependencies differs",
        "POST /x: dependencies differs",
    )  # one name became two
    joined = replace(split, routes=tuple(replace(r, dependencies=SHOW.dependencies) for r in split.routes))
    assert len(compare_contracts(split, joined)) == 2  # two became one
