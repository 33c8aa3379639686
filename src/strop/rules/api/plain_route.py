"""A route is declared with Starlette's `@app.route`, past FastAPI.

**What.** `@app.route("/hook", methods=["POST"])`.

**Why it costs.** Such a route has no dependencies (so no login that the application or router asks for), no validation, no response
model and no place in the schema; `Depends()` in its signature does nothing.

**How it is found.** `.route` decorators and `add_route` calls on an object that is a FastAPI application or router, by its type. A note unless something is lost: a guard
that the application or router asks for, or a parameter beside the request.

**How to fix it.** `@app.api_route(..., include_in_schema=False)`.

**When it is no problem.** A route that must answer raw ASGI requests and protects itself.

**Sources.** FastAPI, "Using the Request Directly": https://fastapi.tiangolo.com/advanced/using-request-directly/ ;
https://github.com/fastapi/fastapi/issues/912
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.rules.example import Example
from strop.rules.protection import Protection
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.told import marks, tell, ways_to

RULE = Rule("API010", "plain-route", "api", "warning", "A route past FastAPI", static=True)
WORDS = ("route",)
_ROUTERS = frozenset({"fastapi.APIRouter", "fastapi.FastAPI"})


def notice(body: Body) -> Iterator[Mark]:
    """Functions below `@app.route`."""
    node = body.node
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return
    args = {a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)}
    for decorator in node.decorator_list:
        if (
            isinstance(decorator, ast.Call)
            and isinstance(decorator.func, ast.Attribute)
            and decorator.func.attr == "route"
        ):
            owner = body.instance(decorator.func.value)
            if owner and _ROUTERS & set(body.bases(owner)):
                asks = len(args - {"self", "cls"}) > 1
                yield body.mark(RULE.code, decorator, asks=asks, text=f"@{body.text(decorator)}"[:90])


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each route."""
    protection = Protection.of(project)
    guarded = {
        route.router
        for route in project.imported.routes
        for guard in protection.guards(route)
        if guard.level in ("app", "router", "include")
    }
    plain_ones = {
        own.id: route.router
        for route in project.imported.routes
        if route.plain and (own := protection.handler(route)) is not None
    }
    for mark in marks(project, RULE):
        loses = mark.fact("asks") or plain_ones.get(mark.function, "") in guarded
        yield tell(
            RULE,
            mark,
            ways_to(project, mark.function),
            message=f"{mark.fact('text')} is Starlette's: no dependencies, no validation, not in the schema",
            impact="a login that the router or application asks for is not asked for here",
            solution="@app.api_route(...), with include_in_schema=False if it is to stay out",
            confidence=0.85,
            severity=None if loses else "note",
        )


_HOOK = """
from fastapi import Request
from fastapi.responses import JSONResponse


@app.{decorator}("/hook", methods=["POST"])
async def hook(request: Request):
    return JSONResponse({{"got": len(await request.body())}})
"""

EXAMPLES = (
    Example("app.route, where nothing is lost: a note", plain(_HOOK.format(decorator="route")), bad=True),
    Example(
        "app.api_route",
        plain(_HOOK.format(decorator="api_route")),
        mends="app.route, where nothing is lost: a note",
    ),
    Example(
        "a dependency that is never called",
        plain("""
from fastapi import Request
from fastapi.responses import PlainTextResponse


def caller(name: str = "") -> str:
    return name


@app.route("/me")
async def me(request: Request, name: str = Depends(caller)):
    return PlainTextResponse(str(name))
"""),
        bad=True,
    ),
    Example(
        "a decorator of that name that is not FastAPI's",
        plain("""
class Commands:
    def route(self, name: str):
        return lambda function: function


commands = Commands()


@commands.route("/help")
def help_text():
    return "help"
"""),
    ),
)
