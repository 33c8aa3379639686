"""A route that asks nobody who they are, among routes that all do.

**What.** Most operations of a router have a dependency that checks the caller; one has none, nor does its handler or
anything around the application check.

**Why it costs.** Authentication is a line in each handler here, and a forgotten line is not seen: anybody on the network
can call this operation.

**How it is found.** The effective dependencies of each route, from the application, its routers, inclusions, aliases,
base classes and decorators. Left alone are routes that are public by what they are (login, registration, health,
callbacks, webhooks, shared links), that ask for a token or a signature themselves, whose handler refuses
somewhere below, that do nothing with data, or that give out a folder's files (`{name:path}`)
as siblings do that are all open; and everything where a middleware may refuse. A note where the router asks at no
GET at all and at every write: what it has may be read by all, as it seems on purpose; so is a GET that takes nothing at all, which answers all alike, and one that names no single thing and looks only at what the process remembers
(the keys of a registry), and one that only reads where a reading sibling is content not to know who calls.

**How to fix it.** The dependency that the siblings have; or the router's `dependencies=[...]`, so that it can't be forgotten.

**When it is no problem.** The operation is meant to be public: say so by a router of its own.

**Sources.** https://owasp.org/API-Security/editions/2023/en/0xa5-broken-function-level-authorization/ ;
https://fastapi.tiangolo.com/tutorial/bigger-applications/
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from strop.evidence import Evidence
from strop.finding import Finding, Severity
from strop.project.project import Project
from strop.project.route import Route
from strop.rules.clients import is_reading
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.protection import Protection
from strop.rules.remembered import is_of_memory
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.span import Span, Step

RULE = Rule(
    "AUTH001",
    "odd-route-out",
    "auth",
    "error",
    "A route without the check that its siblings have",
    static=True,
)
_FEWEST = 3  # protected siblings that make a rule


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each handler without a check."""
    protection = Protection.of(project)
    if protection.around:
        return
    groups: dict[str, list[Route]] = {}
    for route in project.imported.routes:
        if route.kind == "http" and route.router:
            groups.setdefault(route.router, []).append(route)
    for _, group in sorted(groups.items()):
        protected = [r for r in group if protection.demands(r)]
        names = {r.name for r in protected}
        open_ones = {r.name: r for r in group if r.name not in names and protection.is_open(r)}
        wanted = {
            n: r
            for n, r in open_ones.items()
            if not protection.is_public(r)
            and _touches_data(protection, r)
            and not _is_folder(protection, group, r)
        }
        usual, times = _usual(protection, protected)
        if len(names) < _FEWEST or times < _FEWEST or len(names) < len(open_ones):
            continue
        apart = _are_apart(protected, open_ones.values())
        for name, route in sorted(wanted.items()):
            keys = [r.key for r in group if r.name == name]
            little = apart or _is_for_all(protection, route) or _is_read_openly(protection, group, route)
            yield _finding(protection, route, keys, usual, len(names), "note" if little else None)


def _is_for_all(protection: Protection, route: Route) -> bool:
    """Whether a route gets nothing that its answer could depend on (no parameter, no session, no service), or reads no data."""
    if route.method == "GET" and not route.dependencies and not route.parameters:
        return True
    function = protection.handler(route)
    return function is not None and is_of_memory(protection.project, route, function)


def _are_apart(protected: Iterable[Route], open_ones: Iterable[Route]) -> bool:
    """Whether reading is open and writing is not, without exception, in more than one place."""
    reads = [route for route in open_ones if route.method == "GET"]
    return (
        len(reads) > 1
        and all(route.method == "GET" for route in open_ones)
        and not any(route.method == "GET" for route in protected)
    )


def _is_read_openly(protection: Protection, group: Iterable[Route], route: Route) -> bool:
    """Whether a route only reads, as siblings do that are content not to know who calls."""
    others = (r for r in group if protection.guards(r) and not protection.demands(r))
    reads = is_reading(protection.project, route.key)
    return reads and any(is_reading(protection.project, other.key) for other in others)


def _is_folder(protection: Protection, group: Iterable[Route], route: Route) -> bool:
    """Whether a route gives out the files of one folder for all, and so do siblings, each of which is open."""
    others = [r for r in group if r.name != route.name and _gives_files(protection, r)]
    open_ones = bool(others) and not any(map(protection.demands, others))
    return open_ones and not route.dependencies and _gives_files(protection, route)


def _gives_files(protection: Protection, route: Route) -> bool:
    """Whether nothing but the path of a file chooses what is answered."""
    function = protection.handler(route) if route.method in ("GET", "HEAD") else None
    names = (c.name.rpartition(".")[2] for c in function.calls) if function is not None else ()
    return route.path.endswith(":path}") and route.path.count("{") == 1 and "FileResponse" in names


def _usual(protection: Protection, protected: list[Route]) -> tuple[str, int]:
    """The check that most siblings have, and how many handlers have it."""
    by_handler = {(r.name, d.name) for r in protected for d in protection.demands(r) if d.depth == 1}
    found = Counter(dependency for _, dependency in by_handler)
    return min(found.items(), key=lambda n: (-n[1], n[0])) if found else ("", 0)


def _touches_data(protection: Protection, route: Route) -> bool:
    """Whether the handler does more than answer something fixed."""
    function = protection.handler(route)
    return function is not None and (bool(route.dependencies) or any(c.target for c in function.calls))


