"""An object is reached by its id, and nobody looks whose it is.

**What.** A handler gets an id from the request and the caller from a dependency, and never uses the caller; its
siblings give the caller along with the same id.

**Why it costs.** Any user who knows or guesses an id reads, stops or deletes what belongs to others.

**How it is found.** Handlers of one file that take the same id: at least two use the caller together with it (in one
call, or in a comparison), this one does not mention the caller at all.

**How to fix it.** Load the object with the owner in the query, as the siblings do, and answer 404 otherwise.

**When it is no problem.** The object belongs to everybody who may call the route. A handler that takes the caller from
the request (`request.user`) is left alone, and one whose guard takes the same id. A note where it reads, and only writing siblings use the caller: what is changed by
its owner may be read by all, as it seems on purpose.

**Sources.** https://owasp.org/API-Security/editions/2023/en/0xa1-broken-object-level-authorization/ ;
https://cwe.mitre.org/data/definitions/639.html
"""

from __future__ import annotations

from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.handling import Handling
from strop.project.project import Project
from strop.project.route import Route
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.protection import Protection
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.span import Span, Step

RULE = Rule("AUTH002", "principal-unused", "auth", "error", "An object by its id, whoever asks", static=True)
_FEWEST = 2  # siblings that use the caller with the id


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each handler."""
    protection = Protection.of(project)
    groups: dict[tuple[str, str], dict[str, tuple[Route, Handling, str, bool]]] = {}
    for route in project.imported.routes:
        handling = protection.handling(route)
        principals = set(protection.principals(route))
        if handling is None or not principals:
            continue
        for name in _ids(route, handling):
            scoped = _is_scoped(handling, name, principals)
            kind = "_".join(name.split("_")[-2:])  # chat_session_id and session_id are ids of the same
            groups.setdefault((handling.file, kind), {})[handling.function] = (route, handling, name, scoped)
    for _, handlers in sorted(groups.items()):
        scoped_ones = [h for _, h, _, s in handlers.values() if s]
        for _, (route, handling, name, scoped) in sorted(handlers.items()):
            if scoped or len(scoped_ones) < _FEWEST or 2 * len(scoped_ones) < len(handlers):
                continue
            principals = set(protection.principals(route))
            if (
                principals & handling.used
                or _asks_request(handling)
                or protection.is_for_operators(route.key)
                or not _is_used(handling, name)
                or _is_asked_by_guard(protection, route, name)
            ):
                continue
            if not protection.is_plain(handling.function) or any(
                protection.refuses(t) for t in _targets(project, handling)
            ):
                continue
            readers = any(r.method == "GET" for r, _, _, s in handlers.values() if s)
            open_to_read = route.method == "GET" and not readers
            principal = sorted(principals)[0]
            yield _finding(project, route, handling, name, principal, len(scoped_ones), open_to_read)


def _asks_request(handling: Handling) -> bool:
    """Whether the handler takes the caller from the request: `request.user`."""
    return "request" in handling.used and bool({"user", "auth"} & handling.attributes)


def _ids(route: Route, handling: Handling) -> Iterator[str]:
    """The ids that the handler itself takes."""
    for parameter in route.parameters:
        named = parameter.name == "id" or parameter.name.endswith(("_id", "_uuid", "_slug", "_key"))
        if named and parameter.place in ("path", "query") and parameter.owner in ("", route.name):
            yield parameter.name


def _is_scoped(handling: Handling, name: str, principals: set[str]) -> bool:
    """Whether the caller goes along with the id in one call, or is compared with what the id leads to."""
    for use in handling.uses:
        by_whom = frozenset(
            t for place, tokens in use.arguments if place != "." and not place.endswith("_by") for t in tokens
        )
        given = handling.bases(by_whom)
        if name in given and principals & given:
            return True
    return any(
        name in handling.bases(a | b) and principals & handling.bases(a | b) for a, b in handling.compares
    )


def _is_used(handling: Handling, name: str) -> bool:
    return any(name in handling.bases(use.given) for use in handling.uses)


def _is_asked_by_guard(protection: Protection, route: Route, name: str) -> bool:
    """Whether what finds the caller takes the id as well: then it is where the two are brought together."""
    for dependency in route.dependencies:
        if dependency.depth == 1 and dependency.parameter and protection.is_guard(dependency):
            found = protection.finder.function(dependency.name, dependency.span)
            if found is not None and name in found.parameters:
                return True
    return False


def _targets(project: Project, handling: Handling) -> list[str]:
    function = project.source.functions.get(handling.function)
    return [c.target for c in (function.calls if function is not None else ()) if c.target]


def _finding(
    project: Project, route: Route, handling: Handling, name: str, principal: str, siblings: int, little: bool
) -> Finding:
    function = project.source.functions[handling.function]
    span = Span(handling.file, function.span.line, handling.symbol)
    keys = [r.key for r in project.imported.routes if r.name == route.name]
    return draft(
        RULE,
        span,
        keys,
        message=f"{handling.symbol} uses {name} and never {principal}, which {siblings} siblings give along with it",
        impact=f"any user who may call it reaches every object by its {name}",
        solution=f"load the object with {principal} as well, and answer 404 when it is not theirs",
        known="static",
        confidence=0.8,
        chain=(Step(route.key, span),),
        facts={"parameter": name, "principal": principal},
        severity="note" if little else None,
    )


_CHATS = """
from fastapi import Header