def _finding(
    protection: Protection,
    route: Route,
    routes: list[str],
    usual: str,
    siblings: int,
    severity: Severity | None,
) -> Finding:
    function = protection.handler(route)
    assert function is not None
    short = usual.rpartition(":")[2]
    span = Span(function.span.file, function.span.line, function.span.symbol)
    return draft(
        RULE,
        span,
        routes,
        message=f"{function.span.symbol} has no check of who calls, {siblings} handlers of its router have ({short})",
        impact="anybody who reaches the service can call it",
        solution=f"add {short} as the siblings do, or move the route to a router for public ones",
        known="static",
        confidence=0.8,
        chain=(Step(routes[0], span),),
        facts={"dependency": usual},
        severity=severity,
    )


_USERS = """
from fastapi import APIRouter, Header

router = APIRouter(prefix="/notes")


def current_user(authorization: str = Header()):
    if authorization != "Bearer good":
        raise HTTPException(401)
    return "ada"


def load(number: int) -> dict[str, int]:
    return {"number": number}


@router.get("")
def notes(user: str = Depends(current_user)):
    return [load(1)]


@router.post("")
def add(user: str = Depends(current_user)):
    return load(1)


@router.get("/{number}")
def note(number: int, user: str = Depends(current_user)):
    return load(number)


"""
_FOLDERS = (
    _USERS.replace("{", "{{").replace("}", "}}")
    + """
from pathlib import Path

from fastapi.responses import FileResponse


def find(folder: str, name: str) -> Path:
    return Path(folder) / Path(name).name


@router.get("/parts/{{name:path}}")
def read_part(name: str{open}):
    return FileResponse(find("parts", name))


@router.get("/widget/{{name:path}}")
def read_widget(name: str):
    return FileResponse(find("widget", name))


app.include_router(router)
"""
)
EXAMPLES = (
    Example(
        "one of four without a user",
        plain(
            _USERS
            + """
@router.delete("/{number}")
def remove(number: int):
    return load(number)


app.include_router(router)
"""
        ),
        bad=True,
    ),
    Example(
        "four of four with a user",
        plain(
            _USERS
            + """
@router.delete("/{number}")
def remove(number: int, user: str = Depends(current_user)):
    return load(number)


app.include_router(router)
"""
        ),
        bad=False,
        mends="one of four without a user",
    ),
    Example(
        "the inclusion asks for the user",
        plain(
            _USERS
            + """
@router.delete("/{number}")
def remove(number: int):
    return load(number)


app.include_router(router, dependencies=[Depends(current_user)])
"""
        ),
        bad=False,
    ),
    Example(
        "public by what it is, and a token of its own",
        plain(
            _USERS
            + """
@router.get("/health")
def health():
    return load(1)


@router.get("/shared/{number}")
def by_link(number: int, token: str):
    return load(number)


app.include_router(router)
"""
        ),
        bad=False,
    ),
    Example(
        "a rate limit is no check",
        plain(
            _USERS
            + """
from fastapi_limiter.depends import RateLimiter


@router.delete("/{number}", dependencies=[Depends(RateLimiter(times=5, seconds=60))])
def remove(number: int):
    return load(number)


app.include_router(router)
"""
        ),
        bad=True,
    ),
    Example(
        "whoever likes may read, and nobody may write: a note",
        plain(
            _USERS.replace(
                ", user: str = Depends(current_user)):\n    return load(number)",
                "):\n    return load(number)",
            ).replace("def notes(user: str = Depends(current_user))", "def notes(limit: int = 10)")
            + """
@router.put("/{number}")
def change(number: int, user: str = Depends(current_user)):
    return load(number)


@router.delete("/{number}")
def remove(number: int, user: str = Depends(current_user)):
    return load(number)


app.include_router(router)
"""
        ),
        bad=True,
    ),
    Example(
        "what is asked for can't be followed",
        plain(
            _USERS
            + """
def routes(plugin):
    @router.delete("/{number}", dependencies=[Depends(plugin.may_write)])
    def remove(number: int):
        return load(number)

    return router


from plugins import installed

app.include_router(routes(installed[0]))
"""
        ),
        bad=False,
    ),
    Example(
        "made by a library that nobody knows",
        plain(
            _USERS
            + """
from gatehouse import Gate, passes


@router.delete("/{number}", dependencies=[Depends(Gate(level=3))])
def remove(number: int):
    return load(number)


@router.put("/{number}", dependencies=[Depends(passes)])
def change(number: int):
    return load(number)


app.include_router(router)
"""
        ),
        bad=False,
    ),
    Example(
        "siblings are content not to know who calls",
        plain(
            _USERS.replace(
                """def current_user(authorization: str = Header()):
    if authorization != "Bearer good":
        raise HTTPException(401)
    return "ada"
""",
                """def current_user(authorization: str = Header("")) -> str | None:
    return "ada" if authorization == "Bearer good" else None
""",
            )
            + """
@router.delete("/{number}")
def remove(number: int):
    return load(number)


app.include_router(router)
"""
        ),
        bad=False,
    ),
    Example(
        "the files of a folder, beside others that all may have",
        plain(_FOLDERS.format(open="")),
        bad=False,
    ),
    Example(
        "the files of a folder, where another folder's are for users",
        plain(_FOLDERS.format(open=", user: str = Depends(current_user)")),
        bad=True,
    ),
    Example(
        "the names in a registry: a note",
        plain(
            _USERS
            + """
KINDS = {"short": ["plain", "rich"], "long": ["plain"]}


def counted(found: list[str]) -> dict[str, object]:
    return {"count": len(found), "found": found}


@router.get("/kinds")
def kinds(applicable_to: str = ""):
    found = KINDS.get(applicable_to, []) if applicable_to else list(KINDS.keys())
    return counted(found)


app.include_router(router)
"""
        ),
        bad=True,
    ),
)