CHATS = {}


def current_user(authorization: str = Header()) -> str:
    if not authorization:
        raise HTTPException(401)
    return authorization


def load(chat_id: int, user: str):
    return CHATS.get((user, chat_id))


def stop(chat_id: int) -> None:
    CHATS[chat_id] = "stopped"


@app.get("/chats/{chat_id}")
def chat(chat_id: int, user: str = Depends(current_user)):
    return load(chat_id, user)


@app.get("/chats/{chat_id}/messages")
def messages(chat_id: int, user: str = Depends(current_user)):
    return load(chat_id, user).messages


"""
EXAMPLES = (
    Example(
        "whoever it belongs to",
        plain(
            _CHATS
            + """
@app.post("/chats/{chat_id}/stop")
def stop_chat(chat_id: int, user: str = Depends(current_user)):
    stop(chat_id)
    return {"ok": True}
"""
        ),
        bad=True,
    ),
    Example(
        "its owner's alone",
        plain(
            _CHATS
            + """
@app.post("/chats/{chat_id}/stop")
def stop_chat(chat_id: int, user: str = Depends(current_user)):
    if load(chat_id, user) is None:
        raise HTTPException(404)
    stop(chat_id)
    return {"ok": True}
"""
        ),
        bad=False,
        mends="whoever it belongs to",
    ),
    Example(
        "objects that are everybody's",
        plain("""
from fastapi import Header

PAGES = {}


def current_user(authorization: str = Header()) -> str:
    if not authorization:
        raise HTTPException(401)
    return authorization


@app.get("/pages/{page_id}")
def page(page_id: int, user: str = Depends(current_user)):
    return PAGES.get(page_id)


@app.get("/pages/{page_id}/links")
def links(page_id: int, user: str = Depends(current_user)):
    return PAGES.get(page_id).links
"""),
        bad=False,
    ),
    Example(
        "the caller is taken from the request",
        plain(
            _CHATS
            + """
from fastapi import Request


@app.post("/chats/{chat_id}/stop")
def stop_chat(chat_id: int, request: Request, user: str = Depends(current_user)):
    if load(chat_id, request.user.name) is None:
        raise HTTPException(404)
    stop(chat_id)
    return {"ok": True}
"""
        ),
        bad=False,
    ),
    Example(
        "the guard takes the id as well",
        plain(
            _CHATS
            + """
def owner_of_chat(chat_id: int, authorization: str = Header()) -> str:
    if (authorization, chat_id) not in CHATS:
        raise HTTPException(401)
    return authorization


@app.post("/chats/{chat_id}/stop")
def stop_chat(chat_id: int, _: str = Depends(owner_of_chat)):
    stop(chat_id)
    return {"ok": True}
"""
        ),
        bad=False,
    ),
    Example(
        "all may read, and owners write: a note",
        plain(
            _CHATS.replace('@app.get("/chats/{chat_id}")', '@app.delete("/chats/{chat_id}")').replace(
                '@app.get("/chats/{chat_id}/messages")', '@app.put("/chats/{chat_id}/messages")'
            )
            + """
def shown(chat_id: int) -> dict[str, int]:
    return {"number": chat_id}


@app.get("/chats/{chat_id}")
def show(chat_id: int, user: str = Depends(current_user)):
    return shown(chat_id)
"""
        ),
        bad=True,
    ),
)
